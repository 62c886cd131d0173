/**
 * Whether an append or a read costs more the more events there are: the store at 10 thousand, 100 thousand, 1 million and 5
 * million events, filled by SQL between the measures, with streams of five events and the names that TeamPulse gives them. Appends
 * go to new streams and to old ones that are not in memory, reads to any.
 *
 *   npm run bench:eventstore:growth -- [--seconds 10] [--sizes 10000,100000,1000000,5000000] [--data DIR]
 *
 * With `--data` the store stays there, and a later run with a larger size goes on from it. Five million events take about 5 GB.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { ensureDatabases } from '../../src/adapters/postgres/prepare-server.js';
import type { NewEvent } from '../../src/commands/ports/event-store.port.js';
import { eventCatalogue } from '../../src/domain/event-catalogue.js';
import { labelCreated } from '../../src/domain/work/label.events.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { processorTime, residentMiB, startStore, timeEach, type StoreProcess } from './eventstore/processes.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    sizes: { type: 'string', default: '10000,100000,1000000,5000000' },
    data: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const IN_FLIGHT = 64;
const EVENTS_PER_STREAM = 5;
const FILL_BATCH = 100_000;
/** Streams that appends and reads go to. More than the server keeps in memory, so that most must be looked up. */
const KNOWN_STREAMS = 400_000;

const metadata = {
  workspaceId: '0190f6f0-0000-7000-8000-000000000001',
  actor: { kind: 'user', id: 'ann' },
  commandId: '0190f6f0-0000-7000-8000-000000000002',
  $correlationId: '0190f6f0-0000-7000-8000-000000000003',
  $causationId: '0190f6f0-0000-7000-8000-000000000004',
  schemaVersion: 1,
  occurredAt: '2026-03-01T09:00:00.000Z',
} as const;
const data = { name: 'urgent', color: '#cc0000' };
const newEvent = (): NewEvent => ({ id: randomUUID(), type: labelCreated.type, data, metadata });

/** As if the server had written them, but for the checksums, which it does not look at. */
async function fill(postgresUrl: string, size: number): Promise<void> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    for (let head = await headOf(client); head < size; head = await headOf(client)) {
      const count = Math.min(FILL_BATCH, size - head);
      await client.query(
        `INSERT INTO eventstore.event (position, recorded_at, stream, revision, id, type, is_json, data, metadata, checksum)
         SELECT $1::bigint + n, 1772355600000, 'label-' || md5(($1::bigint + (n - 1) / $3::int)::text)::uuid, (n - 1) % $3::int,
                gen_random_uuid(), $4, true, $5, $6, 0
           FROM generate_series(1, $2::int) AS n`,
        [head, count, EVENTS_PER_STREAM, labelCreated.type, Buffer.from(JSON.stringify(data)), Buffer.from(JSON.stringify(metadata))], // prettier-ignore
      );
    }
    // As autovacuum would have done meanwhile.
    await client.query('VACUUM (ANALYZE) eventstore.event');
  } finally {
    await client.end();
  }
}

async function headOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ head: string | null }>('SELECT max(position) AS head FROM eventstore.event');
  return Number(rows[0]?.head ?? 0);
}

/** Evenly out of the whole log, with the revision that each ends at. */
async function someStreams(postgresUrl: string): Promise<{ stream: string; last: number }[]> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ stream: string; last: string }>(
      `SELECT stream, max(revision) AS last FROM eventstore.event WHERE stream LIKE 'label-%'
        GROUP BY stream ORDER BY md5(stream) LIMIT ${KNOWN_STREAMS}`,
    );
    return rows.map(({ stream, last }) => ({ stream, last: Number(last) }));
  } finally {
    await client.end();
  }
}

async function measure(what: string, server: StoreProcess, run: () => Promise<unknown>): Promise<void> {
  const latencies: number[] = [];
  const repeat = async (milliseconds: number): Promise<void> => {
    const until = performance.now() + milliseconds;
    const one = async (): Promise<void> => {
      while (performance.now() < until) {
        const from = performance.now();
        await run();
        latencies.push(performance.now() - from);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  };
  await repeat(seconds * 500); // warms up
  latencies.length = 0;
  const before = processorTime(server, postgres.cluster);
  await repeat(seconds * 1000);
  const after = processorTime(server, postgres.cluster);
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
  const rate = Math.round(latencies.length / seconds).toLocaleString('en');
  console.log(
    `  ${what}: ${rate}/s, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms; CPU µs each, client + server + Postgres: ${timeEach(before, after, latencies.length)}`,
  );
}

async function measureAt(size: number): Promise<void> {
  const url = postgres.url('eventstore');
  // The first time, the server makes its tables.
  await (await startStore(url)).stop();
  await fill(url, size);
  const streams = await someStreams(url);
  const server = await startStore(url);
  const adapter = new EventStoreDbAdapter(server.connectionString, eventCatalogue);
  console.log(`${size.toLocaleString('en')} events:`);
  let next = 0;
  const known = () => streams[next++ % streams.length] ?? { stream: 'label-none', last: -1 };
  try {
    const create = async () => adapter.append(`label-${randomUUID()}`, [newEvent()], 'no_stream');
    await measure('append to a new stream', server, create);
    const goOn = async (): Promise<void> => {
      const target = known();
      const result = await adapter.append(target.stream, [newEvent()], target.last);
      target.last = result.outcome === 'appended' ? result.revision : Number(result.actual);
    };
    await measure('append to an old stream', server, goOn);
    await measure('read of a stream', server, async () => adapter.readStream(known().stream));
    const { now, peak } = residentMiB(server.pid);
    console.log(`  the server's memory: ${now} MiB, ${peak} MiB at its highest`);
  } finally {
    await adapter.dispose();
    await server.stop();
  }
}

const folder = values.data ?? scratchFolder('growth');
await mkdir(folder, { recursive: true });
const postgres = await startEmbeddedPostgres({ dataFolder: folder });
try {
  await ensureDatabases(postgres.url(), ['eventstore']);
  for (const size of values.sizes.split(',').map(Number)) await measureAt(size);
} finally {
  await postgres.stop();
  if (values.data === undefined) await rm(folder, { recursive: true, force: true });
}
