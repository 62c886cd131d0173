/** What the keeper of an event store relies on: a backup gives back what was, verify finds what is wrong, and says where. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ANY, EventStoreDBClient, NO_STREAM, START, binaryEvent, jsonEvent } from '@eventstore/db-client';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backupPages } from '../../src/adapters/embedded-eventstore/maintenance/backup.js';
import { restoreStore } from '../../src/adapters/embedded-eventstore/maintenance/restore.js';
import { storeStats } from '../../src/adapters/embedded-eventstore/maintenance/stats.js';
import { verifyStore, type Verification } from '../../src/adapters/embedded-eventstore/maintenance/verify.js';
import { headOf, visitStore } from '../../src/adapters/embedded-eventstore/maintenance/visit.js';
import { silentLog } from '../../src/adapters/embedded-eventstore/store-log.js';
import { startEmbeddedEventStore } from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';
import { openArchive, writeArchive } from '../../src/adapters/event-archive/archive.js';
import { connectForTransfer, endOfLog, exportLog, importLog } from '../../src/adapters/eventstore/transfer/transfer.js';
import { createStoreDatabase, startTestEventStore } from '../support/event-store.js';
import { TeampulseProcess, teampulse } from '../support/teampulse-process.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teampulse-maintenance-'));
});
const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

const newFile = (): string => join(folder, `${randomUUID()}.jsonl.gz`);
const ignore = (): void => undefined;

async function emptyStore(): Promise<string> {
  const database = await createStoreDatabase();
  cleanups.push(() => database.drop());
  return database.url;
}

async function runningStore(): Promise<{ url: string; client: EventStoreDBClient; stop: () => Promise<void> }> {
  const url = await emptyStore();
  const server = await startEmbeddedEventStore({ postgresUrl: url });
  const client = EventStoreDBClient.connectionString(server.connectionString);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= client.dispose().then(() => server.stop()));
  cleanups.push(stop);
  return { url, client, stop };
}

const json = (n: number) => jsonEvent({ type: 'counted', data: { n, text: 'naïve ✓' }, metadata: { by: 'ann' } });

/** One of everything that a log can hold. */
async function writeAllSorts(client: EventStoreDBClient): Promise<void> {
  await client.appendToStream('plain', [json(0), json(1)]);
  await client.appendToStream('bytes', binaryEvent({ type: 'seen', data: Buffer.from([0, 1, 254, 255, 10]) }));
  await client.appendToStream('links', jsonEvent({ type: '$>', data: {} }));
  await client.setStreamMetadata('plain', { maxCount: 10, mine: 'yes' });
  await client.appendToStream('deleted', [json(0), json(1)]);
  await client.deleteStream('deleted');
  await client.appendToStream('deleted', json(2), { expectedRevision: ANY });
  await client.appendToStream('gone', json(0));
  await client.tombstoneStream('gone');
  for (let n = 0; n < 30; n++) await client.appendToStream(`many-${n % 3}`, [json(n), json(n)]);
}

async function sql(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}
const contentOf = (url: string, head = Number.MAX_SAFE_INTEGER) =>
  sql(url, 'SELECT * FROM eventstore.event WHERE position <= $1 ORDER BY position', [head]);
const verify = (url: string): Promise<Verification> =>
  visitStore(url, async (client) => verifyStore(client, await headOf(client), ignore));

async function backup(url: string): Promise<{ file: string; head: number }> {
  const file = newFile();
  const head = await visitStore(url, async (client) => {
    const end = await headOf(client);
    await writeArchive(file, 'backup', backupPages(client, end, ignore));
    return end;
  });
  return { file, head };
}

async function restore(file: string, url: string): Promise<number> {
  const { header, events } = await openArchive(file);
  return restoreStore(url, events, { renumber: header.kind === 'export', log: silentLog });
}

