/** What may happen to a task: created, edited, moved through its project's workflow, assigned, labelled, deleted, restored. */
import type { Decider, Decision } from '../shared/decider.js';
import type { Actor } from '../shared/metadata.js';
import { reject } from '../shared/rejection.js';
import { comparePlaces, keyBetween, type Place } from './ordering.js';
import type { WorkflowStep } from './project.events.js';
import {
  taskAssigned,
  taskCreated,
  taskDeleted,
  taskDetailsChanged,
  taskLabelled,
  taskMoved,
  taskRestored,
  taskStatusChanged,
  taskUnassigned,
  taskUnlabelled,
  type TaskDetails,
  type TaskEvent,
} from './task.events.js';
import { evolveTask, NO_TASK, type TaskState } from './task.state.js';

export type TaskCommand =
  | {
      readonly type: 'create';
      readonly details: TaskDetails;
      readonly projectId: string;
      readonly externalKey: string | null;
      readonly step: WorkflowStep;
      readonly position: string;
      readonly assigneeIds: readonly string[];
      readonly labelIds: readonly string[];
    }
  | {
      readonly type: 'changeDetails';
      readonly changes: { readonly [Key in keyof TaskDetails]?: TaskDetails[Key] | undefined };
    }
  /** `position`: the end of the new column. */
  | { readonly type: 'changeStatus'; readonly step: WorkflowStep; readonly position: string }
  /** Between two others of the column, or at one of its ends; `end` is its end, for a column with no neighbour named. */
  | {
      readonly type: 'move';
      readonly taskId: string;
      readonly step: WorkflowStep;
      readonly after: Place | undefined;
      readonly before: Place | undefined;
      readonly end: string;
    }
  | { readonly type: 'assign' | 'unassign'; readonly assigneeId: string }
  /** Exactly these from now on. */
  | { readonly type: 'setAssignees'; readonly assigneeIds: readonly string[] }
  | { readonly type: 'label' | 'unlabel'; readonly labelId: string }
  /** `ofOthers`: the role of who asks allows deleting what somebody else created. */
  | { readonly type: 'delete'; readonly actor: Actor; readonly ofOthers: boolean }
  | { readonly type: 'restore' };

/** More is no longer a task of somebody. */
export const MAX_ASSIGNEES = 50;
export const MAX_LABELS = 100;

export const taskDecider: Decider<TaskState, TaskCommand, TaskEvent> = {
  initialState: NO_TASK,
  evolve: evolveTask,
  decide,
};

function decide(command: TaskCommand, state: TaskState): Decision<TaskEvent> {
  if (command.type === 'create') return create(command, state);
  if (state.lifecycle === 'none') return reject('NOT_FOUND', 'there is no such task in this workspace', ['taskId']);
  if (command.type === 'restore') return state.lifecycle === 'deleted' ? [taskRestored({})] : [];
  if (command.type === 'delete') return remove(command, state);
  if (state.lifecycle === 'deleted')
    return reject('NOT_ALLOWED_NOW', 'this task was deleted; restore it first', ['taskId']);
  switch (command.type) {
    case 'changeDetails':
      return changeDetails(command.changes, state);
    case 'changeStatus':
      return isAt(state, command.step) ? [] : [statusChanged(state, command.step, command.position)];
    case 'move':
      return move(command, state);
    case 'assign':
    case 'unassign':
      return assign(command.type, command.assigneeId, state);
    case 'setAssignees':
      return setAssignees(command.assigneeIds, state);
    case 'label':
    case 'unlabel':
      return label(command.type, command.labelId, state);
  }
}

function create(
  { details, step, assigneeIds, labelIds, ...rest }: Extract<TaskCommand, { type: 'create' }>,
  state: TaskState,
): Decision<TaskEvent> {
  if (state.lifecycle !== 'none') {
    const isTheSame =
      state.projectId === rest.projectId && state.externalKey === rest.externalKey && state.title === details.title;
    return isTheSame ? [] : reject('ALREADY_EXISTS', 'this task exists already; change it instead');
  }
  return [
    taskCreated({
      ...details,
      projectId: rest.projectId,
      externalKey: rest.externalKey,
      status: step.status,
      statusName: step.name,
      position: rest.position,
      assigneeIds: [...new Set(assigneeIds)],
      labelIds: [...new Set(labelIds)],
    }),
  ];
}

