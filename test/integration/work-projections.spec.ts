import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { labelChanged, labelCreated, labelDeleted } from '../../src/domain/work/label.events.js';
import { projectArchived, projectCreated, projectRenamed } from '../../src/domain/work/project.events.js';
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
} from '../../src/domain/work/task.events.js';
import { memberAdded, memberRemoved, memberRoleChanged } from '../../src/domain/workspaces/member.events.js';
import {
  holidayAdded,
  holidayRemoved,
  workspaceCreated,
  workspaceSettingsChanged,
} from '../../src/domain/workspaces/workspace.events.js';
import { labelsProjection } from '../../src/projections/work/labels.projection.js';
import { projectsProjection } from '../../src/projections/work/projects.projection.js';
import { tasksProjection } from '../../src/projections/work/tasks.projection.js';
import { membersProjection } from '../../src/projections/workspaces/members.projection.js';
import { workspacesProjection } from '../../src/projections/workspaces/workspaces.projection.js';
import { createTestDatabase, projectionTester, type TestDatabase } from '../support/database.js';
import { hour, id, stream, workspaceId } from '../support/stream.js';

const [ann, bob, bug] = ['2', '3', '4'].map((digit) => `01890a5d-ac96-774b-bcce-b302099a000${digit}`) as [
  string,
  string,
  string,
];
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const created = taskCreated({
  title: 'Write it down',
  description: '',
  type: 'Task',
  priority: 'HIGH',
  storyPoints: 3,
  dueDate: null,
  projectId: id,
  externalKey: null,
  status: 'TODO',
  statusName: 'To Do',
  position: 'a0',
  assigneeIds: [ann],
  labelIds: [],
});
const toDone = taskStatusChanged({
  from: { status: 'TODO', statusName: 'To Do' },
  to: { status: 'DONE', statusName: 'Done' },
  position: 'a1',
});
const reopened = taskStatusChanged({
  from: { status: 'DONE', statusName: 'Done' },
  to: { status: 'IN_PROGRESS', statusName: 'In Progress' },
  position: 'a2',
});

describe('tasks', () => {
  it('shows a task as its events left it', async () => {
    const [first, ...others] = stream(
      'task',
      created,
      taskDetailsChanged({ from: { storyPoints: 3, priority: 'HIGH' }, to: { storyPoints: null, priority: 'LOW' } }),
      taskAssigned({ assigneeId: bob }),
      taskLabelled({ labelId: bug }),
      taskMoved({ from: 'a0', to: 'a0V' }),
    );
    const rows = await projectionTester(database, tasksProjection)()
      .given(first!)
      .given(...others)
      .rows();
    expect(rows).toMatchObject([
      {
        id,
        title: 'Write it down',
        story_points: null,
        priority: 'LOW',
        priority_rank: 4,
        assignee_ids: [ann, bob],
        label_ids: [bug],
        position: 'a0V',
        version: 5,
        created_at: hour(0),
        updated_at: hour(4),
        created_by_id: 'ann',
      },
    ]);
  });

  it('keeps every stay in a status, wherever the batches are cut', async () => {
    const events = stream('task', created, toDone, reopened);
    const span = { id, project_id: id, reopened: false };
    const expected = [
      { ...span, seq: 0, status: 'TODO', status_name: 'To Do', from_at: hour(0), to_at: hour(1) },
      { ...span, seq: 1, status: 'DONE', status_name: 'Done', from_at: hour(1), to_at: hour(2) },
      {
        ...span,
        seq: 2,
        status: 'IN_PROGRESS',
        status_name: 'In Progress',
        from_at: hour(2),
        to_at: null,
        reopened: true,
      },
    ];
    const tester = projectionTester(database, tasksProjection);
    for (const cut of [1, 2, 3]) {
      const rows = await tester().given(...events.slice(0, cut)).given(...events.slice(cut)).rows('task_status_spans'); // prettier-ignore
      expect(rows).toEqual(expected);
    }
  });

  it('counts no stay of a deleted task until it is restored', async () => {
    const events = stream('task', created, toDone, taskDeleted({}), taskRestored({}));
    const tester = projectionTester(database, tasksProjection);
    const before = tester().given(...events.slice(0, 2)).given(events[2]!); // prettier-ignore
    expect(await before.rows('task_status_spans')).toEqual([]);
    expect(await before.rows()).toMatchObject([{ deleted: true, version: 3 }]);
    expect(await before.given(events[3]!).rows('task_status_spans')).toHaveLength(2);
  });

  it('notes when a task passed from one person to another', async () => {
    const [first, left, came] = stream(
      'task',
      created,
      taskUnassigned({ assigneeId: ann }),
      taskAssigned({ assigneeId: bob }),
    ) as [RecordedEvent, RecordedEvent, RecordedEvent];
    const together = { ...came, metadata: { ...came.metadata, occurredAt: left.metadata.occurredAt } };
    const tester = projectionTester(database, tasksProjection);
    const rows = await tester().given(first, left).given(together).rows('task_reassignments');
    expect(rows).toEqual([{ id, seq: 0, project_id: id, at: hour(1) }]);
    expect(await tester().given(first, left).given(came).rows('task_reassignments')).toEqual([]);
  });
});

