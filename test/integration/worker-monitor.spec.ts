/** Watching a worker: its health, its figures, and what the command line says of read models that nobody moves on. */
import { Client } from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { startSilentProxy, type SilentProxy } from '../support/silent-proxy.js';
import { teampulse, TeampulseProcess } from '../support/teampulse-process.js';
import { createTestWorkspace } from '../support/workspace.js';

/** Red within this time after the log fell silent, whatever the machine does besides. */
const SOON_MS = 30_000;

let store: TestEventStore;
let database: TestDatabase;
let proxy: SilentProxy;
let worker: TeampulseProcess;
let address: string;

const environment = (options = ''): Record<string, string> => ({
  DATABASE_URL: database.url,
  EVENTSTORE_URL: `esdb://127.0.0.1:${proxy.port}?tls=false${options}`,
});
const newWorkspace = async (): Promise<void> => createTestWorkspace(store.connectionString, v7());
const startWorker = async (options = ''): Promise<void> => {
  worker = new TeampulseProcess(['worker'], environment(options));
  [address] = (await worker.says(/http:\S+/)) as unknown as [string];
};

interface Health {
  readonly status: number;
  readonly problems: string;
}
async function health(): Promise<Health> {
  const response = await fetch(`${address}/health/ready`);
  const { problems } = (await response.json()) as { problems: string[] };
  return { status: response.status, problems: problems.join('; ') };
}
const figures = async (): Promise<string> => (await fetch(`${address}/metrics`)).text();
const becomes = async (status: number, problem: RegExp): Promise<void> =>
  vi.waitFor(
    async () => expect(await health()).toEqual({ status, problems: expect.stringMatching(problem) as string }),
    {
      timeout: SOON_MS,
      interval: 200,
    },
  );

const status = async (...more: string[]): Promise<{ code: number | null; text: string }> => {
  const { code, stdout, stderr } = await teampulse(['projections', 'status', ...more], environment());
  return { code, text: stdout + stderr };
};

beforeAll(async () => {
  [store, database] = await Promise.all([startTestEventStore(), createTestDatabase()]);
  proxy = await startSilentProxy(store.port);
  await newWorkspace();
  await startWorker();
});
afterAll(async () => {
  await worker.stop('SIGKILL');
  proxy.close();
  await store.close();
  await database.drop();
});

describe('a worker that is watched', () => {
  it('says that it lives and is well', async () => {
    await becomes(200, /^$/);
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
    expect((await fetch(`${address}/nothing`)).status).toBe(404);
  });

  it('gives its figures to Prometheus', async () => {
    await vi.waitFor(
      async () => expect(await figures()).toMatch(/lag_events\{projection="workspaces",shard="0"\} 0\n/),
      {
        timeout: SOON_MS,
      },
    );
    const text = await figures();
    expect(text).toMatch(/teampulse_projection_events_total\{projection="workspaces"\} 1\n/);
    expect(text).toMatch(/teampulse_projection_batch_seconds_count\{projection="workspaces"\} [1-9]/);
    expect(text).toMatch(/teampulse_projection_lag_seconds\{projection="tasks",shard="0"\} 0\n/);
    expect(text).toMatch(/teampulse_projection_state\{projection="tasks",state="running"\} 1\n/);
    expect(text).toMatch(/teampulse_worker_healthy 1\n/);
    expect(text).toMatch(/process_resident_memory_bytes \d/);
    const [head] = /teampulse_log_head_position \d+/.exec(text) ?? [];
    const [reader] = /teampulse_reader_position \d+/.exec(text) ?? [];
    expect(head?.split(' ')[1]).toBe(reader?.split(' ')[1]);
  });

  it('is not well when the log falls silent, though it had read all of it, and well again after', async () => {
    proxy.hush('all');
    await becomes(503, /the log has not answered/);
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
    expect(await figures()).toContain('teampulse_worker_healthy 0\n');
    proxy.speak();
    await becomes(200, /^$/);
  }, 120_000);
});

describe('a worker whose reader alone is cut off', () => {
  it('is not well when the log goes on, gives its reader a new connection, and misses nothing', async () => {
    await worker.stop();
    // The client's own keep-alive would find out after ten minutes.
    await startWorker('&keepAliveInterval=600000');
    await becomes(200, /^$/);
    // The oldest is the one over which the log is asked where it ends.
    proxy.hush('all but the oldest');
    await newWorkspace();
    await becomes(503, /its reader has not moved/);
    await becomes(200, /^$/);
    const rows = await database.sql('SELECT id FROM read.workspaces');
    expect(rows).toHaveLength(2);
    await worker.stop();
    await startWorker();
  }, 120_000);
});

describe('read models that no worker moves on', () => {
  it('are found dead from outside, with how far they are behind, and the command exits with 3', async () => {
    expect(await status()).toMatchObject({
      code: 0,
      text: expect.stringMatching(/workspaces +v\d+ +running +0 /) as string,
    });
    await worker.stop('SIGKILL');
    await newWorkspace();
    await vi.waitFor(
      async () =>
        expect(await status('workspaces')).toMatchObject({
          code: 3,
          text: expect.stringMatching(/workspaces +v\d+ +dead +1 +\d+\.\d .*is one running\?/s) as string,
        }),
      { timeout: SOON_MS },
    );
    const { stdout } = await teampulse(['projections', 'lag', 'workspaces', '--json'], environment());
    expect(JSON.parse(stdout)).toMatchObject([{ projection: 'workspaces', events: 1, exact: true }]);
  }, 120_000);

  it('say that there is no worker when they are to be rebuilt, and are rebuilt when one starts', async () => {
    const { code, stderr } = await teampulse(['projections', 'rebuild', 'workspaces'], environment());
    expect([code, stderr]).toEqual([1, expect.stringMatching(/no worker has taken the request up/)]);
    await startWorker();
    await becomes(200, /^$/);
    // What was published stays as it is: a build has no side effects.
    const published = 'SELECT commit_position, updated_at FROM control.published';
    const before = await database.sql(published);
    expect(before).toHaveLength(1);
    const heard: unknown[] = [];
    const listener = new Client({ connectionString: database.url });
    await listener.connect();
    listener.on('notification', (notice) => heard.push(notice));
    await listener.query('LISTEN teampulse_events');
    expect((await teampulse(['projections', 'rebuild', '--all'], environment())).code).toBe(0);
    await listener.end();
    expect(heard).toEqual([]);
    expect(await database.sql(published)).toEqual(before);
    await vi.waitFor(
      async () =>
        expect(await database.sql('SELECT outcome FROM control.requests ORDER BY id LIMIT 1')).toMatchObject([
          { outcome: { accepted: true } },
        ]),
      { timeout: SOON_MS },
    );
    await becomes(200, /^$/);
    expect((await status()).code).toBe(0);
  }, 120_000);
});
