/** Read models as operators see and steer them over GraphQL. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';

const STATUS = `query ($names: [String!]) { projections(names: $names) {
  name state version position lag { events exact seconds } parked pausedSince builds { id version state events position } } }`;
const payload = 'projection { name state builds { id state } } message isPending userErrors { code message field }';
const mutation = (field: string, input: string): string =>
  `mutation ($input: ${input}!) { ${field}(input: $input) { ${payload} } }`;
const PAUSE = mutation('pauseProjection', 'ProjectionInput');
const RESUME = mutation('resumeProjection', 'ProjectionInput');
const REBUILD = mutation('rebuildProjection', 'RebuildProjectionInput');
const ROLLBACK = mutation('rollbackProjection', 'RollbackProjectionInput');
const ABORT = mutation('abortBuild', 'ProjectionInput');
const PROGRESS =
  'subscription ($names: [String!]) { projectionProgress(names: $names) { projection build eventsDone eventsTotal secondsLeft isOver } }';

let api: TestApi;
let workspaceId: string;
let operator: string;

beforeAll(async () => {
  api = await startTestApi();
  workspaceId = await api.createWorkspace();
  operator = await api.tokens.create({ workspaceId, role: 'viewer', subject: 'op', isOperator: true }, 3_600);
  await caughtUp(api);
});
afterAll(async () => api.close());

const ask = async (query: string, variables: object = {}): ReturnType<TestApi['send']> =>
  api.send(operator, query, variables);
// oxlint-disable-next-line typescript/no-explicit-any -- the shape is the query's
const status = async (name: string): Promise<any> => (await ask(STATUS, { names: [name] })).body.data.projections[0];

describe('read models over GraphQL', () => {
  it('are shown to an operator, each with its state, builds and lag', async () => {
    const { body } = await ask(STATUS);
    expect(body.errors).toBeUndefined();
    expect(body.data.projections.length).toBeGreaterThan(10);
    for (const projection of body.data.projections)
      expect(projection).toMatchObject({
        state: 'RUNNING',
        lag: { events: 0, exact: true, seconds: 0 },
        parked: 0,
        pausedSince: null,
        builds: [{ state: 'LIVE' }],
      });
  });

  it('are nothing for the owner of a workspace: they are shared by all', async () => {
    const owner = await api.token(workspaceId, 'owner');
    expect((await api.send(owner, STATUS)).body.errors[0].extensions.code).toBe('FORBIDDEN');
    const { body } = await api.send(owner, PAUSE, { input: { name: 'tasks' } });
    expect(body.data.pauseProjection).toMatchObject({ projection: null, userErrors: [{ code: 'FORBIDDEN' }] });
    const answers = api.subscriber(owner).iterate({ query: 'subscription { projectionProgress { projection } }' });
    expect((await answers.next()).value).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(await api.database.sql('SELECT FROM control.requests')).toEqual([]);
  });

  it('stand still while paused, say how far they are behind, and catch up when resumed', async () => {
    const { body } = await ask(PAUSE, { input: { name: 'workspaces' } });
    expect(body.data.pauseProjection).toMatchObject({
      projection: { state: 'PAUSED' },
      isPending: false,
      userErrors: [],
    });
    // The runner ends its batch and lets go.
    await vi.waitFor(async () => expect((await status('workspaces')).pausedSince).not.toBeNull(), 10_000);
    const before = await status('workspaces');
    await api.createWorkspace();
    await vi.waitFor(async () => expect((await status('members')).lag.events).toBe(0), 10_000);
    expect(await status('workspaces')).toMatchObject({
      state: 'PAUSED',
      lag: { events: 1 },
      position: before.position,
    });
    await ask(RESUME, { input: { name: 'workspaces' } });
    await vi.waitFor(
      async () => expect(await status('workspaces')).toMatchObject({ state: 'RUNNING', lag: { events: 0 } }),
      10_000,
    );
    expect(await api.database.sql('SELECT kind, projection, requested_by FROM control.requests ORDER BY id')).toEqual([
      { kind: 'pause', projection: 'workspaces', requested_by: 'user:op' },
      { kind: 'resume', projection: 'workspaces', requested_by: 'user:op' },
    ]);
  });

  it('are built anew, which subscribers see, and taken back', async () => {
    const before = (await status('members')).builds[0].id as string;
    // Paused, so that the build is still to be seen when the subscriber comes.
    await ask(PAUSE, { input: { name: 'members' } });
    const { body } = await ask(REBUILD, { input: { name: 'members' } });
    expect(body.data.rebuildProjection).toMatchObject({ isPending: false, userErrors: [] });
    const answers = api.subscriber(operator).iterate({ query: PROGRESS, variables: { names: ['members'] } });
    const next = async (): Promise<unknown> => ((await answers.next()).value as { data?: unknown }).data;
    expect(await next()).toMatchObject({ projectionProgress: { projection: 'members', eventsDone: 0, isOver: false } });
    await ask(RESUME, { input: { name: 'members' } });
    await vi.waitUntil(
      async () => ((await next()) as { projectionProgress: { isOver: boolean } }).projectionProgress.isOver,
      20_000,
    );
    await answers.return?.();
    const states = async (): Promise<[string, string][]> =>
      (await status('members')).builds.map(({ id, state }: { id: string; state: string }) => [id, state]);
    await vi.waitFor(
      async () =>
        expect(await states()).toMatchObject([
          [before, 'RETIRED'],
          [expect.any(String), 'LIVE'],
        ]),
      20_000,
    );
    const back = await ask(ROLLBACK, { input: { name: 'members', build: before } });
    expect(back.body.data.rollbackProjection.userErrors).toEqual([]);
    await vi.waitFor(
      async () =>
        expect(await states()).toMatchObject([
          [before, 'LIVE'],
          [expect.any(String), 'RETIRED'],
        ]),
      20_000,
    );
  });

  it('refuse what can not be done, and say why', async () => {
    const nothing = await ask(ABORT, { input: { name: 'members' } });
    expect(nothing.body.data.abortBuild).toMatchObject({
      projection: null,
      userErrors: [{ code: 'NOT_ALLOWED_NOW', message: expect.stringMatching(/no build of members/) as string }],
    });
    const unknown = await ask(REBUILD, { input: { name: 'nonsense' } });
    expect(unknown.body.data.rebuildProjection.userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['name'] }]);
  });
});

describe('the API in Postgres', () => {
  it('may ask for things and see what came of them, and change nothing else in control', async () => {
    const { Client } = await import('pg');
    const client = new Client({ connectionString: api.database.apiUrl });
    await client.connect();
    try {
      for (const sql of [
        "UPDATE control.requests SET kind = 'x'",
        'DELETE FROM control.requests',
        "INSERT INTO control.requests (kind, projection, requested_by, outcome) VALUES ('x', 'x', 'x', '{}')",
        "INSERT INTO control.pauses (projection, paused_by) VALUES ('tasks', 'x')",
        "UPDATE control.builds SET state = 'dropped'",
        'SELECT arguments FROM control.requests',
        'SELECT stopped_reason FROM control.checkpoints',
        "UPDATE control.parked SET asked = 'retry'",
      ])
        await expect(client.query(sql), sql).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });
});
