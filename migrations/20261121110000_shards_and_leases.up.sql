-- Work is divided into shares: one for each shard of each build. A share has its own checkpoint and at most one owner.
-- How many a build has is fixed when its tables are made.
ALTER TABLE control.builds ADD shards int NOT NULL DEFAULT 1 CHECK (shards BETWEEN 1 AND 64);

ALTER TABLE control.checkpoints
  ADD shard int NOT NULL DEFAULT 0 CHECK (shard >= 0),
  -- It has read all the history there was; the indexes are made when every share of the build has.
  ADD loaded boolean NOT NULL DEFAULT false,
  -- The worker that applies it; null when it is free.
  ADD owner text,
  -- Fencing token: grows with every change of hands, and a checkpoint moves only for the epoch its mover was given.
  ADD epoch bigint NOT NULL DEFAULT 0,
  ADD owned_since timestamptz,
  -- Set when it stopped at an event that it can't apply; it stays there until someone acts.
  ADD stopped_at timestamptz,
  ADD stopped_position bigint,
  ADD stopped_reason text,
  DROP CONSTRAINT checkpoints_pkey,
  ADD PRIMARY KEY (build_id, shard);

UPDATE control.checkpoints c
SET loaded = b.indexed, stopped_at = b.stopped_at, stopped_position = b.stopped_position, stopped_reason = b.stopped_reason
FROM control.builds b WHERE b.id = c.build_id;
-- Each share stops by itself.
ALTER TABLE control.builds DROP stopped_at, DROP stopped_position, DROP stopped_reason;

-- Who is alive. A worker's shares are its own until lease_until, by Postgres' clock; one row to renew, however many it has.
CREATE TABLE control.workers (
  id text PRIMARY KEY,
  host text NOT NULL,
  pid int NOT NULL,
  -- The Postgres connection that renews: when it is gone, so is the worker, and nobody needs to wait for the lease to end.
  backend_pid int NOT NULL,
  backend_start timestamptz NOT NULL,
  -- What its code can run, as name@version: old and new code side by side share only what both know.
  projections text[] NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL,
  lease_until timestamptz NOT NULL
) WITH (fillfactor = 10);

-- Waiting for a position needs to know how far each share of a serving build is.
REVOKE SELECT ON control.checkpoints FROM teampulse_reader;
-- Not why one stopped: the reason may quote the event.
GRANT SELECT (build_id, shard, commit_position, prepare_position, events, loaded, owner, epoch, stopped_at, stopped_position, updated_at)
  ON control.checkpoints TO teampulse_reader;
GRANT SELECT (shards) ON control.builds TO teampulse_reader;
GRANT SELECT ON control.workers TO teampulse_reader;
