/** What a server owes on the wire that the real client never asks for, or never shows: seen through bare gRPC. */
import { randomUUID } from 'node:crypto';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import persistentService from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import googleEmpty from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';

let store: TestEventStore;
let client: InstanceType<typeof streamsService.StreamsClient>;
let groups: InstanceType<typeof persistentService.PersistentSubscriptionsClient>;
beforeAll(async () => {
  store = await startTestEventStore();
  const address = `127.0.0.1:${store.port}`;
  client = new streamsService.StreamsClient(address, credentials.createInsecure());
  groups = new persistentService.PersistentSubscriptionsClient(address, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  groups.close();
  await store.close();
});

type BatchRequest = InstanceType<typeof streams.BatchAppendReq>;
type BatchReply = InstanceType<typeof streams.BatchAppendResp>;

const newStream = () => `thing-${randomUUID()}`;
function identifier(stream: string) {
  const message = new shared.StreamIdentifier();
  message.setStreamName(Buffer.from(stream));
  return message;
}
function uuid(id: string = randomUUID()) {
  const message = new shared.UUID();
  message.setString(id);
  return message;
}
function proposed(bytes = 2) {
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.setId(uuid());
  message.getMetadataMap().set('type', 'test.Happened').set('content-type', 'application/octet-stream');
  message.setData(Buffer.alloc(bytes));
  return message;
}

interface Part {
  readonly id: string;
  readonly stream?: string;
  readonly deadlineIn?: number;
  readonly events?: number;
  readonly bytes?: number;
  readonly final?: boolean;
}
function part({ id, stream, deadlineIn, events = 0, bytes = 2, final = false }: Part): BatchRequest {
  const message = new streams.BatchAppendReq();
  message.setCorrelationId(uuid(id));
  if (stream !== undefined) {
    const options = new streams.BatchAppendReq.Options();
    options.setStreamIdentifier(identifier(stream));
    options.setAny(new googleEmpty.Empty());
    if (deadlineIn !== undefined) {
      options.setDeadline(timestamp.Timestamp.fromDate(new Date(Date.now() + deadlineIn)));
    }
    message.setOptions(options);
  }
  message.setProposedMessagesList(Array.from({ length: events }, () => proposed(bytes)));
  message.setIsFinal(final);
  return message;
}

/** A batch append call that keeps its replies. */
function batch() {
  const call = client.batchAppend();
  const replies: BatchReply[] = [];
  call.on('data', (reply: BatchReply) => replies.push(reply));
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    call.on('end', () => resolve(undefined));
    call.on('error', resolve);
  });
  const send = (message: Part) => call.write(part(message));
  return { call, replies, ended, send };
}
const detailOf = (reply: BatchReply | undefined) => reply?.getError()?.getDetails()?.getTypeName();
const soon = (assertion: () => void) => vi.waitFor(assertion, { timeout: 10_000, interval: 10 });

