/** The write side alone: the command bus over the log, for the API and for commands that need no API (import, demo). */
import { Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { SystemClock } from './adapters/clock/system-clock.js';
import { allHandlers } from './command-handlers.js';
import { Clock } from './commands/ports/clock.port.js';
import { EventStore } from './commands/ports/event-store.port.js';
import { WorkspaceSettingsReader } from './commands/ports/workspace-settings.port.js';
import { DecisionRunner } from './commands/shared/decision-runner.js';
import { EventSourcedDecisionRunner } from './commands/shared/event-sourced-decision-runner.js';
import { StreamWorkspaceSettingsReader } from './commands/workspaces/workspace-settings-reader.js';

@Module({})
export class WriteSideModule {
  /** @param store connected, and closed by whoever made it */
  static over(store: EventStore): DynamicModule {
    return {
      module: WriteSideModule,
      imports: [CqrsModule.forRoot()],
      providers: [
        { provide: EventStore, useValue: store },
        { provide: Clock, useClass: SystemClock },
        { provide: DecisionRunner, useClass: EventSourcedDecisionRunner },
        { provide: WorkspaceSettingsReader, useClass: StreamWorkspaceSettingsReader },
        ...allHandlers,
      ],
      // Auditors read what an event says from the log itself.
      exports: [CqrsModule, EventStore, Clock, DecisionRunner, WorkspaceSettingsReader],
    };
  }
}
