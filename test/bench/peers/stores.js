/**
 * Appends to the stores that other Node programs use, on the Postgres it is told: client here, Postgres elsewhere. Prints one
 * line of JSON per figure. `BENCH_POSTGRES_URL=… node stores.js <emmett | castore | message-db> <seconds>`; run by eventstore.bench.ts.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PostgresEventStorageAdapter } from '@castore/event-storage-adapter-postgres';
import { STREAM_DOES_NOT_EXIST } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import { Pool } from 'pg';

const [, , name, secondsText] = process.argv;
const url = process.env.BENCH_POSTGRES_URL;
const seconds = Number(secondsText);
/** As many as there are appends under way in the widest of the measures that a pool of connections can follow. */
const CONNECTIONS = 64;

const data = () => ({ name: 'urgent', color: '#cc0000' });
const metadata = () => ({
  workspaceId: '0190f6f0-0000-7000-8000-000000000001',
  actor: { kind: 'user', id: 'ann' },
  commandId: randomUUID(),
  $correlationId: randomUUID(),
  $causationId: randomUUID(),
  schemaVersion: 1,
  occurredAt: '2026-03-01T09:00:00.000Z',
});

const labelCreated = () => ({ type: 'work.LabelCreated', data: data(), metadata: metadata() });

const peers = {
  async emmett() {
    const store = getPostgreSQLEventStore(url, { connectionOptions: { pool: new Pool({ connectionString: url, max: CONNECTIONS }) } }); // prettier-ignore
    await store.schema.migrate();
    return {
      append: (count) =>
        store.appendToStream(`bench-${randomUUID()}`, Array.from({ length: count }, labelCreated), {
          expectedStreamVersion: STREAM_DOES_NOT_EXIST,
        }),
      batches: true,
    };
  },
  async castore() {
    const store = new PostgresEventStorageAdapter({ connectionString: url });
    await PostgresEventStorageAdapter.createEventTable({ connectionString: url });
    const append = () =>
      store.pushEvent(
        { aggregateId: randomUUID(), version: 1, type: 'work.LabelCreated', payload: data(), metadata: metadata() },
        { eventStoreId: 'bench' },
      );
    // It has no append of several events to one aggregate.
    return { append, batches: false };
  },
  async 'message-db'() {
    const pool = new Pool({
      connectionString: url,
      max: CONNECTIONS,
      options: '-c search_path=message_store,public',
    });
    await installMessageDb(pool);
    const text = 'SELECT write_message($1, $2, $3, $4::jsonb, $5::jsonb, $6)';
    const append = () =>
      pool.query({ name: 'write', text, values: [randomUUID(), `bench-${randomUUID()}`, 'LabelCreated', data(), metadata(), -1] }); // prettier-ignore
    return { append, batches: false };
  },
};

/** What its install.sh runs, without psql. */
async function installMessageDb(pool) {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@eventide/message-db/package.json')), 'database');
  const files = ['schema/message-store', 'tables/messages', 'types/message'].concat(
    ['message-store-version', 'hash-64', 'acquire-lock', 'category', 'is-category', 'id', 'cardinal-id', 'stream-version', 'write-message'].map((file) => `functions/${file}`), // prettier-ignore
    ['id', 'stream', 'category'].map((file) => `indexes/messages-${file}`),
  );
  for (const file of files) await pool.query(readFileSync(join(folder, `${file}.sql`), 'utf8'));
}

async function measure(append, inFlight, batch) {
  const started = performance.now();
  const until = started + seconds * 1000;
  let count = 0;
  const writer = async () => {
    while (performance.now() < until) {
      await append(batch);
      count += batch;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, writer));
  return (count * 1000) / (performance.now() - started);
}

const { append, batches } = await peers[name]();
const work = [[1, 1], [64, 1], [256, 1], ...(batches ? [[16, 100]] : [])]; // prettier-ignore
for (const [inFlight, batch] of work) {
  // Warms up; the second run counts, as with the store that this is held against.
  await measure(append, inFlight, batch);
  console.log(JSON.stringify({ inFlight, batch, perSecond: await measure(append, inFlight, batch) }));
}
process.exit(0);
