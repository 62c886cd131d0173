/** Queries that a streaming standby answers: what was written is there, or the caller is told that it is not; whatever happens to it. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ReplicaState } from '../../src/adapters/postgres/read-replica.js';
import { PostgresReadDatabase } from '../../src/adapters/postgres/read-database.js';
import { ReplicatedReadDatabase } from '../../src/adapters/postgres/replicated-reads.js';
import { PostgresWriteDatabase } from '../../src/adapters/postgres/postgres-write-database.js';
import { startTestApi, take, type Answer, type Gql, type TestApi } from '../support/api.js';
import { ask } from '../support/control.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { startPostgresWithStandby, type PostgresWithStandby } from '../support/standby.js';
import { TeampulseProcess } from '../support/teampulse-process.js';

const WAIT = { timeout: 20_000, interval: 10 };
/** A query waits 2 s; measuring the lag, and a busy machine, take the rest. */
const BOUND_MS = 5_000;

let standby: PostgresWithStandby;
let api: TestApi;
let ann: Gql;
let token: string;
let projectId: string;
/** Since the test began. */
const reports: ReplicaState[] = [];
let isUsed = false;
const scratch = scratchFolder('replica-api');

const note = (state: ReplicaState): void => {
  reports.push(state);
  isUsed = state.inUse;
};

beforeAll(async () => {
  standby = await startPostgresWithStandby();
  api = await startTestApi({ standby, report: note });
  const workspaceId = await api.createWorkspace();
  ann = api.as(workspaceId);
  token = await api.token(workspaceId);
  const made = await ann('mutation { createProject(input: { key: "REP", name: "Replica" }) { project { id } } }');
  projectId = made.createProject.project.id;
  await vi.waitUntil(() => isUsed, WAIT);
  reports.length = 0;
});
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await api?.close();
  await standby?.close();
});
/** Each test leaves the standby as it was: asked, and following. */
afterEach(async () => {
  await standby.resume();
  await vi.waitUntil(() => isUsed, WAIT);
  reports.length = 0;
});

interface Written {
  readonly id: string;
  readonly position: string;
}

async function newTask(title: string): Promise<Written> {
  const { createTask } = await ann(
    'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } position userErrors { message } } }',
    { input: { projectId, title } },
  );
  expect(createTask.userErrors).toEqual([]);
  return { id: createTask.task.id, position: createTask.position };
}

async function rename(taskId: string, title: string): Promise<Written> {
  const { updateTask } = await ann(
    'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { task { id } position } }',
    { input: { taskId, title } },
  );
  return { id: taskId, position: updateTask.position };
}

const TITLE = 'query ($id: UUID!, $p: Position) { task(id: $id, minPosition: $p) { title project { key } } }';
const titleAt = async ({ id, position }: Written): Promise<Answer> => api.send(token, TITLE, { id, p: position });
const titled = (title: string): object => ({ data: { task: { title, project: { key: 'REP' } } } });

/** Reads of read models that the primary was asked. */
const askedPrimary = (): string[] => api.statements.filter((sql) => /\bread\./.test(sql));

/** Queries that are under way at any moment, of those who ask for no position: an error of theirs is one too many. */
const READERS = 3;

/** Writes and reads on end until the work is done: each answer must show what was written before it was asked. */
async function during<T>(work: () => Promise<T>): Promise<{ readonly answers: number; readonly stale: number }> {
  const task = await newTask('title 0');
  await titleAt(task);
  const done = new AbortController();
  const counts = { answers: 0, stale: 0 };
  const wrong: unknown[] = [];
  const writing = (async () => {
    for (let i = 1; !done.signal.aborted; i += 1) {
      const { body } = await titleAt(await rename(task.id, `title ${i}`));
      if (body.errors?.[0]?.extensions.code === 'STALE_READ') counts.stale += 1;
      else if (JSON.stringify(body) === JSON.stringify(titled(`title ${i}`))) counts.answers += 1;
      else wrong.push(body);
    }
  })();
  const reading = Array.from({ length: READERS }, async () => {
    while (!done.signal.aborted) {
      const { body } = await api.send(token, TITLE, { id: task.id });
      if (!body.data?.task) wrong.push(body);
    }
  });
  try {
    await work();
  } finally {
    done.abort();
    await Promise.all([writing, ...reading]);
  }
  expect(wrong).toEqual([]);
  return counts;
}
const becomes = async (inUse: boolean): Promise<void> => void (await vi.waitUntil(() => isUsed === inUse, WAIT));
/** So many more reads of the primary, or none of them. */
const primaryAnswers = async (): Promise<void> => {
  api.statements.length = 0;
  await vi.waitUntil(() => askedPrimary().length > 5, WAIT);
};

