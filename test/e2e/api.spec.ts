import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, take, type Gql, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';

let api: TestApi;
let workspaceId: string;
let other: string;
let ann: Gql;
let stranger: Gql;
let token: string;
let projectId: string;

const titles = (answers: readonly { readonly data?: unknown }[]): string[] =>
  answers.map(({ data }) => (data as { taskChanged: { task: { title: string } } }).taskChanged.task.title);
const cursorOf = (answer: { readonly data?: unknown } = {}): string =>
  (answer.data as { taskChanged: { cursor: string } }).taskChanged.cursor;

const ERRORS = 'userErrors { code message field }';

async function newTask(gql: Gql, title: string, more: object = {}): Promise<{ id: string; position: string }> {
  const mutation = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } position ${ERRORS} } }`;
  const { createTask } = await gql(mutation, { input: { projectId, title, ...more } });
  expect(createTask.userErrors).toEqual([]);
  return { id: createTask.task.id, position: createTask.position };
}

beforeAll(async () => {
  api = await startTestApi();
  workspaceId = await api.createWorkspace();
  other = await api.createWorkspace();
  ann = api.as(workspaceId);
  stranger = api.as(other);
  token = await api.token(workspaceId);
  const made = await ann(
    `mutation { createProject(input: { key: "API", name: "Api" }) { project { id } position ${ERRORS} } }`,
  );
  projectId = made.createProject.project.id;
  await caughtUp(api);
}, 120_000);
afterAll(() => api.close());

const messageOf = async (query: string): Promise<string> => (await api.send(token, query)).body.errors[0].message;

describe('a caller', () => {
  it('without a token is told to send one, with 401', async () => {
    const { status, body } = await api.send(undefined, '{ workspace { id } }');
    expect(status).toBe(401);
    expect(body.errors[0]).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
    expect(body.errors[0].message).toMatch(/^Send a token/);
  });

  it('with an expired or foreign token is refused, and the token is not repeated', async () => {
    const expired = await api.tokens.create({ workspaceId, subject: 'ann', role: 'owner' }, -1);
    for (const bad of [expired, 'nonsense', `${token}x`]) {
      const { status, body } = await api.send(bad, '{ workspace { id } }');
      expect(status).toBe(401);
      expect(JSON.stringify(body)).not.toContain(bad);
    }
  });

  it('with the role viewer may read and not write', async () => {
    const viewer = api.as(workspaceId, 'viewer');
    expect((await viewer('{ workspace { id } }')).workspace).toEqual({ id: workspaceId });
    const mutation = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } position version ${ERRORS} } }`;
    const { createTask } = await viewer(mutation, { input: { projectId, title: 'Not allowed' } });
    expect(createTask).toMatchObject({ task: null, position: null, version: null });
    expect(createTask.userErrors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });
});

