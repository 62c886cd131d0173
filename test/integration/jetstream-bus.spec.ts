import { randomUUID } from 'node:crypto';
import { connect, nanos, type JsMsg, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/adapters/logging/logger.js';
import type { CloudEvent } from '../../src/adapters/nats/cloud-event.js';
// The publisher's process knows every type of event.
import '../../src/domain/event-catalogue.js';
import { JetStreamBus, liveEvents, STREAM } from '../../src/adapters/nats/jetstream-bus.js';
import { OrderedPublisher } from '../../src/adapters/nats/ordered-publisher.js';
import { publishLog, type PublishedPosition } from '../../src/adapters/nats/publish-log.js';
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { EventLog, type LogItem, type SubscribeOptions } from '../../src/projections/ports/event-log.port.js';
import { hasNats, NatsServer } from '../support/nats.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const workspaceId = randomUUID();
const STREAMS = 7;

/** Events of several streams, mixed; the n-th stands at position n + 1. */
function eventsOf(count: number): RecordedEvent[] {
  const streams = Array.from({ length: STREAMS }, () => `task-${randomUUID()}`);
  return Array.from({ length: count }, (_, n) => {
    const commandId = randomUUID();
    return {
      id: randomUUID(),
      streamName: streams[n % STREAMS] ?? '',
      revision: Math.floor(n / STREAMS),
      position: { commit: BigInt(n + 1), prepare: BigInt(n + 1) },
      type: 'work.TaskMoved',
      data: { from: 'a', to: 'b' },
      metadata: {
        workspaceId,
        actor: { kind: 'user', id: 'u1' },
        commandId,
        $correlationId: commandId,
        $causationId: commandId,
        schemaVersion: 1,
        occurredAt: '2026-03-01T09:30:00.000Z',
      },
      recordedAt: '2026-03-02T00:00:00.000Z',
    };
  });
}

/** A log that ends: what the publisher reads, without a store. */
class FiniteLog extends EventLog {
  constructor(private readonly events: readonly RecordedEvent[]) {
    super();
  }
  async *subscribe({ after, signal }: SubscribeOptions): AsyncIterable<readonly LogItem[]> {
    const rest = this.events.filter((event) => event.position.commit > (after?.commit ?? 0n));
    for (let from = 0; from < rest.length && !signal.aborted; from += 300)
      yield rest.slice(from, from + 300).map((event) => ({ kind: 'event', event, bytes: 100 }));
  }
  async readAgain(): Promise<readonly []> {
    return [];
  }
  async head(): Promise<LogPosition | undefined> {
    return this.events.at(-1)?.position;
  }
}

class KeptPosition implements PublishedPosition {
  at: LogPosition | undefined;
  /** Set to stand for a crash between the bus's answer and the checkpoint. */
  beforeAdvance: (to: LogPosition) => void = () => undefined;
  async read(): Promise<LogPosition | undefined> {
    return this.at;
  }
  async advance(from: LogPosition | undefined, to: LogPosition): Promise<void> {
    if (from?.commit !== this.at?.commit) throw new Error('another publisher has taken over');
    this.beforeAdvance(to);
    this.at = to;
  }
}

describe.runIf(hasNats())('publishing to JetStream', () => {
  const server = new NatsServer();
  let consumer: NatsConnection;
  const open: JetStreamBus[] = [];

  beforeAll(async () => {
    await server.start();
    consumer = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map(async (bus) => bus.close()));
    await (await consumer.jetstreamManager()).streams.delete(STREAM);
  });
  afterAll(async () => {
    await consumer.close();
    await server.stop();
  });

  async function newBus(): Promise<JetStreamBus> {
    const bus = await JetStreamBus.connect({ url: server.url, logger });
    open.push(bus);
    return bus;
  }

  async function publishAll(events: readonly RecordedEvent[], published = new KeptPosition(), signal?: AbortSignal) {
    const bus = await newBus();
    await publishLog({
      log: new FiniteLog(events),
      bus,
      published,
      logger,
      signal: signal ?? new AbortController().signal,
    });
  }

  /** Every message of the stream, in its order. */
  async function received(): Promise<JsMsg[]> {
    const manager = await consumer.jetstreamManager();
    const { messages } = (await manager.streams.info(STREAM)).state;
    const found: JsMsg[] = [];
    if (messages === 0) return found;
    const ordered = await consumer.jetstream().consumers.get(STREAM);
    for await (const message of await ordered.consume()) {
      found.push(message);
      if (found.length === messages) break;
    }
    return found;
  }

  /** Stronger than order per stream: the order of the whole log. */
  async function expectExactly(events: readonly RecordedEvent[]): Promise<void> {
    const ids = (await received()).map((message) => message.json<CloudEvent>().id);
    expect(ids.length).toBe(events.length);
    expect(ids).toEqual(events.map((event) => event.id));
  }

  it('sends CloudEvents under workspace, capability and type', async () => {
    const events = eventsOf(1);
    await publishAll(events);
    const [message] = await received();
    expect(message?.subject).toBe(`teampulse.${workspaceId}.work.TaskMoved`);
    expect(message?.headers?.get('Nats-Msg-Id')).toBe(events[0]?.id);
    expect(message?.headers?.get('Content-Type')).toContain('application/cloudevents+json');
    expect(message?.json<CloudEvent>()).toMatchObject({
      specversion: '1.0',
      id: events[0]?.id,
      source: `/teampulse/workspaces/${workspaceId}`,
      type: 'work.TaskMoved',
      subject: events[0]?.streamName,
      time: '2026-03-01T09:30:00.000Z',
      recordedat: '2026-03-02T00:00:00.000Z',
      workspaceid: workspaceId,
      position: '1/1',
      revision: 0,
      schemaversion: 1,
      dataschema: 'urn:teampulse:event:work.TaskMoved:1',
      data: { from: 'a', to: 'b' },
    });
    for (const name of Object.keys(message?.json<CloudEvent>() ?? {})) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  });

  it('says which version the data is of, not which it was written as', async () => {
    const [event] = eventsOf(1);
    if (!event) throw new Error('no event');
    await publishAll([{ ...event, metadata: { ...event.metadata, schemaVersion: 7 } }]);
    expect((await received())[0]?.json<CloudEvent>().schemaversion).toBe(1);
  });

  it('sends what is too large for NATS without its data, with a reference to it, and goes on', async () => {
    const events = eventsOf(9);
    const large = events[4];
    if (!large) throw new Error('no event');
    events[4] = { ...large, data: { from: 'x'.repeat(1_100_000), to: 'b' } };
    await publishAll(events);
    await expectExactly(events);
    const message = (await received())[4]?.json<CloudEvent>();
    expect(message).toMatchObject({ id: large.id, dataref: `/events/${large.streamName}/${large.revision}/data` });
    expect(message).not.toHaveProperty('data');
  });

  it("keeps to an operator's own bound on messages", async () => {
    const manager = await consumer.jetstreamManager();
    await manager.streams.add({ name: STREAM, subjects: ['teampulse.>'], max_msg_size: 4_096 });
    const events = eventsOf(3);
    const large = events[1];
    if (!large) throw new Error('no event');
    events[1] = { ...large, data: { from: 'x'.repeat(5_000), to: 'b' } };
    await publishAll(events);
    await expectExactly(events);
    expect((await received()).map((message) => 'data' in message.json<CloudEvent>())).toEqual([true, false, true]);
  });

  it('keeps the order of every stream', async () => {
    const events = eventsOf(3_000);
    await publishAll(events);
    await expectExactly(events);
  });

  it('sends nothing again when the publisher died before it could store how far it came', async () => {
    const events = eventsOf(2_000);
    const published = new KeptPosition();
    published.beforeAdvance = (to) => {
      if (to.commit > 900n) throw new Error('killed');
    };
    await expect(publishAll(events, published)).rejects.toThrow('killed');
    published.beforeAdvance = () => undefined;
    await publishAll(events, published);
    await expectExactly(events);
  });

  it('loses and doubles nothing when the connection breaks in the middle of a batch', async () => {
    const events = eventsOf(2_000);
    const published = new KeptPosition();
    const bus = await newBus();
    const stop = new AbortController();
    const running = publishLog({ log: new FiniteLog(events), bus, published, logger, signal: stop.signal });
    await vi.waitUntil(() => (published.at?.commit ?? 0n) >= 300n, { interval: 1 });
    await bus.close();
    stop.abort();
    await running;
    await publishAll(events, published);
    await expectExactly(events);
  });

  it('loses and doubles nothing when NATS is killed and comes back', async () => {
    const events = eventsOf(3_000);
    const published = new KeptPosition();
    let killed: Promise<void> | undefined;
    published.beforeAdvance = (to) => {
      if (to.commit >= 900n) killed ??= server.kill().then(async () => server.start());
    };
    await publishAll(events, published);
    await killed;
    expect(killed).toBeDefined();
    await expectExactly(events);
  });

  it('lets two publishers at once do no harm', async () => {
    const events = eventsOf(2_000);
    await Promise.all([publishAll(events), publishAll(events)]);
    await expectExactly(events);
  });

  it('leaves a stream alone that an operator has set up', async () => {
    const manager = await consumer.jetstreamManager();
    await manager.streams.add({ name: STREAM, subjects: ['teampulse.>'], max_msgs: 10 });
    await publishAll(eventsOf(50));
    const { config, state } = await manager.streams.info(STREAM);
    expect(config.max_msgs).toBe(10);
    expect(state.last_seq).toBe(50);
  });

  /** What is in the stream of ours, in its order. */
  const ours = async (): Promise<string[]> =>
    (await received()).filter(({ headers }) => headers?.has('Teampulse-Position')).map((message) => message.json<CloudEvent>().id); // prettier-ignore

  it("does not let a stranger's message stand for one that was lost", async () => {
    const events = eventsOf(20);
    const connection = await connect({ servers: server.url });
    const jetStream = connection.jetstream();
    // The seventh is lost on its way, and the stranger's comes in at its place, before those behind it.
    let lost = false;
    const losing = {
      publish: async (...message: Parameters<typeof jetStream.publish>) => {
        if (lost || message[2]?.msgID !== events[6]?.id) return jetStream.publish(...message);
        lost = true;
        await jetStream.publish('teampulse.stranger', 'x');
        throw new Error('lost');
      },
    };
    const target = liveEvents(connection);
    // The client as it is, but for what it loses.
    vi.spyOn(connection, 'jetstream').mockReturnValue(Object.assign(Object.create(jetStream), losing));
    const publisher = new OrderedPublisher({ connection, target, logger });
    await publisher.publish(events, new AbortController().signal);
    await connection.close();
    expect(lost).toBe(true);
    expect(await ours()).toEqual(events.map(({ id }) => id));
    expect(await received()).toHaveLength(21);
  });

  it('sends nothing again after a restart, however late, when strangers have written behind it', async () => {
    const manager = await consumer.jetstreamManager();
    // Nothing is remembered by its id: what stands there has to say it.
    await manager.streams.add({ name: STREAM, subjects: ['teampulse.>'], duplicate_window: nanos(100) });
    const events = eventsOf(600);
    await publishAll(events.slice(0, 500));
    for (let n = 0; n < 20; n++) await consumer.jetstream().publish('teampulse.stranger', 'x');
    // Its checkpoint was not stored.
    await publishAll(events);
    expect(await ours()).toEqual(events.map(({ id }) => id));
  });
});
