/** What may happen to a project: created, renamed, described, given a workflow, archived and restored. */
import type { Decider, Decision } from '../shared/decider.js';
import { reject } from '../shared/rejection.js';
import {
  projectArchived,
  projectCreated,
  projectDescribed,
  projectRenamed,
  projectRestored,
  projectWorkflowChanged,
  type ProjectEvent,
  type WorkflowStep,
} from './project.events.js';

export interface ProjectState {
  readonly lifecycle: 'none' | 'active' | 'archived';
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly workflow: readonly WorkflowStep[];
  /** ISO 8601; empty before the first event. */
  readonly createdAt: string;
}

export type ProjectCommand =
  | {
      readonly type: 'create';
      readonly key: string;
      readonly name: string;
      readonly description: string;
      readonly workflow: readonly WorkflowStep[];
    }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'describe'; readonly description: string }
  | { readonly type: 'changeWorkflow'; readonly workflow: readonly WorkflowStep[] }
  | { readonly type: 'archive' }
  | { readonly type: 'restore' };

export const projectDecider: Decider<ProjectState, ProjectCommand, ProjectEvent> = {
  initialState: { lifecycle: 'none', key: '', name: '', description: '', workflow: [], createdAt: '' },
  evolve,
  decide,
};

function decide(command: ProjectCommand, state: ProjectState): Decision<ProjectEvent> {
  if (command.type === 'create') return create(command, state);
  if (state.lifecycle === 'none')
    return reject('NOT_FOUND', 'there is no such project in this workspace', ['projectId']);
  if (command.type === 'restore') return state.lifecycle === 'archived' ? [projectRestored({})] : [];
  if (command.type === 'archive') return state.lifecycle === 'active' ? [projectArchived({})] : [];
  if (state.lifecycle === 'archived')
    return reject('NOT_ALLOWED_NOW', 'this project is archived; restore it first', ['projectId']);
  switch (command.type) {
    case 'rename':
      return command.name === state.name ? [] : [projectRenamed({ from: state.name, to: command.name })];
    case 'describe':
      return command.description === state.description
        ? []
        : [projectDescribed({ from: state.description, to: command.description })];
    case 'changeWorkflow':
      return changeWorkflow(command.workflow, state.workflow);
  }
}

function create(
  { key, name, description, workflow }: Extract<ProjectCommand, { type: 'create' }>,
  state: ProjectState,
): Decision<ProjectEvent> {
  const problem = workflowProblem(workflow);
  if (problem) return reject('INVALID', problem, ['workflow']);
  if (state.lifecycle === 'none') return [projectCreated({ key, name, description, workflow: [...workflow] })];
  const isTheSame = key === state.key && name === state.name && description === state.description;
  return isTheSame && sameSteps(workflow, state.workflow)
    ? []
    : reject('ALREADY_EXISTS', 'there is a project with this key already; choose another key', ['key']);
}

function changeWorkflow(asked: readonly WorkflowStep[], present: readonly WorkflowStep[]): Decision<ProjectEvent> {
  const problem = workflowProblem(asked);
  if (problem) return reject('INVALID', problem, ['workflow']);
  return sameSteps(asked, present) ? [] : [projectWorkflowChanged({ from: [...present], to: [...asked] })];
}

function workflowProblem(workflow: readonly WorkflowStep[]): string | undefined {
  if (workflow.length === 0) return 'a workflow has at least one step';
  const names = workflow.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `the step ${JSON.stringify(twice)} stands in the workflow twice`;
}

const sameSteps = (left: readonly WorkflowStep[], right: readonly WorkflowStep[]): boolean =>
  left.length === right.length &&
  left.every(({ name, status }, index) => name === right[index]?.name && status === right[index].status);

function evolve(state: ProjectState, event: ProjectEvent): ProjectState {
  switch (event.type) {
    case 'work.ProjectCreated':
      return { lifecycle: 'active', ...event.data, createdAt: event.metadata?.occurredAt ?? '' };
    case 'work.ProjectRenamed':
      return { ...state, name: event.data.to };
    case 'work.ProjectDescribed':
      return { ...state, description: event.data.to };
    case 'work.ProjectWorkflowChanged':
      return { ...state, workflow: event.data.to };
    case 'work.ProjectArchived':
      return { ...state, lifecycle: 'archived' };
    case 'work.ProjectRestored':
      return { ...state, lifecycle: 'active' };
  }
}
