-- Versions of the grid tree that change at run time. A version is a line through the cells: a cell holds from `since` until the
-- version that has another or none, so a changed border costs one row and not a copy of the county.

CREATE TABLE grid_cell (
  id         text    NOT NULL,
  since      integer NOT NULL REFERENCES grid_set,
  until      integer REFERENCES grid_set CHECK (until > since),
  hash       bytea   NOT NULL,
  name       text    NOT NULL,
  level      text    NOT NULL CHECK (level IN ('county', 'town', 'village', 'grid', 'micro_grid', 'formation', 'area')),
  category   text    NOT NULL CHECK (category IN ('integrated', 'dedicated', 'maritime')),
  parent     text,
  codes      jsonb   NOT NULL DEFAULT '{}',
  synthetic  boolean NOT NULL DEFAULT false,
  geometry   jsonb,
  sea        jsonb,
  members    jsonb   NOT NULL DEFAULT '[]',
  PRIMARY KEY (id, since)
);
CREATE UNIQUE INDEX grid_cell_open ON grid_cell (id) WHERE until IS NULL;
CREATE INDEX grid_cell_span ON grid_cell (since, until);
COMMENT ON TABLE grid_cell IS
  'Cells of the grid tree in the versions from `since` (included) to `until` (excluded, NULL = goes on): GeoJSON geometry in degrees WGS84, NULL for formations; members are vessels with their terms (ms UTC). Lookups run in memory, not here.';

INSERT INTO grid_cell (id, since, until, hash, name, level, category, parent, codes, synthetic, geometry, sea, members)
SELECT id, version, (SELECT min(s.version) FROM grid_set s WHERE s.version > g.version), '', name, level, category, parent,
  codes, synthetic, geometry, sea,
  coalesce((SELECT jsonb_agg(jsonb_build_object('mmsi', mmsi, 'name', m.name, 'role', role)
        || jsonb_strip_nulls(jsonb_build_object('gear', nullif(gear, ''),
          'from', CASE WHEN isfinite(valid_from) THEN round(extract(epoch FROM valid_from) * 1000) END,
          'to', CASE WHEN isfinite(valid_to) THEN round(extract(epoch FROM valid_to) * 1000) END))
      ORDER BY mmsi, valid_from)
    FROM formation_member m WHERE m.version = g.version AND m.grid_id = g.id), '[]')
FROM grid g;
DROP TABLE formation_member;
DROP TABLE grid;

ALTER TABLE grid_set ADD COLUMN base integer REFERENCES grid_set;
ALTER TABLE grid_set ADD COLUMN what text NOT NULL DEFAULT 'file'
  CHECK (what IN ('file', 'import', 'area', 'members'));
ALTER TABLE grid_set ADD COLUMN who text NOT NULL DEFAULT 'hub';
ALTER TABLE grid_set ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE grid_set ADD COLUMN cells integer;
COMMENT ON TABLE grid_set IS
  'Versions of the grid tree: made from which one, how, by whom and why. hash is the sha256 of what was imported; files in the configuration are known again by it.';

CREATE TABLE grid_activation (
  seq      integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version  integer     NOT NULL REFERENCES grid_set,
  at       timestamptz NOT NULL DEFAULT now(),
  who      text        NOT NULL,
  note     text        NOT NULL DEFAULT ''
);
COMMENT ON TABLE grid_activation IS 'Which version came into force when, and by whom; the last line is in force.';
INSERT INTO grid_activation (version, at, who) SELECT version, loaded_at, 'hub' FROM grid_set ORDER BY version;

CREATE TABLE area_draft (
  id        text        PRIMARY KEY,
  revision  integer     NOT NULL DEFAULT 1,
  parent    text        NOT NULL,
  cell      jsonb       NOT NULL,
  who       text        NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  note      text        NOT NULL DEFAULT ''
);
COMMENT ON TABLE area_draft IS 'Areas at sea that somebody draws and that are not in force: new ones, or the next state of one that is.';
