import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { UnassignTask, unassignTaskInput } from './unassign-task.command.js';

@CommandHandler(UnassignTask)
export class UnassignTaskHandler implements ICommandHandler<UnassignTask> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: UnassignTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(unassignTaskInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'task',
      id: input.taskId,
      decider: taskDecider,
      command: { type: 'unassign', assigneeId: input.assigneeId },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
