import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { workspaceDecider, type WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RemoveHoliday, removeHolidayInput } from './remove-holiday.command.js';

@CommandHandler(RemoveHoliday)
export class RemoveHolidayHandler implements ICommandHandler<RemoveHoliday> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: RemoveHoliday): Promise<CommandResult<WorkspaceState>> {
    const input = checkInput(removeHolidayInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'workspace',
      id: context.workspaceId,
      decider: workspaceDecider,
      command: { type: 'removeHoliday', date: input.date },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
