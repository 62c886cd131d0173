-- How many events of each type a share has applied, kept in the transaction that applies them: `projections verify` compares
-- it with a recount of the log, so that what was skipped or applied twice shows even where no row tells.
CREATE TABLE control.applied_counts (
  build_id bigint NOT NULL,
  shard int NOT NULL,
  -- '': applied before types were counted.
  type text COLLATE "C" NOT NULL,
  events bigint NOT NULL,
  PRIMARY KEY (build_id, shard, type),
  FOREIGN KEY (build_id, shard) REFERENCES control.checkpoints ON DELETE CASCADE
) WITH (fillfactor = 10);
INSERT INTO control.applied_counts SELECT build_id, shard, '', events FROM control.checkpoints WHERE events > 0;
