/** What persistent subscriptions keep when their server is killed, or stopped and started again. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  START,
  eventTypeFilter,
  jsonEvent,
  persistentSubscriptionToAllSettingsFromDefaults as toAllSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as toStreamSettings,
} from '@eventstore/db-client';
import { Client } from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startEmbeddedEventStore } from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';
import { createStoreDatabase } from '../support/event-store.js';

/** Undone in reverse order, whatever the test came to. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function clientFor(connectionString: string): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(connectionString);
  // The client's dispose() waits for ever for a persistent subscription whose server was killed.
  cleanups.push(() => Promise.race([client.dispose(), delay(500)]));
  return client;
}

const numbered = (n: number) => jsonEvent({ type: 'test.Counted', data: { n } });

async function until(condition: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`did not happen in time: ${what}`);
    await delay(10);
  }
}

/** The server as its own process, as people run it. */
async function spawnServer(
  postgresUrl: string,
  port: number,
): Promise<{ child: ChildProcess; connectionString: string }> {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const child = fork(main, ['eventstore', '--port', String(port), '--postgres-url', postgresUrl], { stdio: 'ignore' });
  const connectionString = await new Promise<string>((resolve, reject) => {
    child.once('message', (ready: { address: string }) => resolve(ready.address));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, connectionString };
}

const killed = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });

/** Appends single events until told to stop, the same again while its outcome is unknown. */
async function write(client: EventStoreDBClient, type: string, stop: { now: boolean }, done: string[]): Promise<void> {
  const stream = `work-${randomUUID()}`;
  for (let revision = 0; !stop.now; revision++) {
    const event = jsonEvent({ type, data: { revision } });
    const expectedRevision = revision === 0 ? 'no_stream' : BigInt(revision - 1);
    for (;;) {
      try {
        await client.appendToStream(stream, event, { expectedRevision });
        break;
      } catch {
        await delay(20);
      }
    }
    done.push(event.id);
  }
}

interface Life {
  /** Positions delivered for the first time or again, in this life of the server. */
  readonly positions: bigint[];
  readonly settled: () => Promise<void>;
}

/** Consumes until it is ended; parks every tenth, has every seventh tried again once, acknowledges the rest. */
function consume(client: EventStoreDBClient, group: string, seen: Set<string>, parked: Set<string>): Life {
  const subscription = client.subscribeToPersistentSubscriptionToAll(group, { bufferSize: 50 });
  const positions: bigint[] = [];
  subscription.on('error', () => undefined);
  subscription.on('data', (item) => {
    const { event, retryCount } = item;
    if (!event || item.link) return;
    positions.push(event.position.commit);
    const { revision } = event.data as { revision: number };
    const answer =
      revision % 10 === 3
        ? subscription.nack('park', 'every tenth', item)
        : revision % 7 === 2 && retryCount === 0
          ? subscription.nack('retry', 'every seventh', item)
          : subscription.ack(item);
    // Lost with the server: it will deliver it again.
    answer.catch(() => undefined);
    seen.add(event.id);
    if (revision % 10 === 3) parked.add(event.id);
  });
  return { positions, settled: () => subscription.unsubscribe().catch(() => undefined) };
}

describe('a group of $all on a server that is killed', () => {
  it('misses nothing, and repeats nothing from before its checkpoint', async () => {
    const database = await createStoreDatabase();
    cleanups.push(() => database.drop());
    let server = await spawnServer(database.url, 0);
    cleanups.push(() => killed(server.child));
    const port = Number(new URL(server.connectionString.replace('esdb', 'http')).port);
    const client = clientFor(server.connectionString);
    const type = `killed.${randomUUID()}`;
    const group = 'workers';
    await client.createPersistentSubscriptionToAll(
      group,
      toAllSettings({ startFrom: START, checkPointLowerBound: 1, checkPointUpperBound: 20, checkPointAfter: 100 }),
      { filter: eventTypeFilter({ prefixes: [type] }) },
    );

    const [done, stop, seen, parked] = [[] as string[], { now: false }, new Set<string>(), new Set<string>()];
    const writing = Promise.all(Array.from({ length: 8 }, () => write(client, type, stop, done)));
    let life = consume(clientFor(server.connectionString), group, seen, parked);
    let checkpoints = 0;
    for (let kills = 0; kills < 6; kills++) {
      const [appended, delivered] = [done.length, life.positions.length];
      await until(() => done.length > appended + 50 && life.positions.length > delivered + 50, 'work goes on');
      await killed(server.child);
      server = await spawnServer(database.url, port);
      const checkpoint = await lastCheckpoint(clientFor(server.connectionString), group);
      life = consume(clientFor(server.connectionString), group, seen, parked);
      await until(() => life.positions.length > 0, 'the group goes on');
      if (checkpoint === undefined) continue;
      checkpoints++;
      // Nothing from before the checkpoint comes again. (What was parked there comes only when it is replayed.)
      const lowest = life.positions.reduce((least, position) => (position < least ? position : least));
      expect(lowest).toBeGreaterThan(checkpoint);
    }
    stop.now = true;
    await writing;
    await until(() => done.every((id) => seen.has(id)), 'everything acknowledged was delivered');
    expect(checkpoints).toBeGreaterThan(0);

    // What was parked is there still, and comes again when it is asked for.
    const fresh = clientFor(server.connectionString);
    const stats = async () => (await fresh.getPersistentSubscriptionToAllInfo(group)).stats;
    while ((await stats()).outstandingMessagesCount > 0) await delay(50);
    await life.settled();
    const replayed = new Set<string>();
    const again = fresh.subscribeToPersistentSubscriptionToAll(group);
    again.on('error', () => undefined);
    again.on('data', (item) => {
      if (item.link && item.event) replayed.add(item.event.id);
      again.ack(item).catch(() => undefined);
    });
    await fresh.replayParkedMessagesToAll(group);
    await until(() => [...parked].every((id) => replayed.has(id)), 'everything parked was replayed');
    expect(parked.size).toBeGreaterThan(10);
    await again.unsubscribe();
  }, 180_000);
});

