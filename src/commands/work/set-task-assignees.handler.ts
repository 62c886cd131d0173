import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { SetTaskAssignees, setTaskAssigneesInput } from './set-task-assignees.command.js';
import { WorkReferences } from './references.js';

@CommandHandler(SetTaskAssignees)
export class SetTaskAssigneesHandler implements ICommandHandler<SetTaskAssignees> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly references: WorkReferences,
  ) {}

  async execute({ input: raw, context }: SetTaskAssignees): Promise<CommandResult<TaskState>> {
    const input = checkInput(setTaskAssigneesInput, raw);
    if (input instanceof Rejection) return input;
    const missing = await this.references.refuseMembers(context, input.assigneeIds, 'assigneeIds');
    if (missing) return missing;
    return this.runner.run({
      category: 'task',
      id: input.taskId,
      decider: taskDecider,
      command: { type: 'setAssignees', assigneeIds: input.assigneeIds },
      context,
      expectedVersion: input.expectedVersion,
    });
  }
}
