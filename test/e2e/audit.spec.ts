// oxlint-disable typescript/no-explicit-any -- the shape of an answer is that of the query above it
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, take, type Gql, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';

let api: TestApi;
const workspaceId = v7();
let manager: Gql;
let employeeId: string;
let position: string;

/** A page of the history, once the index has what this test wrote. */
async function history(gql: Gql, more: string, fields = 'type thingId revision'): Promise<any> {
  const query = `{ eventHistory(minPosition: ${JSON.stringify(position)}, ${more}) {
    nodes { ${fields} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
  return (await gql(query)).eventHistory;
}

/** The events that a filter leaves. */
async function find(filter: string): Promise<any[]> {
  return (await history(manager, `filter: { ${filter} }`, 'type correlationId')).nodes;
}

beforeAll(async () => {
  api = await startTestApi();
  await api.createWorkspace(workspaceId, { timeZone: 'Europe/Berlin' });
  manager = api.as(workspaceId, 'manager');
  const added = await manager('mutation { addEmployee(input: { number: "1", name: "Ann" }) { employee { id } } }');
  employeeId = added.addEmployee.employee.id;
  const input = { employeeId, from: '2026-03-02', to: '2026-03-04', kind: 'VACATION' };
  const leave = await manager('mutation ($input: RecordLeaveInput!) { recordLeave(input: $input) { position } }', {
    input,
  });
  position = leave.recordLeave.position;
}, 120_000);
afterAll(() => api.close());

describe('the event history', () => {
  it('is every event of the workspace, newest first or oldest first', async () => {
    const newest = await history(manager, 'first: 10');
    expect(newest.nodes.map(({ type }: any) => type)).toEqual([
      'attendance.LeaveRecorded',
      'attendance.LeaveRecorded',
      'attendance.LeaveRecorded',
      'attendance.EmployeeAdded',
      'workspaces.WorkspaceCreated',
    ]);
    const oldest = await history(manager, 'first: 10, orderBy: OLDEST_FIRST');
    expect(oldest.nodes).toEqual(newest.nodes.toReversed());
  });

  it('goes page by page in both directions, without a gap', async () => {
    const first = await history(manager, 'first: 2');
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await history(manager, `first: 2, after: "${first.pageInfo.endCursor}"`);
    expect(second.nodes.map(({ type }: any) => type)).toEqual(['attendance.LeaveRecorded', 'attendance.EmployeeAdded']);
    const back = await history(manager, `last: 2, before: "${second.pageInfo.startCursor}"`);
    expect(back.nodes).toEqual(first.nodes);
    const otherOrder = history(manager, `orderBy: OLDEST_FIRST, after: "${first.pageInfo.endCursor}"`);
    await expect(otherOrder).rejects.toThrow(/BAD_USER_INPUT/);
  });

  it('is filtered by thing, type, actor, correlation and times', async () => {
    expect(await find(`thingId: "${employeeId}"`)).toMatchObject([{ type: 'attendance.EmployeeAdded' }]);
    expect(await find('category: "workspace"')).toHaveLength(1);
    const leave = await find('types: ["attendance.LeaveRecorded", "attendance.CheckedIn"]');
    expect(leave).toHaveLength(3);
    expect(await find(`correlationId: "${leave[0].correlationId}"`)).toEqual(leave);
    expect(await find('actorId: "nobody"')).toEqual([]);
    expect(await find('recordedFrom: "2999-01-01T00:00:00Z"')).toEqual([]);
    expect(await find('recordedUntil: "2999-01-01T00:00:00Z", occurredFrom: "2020-01-01T00:00:00Z"')).toHaveLength(5);
    await expect(find('types: []')).rejects.toThrow(/BAD_USER_INPUT/);
  });

  it("gives an event's data from the log, to managers and above only", async () => {
    const ask = async (role: 'member' | 'manager'): Promise<any> => {
      const fields = 'data streamName position actorKind source';
      return (await history(api.as(workspaceId, role), `filter: { thingId: "${employeeId}" }`, fields)).nodes[0];
    };
    const event = await ask('manager');
    expect(event.data).toEqual({ number: '1', name: 'Ann', department: null, title: null, startedOn: null });
    expect(event.streamName).toBe(`employee-${employeeId}`);
    expect(event.actorKind).toBe('user');
    expect(event.source).not.toBeNull();
    expect(await ask('member')).toMatchObject({ position: event.position, data: null, source: null });
  });

  it("shows nothing of another workspace's history", async () => {
    const other = v7();
    await api.createWorkspace(other, {});
    await caughtUp(api);
    const stranger = api.as(other, 'owner');
    const all = (await history(stranger, 'first: 100')).nodes;
    expect(all.map(({ type }: any) => type)).toEqual(['workspaces.WorkspaceCreated']);
    expect((await history(stranger, `filter: { thingId: "${employeeId}" }`)).nodes).toEqual([]);
  });
});

const get = async (workspace: string, role: 'member' | 'manager', path: string): Promise<Response> =>
  fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${await api.token(workspace, role)}` } });

describe("an event's data by its place in its stream", () => {
  it('is given to managers and above of its workspace, and to nobody else', async () => {
    const path = `/events/employee-${employeeId}/0/data`;
    const answer = await get(workspaceId, 'manager', path);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ number: '1', name: 'Ann' });
    expect((await get(workspaceId, 'member', path)).status).toBe(403);
    expect((await fetch(`${api.url}${path}`)).status).toBe(401);
    expect((await get(v7(), 'manager', path)).status).toBe(404);
    for (const none of [
      `/events/employee-${v7()}/0/data`,
      `/events/employee-${employeeId}/99/data`,
      '/events/x/0/data',
    ])
      expect((await get(workspaceId, 'manager', none)).status).toBe(404);
  });
});

describe('the contract with integrators', () => {
  it('is served to everybody', async () => {
    const document = await (await fetch(`${api.url}/events/asyncapi.json`)).json();
    expect(document).toMatchObject({ asyncapi: '3.0.0', info: { title: 'TeamPulse events' } });
    const schema = await fetch(`${api.url}/events/schemas/work.TaskCreated/1.json`);
    expect(schema.headers.get('content-type')).toContain('application/schema+json');
    expect(await schema.json()).toMatchObject({ $id: 'urn:teampulse:event:work.TaskCreated:1' });
    for (const none of ['work.TaskCreated/2.json', '..%2f..%2fpackage/1.json', 'work.Nothing/1.json'])
      expect((await fetch(`${api.url}/events/schemas/${none}`)).status).toBe(404);
  });
});

describe('the stream of events', () => {
  it('gives integrators the types they ask for, from a position on', async () => {
    const query = `subscription ($types: [String!]!, $after: Position) { events(types: $types, after: $after) {
      cursor eventType event { type thingId revision data } } }`;
    const client = api.subscriber(await api.token(workspaceId, 'manager'));
    const variables = { types: ['attendance.EmployeeAdded', 'attendance.EmployeeLeft'], after: '0/0' };
    const answers = client.iterate({ query, variables });
    const [first] = await take(answers, 1);
    expect((first?.data as any)?.events).toMatchObject({
      eventType: 'attendance.EmployeeAdded',
      event: { thingId: employeeId, revision: 0, data: { name: 'Ann' } },
    });
    await manager(`mutation { endEmployment(input: { employeeId: "${employeeId}", on: "2026-12-31" }) { version } }`);
    const [second] = await take(answers, 1);
    await answers.return?.();
    expect((second?.data as any)?.events).toMatchObject({
      eventType: 'attendance.EmployeeLeft',
      event: { revision: 1, data: { on: '2026-12-31' } },
    });
  });
});
