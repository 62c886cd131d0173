/** Old code and new code side by side, as in a rolling deployment, in processes of their own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { ask } from '../support/control.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { buildWorker } from '../support/worker-program.js';

const EVENTS = 20_000;
const WORKSPACE = '00000000-0000-4000-8000-000000000001';
const WAIT = { timeout: 60_000, interval: 20 };

let database: TestDatabase;
let folder: string;
let program: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(os.tmpdir(), 'teampulse-deployment-'));
  program = await buildWorker('versioned-worker', folder);
});
afterEach(async () => {
  for (const child of running.splice(0)) await end(child, 'SIGKILL');
  await database.sql('DELETE FROM control.builds');
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly notices: string[];
}

function start(version: number, pauseMs = 0): Started {
  const child = fork(program, [database.url, String(EVENTS), String(version), String(pauseMs)], { silent: true });
  const notices: string[] = [];
  child.stdout?.on('data', (data: Buffer) => notices.push(...data.toString().trim().split('\n')));
  child.stderr?.on('data', (data: Buffer) => notices.push(`error: ${data.toString()}`));
  running.push(child);
  return { child, notices };
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

const builds = async (): Promise<[number, string, number][]> => {
  const rows = await database.sql<{ version: number; state: string; events: string }>(
    `SELECT b.version, b.state, (SELECT sum(c.events) FROM control.checkpoints c WHERE c.build_id = b.id) AS events
     FROM control.builds b ORDER BY b.id`,
  );
  return rows.map(({ version, state, events }) => [version, state, Number(events)]);
};
const becomes = async (expected: unknown): Promise<void> =>
  vi.waitFor(async () => expect(await builds()).toEqual(expected), WAIT);

describe('a new version that is rolled out beside the old one', () => {
  it('builds beside it, goes on after kill -9 where it was, takes over by itself; the old one lets go; and it can be taken back', async () => {
    const old = start(1);
    await becomes([[1, 'live', EVENTS]]);

    const first = start(2, 30);
    await vi.waitFor(async () => expect((await builds())[1]?.[2]).toBeGreaterThan(1_000), WAIT);
    await end(first.child, 'SIGKILL');
    const [, half] = await builds();
    expect(half?.slice(0, 2)).toEqual([2, 'building']);
    expect(half?.[2]).toBeLessThan(EVENTS);
    // The old version serves whole meanwhile.
    expect(await database.sql('SELECT sum(seen)::int AS seen FROM read.counted')).toEqual([{ seen: EVENTS }]);

    const reads = new PostgresReadDatabase(database.apiUrl);
    const stop = new AbortController();
    const sums = new Set<number>();
    let longestMs = 0;
    const reading = (async () => {
      while (!stop.signal.aborted) {
        const begun = performance.now();
        const [row] = await reads.query<{ seen: number }>(WORKSPACE, 'SELECT sum(seen)::int AS seen FROM read.counted WHERE workspace_id = $1', [WORKSPACE]); // prettier-ignore
        longestMs = Math.max(longestMs, performance.now() - begun);
        sums.add(row?.seen ?? -1);
      }
    })();
    const second = start(2);
    await becomes([
      [1, 'retired', EVENTS],
      // Each event once, those before the kill included.
      [2, 'live', EVENTS],
    ]);
    stop.abort();
    await reading;
    await reads.close();
    // Neither an error nor a half-built model, whenever one asked.
    expect([...sums]).toEqual([EVENTS]);
    console.log(`the longest of the queries during the build and the exchange took ${Math.round(longestMs)} ms`);
    expect(await database.sql('SELECT DISTINCT since FROM read.counted')).toEqual([{ since: 2 }]);
    expect(old.child.exitCode).toBeNull();
    for (const { notices } of [old, second]) {
      expect(notices).not.toContain('stopped');
      expect(notices.filter((line) => line.startsWith('error'))).toEqual([]);
    }

    const writes = new PostgresWriteDatabase(database.url);
    expect(await ask(writes, 'rollback', 'counting')).toMatchObject({ accepted: true, version: 1 });
    await becomes([
      [1, 'live', EVENTS],
      [2, 'retired', EVENTS],
    ]);
    // New code that starts now does not take over again by itself, until it is told to.
    await end(second.child);
    const third = start(2);
    await vi.waitFor(() => expect(third.child.pid).toBeDefined());
    expect(await ask(writes, 'pause', 'counting')).toMatchObject({ accepted: true });
    expect((await builds()).map(([version, state]) => [version, state])).toEqual([[1, 'live'], [2, 'retired']]); // prettier-ignore
    await ask(writes, 'resume', 'counting');
    await vi.waitFor(async () => expect((await builds()).at(-1)).toEqual([2, 'live', EVENTS]), WAIT);
    await writes.close();
  }, 180_000);

  it('is dropped when it is aborted, and the old one serves on', async () => {
    start(1);
    await becomes([[1, 'live', EVENTS]]);
    const next = start(2, 30);
    await vi.waitFor(async () => expect((await builds())[1]?.[2]).toBeGreaterThan(1_000), WAIT);
    const writes = new PostgresWriteDatabase(database.url);
    expect(await ask(writes, 'abort', 'counting')).toMatchObject({ accepted: true });
    await vi.waitFor(async () => expect((await builds()).map(([version, state]) => [version, state])).toEqual([[1, 'live'], [2, 'dropped']]), WAIT); // prettier-ignore
    expect(
      await database.sql("SELECT nspname FROM pg_namespace JOIN control.builds ON nspname = 'build_' || id"),
    ).toHaveLength(1);
    expect(next.notices).not.toContain('stopped');
    expect(await ask(writes, 'abort', 'counting')).toMatchObject({ accepted: false });
    await writes.close();
  }, 120_000);
});
