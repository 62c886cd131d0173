/**
 * The embedded event store: one node that speaks EventStoreDB's gRPC protocol and keeps its log in a Postgres database of its own.
 *
 *   starting ── lock held, schema made, head known, port bound ──► running ── stop() ──► stopped
 *                                                               │      ▲
 *                                          Postgres goes away   ▼      │ Postgres is back, lock held again
 *                                                             without writer: appends wait for their deadline,
 *                                                             reads fail as UNAVAILABLE, subscriptions that are live stay
 *
 * It is the log's only writer; a second server on the same database does not start (StoreInUse).
 */
import {
  Server,
  ServerCredentials,
  type handleClientStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { handleBatchAppend, type BatchAppendCall } from './batch-append.handler.js';
import { LiveLog } from './live-log.js';
import { LogReader } from './log-reader.js';
import { LogWriter } from './log-writer.js';
import { clusterOfOne, supportedMethods } from './node-info.handlers.js';
import { ClientGone, Outbound } from './outbound.js';
import { readAll, readStream } from './read.handler.js';
import { readRequest, type ReadRequest } from './read-request.js';
import { silentLog, type StoreLog } from './store-log.js';
import { subscribeToAll, subscribeToStream } from './subscription.js';
import { answerUnary, asRpcError, handleAppend, handleDelete } from './write.handlers.js';

export interface EmbeddedEventStoreOptions {
  /** A database of the store's own, empty or one that it used before. */
  readonly postgresUrl: string;
  /** The address to listen on; 127.0.0.1 unless told. */
  readonly host?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** pino, or anything of its shape. */
  readonly log?: StoreLog;
  /** Bytes of one append, 1 MiB unless told, as on a real node. */
  readonly maxAppendSize?: number;
}

export interface EmbeddedEventStore {
  /** For `@eventstore/db-client` and the adapter. */
  readonly connectionString: string;
  readonly port: number;
  /** Ends all calls, then the writer. What was acknowledged is on disk; what was not has an unknown outcome for its client. */
  stop(): Promise<void>;
}

const MAX_APPEND_SIZE = 1024 * 1024;
/** A message above this breaks its call, and with it every append on it; a real node draws the line at the same place. */
const MAX_MESSAGE_SIZE = 17 * 1024 * 1024;
/** Clients that do not leave by themselves are cut off after this long. */
const STOP_GRACE_MS = 500;

/**
 * @throws StoreInUse when another server holds the database; an error with code EADDRINUSE when the port is taken; pg's
 * error when Postgres can't be reached
 */
export async function startEmbeddedEventStore(options: EmbeddedEventStoreOptions): Promise<EmbeddedEventStore> {
  const { postgresUrl, host = '127.0.0.1', log = silentLog, maxAppendSize = MAX_APPEND_SIZE } = options;
  const live = new LiveLog(0);
  const writer = new LogWriter(postgresUrl, live, log);
  const reader = new LogReader(postgresUrl, writer.states, live, log);
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_SIZE,
    'grpc.max_send_message_length': -1,
  });
  try {
    await writer.open();
    // The port is known before the services are, because gossip tells it; nothing is served before start-up is done.
    const bound = { port: 0 };
    addServices(server, { writer, reader, live, log, maxAppendSize, address: () => ({ host, port: bound.port }) });
    bound.port = await bind(server, host, options.port ?? 0);
    const dialled = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    const connectionString = `esdb://${dialled.includes(':') ? `[${dialled}]` : dialled}:${bound.port}?tls=false`;
    return { connectionString, port: bound.port, stop: () => stop(server, writer, reader) };
  } catch (error) {
    await stop(server, writer, reader);
    throw error;
  }
}

interface Parts {
  readonly writer: LogWriter;
  readonly reader: LogReader;
  readonly live: LiveLog;
  readonly log: StoreLog;
  readonly maxAppendSize: number;
  readonly address: () => { readonly host: string; readonly port: number };
}