describe('a query on a replica', () => {
  it('shows what was written right before, and the primary is not asked', async () => {
    const task = await newTask('title 0');
    api.statements.length = 0;
    const took: number[] = [];
    for (let i = 1; i <= 20; i += 1) {
      const written = await rename(task.id, `title ${i}`);
      const begun = performance.now();
      expect((await titleAt(written)).body).toEqual(titled(`title ${i}`));
      took.push(performance.now() - begun);
    }
    expect(askedPrimary()).toEqual([]);
    const served = await standby.sql<{ n: number }>("SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'teampulse-api' AND pg_is_in_recovery()"); // prettier-ignore
    expect(served[0]?.n).toBeGreaterThan(0);
    console.log(`median of the answers ${Math.round(took.toSorted((a, b) => a - b)[10] ?? 0)} ms`);
  });

  it('says STALE_READ with how far the replica is and what it lacks, in bounded time, and answers when that is there', async () => {
    const task = await newTask('before');
    await titleAt(task);
    await standby.pause();
    const written = await rename(task.id, 'after');
    // Not asked for a position, it shows what the replica has.
    expect((await api.send(token, TITLE, { id: task.id })).body).toEqual(titled('before'));
    const begun = performance.now();
    const { body } = await titleAt(written);
    expect(performance.now() - begun).toBeLessThan(BOUND_MS);
    const { extensions, message } = body.errors[0];
    expect(extensions).toMatchObject({
      code: 'STALE_READ',
      projection: 'tasks',
      on: 'replica',
      at: task.position,
      wanted: written.position,
      lag: { events: 1, exact: true, seconds: expect.any(Number) as number },
    });
    expect(extensions.lag.seconds).toBeGreaterThan(1);
    expect(message).toMatch(/on the replica has not reached/);
    const waiting = titleAt(written);
    await standby.resume();
    expect((await waiting).body).toEqual(titled('after'));
    expect(askedPrimary()).toEqual([]);
  });

  it('sees nothing of another workspace', async () => {
    const task = await newTask('secret');
    await titleAt(task);
    const stranger = await api.createWorkspace();
    const theirs = await api.send(await api.token(stranger), TITLE, { id: task.id, p: task.position });
    expect(theirs.body).toEqual({ data: { task: null } });
    expect(askedPrimary()).toEqual([]);
    const reads = new PostgresReadDatabase(standby.onStandby(api.database.apiUrl));
    expect(await reads.query(stranger, 'SELECT * FROM read.tasks')).toEqual([]);
    await expect(reads.query(stranger, "SELECT set_config('app.workspace_id', '', true)")).rejects.toMatchObject({ code: '42501' }); // prettier-ignore
    await reads.close();
  });
});

describe('`teampulse api` with a replica', () => {
  it('says when queries begin and cease to go there, once each, and is ready all the time', async () => {
    const process = new TeampulseProcess(['api', '--port', '0'], {
      DATABASE_API_URL: api.database.apiUrl,
      DATABASE_REPLICA_URL: standby.onStandby(api.database.apiUrl),
      EVENTSTORE_URL: api.eventstoreUrl,
      TEAMPULSE_DATA: scratch,
    });
    const said = (): string[] => process.stderr.split('\n').filter((line) => /replica/.test(line));
    try {
      const [address] = await process.says(/http:\S+/);
      const tells = async (...lines: readonly RegExp[]): Promise<void> =>
        vi.waitFor(() => expect(said()).toEqual(lines.map((line) => expect.stringMatching(line) as string)), WAIT);
      const isReady = async (): Promise<void> => expect((await fetch(`${address}/ready`)).status).toBe(200);
      await tells(/queries go to the replica/);
      await isReady();
      await standby.kill();
      await tells(/queries go to the replica/, /the replica can not be asked/);
      await isReady();
      await standby.start();
      await tells(/queries go to the replica/, /the replica can not be asked/, /queries go to the replica/);
      await isReady();
      // No line of it shows the password.
      expect(process.stderr).not.toContain(`:${new URL(api.database.apiUrl).password}@`);
    } finally {
      await process.stop();
    }
  });
});

describe('a subscription on a replica', () => {
  it('tells a change when the replica shows it, and not before', async () => {
    const task = await newTask('old');
    await titleAt(task);
    const changes = api.subscriber(token).iterate({ query: 'subscription { taskChanged { cursor task { title } } }' });
    const next = take(changes, 1);
    // One that is told for certain says that the subscription has begun.
    await vi.waitUntil(async () => {
      await rename(task.id, `old ${Math.random()}`);
      return Promise.race([next.then(() => true), titleAt(task).then(() => false)]);
    }, WAIT);
    await standby.pause();
    const written = await rename(task.id, 'new');
    const told = (async () => {
      for (;;) {
        const [change] = await take(changes, 1);
        if (!change) throw new Error('the subscription ended');
        const { taskChanged } = change.data as { taskChanged: { cursor: string; task: { title: string } } };
        if (taskChanged.cursor === written.position) return taskChanged.task.title;
      }
    })();
    // As long as a caller waits the subscription is not told either.
    const first = await Promise.race([told, titleAt(written)]);
    expect(first).toMatchObject({ body: { errors: [{ extensions: { code: 'STALE_READ' } }] } });
    await standby.resume();
    expect(await told).toBe('new');
  });
});

