-- Time series. Columns stand widest first: 48 bytes a row of telemetry instead of 56.
-- Daily partitions are made by the hub ahead of time and on demand; the default partition takes what no partition covers
-- (clocks that are years off), so that a batch never fails for want of one. 0008 turns these tables into hypertables where
-- TimescaleDB is present.

CREATE TABLE telemetry (
  time       timestamptz NOT NULL,
  value      float8,
  series_id  integer     NOT NULL,
  quality    smallint    NOT NULL
) PARTITION BY RANGE (time);
CREATE UNIQUE INDEX telemetry_series_time ON telemetry (series_id, time DESC);
CREATE INDEX telemetry_time ON telemetry USING brin (time) WITH (pages_per_range = 64, autosummarize = on);
CREATE TABLE telemetry_default PARTITION OF telemetry DEFAULT;
COMMENT ON TABLE telemetry IS 'Numeric readings at sample time; value NULL = the device said "not available"; quality is the bit set of Quality.';

CREATE TABLE telemetry_text (
  time       timestamptz NOT NULL,
  series_id  integer     NOT NULL,
  quality    smallint    NOT NULL,
  value      text        NOT NULL
) PARTITION BY RANGE (time);
CREATE UNIQUE INDEX telemetry_text_series_time ON telemetry_text (series_id, time DESC);
CREATE TABLE telemetry_text_default PARTITION OF telemetry_text DEFAULT;
COMMENT ON TABLE telemetry_text IS 'Readings that are words, not numbers.';

CREATE TABLE telemetry_latest (
  time       timestamptz NOT NULL,
  value      float8,
  series_id  integer     PRIMARY KEY,
  quality    smallint    NOT NULL,
  text       text
) WITH (fillfactor = 50);
COMMENT ON TABLE telemetry_latest IS
  'Newest reading of each series, at most a second behind telemetry: flushed outside the write path, repaired at start.';

CREATE TABLE raw_frame (
  rx         timestamptz NOT NULL,
  ts         timestamptz NOT NULL,
  boot       bigint,
  seq        bigint,
  edge_id    integer     NOT NULL,
  device_id  integer     NOT NULL,
  part       integer     NOT NULL,
  port       integer     NOT NULL,
  payload    bytea       NOT NULL
) PARTITION BY RANGE (rx);
CREATE INDEX raw_frame_device ON raw_frame (device_id, rx DESC);
CREATE TABLE raw_frame_default PARTITION OF raw_frame DEFAULT;
COMMENT ON TABLE raw_frame IS 'Frames as they came, undecoded, kept for days: a corrected codec can be run over them again.';

CREATE TABLE telemetry_5m_data (
  bucket     timestamptz NOT NULL,
  sum        float8,
  min        float8,
  max        float8,
  n          integer     NOT NULL,
  series_id  integer     NOT NULL
) PARTITION BY RANGE (bucket);
CREATE UNIQUE INDEX telemetry_5m_data_series_bucket ON telemetry_5m_data (series_id, bucket DESC);
CREATE TABLE telemetry_5m_data_default PARTITION OF telemetry_5m_data DEFAULT;
COMMENT ON TABLE telemetry_5m_data IS 'Roll-up by 5 minutes of the buckets that are neither dirty nor in work. Read telemetry_5m instead.';

CREATE TABLE rollup_dirty (bucket timestamptz PRIMARY KEY);
COMMENT ON TABLE rollup_dirty IS 'Buckets of 5 minutes that received readings since they were rolled up; written in the transaction of those readings.';

CREATE TABLE rollup_work (bucket timestamptz PRIMARY KEY);
COMMENT ON TABLE rollup_work IS 'Dirty buckets that the roll-up job has taken; they stay here until their totals are stored.';
