/** Persistent subscriptions of the embedded server, seen through the real client. */
import { randomUUID } from 'node:crypto';
import {
  END,
  EventStoreDBClient,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionFailedError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  START,
  StreamNotFoundError,
  eventTypeFilter,
  jsonEvent,
  persistentSubscriptionToAllSettingsFromDefaults as toAllSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as toStreamSettings,
  streamNameFilter,
  type Filter,
  type PersistentSubscriptionToStream,
  type PersistentSubscriptionToStreamResolvedEvent as Delivered,
} from '@eventstore/db-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { client, newStream, store } from '../support/event-store-client.js';

const open: { unsubscribe(): Promise<void> }[] = [];
afterEach(async () => {
  for (const subscription of open.splice(0)) await subscription.unsubscribe();
});

const event = (n: number, id: string = randomUUID(), metadata?: Record<string, unknown>) =>
  jsonEvent({ id, type: 'test.Counted', data: { n }, ...(metadata && { metadata }) });
const events = (...numbers: number[]) => numbers.map((n) => event(n));
const numberOf = ({ event: found }: Delivered) => (found?.data as { n: number } | undefined)?.n;
const until = (condition: () => unknown) =>
  vi.waitFor(
    async () => {
      expect(await condition()).toBeTruthy();
    },
    { timeout: 15_000, interval: 20 },
  );

interface Consumer {
  readonly seen: Delivered[];
  readonly numbers: (number | undefined)[];
  readonly subscription: PersistentSubscriptionToStream;
  readonly ended: Promise<unknown>;
}

/** A consumer that does with each message what `answer` says, and by default acknowledges. */
function consume(
  stream: string,
  group: string,
  answer: (item: Delivered, subscription: PersistentSubscriptionToStream) => unknown = (item, subscription) =>
    subscription.ack(item),
  options: { bufferSize?: number; via?: EventStoreDBClient } = {},
): Consumer {
  const { via = client, ...rest } = options;
  const subscription =
    stream === '$all'
      ? (via.subscribeToPersistentSubscriptionToAll(group, rest) as unknown as PersistentSubscriptionToStream)
      : via.subscribeToPersistentSubscriptionToStream(stream, group, rest);
  const seen: Delivered[] = [];
  const numbers: (number | undefined)[] = [];
  const ended = new Promise((resolve) => subscription.once('error', resolve));
  subscription.on('error', () => undefined);
  subscription.on('data', (item: Delivered) => {
    seen.push(item);
    numbers.push(numberOf(item));
    void answer(item, subscription);
  });
  open.push(subscription);
  return { seen, numbers, subscription, ended };
}
const nothing = () => undefined;

async function newGroup(settings: Parameters<typeof toStreamSettings>[0] = {}, written: number[] = []) {
  const stream = newStream();
  if (written.length > 0) await client.appendToStream(stream, events(...written));
  await client.createPersistentSubscriptionToStream(stream, 'g', toStreamSettings({ startFrom: START, ...settings }));
  return stream;
}
const info = (stream: string) => client.getPersistentSubscriptionToStreamInfo(stream, 'g');
async function read(stream: string) {
  const all = [];
  for await (const { event: found } of client.readStream(stream)) all.push(found);
  return all;
}

/** A group with these numbers parked. */
async function parkedGroup(numbers: number[]) {
  const stream = await newGroup({}, numbers);
  const consumer = consume(stream, 'g', (item, to) => to.nack('park', 'later', item));
  await until(async () => (await info(stream)).stats.parkedMessageCount === BigInt(numbers.length));
  await consumer.subscription.unsubscribe();
  return stream;
}
const checkpoints = (stream: string) => read(`$persistentsubscription-${stream}::g-checkpoint`).catch(() => []);