describe('a request that is not right', () => {
  it.each([
    ['that is not GraphQL', '{ tasks(', 400, 'GRAPHQL_PARSE_FAILED', /Syntax Error/],
    ['for a field that does not exist', '{ nothing }', 400, 'GRAPHQL_VALIDATION_FAILED', /Cannot query field/],
    ['with an id that is none', '{ task(id: "7") { id } }', 400, 'GRAPHQL_VALIDATION_FAILED', /is not a UUID/],
    [
      'with a day that does not exist',
      '{ salesByDay(filter: { from: "2026-02-30" }) { day } }',
      400,
      'GRAPHQL_VALIDATION_FAILED',
      /must exist in the calendar/,
    ],
    [
      'of two operations that names none',
      'query A { __typename } query B { __typename }',
      400,
      'OPERATION_RESOLUTION_FAILURE',
      /Must provide operation name/,
    ],
    ['for too large a page', '{ tasks(first: 101) { nodes { id } } }', 200, 'BAD_USER_INPUT', /from 1 to 100/],
    [
      'with a made-up cursor',
      '{ tasks(after: "abc") { nodes { id } } }',
      200,
      'BAD_USER_INPUT',
      /not a cursor of this list/,
    ],
    [
      'for pages in both directions',
      '{ tasks(first: 1, last: 1) { nodes { id } } }',
      200,
      'BAD_USER_INPUT',
      /not both/,
    ],
  ])('%s is told what is wrong', async (_, query, status, code, message) => {
    const answer = await api.send(token, query);
    expect(answer.body.errors?.[0]).toMatchObject({ extensions: { code } });
    expect(answer.body.errors[0].message).toMatch(message);
    expect(answer.status).toBe(status);
  });

  it('with a wrong variable is told which', async () => {
    const { status, body } = await api.send(token, 'query ($id: UUID!) { task(id: $id) { id } }', { id: 'x' });
    expect(status).toBe(400);
    expect(body.errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    expect(body.errors[0].message).toMatch(/\$id.*is not a UUID/);
    // Compiled by now, and no other answer.
    const again = await api.send(token, 'query ($id: UUID!) { task(id: $id) { id } }', { id: 'x' });
    expect(again.body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(again.body.errors[0].message).toMatch(/is not a UUID/);
  });

  it('is refused when it nests, aliases or multiplies too much', async () => {
    const aliases = Array.from({ length: 61 }, (_, index) => `a${index}: workspace { id }`).join(' ');
    const loop = 'query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }';
    const wide = `{ tasks(first: 100) { nodes { ${Array.from({ length: 600 }, () => 'id').join(' ')} } } }`;
    expect(await messageOf(`{ ${aliases} }`)).toMatch(/61 aliases; at most 60/);
    expect(await messageOf(wide)).toMatch(/could have 60101 fields/);
    expect(await messageOf(loop)).toMatch(/Cannot spread fragment/);
  });

  it('by GET without a header that browsers would ask leave for is refused', async () => {
    const response = await fetch(`${api.url}/graphql?query=%7B__typename%7D`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/CSRF/);
  });

  it('that subscribes over HTTP is told to use WebSocket', async () => {
    const { status, body } = await api.send(token, 'subscription { taskChanged { cursor } }');
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect(body.errors[0].message).toMatch(/over WebSocket \(protocol graphql-transport-ws\) on this same path/);
  });

  it('larger than 10 MB is refused with 413', async () => {
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(11 * 1024 * 1024) } }),
    });
    expect(response.status).toBe(413);
  });
});

describe('reading one’s own write', () => {
  it('shows it at the position that the mutation gave', async () => {
    for (let i = 0; i < 5; i += 1) {
      const { id, position } = await newTask(ann, `Mine ${i}`);
      const query = 'query ($id: UUID!, $p: Position) { task(id: $id, minPosition: $p) { title } }';
      expect((await ann(query, { id, p: position })).task).toEqual({ title: `Mine ${i}` });
    }
  });

  it('says STALE_READ with where it stands when the position is not reached in time', async () => {
    const { body } = await api.send(token, '{ workspace(minPosition: "999999999999/999999999999") { id } }');
    expect(body.errors[0].extensions).toMatchObject({
      code: 'STALE_READ',
      projection: 'workspaces',
      wanted: '999999999999/999999999999',
      on: 'primary',
      // The log has nothing that is missing: it is the position that is wrong.
      lag: { events: 0, exact: true, seconds: 0 },
    });
    expect(body.errors[0].extensions.at).toMatch(/^\d+\/\d+$/);
  });
});

describe('createWorkspace', () => {
  const create = `mutation ($name: String!) {
    createWorkspace(input: { name: $name, settings: { timeZone: "Europe/Lisbon", currency: null } }) {
      workspace { id name timeZone currency } version userErrors { code }
    }
  }`;

  it('makes the workspace of the token, once, for its owner', async () => {
    const id = v7();
    const workspace = { id, name: 'Lisbon', timeZone: 'Europe/Lisbon', currency: 'EUR' };
    const forbidden = await api.as(id, 'admin')(create, { name: 'Lisbon' });
    expect(forbidden.createWorkspace).toMatchObject({ workspace: null, userErrors: [{ code: 'FORBIDDEN' }] });
    const made = await api.as(id)(create, { name: 'Lisbon' });
    expect(made.createWorkspace).toEqual({ workspace, version: 1, userErrors: [] });
    const again = await api.as(id)(create, { name: 'Porto' });
    expect(again.createWorkspace).toMatchObject({
      workspace: null,
      userErrors: [{ code: expect.any(String) as string }],
    });
  });
});

describe('a mutation', () => {
  it('sent twice with the same commandId happens once', async () => {
    const commandId = v7();
    const first = await newTask(ann, 'Once', { commandId });
    expect((await newTask(ann, 'Once', { commandId })).id).toBe(first.id);
  });
});

