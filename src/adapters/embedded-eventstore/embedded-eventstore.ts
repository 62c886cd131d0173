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
  type Metadata,
  type handleClientStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import persistentService from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { handleBatchAppend, type BatchAppendCall } from './batch-append.handler.js';
import { decodeBatchRequest } from './batch-request.js';
import { LiveLog } from './live-log.js';
import { LogReader } from './log-reader.js';
import { LogWriter } from './log-writer.js';
import { clusterOfOne, supportedMethods } from './node-info.handlers.js';
import { ClientGone, Outbound } from './outbound.js';
import { persistentSubscriptionHandlers } from './persistent-subscriptions/handlers.js';
import { PersistentSubscriptions } from './persistent-subscriptions/persistent-subscriptions.js';
import { readAll, readStream } from './read.handler.js';
import { readRequest, type ReadRequest } from './read-request.js';
import { accessDenied } from './rpc-errors.js';
import { StoreSecurity, type CallerFound } from './security/store-security.js';
import type { InitialPasswords } from './security/users.js';
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
  /** Serves TLS with this; without it, plain text. */
  readonly tls?: TlsIdentity;
  /**
   * Asks everybody who he is, and honours access lists: with the passwords that `admin` and `ops` get when they have none.
   * Without it the store runs open, and everybody may do everything.
   */
  readonly users?: InitialPasswords;
}

/** Who the server is to its clients, as PEM. */
export interface TlsIdentity {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  /** For clients that don't know who signed the certificate; stands in the connection string. */
  readonly caFile?: string | undefined;
}

export interface EmbeddedEventStore {
  /** For `@eventstore/db-client` and the adapter. */
  readonly connectionString: string;
  readonly port: number;
  /** Passwords that were made at this start, by user: to be shown once. They are kept nowhere. */
  readonly madePasswords: Readonly<Record<string, string>>;
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
  const security = options.users ? new StoreSecurity(reader, writer, live, log) : undefined;
  const subscriptions = new PersistentSubscriptions(writer, reader, live, log);
  const stopAll = async (): Promise<void> => {
    security?.close();
    subscriptions.close();
    await stop(server, writer, reader);
  };
  try {
    await writer.open();
    const madePasswords = (await security?.open(options.users ?? {})) ?? {};
    await subscriptions.open();
    // The port is known before the services are, because gossip tells it; nothing is served before start-up is done.
    const bound = { port: 0 };
    addServices(server, {
      writer,
      reader,
      live,
      log,
      security,
      subscriptions,
      maxAppendSize,
      address: () => ({ host, port: bound.port }),
    });
    bound.port = await bind(server, host, options.port ?? 0, options.tls);
    const dialled = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    const address = `${dialled.includes(':') ? `[${dialled}]` : dialled}:${bound.port}`;
    const connectionString = `esdb://${address}?${tlsParameters(options.tls)}`;
    return { connectionString, port: bound.port, madePasswords, stop: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

interface Parts {
  readonly writer: LogWriter;
  readonly reader: LogReader;
  readonly live: LiveLog;
  readonly log: StoreLog;
  /** Undefined on a store that runs open. */
  readonly security: StoreSecurity | undefined;
  readonly subscriptions: PersistentSubscriptions;
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
  const { writer, maxAppendSize, address, security } = parts;
  const callerOf = (metadata: Metadata): CallerFound => security?.callerOf(metadata);
  const append: AppendHandler = (call, respond) =>
    void handleAppend(call, respond, writer, maxAppendSize, () => callerOf(call.metadata));
  const remove: DeleteHandler = (call, respond) =>
    answerUnary(call, respond, async (request) => {
      const response = new streams.DeleteResp();
      const position = await handleDelete(request, 'delete', writer, await callerOf(call.metadata));
      if (position !== undefined) response.setPosition(at(new streams.DeleteResp.Position(), position));
      return response;
    });
  const tombstone: TombstoneHandler = (call, respond) =>
    answerUnary(call, respond, async (request) => {
      const response = new streams.TombstoneResp();
      const position = await handleDelete(request, 'tombstone', writer, await callerOf(call.metadata));
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
      batchAppend: { ...definition.batchAppend, requestDeserialize: decodeBatchRequest, responseSerialize: asIs },
    },
    {
      append,
      delete: remove,
      tombstone,
      read: (call: ReadCall) => void answerRead(call, parts),
      batchAppend: (call: BatchAppendCall) => void answerBatchAppend(call, parts),
    },
  );
  const persistentDefinition = persistentService.PersistentSubscriptionsService;
  server.addService(
    { ...persistentDefinition, read: { ...persistentDefinition.read, responseSerialize: asIs } },
    persistentSubscriptionHandlers({ subscriptions: parts.subscriptions, security, head: () => parts.live.head }),
  );
  server.addService(featuresService.ServerFeaturesService, { getSupportedMethods });
  server.addService(gossipService.GossipService, { read: gossip });
}

const getSupportedMethods: handleUnaryCall<unknown, unknown> = (_, respond) => respond(null, supportedMethods());

/** For answers that are encoded already. */
const asIs = (message: Buffer): Buffer => message;

type ReadCall = ServerWritableStream<InstanceType<typeof streams.ReadReq>, Buffer>;

/** Whoever is known needs no waiting: an open store's calls are taken in the turn of the event loop in which they come. */
async function answerBatchAppend(call: BatchAppendCall, { writer, maxAppendSize, security }: Parts): Promise<void> {
  if (!security) return handleBatchAppend(call, writer, maxAppendSize, undefined);
  try {
    const caller = await security.callerOf(call.metadata);
    if (!call.cancelled) handleBatchAppend(call, writer, maxAppendSize, caller);
  } catch (error) {
    call.emit('error', asRpcError(error));
  }
}

async function answerRead(call: ReadCall, { reader, live, log, security }: Parts): Promise<void> {
  const out = new Outbound(call);
  let unwatch: (() => void) | undefined;
  try {
    const request = readRequest(call.request);
    if (security) {
      const caller = await security.callerOf(call.metadata);
      const target = 'stream' in request ? request.stream : '$all';
      await security.requireRead(caller, target);
      const isSubscription = request.kind === 'subscribe-all' || request.kind === 'subscribe-stream';
      // Taken back while he listens: his subscription ends as it would not have begun.
      if (isSubscription) unwatch = security.watchRead(caller, target, () => call.emit('error', accessDenied()));
    }
    await run(request, reader, live, out);
    call.end();
  } catch (error) {
    if (error instanceof ClientGone) return;
    const rpcError = asRpcError(error);
    if (error instanceof Error && rpcError !== error) log.warn({ err: error }, 'a read of the event store failed');
    // Not destroy(): grpc-js sends the status when the stream ends, and a destroyed stream does not end.
    call.emit('error', rpcError);
  } finally {
    unwatch?.();
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

function tlsParameters(tls: TlsIdentity | undefined): string {
  if (!tls) return 'tls=false';
  return tls.caFile === undefined ? 'tls=true' : `tls=true&tlsCAFile=${encodeURIComponent(tls.caFile)}`;
}

function bind(server: Server, host: string, port: number, tls: TlsIdentity | undefined): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.privateKey }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    server.bindAsync(target, credentials, (error, bound) => {
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
