import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { listBuilds } from '../../src/projections/engine/build-registry.js';
import { submitRequests } from '../../src/projections/engine/control-requests.js';
import type { EngineNotice } from '../../src/projections/engine/notices.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { defineEntity, defineJournal, type Projection } from '../../src/projections/engine/projection.js';
import { ask } from '../support/control.js';
import { createTestDatabase, projectionTester, type TestDatabase } from '../support/database.js';
import { FedLog } from '../support/fed-log.js';
import { metadataOf } from '../support/recorded-event.js';

/** Items on a shelf: put there, changed, taken away. Enough to try details and rollups with. */
const put = defineEvent('shelf.Put', z.object({ colour: z.string(), weights: z.array(z.int()) }));
const taken = defineEvent('shelf.Taken', z.object({}));
const poisoned = defineEvent('shelf.Poisoned', z.object({}));
const other = 'office.Opened';

type Item = {
  readonly id: string;
  readonly colour: string;
  readonly weights: readonly number[];
  readonly version: number;
};

const shelf = (version = 1, name = 'shelf'): Projection =>
  defineEntity<Item>()({
    name,
    version,
    events: [put, taken, poisoned] as const,
    table: {
      name: name,
      columns: { id: 'uuid', colour: 'text', weights: 'json', version: 'int', ...(version > 1 && { extra: 'text' }) },
      key: ['id'],
      indexes: ['(workspace_id, colour)'],
    },
    key: (event) => ({ id: event.streamName.slice('item-'.length) }),
    evolve: (_, event) => {
      const id = event.streamName.slice('item-'.length);
      if (event.type === 'shelf.Poisoned') throw new Error('this event is poison');
      if (event.type === 'shelf.Taken') return undefined;
      return {
        id,
        ...event.data,
        version: event.revision,
        ...(version > 1 && { extra: 'x' }),
      };
    },
    details: [
      {
        name: `${name}_weights`,
        columns: { id: 'uuid', seq: 'int', weight: 'bigint' },
        key: ['id', 'seq'],
        rows: ({ id, weights }) => weights.map((weight, seq) => ({ id, seq, weight })),
      },
    ],
    rollups: [
      {
        name: `${name}_colours`,
        columns: { colour: 'text', items: 'bigint', weight: 'bigint' },
        key: ['colour'],
        measures: ['items', 'weight'],
        contributions: ({ colour, weights }) => [
          { colour, items: 1n, weight: BigInt(weights.reduce((sum, weight) => sum + weight, 0)) },
        ],
      },
    ],
  });

const journal = defineJournal({
  name: 'journal',
  version: 1,
  events: 'all',
  table: { name: 'journal', columns: { position: 'bigint', type: 'text' }, key: ['position'] },
  rows: ({ position, type }) => [{ position: position.commit, type }],
});

const workspaceId = randomUUID();
let next = 0;

function recorded(id: string, type: string, data: unknown, workspace = workspaceId): RecordedEvent {
  next += 10;
  return {
    id: randomUUID(),
    streamName: `item-${id}`,
    revision: next,
    position: { commit: BigInt(next), prepare: BigInt(next) },
    type,
    data,
    recordedAt: '2026-03-01T10:00:00.000Z',
    metadata: metadataOf(workspace),
  };
}

const until = async (log: FedLog, worker: ProjectionWorker, ...names: string[]): Promise<void> => {
  const head = await log.head();
  if (head) expect(await worker.positions.waitFor(names, head, 15_000), JSON.stringify(worker.positions.slowest(names), (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))).toBe(true); // prettier-ignore
};

