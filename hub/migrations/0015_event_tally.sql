-- Statistics of events from one index, without their rows and without their timelines.

ALTER TABLE event ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN event.ended_at IS 'When its handling came to the end that still holds: the first closing line of the timeline after the last one that took it up again. NULL = it has not. Follows event_transition by itself.';

-- In the transaction of the lines themselves, whoever writes them; a line is never changed nor taken away (append_only). Most lines
-- (open, update, clear) end nothing and cost one look. `|| ''` keeps the planner from the index on `what`, which it prefers to the
-- few lines of the event while a table has no statistics yet.
CREATE FUNCTION event_follow_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE event e SET ended_at = n.ended_at
  FROM (
    SELECT a.event_id, (array_agg(a.ts ORDER BY a.revision) FILTER (WHERE a.ends AND a.revision > a.resumed))[1] AS ended_at
    FROM (
      SELECT t.event_id, t.revision, t.ts, t.what IN ('close', 'done', 'reject', 'false_alarm') AS ends,
        coalesce(max(t.revision) FILTER (WHERE t.what IN ('acknowledge', 'hand_off', 'whistle', 'accept', 'respond', 'return'))
          OVER (PARTITION BY t.event_id), 0) AS resumed
      FROM (SELECT DISTINCT l.event_id FROM lines l WHERE l.what IN
          ('close', 'done', 'reject', 'false_alarm', 'acknowledge', 'hand_off', 'whistle', 'accept', 'respond', 'return')) d
      JOIN event_transition t ON t.event_id = d.event_id
      WHERE t.what || '' IN
        ('close', 'done', 'reject', 'false_alarm', 'acknowledge', 'hand_off', 'whistle', 'accept', 'respond', 'return')) a
    GROUP BY a.event_id) n
  WHERE e.id = n.event_id AND e.ended_at IS DISTINCT FROM n.ended_at;
  RETURN NULL;
END
$$;
CREATE TRIGGER event_transition_added AFTER INSERT ON event_transition
  REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION event_follow_lines();

-- the same for what is there
UPDATE event e SET ended_at = n.ended_at
FROM (
  SELECT DISTINCT ON (a.event_id) a.event_id, a.ts AS ended_at
  FROM (
    SELECT t.event_id, t.revision, t.ts, t.what IN ('close', 'done', 'reject', 'false_alarm') AS ends,
      coalesce(max(t.revision) FILTER (WHERE t.what IN ('acknowledge', 'hand_off', 'whistle', 'accept', 'respond', 'return'))
        OVER (PARTITION BY t.event_id), 0) AS resumed
    FROM event_transition t) a
  WHERE a.ends AND a.revision > a.resumed
  ORDER BY a.event_id, a.revision) n
WHERE e.id = n.event_id;

-- takes the place of both: by time, and with all that statistics ask for
CREATE INDEX event_tally ON event (opened_at)
  INCLUDE (kind, grid_id, severity, sensing, handling, source, device_id, occurrences, ended_at);
DROP INDEX event_opened_kind;
DROP INDEX event_opened;