describe('a group', () => {
  it('is made once, is changed and deleted only while it is there, and says so with the client’s own errors', async () => {
    const stream = newStream();
    const settings = toStreamSettings();
    await client.createPersistentSubscriptionToStream(stream, 'g', settings);
    const again = client.createPersistentSubscriptionToStream(stream, 'g', settings);
    await expect(again).rejects.toBeInstanceOf(PersistentSubscriptionExistsError);
    await client.updatePersistentSubscriptionToStream(stream, 'g', toStreamSettings({ maxRetryCount: 3 }));
    expect((await info(stream)).settings.maxRetryCount).toBe(3);
    await client.deletePersistentSubscriptionToStream(stream, 'g');

    const missing = [
      () => client.updatePersistentSubscriptionToStream(stream, 'g', settings),
      () => client.deletePersistentSubscriptionToStream(stream, 'g'),
      () => client.getPersistentSubscriptionToStreamInfo(stream, 'g'),
      () => client.replayParkedMessagesToStream(stream, 'g'),
      () => client.deletePersistentSubscriptionToAll('nobody'),
      async () => {
        throw await consume(stream, 'g').ended;
      },
    ];
    for (const call of missing) await expect(call()).rejects.toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    await expect(client.getPersistentSubscriptionToStreamInfo(stream, 'g')).rejects.toMatchObject({
      streamName: stream,
      groupName: 'g',
      message: expect.stringContaining(`Subscription group g on stream ${stream} does not exist.`),
    });
  });

  it('is refused settings that make no sense', async () => {
    const refused = [
      client.createPersistentSubscriptionToStream(newStream(), 'g', toStreamSettings({ readBatchSize: 500 })),
      client.createPersistentSubscriptionToAll('g', toAllSettings({ startFrom: { commit: 10n ** 15n, prepare: 1n } })),
      client.createPersistentSubscriptionToAll('g', toAllSettings({ startFrom: { commit: 1n, prepare: 2n } })),
    ];
    for (const call of refused) await expect(call).rejects.toBeInstanceOf(PersistentSubscriptionFailedError);
    await expect(
      client.createPersistentSubscriptionToAll('g', toAllSettings(), { filter: eventTypeFilter({ regex: '(' }) }),
    ).rejects.toMatchObject({ type: 'unknown' });
  });

  it('is written to the configuration stream after it is there', async () => {
    const group = `g-${randomUUID()}`;
    await client.createPersistentSubscriptionToAll(group, toAllSettings({ startFrom: END }));
    const consumer = consume('$all', group);
    await until(() => consumer.seen.length > 0);
    expect(consumer.seen[0]?.event).toMatchObject({
      type: '$PersistentConfig',
      streamId: '$persistentSubscriptionConfig',
      data: { version: '2' },
    });
    await client.deletePersistentSubscriptionToAll(group);
  });

  it('tells its settings, its consumers and how it stands', async () => {
    const stream = await newGroup({ extraStatistics: true, maxSubscriberCount: 4, startFrom: 1n }, [0, 1, 2]);
    const named = EventStoreDBClient.connectionString(`${store.connectionString}&connectionName=Ann`);
    const consumer = consume(stream, 'g', (item, to) => numberOf(item) === 1 && to.ack(item), {
      bufferSize: 7,
      via: named,
    });
    await until(async () => (await info(stream)).connections[0]?.extraStatistics);
    const found = await info(stream);
    expect(consumer.numbers).toEqual([1, 2]);
    expect(found).toMatchObject({
      eventSource: stream,
      groupName: 'g',
      status: 'Live',
      settings: { ...toStreamSettings(), startFrom: 1n, extraStatistics: true, maxSubscriberCount: 4 },
      stats: {
        totalItems: 2n,
        totalInFlightMessages: 1,
        outstandingMessagesCount: 1,
        lastKnownEventRevision: 2n,
        parkedMessageCount: 0n,
      },
      connections: [
        { connectionName: 'Ann', username: 'system', availableSlots: 6, inFlightMessages: 1, totalItems: 2n },
      ],
    });
    expect([...(found.connections[0]?.extraStatistics?.keys() ?? [])]).toEqual(
      expect.arrayContaining(['mean', 'median', 'fastest', 'quintile 1', 'quintile 5', '99.9%', 'highest']),
    );
    await consumer.subscription.unsubscribe();
    await named.dispose();
  });

  it('is listed, for its stream and among all', async () => {
    const stream = newStream();
    await expect(client.listPersistentSubscriptionsToStream(stream)).rejects.toBeInstanceOf(
      PersistentSubscriptionDoesNotExistError,
    );
    await client.createPersistentSubscriptionToStream(stream, 'one', toStreamSettings());
    await client.createPersistentSubscriptionToStream(stream, 'two', toStreamSettings());
    const names = (await client.listPersistentSubscriptionsToStream(stream)).map(({ groupName }) => groupName);
    expect(names).toEqual(['one', 'two']);
    const all = (await client.listAllPersistentSubscriptions()).filter(({ eventSource }) => eventSource === stream);
    expect(all).toHaveLength(2);
    for (const name of names) await client.deletePersistentSubscriptionToStream(stream, name);
    expect(await client.listPersistentSubscriptionsToStream(stream)).toEqual([]);
  });

  it('drops its consumers when it is changed, deleted, or started anew', async () => {
    for (const drop of [
      (stream: string) => client.updatePersistentSubscriptionToStream(stream, 'g', toStreamSettings()),
      (stream: string) => client.deletePersistentSubscriptionToStream(stream, 'g'),
      () => client.restartPersistentSubscriptionSubsystem(),
    ]) {
      const stream = await newGroup({}, [0]);
      const consumer = consume(stream, 'g', nothing);
      await until(() => consumer.seen.length === 1);
      await drop(stream);
      expect(await consumer.ended).toBeInstanceOf(PersistentSubscriptionDroppedError);
    }
  });
});

