// oxlint-disable typescript/no-explicit-any -- the shape of an answer is that of the query above it
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { allEvents, allProjections } from '../../src/capabilities.js';
import { parsePosition } from '../../src/domain/shared/position.js';
import { buildAsOf } from '../../src/projections/engine/as-of-builds.js';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';

let api: TestApi;
const workspaceId = v7();
const neighbourId = v7();
let gql: Gql;
let neighbour: Gql;
let projectId: string;
let taskId: string;
/** After the task was made, before it was changed. */
let then: string;
let now: string;

const CREATE_PROJECT = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } position userErrors { message } } }`;
const CREATE_TASK = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } position userErrors { message } } }`;

async function projectOf(by: Gql, key: string, name: string): Promise<string> {
  return (await by(CREATE_PROJECT, { input: { key, name } })).createProject.project.id;
}

async function refusal(query: string, variables: object = {}, by = workspaceId): Promise<any> {
  const { body } = await api.send(await api.token(by), query, variables);
  return body.errors?.[0];
}

/** As the operator does. */
async function build(names: readonly string[], position: string): Promise<void> {
  const log = new EventStoreDbAdapter(api.eventstoreUrl, allEvents);
  const database = new PostgresWriteDatabase(api.database.url);
  const at = parsePosition(position);
  if (!at) throw new Error(`${position} is no position`);
  try {
    const projections = allProjections.filter(({ name }) => names.includes(name));
    await buildAsOf({ log, database, signal: new AbortController().signal }, projections, { position: at });
  } finally {
    await Promise.all([log.dispose(), database.close()]);
  }
}

beforeAll(async () => {
  api = await startTestApi();
  await api.createWorkspace(workspaceId);
  await api.createWorkspace(neighbourId);
  gql = api.as(workspaceId);
  neighbour = api.as(neighbourId);
  projectId = await projectOf(gql, 'OLD', 'As it was called');
  await neighbour(CREATE_TASK, {
    input: { projectId: await projectOf(neighbour, 'OTH', 'Of others'), title: 'not yours' },
  });
  const created = await gql(CREATE_TASK, { input: { projectId, title: 'first title' } });
  taskId = created.createTask.task.id;
  then = created.createTask.position;
  await gql('mutation ($input: RenameProjectInput!) { renameProject(input: $input) { position } }', {
    input: { projectId, name: 'As it is called' },
  });
  await gql('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { position } }', {
    input: { taskId, title: 'second title' },
  });
  now = (await gql(CREATE_TASK, { input: { projectId, title: 'a later task' } })).createTask.position;
}, 120_000);
afterAll(() => api.close());

describe('a thing as of then', () => {
  const TASK = `query ($id: UUID!, $asOf: AsOf, $p: Position) { task(id: $id, asOf: $asOf, minPosition: $p) {
    title version project { name } statusHistory { statusName to } flow { doneAt } } }`;

  const titleOf = async (by: Gql, asOf: object): Promise<any> => (await by(TASK, { id: taskId, asOf })).task;

  it('is read from its own history, with what it names as of the same instant, needing no build', async () => {
    // Twice: the second time it runs compiled.
    for (let i = 0; i < 3; i++) {
      const { task } = await gql(TASK, { id: taskId, asOf: { position: then } });
      expect(task).toMatchObject({
        title: 'first title',
        version: 1,
        project: { name: 'As it was called' },
        statusHistory: [{ to: null }],
      });
      expect((await gql(TASK, { id: taskId, p: now })).task).toMatchObject({
        title: 'second title',
        project: { name: 'As it is called' },
      });
    }
  });

  it('stands beside the present one in the same answer', async () => {
    const fields = 'title project { name }';
    const both = await gql(
      `query ($id: UUID!, $asOf: AsOf, $p: Position) {
      before: task(id: $id, asOf: $asOf) { ${fields} } after: task(id: $id, minPosition: $p) { ${fields} } }`,
      { id: taskId, asOf: { position: then }, p: now },
    );
    expect(both).toEqual({
      before: { title: 'first title', project: { name: 'As it was called' } },
      after: { title: 'second title', project: { name: 'As it is called' } },
    });
  });

  it('is null before it was recorded, and to another workspace', async () => {
    expect(await titleOf(gql, { recordedAt: '2020-01-01T00:00:00Z' })).toBeNull();
    expect(await titleOf(neighbour, { position: then })).toBeNull();
    expect(await titleOf(neighbour, { position: now })).toBeNull();
  });

  it('is also had by when it was recorded', async () => {
    const recordedAt = new Date().toISOString();
    expect((await gql(TASK, { id: taskId, asOf: { recordedAt } })).task.title).toBe('second title');
  });

  it('is had of every kind of thing', async () => {
    const added = await gql(
      'mutation { addEmployee(input: { number: "1", name: "Ann" }) { employee { id } position } }',
    );
    const { id } = added.addEmployee.employee;
    const asOf = { position: added.addEmployee.position };
    expect(
      await gql(
        'query ($id: UUID!, $asOf: AsOf) { employee(id: $id, asOf: $asOf) { number } project(id: $id, asOf: $asOf) { name } workspace(asOf: $asOf) { name } member(id: $id, asOf: $asOf) { name } sale(id: $id, asOf: $asOf) { id } syncRun(id: $id, asOf: $asOf) { id } }',
        { id, asOf },
      ),
    ).toMatchObject({
      employee: { number: '1' },
      project: null,
      workspace: { name: expect.any(String) },
      member: null,
      sale: null,
      syncRun: null,
    });
  });

  it('is not had of what is not over, nor together with minPosition, nor of two instants at once', async () => {
    expect((await refusal(TASK, { id: taskId, asOf: { recordedAt: '2999-01-01T00:00:00Z' } })).extensions.code).toBe(
      'BAD_USER_INPUT',
    );
    expect((await refusal(TASK, { id: taskId, asOf: { position: '999999999999/999999999999' } })).message).toContain(
      'future',
    );
    expect((await refusal(TASK, { id: taskId, asOf: { position: then }, p: now })).message).toContain('not both');
    expect(
      (await refusal(TASK, { id: taskId, asOf: { position: then, recordedAt: '2020-01-01T00:00:00Z' } })).message,
    ).toContain('exactly one');
    expect((await refusal(TASK, { id: taskId, asOf: {} })).message).toContain('exactly one');
  });
});

