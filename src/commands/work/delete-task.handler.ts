import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { DeleteTask, deleteTaskInput } from './delete-task.command.js';

@CommandHandler(DeleteTask)
export class DeleteTaskHandler implements ICommandHandler<DeleteTask> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: DeleteTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(deleteTaskInput, raw);
    if (input instanceof Rejection) return input;
    return this.runner.run({
      category: 'task',
      id: input.taskId,
      decider: taskDecider,
      command: { type: 'delete', actor: context.actor, ofOthers: input.ofOthers },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