describe('delivery', () => {
  it('gives history from the start, inclusive, and then what comes, with the original’s position', async () => {
    const stream = await newGroup({ startFrom: 1n }, [0, 1, 2]);
    const consumer = consume(stream, 'g');
    await until(() => consumer.seen.length === 2);
    const { position } = await client.appendToStream(stream, event(3));
    await until(() => consumer.seen.length === 3);
    expect(consumer.numbers).toEqual([1, 2, 3]);
    expect(consumer.seen[2]).toMatchObject({ retryCount: 0, commitPosition: position?.commit });
  });

  it('begins at the end by default, which is the end when the group was made', async () => {
    const stream = await newGroup({ startFrom: END }, [0, 1]);
    await client.appendToStream(stream, event(2));
    const consumer = consume(stream, 'g');
    await until(() => consumer.seen.length === 1);
    expect(consumer.numbers).toEqual([2]);
  });

  it('waits for a stream that does not exist yet', async () => {
    expect.hasAssertions();
    const stream = await newGroup();
    const consumer = consume(stream, 'g');
    await client.appendToStream(stream, events(0, 1));
    await until(() => consumer.seen.length === 2);
  });

  it('gives a consumer no more than it has room for', async () => {
    const stream = await newGroup({}, [0, 1, 2, 3, 4]);
    const consumer = consume(stream, 'g', nothing, { bufferSize: 2 });
    await until(() => consumer.seen.length === 2);
    await consumer.subscription.ack(consumer.seen[0]!);
    await until(() => consumer.seen.length === 3);
    expect((await info(stream)).stats).toMatchObject({ totalInFlightMessages: 2, totalItems: 3n });
    expect(consumer.numbers).toEqual([0, 1, 2]);
  });

  it('gives each of thousands of events once, history and live, through small buffers', async () => {
    const stream = await newGroup({ historyBufferSize: 30, liveBufferSize: 5, readBatchSize: 7 });
    const batch = (from: number) => Array.from({ length: 250 }, (_, n) => event(from + n));
    for (let from = 0; from < 1_000; from += 250) await client.appendToStream(stream, batch(from));
    const consumer = consume(stream, 'g', undefined, { bufferSize: 3 });
    for (let from = 1_000; from < 2_000; from += 250) await client.appendToStream(stream, batch(from));
    await until(() => consumer.seen.length >= 2_000);
    expect(consumer.numbers).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
    await client.appendToStream(stream, event(2_000));
    await until(() => consumer.numbers.at(-1) === 2_000);
  });

  it('gives a consumer that does not read no more than lies on the way, and the rest when it reads on', async () => {
    const stream = await newGroup({ messageTimeout: 600_000 });
    const consumer = consume(stream, 'g', nothing, { bufferSize: 100_000 });
    await new Promise((resolve) => consumer.subscription.once('confirmation', resolve));
    consumer.subscription.pause();
    const [total, text] = [1_500, 'x'.repeat(20_000)];
    for (let from = 0; from < total; from += 50) {
      const large = (n: number) => jsonEvent({ type: 'test.Counted', data: { n: from + n, text } });
      await client.appendToStream(
        stream,
        Array.from({ length: 50 }, (_, n) => large(n)),
      );
    }
    const { totalInFlightMessages, readBufferCount } = (await info(stream)).stats;
    expect(totalInFlightMessages).toBeLessThan(total - 500);
    expect(readBufferCount).toBeLessThanOrEqual(500);
    consumer.subscription.resume();
    await until(() => consumer.seen.length === total);
    expect(consumer.numbers).toEqual(Array.from({ length: total }, (_, n) => n));
  });

  it('resolves links when the group does, also live and of targets that are gone; the link is acknowledged', async () => {
    const [target, stream] = [newStream(), newStream()];
    await client.appendToStream(target, events(0, 1, 2));
    await client.setStreamMetadata(target, { truncateBefore: 1 });
    const link = (revision: number) => ({
      ...jsonEvent({ type: '$>', data: {} }),
      contentType: 'application/octet-stream' as const,
      data: Buffer.from(`${revision}@${target}`),
    });
    await client.appendToStream(stream, [link(1), link(0)]);
    await client.createPersistentSubscriptionToStream(
      stream,
      'g',
      toStreamSettings({ startFrom: START, resolveLinkTos: true, checkPointUpperBound: 1, checkPointLowerBound: 1 }),
    );
    const consumer = consume(stream, 'g');
    await until(() => consumer.seen.length === 2);
    await client.appendToStream(stream, link(2));
    await until(() => consumer.seen.length === 3);
    expect(consumer.numbers).toEqual([1, undefined, 2]);
    expect(consumer.seen.map((item) => item.link?.revision)).toEqual([0n, 1n, 2n]);
    expect(consumer.seen[2]?.event?.position).toEqual(consumer.seen[2]?.link?.position);
    await until(async () => (await info(stream)).stats.lastCheckpointedEventRevision === 2n);
  });

  it('lets no more consumers in than the group allows', async () => {
    const stream = await newGroup({ maxSubscriberCount: 1 });
    const one = consume(stream, 'g');
    await new Promise((resolve) => one.subscription.once('confirmation', resolve));
    const error = await consume(stream, 'g').ended;
    expect(error).toBeInstanceOf(PersistentSubscriptionMaximumSubscribersReachedError);
    await one.subscription.unsubscribe();
    await until(async () => (await info(stream)).connections.length === 0);
    const two = consume(stream, 'g');
    await new Promise((resolve) => two.subscription.once('confirmation', resolve));
  });

  it('gives what a consumer had in hand to another, when it goes', async () => {
    const stream = await newGroup({ consumerStrategyName: 'DispatchToSingle' }, [0, 1]);
    const first = consume(stream, 'g', nothing);
    await until(() => first.seen.length === 2);
    const second = consume(stream, 'g');
    await first.subscription.unsubscribe();
    await until(() => second.seen.length === 2);
    expect(second.seen.map((item) => [numberOf(item), item.retryCount])).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });
});

