/**
 * Subscriptions over WebSocket, protocol graphql-transport-ws, on the path of GraphQL. The token comes in the payload of
 * `connection_init` (`{ "authorization": "Bearer …" }`), because browsers can't set headers there.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Logger } from '@nestjs/common';
import {
  createSourceEventStream,
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { CloseCode, type Context } from 'graphql-ws';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import { LRUCache } from 'lru-cache';
import { WebSocketServer } from 'ws';
import type { OpenSubscriptions } from '../ports/api-metrics.port.js';
import type { Caller, TokenVerifier } from '../ports/token-verifier.port.js';
import { badInput } from '../shared/errors.js';
import { requireContext, type ApiContext } from '../shared/request-context.js';
import { apiContext, authenticate, requestIdOf } from './authentication.js';
import { maskResult, maskThrown } from './error-masking.js';
import type { Executor } from './executor.js';
import { scopeOf } from './change-subscriber.js';
import { MAX_TOKENS, queryLimits } from './query-limits.js';

/** Each costs some ten kilobytes and a socket. */
const MAX_CONNECTIONS = 5_000;
/** A screen has a handful. */
const MAX_SUBSCRIPTIONS_PER_CONNECTION = 100;
/** Answers waiting in a socket: beyond, its reader is not reading, and the feed's own buffer takes over, which ends it. */
const MAX_UNSENT_BYTES = 1_000_000;
/** Only operations come in; nobody subscribes with a megabyte. */
const MAX_MESSAGE_BYTES = 256_000;
/** Finds dead peers, and keeps proxies from closing idle connections (most do after 60 s). */
const KEEP_ALIVE_MS = 15_000;
const INIT_TIMEOUT_MS = 10_000;
/** Parsed and validated texts; clients have a few. */
const MAX_DOCUMENTS = 1_000;
/** setTimeout's own limit. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export interface SubscriptionServer {
  readonly open: OpenSubscriptions;
  /** Closes every connection with 1001, "going away". */
  stop(): Promise<void>;
}

interface Options {
  readonly server: Server;
  readonly path: string;
  readonly schema: GraphQLSchema;
  readonly executor: Executor;
  readonly tokens: TokenVerifier;
}

/** What is kept of a connection, beside its socket and request. */
interface State extends Record<PropertyKey, unknown> {
  caller: Caller;
  expiry: NodeJS.Timeout;
  /** The ids of its subscriptions. */
  active: Set<string>;
}
type Connection = Extra & Partial<State>;

const logger = new Logger('subscriptions');

