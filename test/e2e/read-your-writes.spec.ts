/** Through GraphQL: a query with the position of a mutation shows it, whatever the workers behind it and their builds go through. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';
import { ask } from '../support/control.js';
import { TeampulseProcess } from '../support/teampulse-process.js';

const WAIT = { timeout: 60_000, interval: 20 };
const WRITERS = 3;

let api: TestApi;
let ann: Gql;
let token: string;
let writes: PostgresWriteDatabase;
const workers: TeampulseProcess[] = [];

/** Besides the one in this process. */
async function startWorker(): Promise<TeampulseProcess> {
  const worker = new TeampulseProcess(['worker'], {
    DATABASE_URL: api.database.url,
    EVENTSTORE_URL: api.eventstoreUrl,
  });
  workers.push(worker);
  await worker.says(/http:\S+/);
  return worker;
}

beforeAll(async () => {
  api = await startTestApi();
  writes = new PostgresWriteDatabase(api.database.url);
  const workspaceId = await api.createWorkspace();
  ann = api.as(workspaceId);
  token = await api.token(workspaceId);
});
afterAll(async () => {
  await Promise.all(workers.map(async (worker) => worker.stop('SIGKILL')));
  await writes.close();
  await api.close();
});

/** People who rename a task and a project of their own, each time from what they wrote last, and look at it. */
class Writers {
  answers = 0;
  stale = 0;
  readonly wrong: unknown[] = [];
  private readonly stopped = new AbortController();
  private readonly writing = Promise.all(
    Array.from({ length: WRITERS }, async (_, i) =>
      this.write(`W${i}`).catch((error: unknown) => this.wrong.push(error)),
    ),
  );

  async stop(): Promise<readonly unknown[]> {
    this.stopped.abort();
    await this.writing;
    console.log(`${this.answers} answers and ${this.stale} times "not yet"`);
    return this.wrong;
  }

  async answered(count: number): Promise<void> {
    const goal = this.answers + count;
    await vi.waitUntil(() => this.answers >= goal || this.wrong.length > 0, WAIT);
  }

  private async write(key: string): Promise<void> {
    const { createProject } = await ann(`mutation { createProject(input: { key: "${key}", name: "first" }) { project { id } } }`); // prettier-ignore
    const projectId = createProject.project.id as string;
    const { createTask } = await ann(
      'mutation ($p: UUID!) { createTask(input: { projectId: $p, title: "first" }) { task { id } } }',
      { p: projectId },
    );
    const taskId = createTask.task.id as string;
    for (let i = 1; !this.stopped.signal.aborted; i += 1) {
      const name = `name ${i}`;
      const project = await ann('mutation ($input: RenameProjectInput!) { renameProject(input: $input) { position } }', { input: { projectId, name } }); // prettier-ignore
      const task = await ann('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { position } }', { input: { taskId, title: name } }); // prettier-ignore
      await this.look(
        'query ($id: UUID!, $p: Position) { project(id: $id, minPosition: $p) { name } }',
        { id: projectId, p: project.renameProject.position },
        { project: { name } },
      );
      await this.look(
        'query ($id: UUID!, $p: Position) { task(id: $id, minPosition: $p) { title project { key } } }',
        { id: taskId, p: task.updateTask.position },
        { task: { title: name, project: { key } } },
      );
    }
  }

  private async look(query: string, variables: object, owed: object): Promise<void> {
    const { body } = await api.send(token, query, variables);
    if (body.errors?.every((error: { extensions: { code: string } }) => error.extensions.code === 'STALE_READ'))
      this.stale += 1; // prettier-ignore
    else if (JSON.stringify(body.data) === JSON.stringify(owed) && !body.errors) this.answers += 1;
    else this.wrong.push({ owed, body });
  }
}

const liveBuilds = async (): Promise<string[]> =>
  (await api.database.sql<{ id: string }>("SELECT id FROM control.builds WHERE state = 'live' AND projection IN ('tasks', 'projects') ORDER BY id")).map(({ id }) => id); // prettier-ignore

describe('a query with the position of a mutation', () => {
  it('shows it while workers come and are killed, and read models are rebuilt', async () => {
    const writers = new Writers();
    await writers.answered(30);
    const first = await startWorker();
    await startWorker();
    await writers.answered(30);
    for (let round = 0; round < 2; round += 1) {
      const before = await liveBuilds();
      for (const projection of ['tasks', 'projects']) expect(await ask(writes, 'rebuild', projection)).toMatchObject({ accepted: true }); // prettier-ignore
      await vi.waitUntil(async () => !(await liveBuilds()).some((id) => before.includes(id)), WAIT);
    }
    await writers.answered(30);
    await first.stop('SIGKILL');
    await writers.answered(30);
    expect(await writers.stop()).toEqual([]);
  }, 180_000);
});
