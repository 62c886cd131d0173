import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { labelDecider, type LabelState } from '../../domain/work/label.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ChangeLabel, changeLabelInput } from './change-label.command.js';

@CommandHandler(ChangeLabel)
export class ChangeLabelHandler implements ICommandHandler<ChangeLabel> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: ChangeLabel): Promise<CommandResult<LabelState>> {
    const input = checkInput(changeLabelInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'label',
      id: input.labelId,
      decider: labelDecider,
      command: { type: 'change', name: input.name ?? undefined, color: input.color ?? undefined },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