export function serveSubscriptions(options: Options): SubscriptionServer {
  const { server, path, schema, executor, tokens } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== path) return refuse(socket, '404 Not Found');
    if (sockets.clients.size >= MAX_CONNECTIONS) return refuse(socket, '503 Service Unavailable');
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
  };
  server.on('upgrade', upgrade);
  const documents = new DocumentCache(schema);
  /** The subscriptions of each connection. */
  const connected = new Map<object, ReadonlySet<string>>();

  const graphql = useServer<Record<string, unknown>, State>(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      async onConnect(connection) {
        connection.extra.active = new Set();
        connected.set(connection.extra.socket, connection.extra.active);
        return acceptConnection(connection, tokens);
      },
      onClose: ({ extra }) => void connected.delete(extra.socket),
      onDisconnect: ({ extra }) => clearTimeout(extra.expiry),
      onSubscribe: (connection, id, { query, operationName, variables }) => {
        const active = (connection.extra.active ??= new Set());
        if (active.size >= MAX_SUBSCRIPTIONS_PER_CONNECTION)
          return [badInput(`This connection has ${active.size} subscriptions already; complete one or open another.`)];
        const document = documents.get(query);
        if (!('kind' in document)) return document;
        if (!isSubscription(document, operationName))
          return [badInput('Only subscriptions go over WebSocket; send queries and mutations over HTTP.')];
        active.add(id);
        const contextValue = contextOf(connection);
        return { schema, document, operationName, variableValues: variables, contextValue };
      },
      onComplete: ({ extra }, id) => void extra.active?.delete(id),
      onError: ({ extra }, id) => void extra.active?.delete(id),
      async subscribe(args) {
        const source = await createSourceEventStream(args);
        const context = requireContext(args.contextValue);
        if (!(Symbol.asyncIterator in source)) return maskResult(source, context.requestId);
        const { document, operationName, variableValues: variables } = args;
        return new Answers(source[Symbol.asyncIterator](), context.requestId, (root) => {
          const shared = { ...context, loaderScope: scopeOf(root) ?? {} };
          return executor.run({ document, operationName, variables, context: shared, root });
        });
      },
      async onNext({ extra }) {
        await drained(extra);
      },
    },
    sockets,
    KEEP_ALIVE_MS,
  );

  return {
    get open() {
      const subscriptions = [...connected.values()].reduce((sum, active) => sum + active.size, 0);
      return { connections: sockets.clients.size, subscriptions };
    },
    async stop() {
      server.off('upgrade', upgrade);
      await graphql.dispose();
      // Those who do not answer the closing handshake are not waited for.
      for (const client of sockets.clients) client.terminate();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}

/** A token that ends closes its connection: subscriptions would otherwise outlive every permission. */
async function acceptConnection(
  { connectionParams, extra }: Context<Record<string, unknown>, Connection>,
  tokens: TokenVerifier,
): Promise<boolean | Record<string, unknown>> {
  try {
    const caller = await authenticate(
      tokens,
      connectionParams?.['authorization'] ?? connectionParams?.['Authorization'],
    );
    extra.caller = caller;
    const left = Math.min(caller.expiresAt - Date.now(), MAX_TIMEOUT_MS);
    extra.expiry = setTimeout(() => extra.socket.close(CloseCode.Forbidden, 'The token has expired'), left);
    extra.expiry.unref();
    return true;
  } catch (error) {
    // The protocol's own close code, with the reason; at most 123 bytes fit.
    const reason = error instanceof GraphQLError ? error.message : 'The token could not be checked';
    if (!(error instanceof GraphQLError)) logger.error(error);
    extra.socket.close(CloseCode.Forbidden, reason.slice(0, 120));
    return false;
  }
}

function contextOf({ extra }: Context<Record<string, unknown>, Connection>): ApiContext {
  if (!extra.caller) throw new Error('a subscription came before its connection was accepted');
  const { headers, socket } = extra.request;
  return apiContext(extra.caller, requestIdOf(headers['x-request-id']), socket.remoteAddress, headers['user-agent']);
}

function isSubscription(document: DocumentNode, operationName: string | null | undefined): boolean {
  return document.definitions.some(
    (node) =>
      node.kind === Kind.OPERATION_DEFINITION &&
      (operationName == null || node.name?.value === operationName) &&
      node.operation === OperationTypeNode.SUBSCRIPTION,
  );
}

/**
 * Each change as an answer. An error of the source is the last answer, in the client's own terms. Not a generator: its
 * `return` would wait for the next change, and a client that leaves would stay subscribed until then.
 */
class Answers implements AsyncIterableIterator<ExecutionResult> {
  private ended = false;

  constructor(
    private readonly source: AsyncIterator<unknown>,
    private readonly requestId: string,
    private readonly run: (root: unknown) => Promise<ExecutionResult>,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    if (this.ended) return { done: true, value: undefined };
    try {
      const { done, value } = await this.source.next();
      if (done) return { done: true, value: undefined };
      return { done: false, value: maskResult(await this.run(value), this.requestId) };
    } catch (error) {
      this.ended = true;
      return { done: false, value: { errors: [maskThrown(error, this.requestId)] } };
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    this.ended = true;
    await this.source.return?.();
    return { done: true, value: undefined };
  }
}

/** Holds the subscription back while its socket does not drain, so that what it misses waits in a bounded place. */
async function drained({ socket }: Connection): Promise<void> {
  while (socket.bufferedAmount > MAX_UNSENT_BYTES && socket.readyState === socket.OPEN) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

class DocumentCache {
  private readonly documents = new LRUCache<string, DocumentNode | readonly GraphQLError[]>({ max: MAX_DOCUMENTS });

  constructor(private readonly schema: GraphQLSchema) {}

  get(text: string): DocumentNode | readonly GraphQLError[] {
    const known = this.documents.get(text);
    if (known) return known;
    const document = this.read(text);
    this.documents.set(text, document);
    return document;
  }

  private read(text: string): DocumentNode | readonly GraphQLError[] {
    try {
      const document = parse(text, { maxLexicalTokens: MAX_TOKENS });
      const errors = validate(this.schema, document, [...specifiedRules, queryLimits]);
      return errors.length > 0 ? errors : document;
    } catch (error) {
      return [error instanceof GraphQLError ? error : badInput('The text is not GraphQL.')];
    }
  }
}
