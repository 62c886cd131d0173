import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { deriveId } from '../../domain/shared/ids.js';
import { Rejection } from '../../domain/shared/rejection.js';
import { keyAtEnd } from '../../domain/work/ordering.js';
import { taskDecider } from '../../domain/work/task.decider.js';
import type { TaskState } from '../../domain/work/task.state.js';
import { firstStep } from '../../domain/work/workflow.js';
import { Clock } from '../ports/clock.port.js';
import { checkInput } from '../shared/check-input.js';
import type { CommandResult } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';
import { CreateTask, createTaskInput, importTaskInput } from './create-task.command.js';
import { isImport, stepIn, WorkReferences } from './references.js';

@CommandHandler(CreateTask)
export class CreateTaskHandler implements ICommandHandler<CreateTask> {
  constructor(
    private readonly runner: DecisionRunner,
    private readonly references: WorkReferences,
    private readonly clock: Clock,
  ) {}

  async execute({ input: raw, context }: CreateTask): Promise<CommandResult<TaskState>> {
    const input = checkInput(isImport(context) ? importTaskInput : createTaskInput, raw);
    if (input instanceof Rejection) return input;
    const project = await this.references.openProject(context, input.projectId);
    if (project instanceof Rejection) return project;
    const step = input.status ? stepIn(project, input.status) : firstStep(project.workflow);
    if (step instanceof Rejection) return step;
    const assigneeIds = input.assigneeIds ?? [];
    const labelIds = input.labelIds ?? [];
    const missing =
      (await this.references.refuseMembers(context, assigneeIds, 'assigneeIds')) ??
      (await this.references.refuseLabels(context, labelIds, 'labelIds'));
    if (missing) return missing;

    const id = input.id ?? deriveId('task', context.workspaceId, context.commandId);
    const occurredAt = context.occurredAt ?? this.clock.now();
    return this.runner.run({
      category: 'task',
      id,
      decider: taskDecider,
      command: {
        type: 'create',
        details: {
          title: input.title,
          description: input.description ?? '',
          type: input.type ?? 'Task',
          priority: input.priority ?? 'MEDIUM',
          storyPoints: input.storyPoints ?? null,
          dueDate: input.dueDate ?? null,
        },
        projectId: input.projectId,
        externalKey: input.externalKey ?? null,
        step,
        position: keyAtEnd(Date.parse(occurredAt), id),
        assigneeIds,
        labelIds,
      },
      context: { ...context, occurredAt },
      firstWrite: true,
    });
  }
}
