-- What reports ask for: who changed when, in one scan of a small index; how events ended, without reading their rows.

CREATE INDEX health_change_span ON health_change (subject, ts, id) INCLUDE (to_state, reason);
DROP INDEX health_change_subject;
CREATE INDEX event_opened_kind ON event (opened_at, kind, grid_id);
