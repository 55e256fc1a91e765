-- What became of the findings, and who must be told.

CREATE TABLE event (
  id            uuid        PRIMARY KEY,
  kind          text        NOT NULL,
  subject       text        NOT NULL,
  grid_id       text,
  grid_match    text        NOT NULL,
  grid_version  integer     NOT NULL,
  severity      smallint    NOT NULL CHECK (severity BETWEEN 1 AND 4),
  sensing       text        NOT NULL CHECK (sensing IN ('active', 'cleared')),
  handling      text        NOT NULL CHECK (handling IN ('new', 'acknowledged', 'handed_off', 'closed', 'false_alarm')),
  device_id     integer,
  lon           float8,
  lat           float8,
  source        text        NOT NULL,
  opened_at     timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  cleared_at    timestamptz,
  created_at    timestamptz NOT NULL,
  occurrences   integer     NOT NULL,
  evidence      jsonb       NOT NULL,
  late          boolean     NOT NULL,
  revision      integer     NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX event_open ON event (id DESC) WHERE sensing = 'active';
CREATE INDEX event_cleared ON event (cleared_at) WHERE sensing = 'cleared';
CREATE INDEX event_grid ON event (grid_id, id DESC);
CREATE INDEX event_device ON event (device_id, id DESC);
CREATE INDEX event_kind ON event (kind, id DESC);
CREATE INDEX event_handling ON event (handling, id DESC);
CREATE INDEX event_opened ON event (opened_at);
COMMENT ON TABLE event IS 'One incident on one grid. id is UUID version 7: newest first is id DESC. opened/updated/cleared are event time, created_at is hub time.';

CREATE TABLE event_transition (
  event_id  uuid        NOT NULL REFERENCES event,
  revision  integer     NOT NULL,
  ts        timestamptz NOT NULL,
  what      text        NOT NULL,
  who       text        NOT NULL,
  severity  smallint    NOT NULL CHECK (severity BETWEEN 1 AND 4),
  note      text        NOT NULL,
  evidence  jsonb,
  PRIMARY KEY (event_id, revision)
);
CREATE INDEX event_transition_what ON event_transition (what, ts);
COMMENT ON TABLE event_transition IS 'Timeline of an event, append-only.';

CREATE TABLE outbox (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id    uuid        NOT NULL REFERENCES event,
  revision    integer     NOT NULL,
  type        text        NOT NULL,
  target      text        NOT NULL,
  body        jsonb       NOT NULL,
  state       text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts    integer     NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL DEFAULT now(),
  last_error  text        NOT NULL DEFAULT '',
  updated_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (event_id, revision, type, target)
) WITH (fillfactor = 70);
CREATE INDEX outbox_pending ON outbox (target, next_at, id) WHERE state = 'pending';
COMMENT ON TABLE outbox IS 'Transactional outbox: what must be handed on, written with the event it speaks of. Delivery is at least once.';

CREATE TABLE dead_letter (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rx           timestamptz NOT NULL,
  topic        text        NOT NULL,
  edge         text        NOT NULL,
  reason       text        NOT NULL,
  detail       text        NOT NULL,
  payload      bytea       NOT NULL,
  replayed_at  timestamptz
);
CREATE INDEX dead_letter_reason ON dead_letter (reason, id DESC);
CREATE INDEX dead_letter_rx ON dead_letter (rx);
COMMENT ON TABLE dead_letter IS 'Refused messages with their bytes and the reason, so that they can be looked at and replayed.';
