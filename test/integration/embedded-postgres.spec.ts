import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded-postgres.js';
import { isAlive } from '../../src/adapters/embedded-postgres/processes.js';

const isRoot = process.getuid?.() === 0;

const ask = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
};

const pidOf = async ({ cluster }: EmbeddedPostgres): Promise<number> =>
  Number((await readFile(path.join(cluster, 'postmaster.pid'), 'utf8')).split('\n')[0]);

describe('the embedded Postgres', () => {
  let folder: string;
  const started: EmbeddedPostgres[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'teampulse-pg-'));
  });
  afterEach(async () => {
    for (const postgres of started.splice(0)) await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (dataFolder = folder): Promise<EmbeddedPostgres> => {
    const postgres = await startEmbeddedPostgres({ dataFolder });
    started.push(postgres);
    return postgres;
  };

  it('keeps its data over a stop and a start', async () => {
    const first = await start();
    await ask(first.url(), 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await start();
    expect(await ask(second.url(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('keeps its password to itself', async () => {
    const postgres = await start();
    expect((await stat(path.join(folder, 'password'))).mode & 0o777).toBe(0o600);
    await expect(ask(postgres.url().replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
  });

  it('refuses a folder that another running process uses, and names that process', async () => {
    await start();
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      await writeFile(path.join(folder, 'owner'), `${other.pid}\nsleep 60\n`);
      await expect(startEmbeddedPostgres({ dataFolder: folder })).rejects.toMatchObject({
        code: 'DATA_FOLDER_IN_USE',
        message: expect.stringContaining(String(other.pid)),
      });
    } finally {
      other.kill();
    }
  });

  it('takes over after its parent was killed', async () => {
    // As kill -9 of a parent leaves it: a running server, and an owner that is no more.
    const parent = fork(path.resolve('dist/cli/main.js'), ['eventstore', '--port', '0', '--data', folder], {
      stdio: 'ignore',
    });
    await once(parent, 'message');
    const owned = path.join(folder, 'postgres');
    const [orphan = ''] = (await readFile(path.join(owned, 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    expect(isAlive(Number(orphan))).toBe(true);
    const next = await start(owned);
    expect(isAlive(Number(orphan))).toBe(false);
    expect(await ask(next.url('eventstore'), 'SELECT count(*) > 0 AS kept FROM eventstore.event')).toEqual([
      { kept: true },
    ]);
  });

  it.each(['SIGKILL', 'SIGINT'] as const)('is there again at the same port after %s', async (signal) => {
    const warnings: unknown[] = [];
    const postgres = await startEmbeddedPostgres({
      dataFolder: folder,
      logger: { warn: (about: unknown) => void warnings.push(about) },
    });
    started.push(postgres);
    await ask(postgres.url(), 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(await pidOf(postgres), signal);
    await vi.waitFor(async () => ask(postgres.url(), 'SELECT 1'), { timeout: 10_000, interval: 20 });
    expect(await ask(postgres.url(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(warnings[0]).toMatchObject({ how: signal === 'SIGKILL' ? 'SIGKILL' : 'exit code 0' });
  });

  it('is stopped for good also while it starts again, and cut off when it takes too long', async () => {
    const postgres = await start();
    const pid = await pidOf(postgres);
    // Stopped in its tracks it hears neither the friendly signal nor the unfriendly one.
    process.kill(pid, 'SIGSTOP');
    const before = performance.now();
    await postgres.stop(500);
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(isAlive(pid)).toBe(false);

    const again = await start();
    process.kill(await pidOf(again), 'SIGKILL');
    await again.stop();
    await expect(ask(again.url(), 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('starts although a stale pid file names a living stranger', async () => {
    const first = await start();
    const pidFile = path.join(first.cluster, 'postmaster.pid');
    const left = await readFile(pidFile, 'utf8');
    await first.stop();
    await writeFile(pidFile, left.replace(/^\d+/, String(process.pid)));
    const second = await start();
    expect(await ask(second.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says what to do about a cluster of another version', async () => {
    const first = await start();
    await first.stop();
    await writeFile(path.join(first.cluster, 'PG_VERSION'), '12\n');
    await expect(start()).rejects.toMatchObject({ code: 'DATA_FOLDER_VERSION' });
  });

  it.runIf(isRoot)('says whose the folder is when it belongs to somebody else', async () => {
    await mkdir(path.join(folder, 'cluster'));
    await chown(path.join(folder, 'cluster'), 4242, 4242);
    await expect(start()).rejects.toMatchObject({
      code: 'DATA_FOLDER_NOT_OURS',
      message: expect.stringContaining('4242'),
    });
  });

  it.runIf(isRoot)('works as root in a folder that only root can enter, with the cluster elsewhere', async () => {
    await chmod(folder, 0o700);
    const postgres = await start();
    expect(await ask(postgres.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await postgres.stop();
    await rm(postgres.cluster, { recursive: true });
  });
});