describe('the projection engine', () => {
  let database: TestDatabase;
  const cleanUp: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    for (const step of cleanUp.splice(0).toReversed()) await step();
    await database.sql('DELETE FROM control.builds');
  });
  afterAll(async () => database.drop());

  async function startWorker(
    log: FedLog,
    ...projections: Projection[]
  ): Promise<{ worker: ProjectionWorker; writes: PostgresWriteDatabase; notices: EngineNotice[] }> {
    const writes = new PostgresWriteDatabase(database.url);
    const notices: EngineNotice[] = [];
    const worker = new ProjectionWorker({
      log,
      database: writes,
      projections,
      notice: (notice) => notices.push(notice),
    });
    await worker.start();
    cleanUp.push(async () => {
      await worker.stop();
      await writes.close();
    });
    return { worker, writes, notices };
  }

  const reads = (): PostgresReadDatabase => {
    const opened = new PostgresReadDatabase(database.apiUrl);
    cleanUp.push(async () => opened.close());
    return opened;
  };

  it('keeps rows, details and rollups as the events say, each batch once', async () => {
    const [a, b] = [randomUUID(), randomUUID()].toSorted() as [string, string];
    const tester = projectionTester(database, shelf())()
      .given(
        recorded(a, put.type, { colour: 'red', weights: [1, 2] }),
        recorded(b, put.type, { colour: 'red', weights: [5] }),
      )
      .given(recorded(a, put.type, { colour: 'blue', weights: [2] }));
    await tester.then(
      [
        { id: a, seq: 0, weight: '2' },
        { id: b, seq: 0, weight: '5' },
      ],
      'shelf_weights',
    );
    await tester.then(
      [
        { colour: 'blue', items: '1', weight: '2' },
        { colour: 'red', items: '1', weight: '5' },
      ],
      'shelf_colours',
    );
    await tester
      .given(recorded(b, taken.type, {}))
      .then([{ colour: 'blue', items: '1', weight: '2' }], 'shelf_colours');
  });

  it('has rollups equal to what is summed up from the rows, whatever is amended and taken', async () => {
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const step = fc.record({ item: fc.nat(4), gone: fc.boolean(), colour: fc.constantFrom('red', 'blue', 'null', '{"'), weights: fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 3 }) }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        async (batches) => {
          let tester = projectionTester(database, shelf())();
          for (const batch of batches) {
            tester = tester.given(...batch.map(({ item, gone, colour, weights }) => recorded(ids[item] ?? '', gone ? taken.type : put.type, { colour, weights }))); // prettier-ignore
          }
          const rollups = await tester.rows('shelf_colours');
          const sums = await database.sql(
            `SELECT colour, count(*) AS items, sum((SELECT coalesce(sum(w::text::int), 0) FROM json_array_elements(weights) w)) AS weight
           FROM read.shelf GROUP BY colour ORDER BY colour`,
          );
          expect(rollups).toEqual(sums);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('follows the log live, and moves on over events that are not for it', async () => {
    const log = new FedLog();
    log.append(recorded(randomUUID(), put.type, { colour: 'red', weights: [1] }));
    const { worker, writes } = await startWorker(log, shelf(), journal);
    await until(log, worker, 'shelf', 'journal');
    log.append(recorded(randomUUID(), other, {}), recorded(randomUUID(), other, {}));
    await until(log, worker, 'shelf', 'journal');
    // Known at once; stored a moment later where there was nothing to write.
    await vi.waitFor(async () =>
      expect((await listBuilds(writes)).map(({ position }) => position)).toEqual([await log.head(), await log.head()]),
    );
    const builds = await listBuilds(writes);
    expect(builds.map(({ events }) => events)).toEqual([3, 1]);
    // Both began at the beginning: one reading of the log for the two of them.
    expect(log.subscriptions).toHaveLength(1);
  });

  it('reads the log once for all builds that are behind together', async () => {
    const log = new FedLog();
    log.append(
      ...Array.from({ length: 1_500 }, () => recorded(randomUUID(), put.type, { colour: 'red', weights: [1] })),
    );
    const first = await startWorker(log, shelf(), journal);
    await until(log, first.worker, 'shelf', 'journal');
    const asked = ['shelf', 'journal'].map((projection) => ({
      kind: 'rebuild',
      projection,
      arguments: {},
      requestedBy: 'cli:test',
    }));
    await submitRequests(first.writes, asked);
    await first.worker.stop();
    const before = log.subscriptions.length;
    const { notices } = await startWorker(log, shelf(), journal);
    await vi.waitFor(() => expect(notices.filter(({ kind }) => kind === 'switched')).toHaveLength(2), 10_000);
    // One for the two that serve, and one for both rebuilds.
    expect(log.subscriptions.slice(before)).toHaveLength(2);
    expect(await database.sql('SELECT sum(items)::int AS items FROM read.shelf_colours')).toEqual([{ items: 1_500 }]);
  });

  it('stops a build beside the one that serves at an event that it can not apply, says why, and lets the others go on', async () => {
    const log = new FedLog();
    const good = recorded(randomUUID(), put.type, { colour: 'red', weights: [] });
    const bad = recorded(randomUUID(), poisoned.type, {});
    log.append(good, bad, recorded(randomUUID(), put.type, { colour: 'red', weights: [] }));
    const { worker, writes, notices } = await startWorker(log, shelf(), journal);
    await until(log, worker, 'shelf', 'journal');
    const { build: id } = await ask(writes, 'rebuild', 'shelf');
    await vi.waitFor(() => expect(notices.some(({ kind }) => kind === 'stopped')).toBe(true), 10_000);
    const build = (await listBuilds(writes)).find((one) => one.id === id);
    expect(build).toMatchObject({ state: 'building', events: 1, position: good.position });
    expect(build?.stopped).toMatchObject({
      position: String(bad.position.commit),
      reason: expect.stringContaining('poison'),
    });
    log.append(recorded(randomUUID(), put.type, { colour: 'red', weights: [] }));
    await until(log, worker, 'shelf', 'journal');
    expect(await database.sql('SELECT count(*)::int AS count FROM read.shelf')).toEqual([{ count: 3 }]);
  });

  it('builds a rebuild beside the live one and switches without an error for those who read all the time', async () => {
    const log = new FedLog();
    for (let i = 0; i < 3_000; i++) log.append(recorded(randomUUID(), put.type, { colour: `c${i % 7}`, weights: [i] }));
    const { worker, writes } = await startWorker(log, shelf(), journal);
    await until(log, worker, 'shelf', 'journal');
    const read = reads();
    const reading = new AbortController();
    const counts = new Set<number>();
    const readers = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!reading.signal.aborted) {
          const [row] = await read.query<{ count: number }>(workspaceId, 'SELECT count(*)::int AS count FROM read.shelf WHERE workspace_id = $1', [workspaceId]); // prettier-ignore
          counts.add(row?.count ?? -1);
        }
      }),
    );
    const { build: id } = await ask(writes, 'rebuild', 'shelf');
    await vi.waitFor(async () => {
      expect((await listBuilds(writes)).find((build) => build.id === id)?.state).toBe('live');
    }, 20_000);
    log.append(recorded(randomUUID(), put.type, { colour: 'late', weights: [] }));
    await until(log, worker, 'shelf');
    reading.abort();
    await readers;
    expect([...counts].every((count) => count === 3_000 || count === 3_001)).toBe(true);
    expect((await listBuilds(writes)).filter(({ projection }) => projection === 'shelf').map(({ state }) => state)).toEqual(['retired', 'live']); // prettier-ignore
  });

  it('gets a build as far as the one that serves while that is held for it, as the exchange holds it', async () => {
    const log = new FedLog();
    log.append(recorded(randomUUID(), put.type, { colour: 'red', weights: [1] }));
    const { worker, writes } = await startWorker(log, journal);
    await until(log, worker, 'journal');
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    cleanUp.push(async () => holder.end());
    await holder.query('BEGIN; SELECT FROM control.checkpoints FOR UPDATE');
    log.append(recorded(randomUUID(), put.type, { colour: 'red', weights: [1] }));
    // The one that serves waits for the lock, in its own transaction.
    await vi.waitUntil(async () => (await database.sql("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")).length > 0, 10_000); // prettier-ignore
    const { build: id } = await ask(writes, 'rebuild', 'journal');
    const head = await log.head();
    await vi.waitFor(async () => expect((await listBuilds(writes)).find((build) => build.id === id)).toMatchObject({ state: 'building', position: head }), 10_000); // prettier-ignore
    await holder.query('COMMIT');
    await vi.waitFor(async () => expect((await listBuilds(writes)).find((build) => build.id === id)?.state).toBe('live'), 10_000); // prettier-ignore
  });

  it('builds a new version by itself, and readers of the old columns notice nothing', async () => {
    const log = new FedLog();
    log.append(recorded(randomUUID(), put.type, { colour: 'red', weights: [1] }));
    const first = await startWorker(log, shelf(1));
    await until(log, first.worker, 'shelf');
    const read = reads();
    const all = async (): Promise<object[]> => read.query(workspaceId, 'SELECT * FROM read.shelf');
    expect(await all()).toHaveLength(1);
    await first.worker.stop();
    const second = await startWorker(log, shelf(2));
    await vi.waitFor(async () => expect((await all())[0]).toHaveProperty('extra', 'x'), 10_000);
    await until(log, second.worker, 'shelf');
    // Code of the old version leaves the newer build alone.
    const { writes } = await startWorker(log, shelf(1));
    expect((await listBuilds(writes)).map(({ version, state }) => [version, state])).toEqual([[1, 'retired'], [2, 'live']]); // prettier-ignore
  });

  it('has one owner per build: a second worker takes over when the first one ends', async () => {
    const log = new FedLog();
    const first = await startWorker(log, journal);
    const second = await startWorker(log, journal);
    log.append(recorded(randomUUID(), other, {}));
    await until(log, first.worker, 'journal');
    expect(second.worker.positions.at('journal')).toBeUndefined();
    await first.worker.stop();
    log.append(recorded(randomUUID(), other, {}));
    await until(log, second.worker, 'journal');
    expect(await database.sql('SELECT count(*)::int AS count FROM read.journal')).toEqual([{ count: 2 }]);
  });

  it('gives a build up when somebody else moved its checkpoint', async () => {
    const log = new FedLog();
    log.append(recorded(randomUUID(), other, {}));
    const { worker, notices } = await startWorker(log, journal);
    await until(log, worker, 'journal');
    // Past the next event: the build is taken up again from there at once.
    await database.sql('UPDATE control.checkpoints SET commit_position = commit_position + 10');
    log.append(recorded(randomUUID(), other, {}));
    await vi.waitFor(() => expect(notices.some(({ kind }) => kind === 'lost')).toBe(true), 10_000);
    expect(await database.sql('SELECT count(*)::int AS count FROM read.journal')).toEqual([{ count: 1 }]);
  });

  it('goes on, exactly once, after every connection to Postgres was cut', async () => {
    const log = new FedLog();
    const { worker } = await startWorker(log, shelf(), journal);
    const events = Array.from({ length: 4_000 }, (_, i) => recorded(randomUUID(), put.type, { colour: `c${i % 3}`, weights: [1] })); // prettier-ignore
    for (let i = 0; i < events.length; i += 200) {
      log.append(...events.slice(i, i + 200));
      if (i % 800 === 0) {
        await database.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'teampulse-projections'`); // prettier-ignore
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(log, worker, 'shelf', 'journal');
    expect(await database.sql('SELECT sum(items)::int AS items, sum(weight)::int AS weight FROM read.shelf_colours')).toEqual([{ items: 4_000, weight: 4_000 }]); // prettier-ignore
    expect(await database.sql('SELECT count(*)::int AS count FROM read.journal')).toEqual([{ count: 4_000 }]);
  });

  describe('the wall between workspaces', () => {
    const stranger = randomUUID();

    async function filled(): Promise<PostgresReadDatabase> {
      const log = new FedLog();
      log.append(recorded(randomUUID(), put.type, { colour: 'mine', weights: [1] }));
      log.append(recorded(randomUUID(), put.type, { colour: 'theirs', weights: [1] }, stranger));
      const { worker } = await startWorker(log, shelf());
      await until(log, worker, 'shelf');
      return reads();
    }

    it('shows nobody the rows of another one, whatever the SQL asks for', async () => {
      const read = await filled();
      const select = async (sql: string, parameters: unknown[] = []): Promise<object[]> =>
        read.query(workspaceId, sql, parameters);
      expect(await select('SELECT colour FROM read.shelf')).toEqual([{ colour: 'mine' }]);
      expect(await select('SELECT colour FROM read.shelf WHERE workspace_id = $1', [stranger])).toEqual([]);
      expect(await select('SELECT colour FROM read.shelf_colours')).toEqual([{ colour: 'mine' }]);
      await expect(select(`SELECT set_config('app.workspace_id', $1, true)`, [stranger])).rejects.toMatchObject({
        code: '42501',
      });
      await expect(select(`SELECT 1; SET LOCAL app.workspace_id = '${stranger}'`)).rejects.toMatchObject({
        code: '42601',
      });
      await expect(select('SET app.workspace_id TO DEFAULT')).resolves.toEqual([]);
      expect(await select('SELECT colour FROM read.shelf')).toEqual([{ colour: 'mine' }]);
    });

    it('answers those who ask at the same time each with their own', async () => {
      const read = await filled();
      const asked = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? workspaceId : stranger));
      const answers = await Promise.all(asked.map(async (id) => read.query(id, 'SELECT colour FROM read.shelf')));
      expect(answers).toEqual(asked.map((id) => [{ colour: id === workspaceId ? 'mine' : 'theirs' }]));
    });

    it('lets the reader change nothing, and read nothing without a workspace', async () => {
      await filled();
      const client = new Client({ connectionString: database.apiUrl });
      await client.connect();
      cleanUp.push(async () => client.end());
      await expect(client.query('SELECT * FROM read.shelf')).rejects.toThrow(/app.workspace_id/);
      await client.query('SET default_transaction_read_only = off');
      for (const sql of [
        'DELETE FROM read.shelf',
        'UPDATE control.checkpoints SET events = 0',
        'CREATE TABLE public.x (y int)',
        'CREATE TEMP TABLE x (y int)',
        'SELECT stopped_reason FROM control.checkpoints',
      ]) {
        // prettier-ignore
        await expect(client.query(sql), sql).rejects.toMatchObject({ code: '42501' });
      }
    });

    it('fails only the query at fault of those that share a transaction', async () => {
      const read = await filled();
      const [good, bad, alsoGood] = await Promise.allSettled([
        read.query(workspaceId, 'SELECT 1 AS one'),
        read.query(workspaceId, 'SELECT 1 / 0'),
        read.query(workspaceId, 'SELECT 2 AS two'),
      ]);
      expect([good, bad.status, alsoGood]).toMatchObject([
        { value: [{ one: 1 }] },
        'rejected',
        { value: [{ two: 2 }] },
      ]);
    });
  });

  it('lets a reader wait for his own write, and tells him how far it is when that takes too long', async () => {
    const log = new FedLog();
    const { worker } = await startWorker(log, shelf());
    const read = reads();
    const event = recorded(randomUUID(), put.type, { colour: 'red', weights: [] });
    const waiting = read.waitForPosition(['shelf'], event.position, 10_000);
    log.append(event);
    expect(await waiting).toBe('reached');
    const far = { commit: event.position.commit + 5n, prepare: 0n };
    expect(await read.waitForPosition(['shelf'], far, 50)).toEqual({ projection: 'shelf', at: event.position });
    await worker.stop();
  });
});