describe('a backup', () => {
  it('taken while a server writes holds all up to a moment, and a store restored from it is the same to the last byte', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    const writing = new AbortController();
    const writers = Array.from({ length: 4 }, async () => {
      while (!writing.signal.aborted)
        await store.client.appendToStream(`busy-${randomUUID()}`, jsonEvent({ type: 'counted', data: {} }));
    });
    const made = backup(store.url);
    await Promise.allSettled([made]);
    writing.abort();
    await Promise.all(writers);
    const { file, head } = await made;
    const target = await emptyStore();
    expect(await restore(file, target)).toBe(head);
    expect(await contentOf(target)).toEqual(await contentOf(store.url, head));
    expect(await verify(target)).toMatchObject({ events: head, damaged: 0 });

    // And it goes on from there.
    const restored = await startEmbeddedEventStore({ postgresUrl: target });
    const client = EventStoreDBClient.connectionString(restored.connectionString);
    const next = await client.appendToStream('plain', jsonEvent({ type: 'counted', data: {} }), {
      expectedRevision: 1n,
    });
    expect(next.position?.commit).toBe(BigInt(head) + 1n);
    await client.dispose();
    await restored.stop();
    expect(await verify(target)).toMatchObject({ events: head + 1, damaged: 0 });
  });

  it('is for its owner alone, and can be read by a person', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    const { file } = await backup(store.url);
    const handle = await open(file);
    expect((await handle.stat()).mode & 0o777).toBe(0o600);
    await handle.close();
    const lines = gunzipSync(await readFile(file))
      .toString('utf8')
      .trimEnd()
      .split('\n');
    expect(JSON.parse(lines[7] ?? '')).toMatchObject({
      stream: 'plain',
      revision: '0',
      data: '{"n":0,"text":"naïve ✓"}',
    });
  });

  it('goes into an empty store only, and only when no server has it', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    const { file } = await backup(store.url);
    await expect(restore(file, store.url)).rejects.toMatchObject({ code: 'EVENT_STORE_IN_USE' });
    await store.stop();
    const before = await contentOf(store.url);
    await expect(restore(file, store.url)).rejects.toMatchObject({ code: 'EVENT_STORE_NOT_EMPTY' });
    expect(await contentOf(store.url)).toEqual(before);
    // What a fresh server writes by itself is nobody's.
    const fresh = await runningStore();
    await fresh.stop();
    await restore(file, fresh.url);
    expect(await contentOf(fresh.url)).toEqual(before);
  }, 60_000);

  it('that was cut off or changed is refused, with the place, and the store stays empty', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    const { file, head } = await backup(store.url);
    const whole = await readFile(file);
    const lines = gunzipSync(whole).toString('utf8').trimEnd().split('\n');
    const changed = lines.with(8, (lines[8] ?? '').replace('\\"n\\":1', '\\"n\\":7'));
    const cases: readonly (readonly [Buffer, RegExp])[] = [
      [whole.subarray(0, whole.length / 2), /damaged or cut off/],
      [gzipSync(lines.slice(0, -1).join('\n')), new RegExp(`cut off behind ${head} events`)],
      [gzipSync(changed.join('\n')), /are not those that were written/],
      [gzipSync(lines.with(5, 'oops').join('\n')), /damaged at line 6, behind 4 events/],
      [gzipSync(lines.slice(1).join('\n')), /no event log/],
      [Buffer.from('hello'), /damaged or cut off/],
    ];
    const target = await emptyStore();
    for (const [bytes, message] of cases) {
      await writeFile(file, bytes);
      await expect(restore(file, target)).rejects.toThrow(message);
    }
    await expect(contentOf(target)).resolves.toEqual([]);
  });

  it('of a damaged store is not made', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    await sql(store.url, `UPDATE eventstore.event SET data = 'x' WHERE position = 9`);
    await expect(backup(store.url)).rejects.toThrow('damaged at position 9');
  });
});

