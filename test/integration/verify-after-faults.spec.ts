/** Workers that are killed, and whose Postgres hangs up on them, at random moments: afterwards `verify` finds nothing. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { allEvents, allProjections } from '../../src/capabilities.js';
import type { Verification } from '../../src/projections/engine/verify.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openTeller, someOfTheDemo, type Teller } from '../support/demo-stories.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { teampulse, TeampulseProcess } from '../support/teampulse-process.js';

const STORIES = 150;
const FAULTS = 4;

const folder = scratchFolder('verify-after-faults');
let server: TestEventStore;
let store: EventStoreDbAdapter;
let database: TestDatabase;
let teller: Teller;
let worker: TeampulseProcess;
let environment: Record<string, string>;

beforeAll(async () => {
  server = await startTestEventStore();
  store = new EventStoreDbAdapter(server.connectionString, allEvents);
  database = await createTestDatabase();
  teller = await openTeller(store);
  environment = { EVENTSTORE_URL: server.connectionString, DATABASE_URL: database.url, TEAMPULSE_DATA: folder, LOG_LEVEL: 'silent' }; // prettier-ignore
});
afterAll(async () => {
  await worker.stop('SIGKILL');
  await teller.close();
  await store.dispose();
  await server.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  worker = new TeampulseProcess(['worker'], environment);
  await worker.says(/^http/m);
}

const FAULT = {
  kill: async (): Promise<void> => {
    await worker.stop('SIGKILL');
    await start();
  },
  cut: async (): Promise<void> => {
    await database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"); // prettier-ignore
  },
};

/** Events, over all read models. */
async function applied(): Promise<number> {
  const [row] = await database.sql<{ events: string | null }>('SELECT sum(events) AS events FROM control.checkpoints');
  return Number(row?.events ?? 0);
}

describe('verify', () => {
  it('finds every read model equal to the log, whatever befell the workers', async () => {
    await start();
    const chapters = someOfTheDemo(STORIES);
    for (const chapter of chapters.slice(0, -1)) await teller.tell(chapter);
    const others = chapters.at(-1) ?? [];
    const share = Math.ceil(others.length / FAULTS);
    for (let round = 0; round < FAULTS; round++) {
      const told = others.slice(round * share, (round + 1) * share);
      // While they are told and applied, at another moment every time; the index of events alone takes each of them.
      const goal = (await applied()) + Math.ceil((Math.random() * told.length) / 2);
      const telling = teller.tell(told);
      await vi.waitUntil(async () => (await applied()) >= goal, { timeout: 20_000, interval: 2 });
      await FAULT[round % 2 === 0 ? 'kill' : 'cut']();
      await telling;
    }
    const reads = new PostgresReadDatabase(database.apiUrl);
    const head = await store.head();
    const names = allProjections.map(({ name }) => name);
    expect(head && (await reads.waitForPosition(names, head, 20_000))).toBe('reached');
    await reads.close();

    const { code, stdout } = await teampulse(['projections', 'verify', '--json'], environment);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints
    const results = JSON.parse(stdout) as readonly Verification[];
    expect(results.map(({ projection, equal }) => ({ projection, equal }))).toEqual(names.map((projection) => ({ projection, equal: true }))); // prettier-ignore
    expect(results.flatMap(({ counts }) => counts).filter(({ parked, discarded }) => parked + discarded > 0)).toEqual([]); // prettier-ignore
    expect(results.flatMap(({ tables }) => tables).reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(2_000);
    expect(code).toBe(0);
  }, 120_000);
});
