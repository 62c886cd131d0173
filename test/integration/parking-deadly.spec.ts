import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { build } from 'vite';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** How often it may take to find out: once to learn that something is wrong, and the attempts that the event has. */
const MOST_DEATHS = 4;

describe('a handler that takes the process with it', () => {
  let database: TestDatabase;
  let folder: string;
  let program: string;
  let worker: ChildProcess | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(os.tmpdir(), 'teampulse-deadly-'));
    program = path.join(folder, 'worker.js');
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
    await build({
      logLevel: 'silent',
      configFile: false,
      build: {
        ssr: true,
        outDir: folder,
        rolldownOptions: {
          input: {
            worker: new URL('../support/deadly-worker.ts', import.meta.url).pathname,
            'loop-watchdog.thread': new URL('../../src/cli/worker/loop-watchdog.thread.ts', import.meta.url).pathname,
          },
          output: { entryFileNames: '[name].js' },
        },
      },
      ssr: { noExternal: true },
    });
  });
  afterEach(async () => {
    worker?.kill('SIGKILL');
    await database.sql('DELETE FROM control.builds');
  });
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (how: string): ChildProcess =>
    (worker = fork(program, [database.url, how], { stdio: 'ignore', execArgv: ['--max-old-space-size=96'] }));

  const applied = async (): Promise<number> => {
    const [row] = await database.sql<{ events: string }>('SELECT sum(events) AS events FROM control.checkpoints');
    return Number(row?.events ?? 0);
  };

  const begun = async (death: number): Promise<void> => {
    const [row] = await database.sql<{ starts: number; attempts: number; at: string }>(
      'SELECT starts, attempts, commit_position AS at FROM control.attempts',
    );
    // The first has only its start to show; those after it are at the event.
    expect(row).toMatchObject(death === 0 ? { starts: 1 } : { attempts: death, at: '340' });
  };

  /** @param withinMs deaths and all */
  async function expectItParked(withinMs = 20_000): Promise<void> {
    await vi.waitFor(async () => expect(await applied()).toBe(54), { timeout: withinMs, interval: 20 });
    expect(await database.sql('SELECT state, attempts, reason, count(*)::int AS events FROM control.parked GROUP BY 1, 2, 3 ORDER BY 1')).toEqual([
      { state: 'behind', attempts: 0, reason: null, events: 5 },
      { state: 'parked', attempts: 3, reason: 'it ended the process 3 times', events: 1 },
    ]); // prettier-ignore
    expect(await database.sql("SELECT page, json_array_length(lines) AS lines FROM read.pages ORDER BY page")).toEqual([
      { page: 'p0', lines: 12 },
      { page: 'p1', lines: 12 },
      { page: 'p2', lines: 12 },
      // l3 … l28, and behind the deadly one none.
      { page: 'p3', lines: 6 },
      { page: 'p4', lines: 12 },
    ]); // prettier-ignore
  }

  it.each(['exit', 'memory'])(
    'by %s is found out after a few deaths, and its event parked',
    async (how) => {
      let deaths = 0;
      for (; deaths <= MOST_DEATHS; deaths++) {
        const exited = once(start(how), 'exit');
        const died = await Promise.race([exited.then(() => true), vi.waitFor(async () => expect(await database.sql("SELECT FROM control.parked WHERE state = 'parked'")).toHaveLength(1), 30_000).then(() => false)]); // prettier-ignore
        if (!died) break;
      }
      expect(deaths).toBe(MOST_DEATHS);
      await expectItParked();
    },
    120_000,
  );

  it('by a loop without end is ended by its watchdog, which names the event, whoever takes it over, and the event is parked', async () => {
    const said: string[] = [];
    const over = new AbortController();
    let deaths = 0;
    /** One of two that share the work, started again each time it ends. */
    const keepRunning = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const child = fork(program, [database.url, 'loop', 'watched'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
        running.add(child);
        child.stderr?.on('data', (data: Buffer) => said.push(...data.toString().trim().split('\n')));
        const [, signal] = await once(child, 'exit');
        running.delete(child);
        if (over.signal.aborted) return;
        expect(signal).toBe('SIGKILL');
        deaths++;
      }
    };
    const running = new Set<ChildProcess>();
    const both = Promise.all([keepRunning(), keepRunning()]);
    try {
      await Promise.race([expectItParked(60_000), both]);
    } finally {
      over.abort();
      for (const child of running) child.kill('SIGKILL');
      await both;
    }
    expect(deaths).toBe(MOST_DEATHS);
    expect(said.map((line): unknown => JSON.parse(line))).toEqual(
      Array.from({ length: MOST_DEATHS }, () => expect.objectContaining({ level: 'fatal', projection: 'pages', position: '340/340', msg: expect.stringMatching(/^a handler has not returned for 2 s: /) as string })), // prettier-ignore
    );
  }, 120_000);

  it('is not looked for in a worker that was frozen for longer than a handler may take', async () => {
    const frozen = fork(program, [database.url, 'none', 'watched'], { stdio: 'ignore' });
    worker = frozen;
    await vi.waitFor(async () => expect(await applied()).toBe(60), { timeout: 20_000, interval: 20 });
    frozen.kill('SIGSTOP');
    await delay(4_000);
    frozen.kill('SIGCONT');
    // It has beaten since, and so has its watchdog.
    const beats = async (): Promise<unknown> => database.sql('SELECT FROM control.workers WHERE pid = $1 AND lease_until > now()', [frozen.pid]); // prettier-ignore
    await vi.waitFor(async () => expect(await beats()).toHaveLength(1), { timeout: 20_000, interval: 20 });
    await delay(1_000);
    expect([frozen.exitCode, frozen.signalCode]).toEqual([null, null]);
  }, 60_000);

  it('by a loop without end is found out when its workers are ended by others, and its event parked', async () => {
    for (let death = 0; death < MOST_DEATHS; death++) {
      const exited = once(start('loop'), 'exit');
      await vi.waitFor(async () => begun(death), { timeout: 20_000, interval: 20 });
      worker?.kill('SIGKILL');
      await exited;
    }
    start('loop');
    await expectItParked();
  }, 120_000);
});
