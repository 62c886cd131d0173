/** Streams, their metadata and links on the embedded server, seen through the real client: the corners of the protocol. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BACKWARDS,
  END,
  FORWARDS,
  NO_STREAM,
  START,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  eventTypeFilter,
  jsonEvent,
  streamNameFilter,
  type Position,
  type ReadStreamOptions,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { client, collect, newStream } from '../support/event-store-client.js';

const event = (n: number) => jsonEvent({ type: 'test.Counted', data: { n } });
const events = (...numbers: number[]) => numbers.map(event);
const read = async (stream: string, options: ReadStreamOptions = {}) =>
  (await collect(client.readStream(stream, options))).map((item) => Number(item.event?.revision));
const both = async (stream: string) => [
  await read(stream),
  await read(stream, { direction: BACKWARDS, fromRevision: END }),
];
async function written(...numbers: number[]) {
  const stream = newStream();
  await client.appendToStream(stream, events(...numbers));
  return stream;
}

describe('a fresh store', () => {
  it('holds what a fresh node writes for its two users, and nothing at position 0', async () => {
    const all = await collect(client.readAll({ maxCount: 6 }));
    expect(all.map((item) => `${item.event?.streamId} ${item.event?.type}`)).toEqual([
      '$$$user-admin $metadata',
      '$user-admin $UserCreated',
      '$users $User',
      '$$$user-ops $metadata',
      '$user-ops $UserCreated',
      '$users $User',
    ]);
    expect(all[0]?.event?.position?.commit).toBeGreaterThan(0n);
  });
});

describe('stream metadata', () => {
  it('$tb and $maxCount hide the head of a stream in both directions, the narrower counting', async () => {
    const stream = await written(0, 1, 2, 3, 4);
    await client.setStreamMetadata(stream, { truncateBefore: 2 });
    expect(await both(stream)).toEqual([
      [2, 3, 4],
      [4, 3, 2],
    ]);
    await client.setStreamMetadata(stream, { truncateBefore: 2, maxCount: 2 });
    expect(await both(stream)).toEqual([
      [3, 4],
      [4, 3],
    ]);
    expect(await read(stream, { fromRevision: 0n, maxCount: 1 })).toEqual([3]);
    expect(await read(stream, { direction: BACKWARDS, fromRevision: 1n })).toEqual([]);
    await client.appendToStream(stream, event(5));
    expect(await read(stream)).toEqual([4, 5]);
    await client.setStreamMetadata(stream, {});
    expect(await read(stream)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('$maxAge hides what is older, in both directions', async () => {
    const stream = await written(0, 1);
    await client.setStreamMetadata(stream, { maxAge: 1 });
    expect(await read(stream)).toEqual([0, 1]);
    await expect.poll(() => read(stream), { timeout: 5_000 }).toEqual([]);
    await client.appendToStream(stream, event(2));
    expect(await both(stream)).toEqual([[2], [2]]);
  });

  it('that makes no sense counts as absent', async () => {
    const stream = await written(0, 1);
    for (const data of [{ $maxCount: 0 }, { $maxCount: 'two' }, { $tb: -1 }, { $maxAge: 0.5 }, [1]]) {
      await client.appendToStream(
        `$$${stream}`,
        jsonEvent({ type: '$metadata', data: data as Record<string, unknown> }),
      );
      expect(await read(stream)).toEqual([0, 1]);
    }
  });

  it('of itself keeps only its last event, and stays when the stream was never written', async () => {
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 1 });
    await client.setStreamMetadata(stream, { maxCount: 3, colour: 'red' });
    expect(await both(`$$${stream}`)).toEqual([[1], [1]]);
    expect((await client.getStreamMetadata(stream)).metadata).toEqual({ maxCount: 3, colour: 'red' });
    await expect(read(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
    await client.appendToStream(stream, events(0), { expectedRevision: 'stream_exists' });
  });
});

describe('a soft delete', () => {
  it('hides the stream; an append brings it back with its revisions going on, its other metadata kept', async () => {
    const stream = await written(0, 1, 2);
    await client.deleteStream(stream, { expectedRevision: 2n });
    await expect(read(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
    await client.appendToStream(stream, event(3), { expectedRevision: 2n });
    expect(await both(stream)).toEqual([[3], [3]]);
    expect((await client.getStreamMetadata(stream)).metadata).toEqual({ truncateBefore: 3 });
  });

  it('is undone by metadata too, which are kept', async () => {
    const stream = await written(0, 1);
    await client.deleteStream(stream);
    await client.setStreamMetadata(stream, { maxCount: 9, colour: 'red' });
    expect(await read(stream)).toEqual([]);
    expect((await client.getStreamMetadata(stream)).metadata).toEqual({
      maxCount: 9,
      colour: 'red',
      truncateBefore: 2,
    });
    await client.appendToStream(stream, event(2));
    expect(await read(stream)).toEqual([2]);
  });

  it('may be repeated, expecting anything, the last revision, or no stream, but not that it exists', async () => {
    const stream = await written(0, 1);
    await client.deleteStream(stream);
    await client.deleteStream(stream);
    await client.deleteStream(stream, { expectedRevision: 1n });
    await client.deleteStream(stream, { expectedRevision: NO_STREAM });
    const wrong = client.deleteStream(stream, { expectedRevision: 7n });
    await expect(wrong).rejects.toMatchObject({
      type: 'wrong-expected-version',
      expectedVersion: 7n,
      actualVersion: 1n,
    });
    const exists = client.appendToStream(stream, event(2), { expectedRevision: 'stream_exists' });
    await expect(exists).rejects.toBeInstanceOf(StreamDeletedError);
  });

  it('needs a stream or its metadata', async () => {
    for (const expectedRevision of ['any', 'no_stream', 3n] as const) {
      const error = client.deleteStream(newStream(), { expectedRevision });
      await expect(error).rejects.toBeInstanceOf(WrongExpectedVersionError);
    }
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 1 });
    await client.deleteStream(stream, { expectedRevision: NO_STREAM });
    await expect(read(stream)).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  it('does not end a subscription, which goes on when the stream does', async () => {
    const stream = await written(0);
    const subscription = client.subscribeToStream(stream);
    const seen: bigint[] = [];
    subscription.on('data', (item) => seen.push(item.event?.revision ?? -1n));
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    await client.deleteStream(stream);
    await client.appendToStream(stream, event(1));
    await expect.poll(() => seen).toEqual([0n, 1n]);
    await subscription.unsubscribe();
  });

  it('lets a subscription begin, which waits for what comes', async () => {
    const stream = await written(0);
    await client.deleteStream(stream);
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    const first = new Promise((resolve) => subscription.once('data', (item) => resolve(item.event?.revision)));
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    await client.appendToStream(stream, event(1));
    expect(await first).toBe(1n);
    await subscription.unsubscribe();
  });
});

describe('a tombstone', () => {
  it('ends a stream that never was as well, and its metadata with it', async () => {
    const stream = newStream();
    await client.tombstoneStream(stream, { expectedRevision: NO_STREAM });
    const refused = [
      () => client.appendToStream(stream, event(0)),
      () => client.setStreamMetadata(stream, { maxCount: 1 }),
      () => client.deleteStream(stream),
      () => client.tombstoneStream(stream),
      () => read(stream),
    ];
    for (const call of refused) await expect(call()).rejects.toBeInstanceOf(StreamDeletedError);
    const subscription = client.subscribeToStream(stream);
    const error = await new Promise((resolve) => subscription.on('error', resolve));
    expect(error).toBeInstanceOf(StreamDeletedError);
  });

  it('asks for the revision that is expected', async () => {
    const stream = await written(0, 1);
    const wrong = client.tombstoneStream(stream, { expectedRevision: 0n });
    await expect(wrong).rejects.toMatchObject({ type: 'wrong-expected-version', actualVersion: 1n });
    await client.tombstoneStream(stream, { expectedRevision: 1n });
    const all = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
    expect(all[0]?.event).toMatchObject({ streamId: stream, type: '$streamDeleted', revision: 2n ** 63n - 1n });
  });
});

const link = (text: string) => ({
  ...jsonEvent({ type: '$>', data: {} }),
  contentType: 'application/octet-stream' as const,
  data: Buffer.from(text),
});

/** What is read of a stream with these links: type or revision of event and link. */
async function resolved(links: string[], resolveLinkTos = true) {
  const stream = newStream();
  await client.appendToStream(stream, links.map(link));
  const items = await collect(client.readStream(stream, { resolveLinkTos }));
  return items.map((item) => [item.event && `${item.event.type} ${item.event.revision}`, item.link?.revision]);
}

