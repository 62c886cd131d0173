import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { employeeIdOf } from '../../domain/attendance/attendance.ids.js';
import { employeeDecider, type EmployeeState } from '../../domain/attendance/employee.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { AddEmployee, addEmployeeInput } from './add-employee.command.js';

@CommandHandler(AddEmployee)
export class AddEmployeeHandler implements ICommandHandler<AddEmployee> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: AddEmployee): Promise<CommandResult<EmployeeState>> {
    const input = checkInput(addEmployeeInput, raw);
    if (input instanceof Rejection) return input;
    const { number, name, department = null, title = null, startedOn = null } = input;
    return this.runner.run({
      category: 'employee',
      id: employeeIdOf(context.workspaceId, number),
      decider: employeeDecider,
      command: { type: 'add', details: { number, name, department, title, startedOn } },
      context,
      firstWrite: true,
    });
  }
}
