import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Rejection } from '../../domain/shared/rejection.js';
import { keyAtEnd } from '../../domain/work/ordering.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { Clock } from '../ports/clock.port.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { ChangeTaskStatus, changeTaskStatusInput } from './change-task-status.command.js';
import { WorkReferences } from './references.js';

@CommandHandler(ChangeTaskStatus)
export class ChangeTaskStatusHandler implements ICommandHandler<ChangeTaskStatus> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly references: WorkReferences,
    private readonly clock: Clock,
  ) {}

  async execute({ input: raw, context }: ChangeTaskStatus): Promise<CommandResult<TaskState>> {
    const input = checkInput(changeTaskStatusInput, raw);
    if (input instanceof Rejection) return input;
    const { taskId, status, expectedVersion } = input;
    const task = await this.references.task(context, taskId);
    if (task instanceof Rejection) return task;
    const step = await this.references.stepOf(context, task.projectId, status);
    if (step instanceof Rejection) return step;
    const occurredAt = context.occurredAt ?? this.clock.now();
    return this.runner.run({
      category: 'task',
      id: taskId,
      decider: taskDecider,
      command: { type: 'changeStatus', step, position: keyAtEnd(Date.parse(occurredAt), taskId) },
      context: { ...context, occurredAt },
      expectedVersion,
    });
  }
}
