import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { employeeDecider, type EmployeeState } from '../../domain/attendance/employee.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { EndEmployment, endEmploymentInput } from './end-employment.command.js';

@CommandHandler(EndEmployment)
export class EndEmploymentHandler implements ICommandHandler<EndEmployment> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: EndEmployment): Promise<CommandResult<EmployeeState>> {
    const input = checkInput(endEmploymentInput, raw);
    if (input instanceof Rejection) return input;
    const { employeeId, on, expectedVersion } = input;
    return this.runner.run({
      category: 'employee',
      id: employeeId,
      decider: employeeDecider,
      command: { type: 'leave', on },
      context,
      expectedVersion,
    });
  }
}
