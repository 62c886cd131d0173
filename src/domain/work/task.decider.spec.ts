import { describe, expect, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import type { EventMetadata } from '../shared/metadata.js';
import { taskDecider } from './task.decider.js';
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
} from './task.events.js';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const projectId = '01890a5d-ac96-774b-bcce-b302099a0001';
const ann = '01890a5d-ac96-774b-bcce-b302099a0002';
const bug = '01890a5d-ac96-774b-bcce-b302099a0003';
const details = {
  title: 'Write it down',
  description: '',
  type: 'Task',
  priority: 'MEDIUM',
  storyPoints: null,
  dueDate: null,
} as const;
const toDo = { name: 'To Do', status: 'TODO' } as const;
const done = { name: 'Done', status: 'DONE' } as const;
const create = {
  type: 'create',
  details,
  projectId,
  externalKey: null,
  step: toDo,
  position: 'a5',
  assigneeIds: [],
  labelIds: [],
} as const;
const created = taskCreated({
  ...details,
  projectId,
  externalKey: null,
  status: 'TODO',
  statusName: 'To Do',
  position: 'a5',
  assigneeIds: [],
  labelIds: [],
});
const by = (actorId: string): EventMetadata => ({
  workspaceId: id,
  actor: { kind: 'user', id: actorId },
  commandId: id,
  $correlationId: id,
  $causationId: id,
  schemaVersion: 1,
  occurredAt: '2026-03-01T09:30:00.000Z',
});
const task = deciderSpec(taskDecider);
const move = { type: 'move', taskId: id, step: toDo, after: undefined, before: undefined, end: 'b00' } as const;

const changed = (position: string): ReturnType<typeof taskStatusChanged> =>
  taskStatusChanged({
    from: { status: 'TODO', statusName: 'To Do' },
    to: { status: 'DONE', statusName: 'Done' },
    position,
  });

