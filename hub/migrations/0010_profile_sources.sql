-- What every version of a device profile says, and the re-decoding of stored frames by a version.

CREATE TABLE profile_source (
  id           text        PRIMARY KEY,
  hash         text        NOT NULL,
  text         text        NOT NULL,
  origin       text        NOT NULL,
  added_at     timestamptz NOT NULL DEFAULT now(),
  added_by     text        NOT NULL,
  used_at      timestamptz,
  promoted_at  timestamptz,
  tried_at     timestamptz
);
COMMENT ON TABLE profile_source IS
  'Source of every profile version (maker/model@semver): a version that a device used decodes for good, whatever happens to its file. hash = sha256 of what it says, comments aside; origin = file, or api.';

CREATE TABLE redecode_job (
  id            integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  profile       text        NOT NULL,
  devices       integer[]   NOT NULL,
  since         timestamptz NOT NULL,
  until         timestamptz NOT NULL,
  dry_run       boolean     NOT NULL,
  who           text        NOT NULL,
  state         text        NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  created_at    timestamptz NOT NULL DEFAULT now(),
  started_at    timestamptz,
  ended_at      timestamptz,
  done          integer     NOT NULL DEFAULT 0,
  total         integer     NOT NULL DEFAULT 0,
  device_at     integer     NOT NULL DEFAULT 0,
  after_rx      timestamptz,
  counts        jsonb       NOT NULL DEFAULT '{}',
  differences   jsonb       NOT NULL DEFAULT '[]',
  error         text
);
COMMENT ON TABLE redecode_job IS
  'Frames decoded again by a profile version: what was asked, how far it is (device_at, after_rx: written with the readings), what changed.';
