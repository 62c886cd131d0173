import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { auditExportDecider, type AuditExportState } from '../../domain/audit/audit-export.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RecordExport, recordExportInput } from './record-export.command.js';

@CommandHandler(RecordExport)
export class RecordExportHandler implements ICommandHandler<RecordExport> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input, context }: RecordExport): Promise<CommandResult<AuditExportState>> {
    const checked = checkInput(recordExportInput, input);
    if (checked instanceof Rejection) return checked;
    const { exportId, facts } = checked;
    return this.runner.run({
      category: 'audit-export',
      id: exportId,
      decider: auditExportDecider,
      command: { type: 'record', facts },
      context,
      firstWrite: true,
    });
  }
}