async function lastCheckpoint(client: EventStoreDBClient, group: string): Promise<bigint | undefined> {
  const stream = `$persistentsubscription-$all::${group}-checkpoint`;
  try {
    for await (const { event } of client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1 })) {
      const [, position] = /^C:(\d+)\/P:/.exec(event?.data as unknown as string) ?? [];
      if (position !== undefined) return BigInt(position);
    }
  } catch {
    // Not written yet.
  }
  return undefined;
}

describe('groups of a server that is stopped and started again', () => {
  it('are as they were, go on after their checkpoint, and begin at the end that was when they were made', async () => {
    const database = await createStoreDatabase();
    cleanups.push(() => database.drop());
    const first = await startEmbeddedEventStore({ postgresUrl: database.url });
    const client = clientFor(first.connectionString);
    const settings = { checkPointLowerBound: 1, checkPointUpperBound: 1, maxRetryCount: 7 };
    await client.appendToStream('a', [numbered(0), numbered(1)]);
    await client.createPersistentSubscriptionToStream('a', 'g', toStreamSettings({ startFrom: START, ...settings }));
    await client.createPersistentSubscriptionToStream('a', 'late', toStreamSettings({ startFrom: END }));
    const before = client.subscribeToPersistentSubscriptionToStream('a', 'g', { bufferSize: 1 });
    before.on('error', () => undefined);
    before.once('data', (item) => void before.ack(item));
    const checkpointed = async () =>
      (await client.getPersistentSubscriptionToStreamInfo('a', 'g')).stats.lastCheckpointedEventRevision;
    while ((await checkpointed()) === undefined) await delay(20);
    await client.appendToStream('a', numbered(2));
    await before.unsubscribe();
    await client.dispose();
    await first.stop();

    const second = await startEmbeddedEventStore({ postgresUrl: database.url });
    cleanups.push(() => second.stop());
    const again = clientFor(second.connectionString);
    const found = await again.getPersistentSubscriptionToStreamInfo('a', 'g');
    expect(found).toMatchObject({ settings: { maxRetryCount: 7, startFrom: START, checkPointUpperBound: 1 } });
    for (const [group, expected] of [
      ['g', [1, 2]],
      ['late', [2]],
    ] as const) {
      const numbers: number[] = [];
      const subscription = again.subscribeToPersistentSubscriptionToStream('a', group);
      subscription.on('error', () => undefined);
      subscription.on('data', (item) => {
        numbers.push((item.event?.data as { n: number } | undefined)?.n ?? -1);
        void subscription.ack(item);
      });
      await until(() => numbers.length >= expected.length, 'the group goes on');
      expect(numbers).toEqual(expected);
      await subscription.unsubscribe();
    }
  });
});

describe('a group whose Postgres goes away and comes back', () => {
  it('goes on where it was, and gives its consumer everything', async () => {
    const database = await createStoreDatabase();
    cleanups.push(() => database.drop());
    const server = await startEmbeddedEventStore({ postgresUrl: database.url });
    cleanups.push(() => server.stop());
    const client = clientFor(server.connectionString);
    await client.createPersistentSubscriptionToAll(
      'group',
      toAllSettings({ startFrom: START, checkPointLowerBound: 1 }),
      {
        filter: eventTypeFilter({ prefixes: ['lost.'] }),
      },
    );
    const seen = new Set<string>();
    const consumer = client.subscribeToPersistentSubscriptionToAll('group');
    consumer.on('error', () => undefined);
    consumer.on('data', (delivered) => {
      if (delivered.event) seen.add(delivered.event.id);
      // Parking is a write as well.
      if (seen.size % 10 === 0) void consumer.nack('park', 'every tenth', delivered);
      else void consumer.ack(delivered);
    });
    const stop = { now: false };
    const done: string[] = [];
    const writing = Promise.all(Array.from({ length: 4 }, () => write(client, 'lost.Happened', stop, done)));
    const admin = new Client({ connectionString: database.url });
    await admin.connect();
    cleanups.push(() => admin.end());
    for (let losses = 0; losses < 5; losses++) {
      const before = seen.size;
      await until(() => seen.size > before + 20, 'events are delivered');
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'teampulse eventstore%'",
      );
    }
    stop.now = true;
    await writing;
    await until(() => done.every((id) => seen.has(id)), 'everything was delivered');
    const info = async () => client.getPersistentSubscriptionToAllInfo('group');
    await vi.waitFor(async () => {
      const { stats } = await info();
      expect(stats.parkedMessageCount).toBeGreaterThan(0n);
      expect(stats.totalInFlightMessages).toBe(0);
      expect(stats.lastCheckpointedEventPosition).toBeDefined();
    }, 20_000);
  }, 120_000);
});
