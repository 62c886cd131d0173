import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { buildWorker } from '../support/worker-program.js';

/** How often the worker is killed; each time at another moment of its work. */
const KILLS = 8;
const EVENTS = 20_000;

describe('a worker that is killed', () => {
  let database: TestDatabase;
  let folder: string;
  let program: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    // Beside the sources' own packages, or it would not find them.
    folder = await mkdtemp(path.join(os.tmpdir(), 'teampulse-kill-'));
    program = await buildWorker('counting-worker', folder);
  });
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (): ChildProcess => fork(program, [database.url, String(EVENTS)], { stdio: 'inherit' });
  const applied = async (): Promise<number> => {
    const [row] = await database
      .sql<{ events: string }>(`SELECT events FROM control.checkpoints`)
      .catch(() => [{ events: '0' }]);
    return Number(row?.events ?? 0);
  };

  it('leaves every event applied exactly once, whenever it happens', async () => {
    for (let kill = 1; kill <= KILLS; kill++) {
      const worker = start();
      const exited = once(worker, 'exit');
      const goal = Math.min((EVENTS / (KILLS + 1)) * kill, EVENTS - 1);
      await vi.waitFor(async () => expect(await applied()).toBeGreaterThanOrEqual(goal), {
        timeout: 20_000,
        interval: 3,
      });
      worker.kill('SIGKILL');
      await exited;
      const before = await applied();
      const [row] = await database.sql<{ sum: string }>('SELECT sum(seen)::int AS sum FROM read.counted');
      expect(Number(row?.sum)).toBe(before);
    }
    const worker = start();
    await vi.waitFor(async () => expect(await applied()).toBe(EVENTS), { timeout: 20_000, interval: 20 });
    worker.kill();
    await once(worker, 'exit');
    expect(await database.sql('SELECT min(seen) AS least, max(seen) AS most, sum(seen)::int AS all FROM read.counted')).toEqual([{ least: EVENTS / 100, most: EVENTS / 100, all: EVENTS }]); // prettier-ignore
    expect(await database.sql('SELECT sum(times)::int AS all FROM read.counted_parity')).toEqual([{ all: EVENTS }]);
  }, 120_000);
});
