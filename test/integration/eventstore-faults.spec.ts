/**
 * What the event store owes when things break: nothing acknowledged is lost, nothing is written twice, nothing by halves.
 * Kills are in eventstore-durability.spec.ts.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient, START, excludeSystemEvents, jsonEvent } from '@eventstore/db-client';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startEmbeddedEventStore } from '../../src/adapters/embedded-eventstore/embedded-eventstore.js';
import { StoreInUse } from '../../src/adapters/embedded-eventstore/writer-session.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { AppendTooLarge, EventStoreUnavailable } from '../../src/commands/ports/event-store.errors.js';
import type { NewEvent } from '../../src/commands/ports/event-store.port.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { createStoreDatabase, startTestEventStore } from '../support/event-store.js';
import { metadataOf } from '../support/recorded-event.js';
import { breakableLine, type BreakableLine } from '../support/breakable-line.js';

const happened = defineEvent('fault.Happened', z.object({ n: z.int(), text: z.string().optional() }));
const metadata = metadataOf(randomUUID());
const newEvent = (n: number, text?: string): NewEvent => ({
  id: randomUUID(),
  type: happened.type,
  data: { n, ...(text !== undefined && { text }) },
  metadata,
});

/** Undone in reverse order, whatever the test came to. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function adapterFor(connectionString: string): EventStoreDbAdapter {
  const adapter = new EventStoreDbAdapter(connectionString, [happened]);
  cleanups.push(() => adapter.dispose());
  return adapter;
}

interface Acknowledged {
  readonly stream: string;
  readonly revision: number;
  readonly position: bigint;
  readonly ids: readonly string[];
}

/** Appends pairs of events to streams of its own until told to stop, the same pair again while its outcome is unknown. */
async function write(store: EventStoreDbAdapter, stop: { now: boolean }, done: Acknowledged[]): Promise<void> {
  while (!stop.now) {
    const stream = `fault-${randomUUID()}`;
    for (let revision = -1; revision < 9 && !stop.now; revision += 2) {
      const events = [newEvent(revision + 1), newEvent(revision + 2)];
      for (let settled = false; !settled;) {
        try {
          const result = await store.append(stream, events, revision < 0 ? 'no_stream' : revision);
          if (result.outcome === 'conflict')
            throw new Error(`conflict in a stream with one writer, at ${result.actual}`);
          done.push({
            stream,
            revision: result.revision,
            position: result.position.commit,
            ids: events.map(({ id }) => id),
          });
          settled = true;
        } catch (error) {
          if (!(error instanceof EventStoreUnavailable)) throw error;
        }
      }
    }
  }
}

/** Everything from the start, live, until `stop` and then as far as `upTo` says. */
async function follow(store: EventStoreDbAdapter, seen: RecordedEvent[], signal: AbortSignal): Promise<void> {
  for await (const items of store.subscribe({ signal })) {
    for (const item of items) if (item.kind === 'event') seen.push(item.event);
  }
}

/** Every acknowledged pair is in the log once, whole, where its acknowledgement said; streams have no holes. */
function check(log: readonly RecordedEvent[], done: readonly Acknowledged[]): void {
  const byId = new Map(log.map((event) => [event.id, event]));
  expect(byId.size).toBe(log.length);
  for (const { stream, revision, position, ids } of done) {
    const [first, last] = ids.map((id) => byId.get(id));
    expect(last).toMatchObject({ streamName: stream, revision, position: { commit: position } });
    expect(first).toMatchObject({ streamName: stream, revision: revision - 1 });
  }
  const revisions = new Map<string, number>();
  let position = 0n;
  for (const event of log) {
    expect(event.position.commit).toBeGreaterThan(position);
    position = event.position.commit;
    expect(event.revision).toBe((revisions.get(event.streamName) ?? -1) + 1);
    revisions.set(event.streamName, event.revision);
  }
  for (const last of revisions.values()) expect(last % 2, 'half an append').toBe(1);
}

