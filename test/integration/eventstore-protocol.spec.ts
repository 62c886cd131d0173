/** The embedded server seen through the real client: what a single EventStoreDB node promises. */
import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  FORWARDS,
  START,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  eventTypeFilter,
  jsonEvent,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { client, collect, newStream, store } from '../support/event-store-client.js';

const event = (n = 0, id: string = randomUUID()) => jsonEvent({ id, type: 'test.Happened', data: { n } });
const numbers = async (stream: string, options = {}) =>
  (await collect(client.readStream(stream, options))).map(({ event: read }) => Number(read?.revision));

describe('append', () => {
  it('gives the revision and the position of the last event, positions growing', async () => {
    const stream = newStream();
    const first = await client.appendToStream(stream, [event(), event()], { expectedRevision: 'no_stream' });
    expect(first.nextExpectedRevision).toBe(1n);
    const second = await client.appendToStream(stream, event(), { expectedRevision: 1n });
    expect(second.nextExpectedRevision).toBe(2n);
    expect(second.position!.commit).toBeGreaterThan(first.position!.commit);
  });

  it('refuses a wrong expected revision, saying the actual one', async () => {
    const stream = newStream();
    await client.appendToStream(stream, event(), { expectedRevision: 'no_stream' });
    const refused = await client
      .appendToStream(stream, event(), { expectedRevision: 5n })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WrongExpectedVersionError);
    expect(refused).toMatchObject({ expectedVersion: 5n, actualVersion: 0n });
    await expect(client.appendToStream(stream, event(), { expectedRevision: 'no_stream' })).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
    await expect(
      client.appendToStream(newStream(), event(), { expectedRevision: 'stream_exists' }),
    ).rejects.toMatchObject({
      actualVersion: 'no_stream',
    });
  });

  it('answers the same events with the same expected revision with the first outcome', async () => {
    const stream = newStream();
    const events = [event(0), event(1)];
    const first = await client.appendToStream(stream, events, { expectedRevision: 'no_stream' });
    await client.appendToStream(stream, event(2), { expectedRevision: 1n });
    const again = await client.appendToStream(stream, events, { expectedRevision: 'no_stream' });
    expect(again).toMatchObject({ nextExpectedRevision: 1n, position: first.position });
    expect(await numbers(stream)).toEqual([0, 1, 2]);
  });
});

