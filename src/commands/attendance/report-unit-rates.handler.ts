import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { unitReportIdOf } from '../../domain/attendance/attendance.ids.js';
import { unitReportDecider, type UnitReportState } from '../../domain/attendance/unit-report.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ReportUnitRates, reportUnitRatesInput } from './report-unit-rates.command.js';

@CommandHandler(ReportUnitRates)
export class ReportUnitRatesHandler implements ICommandHandler<ReportUnitRates> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ReportUnitRates): Promise<CommandResult<UnitReportState>> {
    const input = checkInput(reportUnitRatesInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'unit-report',
      id: unitReportIdOf(context.workspaceId, input.day),
      decider: unitReportDecider,
      command: { type: 'report', ...input },
      context,
      firstWrite: true,
    });
  }
}
