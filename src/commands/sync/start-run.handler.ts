import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { deriveId } from '../../domain/shared/ids.js';
import { reject, Rejection } from '../../domain/shared/rejection.js';
import { integrationDecider } from '../../domain/sync/integration.decider.js';
import { syncRunDecider, type SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { StartRun, startRunInput } from './start-run.command.js';

@CommandHandler(StartRun)
export class StartRunHandler implements ICommandHandler<StartRun> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: StartRun): Promise<CommandResult<SyncRunState>> {
    const checked = checkInput(startRunInput, input);
    if (checked instanceof Rejection) return checked;
    const { id, ...start } = checked;
    const integration = await this.runner.peek('integration', start.integrationId, integrationDecider, context);
    if (!integration?.state.exists) return reject('NOT_FOUND', 'there is no such integration', ['integrationId']);
    if (!integration.state.enabled) {
      return reject('NOT_ALLOWED_NOW', 'this integration is disabled; enable it first', ['integrationId']);
    }
    return this.runner.run({
      category: 'sync-run',
      id: id ?? deriveId('sync-run', context.workspaceId, context.commandId),
      decider: syncRunDecider,
      command: { type: 'start', ...start },
      context,
      firstWrite: true,
    });
  }
}