/** Milliseconds until an append without a retry is answered that it came to nothing in time. */
async function timeToFail(client: EventStoreDBClient): Promise<number> {
  const started = Date.now();
  const failure: unknown = await client.appendToStream(`fault-${randomUUID()}`, []).catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'deadline-exceeded' });
  return Date.now() - started;
}

async function until(condition: () => boolean, what: string, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`did not happen in time: ${what}`);
    await delay(10);
  }
}

describe('Postgres, gone and back', () => {
  it('makes appends wait and fail in time, and loses nothing', async () => {
    const database = await createStoreDatabase();
    cleanups.push(() => database.drop());
    const line = await breakableLineTo(database.url);
    cleanups.push(() => line.close());
    const server = await startEmbeddedEventStore({ postgresUrl: line.url });
    cleanups.push(() => server.stop());
    const store = adapterFor(server.connectionString);
    // Disposed when nobody appends any more: it would reject the pending appends of every client in this process.
    const bare = EventStoreDBClient.connectionString(server.connectionString);
    cleanups.push(() => bare.dispose());

    const done: Acknowledged[] = [];
    const seen: RecordedEvent[] = [];
    const stop = { now: false };
    const leave = new AbortController();
    const following = follow(store, seen, leave.signal);
    const writing = Promise.all(Array.from({ length: 16 }, () => write(store, stop, done)));
    const waits: number[] = [];
    for (let cuts = 0; cuts < 3; cuts++) {
      const before = done.length;
      await until(() => done.length > before + 50, 'appends go on');
      line.cut();
      waits.push(await timeToFail(bare));
      line.mend();
    }
    const before = done.length;
    await until(() => done.length > before + 50, 'appends go on');
    stop.now = true;
    await writing;
    const last = done.reduce((most, { position }) => (position > most ? position : most), 0n);
    await until(() => (seen.at(-1)?.position.commit ?? 0n) >= last, 'the subscriber has everything');
    leave.abort();
    await following;
    check(seen, done);
    // The server's own write timeout, not the client's ten seconds.
    expect(Math.max(...waits)).toBeLessThan(5_000);
  }, 120_000);

  it('behind a network that swallows everything is given up in time, its lock with it, and nothing is lost', async () => {
    const database = await createStoreDatabase();
    cleanups.push(() => database.drop());
    const line = await breakableLineTo(database.url);
    cleanups.push(() => line.close());
    const server = await startEmbeddedEventStore({ postgresUrl: line.url });
    cleanups.push(() => server.stop());
    const store = adapterFor(server.connectionString);
    const done: Acknowledged[] = [];
    const stop = { now: false };
    const writing = Promise.all(Array.from({ length: 4 }, () => write(store, stop, done)));
    await until(() => done.length > 20, 'appends go on');
    line.swallow();
    const before = done.length;
    // New connections get through; those that are swallowed say nothing to either side, ever.
    await until(() => done.length > before + 20, 'appends go on over another connection', 60_000);
    stop.now = true;
    await writing;
    const seen: RecordedEvent[] = [];
    for await (const items of store.subscribe({ signal: new AbortController().signal })) {
      for (const item of items) if (item.kind === 'event') seen.push(item.event);
      if (items.some((item) => item.kind === 'caughtUp')) break;
    }
    check(seen, done);
    expect(seen.length).toBeGreaterThanOrEqual(done.length);
  }, 120_000);
});

describe('a second server on the same database', () => {
  it('does not start, and says why', async () => {
    const store = await startTestEventStore();
    cleanups.push(() => store.close());
    await expect(startEmbeddedEventStore({ postgresUrl: store.postgresUrl })).rejects.toBeInstanceOf(StoreInUse);
  });
});