describe('links', () => {
  it('are what they point to, when that is asked for', async () => {
    const target = await written(0, 1);
    expect(await resolved([`1@${target}`])).toEqual([['test.Counted 1', 0n]]);
    expect(await resolved([`1@${target}`], false)).toEqual([['$> 0', undefined]]);
    const at = `${newStream()}@home`;
    await client.appendToStream(at, event(0));
    expect(await resolved([`0@${at}`])).toEqual([['test.Counted 0', 0n]]);
  });

  it('stay alone when what they point to is gone, cut off, deleted, or never was', async () => {
    const [cut, old, deleted, ended] = [await written(0, 1), await written(0, 1), await written(0), await written(0)];
    await client.setStreamMetadata(cut, { truncateBefore: 1 });
    await client.setStreamMetadata(old, { maxAge: 1 });
    await client.deleteStream(deleted);
    await client.tombstoneStream(ended);
    await delay(1_100);
    const gone = [`0@${cut}`, `0@${old}`, `0@${deleted}`, `0@${ended}`, `9@${cut}`, `0@${newStream()}`, 'nonsense'];
    expect(await resolved(gone)).toEqual(gone.map((_, index) => [undefined, BigInt(index)]));
    expect(await resolved([`1@${cut}`])).toEqual([['test.Counted 1', 0n]]);
  });

  it('that name no revision are events like others', async () => {
    expect(await resolved(['one@thing'])).toEqual([['$> 0', undefined]]);
  });

  it('are resolved once only, and in $all and subscriptions too', async () => {
    const target = await written(0);
    const first = newStream();
    await client.appendToStream(first, link(`0@${target}`));
    expect(await resolved([`0@${first}`])).toEqual([['$> 0', 0n]]);
    const subscription = client.subscribeToStream(first, { resolveLinkTos: true });
    const item = await new Promise<{ event?: { streamId: string } }>((resolve) => subscription.once('data', resolve));
    expect(item.event?.streamId).toBe(target);
    await subscription.unsubscribe();
    const all = await collect(
      client.readAll({ direction: BACKWARDS, fromPosition: END, resolveLinkTos: true, maxCount: 2 }),
    );
    expect(all.map((found) => found.event?.streamId)).toContain(target);
  });
});

