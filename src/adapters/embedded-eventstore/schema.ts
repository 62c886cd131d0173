/** The store's own database: one table, created and upgraded by the server that opens it. */
import type { ClientBase } from 'pg';

/**
 * `migrations[n - 1]` brings version n - 1 to n. Only add.
 *
 * Event payloads are not compressed (EXTERNAL): compressing cost more time than the disk was worth on the append path.
 * Names sort by bytes (COLLATE "C"): comparing them is on every append's path.
 */
const migrations: readonly string[] = [
  `CREATE TABLE eventstore.event (
     position    bigint  NOT NULL CONSTRAINT event_position PRIMARY KEY,
     revision    bigint  NOT NULL,
     recorded_at bigint  NOT NULL,
     id          uuid    NOT NULL,
     is_json     boolean NOT NULL,
     stream      text COLLATE "C" NOT NULL,
     type        text COLLATE "C" NOT NULL,
     data        bytea STORAGE EXTERNAL NOT NULL,
     metadata    bytea STORAGE EXTERNAL NOT NULL,
     CONSTRAINT event_stream_revision UNIQUE (stream, revision)
   );
   COMMENT ON COLUMN eventstore.event.position IS 'place in $all, from 1, gapless, in commit order';
   COMMENT ON COLUMN eventstore.event.revision IS 'place in the stream, from 0; 9223372036854775807 is a tombstone';
   COMMENT ON COLUMN eventstore.event.recorded_at IS 'milliseconds since the Unix epoch';`,
];

/** Brings the database to this version. The caller holds the store's lock. @throws when the database is of a newer version. */
export async function migrate(client: ClientBase): Promise<void> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS eventstore;
    CREATE TABLE IF NOT EXISTS eventstore.schema_version (
      version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());`);
  const found = await client.query<{ version: number | null }>(
    'SELECT max(version) AS version FROM eventstore.schema_version',
  );
  const version = found.rows[0]?.version ?? 0;
  if (version > migrations.length) {
    throw new Error(
      `the event store's database has schema version ${version}, this server knows ${migrations.length}: start a newer server`,
    );
  }
  for (let next = version; next < migrations.length; next++) {
    await client.query('BEGIN');
    await client.query(migrations[next] ?? '');
    await client.query('INSERT INTO eventstore.schema_version (version) VALUES ($1)', [next + 1]);
    await client.query('COMMIT');
  }
}