describe('subscribers', () => {
  it('that join while many clients write get everything once and in order', async () => {
    const server = await startTestEventStore();
    cleanups.push(() => server.close());
    const stop = { now: false };
    const done: Acknowledged[] = [];
    const writing = Promise.all(
      Array.from({ length: 6 }, () => adapterFor(server.connectionString)).flatMap((store) => [
        write(store, stop, done),
        write(store, stop, done),
      ]),
    );
    const leave = new AbortController();
    const logs: RecordedEvent[][] = [];
    const following: Promise<void>[] = [];
    for (let joined = 0; joined < 10; joined++) {
      const before = done.length;
      await until(() => done.length > before + 20, 'appends go on');
      const seen: RecordedEvent[] = [];
      logs.push(seen);
      following.push(follow(adapterFor(server.connectionString), seen, leave.signal));
    }
    stop.now = true;
    await writing;
    const last = done.reduce((most, { position }) => (position > most ? position : most), 0n);
    for (const seen of logs) await until(() => seen.at(-1)?.position.commit === last, 'a subscriber has everything');
    leave.abort();
    await Promise.all(following);
    for (const seen of logs) check(seen, done);
    expect(logs).toHaveLength(10);
  }, 120_000);

  it('that stop reading hold nobody up, and find everything when they read on', async () => {
    const server = await startTestEventStore();
    cleanups.push(() => server.close());
    const client = EventStoreDBClient.connectionString(server.connectionString);
    cleanups.push(() => client.dispose());
    const slow = EventStoreDBClient.connectionString(server.connectionString);
    cleanups.push(() => slow.dispose());
    const subscription = slow.subscribeToAll({ fromPosition: START, filter: excludeSystemEvents() });
    const revisions: number[] = [];
    const caughtUp = new Promise((resolve) => subscription.once('caughtUp', resolve));
    subscription.on('data', ({ event }) => revisions.push(Number(event?.revision)));
    await caughtUp;
    subscription.pause();
    // More than the live window holds in memory, and more than the sockets between hold.
    const text = 'x'.repeat(1_000);
    const total = 24_000;
    for (let revision = 0; revision < total; revision += 500) {
      const events = Array.from({ length: 500 }, (_, n) => jsonEvent({ type: happened.type, data: { n, text } }));
      await client.appendToStream('long', events);
    }
    expect(revisions.length).toBeLessThan(total);
    subscription.resume();
    await until(() => revisions.length >= total, 'the slow reader has everything', 60_000);
    expect(revisions).toEqual(Array.from({ length: total }, (_, n) => n));
  }, 120_000);
});

describe('large events', () => {
  it('are refused above the limit, without harm to the appends beside them', async () => {
    const server = await startTestEventStore();
    cleanups.push(() => server.close());
    const store = adapterFor(server.connectionString);
    const beside = Array.from({ length: 20 }, (_, n) =>
      store.append(`fault-${randomUUID()}`, [newEvent(n)], 'no_stream'),
    );
    const tooLarge = store.append('large', [newEvent(0, 'x'.repeat(6 * 1024 * 1024))], 'no_stream');
    await expect(tooLarge).rejects.toBeInstanceOf(AppendTooLarge);
    for (const result of await Promise.all(beside)) expect(result.outcome).toBe('appended');
    expect(await store.readStream('large')).toBeUndefined();
  });

  it('of 15 MiB come back whole where the limit allows them', async () => {
    const server = await startTestEventStore({ maxAppendSize: 16 * 1024 * 1024 });
    cleanups.push(() => server.close());
    const store = adapterFor(server.connectionString);
    const text = 'é'.repeat(7.5 * 1024 * 1024);
    await store.append('large', [newEvent(0, text)], 'no_stream');
    const slice = await store.readStream('large');
    expect(slice?.events[0]?.data).toEqual({ n: 0, text });
    const leave = new AbortController();
    for await (const items of store.subscribe({ signal: leave.signal })) {
      const event = items.find((item) => item.kind === 'event');
      if (!event) continue;
      expect(event.event.data).toEqual({ n: 0, text });
      leave.abort();
    }
  });
});

/** To Postgres, of which `url` is the address. */
async function breakableLineTo(postgresUrl: string): Promise<BreakableLine & { readonly url: string }> {
  const url = new URL(postgresUrl);
  const line = await breakableLine(Number(url.port), url.hostname);
  url.hostname = '127.0.0.1';
  url.port = String(line.port);
  return { ...line, url: url.href };
}
