import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { UnlabelTask, unlabelTaskInput } from './unlabel-task.command.js';

@CommandHandler(UnlabelTask)
export class UnlabelTaskHandler implements ICommandHandler<UnlabelTask> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: UnlabelTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(unlabelTaskInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'task',
      id: input.taskId,
      decider: taskDecider,
      command: { type: 'unlabel', labelId: input.labelId },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
