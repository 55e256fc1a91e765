-- Accounts of the console and the record of what was done with them.

CREATE TABLE app_user (
  id                   integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username             text        NOT NULL UNIQUE,
  password_hash        text        NOT NULL,
  role                 text        NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
  grids                text[]      NOT NULL DEFAULT '{}',
  disabled             boolean     NOT NULL DEFAULT false,
  failed_logins        integer     NOT NULL DEFAULT 0,
  locked_until         timestamptz,
  password_changed_at  timestamptz NOT NULL DEFAULT now(),
  created_at           timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE app_user IS 'Accounts by role and by the roots of the grid subtrees they see (empty = all). An account is a duty post; nothing about a person is kept.';

CREATE TABLE session (
  token_hash  bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  user_id     integer     NOT NULL REFERENCES app_user ON DELETE CASCADE,
  created_at  timestamptz NOT NULL DEFAULT now(),
  seen_at     timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL
);
CREATE INDEX ON session (user_id);
CREATE INDEX ON session (expires_at);
COMMENT ON TABLE session IS 'Sessions by the sha256 of their token.';

CREATE TABLE audit (
  seq     bigint      PRIMARY KEY,
  ts      timestamptz NOT NULL,
  who     text        NOT NULL,
  action  text        NOT NULL,
  target  text        NOT NULL,
  detail  jsonb       NOT NULL DEFAULT '{}',
  prev    bytea       NOT NULL,
  hash    bytea       NOT NULL
);
CREATE INDEX audit_ts ON audit (ts);
COMMENT ON TABLE audit IS 'Who did what: append-only, each row sealed with the sha256 of itself and of the row before.';

CREATE FUNCTION audit_hash(prev bytea, seq bigint, ts timestamptz, who text, action text, target text, detail jsonb)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256(prev || convert_to(
    jsonb_build_array(seq, (extract(epoch FROM ts) * 1000000)::bigint, who, action, target, detail)::text, 'UTF8'))
$$;

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER event_transition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_transition
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