type AppendHandler = handleClientStreamingCall<
  InstanceType<typeof streams.AppendReq>,
  InstanceType<typeof streams.AppendResp>
>;
type DeleteHandler = handleUnaryCall<InstanceType<typeof streams.DeleteReq>, InstanceType<typeof streams.DeleteResp>>;
type TombstoneHandler = handleUnaryCall<
  InstanceType<typeof streams.TombstoneReq>,
  InstanceType<typeof streams.TombstoneResp>
>;

function addServices(server: Server, parts: Parts): void {
  const { writer, maxAppendSize, address } = parts;
  const append: AppendHandler = (call, respond) => void handleAppend(call, respond, writer, maxAppendSize);
  const remove: DeleteHandler = (call, respond) =>
    answerUnary(call, respond, async (request) => {
      const response = new streams.DeleteResp();
      const position = await handleDelete(request, 'delete', writer);
      if (position !== undefined) response.setPosition(at(new streams.DeleteResp.Position(), position));
      return response;
    });
  const tombstone: TombstoneHandler = (call, respond) =>
    answerUnary(call, respond, async (request) => {
      const response = new streams.TombstoneResp();
      const position = await handleDelete(request, 'tombstone', writer);
      if (position !== undefined) response.setPosition(at(new streams.TombstoneResp.Position(), position));
      return response;
    });
  const gossip: handleUnaryCall<unknown, unknown> = (_, respond) =>
    respond(null, clusterOfOne(address().host, address().port));

  const definition = streamsService.StreamsService;
  server.addService(
    {
      ...definition,
      read: { ...definition.read, responseSerialize: asIs },
      batchAppend: { ...definition.batchAppend, responseSerialize: asIs },
    },
    {
      append,
      delete: remove,
      tombstone,
      read: (call: ReadCall) => void answerRead(call, parts),
      batchAppend: (call: BatchAppendCall) => handleBatchAppend(call, writer, maxAppendSize),
    },
  );
  server.addService(featuresService.ServerFeaturesService, { getSupportedMethods });
  server.addService(gossipService.GossipService, { read: gossip });
}

const getSupportedMethods: handleUnaryCall<unknown, unknown> = (_, respond) => respond(null, supportedMethods());

/** For answers that are encoded already. */
const asIs = (message: Buffer): Buffer => message;

type ReadCall = ServerWritableStream<InstanceType<typeof streams.ReadReq>, Buffer>;

async function answerRead(call: ReadCall, { reader, live, log }: Parts): Promise<void> {
  const out = new Outbound(call);
  try {
    await run(readRequest(call.request), reader, live, out);
    call.end();
  } catch (error) {
    if (error instanceof ClientGone) return;
    const rpcError = asRpcError(error);
    if (error instanceof Error && rpcError !== error) log.warn({ err: error }, 'a read of the event store failed');
    // Not destroy(): grpc-js sends the status when the stream ends, and a destroyed stream does not end.
    call.emit('error', rpcError);
  }
}

function run(request: ReadRequest, reader: LogReader, live: LiveLog, out: Outbound): Promise<void> {
  switch (request.kind) {
    case 'read-stream':
      return readStream(request, reader, out);
    case 'read-all':
      return readAll(request, reader, live, out);
    case 'subscribe-stream':
      return subscribeToStream(request, reader, live, out);
    case 'subscribe-all':
      return subscribeToAll(request, reader, live, out);
  }
}

interface PositionMessage {
  setCommitPosition(position: string): unknown;
  setPreparePosition(position: string): unknown;
}

function at<Message extends PositionMessage>(message: Message, position: number): Message {
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
  return message;
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(Object.assign(error, { code: 'EADDRINUSE' }));
      else resolve(bound);
    });
  });
}

async function stop(server: Server, writer: LogWriter, reader: LogReader): Promise<void> {
  await new Promise<void>((resolve) => {
    // Clients with an idle batch call or a subscription never leave by themselves.
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, STOP_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  await writer.close();
  await reader.close();
}
