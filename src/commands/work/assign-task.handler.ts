import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { AssignTask, assignTaskInput } from './assign-task.command.js';
import { WorkReferences } from './references.js';

@CommandHandler(AssignTask)
export class AssignTaskHandler implements ICommandHandler<AssignTask> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly references: WorkReferences,
  ) {}

  async execute({ input: raw, context }: AssignTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(assignTaskInput, raw);
    if (input instanceof Rejection) return input;
    const missing = await this.references.refuseMembers(context, [input.assigneeId], 'assigneeId');
    if (missing) return missing;
    return this.runner.run({
      category: 'task',
      id: input.taskId,
      decider: taskDecider,
      command: { type: 'assign', assigneeId: input.assigneeId },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
