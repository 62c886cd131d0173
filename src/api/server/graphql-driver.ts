/**
 * Nest's Apollo driver with our executor: Apollo Server parses, validates and speaks HTTP; the gateway hook hands each
 * operation to `Executor`. Subscriptions come over graphql-ws on the same path.
 */
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { getOperationAST, OperationTypeNode, type GraphQLSchema } from 'graphql';
import { ApiMetrics } from '../ports/api-metrics.port.js';
import { TokenVerifier } from '../ports/token-verifier.port.js';
import { AsOfReads } from '../../projections/engine/as-of-reads.queries.js';
import { EventLog } from '../../projections/ports/event-log.port.js';
import { badInput } from '../shared/errors.js';
import { requireContext, type ApiContext } from '../shared/request-context.js';
import { bindAsOf, leaveAsOf } from './as-of-fields.js';
import { apiContext, authenticate } from './authentication.js';
import { maskedRun, maskOutside } from './error-masking.js';
import { Executor } from './executor.js';
import { MAX_TOKENS, queryLimits } from './query-limits.js';
import { serveSubscriptions, type SubscriptionServer } from './subscription-server.js';

@Injectable()
export class GraphqlDriver extends ApolloDriver implements BeforeApplicationShutdown {
  private subscriptionServer: SubscriptionServer | undefined;
  private server: ApolloServer<ApiContext> | undefined;

  constructor(
    modules: ModulesContainer,
    private readonly tokens: TokenVerifier,
    private readonly reads: AsOfReads,
    private readonly log: EventLog,
    private readonly metrics: ApiMetrics,
  ) {
    super(modules);
  }

  protected override async registerFastify(options: ApolloDriverConfig): Promise<void> {
    const { schema, path = '/graphql' } = options;
    if (!schema) throw new Error('the schema has not been built');
    bindAsOf(schema, this.reads, async () => this.log.head());
    const executor = new Executor(schema);
    const server = (this.server = new ApolloServer(apolloOptions(schema, executor, this.metrics)));
    await server.start();
    const app: FastifyInstance = this.httpAdapterHost.httpAdapter.getInstance();
    const handler = fastifyApolloHandler(server, { context: (request) => this.contextOf(request) });
    app.route({
      url: path,
      method: ['GET', 'POST', 'OPTIONS'],
      handler,
      onResponse: async (_, reply) => this.metrics.answered(reply.statusCode, reply.elapsedTime / 1_000),
    });
    const subscriptions = serveSubscriptions({ server: app.server, path, schema, executor, tokens: this.tokens });
    this.metrics.subscriptions(() => subscriptions.open);
    this.subscriptionServer = subscriptions;
  }

  private async contextOf(request: FastifyRequest): Promise<ApiContext> {
    const caller = await authenticate(this.tokens, request.headers.authorization);
    return apiContext(caller, request.id, request.ip, request.headers['user-agent']);
  }

  override async stop(): Promise<void> {
    await this.server?.stop();
  }

  /** Before the HTTP server stops: it waits for every connection, and subscriptions never end by themselves. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.subscriptionServer?.stop();
  }
}

const OVER_WEBSOCKET = badInput(
  'Subscriptions go over WebSocket (protocol graphql-transport-ws) on this same path, with the token in connection_init.',
);

function apolloOptions(
  schema: GraphQLSchema,
  executor: Executor,
  metrics: ApiMetrics,
): ApolloServerOptionsWithGateway<ApiContext> {
  return {
    gateway: {
      async load() {
        return {
          async executor({ document, operationName, request, context }) {
            // Null where the name fits none: the executor says so.
            const chosen = getOperationAST(document, request.operationName);
            if (chosen?.operation === OperationTypeNode.SUBSCRIPTION) return { errors: [OVER_WEBSOCKET] };
            const { requestId } = requireContext(context);
            const operation = { document, operationName, variables: request.variables, context };
            const started = performance.now();
            const result = await maskedRun(() => executor.run(operation), requestId).finally(() => leaveAsOf(context));
            if (chosen) metrics.ran(chosen.operation, !result.errors, (performance.now() - started) / 1_000);
            return result;
          },
        };
      },
      onSchemaLoadOrUpdate(callback) {
        // The schema never changes while the process runs.
        callback({ apiSchema: schema, coreSupergraphSdl: '' });
        return () => undefined;
      },
      async stop() {},
    },
    plugins: [
      // Computes a caching policy for every field of every answer: nearly half of the time of a list.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
    formatError: maskOutside,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxLexicalTokens: MAX_TOKENS },
    validationRules: [queryLimits],
    stopOnTerminationSignals: false,
    stringifyResult: async (result) => JSON.stringify(result),
  };
}
