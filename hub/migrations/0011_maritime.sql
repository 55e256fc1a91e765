-- What grids say about the sea, and who is in a formation from when to when.

ALTER TABLE grid ADD COLUMN sea jsonb;
COMMENT ON COLUMN grid.sea IS 'Rule of the border at sea (no_go, closed_season, harbour ...), its schedule and gear, thresholds for vessels below.';

ALTER TABLE formation_member ADD COLUMN gear text NOT NULL DEFAULT '';
ALTER TABLE formation_member ADD COLUMN valid_from timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE formation_member ADD COLUMN valid_to timestamptz NOT NULL DEFAULT 'infinity';
ALTER TABLE formation_member DROP CONSTRAINT formation_member_pkey;
ALTER TABLE formation_member ADD PRIMARY KEY (version, grid_id, mmsi, valid_from);
COMMENT ON TABLE formation_member IS
  'Vessels of a formation and from when (included) to when (excluded) they are in it; name is the name of the vessel.';

CREATE TABLE thinned_day (
  day         date        PRIMARY KEY,
  thinned_at  timestamptz NOT NULL DEFAULT now(),
  removed     bigint      NOT NULL
);
COMMENT ON TABLE thinned_day IS 'Days (UTC) whose vessel positions were thinned; the rest of the day is kept until retention ends.';
