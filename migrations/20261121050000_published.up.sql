-- How far the log has been published to the bus. One row per bus; the log is the outbox.
CREATE TABLE control.published (
  bus text PRIMARY KEY,
  commit_position bigint NOT NULL,
  prepare_position bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
