/** The store's own database: one table, created and upgraded by the server that opens it. */
import type { ClientBase } from 'pg';
import { bigintArray } from './binary-array.js';
import { checksumOf } from './checksum.js';
import { copyOut } from './copy-out.js';
import { page } from './log-reader.js';
import type { StoreLog } from './store-log.js';

/** What one step of a migration does, in a transaction of its own unless it is a function, which can be broken off and begun again. */
type Migration = string | ((client: ClientBase, log: StoreLog) => Promise<void>);

/**
 * `migrations[n - 1]` brings version n - 1 to n. Only add.
 *
 * Event payloads are not compressed (EXTERNAL): compressing cost more time than the disk was worth on the append path.
 * Names sort by bytes (COLLATE "C"): comparing them is on every append's path.
 */
const migrations: readonly Migration[] = [
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
  `ALTER TABLE eventstore.event ADD COLUMN checksum integer;
   COMMENT ON COLUMN eventstore.event.checksum IS 'CRC-32 over all other columns, see checksum.ts';`,
  addChecksums,
  `ALTER TABLE eventstore.event ALTER COLUMN checksum SET NOT NULL;`,
  `CREATE TABLE eventstore.reached (
     one      boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (one),
     position bigint  NOT NULL,
     id       uuid    NOT NULL
   );
   COMMENT ON TABLE eventstore.reached IS 'how far the log once went, see reached.ts';`,
];

/** The version that this server makes. */
export const SCHEMA_VERSION = migrations.length;

/** Brings the database to this version. The caller holds the store's lock. @throws when the database is of a newer version. */
export async function migrate(client: ClientBase, log: StoreLog): Promise<void> {
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
    const migration = migrations[next] ?? '';
    if (typeof migration === 'function') await migration(client, log);
    await client.query('BEGIN');
    if (typeof migration === 'string') await client.query(migration);
    await client.query('INSERT INTO eventstore.schema_version (version) VALUES ($1)', [next + 1]);
    await client.query('COMMIT');
  }
}

const CHECKSUM_BATCH = 5_000;
/** Events that make somebody wonder what takes so long. */
const TELL_EVERY = 100_000;

/** To the events of stores that had none. What is done stays done when it is broken off. */
async function addChecksums(client: ClientBase, log: StoreLog): Promise<void> {
  const found = await client.query<{ first: string | null }>(
    'SELECT min(position) AS first FROM eventstore.event WHERE checksum IS NULL',
  );
  let from = Number(found.rows[0]?.first ?? Number.MAX_SAFE_INTEGER);
  for (let done = 0; ;) {
    const events = await copyOut(
      client,
      page(`position >= ${BigInt(from)}`, 'position', false, String(CHECKSUM_BATCH)),
    );
    const last = events.at(-1);
    if (!last) return;
    await client.query({
      name: 'add-checksums',
      text: `UPDATE eventstore.event SET checksum = given.checksum::integer
               FROM unnest($1::bigint[], $2::bigint[]) AS given (position, checksum) WHERE event.position = given.position`,
      values: [
        bigintArray(events.map((event) => event.position)),
        bigintArray(events.map((event) => checksumOf(event))),
      ],
    });
    from = last.position + 1;
    done += events.length;
    if (done % TELL_EVERY === 0) log.info({ events: done }, 'adding checksums to the events of an older store');
  }
}