describe('a replica that goes and comes', () => {
  it('is replaced by the primary while it is dead, without an error, and used again when it is back', async () => {
    await during(async () => {
      await standby.kill();
      await becomes(false);
      await primaryAnswers();
      await standby.start();
      await becomes(true);
    });
    expect(reports).toEqual([{ inUse: false, error: expect.anything() as unknown }, { inUse: true }]);
    api.statements.length = 0;
    const task = await newTask('back');
    expect((await titleAt(task)).body).toEqual(titled('back'));
    expect(askedPrimary()).toEqual([]);
  });

  it('is replaced by the primary while it is silent', async () => {
    await during(async () => {
      standby.signal('SIGSTOP');
      await becomes(false);
      await primaryAnswers();
      standby.signal('SIGCONT');
      await becomes(true);
    });
    expect(reports.map(({ inUse }) => inUse)).toEqual([false, true]);
  });

  it('is not used before it shows what the primary shows', async () => {
    const task = await newTask('first');
    await titleAt(task);
    await standby.kill();
    await becomes(false);
    const written = await rename(task.id, 'second');
    expect((await titleAt(written)).body).toEqual(titled('second'));
    await standby.start(false);
    // It answers, and would give the first.
    await vi.waitUntil(async () => standby.sql('SELECT 1').catch(() => undefined), WAIT);
    await vi.waitUntil(async () => (await standby.sql<{ n: number }>("SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'teampulse-replica'"))[0]?.n === 1, WAIT); // prettier-ignore
    for (let i = 0; i < 20; i += 1) expect((await api.send(token, TITLE, { id: task.id })).body).toEqual(titled('second')); // prettier-ignore
    expect(isUsed).toBe(false);
    await standby.kill();
    await standby.start();
    await becomes(true);
  });

  it('shows the one or the other build while builds are exchanged, and never less than was written', async () => {
    const writes = new PostgresWriteDatabase(api.database.url);
    const live = async (): Promise<number> => {
      const rows = await standby.sql<{ id: number }>("SELECT id::int FROM control.builds WHERE projection = 'tasks' AND state = 'live'", new URL(api.database.url).pathname.slice(1)); // prettier-ignore
      return rows[0]?.id ?? 0;
    };
    const counts = await during(async () => {
      for (let round = 0; round < 3; round += 1) {
        const before = await live();
        expect(await ask(writes, 'rebuild', 'tasks')).toMatchObject({ accepted: true });
        await vi.waitUntil(async () => (await live()) > before, WAIT);
      }
    });
    await writes.close();
    expect(counts.answers).toBeGreaterThan(10);
    expect(reports).toEqual([]);
  });

  it('has a query that it ends for what the primary sent answered by the primary', async () => {
    const task = await newTask('conflict');
    await titleAt(task);
    const [primary, states] = [new PostgresReadDatabase(api.database.apiUrl), [] as boolean[]];
    const reads = new ReplicatedReadDatabase(primary, standby.onStandby(api.database.apiUrl), ({ inUse }) => states.push(inUse)); // prettier-ignore
    await vi.waitUntil(() => states.at(-1), WAIT);
    const workspaceId = (await ann('{ workspace { id } }')).workspace.id as string;
    // Holds the view for longer than a replica may be kept from following; on the primary it is over at once.
    const sql = 'SELECT title, pg_is_in_recovery() AS replica, CASE WHEN pg_is_in_recovery() THEN pg_sleep(9) END AS slept FROM read.tasks WHERE workspace_id = $1 AND id = $2'; // prettier-ignore
    const asked = reads.query(workspaceId, sql, [workspaceId, task.id]);
    await vi.waitUntil(async () => (await standby.sql<{ n: number }>("SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))[0]?.n === 1, WAIT); // prettier-ignore
    const begun = performance.now();
    await api.database.sql('BEGIN; LOCK TABLE read.tasks IN ACCESS EXCLUSIVE MODE; COMMIT');
    expect(await asked).toEqual([{ title: 'conflict', replica: false, slept: null }]);
    expect(performance.now() - begun).toBeLessThan(BOUND_MS);
    // It is used on.
    expect(await reads.query(workspaceId, 'SELECT pg_is_in_recovery() AS replica')).toEqual([{ replica: true }]);
    expect(states).toEqual([true]);
    await reads.close();
  });
});