describe('projects, labels, members and workspaces', () => {
  it('show themselves as their events left them', async () => {
    const workflow = [{ name: 'Open', status: 'TODO' as const }];
    await projectionTester(database, projectsProjection)()
      .given(
        ...stream(
          'project',
          projectCreated({ key: 'WEB', name: 'Web', description: '', workflow }),
          projectRenamed({ from: 'Web', to: 'Site' }),
          projectArchived({}),
        ),
      ) // prettier-ignore
      .then([
        { id, key: 'WEB', name: 'Site', description: '', workflow, archived: true, created_at: hour(0), version: 3 },
      ]);
    const labels = stream('label', labelCreated({ name: 'bug', color: '#ff0000' }), labelChanged({ from: { name: 'bug' }, to: { name: 'Bug' } }), labelDeleted({})); // prettier-ignore
    const label = projectionTester(database, labelsProjection)().given(...labels.slice(0, 2));
    await label.then([{ id, name: 'Bug', color: '#ff0000', version: 2 }]);
    await label.given(labels[2]!).then([]);
    await projectionTester(database, membersProjection)()
      .given(
        ...stream(
          'member',
          memberAdded({ name: 'Ann', email: null, role: 'member' }),
          memberRoleChanged({ from: 'member', to: 'admin' }),
          memberRemoved({}),
        ),
      ) // prettier-ignore
      .then([{ id, name: 'Ann', email: null, role: 'admin', removed: true, added_at: hour(0), version: 3 }]);
  });

  it('keep the settings and holidays of a workspace', async () => {
    const settings = { timeZone: 'UTC', currency: 'EUR', weekStart: 1, workingDays: [1, 2], lateAfter: '09:30' };
    const rows = await projectionTester(database, workspacesProjection)()
      .given(
        ...stream(
          'workspace',
          workspaceCreated({ name: 'Acme', settings }),
          holidayAdded({ date: '2026-12-25', name: 'Christmas' }),
        ),
      ) // prettier-ignore
      .given(
        ...stream(
          'workspace',
          workspaceCreated({ name: 'Acme', settings }),
          holidayAdded({ date: '2026-12-25', name: 'Christmas' }),
          holidayAdded({ date: '2026-01-01', name: 'New Year' }),
          holidayRemoved({ date: '2026-12-25' }),
          workspaceSettingsChanged({ from: { timeZone: 'UTC' }, to: { timeZone: 'Europe/London' } }),
        ).slice(2),
      )
      .rows();
    expect(rows).toEqual([
      {
        id: workspaceId,
        name: 'Acme',
        time_zone: 'Europe/London',
        currency: 'EUR',
        week_start: 1,
        working_days: [1, 2],
        late_after: '09:30',
        holidays: [{ date: '2026-01-01', name: 'New Year' }],
        version: 5,
      },
    ]);
  });
});
