import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { workspaceDecider, type WorkspaceState } from '../../domain/workspaces/workspace.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { AddHoliday, addHolidayInput } from './add-holiday.command.js';

@CommandHandler(AddHoliday)
export class AddHolidayHandler implements ICommandHandler<AddHoliday> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: AddHoliday): Promise<CommandResult<WorkspaceState>> {
    const input = checkInput(addHolidayInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'workspace',
      id: context.workspaceId,
      decider: workspaceDecider,
      command: { type: 'addHoliday', date: input.date, name: input.name },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