describe('a batch append', () => {
  it('is answered once per correlation id, whatever comes after', async () => {
    const { call, replies, ended, send } = batch();
    const [id, stream] = [randomUUID(), newStream()];
    send({ id, stream, events: 0 });
    send({ id, events: 2 });
    send({ id, events: 1, final: true });
    await soon(() => expect(replies).toHaveLength(1));
    send({ id, events: 1, final: true });
    send({ id: randomUUID(), events: 1, final: true });
    call.end();
    expect(await ended).toBeUndefined();
    expect(replies).toHaveLength(1);
    expect(replies[0]?.getSuccess()?.getCurrentRevision()).toBe('2');
    expect(replies[0]?.getCorrelationId()?.getString()).toBe(id);
  });

  it('whose deadline has passed is a timeout, and so is one whose last part does not come in time', async () => {
    const { call, replies, ended, send } = batch();
    const [late, half] = [randomUUID(), randomUUID()];
    send({ id: late, stream: newStream(), deadlineIn: -1_000, events: 1, final: true });
    send({ id: half, stream: newStream(), deadlineIn: 300, events: 1 });
    await soon(() => expect(replies).toHaveLength(2));
    expect(replies.map(detailOf)).toEqual(['event_store.client.Timeout', 'event_store.client.Timeout']);
    expect(replies.map((reply) => reply.getError()?.getCode())).toEqual([4, 4]);
    expect(replies.map((reply) => reply.getCorrelationId()?.getString())).toEqual([late, half]);
    // Too late, and forgotten.
    send({ id: half, events: 1, final: true });
    call.end();
    expect(await ended).toBeUndefined();
    expect(replies).toHaveLength(2);
  });

  it('that is left half is answered also when the client says no more', async () => {
    const { call, replies, ended, send } = batch();
    send({ id: randomUUID(), stream: newStream(), deadlineIn: 300, events: 1 });
    send({ id: randomUUID(), stream: newStream(), events: 1, final: true });
    call.end();
    expect(await ended).toBeUndefined();
    expect(replies.map(detailOf)).toEqual([undefined, 'event_store.client.Timeout']);
  });

  it('that is too large is answered at once, and its other parts are ignored', async () => {
    const { call, replies, ended, send } = batch();
    const [id, stream] = [randomUUID(), newStream()];
    send({ id, stream, events: 2, bytes: 600_000 });
    send({ id, events: 1, final: true });
    await soon(() => expect(replies).toHaveLength(1));
    call.end();
    await ended;
    expect(replies.map(detailOf)).toEqual(['event_store.client.MaximumAppendSizeExceeded']);
    expect(replies[0]?.getStreamIdentifier()?.getStreamName_asU8()).toEqual(new Uint8Array(Buffer.from(stream)));
  });

  it('without a stream is a bad request', async () => {
    const { call, replies, ended, send } = batch();
    send({ id: randomUUID(), stream: '', events: 1, final: true });
    await soon(() => expect(replies.map(detailOf)).toEqual(['event_store.client.BadRequest']));
    call.end();
    expect(await ended).toBeUndefined();
  });

  it('does not fill memory for a client that reads no replies, and loses none of them', async () => {
    const call = client.batchAppend();
    const total = 8_000;
    const stream = newStream();
    let sent = 0;
    const send = (): void => {
      while (sent < total) {
        sent++;
        if (!call.write(part({ id: randomUUID(), stream, final: true }))) return void call.once('drain', send);
      }
      call.end();
    };
    send();
    // Nobody reads: the server stops taking more, so the client can't get rid of its own.
    await vi.waitFor(() => expect(call.writableNeedDrain).toBe(true), { timeout: 10_000 });
    let replies = 0;
    call.on('data', () => replies++);
    await new Promise((resolve) => call.on('end', resolve));
    expect([sent, replies]).toEqual([total, total]);
  });
});

type ReadRequest = InstanceType<typeof streams.ReadReq>;
function readRequest(change: (options: InstanceType<typeof streams.ReadReq.Options>) => void): ReadRequest {
  const options = new streams.ReadReq.Options();
  const uuidOption = new streams.ReadReq.Options.UUIDOption();
  uuidOption.setString(new shared.Empty());
  options.setUuidOption(uuidOption);
  options.setCount('10');
  options.setNoFilter(new shared.Empty());
  const all = new streams.ReadReq.Options.AllOptions();
  all.setStart(new shared.Empty());
  options.setAll(all);
  change(options);
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}
function readAll(request: ReadRequest): Promise<InstanceType<typeof streams.ReadResp>[]> {
  return new Promise((resolve, reject) => {
    const call = client.read(request);
    const messages: InstanceType<typeof streams.ReadResp>[] = [];
    call.on('data', (message: InstanceType<typeof streams.ReadResp>) => messages.push(message));
    call.on('end', () => resolve(messages));
    call.on('error', reject);
  });
}

