-- Vessels. A vessel is a thing: no owner, no crew, no telephone number.

CREATE TABLE vessel_position (
  time       timestamptz NOT NULL,
  lon        float8      NOT NULL,
  lat        float8      NOT NULL,
  sog        real,
  cog        real,
  heading    real,
  mmsi       integer     NOT NULL,
  device_id  integer     NOT NULL,
  status     smallint,
  type       smallint    NOT NULL,
  plausible  boolean     NOT NULL,
  grid_id    text
) PARTITION BY RANGE (time);
CREATE UNIQUE INDEX vessel_position_mmsi_time ON vessel_position (mmsi, time DESC);
CREATE TABLE vessel_position_default PARTITION OF vessel_position DEFAULT;
COMMENT ON TABLE vessel_position IS
  'AIS positions, degrees WGS84, knots, degrees; type = AIS message; device_id = receiver; plausible false = used by no rule.';

CREATE TABLE vessel (
  mmsi          integer     PRIMARY KEY,
  name          text,
  callsign      text,
  ship_type     smallint,
  length        real,
  formation_id  text,
  ts            timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE vessel IS 'Static data of vessels (AIS types 5, 19, 24) and their formation, as of ts; length in metres.';

CREATE TABLE vessel_latest (
  time       timestamptz NOT NULL,
  lon        float8      NOT NULL,
  lat        float8      NOT NULL,
  sog        real,
  cog        real,
  heading    real,
  mmsi       integer     PRIMARY KEY,
  device_id  integer     NOT NULL,
  status     smallint,
  type       smallint    NOT NULL,
  grid_id    text
) WITH (fillfactor = 50);
COMMENT ON TABLE vessel_latest IS 'Newest plausible position of each vessel, at most a second behind vessel_position.';
