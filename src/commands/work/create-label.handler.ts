import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { labelDecider, type LabelState } from '../../domain/work/label.decider.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { CreateLabel, createLabelInput } from './create-label.command.js';

@CommandHandler(CreateLabel)
export class CreateLabelHandler implements ICommandHandler<CreateLabel> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: CreateLabel): Promise<CommandResult<LabelState>> {
    const input = checkInput(createLabelInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'label',
      id: input.id ?? deriveId('label', context.workspaceId, context.commandId),
      decider: labelDecider,
      command: { type: 'create', name: input.name, color: input.color },
      context,
      firstWrite: true,
    });
  }
}
