import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import {
  taskAssigned,
  taskCreated,
  taskDeleted,
  taskDetailsChanged,
  taskRestored,
  taskStatusChanged,
  taskUnassigned,
  type TaskEvent,
} from '../../domain/work/task.events.js';
import type { TaskStatus } from '../../domain/work/project.events.js';
import { evolveTaskRow, type TaskRow } from './task-row.js';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const [ann, bob] = ['01890a5d-ac96-774b-bcce-b302099a0002', '01890a5d-ac96-774b-bcce-b302099a0003'] as const;
const created = taskCreated({
  title: 'Write it down',
  description: '',
  type: 'Task',
  priority: 'HIGH',
  storyPoints: 3,
  dueDate: null,
  projectId: id,
  externalKey: 'WEB-1',
  status: 'TODO',
  statusName: 'Open',
  position: 'a0',
  assigneeIds: [],
  labelIds: [],
});
const to = (from: TaskStatus, status: TaskStatus): TaskEvent =>
  taskStatusChanged({
    from: { status: from, statusName: from },
    to: { status, statusName: status },
    position: 'a1',
  });

/** Each event an hour after the one before, or at the hours given. */
function rowAfter(events: readonly TaskEvent[], hours: readonly number[] = events.map((_, index) => index)): TaskRow {
  const recorded = events.map((event, revision) => record(event, revision, at(hours[revision] ?? 0)));
  const row = recorded.reduce<TaskRow | undefined>((state, event) => evolveTaskRow(state, event), undefined);
  if (!row) throw new Error('the task has no row');
  return row;
}

const at = (hour: number): string => new Date(Date.UTC(2026, 2, 1, hour)).toISOString();

const record = (event: TaskEvent, revision: number, occurredAt: string): RecordedEvent<TaskEvent> => ({
  id,
  streamName: `task-${id}`,
  revision,
  position: { commit: BigInt(revision), prepare: BigInt(revision) },
  ...event,
  metadata: {
    workspaceId: id,
    actor: { kind: 'user', id: 'ann' },
    commandId: id,
    $correlationId: id,
    $causationId: id,
    schemaVersion: 1,
    occurredAt,
  },
  recordedAt: occurredAt,
});

describe('task row', () => {
  it('stands as its details leave it', () => {
    const row = rowAfter([created, taskDetailsChanged({ from: { priority: 'HIGH' }, to: { priority: 'LOW' } })]);
    expect(row).toMatchObject({ priority: 'LOW', priority_rank: 4, version: 2, created_at: at(0), updated_at: at(1) });
  });

  it('keeps every stay in a status, the last one open', () => {
    const row = rowAfter([created, to('TODO', 'IN_PROGRESS'), to('IN_PROGRESS', 'DONE')]);
    expect(row.spans.map(({ status, from, to: end }) => [status, from, end])).toEqual([
      ['TODO', at(0), at(1)],
      ['IN_PROGRESS', at(1), at(2)],
      ['DONE', at(2), null],
    ]);
    expect(row).toMatchObject({ first_active_at: at(1), done_at: at(2) });
  });

  it('is done at its last entry into the done set from outside it', () => {
    const closedTwice = [created, to('TODO', 'DONE'), to('DONE', 'DONE')];
    expect(rowAfter(closedTwice).done_at).toBe(at(1));
    const reopened = [...closedTwice, to('DONE', 'TODO')];
    expect(rowAfter(reopened)).toMatchObject({ done_at: null });
    const row = rowAfter([...reopened, to('TODO', 'DONE')]);
    expect(row.done_at).toBe(at(4));
    expect(row.spans.map((span) => span.reopened)).toEqual([false, false, false, true, false]);
  });

  it('stays done when archived, and is not done by archiving', () => {
    expect(rowAfter([created, to('TODO', 'DONE'), to('DONE', 'ARCHIVED')]).done_at).toBe(at(1));
    expect(rowAfter([created, to('TODO', 'ARCHIVED')]).done_at).toBeNull();
    expect(rowAfter([created, to('TODO', 'ARCHIVED'), to('ARCHIVED', 'TODO')]).spans.at(-1)?.reopened).toBe(false);
  });

  it('was active from the first entry into an active status, however often it came back', () => {
    const row = rowAfter([created, to('TODO', 'IN_REVIEW'), to('IN_REVIEW', 'TODO'), to('TODO', 'IN_PROGRESS')]);
    expect(row.first_active_at).toBe(at(1));
    expect(rowAfter([created, to('TODO', 'BLOCKED')]).first_active_at).toBeNull();
  });

  it('passes to another person when one leaves and one comes at the same instant', () => {
    const leaves = taskUnassigned({ assigneeId: ann });
    const comes = taskAssigned({ assigneeId: bob });
    const assigned = [created, taskAssigned({ assigneeId: ann })];
    expect(rowAfter([...assigned, leaves, comes], [0, 1, 2, 2])).toMatchObject({
      reassigned_at: [at(2)],
      assignee_ids: [bob],
    });
    expect(rowAfter([...assigned, leaves, comes], [0, 1, 2, 3]).reassigned_at).toEqual([]);
    expect(rowAfter(assigned).reassigned_at).toEqual([]);
  });

  it('remembers who had it, from when to when', () => {
    const leaves = taskUnassigned({ assigneeId: ann });
    const comes = taskAssigned({ assigneeId: bob });
    const back = taskAssigned({ assigneeId: ann });
    expect(rowAfter([created, back, leaves, comes, back]).assignments).toEqual([
      { memberId: ann, from: at(1), to: at(2) },
      { memberId: bob, from: at(3), to: null },
      { memberId: ann, from: at(4), to: null },
    ]);
  });

  it('has no stay and no assignment that ends before it began, whenever a source says that it happened', () => {
    const comes = taskAssigned({ assigneeId: ann });
    const leaves = taskUnassigned({ assigneeId: ann });
    const events = [created, comes, to('TODO', 'DONE'), to('DONE', 'IN_PROGRESS'), to('IN_PROGRESS', 'DONE'), leaves];
    const row = rowAfter(events, [0, 4, 10, 3, 5, 2]);
    expect(row.spans.map(({ from, to: end }) => [from, end])).toEqual([
      [at(0), at(10)],
      [at(10), at(10)],
      [at(10), at(10)],
      [at(10), null],
    ]);
    expect(row).toMatchObject({ first_active_at: at(10), done_at: at(10), updated_at: at(10) });
    expect(row.assignments).toEqual([{ memberId: ann, from: at(4), to: at(4) }]);
  });

  it('comes back from deletion as it was', () => {
    expect(rowAfter([created, taskDeleted({})]).deleted).toBe(true);
    expect(rowAfter([created, taskDeleted({}), taskRestored({})])).toMatchObject({
      deleted: false,
      title: 'Write it down',
    });
  });
});
