import { v4 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, take, type Gql, type TestApi } from '../support/api.js';

let api: TestApi;
let ann: Gql;
let workspaceId: string;

beforeAll(async () => {
  api = await startTestApi();
  workspaceId = await api.createWorkspace(undefined, { timeZone: 'Europe/Berlin' });
  ann = api.as(workspaceId);
});
afterAll(() => api.close());

const ERRORS = 'userErrors { code message field details }';
const TASK = 'id title version status statusName position storyPoints priority deleted createdBy { kind id }';

/** Sends a mutation and gives its payload. */
async function send(gql: Gql, field: string, input: object, selection = ''): ReturnType<Gql> {
  const type = field.charAt(0).toUpperCase() + field.slice(1);
  const data = await gql(
    `mutation ($input: ${type}Input!) { ${field}(input: $input) { ${selection} position version ${ERRORS} } }`,
    { input },
  );
  return data[field];
}

async function newProject(key: string): Promise<string> {
  const { project, userErrors } = await send(ann, 'createProject', { key, name: key }, 'project { id }');
  expect(userErrors).toEqual([]);
  return project.id;
}

const newTask = async (projectId: string, title: string, more: object = {}): ReturnType<Gql> =>
  (await send(ann, 'createTask', { projectId, title, ...more }, `task { ${TASK} }`)).task;