describe('task', () => {
  it('is created once, each assignee and label once', () => {
    task.given([]).when(create).then([created]);
    const twice = { ...create, assigneeIds: [ann, ann], labelIds: [bug, bug] };
    task
      .given([])
      .when(twice)
      .then([taskCreated({ ...created.data, assigneeIds: [ann], labelIds: [bug] })]);
    task
      .given([created])
      .when({ ...create, details: { ...details, title: 'Other' } })
      .then(rejection('ALREADY_EXISTS'));
  });

  it('must exist, and not be deleted, to be changed', () => {
    const change = { type: 'changeDetails', changes: { title: 'New' } } as const;
    task
      .given([])
      .when(change)
      .then(rejection('NOT_FOUND', ['taskId']));
    task
      .given([created, taskDeleted({})])
      .when(change)
      .then(rejection('NOT_ALLOWED_NOW', ['taskId']));
  });

  it('records only the details that change, so that changes of different fields merge', () => {
    const retitled = taskDetailsChanged({ from: { title: details.title }, to: { title: 'New' } });
    const estimated = taskDetailsChanged({ from: { storyPoints: null }, to: { storyPoints: 5 } });
    task
      .given([created])
      .when({ type: 'changeDetails', changes: { title: 'New', priority: 'MEDIUM' } })
      .then([retitled]);
    const state = task
      .given([created, retitled])
      .when({ type: 'changeDetails', changes: { storyPoints: 5 } })
      .then([estimated]);
    expect(state).toMatchObject({ title: 'New', storyPoints: 5 });
  });

  it('goes through the workflow to the end of the next column', () => {
    const closed = taskStatusChanged({
      from: { status: 'TODO', statusName: 'To Do' },
      to: { status: 'DONE', statusName: 'Done' },
      position: 'b00',
    });
    const state = task.given([created]).when({ type: 'changeStatus', step: done, position: 'b00' }).then([closed]);
    expect(state).toMatchObject({ status: 'DONE', statusName: 'Done', position: 'b00' });
    task.given([created, closed]).when({ type: 'changeStatus', step: done, position: 'b01' }).then(nothing());
  });

  it('moves between two others, or stays where it is when it stands there already', () => {
    const [a3, a4, a6] = ['a3', 'a4', 'a6'].map((position) => ({ position, id: ann }));
    task
      .given([created])
      .when({ ...move, after: a3, before: a4 })
      .then([taskMoved({ from: 'a5', to: 'a3V' })]);
    task
      .given([created])
      .when({ ...move, after: a4, before: a6 })
      .then(nothing());
    task
      .given([created])
      .when({ ...move, after: a6 })
      .then([taskMoved({ from: 'a5', to: 'a7' })]);
    task
      .given([created])
      .when({ ...move, before: a4 })
      .then([taskMoved({ from: 'a5', to: 'a3' })]);
    task.given([created]).when(move).then(nothing());
  });

  it('moves to another column at a place, or at its end', () => {
    task
      .given([created])
      .when({ ...move, step: done, before: { position: 'a1', id: ann } })
      .then([changed('a0')]);
    task
      .given([created])
      .when({ ...move, step: done })
      .then([changed('b00')]);
  });

  it('moves behind the first of two neighbours that have the same key, or stand in the wrong order', () => {
    const [one, two] = [projectId, ann].map((other) => ({ position: 'a3', id: other }));
    task
      .given([created])
      .when({ ...move, after: one, before: two })
      .then([taskMoved({ from: 'a5', to: 'a3V' })]);
    task
      .given([created])
      .when({ ...move, after: { position: 'a8', id: ann }, before: two })
      .then([taskMoved({ from: 'a5', to: 'a8V' })]);
  });

  it('is assigned to several people, each once', () => {
    const assigned = taskAssigned({ assigneeId: ann });
    task.given([created]).when({ type: 'assign', assigneeId: ann }).then([assigned]);
    task
      .given([created, assigned])
      .when({ type: 'unassign', assigneeId: ann })
      .then([taskUnassigned({ assigneeId: ann })]);
    task.given([created]).when({ type: 'unassign', assigneeId: ann }).then(nothing());
    const full = taskCreated({
      ...created.data,
      assigneeIds: Array.from({ length: 50 }, (_, index) => `01890a5d-ac96-774b-bcce-0000000000${index + 10}`),
    });
    task
      .given([full])
      .when({ type: 'assign', assigneeId: ann })
      .then(rejection('INVALID', ['assigneeId']));
  });

  it('passes from some people to others in one go, those who leave first', () => {
    const assigned = [ann, bug].map((assigneeId) => taskAssigned({ assigneeId }));
    task
      .given([created, ...assigned])
      .when({ type: 'setAssignees', assigneeIds: [bug, projectId, projectId] })
      .then([taskUnassigned({ assigneeId: ann }), taskAssigned({ assigneeId: projectId })]);
  });

  it('is labelled', () => {
    const labelled = taskLabelled({ labelId: bug });
    task.given([created]).when({ type: 'label', labelId: bug }).then([labelled]);
    task
      .given([created, labelled])
      .when({ type: 'unlabel', labelId: bug })
      .then([taskUnlabelled({ labelId: bug })]);
  });

  it('is deleted by who created it, or by whose role allows it, and restored', () => {
    const history = [{ ...created, metadata: by('ann') }];
    const remove = { type: 'delete', actor: { kind: 'user', id: 'ann' }, ofOthers: false } as const;
    const bob = { kind: 'user', id: 'bob' } as const;
    task
      .given(history)
      .when(remove)
      .then([taskDeleted({})]);
    task
      .given(history)
      .when({ ...remove, actor: bob })
      .then(rejection('FORBIDDEN', ['taskId']));
    task
      .given(history)
      .when({ ...remove, actor: bob, ofOthers: true })
      .then([taskDeleted({})]);
    task
      .given([...history, taskDeleted({})])
      .when({ type: 'restore' })
      .then([taskRestored({})]);
  });
});
