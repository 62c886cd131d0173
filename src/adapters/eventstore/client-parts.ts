/**
 * What the client keeps protected for its own extensions: its connection, its credentials, and how it finds a leader again.
 * Reads and appends are made here with those parts, because the client's own make several objects for each field of an
 * event, copy every payload twice, and share one map of pending appends between all clients of a process.
 */
import type { CallOptions, Client, ClientDuplexStream, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient, StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';

type Call = ClientReadableStream<unknown> | ClientDuplexStream<Buffer, unknown>;

interface ClientParts {
  GRPCStreamCreator<Opened extends Call>(
    stub: typeof StreamsClient,
    name: string,
    open: (stub: StreamsClient) => Opened,
    cache?: WeakMap<Client, Opened>,
  ): () => Promise<Opened>;
  callArguments(options: object, callOptions: CallOptions): [Metadata, CallOptions];
  supports(method: typeof StreamsService.batchAppend): Promise<boolean>;
}

/** The client bounds neither reads nor batch appends by itself: the adapter watches for a server that keeps silent. */
const NO_DEADLINE = { deadline: Infinity };
const asIs = (message: Buffer): Buffer => message;

/** Begins a Streams.Read. Its failures make the client find another node. */
export async function openRead<Answer>(
  client: EventStoreDBClient,
  request: Buffer,
  decode: (bytes: Buffer) => Answer,
): Promise<ClientReadableStream<Answer>> {
  const create: ClientParts['GRPCStreamCreator'] = Reflect.get(client, 'GRPCStreamCreator');
  const callArguments: ClientParts['callArguments'] = Reflect.get(client, 'callArguments');
  return create(StreamsClient, 'read', (stub) =>
    stub.makeServerStreamRequest(StreamsService.read.path, asIs, decode, request, ...callArguments({}, NO_DEADLINE)),
  )();
}

export type BatchCall<Answer> = ClientDuplexStream<Buffer, Answer>;

/** The one Streams.BatchAppend of a connection: made when there is none in `cache`. */
export async function openBatchAppend<Answer>(
  client: EventStoreDBClient,
  decode: (bytes: Buffer) => Answer,
  opened: (call: BatchCall<Answer>) => void,
  cache: WeakMap<Client, BatchCall<Answer>>,
): Promise<BatchCall<Answer>> {
  const create: ClientParts['GRPCStreamCreator'] = Reflect.get(client, 'GRPCStreamCreator');
  const callArguments: ClientParts['callArguments'] = Reflect.get(client, 'callArguments');
  return create(
    StreamsClient,
    'append',
    (stub) => {
      const [metadata, options] = callArguments({}, NO_DEADLINE);
      const call = stub.makeBidiStreamRequest(StreamsService.batchAppend.path, asIs, decode, metadata, options);
      opened(call);
      return call;
    },
    cache,
  )();
}

/** Servers before 21.6 have no BatchAppend. */
export function supportsBatchAppend(client: EventStoreDBClient): Promise<boolean> {
  const supports: ClientParts['supports'] = Reflect.get(client, 'supports');
  return supports(StreamsService.batchAppend);
}