describe('verify', () => {
  it('finds nothing wrong with what a server wrote', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    const events = (await contentOf(store.url)).length;
    expect(await verify(store.url)).toEqual({ events, head: events, damaged: 0, damages: [] });
  });

  it.each([
    ['changed data', `SET data = data || '\\x20' WHERE position = 12`, 'checksum', 12],
    ['a changed time', `SET recorded_at = recorded_at + 1 WHERE position = 13`, 'checksum', 13],
    ['a changed type', `SET type = 'other' WHERE position = 14`, 'checksum', 14],
    ['a changed checksum', `SET checksum = checksum # 1 WHERE position = 15`, 'checksum', 15],
    ['another stream', `SET stream = 'elsewhere', revision = 0 WHERE position = 7`, 'checksum', 7],
  ])('finds %s, and names the place', async (_, change, kind, position) => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    await store.stop();
    await sql(store.url, `UPDATE eventstore.event ${change}`);
    const { damages, damaged } = await verify(store.url);
    expect(damages[0]).toMatchObject({ kind, position });
    expect(damages[0]?.message).toContain(`position ${position}`);
    // The stream that lost an event has a hole besides.
    expect(damaged).toBe(position === 7 ? 2 : 1);
  });

  it('finds that the end of the log was cut off, also when the log went on behind it', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    const head = await visitStore(store.url, headOf);
    await store.stop();
    await sql(store.url, 'DELETE FROM eventstore.event WHERE position > $1', [head - 5]);
    const cut = await verify(store.url);
    expect(cut.damages).toMatchObject([{ kind: 'missing', position: head, message: expect.stringMatching(/cut off/) as string }]); // prettier-ignore
    const again = await startEmbeddedEventStore({ postgresUrl: store.url });
    const client = EventStoreDBClient.connectionString(again.connectionString);
    for (let n = 0; n < 10; n++) await client.appendToStream('later', jsonEvent({ type: 'counted', data: { n } }));
    await client.dispose();
    await again.stop();
    const grown = await verify(store.url);
    expect(grown.head).toBeGreaterThan(head);
    expect(grown.damages).toMatchObject([{ kind: 'missing', position: head, message: expect.stringMatching(/another one now/) as string }]); // prettier-ignore
  });

  it('finds events that are gone, their neighbours told as one', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    await store.stop();
    await sql(store.url, 'DELETE FROM eventstore.event WHERE position IN (30, 31, 32, 40)');
    const { damages } = await verify(store.url);
    expect(damages.filter(({ kind }) => kind === 'missing').map(({ message }) => message)).toEqual([
      'there are no events at positions 30 to 32',
      'there is no event at position 40',
    ]);
    expect(damages.filter(({ kind }) => kind === 'revision').length).toBeGreaterThan(0);
  });

  it('finds revisions that do not follow the order of the log', async () => {
    const store = await runningStore();
    await store.client.appendToStream('swapped', [0, 1].map((n) => jsonEvent({ type: 'counted', data: { n } }))); // prettier-ignore
    await store.stop();
    await sql(
      store.url,
      `UPDATE eventstore.event SET revision = revision + 10 WHERE stream = 'swapped';
       UPDATE eventstore.event SET revision = 11 - revision WHERE stream = 'swapped'`,
    );
    const { damages } = await verify(store.url);
    expect(damages).toContainEqual(expect.objectContaining({ kind: 'order', stream: 'swapped', position: 7 }));
  });
});

describe('a store from before there were checksums', () => {
  it('gets them at the next start, and is whole', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    await store.stop();
    const before = await contentOf(store.url);
    await sql(
      store.url,
      `ALTER TABLE eventstore.event DROP COLUMN checksum; DROP TABLE eventstore.reached;
       DELETE FROM eventstore.schema_version WHERE version > 1`,
    );
    await expect(verify(store.url)).rejects.toMatchObject({ code: 'EVENT_STORE_NOT_FOUND' });
    const server = await startEmbeddedEventStore({ postgresUrl: store.url });
    await server.stop();
    expect(await contentOf(store.url)).toEqual(before);
    expect(await verify(store.url)).toMatchObject({ events: before.length, damaged: 0 });
  });
});

describe('stats', () => {
  it('count events, streams and bytes, and tell whether a server runs', async () => {
    const store = await runningStore();
    await writeAllSorts(store.client);
    const stats = await visitStore(store.url, storeStats);
    expect(stats).toMatchObject({ served: true, events: stats.head, commonestTypes: [{ name: 'counted', events: 66 }, {}, {}, {}, {}, {}, {}] }); // prettier-ignore
    expect(stats.largestStreams[0]).toMatchObject({ name: 'many-0', events: 20 });
    expect(stats.payloadBytes).toBeGreaterThan(1_000);
    await store.stop();
    expect(await visitStore(store.url, storeStats)).toMatchObject({ served: false });
  });
});

async function exportFrom(connection: EventStoreDBClient, system = false): Promise<string> {
  const file = newFile();
  await writeArchive(file, 'export', exportLog(connection, { system, onPosition: ignore }));
  return file;
}
const importInto = async (client: EventStoreDBClient, file: string, options = {}) =>
  importLog(client, (await openArchive(file)).events, { renumber: false, system: false, ...options });

