-- Versions of device profiles: who moved which devices from one to another.

CREATE TABLE profile_move (
  id            integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ts            timestamptz NOT NULL DEFAULT now(),
  who           text        NOT NULL,
  from_profile  text        NOT NULL,
  to_profile    text        NOT NULL,
  devices       integer[]   NOT NULL,
  undone_at     timestamptz
);
CREATE INDEX profile_move_to ON profile_move (to_profile, id DESC);
COMMENT ON TABLE profile_move IS
  'Promotions of profile versions with the devices that moved; undone_at = rolled back. What an edge declares does not undo one.';
