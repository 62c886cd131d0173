/** The things a command only refers to: does this project, task, member or label exist in the workspace, and how does it stand? */
import { Injectable } from '@nestjs/common';
import { reject, Rejection } from '../../domain/shared/rejection.js';
import { labelDecider } from '../../domain/work/label.decider.js';
import { projectDecider, type ProjectState } from '../../domain/work/project.decider.js';
import type { WorkflowStep } from '../../domain/work/project.events.js';
import { NO_TASK, evolveTask, type TaskState } from '../../domain/work/task.state.js';
import { stepNamed } from '../../domain/work/workflow.js';
import type { MemberEvent } from '../../domain/workspaces/member.events.js';
import type { CommandContext } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';

/** What work needs to know of a member, out of the events of their stream. */
const membership = {
  initialState: false,
  evolve: (isMember: boolean, event: MemberEvent): boolean =>
    event.type === 'workspaces.MemberAdded' || (isMember && event.type !== 'workspaces.MemberRemoved'),
};
const task = { initialState: NO_TASK, evolve: evolveTask };

@Injectable()
export class WorkReferences {
  constructor(private readonly runner: DecisionRunner) {}

  async project(context: CommandContext, projectId: string): Promise<ProjectState | Rejection> {
    const found = await this.runner.peek('project', projectId, projectDecider, context);
    return found?.state ?? reject('NOT_FOUND', `there is no project ${projectId} in this workspace`, ['projectId']);
  }

  /** As `project`, for new work in it: an archived one takes none, except history that is imported. */
  async openProject(context: CommandContext, projectId: string): Promise<ProjectState | Rejection> {
    const project = await this.project(context, projectId);
    if (project instanceof Rejection || project.lifecycle === 'active' || isImport(context)) return project;
    return reject('NOT_ALLOWED_NOW', 'this project is archived; restore it first', ['projectId']);
  }

  async task(context: CommandContext, taskId: string, field = 'taskId'): Promise<TaskState | Rejection> {
    const found = await this.runner.peek('task', taskId, task, context);
    return found?.state ?? reject('NOT_FOUND', `there is no task ${taskId} in this workspace`, [field]);
  }

  /** The step of the task's project that the text means. */
  async stepOf(context: CommandContext, projectId: string, status: string): Promise<WorkflowStep | Rejection> {
    const project = await this.project(context, projectId);
    return project instanceof Rejection ? project : stepIn(project, status);
  }

  /** Undefined when every one of them is a member; imports may name people who have left. */
  async refuseMembers(
    context: CommandContext,
    memberIds: readonly string[],
    field: string,
  ): Promise<Rejection | undefined> {
    const found = await Promise.all(memberIds.map((id) => this.runner.peek('member', id, membership, context)));
    const missing = memberIds.find((_, index) => !found[index] || !(found[index].state || isImport(context)));
    if (missing === undefined) return undefined;
    return reject('NOT_FOUND', `there is no member ${missing} in this workspace`, [field]);
  }

  /** Undefined when every label exists. */
  async refuseLabels(
    context: CommandContext,
    labelIds: readonly string[],
    field: string,
  ): Promise<Rejection | undefined> {
    const found = await Promise.all(labelIds.map((id) => this.runner.peek('label', id, labelDecider, context)));
    const missing = labelIds.find((_, index) => found[index]?.state.lifecycle !== 'active');
    if (missing === undefined) return undefined;
    return reject('NOT_FOUND', `there is no label ${missing} in this workspace`, [field]);
  }
}

export function stepIn(project: ProjectState, status: string): WorkflowStep | Rejection {
  const step = stepNamed(project.workflow, status);
  if (step) return step;
  const names = project.workflow.map(({ name }) => name).join(', ');
  return reject('INVALID', `the workflow of ${project.key} has no step ${JSON.stringify(status)}; it has ${names}`, [
    'status',
  ]);
}

/** Connectors bring in what was true elsewhere: rules for what people may newly do don't apply to it. */
export const isImport = ({ actor }: CommandContext): boolean => actor.kind === 'integration';
