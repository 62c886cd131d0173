/** A task as its events leave it. */
import type { Actor } from '../shared/metadata.js';
import type { TaskStatus } from './project.events.js';
import type { TaskDetails, TaskEvent } from './task.events.js';

export interface TaskState extends TaskDetails {
  readonly lifecycle: 'none' | 'active' | 'deleted';
  readonly projectId: string;
  readonly externalKey: string | null;
  readonly status: TaskStatus;
  /** The step of the project's workflow. */
  readonly statusName: string;
  /** Ordering key within (project, step), see `ordering.ts`. */
  readonly position: string;
  readonly assigneeIds: readonly string[];
  readonly labelIds: readonly string[];
  readonly createdBy: Actor | null;
  /** When it happened, ISO 8601; empty before the first event. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const NO_TASK: TaskState = {
  lifecycle: 'none',
  projectId: '',
  externalKey: null,
  title: '',
  description: '',
  type: 'Task',
  priority: 'MEDIUM',
  storyPoints: null,
  dueDate: null,
  status: 'TODO',
  statusName: '',
  position: '',
  assigneeIds: [],
  labelIds: [],
  createdBy: null,
  createdAt: '',
  updatedAt: '',
};

export function evolveTask(before: TaskState, event: TaskEvent): TaskState {
  const state = { ...before, updatedAt: event.metadata?.occurredAt ?? before.updatedAt };
  switch (event.type) {
    case 'work.TaskCreated':
      return {
        ...state,
        ...event.data,
        lifecycle: 'active',
        createdBy: event.metadata?.actor ?? null,
        createdAt: state.updatedAt,
      };
    case 'work.TaskDetailsChanged':
      return { ...state, ...detailsOf(event.data.to) };
    case 'work.TaskStatusChanged':
      return { ...state, ...event.data.to, position: event.data.position };
    case 'work.TaskMoved':
      return { ...state, position: event.data.to };
    case 'work.TaskAssigned':
      return { ...state, assigneeIds: [...state.assigneeIds, event.data.assigneeId] };
    case 'work.TaskUnassigned':
      return { ...state, assigneeIds: state.assigneeIds.filter((id) => id !== event.data.assigneeId) };
    case 'work.TaskLabelled':
      return { ...state, labelIds: [...state.labelIds, event.data.labelId] };
    case 'work.TaskUnlabelled':
      return { ...state, labelIds: state.labelIds.filter((id) => id !== event.data.labelId) };
    case 'work.TaskDeleted':
      return { ...state, lifecycle: 'deleted' };
    case 'work.TaskRestored':
      return { ...state, lifecycle: 'active' };
  }
}

/** zod's partial allows an explicit undefined, which must not erase a field. */
const detailsOf = (changes: object): Partial<TaskDetails> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
