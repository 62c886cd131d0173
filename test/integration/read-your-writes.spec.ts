/**
 * Who asks for a position sees it, or hears how far the read models are: with shares spread over worker processes, while these
 * are killed, frozen and replaced by newer code, while builds are exchanged, with shards that are not equally fast.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { ask } from '../support/control.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { lengthAt, positionOf, STREAMS, WORKSPACE, type Growth } from '../support/number-log.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { buildWorker } from '../support/worker-program.js';

const GROWTH = { events: 100_000, perSecond: 300 };
const WAIT = { timeout: 60_000, interval: 20 };
/** Each with connections of its own, as in APIs of their own. */
const READERS = 3;
/** Waits take 2 s at most; the rest is for a busy machine. */
const BOUND_MS = 4_000;
/** Longer than a lease. */
const FROZEN_MS = 4_000;

const folder = scratchFolder('writes');

let program: string;
let database: TestDatabase;
let writes: PostgresWriteDatabase;
let growth: Growth;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  program = await buildWorker('number-worker', folder);
});
beforeEach(async () => {
  database = await createTestDatabase();
  writes = new PostgresWriteDatabase(database.url);
  growth = { ...GROWTH, began: Date.now() };
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await writes.close();
  await database.drop();
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function start(version = 1): Promise<ChildProcess> {
  const { events, perSecond, began } = growth;
  const args = [database.url, ...[events, perSecond, began].map(String)];
  const env = { ...process.env, VERSION: String(version) };
  const child = fork(program, args, { stdio: 'inherit', env });
  children.add(child);
  child.once('exit', () => children.delete(child));
  await once(child, 'message');
  return child;
}

/** What has been written by now must be in the row of the last stream, and in the sums over all of them. */
const QUESTION = `SELECT s.seen, w.seen AS whole,
    (SELECT sum(times)::int FROM read.sharded_by_parity WHERE workspace_id = $1) AS all_sharded,
    (SELECT sum(times)::int FROM read.whole_by_last_digit WHERE workspace_id = $1) AS all_whole
  FROM read.sharded s JOIN read.whole w ON w.workspace_id = s.workspace_id AND w.id = s.id
  WHERE s.workspace_id = $1 AND s.id = $2`;
interface Seen {
  readonly seen: number;
  readonly whole: number;
  readonly all_sharded: number;
  readonly all_whole: number;
}

class Readers {
  answers = 0;
  stale = 0;
  longestMs = 0;
  readonly wrong: unknown[] = [];
  private readonly stopped = new AbortController();
  private readonly reading = Promise.all(Array.from({ length: READERS }, async () => this.read()));

  /** What answers lacked, and errors; waiting too long is one. */
  async stop(): Promise<readonly unknown[]> {
    this.stopped.abort();
    await this.reading;
    const longest = `the longest took ${Math.round(this.longestMs)} ms`;
    console.log(`${this.answers} answers and ${this.stale} times "not yet", ${longest}`);
    return this.longestMs < BOUND_MS ? this.wrong : [...this.wrong, longest];
  }

  private async read(): Promise<void> {
    const reads = new PostgresReadDatabase(database.apiUrl);
    while (!this.stopped.signal.aborted) {
      const begun = performance.now();
      await this.ask(reads, lengthAt(growth) - 1).catch((error: unknown) => this.wrong.push(error));
      this.longestMs = Math.max(this.longestMs, performance.now() - begun);
    }
    await reads.close();
  }

  private async ask(reads: PostgresReadDatabase, last: number): Promise<void> {
    if (last < STREAMS) return delay(10);
    const outcome = await reads.waitForPosition(['sharded', 'whole'], positionOf(last));
    if (outcome !== 'reached') {
      this.stale += 1;
      if (outcome.at && outcome.at.commit >= BigInt(last)) this.wrong.push({ last, outcome });
      return;
    }
    const stream = `00000000-0000-4000-8000-${String(last % STREAMS).padStart(12, '0')}`;
    const [row] = await reads.query<Seen>(WORKSPACE, QUESTION, [WORKSPACE, stream]);
    const owed = Math.floor(last / STREAMS) + 1;
    const isThere = row && row.seen >= owed && row.whole >= owed && row.all_sharded > last && row.all_whole > last;
    if (isThere) this.answers += 1;
    else this.wrong.push({ last, owed, row });
  }

  /** So many more answers. */
  async answered(count: number): Promise<void> {
    const goal = this.answers + count;
    await vi.waitUntil(() => this.answers >= goal || this.wrong.length > 0, WAIT);
  }
}

const liveBuild = async (projection: string): Promise<{ id: string; version: number; shards: number } | undefined> =>
  (await database.sql<{ id: string; version: number; shards: number }>("SELECT id, version, shards FROM control.builds WHERE projection = $1 AND state = 'live'", [projection]))[0]; // prettier-ignore

async function rebuilt(projection: string): Promise<void> {
  const before = await liveBuild(projection);
  expect(await ask(writes, 'rebuild', projection)).toMatchObject({ accepted: true });
  await vi.waitUntil(async () => (await liveBuild(projection))?.id !== before?.id, WAIT);
}

const owners = async (): Promise<number> =>
  (await database.sql<{ n: number }>("SELECT count(DISTINCT owner)::int AS n FROM control.checkpoints JOIN control.builds b ON b.id = build_id WHERE b.state = 'live'"))[0]?.n ?? 0; // prettier-ignore

describe('who asks for a position that has been written', () => {
  it('sees it, with shards on three workers, while they are killed and frozen', async () => {
    const [first, second] = [await start(), await start(), await start()];
    await vi.waitUntil(async () => (await owners()) === 3, WAIT);
    const readers = new Readers();
    await readers.answered(100);
    first.kill('SIGKILL');
    await readers.answered(100);
    second.kill('SIGSTOP');
    await delay(FROZEN_MS);
    second.kill('SIGCONT');
    await start();
    await readers.answered(100);
    expect(await owners()).toBe(3);
    expect(await readers.stop()).toEqual([]);
  }, 120_000);

  it('sees it while builds are made and exchanged', async () => {
    await Promise.all([start(), start()]);
    const readers = new Readers();
    await readers.answered(100);
    for (const projection of ['sharded', 'whole', 'sharded']) await rebuilt(projection);
    await Promise.all(['sharded', 'whole'].map(rebuilt));
    await readers.answered(100);
    expect(await readers.stop()).toEqual([]);
  }, 120_000);

  it('sees it while newer code, with another number of shards, takes over from old code', async () => {
    const old = await Promise.all([start(), start()]);
    const readers = new Readers();
    await readers.answered(100);
    await start(2);
    await vi.waitUntil(async () => (await liveBuild('sharded'))?.version === 2, WAIT);
    await readers.answered(100);
    for (const child of old) child.kill('SIGTERM');
    await readers.answered(100);
    expect(await liveBuild('sharded')).toMatchObject({ version: 2, shards: 5 });
    expect(await readers.stop()).toEqual([]);
  }, 120_000);
});

describe('what is told of a build that serves no more', () => {
  it('counts for nothing: a worker of the old code goes on telling until it has heard of the exchange', async () => {
    const reads = new PostgresReadDatabase(database.apiUrl);
    const reached = async (n: number): Promise<boolean> =>
      (await reads.waitForPosition(['versioned'], positionOf(n), 300)) === 'reached';
    const add = async (version: number, state: string): Promise<string> => {
      const [made] = await database.sql<{ id: string }>(
        `WITH made AS (INSERT INTO control.builds (projection, version, state) VALUES ('versioned', $1, $2) RETURNING id)
         INSERT INTO control.checkpoints (build_id, commit_position, prepare_position) SELECT id, 10, 10 FROM made RETURNING build_id AS id`,
        [version, state],
      );
      return made?.id ?? '';
    };
    const tell = async (id: string, n: number): Promise<unknown> =>
      database.sql('SELECT pg_notify($1, $2)', ['projection_positions', JSON.stringify([['versioned', id, 1, 0, String(n), String(n)]])]); // prettier-ignore

    const [old, next] = [await add(1, 'live'), await add(2, 'building')];
    expect(await reached(10)).toBe(true);
    expect(await reached(20)).toBe(false);
    // The log had nothing for it, which is told and not stored.
    await tell(old, 20);
    expect(await reached(20)).toBe(true);
    await database.sql("UPDATE control.builds SET state = CASE version WHEN 1 THEN 'retired' ELSE 'live' END");
    // As the exchange does: from now on the new one is asked for, which takes more of the log and is at 10.
    await tell(next, 10);
    await vi.waitUntil(async () => !(await reached(20)), WAIT);
    await tell(old, 30);
    expect(await reached(30)).toBe(false);
    expect(await reached(20)).toBe(false);
    await tell(next, 30);
    expect(await reached(30)).toBe(true);
    await reads.close();
  });
});