/** Field by field: a change of one field does not undo what somebody else just did to another. */
function changeDetails(
  changes: Extract<TaskCommand, { type: 'changeDetails' }>['changes'],
  state: TaskState,
): Decision<TaskEvent> {
  const from: Partial<Record<keyof TaskDetails, string | number | null>> = {};
  const to: typeof from = {};
  for (const key of DETAILS) {
    const asked = changes[key];
    if (asked === undefined || asked === state[key]) continue;
    from[key] = state[key];
    to[key] = asked;
  }
  if (Object.keys(to).length === 0) return [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was taken from a TaskDetails under its own key
  return [taskDetailsChanged({ from, to } as { from: Partial<TaskDetails>; to: Partial<TaskDetails> })];
}

const DETAILS = ['title', 'description', 'type', 'priority', 'storyPoints', 'dueDate'] as const;

function move(command: Extract<TaskCommand, { type: 'move' }>, state: TaskState): Decision<TaskEvent> {
  const { after, before, step, end } = command;
  const stays = isAt(state, step);
  if (stays && !after && !before) return [];
  const position = after || before ? keyBetween(after?.position, before?.position) : end;
  const self = { position: state.position, id: command.taskId };
  const isBetween = (!after || comparePlaces(after, self) < 0) && (!before || comparePlaces(self, before) < 0);
  // Neighbours with equal keys, or in the wrong order, leave no place between: being where the key would lead is all there is.
  if (stays && (isBetween || state.position === position)) return [];
  return [stays ? taskMoved({ from: state.position, to: position }) : statusChanged(state, step, position)];
}

const isAt = (state: TaskState, step: WorkflowStep): boolean =>
  state.statusName === step.name && state.status === step.status;

const statusChanged = ({ status, statusName }: TaskState, to: WorkflowStep, position: string): TaskEvent =>
  taskStatusChanged({ from: { status, statusName }, to: { status: to.status, statusName: to.name }, position });

function assign(type: 'assign' | 'unassign', assigneeId: string, { assigneeIds }: TaskState): Decision<TaskEvent> {
  const isAssigned = assigneeIds.includes(assigneeId);
  if (type === 'unassign') return isAssigned ? [taskUnassigned({ assigneeId })] : [];
  if (isAssigned) return [];
  if (assigneeIds.length >= MAX_ASSIGNEES)
    return reject('INVALID', `a task has at most ${MAX_ASSIGNEES} assignees`, ['assigneeId']);
  return [taskAssigned({ assigneeId })];
}

/** Those who leave first: a task that passes from one to another then shows as one reassignment. */
function setAssignees(asked: readonly string[], { assigneeIds }: TaskState): Decision<TaskEvent> {
  const wanted = new Set(asked);
  if (wanted.size > MAX_ASSIGNEES)
    return reject('INVALID', `a task has at most ${MAX_ASSIGNEES} assignees`, ['assigneeIds']);
  const leaving = assigneeIds.filter((id) => !wanted.has(id));
  const coming = [...wanted].filter((id) => !assigneeIds.includes(id));
  return [
    ...leaving.map((assigneeId) => taskUnassigned({ assigneeId })),
    ...coming.map((assigneeId) => taskAssigned({ assigneeId })),
  ];
}

function label(type: 'label' | 'unlabel', labelId: string, { labelIds }: TaskState): Decision<TaskEvent> {
  const isLabelled = labelIds.includes(labelId);
  if (type === 'unlabel') return isLabelled ? [taskUnlabelled({ labelId })] : [];
  if (isLabelled) return [];
  if (labelIds.length >= MAX_LABELS) return reject('INVALID', `a task has at most ${MAX_LABELS} labels`, ['labelId']);
  return [taskLabelled({ labelId })];
}

function remove(
  { actor, ofOthers }: Extract<TaskCommand, { type: 'delete' }>,
  { lifecycle, createdBy }: TaskState,
): Decision<TaskEvent> {
  const isCreator = createdBy?.kind === actor.kind && createdBy.id === actor.id;
  if (!isCreator && !ofOthers)
    return reject('FORBIDDEN', 'only who created a task, or a manager, may delete it', ['taskId']);
  return lifecycle === 'deleted' ? [] : [taskDeleted({})];
}
