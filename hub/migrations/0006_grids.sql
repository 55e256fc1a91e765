-- The tree of grids. A set of grids is imported whole and never changed: an event names the version that it was matched with.

CREATE TABLE grid_set (
  version    integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hash       text        NOT NULL,
  loaded_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE grid_set IS 'Versions of the grid tree; hash is the sha256 of what was imported.';

CREATE TABLE grid (
  version    integer NOT NULL REFERENCES grid_set ON DELETE CASCADE,
  id         text    NOT NULL,
  name       text    NOT NULL,
  level      text    NOT NULL CHECK (level IN ('county', 'town', 'village', 'grid', 'micro_grid', 'formation', 'area')),
  category   text    NOT NULL CHECK (category IN ('integrated', 'dedicated', 'maritime')),
  parent     text,
  codes      jsonb   NOT NULL DEFAULT '{}',
  synthetic  boolean NOT NULL DEFAULT false,
  geometry   jsonb,
  PRIMARY KEY (version, id)
);
CREATE INDEX ON grid (version, parent);
COMMENT ON TABLE grid IS 'Cells of a version: GeoJSON geometry in degrees WGS84, NULL for formations. Lookups run in memory, not here.';

CREATE TABLE formation_member (
  version  integer NOT NULL,
  grid_id  text    NOT NULL,
  mmsi     integer NOT NULL,
  name     text    NOT NULL DEFAULT '',
  role     text    NOT NULL DEFAULT '',
  PRIMARY KEY (version, grid_id, mmsi),
  FOREIGN KEY (version, grid_id) REFERENCES grid ON DELETE CASCADE
);
COMMENT ON TABLE formation_member IS 'Vessels of a formation; name is the name of the vessel.';
