import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { RestoreTask, restoreTaskInput } from './restore-task.command.js';

@CommandHandler(RestoreTask)
export class RestoreTaskHandler implements ICommandHandler<RestoreTask> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: RestoreTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(restoreTaskInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'task',
      id: input.taskId,
      decider: taskDecider,
      command: { type: 'restore' },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