describe('work over GraphQL', () => {
  it('makes a task and reads its own write', async () => {
    const projectId = await newProject('READ');
    const { member } = await send(
      ann,
      'addMember',
      { name: 'Bo', email: 'bo@example.com' },
      'member { id addedAt role }',
    );
    const { label } = await send(ann, 'createLabel', { name: 'bug', color: '#FF0000' }, 'label { id color }');
    expect(label.color).toBe('#ff0000');
    const input = {
      projectId,
      title: '  Write it down ',
      storyPoints: 5,
      priority: 'HIGH',
      dueDate: '2026-12-01T12:00:00+01:00',
      assigneeIds: [member.id],
      labelIds: [label.id],
    };
    const nested = 'assignees { id name } labels { name } project { key }';
    const { task, version, position } = await send(
      ann,
      'createTask',
      input,
      `task { ${TASK} dueDate flow { doneAt } }`,
    );
    expect(version).toBe(1);
    expect(task).toMatchObject({
      title: 'Write it down',
      status: 'TODO',
      statusName: 'To Do',
      dueDate: '2026-12-01T11:00:00.000Z',
      createdBy: { kind: 'user', id: 'ann' },
    });
    const read = await ann(
      `query ($id: UUID!, $position: Position) { task(id: $id, minPosition: $position) { ${TASK} dueDate ${nested} flow { doneAt } statusHistory { status to } assignmentHistory { member { name } to } } }`,
      { id: task.id, position },
    );
    expect(read.task).toMatchObject({
      ...task,
      assignees: [{ id: member.id, name: 'Bo' }],
      labels: [{ name: 'bug' }],
      project: { key: 'READ' },
      flow: { doneAt: null },
      statusHistory: [{ status: 'TODO', to: null }],
      assignmentHistory: [{ member: { name: 'Bo' }, to: null }],
    });
  });

  it('refuses with the field at fault, and writes nothing', async () => {
    const projectId = await newProject('BAD');
    const refused = await send(ann, 'createTask', { projectId, title: 'ab', storyPoints: 22 });
    expect(refused).toMatchObject({ position: null, version: null });
    expect(refused.userErrors).toMatchObject([{ code: 'INVALID', field: ['title'] }]);
    const nowhere = await send(ann, 'createTask', { projectId: v4(), title: 'Nowhere' });
    expect(nowhere.userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['projectId'] }]);
    const nobody = await send(ann, 'createTask', { projectId, title: 'Nobody', assigneeIds: [v4()] });
    expect(nobody.userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['assigneeIds'] }]);
  });

  it('does the same command once', async () => {
    const projectId = await newProject('ONCE');
    const commandId = v4();
    const first = await send(ann, 'createTask', { projectId, title: 'Once', commandId }, `task { ${TASK} }`);
    expect(await send(ann, 'createTask', { projectId, title: 'Once', commandId }, `task { ${TASK} }`)).toEqual(first);
  });

  it('refuses a command id with another input, whichever version and order of fields the client sends with it', async () => {
    const projectId = await newProject('TWICE');
    const commandId = v4();
    const made = await send(ann, 'createTask', { projectId, title: 'Once', commandId }, `task { ${TASK} }`);
    const other = await send(ann, 'createTask', { projectId, title: 'Other', commandId }, `task { ${TASK} }`);
    expect(other).toMatchObject({ task: null, userErrors: [{ code: 'IDEMPOTENCY_MISMATCH', field: ['commandId'] }] });
    const change = { taskId: made.task.id, title: 'Changed', storyPoints: 3, commandId: v4() };
    const changed = await send(ann, 'updateTask', change, `task { ${TASK} }`);
    const reordered = { commandId: change.commandId, expectedVersion: 1, storyPoints: 3, title: 'Changed', taskId: made.task.id }; // prettier-ignore
    expect(await send(ann, 'updateTask', reordered, `task { ${TASK} }`)).toEqual(changed);
    const { userErrors } = await send(ann, 'changeTaskStatus', { taskId: made.task.id, status: 'DONE', commandId: change.commandId }); // prettier-ignore
    expect(userErrors).toMatchObject([{ code: 'IDEMPOTENCY_MISMATCH' }]);
  });

  it('merges changes of different fields, and refuses an outdated version when one is sent', async () => {
    const { id } = await newTask(await newProject('MERGE'), 'Merge me');
    await send(ann, 'updateTask', { taskId: id, title: 'Other title' });
    const merged = await send(ann, 'updateTask', { taskId: id, storyPoints: 8 }, `task { ${TASK} }`);
    expect(merged.task).toMatchObject({ title: 'Other title', storyPoints: 8, version: 3 });
    const refused = await send(ann, 'updateTask', { taskId: id, title: 'Late', expectedVersion: 1 });
    expect(refused.userErrors).toMatchObject([{ code: 'CONFLICT', details: { currentVersion: 3 } }]);
  });

  it('shows the board in the order that people gave it', async () => {
    const projectId = await newProject('BOARD');
    const tasks: { readonly id: string; readonly title: string }[] = [];
    for (const title of ['One', 'Two', 'Three', 'Four']) tasks.push(await newTask(projectId, title));
    const [one, two, three, four] = tasks.map(({ id }) => id);
    const column = async (position: string, name = 'To Do'): Promise<string[]> => {
      const { board } = await ann(
        `query ($projectId: UUID!, $position: Position) {
          board(projectId: $projectId, minPosition: $position) { columns { name count tasks { title } } } }`,
        { projectId, position },
      );
      return board.columns
        .find((each: { name: string }) => each.name === name)
        .tasks.map((task: { title: string }) => task.title);
    };
    const between = await send(ann, 'moveTask', { taskId: four, afterTaskId: one, beforeTaskId: two });
    expect(await column(between.position)).toEqual(['One', 'Four', 'Two', 'Three']);
    // Directly behind the one neighbour that is named: the other one is found on the board.
    const behind = await send(ann, 'moveTask', { taskId: three, afterTaskId: four });
    expect(await column(behind.position)).toEqual(['One', 'Four', 'Three', 'Two']);
    const front = await send(ann, 'moveTask', { taskId: two, beforeTaskId: one });
    expect(await column(front.position)).toEqual(['Two', 'One', 'Four', 'Three']);
    const away = await send(ann, 'moveTask', { taskId: one, status: 'IN_PROGRESS' }, `task { ${TASK} }`);
    expect(away.task).toMatchObject({ status: 'IN_PROGRESS', statusName: 'In Progress' });
    expect(await column(away.position)).toEqual(['Two', 'Four', 'Three']);
    expect(await column(away.position, 'In Progress')).toEqual(['One']);
    const gone = await send(ann, 'moveTask', { taskId: two, afterTaskId: one });
    expect(gone.userErrors).toMatchObject([{ code: 'CONFLICT', field: ['afterTaskId'] }]);
  });

  it('lists with filters, in pages, with at most one statement per nested type', async () => {
    const projectId = await newProject('LIST');
    const { label } = await send(ann, 'createLabel', { name: 'list' }, 'label { id }');
    const { member } = await send(ann, 'addMember', { name: 'Cy' }, 'member { id }');
    let position = '';
    for (let index = 0; index < 50; index += 1) {
      const input = { projectId, title: `Task ${index}`, labelIds: [label.id], assigneeIds: [member.id] };
      ({ position } = await send(ann, 'createTask', input));
    }
    const list = `query ($filter: TaskFilter, $first: Int, $after: String, $position: Position) {
      tasks(filter: $filter, first: $first, after: $after, minPosition: $position, orderBy: OLDEST) {
        totalCount pageInfo { hasNextPage endCursor }
        nodes { title project { name } assignees { name } labels { name } } } }`;
    const filter = { projectIds: [projectId], statuses: ['TODO'], labelIds: [label.id], assigneeIds: [member.id] };
    await ann(list, { filter, position });
    api.statements.length = 0;
    const { tasks } = await ann(list, { filter, first: 50 });
    expect(tasks.nodes).toHaveLength(50);
    expect(tasks.nodes[49]).toEqual({
      title: 'Task 49',
      project: { name: 'LIST' },
      assignees: [{ name: 'Cy' }],
      labels: [{ name: 'list' }],
    });
    const tables = api.statements
      .map((sql) => /read\.(\w+)/.exec(sql)?.[1] ?? '')
      .toSorted((left, right) => left.localeCompare(right));
    // The page itself and its count, then one each.
    expect(tables).toEqual(['labels', 'members', 'projects', 'tasks', 'tasks']);
    const first = await ann(list, { filter, first: 30 });
    const second = await ann(list, { filter, first: 30, after: first.tasks.pageInfo.endCursor });
    expect([...first.tasks.nodes, ...second.tasks.nodes]).toEqual(tasks.nodes);
    expect(second.tasks.pageInfo.hasNextPage).toBe(false);
    const none = await ann(list, { filter: { ...filter, unassigned: true } });
    expect(none.tasks.totalCount).toBe(0);
  });

  it('lets only creators and managers delete, and brings back what was deleted', async () => {
    const { id } = await newTask(await newProject('DEL'), 'Delete me');
    const bo = api.as(workspaceId, 'member', 'bo');
    expect((await send(bo, 'deleteTask', { taskId: id })).userErrors).toMatchObject([{ code: 'FORBIDDEN' }]);
    const boss = api.as(workspaceId, 'manager', 'boss');
    const deleted = await send(boss, 'deleteTask', { taskId: id }, `task { ${TASK} }`);
    expect(deleted.task.deleted).toBe(true);
    const update = await send(bo, 'updateTask', { taskId: id, title: 'New title' });
    expect(update.userErrors).toMatchObject([{ code: 'NOT_ALLOWED_NOW' }]);
    const restored = await send(bo, 'restoreTask', { taskId: id }, `task { ${TASK} }`);
    expect(restored.task).toMatchObject({ deleted: false, title: 'Delete me' });
  });

  it('lets viewers read and nothing else', async () => {
    const viewer = api.as(workspaceId, 'viewer', 'eve');
    const refused = await send(viewer, 'createLabel', { name: 'mine' });
    expect(refused.userErrors).toMatchObject([{ code: 'FORBIDDEN' }]);
    const { members } = await viewer('{ members { nodes { name email } } }');
    // Names are personal.
    expect(members.nodes).toContainEqual({ name: expect.stringMatching(/^Member \w{4}$/), email: null });
    expect(members.nodes).not.toContainEqual(expect.objectContaining({ name: 'Bo' }));
  });

  it("shows and changes nothing of another workspace's", async () => {
    const projectId = await newProject('MINE');
    const task = await newTask(projectId, 'Mine alone');
    const stranger = api.as(v4());
    const seen = await stranger(
      `query ($id: UUID!, $projectId: UUID!) { task(id: $id) { id } board(projectId: $projectId) { columns { name } }
        project(id: $projectId) { id } tasks { totalCount } flow { totals { created } } workspace { id } }`,
      { id: task.id, projectId },
    );
    expect(seen).toEqual({
      task: null,
      board: null,
      project: null,
      tasks: { totalCount: 0 },
      flow: { totals: { created: 0 } },
      workspace: null,
    });
    for (const [field, input] of [
      ['updateTask', { taskId: task.id, title: 'Stolen' }],
      ['changeTaskStatus', { taskId: task.id, status: 'DONE' }],
      ['moveTask', { taskId: task.id, status: 'DONE' }],
      ['deleteTask', { taskId: task.id }],
      ['createTask', { projectId, title: 'Smuggled' }],
      ['renameProject', { projectId, name: 'Theirs' }],
    ] as const) {
      expect((await send(stranger, field, input)).userErrors, field).toMatchObject([{ code: 'NOT_FOUND' }]);
    }
  });

  it('tells how work flows', async () => {
    const projectId = await newProject('FLOW');
    const { id } = await newTask(projectId, 'Flows');
    await send(ann, 'changeTaskStatus', { taskId: id, status: 'In Review' });
    const { position } = await send(ann, 'changeTaskStatus', { taskId: id, status: 'DONE' });
    const { flow, task } = await ann(
      `query ($id: UUID!, $projectId: UUID!, $position: Position) {
        flow(projectIds: [$projectId], minPosition: $position) {
          totals { created done reopens reassignments doneAfterDueDate } leadTime { n p50 } cycleTime { n p95 }
          throughput(bucket: DAY) { count } created(bucket: WEEK) { count } types { type count }
          daysInStatus { statusName } statusAsOf(date: "2020-01-01") { count } }
        task(id: $id, minPosition: $position) { flow { leadTimeDays cycleTimeDays } statusHistory { statusName reopened } } }`,
      { id, projectId, position },
    );
    expect(flow).toMatchObject({
      totals: { created: 1, done: 1, reopens: 0, reassignments: 0, doneAfterDueDate: 0 },
      leadTime: { n: 1 },
      cycleTime: { n: 1 },
      throughput: [{ count: 1 }],
      created: [{ count: 1 }],
      types: [{ type: 'Task', count: 1 }],
      daysInStatus: expect.arrayContaining([{ statusName: 'To Do' }, { statusName: 'In Review' }]),
      statusAsOf: [],
    });
    expect(task.statusHistory.map((span: { statusName: string }) => span.statusName)).toEqual([
      'To Do',
      'In Review',
      'Done',
    ]);
    expect(task.flow.leadTimeDays).toBeGreaterThan(task.flow.cycleTimeDays);
  });

  it('keeps the workspace: its name, settings and holidays', async () => {
    await send(ann, 'renameWorkspace', { name: 'Acme' });
    await send(ann, 'addHoliday', { date: '2026-12-25', name: 'Christmas' });
    const { position } = await send(ann, 'changeWorkspaceSettings', { currency: 'GBP', workingDays: [5, 1, 1] });
    const { workspace } = await ann(
      'query ($position: Position) { workspace(minPosition: $position) { name timeZone currency workingDays lateAfter holidays { date name } version } }',
      { position },
    );
    expect(workspace).toEqual({
      name: 'Acme',
      timeZone: 'Europe/Berlin',
      currency: 'GBP',
      workingDays: [1, 5],
      lateAfter: '09:30',
      holidays: [{ date: '2026-12-25', name: 'Christmas' }],
      version: 4,
    });
    const member = api.as(workspaceId, 'member', 'bo');
    expect((await send(member, 'renameWorkspace', { name: 'Mine' })).userErrors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('pushes changes of one project, and those missed since a cursor', async () => {
    const [projectId, otherId] = [await newProject('PUSH'), await newProject('OTHER')];
    const client = api.subscriber(await api.token(workspaceId));
    const query = `subscription ($projectId: UUID, $after: Position) { taskChanged(projectId: $projectId, after: $after) {
      cursor eventType taskId task { title statusName } } }`;
    const { task, position } = await send(ann, 'createTask', { projectId, title: 'First' }, 'task { id }');
    await newTask(otherId, 'Elsewhere');
    await send(ann, 'changeTaskStatus', { taskId: task.id, status: 'DONE' });
    const second = await newTask(projectId, 'Second');
    const missed = await take(client.iterate({ query, variables: { projectId, after: position } }), 2);
    const changes = missed.map(({ data }) => (data as { taskChanged: { cursor: string } }).taskChanged);
    expect(changes).toMatchObject([
      { eventType: 'work.TaskStatusChanged', taskId: task.id, task: { title: 'First', statusName: 'Done' } },
      { eventType: 'work.TaskCreated', taskId: second.id, task: { title: 'Second' } },
    ]);
    const live = take(client.iterate({ query, variables: { projectId, after: changes[1]?.cursor } }), 1);
    await send(ann, 'updateTask', { taskId: second.id, title: 'Third' });
    expect((await live)[0]?.data).toMatchObject({
      taskChanged: { eventType: 'work.TaskDetailsChanged', task: { title: 'Third' } },
    });
  });
});