/** What readers of the protocol see, apart from positions and times. */
async function visible(client: EventStoreDBClient): Promise<object[]> {
  const seen: object[] = [];
  for await (const { event } of client.readAll({ fromPosition: START })) {
    if (!event || (event.streamId.startsWith('$') && !/^\$\$[^$]/.test(event.streamId))) continue;
    const { id, streamId, revision, type, data, metadata, isJson } = event;
    // A server's own answer to a delete, a tombstone or an undelete has an id that the server makes.
    const own = type === '$streamDeleted' || type === '$metadata';
    seen.push({ streamId, type, isJson, data, metadata, ...(!own && { id, revision }) });
  }
  return seen;
}

const withoutMeta = (events: object[]) => events.filter((event) => 'id' in event);

describe('a log carried to another server through the protocol', () => {
  it('has the same events, bytes, ids and revisions in the same order; a second time changes nothing', async () => {
    const [from, to] = [await runningStore(), await runningStore()];
    await writeAllSorts(from.client);
    const odd = '{ "big": 12345678901234567890,\n "twice": 1, "twice": 2 }';
    await importLog(
      from.client,
      (async function* () {
        yield await Promise.resolve({ position: 0n, stream: 'odd', revision: 0n, id: randomUUID(), type: 'odd', isJson: true, recordedAt: 0, data: Buffer.from(odd), metadata: Buffer.from('no json') }); // prettier-ignore
      })(),
      { renumber: false, system: false },
    );
    const file = await exportFrom(from.client);
    const result = await importInto(to.client, file);
    expect(result.skipped).toBe(0);
    const [source, target] = [await visible(from.client), await visible(to.client)];
    expect(withoutMeta(target)).toEqual(withoutMeta(source));
    const [stored] = await sql(to.url, `SELECT convert_from(data, 'UTF8') AS data, convert_from(metadata, 'UTF8') AS metadata FROM eventstore.event WHERE stream = 'odd'`); // prettier-ignore
    expect(stored).toEqual({ data: odd, metadata: 'no json' });

    for (const client of [from.client, to.client]) {
      await expect(client.appendToStream('gone', jsonEvent({ type: 'x', data: {} }))).rejects.toMatchObject({ type: 'stream-deleted' }); // prettier-ignore
      const revisions: bigint[] = [];
      for await (const { event } of client.readStream('deleted')) if (event) revisions.push(event.revision);
      expect(revisions).toEqual([2n]);
      expect((await client.getStreamMetadata('plain')).metadata).toEqual({ maxCount: 10, mine: 'yes' });
    }
    expect(await importInto(to.client, file)).toEqual(result);
    expect(withoutMeta(await visible(to.client))).toEqual(withoutMeta(source));
    expect(await endOfLog(to.client)).toBeGreaterThan(0n);
  });

  it('of another server goes into an empty embedded store with its times as well', async () => {
    const from = await runningStore();
    await writeAllSorts(from.client);
    const file = await exportFrom(from.client);
    const target = await emptyStore();
    const events = await restore(file, target);
    const columns = ['revision', 'recorded_at', 'id', 'is_json', 'stream', 'type', 'data', 'metadata'];
    const content = (rows: Record<string, unknown>[]) => rows.map((row) => columns.map((column) => row[column]));
    const source = (await contentOf(from.url)).filter(({ stream }) => !/^\$(?!\$[^$])/.test(String(stream)));
    expect(content(await contentOf(target))).toEqual(content(source));
    expect(await verify(target)).toMatchObject({ events, damaged: 0 });
  });

  it('stops at a stream that has other events there, and says which', async () => {
    const [from, to] = [await runningStore(), await runningStore()];
    await from.client.appendToStream('taken', jsonEvent({ type: 'counted', data: {} }), {
      expectedRevision: NO_STREAM,
    });
    await to.client.appendToStream('taken', jsonEvent({ type: 'counted', data: {} }), { expectedRevision: NO_STREAM });
    const file = await exportFrom(from.client);
    await expect(importInto(to.client, file)).rejects.toThrow(/stream taken has revision 0 on the server.*--renumber/);
    expect(await importInto(to.client, file, { renumber: true })).toEqual({ events: 1, skipped: 0 });
  });

  it('leaves out what the other server wrote for itself, unless asked', async () => {
    const from = await runningStore();
    const { file } = await backup(from.url);
    const to = await runningStore();
    expect(await importInto(to.client, file)).toEqual({ events: 0, skipped: 6 });
  });

  it('goes through users and TLS as any client does', async () => {
    const secured = await startTestEventStore({ users: { admin: 'password-of-admin' } });
    cleanups.push(() => secured.close());
    // Without TLS the client sends no credentials, and is nobody.
    const client = connectForTransfer(secured.connectionString);
    await expect(exportFrom(client)).rejects.toMatchObject({ type: 'access-denied' });
    await client.dispose();
  });
});

