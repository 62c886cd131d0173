/** `verify` of a build that is divided into shards, and of one that goes without some events. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { formatPosition } from '../../src/domain/shared/position.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import type { Projection } from '../../src/projections/engine/projection.js';
import { isVerified, verify, type Verification } from '../../src/projections/engine/verify.js';
import { ask } from '../support/control.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { MemoryLog } from '../support/memory-log.js';
import { numbered, positionOf, refusing, STREAMS, streams } from '../support/number-log.js';

const SHARDS = 4;
const EACH = 10;
const type = 'number.Counted';

let database: TestDatabase;
let writes: PostgresWriteDatabase;
let log: MemoryLog;
let worker: ProjectionWorker | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  writes = new PostgresWriteDatabase(database.url);
});
beforeEach(() => {
  log = new MemoryLog();
  log.append(...Array.from({ length: STREAMS * EACH }, (_, n) => numbered(n)));
});
afterEach(async () => {
  await worker?.stop();
  await database.sql('DELETE FROM control.builds');
});
afterAll(async () => {
  await writes.close();
  await database.drop();
});

async function start(projection: Projection): Promise<void> {
  await worker?.stop();
  worker = new ProjectionWorker({ log, database: writes, projections: [projection] });
  await worker.start();
  const head = await log.head();
  if (head && !(await worker.positions.waitFor(['sharded'], head, 15_000))) throw new Error('the worker is too slow');
}

async function look(projection: Projection = streams('sharded', SHARDS)): Promise<Verification> {
  const parts = { log, database: writes, signal: new AbortController().signal, showValues: false };
  const [result] = await verify(parts, [projection]);
  if (!result || !isVerified(result)) throw new Error(`not verified: ${result?.reason ?? ''}`);
  return result;
}

const at = (n: number): string => formatPosition(positionOf(n));

const schema = async (): Promise<string> =>
  (await database.sql<{ name: string }>("SELECT 'build_' || id AS name FROM control.builds WHERE state = 'live'"))[0]?.name ?? ''; // prettier-ignore

describe('verify of a build of several shards', () => {
  it('checks each up to its own checkpoint, and finds nothing, also while two workers move them on', async () => {
    await start(streams('sharded', SHARDS));
    const other = new ProjectionWorker({ log, database: writes, projections: [streams('sharded', SHARDS)] });
    await other.start();
    await vi.waitFor(async () => expect(await database.sql('SELECT count(DISTINCT owner)::int AS n FROM control.checkpoints')).toEqual([{ n: 2 }]), 10_000); // prettier-ignore
    const over = new AbortController();
    const writing = (async () => {
      for (let n = STREAMS * EACH; !over.signal.aborted; n++) {
        log.append(numbered(n));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    try {
      for (let i = 0; i < 3; i++) {
        const result = await look();
        expect(result).toMatchObject({ equal: true, leftOut: [] });
        expect(result.positions).toHaveLength(SHARDS);
        expect(result.tables.map(({ table, rows }) => [table, rows])).toEqual([['sharded', STREAMS], ['sharded_by_parity', 2], ['sharded_by_last_digit', 10]]); // prettier-ignore
      }
    } finally {
      over.abort();
      await writing;
      await other.stop();
    }
  });

  it('finds what one of them skipped, though the others are in order', async () => {
    await start(streams('sharded', SHARDS));
    await worker?.stop();
    worker = undefined;
    log.append(...Array.from({ length: STREAMS }, (_, n) => numbered(STREAMS * EACH + n)));
    const head = String((await log.head())?.commit);
    await database.sql('UPDATE control.checkpoints SET commit_position = $1, prepare_position = $1 WHERE shard = 2', [head]); // prettier-ignore
    const [own] = await database.sql<{ streams: number }>(`SELECT count(*)::int AS streams FROM ${await schema()}.sharded`); // prettier-ignore
    expect(own?.streams).toBe(STREAMS);
    const { equal, counts, tables } = await look();
    expect(equal).toBe(false);
    const [count] = counts;
    const skipped = (count?.log ?? 0) - (count?.applied ?? 0);
    expect(skipped).toBeGreaterThan(0);
    expect(skipped).toBeLessThan(STREAMS);
    expect(tables[0]).toMatchObject({ different: skipped, missing: 0, unexpected: 0, first: { columns: [{ name: 'seen', live: '10', log: '11' }, { name: 'revision' }] } }); // prettier-ignore
  });

  it('finds a sum that one of them added twice', async () => {
    await start(streams('sharded', SHARDS));
    await database.sql(`UPDATE ${await schema()}.sharded_by_parity SET times = times + 1 WHERE parity = 0`);
    expect(await look()).toMatchObject({ equal: false, tables: [{ different: 0 }, { table: 'sharded_by_parity', different: 1 }, { different: 0 }] }); // prettier-ignore
  });
});

describe('verify of a build that goes without some events', () => {
  /** Of two streams, the third event each: 7 come behind it. */
  const [parked, discarded] = [2 * STREAMS + 5, 2 * STREAMS + 10];
  const bad = refusing(streams('sharded', SHARDS), new Set([parked, discarded]));

  beforeEach(async () => {
    await start(bad);
    const outcome = await ask(writes, 'discard-parked', 'sharded', { at: at(discarded), because: 'a test' });
    if (!outcome.accepted) throw new Error(outcome.message);
    const counts = 'SELECT state, count(*)::int AS n FROM control.parked GROUP BY 1 ORDER BY 1';
    const wanted = [{ state: 'behind', n: 7 }, { state: 'discarded', n: 1 }, { state: 'parked', n: 1 }]; // prettier-ignore
    await vi.waitUntil(async () => JSON.stringify(await database.sql(counts)) === JSON.stringify(wanted), 10_000);
  });

  it('counts and names them, and they are no difference', async () => {
    expect(await look(bad)).toMatchObject({
      equal: true,
      counts: [{ type, log: 1_000, applied: 991, parked: 8, discarded: 1 }],
      leftOut: [
        { position: at(parked), type, state: 'parked' },
        { position: at(discarded), type, state: 'discarded' },
      ],
      tables: [{ different: 0, missing: 0, unexpected: 0 }, {}, {}],
    });
  });

  it('finds nothing else either with code that could apply them: what is left out is left out of both', async () => {
    expect(await look()).toMatchObject({ equal: true, counts: [{ applied: 991, parked: 8, discarded: 1 }] });
  });

  it('finds an event that is neither applied, parked nor discarded', async () => {
    await worker?.stop();
    worker = undefined;
    await database.sql("DELETE FROM control.parked WHERE state = 'discarded'");
    const { equal, counts, tables } = await look(streams('sharded', SHARDS));
    expect(equal).toBe(false);
    expect(counts).toEqual([{ type, log: 1_000, applied: 991, parked: 8, discarded: 0 }]);
    expect(tables[0]).toMatchObject({ different: 1 });
  });

  it('finds a parked event that was applied nevertheless', async () => {
    await worker?.stop();
    worker = undefined;
    await database.sql(`UPDATE control.applied_counts SET events = events + 1 WHERE (build_id, shard) IN (SELECT build_id, shard FROM control.parked WHERE state = 'parked')`); // prettier-ignore
    expect(await look(bad)).toMatchObject({ equal: false, counts: [{ applied: 992, parked: 8, discarded: 1 }] });
  });
});
