import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { labelDecider, type LabelState } from '../../domain/work/label.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { DeleteLabel, deleteLabelInput } from './delete-label.command.js';

@CommandHandler(DeleteLabel)
export class DeleteLabelHandler implements ICommandHandler<DeleteLabel> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: DeleteLabel): Promise<CommandResult<LabelState>> {
    const input = checkInput(deleteLabelInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'label',
      id: input.labelId,
      decider: labelDecider,
      command: { type: 'delete' },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
