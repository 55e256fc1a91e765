-- The whole life of an event: what the receiver makes of it, what was joined to it, what keeps it quiet, and the data behind that.

ALTER TABLE event DROP CONSTRAINT event_handling_check;
ALTER TABLE event ADD CONSTRAINT event_handling_check CHECK (handling IN
  ('new', 'acknowledged', 'handed_off', 'accepted', 'done', 'rejected', 'closed', 'false_alarm'));
ALTER TABLE event ADD COLUMN life jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN event.life IS 'Contributors, held findings, flaps, quiet, ladder, verdict, callbacks that were seen: EventLife of event.ts. Owned by the event book.';
-- the few cleared events that must be loaded at a start, however long ago they cleared
CREATE INDEX event_held ON event (id) WHERE life ? 'held';

CREATE TABLE event_code (
  kind           text        PRIMARY KEY,
  class          text        NOT NULL,
  code           text        NOT NULL,
  code_name      text        NOT NULL,
  title_zh       text        NOT NULL,
  title_en       text        NOT NULL,
  kind_group     text        NOT NULL,
  severity       smallint    CHECK (severity BETWEEN 1 AND 4),
  auto_hand_off  smallint    NOT NULL DEFAULT 0 CHECK (auto_hand_off BETWEEN 0 AND 4),
  provisional    boolean     NOT NULL DEFAULT true,
  towns          text[],
  edited         boolean     NOT NULL DEFAULT false,
  updated_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE event_code IS 'Kinds of events in the words of the governance platform (GB/T 30428.2). towns: grids of level town where the code is admitted, null = everywhere. Rows that nobody edited follow the catalogue of the release.';

CREATE TABLE event_quiet (
  id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type        text        NOT NULL CHECK (type IN ('window', 'mute')),
  grid_id     text,
  kind        text,
  subject     text,
  from_at     timestamptz NOT NULL,
  to_at       timestamptz NOT NULL,
  weekly      jsonb,
  reason      text        NOT NULL,
  who         text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  ended_at    timestamptz,
  CHECK (to_at > from_at),
  CHECK (grid_id IS NOT NULL OR kind IS NOT NULL OR subject IS NOT NULL)
);
CREATE INDEX event_quiet_live ON event_quiet (to_at) WHERE ended_at IS NULL;
COMMENT ON TABLE event_quiet IS 'Maintenance windows and mutes: events they cover are recorded, marked, and told to nobody. weekly = {days, from, minutes}: the part of each week that counts.';

CREATE TABLE event_setting (
  name        text        PRIMARY KEY CHECK (name IN ('fusion', 'parents', 'ladder')),
  value       jsonb       NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE event_setting IS 'Edited lists of the event book: which kinds are one incident, which kinds keep others back, how long until a higher level is told. A missing row = the defaults of the release.';
