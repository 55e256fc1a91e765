-- Rules of areas that come through the API, beside the files of the configuration.

CREATE TABLE area_rule_text (
  name      text        PRIMARY KEY,
  text      text        NOT NULL,
  revision  integer     NOT NULL DEFAULT 1,
  who       text        NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  note      text        NOT NULL DEFAULT ''
);
COMMENT ON TABLE area_rule_text IS 'Texts (YAML) of area rules that were handed in and are in force; revision counts changes, so that nobody overwrites what he has not seen.';
