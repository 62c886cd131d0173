import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { syncRunDecider, type SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { CancelRun, cancelRunInput } from './cancel-run.command.js';

@CommandHandler(CancelRun)
export class CancelRunHandler implements ICommandHandler<CancelRun> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: CancelRun): Promise<CommandResult<SyncRunState>> {
    const checked = checkInput(cancelRunInput, input);
    if (checked instanceof Rejection) return checked;
    const { runId, expectedVersion, ...rest } = checked;
    return this.runner.run({
      category: 'sync-run',
      id: runId,
      decider: syncRunDecider,
      command: { type: 'cancel', ...rest },
      context,
      expectedVersion,
    });
  }
}
