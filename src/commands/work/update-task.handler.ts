import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { isImport } from './references.js';
import { importTaskDetailsInput, UpdateTask, updateTaskInput } from './update-task.command.js';

@CommandHandler(UpdateTask)
export class UpdateTaskHandler implements ICommandHandler<UpdateTask> {
  constructor(private readonly runner: DecisionRunner) {}

  async execute({ input: raw, context }: UpdateTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(isImport(context) ? importTaskDetailsInput : updateTaskInput, raw);
    if (input instanceof Rejection) return input;
    const { taskId, expectedVersion, ...changes } = input;
    return this.runner.run({
      category: 'task',
      id: taskId,
      decider: taskDecider,
      command: { type: 'changeDetails', changes },
      context,
      expectedVersion,
    });
  }
}
