// oxlint-disable typescript/no-explicit-any -- the shape of an answer is that of the query above it
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { formatPosition } from '../../src/domain/shared/position.js';
import { labelChanged, labelCreated } from '../../src/domain/work/label.events.js';
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

  it('keeps to one place in the log from page to page, whatever is recorded meanwhile', async () => {
    const own = api.as(await api.createWorkspace(), 'manager');
    const add = async (number: string): Promise<string> =>
      (await own(`mutation { addEmployee(input: { number: "${number}", name: "N" }) { position } }`)).addEmployee.position; // prettier-ignore
    const read = async (more: string): Promise<any> =>
      (await own(`{ eventHistory(${more}) { totalCount upTo nodes { position } edges { cursor } pageInfo { hasNextPage endCursor } } }`)).eventHistory; // prettier-ignore
    let last = '';
    for (const number of ['1', '2', '3']) last = await add(number);
    for (const orderBy of ['OLDEST_FIRST', 'NEWEST_FIRST']) {
      const first = await read(`first: 2, orderBy: ${orderBy}, minPosition: "${last}"`);
      const pinned = { totalCount: first.totalCount, upTo: last };
      expect(first).toMatchObject(pinned);
      expect(first.edges[1].cursor).toBe(first.pageInfo.endCursor);
      const behind = await add(`behind ${orderBy}`);
      const all = [...first.nodes];
      let page = first;
      while (page.pageInfo.hasNextPage) {
        page = await read(`first: 2, orderBy: ${orderBy}, minPosition: "${behind}", after: "${page.pageInfo.endCursor}"`); // prettier-ignore
        expect(page).toMatchObject(pinned);
        all.push(...page.nodes);
      }
      expect(all).toHaveLength(first.totalCount);
      expect(all).not.toContainEqual({ position: behind });
      const again = await read(`first: 100, orderBy: ${orderBy}, upTo: "${last}"`);
      expect(again.nodes).toEqual(all);
      const other = read(`after: "${first.pageInfo.endCursor}", orderBy: ${orderBy}, upTo: "${behind}"`);
      await expect(other).rejects.toThrow(/BAD_USER_INPUT/);
      last = behind;
    }
    await expect(read('after: "x"')).rejects.toThrow(/BAD_USER_INPUT/);
  });

  it('is filtered by thing, type, actor, correlation and times', async () => {
    expect(await find(`thingId: "${employeeId}"`)).toMatchObject([{ type: 'attendance.EmployeeAdded' }]);
    expect(await find('category: "workspace"')).toHaveLength(1);
    const leave = await find('types: ["attendance.LeaveRecorded", "attendance.CheckedIn"]');
    expect(leave).toHaveLength(3);
    expect(await find(`correlationId: "${leave[0].correlationId}"`)).toEqual(leave);
    expect(await find('category: "attendance", types: ["attendance.EmployeeAdded"]')).toEqual([]);
    expect(await find('category: "nothing"')).toEqual([]);
    const [{ causationId }] = (await history(manager, 'filter: { category: "attendance" }', 'causationId')).nodes;
    expect(await find(`causationId: "${causationId}"`)).toEqual(leave);
    expect(await find(`causationId: "${causationId}", types: ["attendance.EmployeeAdded"]`)).toEqual([]);
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

  it('is that one event, whatever stands behind it or was cut off before it', async () => {
    const { thingId } = await happen(workspaceId, undefined, 3);
    const stream = `label-${thingId}`;
    const client = EventStoreDBClient.connectionString(api.eventstoreUrl);
    await client.appendToStream(stream, jsonEvent({ type: labelChanged.type, data: { no: 'label' } }));
    const status = async (revision: number): Promise<number> =>
      (await get(workspaceId, 'manager', `/events/${stream}/${revision}/data`)).status;
    expect(await Promise.all([0, 1, 2, 3].map(status))).toEqual([200, 200, 200, 500]);
    await client.setStreamMetadata(stream, { truncateBefore: 2 });
    await client.dispose();
    expect(await Promise.all([0, 1, 2].map(status))).toEqual([404, 404, 200]);
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

/** An event of a label, by a command that something has led to; straight into the log, as policies will write. */
async function happen(workspace: string, causationId?: string, count = 1): Promise<any> {
  const store = new EventStoreDbAdapter(api.eventstoreUrl, allEvents);
  const commandId = v7();
  const thingId = v7();
  const events = [labelCreated({ name: 'x', color: '#fff' }), ...Array.from({ length: count - 1 }, (_, i) => labelChanged({ from: {}, to: { name: `${i}` } }))] as const; // prettier-ignore
  const written = events.map(({ type, data }) => ({
    id: v7(),
    type,
    data,
    metadata: {
      workspaceId: workspace,
      actor: { kind: 'policy' as const, id: 'p' },
      commandId,
      $correlationId: commandId,
      $causationId: causationId ?? commandId,
      schemaVersion: 1,
      occurredAt: '2026-03-01T09:00:00.000Z',
    },
  }));
  const appended = await store.append(`label-${thingId}`, written, 'no_stream');
  await store.dispose();
  if (appended.outcome !== 'appended') throw new Error('not appended');
  return { id: written[0]?.id, ids: written.map(({ id }) => id), commandId, thingId, at: formatPosition(appended.position) }; // prettier-ignore
}

describe('the chain of causes', () => {
  const ASK = `query ($id: UUID!, $depth: Int, $at: Position) { causalChain(eventId: $id, depth: $depth, minPosition: $at) {
    event { id } causesCut effectsCut
    causes { kind id depth causedBy event { type } } effects { kind id depth causedBy event { id type } } } }`;

  it('goes from an event over commands back to the first, and on to all that followed', async () => {
    const first = await happen(workspaceId);
    const second = await happen(workspaceId, first.id);
    const third = await happen(workspaceId, second.id);
    const { causalChain: back } = await manager(ASK, { id: third.id, at: third.at });
    expect(back).toMatchObject({ event: { id: third.id }, causesCut: false, effectsCut: false, effects: [] });
    expect(back.causes.map(({ kind, id, depth, causedBy }: any) => [kind, id, depth, causedBy])).toEqual([
      ['COMMAND', third.commandId, 1, second.id],
      ['EVENT', second.id, 2, second.commandId],
      ['COMMAND', second.commandId, 3, first.id],
      ['EVENT', first.id, 4, first.commandId],
      ['COMMAND', first.commandId, 5, null],
    ]);
    const { causalChain: on } = await manager(ASK, { id: first.id, at: third.at });
    expect(on.effects.map(({ kind, id, depth, causedBy }: any) => [kind, id, depth, causedBy])).toEqual([
      ['COMMAND', second.commandId, 1, first.id],
      ['EVENT', second.id, 2, second.commandId],
      ['COMMAND', third.commandId, 3, second.id],
      ['EVENT', third.id, 4, third.commandId],
    ]);
  });

  it('names the command that led to other commands, which left no event of its own', async () => {
    const [leave] = (await history(manager, 'filter: { category: "attendance" }', 'id commandId causationId')).nodes;
    const { causalChain } = await manager(ASK, { id: leave.id });
    expect(causalChain.causes).toMatchObject([
      { kind: 'COMMAND', id: leave.commandId, causedBy: leave.causationId },
      { kind: 'COMMAND', id: leave.causationId, causedBy: null },
    ]);
  });

  it('is cut at the depth that was asked for and at 200 effects, and says so', async () => {
    const first = await happen(workspaceId);
    const second = await happen(workspaceId, first.id);
    const many = await happen(workspaceId, second.id, 250);
    const { causalChain: short } = await manager(ASK, { id: many.id, depth: 2, at: many.at });
    expect(short).toMatchObject({ causesCut: true, causes: [{ depth: 1 }, { depth: 2 }] });
    const { causalChain: near } = await manager(ASK, { id: first.id, depth: 2, at: many.at });
    expect(near).toMatchObject({ effectsCut: true, effects: [{ depth: 1 }, { depth: 2 }] });
    const { causalChain: wide } = await manager(ASK, { id: second.id, at: many.at });
    expect(wide.effectsCut).toBe(true);
    expect(wide.effects).toHaveLength(200);
    await expect(manager(ASK, { id: first.id, depth: 51 })).rejects.toThrow(/BAD_USER_INPUT/);
  });

  it("shows nothing of another workspace's, neither the event nor what it led to there", async () => {
    const other = await api.createWorkspace();
    const here = await happen(workspaceId);
    const there = await happen(other, here.id);
    const stranger = api.as(other, 'owner');
    expect(await stranger(ASK, { id: here.id, at: there.at })).toEqual({ causalChain: null });
    expect((await manager(ASK, { id: here.id, at: there.at })).causalChain.effects).toEqual([]);
    // What its metadata says is theirs to see; the event it names is not.
    expect((await stranger(ASK, { id: there.id, at: there.at })).causalChain.causes).toMatchObject([{ kind: 'COMMAND' }, { kind: 'COMMAND', id: here.id, event: null }]); // prettier-ignore
    expect(await manager(ASK, { id: v7() })).toEqual({ causalChain: null });
  });
});

describe('a thing as it was', () => {
  const STATE = 'revision position recordedAt state';
  const AT = `query ($id: UUID!, $at: LogInstant!, $category: String = "employee") {
    stateAt(category: $category, thingId: $id, at: $at) { ${STATE} } }`;
  const DIFF = `query ($id: UUID!, $from: LogInstant!, $to: LogInstant!) { diff(category: "employee", thingId: $id, from: $from, to: $to) {
    before { ${STATE} } after { ${STATE} } changes { path before after } events { type revision data } eventsCut } }`;
  let id: string;
  let own: string;
  let keeper: Gql;
  const positions: string[] = [];

  beforeAll(async () => {
    own = await api.createWorkspace();
    keeper = api.as(own, 'manager');
    const mutate = async (mutation: string): Promise<any> => {
      const [answer]: any[] = Object.values(await keeper(`mutation { ${mutation} { position employee { id } } }`));
      positions.push(answer.position);
      return answer.employee.id;
    };
    id = await mutate('addEmployee(input: { number: "77", name: "Cat", department: "Sales" })');
    await mutate(`changeEmployee(input: { employeeId: "${id}", name: "Kate" })`);
    await mutate(`endEmployment(input: { employeeId: "${id}", on: "2026-12-31" })`);
  });

  it('is what its events up to a position, or to the instant they were recorded, had made of it', async () => {
    const names = [];
    for (const place of positions) {
      const byPosition = await keeper(AT, { id, at: { position: place } });
      const { recordedAt } = byPosition.stateAt;
      const later = new Date(Date.parse(recordedAt)).toISOString();
      names.push(byPosition.stateAt.state.name);
      expect((await keeper(AT, { id, at: { recordedAt: later } })).stateAt.revision).toBeGreaterThanOrEqual(byPosition.stateAt.revision); // prettier-ignore
    }
    expect(names).toEqual(['Cat', 'Kate', 'Kate']);
    expect(await keeper(AT, { id, at: { position: '0/0' } })).toEqual({ stateAt: null });
    // When it is said to have happened is another time.
    expect(await keeper(AT, { id, at: { recordedAt: '2020-01-01T00:00:00Z' } })).toEqual({ stateAt: null });
    expect((await keeper(AT, { id, at: { recordedAt: '2999-01-01T00:00:00Z' } })).stateAt.revision).toBe(2);
  });

  it('differs from what it was before in these fields, by these events', async () => {
    const { diff } = await keeper(DIFF, { id, from: { position: positions[0] }, to: { position: positions[2] } });
    expect(diff.changes).toContainEqual({ path: 'name', before: 'Cat', after: 'Kate' });
    expect(diff.changes).toContainEqual({ path: 'leftOn', before: null, after: '2026-12-31' });
    expect(diff.changes.map(({ path }: any) => path)).not.toContain('department');
    expect(diff.events).toMatchObject([{ revision: 1 }, { type: 'attendance.EmployeeLeft', data: { on: '2026-12-31' } }]); // prettier-ignore
    const { diff: whole } = await keeper(DIFF, { id, from: { position: '0/0' }, to: { position: positions[0] } });
    expect(whole).toMatchObject({ before: null, after: { revision: 0 }, events: [{ revision: 0 }], eventsCut: false });
    const { diff: none } = await keeper(DIFF, {
      id,
      from: { position: positions[2] },
      to: { position: positions[2] },
    });
    expect(none).toMatchObject({ changes: [], events: [] });
  });

  it('is shown to managers and above, of their own workspace', async () => {
    const variables = { id, at: { position: positions[0] }, from: { position: '0/0' }, to: { position: positions[0] } };
    for (const query of [AT, DIFF]) {
      for (const role of ['viewer', 'member'] as const)
        await expect(api.as(own, role)(query, variables)).rejects.toThrow(/FORBIDDEN/);
      const [answer] = Object.values(await api.as(await api.createWorkspace(), 'owner')(query, variables));
      expect(answer).toBeNull();
    }
  });

  it('needs one instant, and a kind of thing that there is', async () => {
    const [first] = positions;
    await expect(keeper(AT, { id, at: {} })).rejects.toThrow(/BAD_USER_INPUT/);
    const both = { position: first, recordedAt: '2026-01-01T00:00:00Z' };
    await expect(keeper(AT, { id, at: both })).rejects.toThrow(/BAD_USER_INPUT/);
    const unknown = { id, at: { position: first }, category: 'nothing' };
    await expect(keeper(AT, unknown)).rejects.toThrow(/category.*is one of/);
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
