/** Events that a read model could not apply, as operators see and settle them over GraphQL. */
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Role } from '../../src/api/shared/request-context.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';

const LIST = `query ($projection: String, $states: [ParkedEventState!], $first: Int, $after: String, $last: Int, $before: String) {
  parkedEvents(projection: $projection, states: $states, first: $first, after: $after, last: $last, before: $before) {
    nodes { projection build position state type eventId stream revision rowKey workspaceId reason attempts since lastFailedAt isAsked
      discardedAt discardedBy because }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
const PAYLOAD = 'projection { parked } message isPending asked done failed underWay userErrors { code message field }';
const RETRY = `mutation ($input: RetryParkedInput!) { retryParked(input: $input) { ${PAYLOAD} } }`;
const DISCARD = `mutation ($input: DiscardParkedInput!) { discardParked(input: $input) { ${PAYLOAD} } }`;

let api: TestApi;
/** Two of them: an operator sees both, and nobody else anything. */
let workspaces: string[];
let operator: string;
let keys = 0;

beforeAll(async () => {
  api = await startTestApi();
  workspaces = [await api.createWorkspace(), await api.createWorkspace()];
  operator = await api.tokens.create({ workspaceId: workspaces[0] ?? '', role: 'viewer', subject: 'op', isOperator: true }, 3_600); // prettier-ignore
  await caughtUp(api);
});
beforeEach(async () => {
  await api.database.sql('DELETE FROM control.parked');
});
afterAll(async () => api.close());

const ask = async (query: string, variables: object = {}, token = operator): Promise<unknown> => {
  const { body } = await api.send(token, query, variables);
  expect(body.errors).toBeUndefined();
  return Object.values(body.data as object)[0];
};
interface Listed {
  readonly nodes: readonly { readonly position: string; readonly stream: string; readonly state: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly startCursor: string; readonly endCursor: string };
}
const list = async (variables: object = {}): Promise<Listed> => (await ask(LIST, variables)) as Listed;

/** While the read model of projects takes no row of this name. */
async function refusing(name: string, work: () => Promise<void>): Promise<void> {
  const [live] = await api.database.sql<{ id: string }>("SELECT id FROM control.builds WHERE projection = 'projects' AND state = 'live'"); // prettier-ignore
  const table = `build_${live?.id ?? ''}.projects`;
  await api.database.sql(`ALTER TABLE ${table} ADD CONSTRAINT refused CHECK (name <> '${name}') NOT VALID`);
  try {
    await work();
  } finally {
    await api.database.sql(`ALTER TABLE ${table} DROP CONSTRAINT refused`);
  }
}

async function createProject(workspaceId: string, name: string): Promise<string> {
  const create = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } userErrors { message } } }'; // prettier-ignore
  const { createProject: made } = await api.as(workspaceId)(create, { input: { key: `K${++keys}`, name } });
  expect(made.userErrors).toEqual([]);
  return made.project.id as string;
}

async function renameProject(workspaceId: string, id: string, name: string): Promise<void> {
  const rename = 'mutation ($input: RenameProjectInput!) { renameProject(input: $input) { userErrors { message } } }';
  const { renameProject: renamed } = await api.as(workspaceId)(rename, { input: { projectId: id, name } });
  expect(renamed.userErrors).toEqual([]);
}

const names = async (): Promise<string[]> =>
  (await api.database.sql<{ name: string }>('SELECT name FROM read.projects ORDER BY name')).map(({ name }) => name);

describe('parked events over GraphQL', () => {
  it('are listed to an operator, with what waits behind them, and are applied when tried again', async () => {
    const [first = '', second = ''] = workspaces;
    let id = '';
    await refusing('Poison', async () => {
      id = await createProject(first, 'Poison');
      await renameProject(first, id, 'Cured');
      await createProject(second, 'Poison');
      await caughtUp(api);
    });
    const { nodes } = await list();
    expect(nodes).toMatchObject([
      { projection: 'projects', state: 'PARKED', type: 'work.ProjectCreated', stream: `project-${id}`, revision: 0, workspaceId: first, attempts: 3, isAsked: false, discardedAt: null }, // prettier-ignore
      { projection: 'projects', state: 'PARKED', workspaceId: second },
    ]);
    expect(nodes[0]).toMatchObject({ reason: expect.stringMatching(/SQLSTATE 23514/) as string, rowKey: expect.any(String) as string }); // prettier-ignore
    expect(JSON.stringify(nodes)).not.toContain('Poison');
    const all = await list({ projection: 'projects', states: ['PARKED', 'BEHIND'] });
    expect(all.nodes.map(({ state, stream }) => [state, stream === `project-${id}`])).toEqual([['PARKED', true], ['BEHIND', true], ['PARKED', false]]); // prettier-ignore
    expect((await list({ projection: 'tasks' })).nodes).toEqual([]);
    const one = await ask(RETRY, { input: { name: 'projects', position: nodes[0]?.position } });
    expect(one).toMatchObject({ asked: 1, done: 1, failed: 0, isPending: false, userErrors: [] });
    await vi.waitFor(async () => expect(await names()).toEqual(['Cured']));
    const rest = await ask(RETRY, { input: { name: 'projects' } });
    expect(rest).toMatchObject({ asked: 1, done: 1, failed: 0, underWay: 0, projection: { parked: 0 } });
    expect(await names()).toEqual(['Cured', 'Poison']);
    expect(await api.database.sql("SELECT requested_by FROM control.requests WHERE kind = 'retry-parked'")).toEqual([{ requested_by: 'user:op' }, { requested_by: 'user:op' }]); // prettier-ignore
  });

  it('say that they failed again, and are given up with a reason, which is kept', async () => {
    const [first = ''] = workspaces;
    await refusing('Hopeless', async () => {
      await createProject(first, 'Hopeless');
      await caughtUp(api);
      const again = await ask(RETRY, { input: { name: 'projects' } });
      expect(again).toMatchObject({ asked: 1, done: 0, failed: 1, projection: { parked: 1 } });
    });
    const position = (await list()).nodes[0]?.position;
    const unfounded = await ask(DISCARD, { input: { name: 'projects', position, because: ' ' } });
    expect(unfounded).toMatchObject({ projection: null, asked: 0, userErrors: [{ code: 'NOT_ALLOWED_NOW', message: expect.stringMatching(/say why/) as string }] }); // prettier-ignore
    const given = await ask(DISCARD, { input: { name: 'projects', position, because: 'made by mistake' } });
    expect(given).toMatchObject({ asked: 1, done: 1, failed: 0, projection: { parked: 0 }, userErrors: [] });
    expect((await list()).nodes).toEqual([]);
    expect((await list({ states: ['DISCARDED'] })).nodes).toMatchObject([
      { position, attempts: 4, discardedBy: 'user:op', because: 'made by mistake', discardedAt: expect.any(String) as string }, // prettier-ignore
    ]);
    const nothing = await ask(RETRY, { input: { name: 'projects', position } });
    expect(nothing).toMatchObject({ userErrors: [{ code: 'NOT_ALLOWED_NOW', message: expect.stringMatching(/no event is parked at/) as string }] }); // prettier-ignore
    const unknown = await ask(RETRY, { input: { name: 'nonsense' } });
    expect(unknown).toMatchObject({ asked: 0, userErrors: [{ code: 'NOT_FOUND', field: ['name'] }] });
  });

  it('come in pages, forwards and backwards', async () => {
    await api.database
      .sql(`INSERT INTO control.parked (build_id, shard, commit_position, prepare_position, event_id, event_type, stream_name, revision, state, reason)
      SELECT b.id, 0, -n, -n, n, 'work.ProjectCreated', 'project-' || n, 0, 'parked', 'a test' FROM control.builds b, generate_series(1, 5) n
      WHERE b.projection IN ('projects', 'labels') AND b.state = 'live'`);
    const seen: string[] = [];
    let after: string | undefined;
    for (let more = true; more;) {
      const { nodes, pageInfo } = await list({ first: 3, after });
      seen.push(...nodes.map(({ stream }) => stream));
      ({ endCursor: after, hasNextPage: more } = pageInfo);
    }
    const streams = [5, 4, 3, 2, 1].map((n) => `project-${n}`);
    expect(seen).toEqual([...streams, ...streams]);
    const back = await list({ last: 4, before: after });
    expect(back.nodes.map(({ stream }) => stream)).toEqual(['project-5', 'project-4', 'project-3', 'project-2']);
    await api.database.sql('DELETE FROM control.parked');
  });
});

describe('parked events', () => {
  it.each<Role>(['owner', 'member'])(
    'are nothing for the %s of a workspace: they are of every workspace',
    async (role) => {
      const token = await api.token(workspaces[0] ?? '', role);
      expect((await api.send(token, LIST)).body).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
      const position = '1/1';
      for (const [query, input] of [[RETRY, { name: 'projects', position }], [DISCARD, { name: 'projects', position, because: 'x' }]] as const) // prettier-ignore
      expect(await ask(query, { input }, token)).toMatchObject({ projection: null, asked: 0, userErrors: [{ code: 'FORBIDDEN' }] }); // prettier-ignore
      expect(await api.database.sql("SELECT FROM control.requests WHERE requested_by = 'user:ann'")).toEqual([]);
    },
  );

  it('are hidden from the role of the API outside of an operator’s request, and it can neither change nor unhide them in a query', async () => {
    await api.database
      .sql(`INSERT INTO control.parked (build_id, shard, commit_position, prepare_position, event_id, event_type, stream_name, revision, state)
      SELECT id, 0, 1, 1, 'x', 'work.ProjectCreated', 'project-x', 0, 'parked' FROM control.builds WHERE projection = 'projects' AND state = 'live'`);
    const client = new Client({ connectionString: api.database.apiUrl });
    await client.connect();
    try {
      const count = async (): Promise<unknown> => (await client.query('SELECT count(*)::int AS n FROM control.parked')).rows[0].n; // prettier-ignore
      expect(await count()).toBe(0);
      await expect(client.query("SELECT set_config('app.operator', 'on', false)")).rejects.toMatchObject({ code: '42501' }); // prettier-ignore
      for (const sql of ["UPDATE control.parked SET asked = 'retry'", 'DELETE FROM control.parked'])
        await expect(client.query(sql), sql).rejects.toMatchObject({ code: '42501' });
      await client.query('BEGIN');
      await client.query("SET LOCAL app.operator = 'on'");
      expect(await count()).toBe(1);
      await client.query('COMMIT');
      // It ends with the transaction: whoever has the connection next sees nothing.
      expect(await count()).toBe(0);
    } finally {
      await client.end();
    }
  });
});
