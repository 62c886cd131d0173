/** The composition root: which classes stand behind which ports, and every capability's handlers and resolvers. */
import { join } from 'node:path';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { GraphQLModule } from '@nestjs/graphql';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { SystemClock } from './adapters/clock/system-clock.js';
import { attendanceApiProviders } from './api/attendance/attendance.providers.js';
import { auditApiProviders } from './api/audit/audit.providers.js';
import { TokenVerifier } from './api/ports/token-verifier.port.js';
import { GraphqlDriver } from './api/server/graphql-driver.js';
import { HealthController } from './api/server/health.controller.js';
import { LogChangeFeed } from './api/server/log-change-feed.js';
import { ChangeFeed, ChangeHistory } from './api/shared/change-feed.js';
import { scalars } from './api/shared/scalars.js';
import { salesApiProviders } from './api/sales/sales.providers.js';
import { workspacesApiProviders } from './api/workspaces/workspaces.providers.js';
import { attendanceHandlers } from './commands/attendance/attendance.handlers.js';
import { Clock } from './commands/ports/clock.port.js';
import { EventStore } from './commands/ports/event-store.port.js';
import { WorkspaceSettingsReader } from './commands/ports/workspace-settings.port.js';
import { salesHandlers } from './commands/sales/sales.handlers.js';
import { DecisionRunner } from './commands/shared/decision-runner.js';
import { EventSourcedDecisionRunner } from './commands/shared/event-sourced-decision-runner.js';
import { syncHandlers } from './commands/sync/sync.handlers.js';
import { workHandlers } from './commands/work/work.handlers.js';
import { StreamWorkspaceSettingsReader } from './commands/workspaces/workspace-settings-reader.js';
import { workspacesHandlers } from './commands/workspaces/workspaces.handlers.js';
import { EventIndexQueries } from './projections/audit/event-index.queries.js';
import { EventLog } from './projections/ports/event-log.port.js';
import { ReadDatabase } from './projections/ports/read-database.port.js';

/**
 * The write side alone, for what sends commands without serving an API: connectors, imports, policies. Ask it for the
 * `CommandBus`.
 */
@Module({})
export class CommandsModule {
  static with(store: EventStore): DynamicModule {
    return {
      module: CommandsModule,
      imports: [CqrsModule.forRoot()],
      providers: [
        { provide: EventStore, useValue: store },
        { provide: Clock, useClass: SystemClock },
        { provide: DecisionRunner, useClass: EventSourcedDecisionRunner },
        { provide: WorkspaceSettingsReader, useClass: StreamWorkspaceSettingsReader },
        ...workspacesHandlers,
        ...workHandlers,
        ...salesHandlers,
        ...attendanceHandlers,
        ...syncHandlers,
      ],
      // Auditors read what an event says from the log itself.
      exports: [CqrsModule, EventStore],
    };
  }
}

/** What the API stands on, opened and closed by whoever starts it. */
export interface AppParts {
  readonly store: EventStore;
  readonly log: EventLog;
  readonly database: ReadDatabase;
  readonly tokens: TokenVerifier;
}

/** Global, because the GraphQL module makes its driver itself, and that needs the tokens. */
@Global()
@Module({})
class PartsModule {
  static with({ log, database, tokens }: AppParts): DynamicModule {
    const providers = [
      { provide: EventLog, useValue: log },
      { provide: ReadDatabase, useValue: database },
      { provide: TokenVerifier, useValue: tokens },
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
        CommandsModule.with(parts.store),
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
      controllers: [HealthController],
      providers: [
        { provide: ChangeFeed, useClass: LogChangeFeed },
        { provide: ChangeHistory, useExisting: EventIndexQueries },
        ...workspacesApiProviders,
        ...attendanceApiProviders,
        ...auditApiProviders,
        ...salesApiProviders,
      ],
    };
  }
}
