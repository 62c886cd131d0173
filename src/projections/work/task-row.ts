/**
 * A task's row as its events leave it, with the facts of its flow. Its events are in the order they were decided in; one that
 * says it happened before what went before it (a source that tells late) ends a stay or an assignment no earlier than it began.
 */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { TaskStatus } from '../../domain/work/project.events.js';
import type { TaskDetails, TaskEvent, TaskPriority } from '../../domain/work/task.events.js';

/** A stay in one status. Instants are ISO 8601; `to` is null while it lasts. */
export type StatusSpan = {
  readonly status: TaskStatus;
  readonly statusName: string;
  readonly from: string;
  readonly to: string | null;
  readonly reopened: boolean;
};

/** A time in which one person had the task; `to` is null while it lasts. */
export type Assignment = {
  readonly memberId: string;
  readonly from: string;
  readonly to: string | null;
};

export type TaskRow = {
  readonly id: string;
  readonly project_id: string;
  readonly external_key: string | null;
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly priority: string;
  readonly priority_rank: number;
  readonly story_points: number | null;
  readonly due_date: string | null;
  readonly status: string;
  readonly status_name: string;
  readonly position: string;
  readonly assignee_ids: readonly string[];
  readonly label_ids: readonly string[];
  readonly created_by_kind: string;
  readonly created_by_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deleted: boolean;
  readonly version: number;
  /** First entry into an active status: where cycle time begins. */
  readonly first_active_at: string | null;
  /** Last entry into the done set from outside it; null while the task is not done. */
  readonly done_at: string | null;
  readonly spans: readonly StatusSpan[];
  readonly assignments: readonly Assignment[];
  /** When somebody was taken off and somebody else put on at the same instant. */
  readonly reassigned_at: readonly string[];
  /** The instant of the event before this one when that took somebody off. */
  readonly unassigned_at: string | null;
};

const later = (one: string, other: string): string => (Date.parse(other) > Date.parse(one) ? other : one);

export const taskIdOf = (event: RecordedEvent): string => event.streamName.slice('task-'.length);

export function evolveTaskRow(row: TaskRow | undefined, event: RecordedEvent<TaskEvent>): TaskRow | undefined {
  const at = event.metadata.occurredAt;
  if (event.type === 'work.TaskCreated') return created(event, event.data);
  if (!row) return undefined;
  const next = { ...row, updated_at: later(row.updated_at, at), version: event.revision + 1, unassigned_at: null };
  switch (event.type) {
    case 'work.TaskDetailsChanged':
      return { ...next, ...changedColumns(event.data.to) };
    case 'work.TaskStatusChanged':
      return { ...entered(next, event.data.to, at), position: event.data.position };
    case 'work.TaskMoved':
      return { ...next, position: event.data.to };
    case 'work.TaskAssigned': {
      const passedOn = row.unassigned_at !== null && Date.parse(row.unassigned_at) === Date.parse(at);
      return {
        ...next,
        assignee_ids: [...row.assignee_ids, event.data.assigneeId],
        assignments: [...row.assignments, { memberId: event.data.assigneeId, from: at, to: null }],
        reassigned_at: passedOn ? [...row.reassigned_at, at] : row.reassigned_at,
      };
    }
    case 'work.TaskUnassigned':
      return {
        ...next,
        assignee_ids: row.assignee_ids.filter((id) => id !== event.data.assigneeId),
        assignments: row.assignments.map((assignment) =>
          assignment.memberId === event.data.assigneeId && assignment.to === null
            ? { ...assignment, to: later(assignment.from, at) }
            : assignment,
        ),
        unassigned_at: at,
      };
    case 'work.TaskLabelled':
      return { ...next, label_ids: [...row.label_ids, event.data.labelId] };
    case 'work.TaskUnlabelled':
      return { ...next, label_ids: row.label_ids.filter((id) => id !== event.data.labelId) };
    case 'work.TaskDeleted':
      return { ...next, deleted: true };
    case 'work.TaskRestored':
      return { ...next, deleted: false };
  }
}

type Created = Extract<TaskEvent, { type: 'work.TaskCreated' }>['data'];

function created(event: RecordedEvent, data: Created): TaskRow {
  const { actor, occurredAt } = event.metadata;
  const { status, statusName } = data;
  return {
    id: taskIdOf(event),
    project_id: data.projectId,
    external_key: data.externalKey,
    title: data.title,
    description: data.description,
    type: data.type,
    priority: data.priority,
    priority_rank: RANKS[data.priority],
    story_points: data.storyPoints,
    due_date: data.dueDate,
    status,
    status_name: statusName,
    position: data.position,
    assignee_ids: data.assigneeIds,
    label_ids: data.labelIds,
    created_by_kind: actor.kind,
    created_by_id: actor.id,
    created_at: occurredAt,
    updated_at: occurredAt,
    deleted: false,
    version: event.revision + 1,
    first_active_at: isActive(status) ? occurredAt : null,
    done_at: status === 'DONE' ? occurredAt : null,
    spans: [{ status, statusName, from: occurredAt, to: null, reopened: false }],
    assignments: data.assigneeIds.map((memberId) => ({ memberId, from: occurredAt, to: null })),
    reassigned_at: [],
    unassigned_at: null,
  };
}

const RANKS: Readonly<Record<TaskPriority, number>> = { CRITICAL: 1, HIGH: 2, MEDIUM: 3, LOW: 4 };

/** Somebody works on it. */
const isActive = (status: TaskStatus): boolean => status === 'IN_PROGRESS' || status === 'IN_REVIEW';

function entered(
  row: TaskRow,
  { status, statusName }: { readonly status: TaskStatus; readonly statusName: string },
  occurredAt: string,
): TaskRow {
  const at = later(row.spans.at(-1)?.from ?? occurredAt, occurredAt);
  const wasDone = row.done_at !== null;
  // Archiving what is done leaves it done, and archiving what is not does not complete it.
  const isDone = status === 'DONE' || (status === 'ARCHIVED' && wasDone);
  const reopened = wasDone && !isDone;
  const past = row.spans.map((span) => (span.to === null ? { ...span, to: at } : span));
  return {
    ...row,
    status,
    status_name: statusName,
    first_active_at: row.first_active_at ?? (isActive(status) ? at : null),
    done_at: isDone ? (row.done_at ?? at) : null,
    spans: [...past, { status, statusName, from: at, to: null, reopened }],
  };
}

function changedColumns(to: { readonly [Key in keyof TaskDetails]?: TaskDetails[Key] | undefined }): Partial<TaskRow> {
  const { priority, storyPoints, dueDate } = to;
  return {
    ...(to.title !== undefined && { title: to.title }),
    ...(to.description !== undefined && { description: to.description }),
    ...(to.type !== undefined && { type: to.type }),
    ...(priority !== undefined && { priority, priority_rank: RANKS[priority] }),
    ...(storyPoints !== undefined && { story_points: storyPoints }),
    ...(dueDate !== undefined && { due_date: dueDate }),
  };
}
