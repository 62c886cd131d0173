import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { employeeDecider, type EmployeeState } from '../../domain/attendance/employee.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ChangeEmployee, changeEmployeeInput } from './change-employee.command.js';

@CommandHandler(ChangeEmployee)
export class ChangeEmployeeHandler implements ICommandHandler<ChangeEmployee> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ChangeEmployee): Promise<CommandResult<EmployeeState>> {
    const input = checkInput(changeEmployeeInput, raw);
    if (input instanceof Rejection) return input;
    const { employeeId, expectedVersion, ...patch } = input;
    return this.runner.run({
      category: 'employee',
      id: employeeId,
      decider: employeeDecider,
      command: { type: 'change', patch },
      context,
      expectedVersion,
    });
  }
}