describe('tenants', () => {
  it('never see each other’s things by id, in lists, or behind each other’s cursors', async () => {
    const { id, position } = await newTask(ann, 'Secret');
    const list =
      'query ($after: String, $p: Position) { tasks(first: 1, after: $after, minPosition: $p) { nodes { id } pageInfo { endCursor } } }';
    const mine = await ann(list, { p: position });
    const endCursor: string = mine.tasks.pageInfo.endCursor;
    const query = 'query ($id: UUID!, $p: Position) { task(id: $id, minPosition: $p) { id } }';
    expect((await stranger(query, { id, p: position })).task).toBeNull();
    expect((await stranger(list, { p: position })).tasks.nodes).toEqual([]);
    expect((await stranger(list, { after: endCursor })).tasks.nodes).toEqual([]);
  });

  it('can’t change each other’s things, and can’t tell them from things that do not exist', async () => {
    const { id } = await newTask(ann, 'Mine alone');
    const mutation = `mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { task { id } ${ERRORS} } }`;
    const refusals = await Promise.all(
      [id, v7()].map(async (taskId) => stranger(mutation, { input: { taskId, title: 'Taken over' } })),
    );
    for (const { updateTask } of refusals) {
      expect(updateTask.task).toBeNull();
      expect(updateTask.userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    }
    const [theirs, nobodys] = refusals.map(({ updateTask }) => updateTask.userErrors[0].message);
    expect(theirs).toBe(nobodys);
  });

  it('never hear of each other’s changes', async () => {
    const foreign = api.subscriber(await api.token(other)).iterate({
      query: 'subscription ($after: Position) { workspaceChanged(after: $after) { cursor eventType } }',
      variables: { after: '0/0' },
    });
    const [first] = await take(foreign, 1);
    expect(first?.data).toMatchObject({ workspaceChanged: { eventType: 'workspaces.WorkspaceCreated' } });
    const mine = api.subscriber(token).iterate({
      query: 'subscription ($after: Position) { workspaceChanged(after: $after) { cursor eventType } }',
      variables: { after: '0/0' },
    });
    const [own] = await take(mine, 1);
    expect(own?.data).not.toEqual(first?.data);
    const rename = `mutation ($input: RenameWorkspaceInput!) { renameWorkspace(input: $input) { ${ERRORS} } }`;
    await ann(rename, { input: { name: 'Ours' } });
    await stranger(rename, { input: { name: 'Theirs' } });
    // Had the stranger heard of the first change, it would come first.
    const [next] = await take(foreign, 1);
    const [ownNext] = await take(mine, 1);
    expect(next).not.toEqual(ownNext);
    await Promise.all([foreign.return?.(), mine.return?.()]);
  });
});

describe('a subscription', () => {
  const query = 'subscription ($after: Position) { taskChanged(after: $after) { cursor eventType task { title } } }';

  it('continues behind its cursor after a reconnect: nothing missed, nothing twice', async () => {
    const { position } = await newTask(ann, 'Before');
    const first = api.subscriber(token).iterate({ query, variables: { after: position } });
    await newTask(ann, 'One');
    await newTask(ann, 'Two');
    const seen = await take(first, 2);
    expect(titles(seen)).toEqual(['One', 'Two']);
    await first.return?.();
    for (const title of ['Three', 'Four', 'Five']) await newTask(ann, title);
    const second = api.subscriber(token).iterate({ query, variables: { after: cursorOf(seen[0]) } });
    expect(titles(await take(second, 4))).toEqual(['Two', 'Three', 'Four', 'Five']);
    await newTask(ann, 'Live again');
    expect(titles(await take(second, 1))).toEqual(['Live again']);
    await second.return?.();
  });

  it('misses nothing of what is written while it joins', async () => {
    const { position } = await newTask(ann, 'Start');
    const writing = (async () => {
      for (let i = 0; i < 60; i += 1) await newTask(ann, `Burst ${i}`);
    })();
    const reader = api.subscriber(token).iterate({ query, variables: { after: position } });
    expect(titles(await take(reader, 60))).toEqual(Array.from({ length: 60 }, (_, i) => `Burst ${i}`));
    await writing;
    await reader.return?.();
  });

  it('reads nested objects once for all who subscribe alike', async () => {
    const { position } = await newTask(ann, 'Fan-out');
    const readers = Array.from({ length: 20 }, () =>
      api.subscriber(token).iterate({ query, variables: { after: position } }),
    );
    await newTask(ann, 'Warm');
    await Promise.all(readers.map(async (reader) => take(reader, 1)));
    api.statements.length = 0;
    await newTask(ann, 'Counted');
    await Promise.all(readers.map(async (reader) => take(reader, 1)));
    expect(api.statements.filter((sql) => sql.includes('read.tasks')).length).toBeLessThanOrEqual(1);
    await Promise.all(readers.map(async (reader) => reader.return?.()));
  });

  it('is refused without a token, and told why', async () => {
    const client = api.subscriber('nonsense');
    const close = new Promise<{ code: number; reason: string }>((resolve) =>
      client.on('closed', (event) => resolve(event as { code: number; reason: string })),
    );
    await expect(take(client.iterate({ query }), 1)).rejects.toBeDefined();
    expect(await close).toMatchObject({ code: 4403, reason: expect.stringMatching(/token/) });
  });

  it('takes no queries', async () => {
    const answers = api.subscriber(token).iterate({ query: '{ __typename }' });
    await expect(take(answers, 1)).rejects.toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});

describe('a list of 50 tasks with project, assignees and labels', () => {
  it('makes at most one statement per type', async () => {
    const member = await ann(
      `mutation { addMember(input: { name: "Bo", email: "bo@example.com" }) { member { id } } }`,
    );
    const label = await ann(`mutation { createLabel(input: { name: "bug", color: "#ff0000" }) { label { id } } }`);
    let position = '';
    for (let i = 0; i < 50; i += 1) {
      const task = await newTask(ann, `Listed ${i}`, {
        assigneeIds: [member.addMember.member.id],
        labelIds: [label.createLabel.label.id],
      });
      position = task.position;
    }
    await ann('query ($p: Position) { tasks(minPosition: $p) { nodes { id } } }', { p: position });
    api.statements.length = 0;
    const { tasks } = await ann(
      '{ tasks(first: 50) { nodes { title project { name } assignees { name } labels { name } } } }',
    );
    expect(tasks.nodes).toHaveLength(50);
    expect(tasks.nodes[0]).toMatchObject({
      project: { name: 'Api' },
      assignees: [{ name: 'Bo' }],
      labels: [{ name: 'bug' }],
    });
    const tables = api.statements.map((sql) => /FROM\s+read\.(\w+)/.exec(sql)?.[1]);
    expect(tables).toHaveLength(4);
    expect(new Set(tables)).toEqual(new Set(['labels', 'members', 'projects', 'tasks']));
  });
});

describe('the service', () => {
  it('says that it lives and that it is ready', async () => {
    expect(await (await fetch(`${api.url}/health`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${api.url}/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ checks: { postgres: { ok: true }, eventStore: { ok: true } } });
  });

  it('gives its public keys and no private one', async () => {
    const { keys } = (await (await fetch(`${api.url}/.well-known/jwks.json`)).json()) as { keys: object[] };
    expect(keys[0]).toMatchObject({ kty: 'OKP' });
    expect(keys[0]).not.toHaveProperty('d');
  });

  it('masks what breaks, with the request to ask about', async () => {
    await api.database.sql('ALTER VIEW read.labels RENAME TO labels_away');
    try {
      const { body, requestId } = await api.send(token, '{ labels { nodes { name } } }');
      expect(body.errors[0].message).not.toMatch(/relation|read\.labels|SELECT/);
      expect(body.errors[0].extensions).toEqual({ code: expect.any(String), requestId });
    } finally {
      await api.database.sql('ALTER VIEW read.labels_away RENAME TO labels');
    }
  });
});

describe('the names of members', () => {
  it('are personal data, which a viewer gets neither of a member, nor in a list, nor in a cursor', async () => {
    const added = await ann('mutation { addMember(input: { name: "Zoe Personal" }) { member { id } position } }');
    const { id } = added.addMember.member;
    const query = `query ($id: UUID!, $p: Position) { member(id: $id, minPosition: $p) { name email }
      members(first: 100, minPosition: $p) { edges { cursor } nodes { id name } } }`;
    const variables = { id, p: added.addMember.position };
    const seen = await api.as(workspaceId, 'viewer')(query, variables);
    expect(seen.member).toEqual({ name: `Member ${id.slice(-4)}`, email: null });
    expect(seen.members.nodes).toContainEqual({ id, name: `Member ${id.slice(-4)}` });
    for (const { cursor } of seen.members.edges) expect(Buffer.from(cursor, 'base64').toString()).not.toContain('Zoe');
    const known = await api.as(workspaceId, 'member')(query, variables);
    expect(known.member).toEqual({ name: 'Zoe Personal', email: null });
  });
});
