-- Device health, and what the detectors saw.

CREATE TABLE device_health (
  subject    text        PRIMARY KEY,
  device_id  integer,
  state      text        NOT NULL CHECK (state IN ('unknown', 'online', 'late', 'offline', 'flapping')),
  reason     text        NOT NULL,
  since      timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON device_health (device_id);
COMMENT ON TABLE device_health IS 'Current health of each device (device:<uid>) and edge (edge:<key>).';

CREATE TABLE health_change (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject     text        NOT NULL,
  device_id   integer,
  ts          timestamptz NOT NULL,
  from_state  text        NOT NULL,
  to_state    text        NOT NULL,
  reason      text        NOT NULL
);
CREATE INDEX health_change_subject ON health_change (subject, ts DESC);
CREATE INDEX health_change_ts ON health_change (ts);
COMMENT ON TABLE health_change IS 'Every change of health; availability reports count from it.';

CREATE TABLE media (
  hash       text        PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
  bytes      bigint      NOT NULL,
  type       text        NOT NULL,
  device_id  integer,
  ts         timestamptz NOT NULL
);
CREATE INDEX media_ts ON media (ts);
COMMENT ON TABLE media IS 'References to evidence pictures by sha256; the bytes are files or objects, never rows.';

CREATE TABLE detection (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id   integer     NOT NULL,
  ts          timestamptz NOT NULL,
  model       text        NOT NULL,
  detections  jsonb       NOT NULL,
  media_hash  text
);
CREATE INDEX detection_device ON detection (device_id, ts DESC);
CREATE INDEX detection_ts ON detection (ts);
COMMENT ON TABLE detection IS 'What a model saw in a frame: label, score, box. Objects and scenes only; people are not identified.';
