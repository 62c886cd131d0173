import { createHash, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { buildAsOf, dropAsOf, listAsOf, type AsOfBuild } from '../../src/projections/engine/as-of-builds.js';
import { listBuilds } from '../../src/projections/engine/build-registry.js';
import { defineEntity, type Projection } from '../../src/projections/engine/projection.js';
import { SETTLES_MS, type AsOf } from '../../src/projections/ports/as-of.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { MemoryLog } from '../support/memory-log.js';

const poured = defineEvent('barrel.Poured', z.object({ litres: z.int() }));

type Barrel = { readonly id: string; readonly litres: number };

const barrels = (version = 1): Projection =>
  defineEntity<Barrel>()({
    name: 'barrels',
    version,
    events: [poured] as const,
    category: 'barrel',
    table: { name: 'barrels', columns: { id: 'uuid', litres: 'int', ...(version > 1 && { more: 'int' }) }, key: ['id'], indexes: ['(workspace_id, litres)'] },
    key: (event) => ({ id: event.streamName.slice('barrel-'.length) }),
    evolve: (row, event) => ({
      id: event.streamName.slice('barrel-'.length),
      litres: (row?.litres ?? 0) + event.data.litres,
      ...(version > 1 && { more: 1 }),
    }),
    rollups: [
      {
        name: 'barrels_total',
        columns: { day: 'date', litres: 'bigint' },
        key: ['day'],
        measures: ['litres'],
        contributions: ({ litres }) => [{ day: '2026-03-01', litres: BigInt(litres) }],
      },
    ],
  }); // prettier-ignore

const workspaceId = randomUUID();
const ids = Array.from({ length: 10 }, () => randomUUID());
const START = Date.parse('2026-03-01T00:00:00.000Z');

/** One event a second, of one barrel after the other. */
function recorded(n: number): RecordedEvent {
  return {
    id: randomUUID(),
    streamName: `barrel-${ids[n % ids.length] ?? ''}`,
    revision: Math.floor(n / ids.length),
    position: { commit: BigInt(n * 10 + 5), prepare: BigInt(n * 10 + 5) },
    type: n % 50 === 49 ? 'cellar.Opened' : poured.type,
    data: { litres: (n % 9) + 1 },
    recordedAt: new Date(START + n * 1_000).toISOString(),
    metadata: {
      workspaceId,
      actor: { kind: 'system', id: 'test' },
      commandId: randomUUID(),
      $correlationId: randomUUID(),
      $causationId: randomUUID(),
      schemaVersion: 1,
      // Long ago, as imports say: not what is asked for.
      occurredAt: '2020-01-01T00:00:00.000Z',
    },
  };
}

const at = (n: number, ms = 0): AsOf => ({ recordedAt: new Date(START + n * 1_000 + ms).toISOString() });

describe('a build as of then', () => {
  let database: TestDatabase;
  let writes: PostgresWriteDatabase;
  let log: MemoryLog;

  beforeAll(async () => {
    database = await createTestDatabase();
    writes = new PostgresWriteDatabase(database.url);
  });
  beforeEach(() => {
    log = new MemoryLog();
    log.append(...Array.from({ length: 1_000 }, (_, n) => recorded(n)));
  });
  afterEach(async () => {
    for (const { asOf } of await listAsOf(writes)) await dropAsOf(writes, 'barrels', asOf);
  });
  afterAll(async () => {
    await writes.close();
    await database.drop();
  });

  async function build(asOf: AsOf, version = 1, signal = new AbortController().signal, by: MemoryLog = log): Promise<AsOfBuild> {
    const [made] = await buildAsOf({ log: by, database: writes, signal }, [barrels(version)], asOf);
    if (!made) throw new Error('nothing was built');
    return made;
  } // prettier-ignore

  async function hashOf({ id }: AsOfBuild): Promise<string> {
    const hash = createHash('sha256');
    for (const table of ['barrels', 'barrels_total']) {
      for (const row of await database.sql(`SELECT * FROM build_${id}.${table} ORDER BY 1, 2`)) hash.update(JSON.stringify(row)); // prettier-ignore
    }
    return hash.digest('hex');
  }

  const litres = async ({ id }: AsOfBuild): Promise<number> => {
    const [row] = await database.sql<{ litres: string }>(`SELECT sum(litres) AS litres FROM build_${id}.barrels`);
    return Number(row?.litres);
  };
  const pouredBy = (until: number): number =>
    log.events.slice(0, until).reduce((sum, { type, data }) => sum + (type === poured.type ? (data as { litres: number }).litres : 0), 0); // prettier-ignore

  it('has what was recorded by that instant, to the millisecond, and nothing later', async () => {
    expect(await litres(await build(at(299, -1)))).toBe(pouredBy(299));
    expect(await litres(await build(at(300)))).toBe(pouredBy(301));
  });

  it('has what stands up to that position, which is included and need not be an event of its own', async () => {
    expect(await litres(await build({ position: { commit: 3_005n, prepare: 3_005n } }))).toBe(pouredBy(301));
    expect(await litres(await build({ position: { commit: 3_499n, prepare: 3_499n } }))).toBe(pouredBy(350));
  });

  it('is the same when it is built again, also after more has happened', async () => {
    const before = await hashOf(await build(at(700)));
    await dropAsOf(writes, 'barrels', at(700));
    log.append(...Array.from({ length: 500 }, (_, n) => recorded(1_000 + n)));
    expect(await hashOf(await build(at(700)))).toBe(before);
    expect(await hashOf(await build({ position: { commit: 7_005n, prepare: 7_005n } }))).toBe(before);
  });

  it('does not change what serves, nor does any worker take it up', async () => {
    await build(at(10));
    expect(await listBuilds(writes)).toEqual([]);
    expect(await database.sql("SELECT FROM pg_views WHERE schemaname = 'read' AND viewname LIKE 'barrels%'")).toEqual([]); // prettier-ignore
  });

  it('goes on where it was stopped', async () => {
    const stop = new AbortController();
    const slow = new MemoryLog();
    slow.append(...log.events.slice(0, 400));
    const half = buildAsOf({ log: slow, database: writes, signal: stop.signal, progress: () => stop.abort() }, [barrels()], at(399)); // prettier-ignore
    await expect(half).rejects.toThrow('aborted');
    const [left] = await listAsOf(writes);
    expect(left).toMatchObject({ done: false });
    expect(left?.position).toBeDefined();
    const made = await build(at(399));
    expect(made).toMatchObject({ id: left?.id, done: true });
    expect(await litres(made)).toBe(pouredBy(400));
  });

  it('is kept, listed and dropped by what it was asked for', async () => {
    const first = await build(at(100));
    expect((await build(at(100))).id).toBe(first.id);
    const position = { commit: 505n, prepare: 505n };
    await build({ position });
    expect((await listAsOf(writes)).map(({ asOf, done }) => ({ asOf, done }))).toEqual([
      { asOf: at(100), done: true },
      { asOf: { position }, done: true },
    ]);
    expect(await dropAsOf(writes, 'barrels', at(100))).toBe(1);
    expect(await dropAsOf(writes, 'barrels', at(100))).toBe(0);
    expect(await database.sql('SELECT FROM pg_namespace WHERE nspname = $1', [`build_${first.id}`])).toEqual([]);
  });

  it('is made anew by another version of the projection', async () => {
    const old = await build(at(100));
    const made = await build(at(100), 2);
    expect(made).toMatchObject({ version: 2, done: true });
    expect(made.id).not.toBe(old.id);
    expect(await listAsOf(writes)).toHaveLength(1);
  });

  it('is refused for what is not over yet', async () => {
    await expect(build({ recordedAt: new Date(Date.now() + 60_000).toISOString() })).rejects.toThrow('in the future');
    await expect(build({ position: { commit: 10_000_000n, prepare: 10_000_000n } })).rejects.toThrow('in the future');
  });

  it('waits until what is on its way to the log has arrived', async () => {
    const now = Date.now();
    await build({ recordedAt: new Date(now).toISOString() });
    expect(Date.now() - now).toBeGreaterThanOrEqual(SETTLES_MS - 50);
  });

  it('keeps no more than can be looked after', async () => {
    for (let n = 1; n <= 10; n++) await build(at(n));
    await expect(build(at(11))).rejects.toThrow('drop one first');
  });
});
