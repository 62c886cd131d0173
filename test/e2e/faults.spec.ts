/** What the whole product owes while a part of it is away: clear answers, nothing acknowledged lost, nothing twice. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RunningUp } from '../support/running-up.js';
import { createTestWorkspace } from '../support/real-data.js';
import { childrenOf, isRunning, TeampulseProcess } from '../support/teampulse-process.js';
import { scratchFolder } from '../support/scratch-folder.js';

const CREATE_TASK = `mutation ($input: CreateTaskInput!) {
  createTask(input: $input) { task { id } position userErrors { code message } } }`;
const TASKS = `query ($after: String, $p: Position) { tasks(first: 100, after: $after, minPosition: $p) {
  nodes { id title } pageInfo { hasNextPage endCursor } } }`;

interface Answer {
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
  // oxlint-disable-next-line typescript/no-explicit-any -- the shape is the query's
  readonly data?: any;
}
type Outcome = { readonly kind: 'answered'; readonly body: Answer } | { readonly kind: 'refused' };

const workspaceId = v7();
let folder: string;
let up: RunningUp;
let token: string;
let projectId: string;

/** An answer that has begun is whole; before it, the connection may be refused or closed. */
async function send(query: string, variables: object): Promise<Outcome> {
  let response: Response;
  try {
    response = await fetch(`${up.address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
  } catch {
    return { kind: 'refused' };
  }
  return { kind: 'answered', body: (await response.json()) as Answer };
}

interface Written {
  readonly id: string;
  readonly title: string;
  readonly position: bigint;
}

/** People who create tasks, each the same one again until it is acknowledged, and one who reads. */
class Load {
  readonly acknowledged: Written[] = [];
  /** Every code of an error that an answer had. */
  readonly codes = new Set<string>();
  readonly messages = new Set<string>();
  refused = 0;
  private readonly stopped = new AbortController();
  private readonly running: Promise<unknown>;

  constructor(writers: number) {
    this.running = Promise.all([...Array.from({ length: writers }, () => this.write()), this.read()]);
  }

  /** Waits until so many more were acknowledged. */
  async goesOn(count = 40): Promise<void> {
    const before = this.acknowledged.length;
    await vi.waitUntil(() => this.acknowledged.length >= before + count, { timeout: 40_000, interval: 20 });
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async write(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const commandId = v7();
      const input = { projectId, title: `Task ${commandId}`, commandId };
      while (!this.stopped.signal.aborted) {
        const data = await this.ask(CREATE_TASK, { input });
        if (!data) continue;
        if (data.createTask.userErrors.length > 0) throw new Error(JSON.stringify(data.createTask));
        const [commit] = String(data.createTask.position).split('/');
        this.acknowledged.push({ id: data.createTask.task.id, title: input.title, position: BigInt(commit ?? '') });
        break;
      }
    }
  }

  private async read(): Promise<void> {
    while (!this.stopped.signal.aborted) await this.ask(TASKS, {});
  }

  private async ask(query: string, variables: object): Promise<Answer['data']> {
    const outcome = await send(query, variables);
    if (outcome.kind === 'answered' && !outcome.body.errors) return outcome.body.data;
    if (outcome.kind === 'refused') this.refused += 1;
    else
      for (const { message, extensions } of outcome.body.errors ?? []) {
        this.codes.add(extensions.code);
        this.messages.add(message);
      }
    await delay(20);
    return undefined;
  }
}

/** The state of the service as load balancers see it. */
async function readiness(): Promise<{ status: number; checks: Record<string, { ok: boolean; reason?: string }> }> {
  const response = await fetch(`${up.address}/ready`);
  const { checks } = (await response.json()) as { checks: Record<string, { ok: boolean; reason?: string }> };
  return { status: response.status, checks };
}
const lives = async (): Promise<number> => (await fetch(`${up.address}/health`)).status;
const isReady = async (): Promise<void> => {
  await vi.waitFor(async () => expect((await readiness()).status).toBe(200), { timeout: 20_000, interval: 50 });
};

/** Asked again and again without waiting for the answer: one that begins before Postgres is gone may end when it is back. */
async function saysThatPostgresIsAway(): Promise<void> {
  const asked = Array.from({ length: 100 }, async (_, i) => {
    await delay(i * 20);
    const { status, checks } = await readiness();
    expect({ status, postgres: checks['postgres'] }).toEqual({ status: 503, postgres: { ok: false, reason: 'can not be reached' } }); // prettier-ignore
  });
  await Promise.any(asked);
  await Promise.allSettled(asked);
}

/** Every acknowledged task is in the log and in the read models, once, and each read model applied each event once. */
async function check(acknowledged: readonly Written[]): Promise<void> {
  const log = await up.log();
  const created = log.filter(({ type }) => type === 'work.TaskCreated');
  expect(new Set(created.map(({ streamName }) => streamName)).size).toBe(created.length);
  const inLog = new Set(created.map(({ streamName }) => streamName.slice('task-'.length)));
  expect(acknowledged.filter(({ id }) => !inLog.has(id))).toEqual([]);

  const head = log.at(-1)?.position;
  const p = `${head?.commit}/${head?.prepare}`;
  const shown: { id: string; title: string }[] = [];
  for (let after: string | null | undefined = null; after !== undefined;) {
    const answer: Outcome = await vi.waitFor(
      async () => {
        const outcome = await send(TASKS, { after, p });
        expect(outcome).toMatchObject({ body: { data: { tasks: {} } } });
        return outcome;
      },
      { timeout: 30_000, interval: 100 },
    );
    if (answer.kind !== 'answered') throw new Error('it was answered a moment ago');
    const { nodes, pageInfo } = answer.body.data.tasks;
    shown.push(...nodes);
    after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
  }
  expect(new Set(shown.map(({ id }) => id))).toEqual(inLog);
  expect(new Set(shown.map(({ title }) => title)).size).toBe(shown.length);

  const applied = await up.sql<{ projection: string; events: string }>(
    `SELECT b.projection, sum(c.events) AS events FROM control.builds b JOIN control.checkpoints c ON c.build_id = b.id
     WHERE b.state = 'live' AND b.projection IN ('tasks', 'event-index') GROUP BY b.projection`,
  );
  const counts = Object.fromEntries(applied.map(({ projection, events }) => [projection, Number(events)]));
  expect(counts).toEqual({ tasks: created.length, 'event-index': log.length });
}

/** Linux tells the children of a process; elsewhere these tests can't look. */
describe.runIf(existsSync('/proc/self/stat'))('teampulse up, with a part of it gone', () => {
  beforeAll(async () => {
    folder = scratchFolder('faults');
    up = await RunningUp.start(folder);
    await createTestWorkspace(up.servers.eventstoreUrl, workspaceId);
    token = await up.token(workspaceId);
    const made = await send('mutation { createProject(input: { key: "F", name: "Faults" }) { project { id } } }', {});
    projectId = made.kind === 'answered' ? made.body.data.createProject.project.id : '';
  }, 90_000);
  afterAll(async () => {
    await up.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('comes through a killed and through a restarted Postgres by itself, and says so meanwhile', async () => {
    const load = new Load(8);
    await load.goesOn();
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      const before = up.postgres;
      process.kill(before, signal);
      await saysThatPostgresIsAway();
      expect(await lives()).toBe(200);
      await isReady();
      await load.goesOn();
      expect(up.postgres).not.toBe(before);
    }
    await load.stop();
    // The API itself was there all the time.
    expect(load.refused).toBe(0);
    expect([...load.codes]).toEqual(['UNAVAILABLE']);
    for (const message of load.messages) expect(message).toMatch(/try again/i);
    await check(load.acknowledged);
    expect(up.process.stderr).toMatch(/Postgres ended by itself and is started again/);
    expect(up.process.stderr).not.toMatch(/MaxListenersExceeded|a part ended by itself/);
  }, 120_000);

  it('is not ready while the event store keeps silent, and is again afterwards', async () => {
    const store = up.part('eventstore');
    process.kill(store, 'SIGSTOP');
    try {
      const { status, checks } = await readiness();
      expect(status).toBe(503);
      expect(checks['eventStore']).toEqual({ ok: false, reason: 'no answer within 2000 ms' });
      expect(checks['postgres']).toMatchObject({ ok: true });
      expect(await lives()).toBe(200);
    } finally {
      process.kill(store, 'SIGCONT');
    }
    await isReady();
  }, 60_000);

  it('stops under load within its time, leaves nobody behind, and has everything at the next start', async () => {
    const load = new Load(16);
    await load.goesOn(100);
    const { parts } = up;
    expect(parts.length).toBeGreaterThanOrEqual(4);
    const before = performance.now();
    const { code, stderr } = await up.process.stop('SIGTERM');
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(parts.filter(isRunning)).toEqual([]);
    await load.stop();
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('did not stop') as string });
    expect([...load.codes].filter((one) => one !== 'UNAVAILABLE')).toEqual([]);

    up = await RunningUp.start(folder);
    await check(load.acknowledged);
  }, 120_000);

  it('stops within its time although every part hangs, and leaves nobody behind', async () => {
    const { parts } = up;
    for (const part of parts) process.kill(part, 'SIGSTOP');
    const before = performance.now();
    const { code } = await up.process.stop('SIGTERM');
    expect(performance.now() - before).toBeLessThan(10_500);
    expect(code).toBe(0);
    expect(parts.filter(isRunning)).toEqual([]);
  }, 60_000);

  it('stops while it still starts, at any moment, and leaves nobody behind', async () => {
    for (const count of [1, 3]) {
      const starting = new TeampulseProcess(['up'], { TEAMPULSE_DATA: folder, HTTP_PORT: '0' });
      const parts = (): number[] => [...childrenOf(starting.child.pid ?? 0).keys()];
      await vi.waitUntil(() => parts().length >= count, { timeout: 20_000, interval: 5 });
      const begun = parts();
      const { code, stdout } = await starting.stop('SIGTERM');
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(begun.filter(isRunning)).toEqual([]);
      expect(existsSync(join(folder, 'up.lock'))).toBe(false);
    }
  }, 60_000);
});
