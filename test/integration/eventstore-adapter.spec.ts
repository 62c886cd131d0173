/** The contract of EventStore and EventLog, by the adapter against a server: the embedded one, or any by EVENTSTORE_URL. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { EventStoreUnavailable, MalformedEvent } from '../../src/commands/ports/event-store.errors.js';
import type { NewEvent } from '../../src/commands/ports/event-store.port.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { EventMetadata } from '../../src/domain/shared/metadata.js';
import type { LogPosition } from '../../src/domain/shared/recorded-event.js';
import type { LogItem } from '../../src/projections/ports/event-log.port.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';

/** Every run has types of its own, so that a server that others use as well does no harm. */
const run = `contract${randomUUID().slice(0, 8)}`;
const counted = defineEvent(`${run}.Counted`, z.object({ n: z.int() }));
const renamed = defineEvent(`${run}.Renamed`, z.object({ first: z.string(), last: z.string() }), [
  (data) => {
    const [first = '', last = ''] = z.object({ name: z.string() }).parse(data).name.split(' ');
    return { first, last };
  },
]);

const url = process.env['EVENTSTORE_URL'];
let server: TestEventStore | undefined;
let connectionString: string;
let store: EventStoreDbAdapter;
beforeAll(async () => {
  server = url ? undefined : await startTestEventStore();
  connectionString = url ?? server?.connectionString ?? '';
  store = new EventStoreDbAdapter(connectionString, [counted, renamed]);
  await store.connect();
});
afterAll(async () => {
  await store.dispose();
  await server?.close();
});

const metadata: EventMetadata = {
  workspaceId: randomUUID(),
  actor: { kind: 'user', id: 'ann' },
  commandId: randomUUID(),
  $correlationId: randomUUID(),
  $causationId: randomUUID(),
  schemaVersion: 1,
  occurredAt: '2026-03-01T09:00:00.000Z',
};
const newEvent = (n: number): NewEvent => ({ id: randomUUID(), type: counted.type, data: { n }, metadata });
const raw = (data: Record<string, unknown>, schemaVersion: number) =>
  jsonEvent({ type: renamed.type, data, metadata: { ...metadata, schemaVersion } });
const newStream = (): string => `${run}-${randomUUID()}`;

/** Items until one satisfies `enough`; gives up with the test. */
async function take(
  after: LogPosition | undefined,
  enough: (items: readonly LogItem[]) => boolean,
  typePrefixes: readonly string[] = [run],
): Promise<LogItem[]> {
  const stop = new AbortController();
  const items: LogItem[] = [];
  for await (const batch of store.subscribe({ after, typePrefixes, signal: stop.signal })) {
    items.push(...batch);
    if (enough(items)) break;
  }
  stop.abort();
  return items;
}
const numbersOf = (items: readonly LogItem[]): number[] =>
  items.flatMap((item) => (item.kind === 'event' ? [(item.event.data as { n: number }).n] : []));
const hasNumbers = (count: number) => (items: readonly LogItem[]) => numbersOf(items).length >= count;