describe('a filtered subscription', () => {
  it('tells where it is after each interval of what it considered, live, and last at the end of history', async () => {
    const kind = `kind${randomUUID().slice(0, 8)}`;
    const checkpoints: Position[] = [];
    const filter = eventTypeFilter({
      prefixes: [kind],
      maxSearchWindow: 5,
      checkpointInterval: 2,
      checkpointReached: (_, position) => void checkpoints.push(position),
    });
    const subscription = client.subscribeToAll({ fromPosition: START, filter });
    subscription.on('data', () => undefined);
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    const caughtUp = checkpoints.length;
    expect(caughtUp).toBeGreaterThan(0);
    await client.appendToStream(newStream(), events(...Array.from({ length: 35 }, (_, n) => n)));
    await expect.poll(() => checkpoints.length - caughtUp).toBe(3);
    const live = checkpoints.slice(caughtUp).map(({ commit }) => commit);
    expect(live.map((commit) => commit - (checkpoints[caughtUp - 1]?.commit ?? 0n))).toEqual([10n, 20n, 30n]);
    for (const { commit, prepare } of checkpoints) expect(prepare).toBe(commit);
    await subscription.unsubscribe();
  });

  it('by stream name takes expressions and prefixes', async () => {
    const name = `name${randomUUID().slice(0, 8)}`;
    await client.appendToStream(`${name}-a`, event(0));
    await client.appendToStream(`${name}-b`, event(1));
    for (const [filter, expected] of [
      [streamNameFilter({ prefixes: [`${name}-a`, `${name}-b`] }), 2],
      [streamNameFilter({ regex: `^${name}\\-b$` }), 1],
      [streamNameFilter({ regex: `(?i)^${name.toUpperCase()}` }), 2],
    ] as const) {
      const subscription = client.subscribeToAll({ fromPosition: START, filter });
      let seen = 0;
      subscription.on('data', () => seen++);
      await new Promise((resolve) => subscription.once('caughtUp', resolve));
      expect(seen).toBe(expected);
      await subscription.unsubscribe();
    }
  });
});

describe('reads of $all', () => {
  it('show what was deleted and cut off, and begin and end where they are told', async () => {
    const stream = newStream();
    const { position } = await client.appendToStream(stream, events(0, 1));
    await client.deleteStream(stream);
    const all = await collect(client.readAll({ fromPosition: position ?? START }));
    expect(all.map((item) => item.event?.streamId)).toEqual([stream, `$$${stream}`]);
    expect(await collect(client.readAll({ direction: FORWARDS, fromPosition: END }))).toEqual([]);
    expect(await collect(client.readAll({ direction: BACKWARDS, fromPosition: START }))).toEqual([]);
  });
});
