/** The API as one application: every capability's resolvers over the write side and the read models. */
import { join } from 'node:path';
import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { GraphQLModule } from '@nestjs/graphql';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import type { Logger } from './adapters/logging/logger.js';
import { NestLogger } from './adapters/logging/nest-logger.js';
import { attendanceApiProviders } from './api/attendance/attendance.providers.js';
import { auditApiProviders } from './api/audit/audit.providers.js';
import { ApiMetrics } from './api/ports/api-metrics.port.js';
import { EventTypes } from './api/ports/event-types.port.js';
import { TokenVerifier } from './api/ports/token-verifier.port.js';
import { requestIdOf } from './api/server/authentication.js';
import { CommandMeter } from './api/server/command-meter.js';
import { ErrorFilter } from './api/server/error.filter.js';
import { EventContractController } from './api/server/event-contract.controller.js';
import { EventDataController } from './api/server/event-data.controller.js';
import { GraphiqlController } from './api/server/graphiql.controller.js';
import { GraphqlDriver } from './api/server/graphql-driver.js';
import { HealthController } from './api/server/health.controller.js';
import { LogChangeFeed } from './api/server/log-change-feed.js';
import { ChangeFeed, ChangeHistory } from './api/shared/change-feed.js';
import { scalars } from './api/shared/scalars.js';
import { projectionsApiProviders } from './api/projections/projections.providers.js';
import { salesApiProviders } from './api/sales/sales.providers.js';
import { syncApiProviders } from './api/sync/sync.providers.js';
import { workApiProviders } from './api/work/work.providers.js';
import { workspacesApiProviders } from './api/workspaces/workspaces.providers.js';
import { allEvents, allProjections } from './capabilities.js';
import type { EventStore } from './commands/ports/event-store.port.js';
import { EventIndexQueries } from './projections/audit/event-index.queries.js';
import { AsOfReads } from './projections/engine/as-of-reads.queries.js';
import { MeasuredReads } from './projections/engine/measured-reads.js';
import { ThingHistory } from './projections/engine/thing-history.queries.js';
import { EventLog } from './projections/ports/event-log.port.js';
import { ProjectionControl } from './projections/ports/projection-control.port.js';
import { ReadDatabase } from './projections/ports/read-database.port.js';
import { WriteSideModule } from './write-side.module.js';

/** What the API stands on, opened and closed by whoever starts it. */
export interface AppParts {
  readonly store: EventStore;
  readonly log: EventLog;
  readonly database: ReadDatabase;
  readonly tokens: TokenVerifier;
  readonly control: ProjectionControl;
  readonly metrics: ApiMetrics;
}

/** Global, because the GraphQL module makes its driver itself, and that needs the tokens. */
@Global()
@Module({})
class PartsModule {
  static with({ store, log, database, tokens, control, metrics }: AppParts): DynamicModule {
    const history = new ThingHistory(store, allProjections);
    const providers = [
      { provide: EventLog, useValue: log },
      { provide: ReadDatabase, useExisting: AsOfReads },
      {
        provide: AsOfReads,
        useValue: new AsOfReads(new MeasuredReads(database, log, allProjections), history, allProjections),
      },
      { provide: ThingHistory, useValue: history },
      { provide: TokenVerifier, useValue: tokens },
      { provide: ProjectionControl, useValue: control },
      { provide: ApiMetrics, useValue: metrics },
    ];
    return { module: PartsModule, providers, exports: providers };
  }
}

@Module({})
export class AppModule {
  static with(parts: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PartsModule.with(parts),
        WriteSideModule.over(parts.store),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: GraphqlDriver,
          // Beside this file, both in src and in dist.
          typePaths: [join(import.meta.dirname, 'api/**/*.graphql')],
          resolvers: scalars,
          path: '/graphql',
          graphiql: false,
          // The HTTP server ends first, so that requests under way are answered.
          stopOnApplicationShutdown: true,
        }),
      ],
      controllers: [HealthController, EventContractController, EventDataController, GraphiqlController],
      providers: [
        { provide: APP_FILTER, useClass: ErrorFilter },
        CommandMeter,
        { provide: ChangeFeed, useClass: LogChangeFeed },
        { provide: ChangeHistory, useExisting: EventIndexQueries },
        { provide: EventTypes, useValue: new EventTypes(allEvents.map(({ type }) => type)) },
        ...workspacesApiProviders,
        ...workApiProviders,
        ...attendanceApiProviders,
        ...auditApiProviders,
        ...projectionsApiProviders,
        ...salesApiProviders,
        ...syncApiProviders,
      ],
    };
  }
}

/** A mutation with a long description, many times over; files are imported, not sent here. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** The application over parts that are open already, for this process and for tests; `listen` is the caller's. */
export async function createApi(parts: AppParts, logger: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers['x-request-id']),
  });
  adapter.getInstance().addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  return NestFactory.create<NestFastifyApplication>(AppModule.with(parts), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
}
