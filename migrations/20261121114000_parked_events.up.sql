-- Events that a build could not apply, and those of the same stream or row that wait behind them. Where they are and why; no data
-- of theirs, and no personal data: what was parked is read from the log again.
CREATE TABLE control.parked (
  build_id bigint NOT NULL REFERENCES control.builds ON DELETE CASCADE,
  shard int NOT NULL,
  commit_position bigint NOT NULL,
  prepare_position bigint NOT NULL,
  event_id text NOT NULL,
  event_type text NOT NULL,
  stream_name text NOT NULL,
  revision bigint NOT NULL,
  -- A digest of the row's key, which may be anything; null when the event is about no row, or none that could be found.
  row_key text,
  -- Null when the event could not be read.
  workspace_id uuid,
  -- parked: was tried and failed; behind: not tried, waits for an earlier one; discarded: given up by an operator.
  state text NOT NULL CHECK (state IN ('parked', 'behind', 'discarded')),
  reason text,
  attempts int NOT NULL DEFAULT 0,
  parked_at timestamptz NOT NULL DEFAULT now(),
  first_failed_at timestamptz,
  last_failed_at timestamptz,
  -- What an operator asked for, until the build's owner has done it; `trying` while he does.
  asked text CHECK (asked IN ('retry', 'discard', 'trying')),
  asked_by text,
  asked_because text,
  discarded_at timestamptz,
  PRIMARY KEY (build_id, shard, commit_position, prepare_position)
);
CREATE INDEX parked_open ON control.parked (build_id, shard) WHERE state <> 'discarded';

-- What a handler leaves when it takes the process with it: written before it runs, because nothing runs after.
CREATE TABLE control.attempts (
  build_id bigint NOT NULL REFERENCES control.builds ON DELETE CASCADE,
  shard int NOT NULL,
  -- Times that a runner started and neither committed nor ended in good order since.
  starts int NOT NULL DEFAULT 0,
  -- The last of them: counted once, however often it had to ask.
  run text,
  -- The event that was last tried by itself, and how often.
  commit_position bigint NOT NULL DEFAULT -1,
  prepare_position bigint NOT NULL DEFAULT -1,
  attempts int NOT NULL DEFAULT 0,
  PRIMARY KEY (build_id, shard)
) WITH (fillfactor = 10);

-- Whoever may steer projections sees through the API what is parked; nothing in it is data of an event.
GRANT SELECT ON control.parked TO teampulse_reader;
