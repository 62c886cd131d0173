import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { reject, Rejection } from '../../domain/shared/rejection.js';
import { keyAtEnd, type Place } from '../../domain/work/ordering.js';
import type { WorkflowStep } from '../../domain/work/project.events.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { Clock } from '../ports/clock.port.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandContext, CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { MoveTask, moveTaskInput } from './move-task.command.js';
import { WorkReferences } from './references.js';

@CommandHandler(MoveTask)
export class MoveTaskHandler implements ICommandHandler<MoveTask> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly references: WorkReferences,
    private readonly clock: Clock,
  ) {}

  async execute({ input: raw, context }: MoveTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(moveTaskInput, raw);
    if (input instanceof Rejection) return input;
    const { taskId, afterTaskId, beforeTaskId, status, expectedVersion } = input;
    const task = await this.references.task(context, taskId);
    if (task instanceof Rejection) return task;
    const present = { name: task.statusName, status: task.status };
    const step = status ? await this.references.stepOf(context, task.projectId, status) : present;
    if (step instanceof Rejection) return step;
    const column = { projectId: task.projectId, step, taskId };
    const after = await this.neighbour(context, afterTaskId, 'afterTaskId', column);
    if (after instanceof Rejection) return after;
    const before = await this.neighbour(context, beforeTaskId, 'beforeTaskId', column);
    if (before instanceof Rejection) return before;
    const occurredAt = context.occurredAt ?? this.clock.now();
    return this.runner.run({
      category: 'task',
      id: taskId,
      decider: taskDecider,
      command: { type: 'move', taskId, step, after, before, end: keyAtEnd(Date.parse(occurredAt), taskId) },
      context: { ...context, occurredAt },
      expectedVersion,
    });
  }

  /** Where the neighbour stands, by its own stream: the read model may be behind. */
  private async neighbour(
    context: CommandContext,
    id: string | null | undefined,
    field: string,
    column: { readonly projectId: string; readonly step: WorkflowStep; readonly taskId: string },
  ): Promise<Place | undefined | Rejection> {
    if (!id) return undefined;
    if (id === column.taskId) return reject('INVALID', 'a task is no neighbour of itself', [field]);
    const task = await this.references.task(context, id, field);
    if (task instanceof Rejection) return task;
    const isThere =
      task.lifecycle === 'active' && task.projectId === column.projectId && task.statusName === column.step.name;
    if (isThere) return { position: task.position, id };
    return reject('CONFLICT', `the task ${id} is not in the column ${column.step.name} any more; look at the board`, [
      field,
    ]);
  }
}
