import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { unitDecider, type UnitState } from '../../domain/attendance/unit.decider.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ChangeUnit, changeUnitInput } from './change-unit.command.js';

@CommandHandler(ChangeUnit)
export class ChangeUnitHandler implements ICommandHandler<ChangeUnit> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ChangeUnit): Promise<CommandResult<UnitState>> {
    const input = checkInput(changeUnitInput, raw);
    if (input instanceof Rejection) return input;
    const { unitId, expectedVersion, ...patch } = input;
    return this.runner.run({
      category: 'unit',
      id: unitId,
      decider: unitDecider,
      command: { type: 'change', patch },
      context,
      expectedVersion,
    });
  }
}
