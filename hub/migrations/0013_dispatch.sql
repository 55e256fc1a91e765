-- Receivers that people read, and what platforms say back.

ALTER TABLE outbox ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX outbox_parked ON outbox (target) WHERE state = 'failed';

CREATE TABLE callback (
  target    text        NOT NULL,
  id        text        NOT NULL,
  event_id  uuid,
  kind      text        NOT NULL,
  ts        timestamptz NOT NULL,
  outcome   text        NOT NULL,
  detail    text        NOT NULL DEFAULT '',
  rx        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (target, id)
);
CREATE INDEX callback_rx ON callback (rx);
CREATE INDEX callback_event ON callback (event_id, rx);
COMMENT ON TABLE callback IS 'What governance platforms said about events, by the id that they gave it, with our answer: a repetition gets the same one. event_id is null where it spoke of several. No foreign key: what is said of an unknown event is kept too.';
