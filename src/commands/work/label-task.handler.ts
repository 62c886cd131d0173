import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { LabelTask, labelTaskInput } from './label-task.command.js';
import { WorkReferences } from './references.js';

@CommandHandler(LabelTask)
export class LabelTaskHandler implements ICommandHandler<LabelTask> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly references: WorkReferences,
  ) {}

  async execute({ input: raw, context }: LabelTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(labelTaskInput, raw);
    if (input instanceof Rejection) return input;
    const missing = await this.references.refuseLabels(context, [input.labelId], 'labelId');
    if (missing) return missing;
    return this.runner.run({
      category: 'task',
      id: input.taskId,
      decider: taskDecider,
      command: { type: 'label', labelId: input.labelId },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
