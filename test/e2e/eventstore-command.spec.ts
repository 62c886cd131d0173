/** `teampulse eventstore` as people run it: what it prints, whom it lets in, what it leaves behind, and how it ends. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessDeniedError, EventStoreDBClient, MaxAppendSizeExceededError, jsonEvent } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TeampulseProcess, teampulse } from '../support/teampulse-process.js';

const quiet = { LOG_LEVEL: 'error' };
const event = (text = '') => jsonEvent({ type: 'happened', data: { text } });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teampulse-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(args: readonly string[], environment = {}): Promise<{ server: TeampulseProcess; url: string }> {
  const server = new TeampulseProcess(['eventstore', '--port', '0', ...args], { ...quiet, ...environment });
  cleanups.push(() => server.stop());
  const [url] = await server.says(/esdb:\S+/);
  return { server, url };
}

function clientOf(url: string, user = ''): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(url.replace('esdb://', `esdb://${user}`));
  cleanups.push(() => client.dispose());
  return client;
}

async function readAll(client: EventStoreDBClient): Promise<number> {
  let events = 0;
  for await (const _ of client.readAll()) events++;
  return events;
}

const ephemeralFolders = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('teampulse-ephemeral-'));

describe('an ephemeral event store', () => {
  it('starts empty, keeps what it is given while it runs, and leaves nothing behind', async () => {
    const before = await ephemeralFolders();
    const { server, url } = await start(['--ephemeral', '--max-append-size', '2000']);
    const client = clientOf(url);
    await client.appendToStream('some', event());
    expect(await readAll(client)).toBe(7);
    await expect(client.appendToStream('some', event('x'.repeat(2_000)))).rejects.toBeInstanceOf(MaxAppendSizeExceededError); // prettier-ignore
    await client.dispose();
    expect(await server.stop('SIGINT')).toMatchObject({ code: 0 });
    const left = (await ephemeralFolders()).filter((name) => !before.includes(name));
    expect(left).toEqual([]);
  });

  it('that was killed is cleared away by the next one', async () => {
    const before = await ephemeralFolders();
    const { server } = await start(['--ephemeral']);
    await server.stop('SIGKILL');
    const abandoned = (await ephemeralFolders()).filter((name) => !before.includes(name));
    expect(abandoned.length).toBeGreaterThan(0);
    await start(['--ephemeral']);
    await expect.poll(ephemeralFolders, { timeout: 20_000 }).not.toEqual(expect.arrayContaining(abandoned));
  }, 60_000);
});

describe('a secure event store', () => {
  it('makes certificates and passwords at its first start, shows the passwords once, and lets in who has them', async () => {
    const data = join(folder, 'secure');
    const { server, url } = await start(['--data', data, '--secure']);
    expect(url).toMatch(/^esdb:\/\/127\.0\.0\.1:\d+\?tls=true&tlsCAFile=/);
    const [, password = ''] = await server.says(/password of admin, shown this once: (\S+)/);
    expect(await readAll(clientOf(url, `admin:${password}@`))).toBeGreaterThan(5);
    await expect(readAll(clientOf(url))).rejects.toBeInstanceOf(AccessDeniedError);
    expect(server.stderr).not.toContain(password);
    await server.stop();

    const again = await start(['--data', data, '--secure']);
    expect(await readAll(clientOf(again.url, `admin:${password}@`))).toBeGreaterThan(5);
    expect(again.server.stdout.trim().split('\n')).toHaveLength(1);
  }, 90_000);

  it('takes given passwords, and over plain text lets nobody in without them', async () => {
    const given = {
      EVENTSTORE_DEFAULT_ADMIN_PASSWORD: 'given-password',
      EVENTSTORE_DEFAULT_OPS_PASSWORD: 'other-password',
    };
    const { server, url } = await start(['--ephemeral', '--auth'], given);
    expect(url).toMatch(/\?tls=false$/);
    // Without TLS the client sends no credentials.
    await expect(readAll(clientOf(url, 'admin:given-password@'))).rejects.toBeInstanceOf(AccessDeniedError);
    expect(server.stdout.trim()).toBe(url);
  });
});

describe('wrong usage', () => {
  it.each([
    [['--ephemeral', '--data', 'x'], 'cannot be used with'],
    [['--secure', '--auth'], 'cannot be used with'],
    [['--secure', '--certificate', 'x'], 'together'],
    [['--certificate', 'x', '--private-key', 'y'], 'for --secure'],
    [['--max-append-size', '16777217'], 'number of bytes from 1024 to 16777216'],
    [['--port', '70000'], 'a port is a number from 0 to 65535'],
  ])('is told, with exit code 2: %s', async (args, message) => {
    const ended = await teampulse(['eventstore', ...args], quiet);
    expect(ended.stderr).toContain(message);
    expect(ended.code).toBe(2);
  });

  it('of files that are no certificate is told, with exit code 1', async () => {
    const args = [
      'eventstore',
      '--ephemeral',
      '--secure',
      '--certificate',
      'package.json',
      '--private-key',
      'package.json',
    ];
    expect(await teampulse(args, quiet)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('give both as PEM'),
    });
  });
});

describe('a second server on the same data', () => {
  it('does not start, and says who has it', async () => {
    const data = join(folder, 'twice');
    const { server } = await start(['--data', data]);
    const second = await teampulse(['eventstore', '--port', '0', '--data', data], quiet);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(`in use by process ${server.child.pid}`) });
  }, 60_000);
});