describe('lists and figures as of then', () => {
  const TASKS = `query ($asOf: AsOf) { tasks(asOf: $asOf) { totalCount nodes { id title project { name } } } }`;

  it('need a build, and say which', async () => {
    const { extensions } = await refusal(TASKS, { asOf: { position: then } });
    expect(extensions).toEqual({
      code: 'AS_OF_NOT_BUILT',
      projection: 'tasks',
      asOf: then,
      command: `teampulse projections build tasks --as-of ${then}`,
    });
    expect(
      await refusal('query ($asOf: AsOf) { projects(asOf: $asOf) { nodes { id } } }', { asOf: { position: then } }),
    ).toMatchObject({ extensions: { projection: 'projects' } });
  });

  it('are answered from it, of their own workspace only', async () => {
    await build(['tasks'], then);
    // The project comes from its own history: nobody built projects.
    const expected = {
      totalCount: 1,
      nodes: [{ id: taskId, title: 'first title', project: { name: 'As it was called' } }],
    };
    expect((await gql(TASKS, { asOf: { position: then } })).tasks).toEqual(expected);
    expect((await neighbour(TASKS, { asOf: { position: then } })).tasks).toMatchObject({
      totalCount: 1,
      nodes: [{ title: 'not yours' }],
    });
    expect((await gql('{ tasks { totalCount } }')).tasks.totalCount).toBe(2);
    const another = api.as(await api.createWorkspace());
    expect((await another(TASKS, { asOf: { position: then } })).tasks).toEqual({ totalCount: 0, nodes: [] });
    expect(
      (
        await another('query ($id: UUID!, $asOf: AsOf) { task(id: $id, asOf: $asOf) { title } }', {
          id: taskId,
          asOf: { position: then },
        })
      ).task,
    ).toBeNull();
  });

  it('keep row-level security in their tables', async () => {
    const [row] = await api.database.sql<{ schema: string }>(
      "SELECT 'build_' || id AS schema FROM control.builds WHERE state = 'as_of'",
    );
    const policies = await api.database.sql(
      'SELECT relforcerowsecurity AS forced, relrowsecurity AS enabled FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = $2',
      [row?.schema, 'r'],
    );
    expect(policies.length).toBeGreaterThan(0);
    expect(policies).toEqual(policies.map(() => ({ forced: true, enabled: true })));
  });

  it('give the same answer when more has happened since', async () => {
    const before = await gql(TASKS, { asOf: { position: then } });
    await gql(CREATE_TASK, { input: { projectId, title: 'even later' } });
    expect(await gql(TASKS, { asOf: { position: then } })).toEqual(before);
  });
});