describe('an answer', () => {
  it('retry brings a message again, before new ones, until it is parked for good', async () => {
    const stream = await newGroup({ maxRetryCount: 2 }, [0]);
    const consumer = consume(stream, 'g', (item, to) =>
      numberOf(item) === 0 ? to.nack('retry', 'not now', item) : to.ack(item),
    );
    await until(async () => (await info(stream)).stats.parkedMessageCount === 1n);
    expect(consumer.seen.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
    const [parked] = await read(`$persistentsubscription-${stream}::g-parked`);
    expect(parked).toMatchObject({
      type: '$>',
      metadata: { reason: 'Reached retry count of 2', subscriptionEventNumber: 0 },
    });
    expect(Buffer.from(parked?.data as Uint8Array).toString()).toBe(`0@${stream}`);
  });

  it('none in time brings a message again', async () => {
    const stream = await newGroup({ messageTimeout: 200, maxRetryCount: 1 }, [0]);
    const consumer = consume(stream, 'g', (item, to) => item.retryCount > 0 && to.ack(item));
    await until(() => consumer.seen.length === 2);
    await until(async () => (await info(stream)).stats.outstandingMessagesCount === 0);
    expect((await info(stream)).stats.parkedMessageCount).toBe(0n);
  });

  it('skip and stop let a message go; park puts it away with its reason', async () => {
    const stream = await newGroup({}, [0, 1, 2, 3]);
    const actions = ['skip', 'stop', 'park'] as const;
    const consumer = consume(stream, 'g', (item, to) => {
      const action = actions[numberOf(item) ?? 9];
      return action ? to.nack(action, 'too odd', item) : to.ack(item);
    });
    await until(() => consumer.seen.length === 4);
    await until(async () => (await info(stream)).stats.parkedMessageCount === 1n);
    const [parked] = await read(`$persistentsubscription-${stream}::g-parked`);
    expect(parked?.metadata).toMatchObject({ reason: 'Client explicitly NAK’ed message.\ntoo odd'.replace('’', "'") });
    expect((await info(stream)).stats.outstandingMessagesCount).toBe(0);
  });

  it('with ids that are not in hand means nothing', async () => {
    expect.hasAssertions();
    const stream = await newGroup({}, [0, 1]);
    const consumer = consume(stream, 'g', nothing);
    await until(() => consumer.seen.length === 2);
    await consumer.subscription.ack({ ...consumer.seen[0]!, event: { ...consumer.seen[0]!.event!, id: randomUUID() } });
    await consumer.subscription.ack(consumer.seen[0]!, consumer.seen[0]!);
    await until(async () => (await info(stream)).stats.outstandingMessagesCount === 1);
  });

  it('for one of two messages with the same id settles both', async () => {
    expect.hasAssertions();
    const [stream, id] = [newStream(), randomUUID()];
    await client.appendToStream(stream, [event(0, id), event(1, id)]);
    await client.createPersistentSubscriptionToStream(stream, 'g', toStreamSettings({ startFrom: START }));
    const consumer = consume(stream, 'g', nothing);
    await until(() => consumer.seen.length === 2);
    await consumer.subscription.ack(consumer.seen[1]!);
    await until(async () => (await info(stream)).stats.outstandingMessagesCount === 0);
  });
});

describe('parked messages', () => {
  it('are replayed as they were, and are parked no more once they are done', async () => {
    const stream = await parkedGroup([0, 1, 2]);
    const consumer = consume(stream, 'g', nothing);
    await client.replayParkedMessagesToStream(stream, 'g');
    await until(() => consumer.seen.length === 3);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    expect(consumer.seen.map(({ retryCount }) => retryCount)).toEqual([0, 0, 0]);
    expect(consumer.seen[0]?.link?.streamId).toBe(`$persistentsubscription-${stream}::g-parked`);
    // A crash now would lose none of them.
    expect((await info(stream)).stats.parkedMessageCount).toBe(3n);
    await consumer.subscription.ack(...consumer.seen);
    await until(async () => (await info(stream)).stats.parkedMessageCount === 0n);
    expect(await read(`$persistentsubscription-${stream}::g-parked`)).toEqual([]);
  });

  it('are replayed up to before a revision, and the rest by the next replay', async () => {
    const stream = await parkedGroup([0, 1, 2]);
    const consumer = consume(stream, 'g');
    await client.replayParkedMessagesToStream(stream, 'g', { stopAt: 2 });
    await until(async () => (await info(stream)).stats.parkedMessageCount === 1n);
    expect(consumer.numbers).toEqual([0, 1]);
    await client.replayParkedMessagesToStream(stream, 'g');
    await until(async () => (await info(stream)).stats.parkedMessageCount === 0n);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    await expect(client.replayParkedMessagesToStream(stream, 'g', { stopAt: -1 })).rejects.toBeInstanceOf(
      PersistentSubscriptionFailedError,
    );
  });

  it('can be parked again', async () => {
    const stream = await parkedGroup([0]);
    const consumer = consume(stream, 'g', (item, to) => to.nack('park', 'still not', item));
    await client.replayParkedMessagesToStream(stream, 'g');
    await until(async () => (await read(`$persistentsubscription-${stream}::g-parked`))[0]?.revision === 1n);
    expect((await info(stream)).stats.parkedMessageCount).toBe(1n);
    expect(consumer.seen).toHaveLength(1);
  });

  it('go with the group, as its checkpoint does', async () => {
    const stream = await newGroup({ checkPointUpperBound: 1, checkPointLowerBound: 1 }, [0, 1]);
    const consumer = consume(stream, 'g', (item, to) =>
      numberOf(item) === 0 ? to.nack('park', '', item) : to.ack(item),
    );
    await until(async () => (await info(stream)).stats.lastCheckpointedEventRevision === 1n);
    await client.deletePersistentSubscriptionToStream(stream, 'g');
    await consumer.ended;
    for (const kind of ['parked', 'checkpoint']) {
      await expect(read(`$persistentsubscription-${stream}::g-${kind}`)).rejects.toBeInstanceOf(StreamNotFoundError);
    }
    await client.createPersistentSubscriptionToStream(stream, 'g', toStreamSettings({ startFrom: START }));
    const again = consume(stream, 'g');
    await until(() => again.seen.length === 2);
    expect((await info(stream)).stats.parkedMessageCount).toBe(0n);
  });
});

describe('a checkpoint', () => {
  it('is written by count, up to before the lowest message that is not done', async () => {
    const stream = await newGroup({ checkPointUpperBound: 3, checkPointAfter: 60_000 }, [0, 1, 2, 3, 4]);
    const consumer = consume(stream, 'g', nothing);
    await until(() => consumer.seen.length === 5);
    const [zero, one, two, three, four] = consumer.seen;
    await consumer.subscription.ack(zero!, one!, three!, four!);
    await until(async () => (await info(stream)).stats.outstandingMessagesCount === 1);
    expect(await checkpoints(stream)).toEqual([]);
    await consumer.subscription.ack(two!);
    await until(async () => (await checkpoints(stream)).length > 0);
    expect(await checkpoints(stream)).toMatchObject([{ type: '$SubscriptionCheckpoint', data: '4' }]);
  });

  it('is written by time, when enough is done', async () => {
    expect.hasAssertions();
    const stream = await newGroup({ checkPointLowerBound: 2, checkPointAfter: 10 }, [0, 1]);
    consume(stream, 'g');
    await until(async () => (await info(stream)).stats.lastCheckpointedEventRevision === 1n);
  });

  it('counts for more than where to start, also after a change', async () => {
    const stream = await newGroup({ checkPointUpperBound: 1, checkPointLowerBound: 1 }, [0, 1, 2]);
    const before = consume(stream, 'g', (item, to) => numberOf(item) !== 2 && to.ack(item));
    await until(async () => (await info(stream)).stats.lastCheckpointedEventRevision === 1n);
    await client.updatePersistentSubscriptionToStream(stream, 'g', toStreamSettings({ startFrom: START }));
    await before.ended;
    const after = consume(stream, 'g');
    await client.appendToStream(stream, event(3));
    await until(() => after.seen.length === 2);
    expect(after.numbers).toEqual([2, 3]);
  });
});

describe('a group of $all', () => {
  const groups: string[] = [];
  afterEach(async () => {
    for (const group of groups.splice(0)) await client.deletePersistentSubscriptionToAll(group);
  });
  async function allGroup(filter: Filter | undefined, settings: Parameters<typeof toAllSettings>[0] = {}) {
    const group = `g-${randomUUID()}`;
    await client.createPersistentSubscriptionToAll(
      group,
      toAllSettings({ startFrom: START, ...settings }),
      filter && { filter },
    );
    groups.push(group);
    return group;
  }

  it('gives what its filter wants, history and live, and keeps the filter when it is changed', async () => {
    const prefix = `only${randomUUID().slice(0, 8)}`;
    const stream = `${prefix}-1`;
    await client.appendToStream(stream, events(0, 1));
    await client.appendToStream(newStream(), events(7, 8));
    const group = await allGroup(streamNameFilter({ prefixes: [prefix] }));
    const consumer = consume('$all', group);
    await until(() => consumer.seen.length === 2);
    await client.appendToStream(newStream(), event(9));
    await client.appendToStream(stream, event(2));
    await until(() => consumer.seen.length === 3);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    await client.updatePersistentSubscriptionToAll(group, toAllSettings({ startFrom: START }));
    const again = consume('$all', group);
    await client.appendToStream(newStream(), event(9));
    await client.appendToStream(stream, event(3));
    await until(() => again.numbers.includes(3));
    expect(again.numbers).not.toContain(9);
  });

  it('moves its checkpoint on over what the filter hides, and not because of its own checkpoints', async () => {
    expect.hasAssertions();
    const group = await allGroup(eventTypeFilter({ regex: `^${randomUUID()}` }), {
      startFrom: END,
      checkPointLowerBound: 1,
      checkPointAfter: 1,
    });
    consume('$all', group);
    const { position } = await client.appendToStream(newStream(), events(0, 1, 2));
    const stats = async () => (await client.getPersistentSubscriptionToAllInfo(group)).stats;
    await until(async () => ((await stats()).lastCheckpointedEventPosition?.commit ?? 0n) >= position!.commit);
    // Its own checkpoint is in $all and must not bring about the next one: that would never end.
    const settled = async () => {
      const before = (await stats()).lastKnownEventPosition?.commit;
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      return (await stats()).lastKnownEventPosition?.commit === before;
    };
    await until(settled);
  });

  it('is told like one of a stream', async () => {
    const group = await allGroup(undefined, { startFrom: { commit: 3n, prepare: 3n } });
    const consumer = consume('$all', group, nothing, { bufferSize: 1 });
    await until(() => consumer.seen.length === 1);
    expect(consumer.seen[0]?.event?.position).toEqual({ commit: 3n, prepare: 3n });
    expect(await client.getPersistentSubscriptionToAllInfo(group)).toMatchObject({
      eventSource: '$all',
      settings: { startFrom: { commit: 3n, prepare: 3n } },
    });
    const names = (await client.listPersistentSubscriptionsToAll()).map(({ groupName }) => groupName);
    expect(names).toContain(group);
  });

  it('parks and replays', async () => {
    const type = `t${randomUUID().slice(0, 8)}`;
    const group = await allGroup(eventTypeFilter({ prefixes: [type] }));
    const stream = newStream();
    await client.appendToStream(stream, jsonEvent({ type, data: { n: 5 } }));
    const consumer = consume('$all', group, (item, to) =>
      item.link ? to.ack(item) : to.nack('park', 'first time', item),
    );
    const parked = async () => (await client.getPersistentSubscriptionToAllInfo(group)).stats.parkedMessageCount;
    await until(async () => (await parked()) === 1n);
    await client.replayParkedMessagesToAll(group);
    await until(async () => (await parked()) === 0n);
    expect(consumer.numbers).toEqual([5, 5]);
  });
});

describe('consumers of one group', () => {
  it('take turns with RoundRobin', async () => {
    const stream = await newGroup({ consumerStrategyName: 'RoundRobin' });
    const both = [consume(stream, 'g'), consume(stream, 'g')];
    await Promise.all(
      both.map(({ subscription }) => new Promise((resolve) => subscription.once('confirmation', resolve))),
    );
    await client.appendToStream(stream, events(0, 1, 2, 3, 4, 5));
    await until(() => both[0]!.seen.length + both[1]!.seen.length === 6);
    expect(both.map(({ seen }) => seen.length)).toEqual([3, 3]);
  });

  it('come after the first only when it has no room, with DispatchToSingle', async () => {
    const stream = await newGroup({ consumerStrategyName: 'DispatchToSingle' });
    const first = consume(stream, 'g', nothing, { bufferSize: 2 });
    await new Promise((resolve) => first.subscription.once('confirmation', resolve));
    const second = consume(stream, 'g', nothing, { bufferSize: 2 });
    await new Promise((resolve) => second.subscription.once('confirmation', resolve));
    await client.appendToStream(stream, events(0, 1, 2));
    await until(() => second.seen.length === 1);
    expect([first.numbers, second.numbers]).toEqual([[0, 1], [2]]);
  });

  it('each get all messages of the streams that are pinned to them', async () => {
    const prefix = `pin${randomUUID().slice(0, 8)}`;
    const group = `g-${randomUUID()}`;
    await client.createPersistentSubscriptionToAll(
      group,
      toAllSettings({ startFrom: END, consumerStrategyName: 'Pinned' }),
      { filter: streamNameFilter({ prefixes: [prefix] }) },
    );
    const both = [consume('$all', group), consume('$all', group)];
    await Promise.all(
      both.map(({ subscription }) => new Promise((resolve) => subscription.once('confirmation', resolve))),
    );
    const streams = Array.from({ length: 20 }, (_, n) => `${prefix}-${n}`);
    for (let n = 0; n < 3; n++) {
      await Promise.all(streams.map((stream) => client.appendToStream(stream, event(n))));
    }
    await until(() => both[0]!.seen.length + both[1]!.seen.length === 60);
    const [mine, others] = both.map(({ seen }) => new Set(seen.map((item) => item.event?.streamId)));
    expect([...mine!].filter((stream) => others!.has(stream))).toEqual([]);
    expect(mine!.size).toBe(10);
    await client.deletePersistentSubscriptionToAll(group);
  });
});
