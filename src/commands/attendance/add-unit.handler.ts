import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { unitIdOf } from '../../domain/attendance/attendance.ids.js';
import { unitDecider, type UnitState } from '../../domain/attendance/unit.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { AddUnit, addUnitInput } from './add-unit.command.js';

@CommandHandler(AddUnit)
export class AddUnitHandler implements ICommandHandler<AddUnit> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: AddUnit): Promise<CommandResult<UnitState>> {
    const input = checkInput(addUnitInput, raw);
    if (input instanceof Rejection) return input;
    const { code, name, group = null } = input;
    return this.runner.run({
      category: 'unit',
      id: unitIdOf(context.workspaceId, code),
      decider: unitDecider,
      command: { type: 'add', details: { code, name, group } },
      context,
      firstWrite: true,
    });
  }
}