describe('the commands', () => {
  it('back up, verify and restore an embedded store, running or not, and say with their exit code how it went', async () => {
    const [data, other] = [join(folder, 'one'), join(folder, 'two')];
    const environment = { LOG_LEVEL: 'warn' };
    expect(await teampulse(['eventstore', 'verify', '--data', data], environment)).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no event store in') }); // prettier-ignore
    const server = new TeampulseProcess(['eventstore', '--port', '0', '--data', data], environment);
    const [connectionString] = await server.says(/esdb:\S+/);
    const client = EventStoreDBClient.connectionString(connectionString);
    await writeAllSorts(client);
    await client.dispose();
    const file = newFile();
    const made = await teampulse(['eventstore', 'backup', file, '--data', data, '--json'], environment);
    expect(made.code, made.stderr).toBe(0);
    const { events } = JSON.parse(made.stdout) as { events: number };
    expect(made.stderr).toContain(`backing up: ${events} events`);
    expect(await teampulse(['eventstore', 'backup', file, '--data', data], environment)).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') }); // prettier-ignore
    expect(await teampulse(['eventstore', 'restore', file, '--data', data], environment)).toMatchObject({ code: 1, stderr: expect.stringContaining('another event store server is running') }); // prettier-ignore
    expect((await server.stop()).code).toBe(0);

    const restored = await teampulse(['eventstore', 'restore', file, '--data', other], environment);
    expect(restored.code, restored.stderr).toBe(0);
    expect(restored.stdout).toContain(`Restored ${events} events`);
    const whole = await teampulse(['eventstore', 'verify', '--data', other, '--json'], environment);
    expect(whole.code, whole.stderr).toBe(0);
    expect(JSON.parse(whole.stdout)).toEqual({ events, head: events, damaged: 0, damages: [] });
    const stats = await teampulse(['eventstore', 'stats', '--data', other], environment);
    expect(stats.stdout).toContain('not running');
    expect((await teampulse(['eventstore', 'verify', '--what'], environment)).code).toBe(2);
    expect((await teampulse(['eventstore', 'backup', '--help'], environment)).stdout).toContain('--postgres-url');
  }, 120_000);

  it('finds a page that the disk has lost, and names the events in it', async () => {
    const data = join(folder, 'rotten');
    const environment = { LOG_LEVEL: 'warn' };
    const server = new TeampulseProcess(['eventstore', '--port', '0', '--data', data], environment);
    const [connectionString] = await server.says(/esdb:\S+/);
    const client = EventStoreDBClient.connectionString(connectionString);
    for (let n = 0; n < 10; n++) await client.appendToStream('rotten', Array.from({ length: 50 }, () => jsonEvent({ type: 'counted', data: { text: 'x'.repeat(200) } }))); // prettier-ignore
    await client.dispose();
    const pidFile = (await readFile(join(data, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
    const password = (await readFile(join(data, 'postgres', 'password'), 'utf8')).trim();
    const [{ path } = {}] = await sql(
      `postgres://teampulse:${password}@127.0.0.1:${pidFile[3]}/eventstore`,
      `SELECT pg_relation_filepath('eventstore.event') AS path`,
    );
    await server.stop();
    const heap = await open(join(pidFile[1] ?? '', String(path)), 'r+');
    // In the middle of the sixth page.
    await heap.write(Buffer.from('lost'), 0, 4, 5 * 8192 + 4096);
    await heap.close();
    const found = await teampulse(['eventstore', 'verify', '--data', data, '--json'], environment);
    expect(found.code, found.stderr).toBe(3);
    const { damaged, damages } = JSON.parse(found.stdout) as Verification;
    expect(damaged).toBeGreaterThan(5);
    expect(damaged).toBeLessThan(60);
    expect(damages[0]?.message).toMatch(/Postgres can't read the event at position \d+: invalid page/);
    expect((await teampulse(['eventstore', 'backup', newFile(), '--data', data], environment)).code).toBe(1);
  }, 120_000);
});
