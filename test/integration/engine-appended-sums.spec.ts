import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { CheckpointLost, listBuilds, recordLoaded, type Build } from '../../src/projections/engine/build-registry.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { defineEntity } from '../../src/projections/engine/projection.js';
import { ask } from '../support/control.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { MemoryLog } from '../support/memory-log.js';

const counted = defineEvent('stock.Counted', z.object({ shelf: z.string(), items: z.int() }));
const cleared = defineEvent('stock.Cleared', z.object({}));

type Stock = { readonly id: string; readonly shelf: string; readonly items: number };

const idOf = (event: RecordedEvent): string => event.streamName.slice('stock-'.length);

const stock = defineEntity<Stock>()({
  name: 'stock',
  version: 1,
  shards: 2,
  events: [counted, cleared] as const,
  category: 'stock',
  table: {
    name: 'stock',
    columns: { id: 'uuid', shelf: 'text', items: 'bigint' },
    key: ['id'],
    indexes: ['(workspace_id, shelf)'],
  },
  key: (event) => ({ id: idOf(event) }),
  evolve: (_, event) => (event.type === 'stock.Cleared' ? undefined : { id: idOf(event), ...event.data }),
  rollups: [
    {
      name: 'stock_by_shelf',
      columns: { shelf: 'text', stocks: 'bigint', items: 'numeric' },
      key: ['shelf'],
      measures: ['stocks', 'items'],
      contributions: ({ shelf, items }) => [{ shelf, stocks: 1, items: BigInt(items) }],
    },
  ],
});

const workspaces = [randomUUID(), randomUUID()];
const ids = Array.from({ length: 300 }, () => randomUUID());
/** More than several batches, so that most sums are appended several times. */
const EVENTS = 9_000;

/** The n-th: most stocks are counted again and again on changing shelves, some cleared; a shelf may end up with nothing. */
function recorded(n: number): RecordedEvent {
  const id = ids[(n * 7_919) % ids.length] ?? '';
  const isCleared = n % 5 === 4;
  const position = { commit: BigInt(n + 1), prepare: BigInt(n + 1) };
  return {
    id: randomUUID(),
    streamName: `stock-${id}`,
    revision: Math.floor(n / ids.length),
    position,
    type: isCleared ? cleared.type : counted.type,
    data: isCleared ? {} : { shelf: `shelf ${(n * 31) % 57}`, items: (n * 13) % 97 },
    recordedAt: '2026-03-01T10:00:00.000Z',
    metadata: {
      workspaceId: workspaces[Number(id < '8')] ?? '',
      actor: { kind: 'system', id: 'test' },
      commandId: randomUUID(),
      $correlationId: randomUUID(),
      $causationId: randomUUID(),
      schemaVersion: 1,
      occurredAt: '2026-03-01T10:00:00.000Z',
    },
  };
}

describe('sums of a build that nobody reads yet', () => {
  let database: TestDatabase;
  let writes: PostgresWriteDatabase;
  let log: MemoryLog;
  let worker: ProjectionWorker;

  beforeAll(async () => {
    database = await createTestDatabase();
    writes = new PostgresWriteDatabase(database.url);
    log = new MemoryLog();
    log.append(...Array.from({ length: EVENTS }, (_, n) => recorded(n)));
    await start();
  });
  afterAll(async () => {
    await worker.stop();
    await writes.close();
    await database.drop();
  });

  async function start(): Promise<void> {
    worker = new ProjectionWorker({ log, database: writes, projections: [stock] });
    await worker.start();
    await caughtUp();
  }
  async function caughtUp(): Promise<void> {
    const head = await log.head();
    expect(head && (await worker.positions.waitFor(['stock'], head, 15_000))).toBe(true);
  }
  const sums = async (): Promise<unknown> => database.sql('SELECT * FROM read.stock_by_shelf ORDER BY 1, 2');
  const summedUp = async (): Promise<unknown> =>
    database.sql(`SELECT workspace_id, shelf, count(*) AS stocks, sum(items) AS items FROM read.stock
      GROUP BY workspace_id, shelf ORDER BY 1, 2`);
  async function build(id: unknown): Promise<Build> {
    const found = (await listBuilds(writes)).find((one) => one.id === id);
    if (!found) throw new Error('the build is gone');
    return found;
  }
  const serves = async (id: unknown): Promise<void> =>
    vi.waitFor(async () => expect((await build(id)).state).toBe('live'), 20_000);
  const rowsOf = async (id: unknown): Promise<{ rows: number; keys: number }> => {
    const [row] = await database.sql<{ rows: number; keys: number }>(
      `SELECT count(*)::int AS rows, count(DISTINCT (workspace_id, shelf))::int AS keys FROM build_${String(id)}.stock_by_shelf`,
    );
    return row ?? { rows: 0, keys: 0 };
  };

  it('are appended while it loads, and added up before it serves, whoever dies in between', async () => {
    // Whoever adds up waits for this lock.
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    const { build: id } = await ask(writes, 'rebuild', 'stock');
    try {
      await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 2))', [`build_${String(id)}."stock_by_shelf"`]);
      await vi.waitFor(async () => {
        expect((await build(id)).shares.map(({ loaded }) => loaded)).toEqual([true, true]);
      }, 20_000);
      const { rows, keys } = await rowsOf(id);
      expect(rows).toBeGreaterThan(keys);
      // What comes now waits until they are added up.
      log.append(recorded(EVENTS), recorded(EVENTS + 1));
      await caughtUp();
      expect(await rowsOf(id)).toEqual({ rows, keys });
      await database.sql(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
    } finally {
      await holder.end();
    }
    await serves(id);
    const served = await rowsOf(id);
    expect(served.rows).toBe(served.keys);
    expect(await sums()).toEqual(await summedUp());
  });

  it('are added to once it serves, and are not added up again by a leader who finds it done', async () => {
    const { build: id } = await ask(writes, 'rebuild', 'stock');
    await serves(id);
    await worker.stop();
    // As when the leader died after adding up, before he could say so.
    await database.sql('UPDATE control.builds SET indexed = false WHERE id = $1', [id]);
    log.append(...Array.from({ length: 50 }, (_, i) => recorded(EVENTS + 100 + i)));
    await start();
    await vi.waitFor(async () => expect((await build(id)).indexed).toBe(true), 20_000);
    expect(await sums()).toEqual(await summedUp());
  });

  it('are not taken for complete on the word of a worker that has lost its share', async () => {
    const live = (await listBuilds(writes)).find(({ state }) => state === 'live');
    const before = { buildId: live?.id ?? '', shard: 0, epoch: (live?.shares[0]?.epoch ?? 0n) - 1n };
    await expect(recordLoaded(writes, before)).rejects.toThrow(CheckpointLost);
  });
});