describe('read', () => {
  it('reads a stream both ways, from a revision inclusive', async () => {
    const stream = newStream();
    await client.appendToStream(
      stream,
      [0, 1, 2, 3, 4].map((n) => event(n)),
    );
    expect(await numbers(stream)).toEqual([0, 1, 2, 3, 4]);
    expect(await numbers(stream, { fromRevision: 3n })).toEqual([3, 4]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 2 })).toEqual([4, 3]);
    expect(await numbers(stream, { direction: BACKWARDS, fromRevision: 1n })).toEqual([1, 0]);
    expect(await numbers(stream, { fromRevision: 9n })).toEqual([]);
  });

  it('says that a stream does not exist', async () => {
    await expect(numbers(newStream())).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  it('gives back what was written', async () => {
    const stream = newStream();
    const written = jsonEvent({ type: 'test.Ünïcode', data: { text: 'äöü €' }, metadata: { who: 'me' } });
    await client.appendToStream(stream, written);
    const [read] = await collect(client.readStream(stream));
    expect(read?.event).toMatchObject({
      id: written.id,
      type: 'test.Ünïcode',
      data: { text: 'äöü €' },
      metadata: { who: 'me' },
      isJson: true,
      streamId: stream,
    });
    expect(Math.abs(read!.event!.created.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('reads $all both ways: forwards from a position inclusive, backwards strictly before it', async () => {
    const stream = newStream();
    const { position } = await client.appendToStream(stream, [event(1), event(2)]);
    const from = await collect(client.readAll({ direction: FORWARDS, fromPosition: position! }));
    expect(from[0]?.event).toMatchObject({ streamId: stream, revision: 1n });
    const before = await collect(client.readAll({ direction: BACKWARDS, fromPosition: position!, maxCount: 1 }));
    expect(before[0]?.event).toMatchObject({ streamId: stream, revision: 0n });
    const all = await collect(client.readAll({ fromPosition: START }));
    const positions = all.map((item) => item.event!.position.commit);
    expect(positions).toEqual([...positions].toSorted((a, b) => Number(a - b)));
    expect(all.slice(0, 3).map((item) => item.event?.type)).toEqual(['$metadata', '$UserCreated', '$User']);
  });
});

describe('delete', () => {
  it('hides a stream, and lets it go on with its revisions', async () => {
    const stream = newStream();
    await client.appendToStream(stream, [event(0), event(1)]);
    await client.deleteStream(stream);
    await expect(numbers(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
    const again = await client.appendToStream(stream, event(2), { expectedRevision: 'no_stream' });
    expect(again.nextExpectedRevision).toBe(2n);
    expect(await numbers(stream)).toEqual([2]);
  });

  it('refuses to delete a stream that never was', async () => {
    await expect(client.deleteStream(newStream())).rejects.toBeInstanceOf(WrongExpectedVersionError);
  });

  it('never lets a tombstoned stream be used again', async () => {
    const stream = newStream();
    await client.appendToStream(stream, event());
    await client.tombstoneStream(stream);
    await expect(numbers(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.appendToStream(stream, event())).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.deleteStream(stream)).rejects.toBeInstanceOf(StreamDeletedError);
  });

  it('honours $maxCount', async () => {
    const stream = newStream();
    await client.appendToStream(
      stream,
      [0, 1, 2, 3].map((n) => event(n)),
    );
    await client.setStreamMetadata(stream, { maxCount: 2 });
    expect(await numbers(stream)).toEqual([2, 3]);
    expect((await client.getStreamMetadata(stream)).metadata).toMatchObject({ maxCount: 2 });
  });
});

describe('a subscription to a stream', () => {
  it('gives history, then says so, then what comes, and ends with a tombstone', async () => {
    const stream = newStream();
    await client.appendToStream(stream, [event(0), event(1)]);
    const subscription = client.subscribeToStream(stream, { fromRevision: 0n });
    const revisions: (bigint | undefined)[] = [];
    subscription.on('data', (item) => revisions.push(item.event?.revision));
    const ended = new Promise((resolve) => subscription.once('error', resolve));
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    await client.appendToStream(newStream(), event(9));
    await client.appendToStream(stream, event(2));
    await client.tombstoneStream(stream);
    expect(await ended).toBeInstanceOf(StreamDeletedError);
    expect(revisions).toEqual([1n, 2n, 2n ** 63n - 1n]);
  });

  it('waits for a stream that does not exist yet', async () => {
    const stream = newStream();
    const subscription = client.subscribeToStream(stream);
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    const first = new Promise<bigint | undefined>((resolve) =>
      subscription.once('data', (item) => resolve(item.event?.revision)),
    );
    await client.appendToStream(stream, event(0));
    expect(await first).toBe(0n);
    await subscription.unsubscribe();
  });
});

describe('a filtered subscription to $all', () => {
  it('gives what matches, and a checkpoint at the end of history that resumes without loss', async () => {
    const kind = `filter-${randomUUID()}`;
    const typed = (n: number) => jsonEvent({ type: kind, data: { n } });
    await client.appendToStream(newStream(), [typed(0), event(), typed(1), event()]);
    let checkpoint: { commit: bigint; prepare: bigint } | undefined;
    const filter = eventTypeFilter({
      prefixes: [kind],
      checkpointReached: (_, position) => void (checkpoint = position),
    });
    const subscription = client.subscribeToAll({ fromPosition: START, filter });
    const seen: unknown[] = [];
    subscription.on('data', (item) => seen.push(item.event?.data));
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    await subscription.unsubscribe();
    expect(seen).toEqual([{ n: 0 }, { n: 1 }]);

    await client.appendToStream(newStream(), [event(), typed(2)]);
    const resumed = client.subscribeToAll({ fromPosition: checkpoint!, filter });
    const next = await new Promise((resolve) => resumed.once('data', (item) => resolve(item.event?.data)));
    await resumed.unsubscribe();
    expect(next).toEqual({ n: 2 });
  });
});

describe('bad input', () => {
  it('is refused without harm to other appends', async () => {
    const beside = client.appendToStream(newStream(), event());
    await expect(client.appendToStream(newStream(), event(0, 'not-a-uuid'))).rejects.toMatchObject({ type: 'unknown' });
    await expect(client.appendToStream('$all', event())).rejects.toMatchObject({ type: 'access-denied' });
    await expect(client.appendToStream('x'.repeat(3_000), event())).rejects.toMatchObject({ type: 'unknown' });
    expect((await beside).success).toBe(true);
  });

  it('of a regular expression is refused', async () => {
    const subscription = client.subscribeToAll({ filter: eventTypeFilter({ regex: '(' }) });
    await expect(new Promise((_, reject) => subscription.once('error', reject))).rejects.toMatchObject({
      type: 'unknown',
    });
  });
});

describe('a client that discovers its node by gossip', () => {
  it('finds this one', async () => {
    const discovering = EventStoreDBClient.connectionString(
      `esdb://127.0.0.1:${store.port},127.0.0.1:${store.port}?tls=false`,
    );
    const stream = newStream();
    await discovering.appendToStream(stream, event());
    expect(await numbers(stream)).toEqual([0]);
    await discovering.dispose();
  });
});
