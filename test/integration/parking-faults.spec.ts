/** Parked events when Postgres hangs up in the middle, and when workers are killed between parking and retry. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { outcomesOf, submitRequests } from '../../src/projections/engine/control-requests.js';
import { ProjectionWorker } from '../../src/projections/engine/projection-worker.js';
import { DatabaseError, type WriteSession } from '../../src/projections/ports/write-database.port.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { MemoryLog } from '../support/memory-log.js';
import { checkStreams, numbered, refusing, STREAMS, streams } from '../support/number-log.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { buildWorker } from '../support/worker-program.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await database.sql('DELETE FROM control.builds');
});
afterAll(async () => database.drop());

const parked = async (): Promise<unknown> =>
  database.sql('SELECT commit_position::int AS at, state, attempts FROM control.parked ORDER BY 1');

type Moment = 'before the commit' | 'after the commit';

/** Hangs up once, around the transaction that parks an event. */
class HangingUp extends PostgresWriteDatabase {
  times = 0;

  constructor(
    url: string,
    private readonly moment: Moment,
  ) {
    super(url);
  }

  override async transaction<T>(work: (session: WriteSession) => Promise<T>): Promise<T> {
    let parks = false;
    const lost = new DatabaseError('the connection was lost', 'ECONNRESET', true);
    const result = await super.transaction(async (session) => {
      const done = await work({
        query: async (statement) => {
          parks ||= statement.name === 'parked:insert' && this.times === 0;
          return session.query(statement);
        },
      });
      if (parks && this.moment === 'before the commit') throw (this.times++, lost);
      return done;
    });
    if (parks) throw (this.times++, lost);
    return result;
  }
}

describe('a batch that parks', () => {
  it.each<Moment>(['before the commit', 'after the commit'])(
    'and is delivered twice, because the connection is lost %s, leaves one row and its attempts',
    async (moment) => {
      const log = new MemoryLog();
      log.append(...Array.from({ length: 4 * STREAMS }, (_, n) => numbered(n)));
      const writes = new HangingUp(database.url, moment);
      const bad = STREAMS + 7;
      const projection = refusing(streams('sharded', 1), new Set([bad]));
      const worker = new ProjectionWorker({ log, database: writes, projections: [projection] });
      await worker.start();
      const head = await log.head();
      const isThere = head && (await worker.positions.waitFor(['sharded'], head, 20_000));
      await worker.stop();
      await writes.close();
      expect(isThere).toBe(true);
      expect(writes.times).toBe(1);
      expect(await parked()).toEqual([
        { at: bad, state: 'parked', attempts: 3 },
        { at: bad + STREAMS, state: 'behind', attempts: 0 },
        { at: bad + 2 * STREAMS, state: 'behind', attempts: 0 },
      ]);
      expect(await database.sql('SELECT sum(events)::int AS events FROM control.checkpoints')).toEqual([{ events: 4 * STREAMS - 3 }]); // prettier-ignore
      expect(await database.sql('SELECT count(*)::int AS n FROM read.sharded WHERE seen <> 4 OR wrong > 0')).toEqual([{ n: 1 }]); // prettier-ignore
    },
  );
});

describe('parked events of workers that are killed', () => {
  const folder = scratchFolder('parking-kill');
  let program: string;
  const [EVENTS, PER_SECOND] = [6_000, 2_000];
  /** In three streams, one twice; each has many behind it. */
  const BAD = [205, 310, 705, 999];
  let worker: ChildProcess | undefined;
  let writes: PostgresWriteDatabase;

  beforeAll(async () => {
    writes = new PostgresWriteDatabase(database.url);
    program = await buildWorker('number-worker', folder);
  });
  afterAll(async () => {
    worker?.kill('SIGKILL');
    await writes.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(began: number, bad: readonly number[]): Promise<void> {
    const args = [database.url, EVENTS, PER_SECOND, began, ...bad].map(String);
    worker = fork(program, args, { stdio: 'inherit' });
    await once(worker, 'message');
  }

  async function kill(): Promise<void> {
    if (!worker) return;
    const ended = once(worker, 'exit');
    worker.kill('SIGKILL');
    await ended;
  }

  const askForAll = async (): Promise<string> =>
    (await submitRequests(writes, [{ kind: 'retry-parked', projection: 'sharded', arguments: {}, requestedBy: 'cli:test' }]))[0] ?? ''; // prettier-ignore

  const settled = async (): Promise<void> => {
    const id = await askForAll();
    await vi.waitUntil(async () => (await outcomesOf(writes, [id])).has(id), { timeout: 20_000, interval: 10 });
    expect(await parked()).toEqual([]);
  };

  it('keep their order, and none is lost or applied twice, whenever between parking and retry the worker dies', async () => {
    const began = Date.now();
    await start(began, BAD);
    // In the midst of the log, with the first of them parked.
    await vi.waitFor(async () => expect(await database.sql("SELECT FROM control.parked WHERE state = 'parked'")).not.toEqual([]), { timeout: 20_000, interval: 5 }); // prettier-ignore
    await kill();
    await start(began, BAD);
    const isBehind = async (): Promise<void> =>
      expect(await database.sql('SELECT min(commit_position)::int AS at FROM control.checkpoints')).toEqual([{ at: EVENTS - 1 }]); // prettier-ignore
    await vi.waitFor(isBehind, { timeout: 60_000, interval: 50 });
    // 705 and 205 are of one stream: the later waits behind the earlier.
    expect(await database.sql("SELECT commit_position::int AS at FROM control.parked WHERE state = 'parked' ORDER BY 1")).toEqual([{ at: 205 }, { at: 310 }, { at: 999 }]); // prettier-ignore
    expect(await database.sql('SELECT count(*)::int AS n FROM read.sharded WHERE wrong > 0')).toEqual([{ n: 0 }]);
    await kill();
    // It is asked for while nobody is there, and whoever comes is killed as soon as anything of it is done; then again.
    for (const bad of [BAD, [], []]) {
      const id = await askForAll();
      await start(began, bad);
      const isBegun = async (): Promise<boolean> =>
        (await outcomesOf(writes, [id])).has(id) ||
        (await database.sql("SELECT FROM control.parked WHERE asked = 'trying'")).length > 0;
      await vi.waitUntil(isBegun, { timeout: 20_000, interval: 1 });
      await kill();
      const whole = 'SELECT count(*)::int AS n FROM read.sharded WHERE wrong > 0 OR seen <> revision + 1';
      expect(await database.sql(whole)).toEqual([{ n: 0 }]);
    }
    await start(began, []);
    await vi.waitFor(settled, { timeout: 30_000, interval: 200 });
    await checkStreams(async (text) => database.sql(text), 'sharded', EVENTS);
    await kill();
  }, 180_000);
});
