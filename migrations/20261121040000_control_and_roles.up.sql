-- The group that the API's login belongs to. It owns nothing; a cluster has it once, however many databases it has.
DO $$ BEGIN
  CREATE ROLE teampulse_reader NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

-- Any SELECT could call it, set another workspace and step through row-level security.
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
-- Large objects know no row-level security, and what can be written can be read by others.
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid), pg_catalog.lo_creat(integer), pg_catalog.lo_from_bytea(oid, bytea) FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$ BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;

-- What queries read: one view per table, over the build that serves.
CREATE SCHEMA read;
GRANT USAGE ON SCHEMA read TO teampulse_reader;

CREATE SCHEMA control;
GRANT USAGE ON SCHEMA control TO teampulse_reader;

-- A build is one copy of a projection's tables, in a schema of its own: build_<id>.
CREATE TABLE control.builds (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  projection text NOT NULL,
  version int NOT NULL,
  -- building: loads beside the one that serves; live: serves; retired: kept for going back; dropped: its tables are gone.
  state text NOT NULL CHECK (state IN ('building', 'live', 'retired', 'dropped')),
  -- The names of its tables, so that what a later version no longer has can be taken away.
  tables text[] NOT NULL DEFAULT '{}',
  -- Indexes are made after the load.
  indexed boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  live_since timestamptz,
  -- Set when it stopped at an event that it can't apply; it stays there until someone acts.
  stopped_at timestamptz,
  stopped_position bigint,
  stopped_reason text
);
CREATE UNIQUE INDEX builds_one_live ON control.builds (projection) WHERE state = 'live';
CREATE UNIQUE INDEX builds_one_building ON control.builds (projection) WHERE state = 'building';

-- Apart from the builds because it changes with every batch; the free space lets Postgres change it in place.
CREATE TABLE control.checkpoints (
  build_id bigint PRIMARY KEY REFERENCES control.builds ON DELETE CASCADE,
  commit_position bigint NOT NULL DEFAULT -1,
  prepare_position bigint NOT NULL DEFAULT -1,
  events bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);

-- Waiting for a position (read your writes) needs to know how far each serving build is, and no more.
GRANT SELECT (id, projection, version, state, live_since) ON control.builds TO teampulse_reader;
GRANT SELECT ON control.checkpoints TO teampulse_reader;
