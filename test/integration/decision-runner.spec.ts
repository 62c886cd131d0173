import { v4 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '../../src/adapters/clock/system-clock.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import type { Accepted, CommandContext, CommandResult } from '../../src/commands/shared/command.js';
import { EventSourcedDecisionRunner } from '../../src/commands/shared/event-sourced-decision-runner.js';
import { Rejection } from '../../src/domain/shared/rejection.js';
import { projectDecider, type ProjectCommand, type ProjectState } from '../../src/domain/work/project.decider.js';
import { projectEvents } from '../../src/domain/work/project.events.js';
import { DEFAULT_WORKFLOW } from '../../src/domain/work/workflow.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';

const create = { type: 'create', key: 'WEB', name: 'Web', description: '', workflow: DEFAULT_WORKFLOW } as const;
const rename = (name: string): ProjectCommand => ({ type: 'rename', name });

let server: TestEventStore;
/** Two processes' worth of store and runner. */
let stores: EventStoreDbAdapter[];
let here: EventSourcedDecisionRunner;
let there: EventSourcedDecisionRunner;
const workspaceId = v4();

beforeAll(async () => {
  server = await startTestEventStore();
  stores = [1, 2].map(() => new EventStoreDbAdapter(server.connectionString, projectEvents));
  await Promise.all(stores.map((store) => store.connect()));
  [here, there] = stores.map((store) => new EventSourcedDecisionRunner(store, new SystemClock())) as [
    EventSourcedDecisionRunner,
    EventSourcedDecisionRunner,
  ];
});

afterAll(async () => {
  await Promise.all(stores.map((store) => store.dispose()));
  await server.close();
});

const context = (over: Partial<CommandContext> = {}): CommandContext => ({
  workspaceId,
  actor: { kind: 'user', id: 'ann' },
  commandId: v4(),
  correlationId: v4(),
  ...over,
});

async function ask(
  runner: EventSourcedDecisionRunner,
  id: string,
  command: ProjectCommand,
  over: { context?: CommandContext; expectedVersion?: number; firstWrite?: boolean } = {},
): Promise<CommandResult<ProjectState>> {
  return runner.run({
    category: 'project',
    id,
    decider: projectDecider,
    command,
    context: over.context ?? context(),
    expectedVersion: over.expectedVersion,
    firstWrite: over.firstWrite ?? command.type === 'create',
  });
}

async function done(result: Promise<CommandResult<ProjectState>>): Promise<Accepted<ProjectState>> {
  const answer = await result;
  if (answer instanceof Rejection) throw new Error(`refused: ${answer.message}`);
  return answer;
}

const history = async (id: string): Promise<readonly string[]> =>
  ((await stores[0]!.readStream(`project-${id}`))?.events ?? []).map(({ type }) => type);

describe('decision runner', () => {
  it('writes the events with who, when, why and from where', async () => {
    const id = v4();
    const causationId = v4();
    const asked = context({
      causationId,
      occurredAt: '2011-05-01T10:00:00.000Z',
      source: { ip: '127.0.0.1', userAgent: 'test' },
    });
    const { version, written, state } = await done(ask(here, id, create, { context: asked }));
    expect({ version, written, createdAt: state.createdAt }).toEqual({
      version: 1,
      written: 1,
      createdAt: '2011-05-01T10:00:00.000Z',
    });
    const slice = await stores[1]!.readStream(`project-${id}`);
    expect(slice?.events[0]?.metadata).toEqual({
      workspaceId,
      actor: { kind: 'user', id: 'ann' },
      commandId: asked.commandId,
      $correlationId: asked.correlationId,
      $causationId: causationId,
      schemaVersion: 1,
      occurredAt: '2011-05-01T10:00:00.000Z',
      source: { ip: '127.0.0.1', userAgent: 'test' },
    });
  });

  it('answers with state, version and position also when there was nothing to do', async () => {
    const id = v4();
    const first = await done(ask(here, id, create));
    const again = await done(ask(there, id, rename('Web')));
    expect(again).toEqual({ ...first, written: 0 });
  });

  it('gives the first outcome of a command again, after the stream moved on and in another process', async () => {
    const id = v4();
    await done(ask(here, id, create));
    const asked = context();
    const first = await done(ask(here, id, rename('One'), { context: asked }));
    await done(ask(here, id, rename('Two')));
    for (const runner of [here, there]) {
      expect(await done(ask(runner, id, rename('One'), { context: asked }))).toEqual({
        ...first,
        written: 0,
        repeated: { changedSinceBy: { kind: 'user', id: 'ann' } },
      });
    }
    expect(await history(id)).toHaveLength(3);
  });

  it('refuses a command id that stands for another input, in this process and in another, and writes nothing', async () => {
    const id = v4();
    await done(ask(here, id, create));
    const asked = context({ fingerprint: 'a1' });
    const first = await done(ask(here, id, rename('One'), { context: asked }));
    for (const runner of [here, there]) {
      const other = await ask(runner, id, rename('Two'), { context: { ...asked, fingerprint: 'b2' } });
      expect(other).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', field: ['commandId'] });
      expect(await done(ask(runner, id, rename('One'), { context: asked }))).toMatchObject({
        written: 0,
        version: first.version,
      });
    }
    expect(await history(id)).toHaveLength(2);
  });

  it('refuses it also when another process was faster with the first one', async () => {
    const slower = new EventSourcedDecisionRunner(stores[1]!, new SystemClock());
    const id = v4();
    await done(ask(here, id, create));
    await done(ask(slower, id, rename('Same place')));
    const asked = context({ fingerprint: 'a1' });
    await done(ask(here, id, rename('One'), { context: asked }));
    // It still takes the stream to end before it, and asks the store for the very same event.
    const other = await ask(slower, id, rename('Two'), { context: { ...asked, fingerprint: 'b2' } });
    expect(other).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
    expect(await history(id)).toHaveLength(3);
  });

  it('goes by the id alone where no fingerprint was kept', async () => {
    const id = v4();
    await done(ask(here, id, create));
    const asked = context();
    await done(ask(here, id, rename('One'), { context: asked }));
    const again = await done(ask(here, id, rename('Two'), { context: { ...asked, fingerprint: 'b2' } }));
    expect(again).toMatchObject({ written: 0, state: { name: 'One' } });
  });

  it('reads a stream once for all of its commands that come again', async () => {
    const id = v4();
    const asked = ['Web', 'Web 2', 'Web 3', 'Web 4'].map((name, n) => ({
      command: n === 0 ? create : rename(name),
      context: context(),
    }));
    const first: Accepted<ProjectState>[] = [];
    for (const { command, ...over } of asked) first.push(await done(ask(here, id, command, over)));
    const reads = vi.spyOn(stores[1]!, 'readStream');
    const again: Accepted<ProjectState>[] = [];
    for (const { command, ...over } of asked) again.push(await done(ask(there, id, command, over)));
    expect(again.map(({ repeated: _repeated, ...outcome }) => outcome)).toEqual(
      first.map((outcome) => ({ ...outcome, written: 0 })),
    );
    expect(reads).toHaveBeenCalledOnce();
    reads.mockRestore();
  });

  it('gives the first outcome of a creation again, with the first time it happened, in another process', async () => {
    const id = v4();
    const asked = context();
    const first = await done(ask(here, id, create, { context: { ...asked, occurredAt: '2026-01-01T00:00:00.000Z' } }));
    // The other process has seen the log at least this far, as every process that serves does.
    await done(ask(there, v4(), create));
    const again = await done(ask(there, id, create, { context: { ...asked, occurredAt: '2026-01-01T00:00:01.000Z' } }));
    expect(again).toEqual({ ...first, written: 0, repeated: { changedSinceBy: null } });
    expect(await history(id)).toEqual(['work.ProjectCreated']);
  });

  it('knows in a process that has just started what was written long ago', async () => {
    const [first, second] = [v4(), v4()].map((id) => ({ id, context: context() }));
    for (const { id, context: asked } of [first!, second!]) await done(ask(here, id, create, { context: asked }));
    const restarted = new EventSourcedDecisionRunner(stores[0]!, new SystemClock());
    for (const { id, context: asked } of [first!, second!]) {
      expect((await done(ask(restarted, id, create, { context: asked }))).written).toBe(0);
    }
  });

  it('decides on the newest state although its cache is old', async () => {
    const id = v4();
    await done(ask(here, id, create));
    await done(ask(there, id, rename('Other')));
    // By the old state this would be nothing to do.
    const renamed = await done(ask(here, id, rename('Web')));
    expect(renamed).toMatchObject({ version: 3, written: 1 });
    await done(ask(there, id, { type: 'archive' }));
    const refused = await ask(here, id, rename('Late'));
    expect(refused).toMatchObject({ code: 'NOT_ALLOWED_NOW' });
    await done(ask(there, id, { type: 'restore' }));
    // And by the old state this would be refused.
    expect(await done(ask(here, id, rename('In time')))).toMatchObject({ written: 1 });
  });

  it('refuses an outdated version and tells the current one, also against an old cache', async () => {
    const id = v4();
    await done(ask(here, id, create));
    await done(ask(there, id, rename('Two')));
    const refused = await ask(here, id, rename('Three'), { expectedVersion: 1 });
    expect(refused).toMatchObject({ code: 'CONFLICT', details: { currentVersion: 2 }, field: ['expectedVersion'] });
    expect(await done(ask(here, id, rename('Three'), { expectedVersion: 2 }))).toMatchObject({ version: 3 });
  });

  it("shows nothing of another workspace's stream", async () => {
    const id = v4();
    await done(ask(here, id, create));
    const stranger = context({ workspaceId: v4() });
    for (const runner of [here, there]) {
      expect(await ask(runner, id, rename('Mine'), { context: stranger })).toMatchObject({ code: 'NOT_FOUND' });
      expect(await ask(runner, id, create, { context: stranger })).toMatchObject({ code: 'NOT_FOUND' });
      expect(await runner.peek('project', id, projectDecider, stranger)).toBeUndefined();
    }
    expect(await history(id)).toHaveLength(1);
  });

  it('loses no write when two processes race on one stream', async () => {
    const id = v4();
    await done(ask(here, id, create));
    const races = Array.from({ length: 40 }, (_, index) =>
      ask(index % 2 === 0 ? here : there, id, rename(`Name ${index}`)),
    );
    const results = await Promise.all(races);
    const accepted = results.filter((result) => !(result instanceof Rejection));
    const refusals = results.filter((result) => result instanceof Rejection).map(({ code }) => code);
    expect(refusals.filter((code) => code !== 'CONFLICT')).toEqual([]);
    expect(await history(id)).toHaveLength(1 + accepted.length);
    expect(accepted.length).toBeGreaterThan(20);
  });

  it('never conflicts with itself on a hot stream', async () => {
    const id = v4();
    await done(ask(here, id, create));
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) => ask(here, id, rename(`Name ${index}`))),
    );
    expect(results.filter((result) => result instanceof Rejection)).toEqual([]);
    expect(await history(id)).toHaveLength(101);
  });

  it('refuses what no event can hold, and goes on', async () => {
    const id = v4();
    const large = await ask(here, id, { ...create, description: 'é'.repeat(800_000) });
    expect(large).toMatchObject({ code: 'INVALID', message: expect.stringContaining('1 MiB') });
    expect((await done(ask(here, id, create))).written).toBe(1);
  });

  it('says so when too many wait for one stream', async () => {
    const id = v4();
    await done(ask(here, id, create));
    const results = await Promise.all(Array.from({ length: 1_001 }, () => ask(here, id, rename('Same'))));
    expect(results.filter((result) => result instanceof Rejection)).toMatchObject([{ code: 'CONFLICT' }]);
  });

  it('peeks at a thing that another process changed, at most a second later', async () => {
    const id = v4();
    expect(await here.peek('project', id, projectDecider, context())).toBeUndefined();
    await done(ask(there, id, create));
    const seen = await here.peek('project', id, projectDecider, context());
    expect(seen).toMatchObject({ version: 1, state: { name: 'Web' } });
    await done(ask(there, id, rename('Other')));
    await expect
      .poll(async () => (await here.peek('project', id, projectDecider, context()))?.state.name, { timeout: 3_000 })
      .toBe('Other');
  });
});