describe('append and read', () => {
  it('gives back what was written, in its envelope', async () => {
    const stream = newStream();
    const event = newEvent(7);
    const result = await store.append(stream, [event], 'no_stream');
    expect(result).toMatchObject({ outcome: 'appended', revision: 0 });
    const slice = await store.readStream(stream);
    expect(slice).toMatchObject({
      revision: 0,
      events: [{ id: event.id, streamName: stream, revision: 0, type: counted.type, data: { n: 7 }, metadata }],
    });
    expect(slice?.events[0]?.position).toEqual(result.outcome === 'appended' && result.position);
    expect(Math.abs(Date.parse(slice?.events[0]?.recordedAt ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('knows a stream that does not exist', async () => {
    expect(await store.readStream(newStream())).toBeUndefined();
  });

  it('reads from a revision on, and nothing beyond the end', async () => {
    const stream = newStream();
    await store.append(stream, [newEvent(0), newEvent(1), newEvent(2)], 'no_stream');
    expect((await store.readStream(stream, 1))?.events.map((event) => event.revision)).toEqual([1, 2]);
    expect(await store.readStream(stream, 3)).toEqual({ events: [], revision: 2 });
  });

  it('says conflict, with the actual revision', async () => {
    const stream = newStream();
    await store.append(stream, [newEvent(0)], 'no_stream');
    await store.append(stream, [newEvent(1)], 0);
    expect(await store.append(stream, [newEvent(2)], 0)).toEqual({ outcome: 'conflict', actual: 1 });
    expect(await store.append(stream, [newEvent(2)], 'no_stream')).toEqual({ outcome: 'conflict', actual: 1 });
    expect(await store.append(newStream(), [newEvent(2)], 3)).toEqual({ outcome: 'conflict', actual: 'no_stream' });
  });

  it('gives the first outcome for the same write again, also after the stream has moved on', async () => {
    const stream = newStream();
    const events = [newEvent(0), newEvent(1)];
    const first = await store.append(stream, events, 'no_stream');
    await store.append(stream, [newEvent(2)], 1);
    expect(await store.append(stream, events, 'no_stream')).toEqual(first);
  });

  it('lets exactly one of many concurrent writers win', async () => {
    const stream = newStream();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.append(stream, [newEvent(n)], 'no_stream')),
    );
    expect(results.filter((result) => result.outcome === 'appended')).toHaveLength(1);
    expect((await store.readStream(stream))?.events).toHaveLength(1);
  });

  it('refuses to write what an event type does not allow', async () => {
    const wrong = { ...newEvent(0), data: { n: 'seven' } };
    await expect(store.append(newStream(), [wrong], 'no_stream')).rejects.toBeInstanceOf(MalformedEvent);
    const unknown = { ...newEvent(0), type: `${run}.Unheard` };
    await expect(store.append(newStream(), [unknown], 'no_stream')).rejects.toBeInstanceOf(MalformedEvent);
  });

  it('lifts events of older versions, and refuses those of newer ones', async () => {
    const stream = newStream();
    const client = EventStoreDBClient.connectionString(connectionString);
    await client.appendToStream(stream, raw({ name: 'Ann Lee' }, 1));
    expect((await store.readStream(stream))?.events[0]?.data).toEqual({ first: 'Ann', last: 'Lee' });
    await client.appendToStream(stream, raw({ name: 'Ann Lee' }, 3));
    await expect(store.readStream(stream)).rejects.toBeInstanceOf(MalformedEvent);
    await client.dispose();
  });
});

describe('subscribe', () => {
  it('gives history, says when it has caught up, and goes on live, each event once and in order', async () => {
    const stream = newStream();
    const start = await store.head();
    await store.append(stream, [0, 1, 2].map(newEvent), 'no_stream');
    let appended: Promise<unknown> | undefined;
    const items = await take(start, (so) => {
      if (so.some((item) => item.kind === 'caughtUp')) appended ??= store.append(stream, [3, 4].map(newEvent), 2);
      return hasNumbers(5)(so);
    });
    await appended;
    expect(numbersOf(items)).toEqual([0, 1, 2, 3, 4]);
    const caughtUp = items.findIndex((item) => item.kind === 'caughtUp');
    expect(numbersOf(items.slice(0, caughtUp))).toEqual([0, 1, 2]);
  });

  it('resumes strictly after a position', async () => {
    const stream = newStream();
    const start = await store.head();
    await store.append(stream, [0, 1, 2].map(newEvent), 'no_stream');
    const items = await take(start, hasNumbers(3));
    const first = items.find((item) => item.kind === 'event');
    const rest = await take(first?.kind === 'event' ? first.event.position : undefined, hasNumbers(2));
    expect(numbersOf(rest)).toEqual([1, 2]);
  });

  it('moves the checkpoint on over what the filter hides', async () => {
    const start = await store.head();
    const { length } = await Promise.all(
      Array.from({ length: 20 }, () =>
        store.append(
          newStream(),
          Array.from({ length: 100 }, (_, n) => newEvent(n)),
          'no_stream',
        ),
      ),
    );
    expect(length).toBe(20);
    const head = await store.head();
    const items = await take(start, (so) => so.some((item) => item.kind === 'caughtUp'), [`${run}.Nothing`]);
    const checkpoints = items.flatMap((item) => (item.kind === 'checkpoint' ? [item.position.commit] : []));
    expect(numbersOf(items)).toEqual([]);
    expect(checkpoints.at(-1)).toBeGreaterThanOrEqual(head?.commit ?? 0n);
  });

  it('hands over an event that is not what its type says, and goes on', async () => {
    const stream = newStream();
    const start = await store.head();
    const client = EventStoreDBClient.connectionString(connectionString);
    await client.appendToStream(stream, jsonEvent({ type: counted.type, data: { n: 'x' }, metadata: { ...metadata } }));
    await client.dispose();
    await store.append(stream, [newEvent(1)], 0);
    const items = (await take(start, hasNumbers(1))).filter(
      (item) => item.kind !== 'checkpoint' && item.kind !== 'caughtUp',
    );
    expect(items).toMatchObject([
      { kind: 'malformed', streamName: stream, revision: 0, type: counted.type },
      { kind: 'event' },
    ]);
    expect(await store.readAgain(stream, 0, 10)).toEqual(items);
    expect(await store.readAgain(stream, 1, 10)).toEqual(items.slice(1));
    expect(await store.readAgain(stream, 0, 1)).toEqual(items.slice(0, 1));
    expect(await store.readAgain(newStream(), 0, 10)).toEqual([]);
  });

  it('does not hold back the answers to others while its consumer takes its time', async () => {
    const before = await store.head();
    // More than the windows of HTTP/2 and all buffers on the way hold.
    const many = Array.from({ length: 200 }, (_, i) => newEvent(i));
    for (let i = 0; i < 40; i += 1) await store.append(newStream(), many, 'no_stream');
    const stop = new AbortController();
    for await (const items of store.subscribe({ after: before, signal: stop.signal })) {
      expect(items.length).toBeGreaterThan(0);
      // Nothing is pulled from here on. Long answers, more than a window that this one had filled could take.
      await expect(store.head()).resolves.toBeDefined();
      const [item] = items;
      if (item?.kind !== 'event') continue;
      for (let i = 0; i < 3; i += 1) expect((await store.readStream(item.event.streamName))?.events).toHaveLength(200);
      break;
    }
    stop.abort();
  });

  it('ends when its signal says so', async () => {
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of store.subscribe({ typePrefixes: [run], signal: stop.signal })) {
        if (batch.some((item) => item.kind === 'caughtUp')) stop.abort();
      }
    })();
    await expect(reading).resolves.toBeUndefined();
  });
});

describe('a store that is not there', () => {
  it('is reported as unavailable, within bounded time', async () => {
    const lost = new EventStoreDbAdapter('esdb://127.0.0.1:1?tls=false', [counted]);
    await expect(lost.readStream(newStream())).rejects.toBeInstanceOf(EventStoreUnavailable);
    await expect(lost.append(newStream(), [newEvent(0)], 'no_stream')).rejects.toBeInstanceOf(EventStoreUnavailable);
    await lost.dispose();
  }, 60_000);
});