describe('a read', () => {
  const withFilter = (change: (filter: streams.ReadReq.Options.FilterOptions) => void, subscribe = false) =>
    readRequest((options) => {
      const filter = new streams.ReadReq.Options.FilterOptions();
      const expression = new streams.ReadReq.Options.FilterOptions.Expression();
      expression.setPrefixList(['$']);
      filter.setEventType(expression);
      filter.setCount(new shared.Empty());
      filter.setCheckpointintervalmultiplier(1);
      change(filter);
      options.setFilter(filter);
      if (subscribe) options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
    });

  it.each([
    ['no way to write ids', readRequest((options) => options.clearUuidOption())],
    ['neither stream nor $all', readRequest((options) => options.clearAll())],
    ['neither count nor subscription', readRequest((options) => options.clearCount())],
    [
      'a subscription backwards',
      readRequest((options) => {
        options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
        options.setReadDirection(streams.ReadReq.Options.ReadDirection.BACKWARDS);
      }),
    ],
    ['a filter without window', withFilter((filter) => filter.clearCount())],
    ['a filter of nothing', withFilter((filter) => filter.clearEventType())],
    [
      'a subscription without checkpoint interval',
      withFilter((filter) => filter.setCheckpointintervalmultiplier(0), true),
    ],
  ])('with %s is an invalid argument', async (_, request) => {
    await expect(readAll(request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('of no events at all fails', async () => {
    await expect(readAll(readRequest((options) => options.setCount('0')))).rejects.toMatchObject({
      code: status.UNKNOWN,
    });
  });

  it('writes ids as two numbers for who asks for that', async () => {
    const structured = readRequest((options) => {
      options.getUuidOption()?.setStructured(new shared.Empty());
      options.setCount('1');
    });
    const [plain] = await readAll(readRequest((options) => options.setCount('1')));
    const [other] = await readAll(structured);
    const id = other?.getEvent()?.getEvent()?.getId()?.getStructured();
    const hex = [id?.getMostSignificantBits(), id?.getLeastSignificantBits()]
      .map((bits) =>
        BigInt.asUintN(64, BigInt(bits ?? 0))
          .toString(16)
          .padStart(16, '0'),
      )
      .join('');
    expect(hex).toBe(plain?.getEvent()?.getEvent()?.getId()?.getString().replaceAll('-', ''));
  });
});

describe('an append or delete that does not say what it expects', () => {
  it('is an invalid argument', async () => {
    const options = new streams.AppendReq.Options();
    options.setStreamIdentifier(identifier(newStream()));
    const request = new streams.AppendReq();
    request.setOptions(options);
    const appended = new Promise((resolve, reject) => {
      const call = client.append((error: ServiceError | null, response: unknown) =>
        error ? reject(error) : resolve(response),
      );
      call.write(request);
      call.end();
    });
    await expect(appended).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    const removal = new streams.DeleteReq();
    const removalOptions = new streams.DeleteReq.Options();
    removalOptions.setStreamIdentifier(identifier(newStream()));
    removal.setOptions(removalOptions);
    const removed = new Promise((resolve, reject) => {
      client.delete(removal, (error: ServiceError | null, response: unknown) =>
        error ? reject(error) : resolve(response),
      );
    });
    await expect(removed).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

function createRequest(strategy: string) {
  const settings = new persistent.CreateReq.Settings();
  settings.setConsumerStrategy(strategy);
  settings.setReadBatchSize(20);
  settings.setHistoryBufferSize(500);
  settings.setLiveBufferSize(500);
  settings.setMaxRetryCount(1);
  settings.setMessageTimeoutTicks('50000000');
  settings.setCheckpointAfterTicks('20000000');
  const stream = new persistent.CreateReq.StreamOptions();
  stream.setStreamIdentifier(identifier(newStream()));
  stream.setStart(new shared.Empty());
  const options = new persistent.CreateReq.Options();
  options.setStream(stream);
  options.setGroupName('g');
  options.setSettings(settings);
  const request = new persistent.CreateReq();
  request.setOptions(options);
  return request;
}
const create = (request: InstanceType<typeof persistent.CreateReq>) =>
  new Promise<void>((resolve, reject) => {
    groups.create(request, (error: ServiceError | null) => (error ? reject(error) : resolve()));
  });

describe('a persistent subscription, asked for as newer clients do', () => {
  it('takes a strategy by name, and times in ticks', async () => {
    const request = createRequest('PinnedByCorrelation');
    await create(request);
    const infoOptions = new persistent.GetInfoReq.Options();
    infoOptions.setStreamIdentifier(request.getOptions()?.getStream()?.getStreamIdentifier());
    infoOptions.setGroupName('g');
    const infoRequest = new persistent.GetInfoReq();
    infoRequest.setOptions(infoOptions);
    const info = await new Promise<InstanceType<typeof persistent.GetInfoResp>>((resolve, reject) => {
      groups.getInfo(
        infoRequest,
        (error: ServiceError | null, response: InstanceType<typeof persistent.GetInfoResp>) =>
          error ? reject(error) : resolve(response),
      );
    });
    expect(info.getSubscriptionInfo()?.toObject()).toMatchObject({
      namedConsumerStrategy: 'PinnedByCorrelation',
      messageTimeoutMilliseconds: 5_000,
      checkPointAfterMilliseconds: 2_000,
      startFrom: '0',
    });
  });

  it('is refused a strategy that nobody knows', async () => {
    const error = await create(createRequest('Whoever')).catch((caught: unknown) => caught as ServiceError);
    expect(error).toMatchObject({ code: status.INTERNAL });
    expect((error as ServiceError).metadata.get('exception')).toEqual(['persistent-subscription-failed']);
    expect((error as ServiceError).metadata.get('group-name')).toEqual(['g']);
  });
});
