/** `teampulse events replay` against a real nats-server and a real log. */
import { randomUUID } from 'node:crypto';
import { connect, type JsMsg, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import type { CloudEvent } from '../../src/adapters/nats/cloud-event.js';
import { eventCatalogue } from '../../src/domain/event-catalogue.js';
import { comparePositions, formatPosition, parsePosition } from '../../src/domain/shared/position.js';
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { hasNats, NatsServer } from '../support/nats.js';
import { TeampulseProcess, type Ended } from '../support/teampulse-process.js';
import { createTestWorkspace } from '../support/workspace.js';
import { metadataOf } from '../support/recorded-event.js';
import { logOf } from '../support/log-of.js';

interface Outcome {
  readonly sent: number;
  readonly duplicates: number;
  readonly after: string;
  readonly complete: boolean;
}

function outcomeOf({ stdout, stderr }: Ended): Outcome {
  if (!stdout.startsWith('{')) throw new Error(stdout + stderr);
  return JSON.parse(stdout) as Outcome;
}

const ids = (of: readonly RecordedEvent[]): string[] => of.map(({ id }) => id);

describe.runIf(hasNats())('teampulse events replay', () => {
  const nats = new NatsServer();
  const workspaceId = randomUUID();
  const otherId = randomUUID();
  let server: TestEventStore;
  let log: EventStoreDbAdapter;
  let consumer: NatsConnection;
  let events: RecordedEvent[];

  beforeAll(async () => {
    [server] = await Promise.all([startTestEventStore(), nats.start()]);
    log = new EventStoreDbAdapter(server.connectionString, eventCatalogue);
    consumer = await connect({ servers: nats.url });
    await createTestWorkspace(server.connectionString, workspaceId);
    await createTestWorkspace(server.connectionString, otherId);
    for (let n = 0; n < 60; n++) await write(n % 3 === 0 ? otherId : workspaceId, n);
    events = await logOf(log, workspaceId);
  }, 60_000);
  afterAll(async () => {
    await consumer.close();
    await Promise.all([log.dispose(), nats.stop()]);
    await server.close();
  });

  /** Ten labels in ten streams, the name of each changed once. */
  async function write(workspace: string, n: number): Promise<void> {
    for (let of = 0; of < 10; of++) {
      const metadata = metadataOf(workspace);
      const created = { id: randomUUID(), type: 'work.LabelCreated', data: { name: `label ${n}`, color: '#112233' }, metadata };
      const changed = { id: randomUUID(), type: 'work.LabelChanged', data: { from: { name: `label ${n}` }, to: { name: `${of}` } }, metadata };
      await log.append(`label-${randomUUID()}`, [created, changed], 'no_stream');
    }
  } // prettier-ignore

  const start = (
    subject: string,
    more: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): TeampulseProcess =>
    new TeampulseProcess(['events', 'replay', '--workspace', workspaceId, '--subject', subject, '--json', ...more], {
      EVENTSTORE_URL: server.connectionString,
      NATS_URL: nats.url,
      TEAMPULSE_DATA: '/nonexistent',
      ...environment,
    });
  async function run(subject: string, ...more: readonly string[]): Promise<Outcome> {
    return outcomeOf(await start(subject, more).ended);
  }

  /** Every message of a subject, in its order. */
  async function received(subject: string): Promise<JsMsg[]> {
    const manager = await consumer.jetstreamManager();
    const stream = await manager.streams.find(subject);
    const { state } = await manager.streams.info(stream, { subjects_filter: subject });
    const found: JsMsg[] = [];
    const count = state.subjects?.[subject] ?? 0;
    if (count === 0) return found;
    const ordered = await consumer.jetstream().consumers.get(stream, { filterSubjects: subject });
    for await (const message of await ordered.consume()) if (found.push(message) === count) break;
    return found;
  }
  const idsIn = async (subject: string): Promise<string[]> =>
    (await received(subject)).map((message) => message.json<CloudEvent>().id);

  it("sends every event of the workspace and none of another's, in order, into a stream that it makes", async () => {
    const outcome = await run('acme.all');
    expect(outcome).toMatchObject({ sent: events.length, duplicates: 0, complete: true });
    expect(await idsIn('acme.all')).toEqual(ids(events));
    const [message] = await received('acme.all');
    expect(message?.json<CloudEvent>()).toMatchObject({
      specversion: '1.0',
      workspaceid: workspaceId,
      id: events[0]?.id,
    });
    // Again: within the window of the stream, nothing comes twice.
    expect(await run('acme.all')).toMatchObject({ sent: events.length, duplicates: events.length, complete: true });
    expect(await idsIn('acme.all')).toEqual(ids(events));
  });

  it('takes a range of positions', async () => {
    const [from, until] = [events[100]?.position, events[300]?.position];
    if (!from || !until) throw new Error('too few events');
    await run('acme.range', '--from', formatPosition(from), '--until', formatPosition(until));
    expect(await idsIn('acme.range')).toEqual(ids(events.slice(101, 301)));
  });

  it('takes a range of times', async () => {
    const instant = events[400]?.recordedAt ?? '';
    await run('acme.since', '--from', instant);
    expect(await idsIn('acme.since')).toEqual(ids(events.filter(({ recordedAt }) => recordedAt >= instant)));
    await run('acme.before', '--until', instant);
    expect(await idsIn('acme.before')).toEqual(ids(events.filter(({ recordedAt }) => recordedAt < instant)));
  });

  it('reads the log from its beginning, and says so, where the read models can not be asked for a time', async () => {
    const instant = events[400]?.recordedAt ?? '';
    const away = { DATABASE_API_URL: 'postgres://teampulse@127.0.0.1:1/teampulse' };
    const ended = await start('acme.away', ['--from', instant], away).ended;
    expect(ended.stderr).toMatch(/The read models do not say where .* is in the log/);
    expect(outcomeOf(ended).complete).toBe(true);
    expect(await idsIn('acme.away')).toEqual(ids(events.filter(({ recordedAt }) => recordedAt >= instant)));
  });

  it('takes types, in full or by their beginning', async () => {
    await run('acme.types', '--types', 'work.LabelCh*,workspaces.WorkspaceCreated');
    const wanted = events.filter(({ type }) => type !== 'work.LabelCreated');
    expect(await idsIn('acme.types')).toEqual(ids(wanted));
  });

  it('says how far it came when it is stopped, and goes on there', async () => {
    const manager = await consumer.jetstreamManager();
    const process = start('acme.stopped', ['--rate', '200']);
    await vi.waitUntil(
      async () => {
        const { state } = await manager.streams.info('REPLAY_acme_stopped', { subjects_filter: '>' }).catch(() => ({ state: { messages: 0 } }));
        return state.messages > 40;
      },
      { timeout: 30_000, interval: 20 },
    ); // prettier-ignore
    const stopped = await process.stop('SIGINT');
    expect(stopped.code).toBe(1);
    const first = outcomeOf(stopped);
    expect(first.complete).toBe(false);
    expect(first.sent).toBeLessThan(events.length);
    const at = parsePosition(first.after);
    if (!at) throw new Error('it did not say how far it came');
    expect(await idsIn('acme.stopped')).toEqual(
      ids(events.filter(({ position }) => comparePositions(position, at) <= 0)),
    );
    await run('acme.stopped', '--after', first.after);
    expect(await idsIn('acme.stopped')).toEqual(ids(events));
  });

  it('keeps to its rate', async () => {
    const before = performance.now();
    await run(
      'acme.slow',
      '--rate',
      '100',
      '--until',
      formatPosition(events[200]?.position ?? { commit: 0n, prepare: 0n }),
    );
    // A slower machine only takes longer.
    expect(performance.now() - before).toBeGreaterThan(1_900);
  });

  it('leaves no gap and no double when NATS is killed in between', async () => {
    const manager = await consumer.jetstreamManager();
    const process = start('acme.killed', ['--rate', '400']);
    await vi.waitUntil(
      async () => (await manager.streams.info('REPLAY_acme_killed').catch(() => undefined))?.state.messages,
      { timeout: 30_000, interval: 20 },
    );
    await nats.kill();
    await nats.start();
    expect(outcomeOf(await process.ended)).toMatchObject({ sent: events.length, complete: true });
    await vi.waitUntil(() => !consumer.isClosed());
    expect(await idsIn('acme.killed')).toEqual(ids(events));
  });

  it('uses a stream of the operator that covers the subject, beside others that write to it', async () => {
    const manager = await consumer.jetstreamManager();
    await manager.streams.add({ name: 'SHARED', subjects: ['shared.>'] });
    const jetStream = consumer.jetstream();
    const others = new AbortController();
    const writing = (async () => {
      while (!others.signal.aborted) await jetStream.publish('shared.other', 'x');
    })();
    await run('shared.mine');
    others.abort();
    await writing;
    expect(await idsIn('shared.mine')).toEqual(ids(events));
  });

  it.each([
    [['teampulse.mine'], 'not yours'],
    [['teampulse'], 'not yours'],
    [['acme.*'], 'without wildcards'],
    [['acme.mine', '--from', 'yesterday'], 'a place is'],
    [['acme.mine', '--types', 'work.Nothing'], 'no type of event'],
  ])('refuses %j', async ([subject = '', ...more], message) => {
    const { code, stderr } = await start(subject, more).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses a workspace that does not exist, and the stream of live events under whatever name', async () => {
    const none = await start('acme.none', ['--workspace', randomUUID()]).ended;
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('there is no workspace');
    const manager = await consumer.jetstreamManager();
    await manager.streams.add({ name: 'TEAMPULSE', subjects: ['teampulse.>', 'live.>'] });
    const live = await start('live.mine').ended;
    expect(live.code).toBe(1);
    expect(live.stderr).toContain('belongs to the stream TEAMPULSE');
  });
});
