import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { syncRunDecider, type SyncRunState } from '../../domain/sync/sync-run.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RejectRecords, rejectRecordsInput } from './reject-records.command.js';

@CommandHandler(RejectRecords)
export class RejectRecordsHandler implements ICommandHandler<RejectRecords> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: RejectRecords): Promise<CommandResult<SyncRunState>> {
    const checked = checkInput(rejectRecordsInput, input);
    if (checked instanceof Rejection) return checked;
    const { runId, expectedVersion, ...rest } = checked;
    return this.runner.run({
      category: 'sync-run',
      id: runId,
      decider: syncRunDecider,
      command: { type: 'rejectRecords', ...rest },
      context,
      expectedVersion,
    });
  }
}
