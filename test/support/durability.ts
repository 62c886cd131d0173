/**
 * A workload that knows exactly what it is owed, and the checker that holds an event store to it.
 *
 * Writers append groups of events, each group with its own id, the same group again for as long as its outcome is unknown.
 * Followers read along, resuming from where they were whenever they are cut off. At the end the log must hold every
 * acknowledged group once, whole, together, at the revision and position that were acknowledged; groups that were never
 * acknowledged whole or not at all; and every follower must have seen the log, each event once and in order.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { resolve } from 'node:path';
import { inspect, isDeepStrictEqual } from 'node:util';
import { EventStoreDBClient, START, streamNameFilter, type Position } from '@eventstore/db-client';
import { z } from 'zod';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { EventStoreUnavailable } from '../../src/commands/ports/event-store.errors.js';
import type { NewEvent } from '../../src/commands/ports/event-store.port.js';
import { defineEvent } from '../../src/domain/shared/event.js';
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import { metadataOf } from './recorded-event.js';

export const happened = defineEvent(
  'fault.Happened',
  z.object({ group: z.uuid(), index: z.int(), of: z.int(), text: z.string() }),
);

const metadata = metadataOf(randomUUID());

interface Acknowledged {
  readonly group: string;
  readonly stream: string;
  /** Of the last event of the group. */
  readonly revision: number;
  readonly position: bigint;
  readonly size: number;
}

const WRITERS = 16;
/** Large groups take several messages and one large row each: more instants at which something can be half done. */
const SIZES = [1, 1, 2, 2, 5, 20];
const GROUPS_PER_STREAM = 10;

export class Workload {
  readonly acknowledged: Acknowledged[] = [];
  readonly #stopWriting = new AbortController();
  readonly #stopFollowing = new AbortController();
  readonly #adapter: EventStoreDbAdapter;
  readonly #reader: EventStoreDbAdapter;
  readonly #restless: EventStoreDbAdapter;
  readonly #client: EventStoreDBClient;
  readonly #seen = { steady: [] as string[], restless: [] as string[], filtered: [] as string[] };
  #writing: Promise<unknown> = Promise.resolve();
  #following: Promise<unknown> = Promise.resolve();

  constructor(connectionString: string) {
    this.#adapter = new EventStoreDbAdapter(connectionString, [happened]);
    this.#reader = new EventStoreDbAdapter(connectionString, [happened]);
    this.#restless = new EventStoreDbAdapter(connectionString, [happened]);
    this.#client = EventStoreDBClient.connectionString(connectionString);
  }

  start(): void {
    this.#writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)));
    this.#following = Promise.all([this.#followSteadily(), this.#followRestlessly(), this.#followFiltered()]);
    // Whoever waits for them sees their failures; until then they are not unhandled.
    this.#writing.catch(() => undefined);
    this.#following.catch(() => undefined);
  }

  /** Waits until so many groups more have been acknowledged. */
  async progress(groups: number): Promise<void> {
    const enough = this.acknowledged.length + groups;
    await Promise.race([until(() => this.acknowledged.length >= enough, 'appends go on'), this.#writing]);
  }

  /** Ends the writers, lets the followers catch up, and holds the store to what it owes. */
  async check(): Promise<void> {
    this.#stopWriting.abort();
    await this.#writing;
    const log: RecordedEvent[] = [];
    const leave = new AbortController();
    for await (const items of this.#reader.subscribe({ signal: leave.signal })) {
      for (const item of items) if (item.kind === 'event') log.push(item.event);
      if (items.some((item) => item.kind === 'caughtUp')) leave.abort();
    }
    checkLog(log, this.acknowledged);
    const ids = log.map(({ id }) => id);
    const ofFirstWriters = log.filter(({ streamName }) => streamName.startsWith(FILTER)).map(({ id }) => id);
    const { steady, restless, filtered } = this.#seen;
    const haveAll = (): boolean =>
      steady.length >= ids.length && restless.length >= ids.length && filtered.length >= ofFirstWriters.length;
    await Promise.race([until(haveAll, 'the followers have everything'), this.#following]);
    this.#stopFollowing.abort();
    await this.#following;
    sameOrder('a follower', steady, ids);
    sameOrder('a follower that comes and goes', restless, ids);
    sameOrder('a follower with a filter', filtered, ofFirstWriters);
  }

  async dispose(): Promise<void> {
    this.#stopWriting.abort();
    this.#stopFollowing.abort();
    await Promise.allSettled([this.#writing, this.#following]);
    await Promise.all([
      this.#adapter.dispose(),
      this.#reader.dispose(),
      this.#restless.dispose(),
      this.#client.dispose(),
    ]);
  }

  async #write(writer: number): Promise<void> {
    const { signal } = this.#stopWriting;
    while (!signal.aborted) {
      const stream = `fault${writer}-${randomUUID()}`;
      let last = -1;
      for (let groups = 0; groups < GROUPS_PER_STREAM && !signal.aborted; groups++) {
        const group = randomUUID();
        const events = newGroup(group, SIZES[randomInt(SIZES.length)] ?? 1);
        last = await this.#appendUntilKnown(stream, group, events, last);
      }
    }
  }

  async #appendUntilKnown(stream: string, group: string, events: readonly NewEvent[], last: number): Promise<number> {
    for (;;) {
      try {
        const result = await this.#adapter.append(stream, events, last < 0 ? 'no_stream' : last);
        if (result.outcome === 'conflict') {
          throw new Error(`conflict in ${stream}, which has one writer: expected ${last}, actual ${result.actual}`);
        }
        const { revision, position } = result;
        this.acknowledged.push({ group, stream, revision, position: position.commit, size: events.length });
        return revision;
      } catch (error) {
        if (!(error instanceof EventStoreUnavailable)) throw error;
      }
    }
  }

  async #followSteadily(): Promise<void> {
    for await (const items of this.#reader.subscribe({ signal: this.#stopFollowing.signal })) {
      for (const item of items) if (item.kind === 'event') this.#seen.steady.push(item.event.id);
    }
  }

  /** Leaves after every few events and comes back where it was, as a worker does that is restarted. */
  async #followRestlessly(): Promise<void> {
    const { signal } = this.#stopFollowing;
    let after: LogPosition | undefined;
    while (!signal.aborted) {
      let left = randomInt(1, 2_000);
      for await (const items of this.#restless.subscribe({ after, signal })) {
        for (const item of items) {
          if (item.kind === 'event') {
            this.#seen.restless.push(item.event.id);
            after = item.event.position;
            left--;
          } else if (item.kind === 'checkpoint') after = item.position;
        }
        if (left <= 0) break;
      }
    }
  }

  /** With the client alone, by stream names, resuming from the last event or checkpoint, whichever is later. */
  async #followFiltered(): Promise<void> {
    const { signal } = this.#stopFollowing;
    let after: Position | typeof START = START;
    while (!signal.aborted) {
      const subscription = this.#client.subscribeToAll({
        fromPosition: after,
        filter: streamNameFilter({
          prefixes: [FILTER],
          maxSearchWindow: 32,
          checkpointInterval: 1,
          checkpointReached: async (_, position) => {
            // The client calls this as soon as the checkpoint arrives, when events before it may still wait in its buffer.
            if (subscription.readableLength === 0) after = position;
            await Promise.resolve();
          },
        }),
      });
      const leave = (): void => void subscription.unsubscribe().catch(() => undefined);
      signal.addEventListener('abort', leave);
      try {
        for await (const { event } of subscription) {
          if (!event) continue;
          this.#seen.filtered.push(event.id);
          after = event.position ?? after;
        }
      } catch {
        await delay(20);
      } finally {
        signal.removeEventListener('abort', leave);
      }
    }
  }
}

function sameOrder(who: string, seen: readonly string[], owed: readonly string[]): void {
  const at = owed.findIndex((id, index) => seen[index] !== id);
  if (at >= 0 || seen.length !== owed.length) {
    throw new Error(`${who} saw ${seen.length} of ${owed.length} events, the first wrong one is number ${at}`);
  }
}

/** Streams of one writer. */
const FILTER = 'fault1-';

function newGroup(group: string, size: number): NewEvent[] {
  return Array.from({ length: size }, (_, index) => ({
    id: randomUUID(),
    type: happened.type,
    data: { group, index, of: size, text: 'x'.repeat(randomInt(300)) },
    metadata,
  }));
}

export function checkLog(log: readonly RecordedEvent[], acknowledged: readonly Acknowledged[]): void {
  if (new Set(log.map(({ id }) => id)).size !== log.length) throw new Error('an event is there twice');
  const revisions = new Map<string, number>();
  const groups = new Map<string, { stream: string; revision: number; position: bigint; size: number }>();
  let before: { group: string; index: number; of: number } | undefined;
  let position = 0n;
  for (const event of log) {
    const data = happened.schema.parse(event.data);
    if (event.position.commit <= position) throw new Error(`positions do not grow at ${event.position.commit}`);
    position = event.position.commit;
    const revision = (revisions.get(event.streamName) ?? -1) + 1;
    if (event.revision !== revision)
      throw new Error(`${event.streamName} has ${event.revision} where ${revision} is due`);
    revisions.set(event.streamName, revision);
    // A group is whole and together: its first event follows a last one, every other its predecessor.
    const whole = before === undefined || before.index === before.of - 1;
    const follows = before?.group === data.group && data.index === before.index + 1;
    if (data.index === 0 ? !whole : !follows) throw new Error(`half an append at position ${position}`);
    if (data.index === 0 && groups.has(data.group))
      throw new Error(`an append is there twice, at position ${position}`);
    groups.set(data.group, { stream: event.streamName, revision, position, size: data.of });
    before = data;
  }
  if (before && before.index !== before.of - 1) throw new Error('half an append at the end');
  for (const { group, ...said } of acknowledged) {
    const found = groups.get(group);
    if (!found) throw new Error(`lost: ${said.stream}@${said.revision} at ${said.position}`);
    if (!isDeepStrictEqual(found, said))
      throw new Error(`acknowledged was ${inspect(said)}, there is ${inspect(found)}`);
  }
}

export async function until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`did not happen in time: ${what}`);
    await delay(5);
  }
}

/** The server as its own process, as people run it, at a port that it keeps. */
export class ServerProcess {
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(private readonly postgresUrl: string) {}

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** @returns its connection string */
  async start(): Promise<string> {
    const args = ['eventstore', '--port', String(this.#port), '--postgres-url', this.postgresUrl];
    const child = fork(resolve('dist/cli/main.js'), args, { stdio: 'ignore' });
    this.#child = child;
    const connectionString = await new Promise<string>((ready, reject) => {
      child.once('message', (message: { address: string }) => ready(message.address));
      child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
    });
    this.#port = Number(new URL(connectionString.replace('esdb', 'http')).port);
    return connectionString;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((ended) => {
      child.once('exit', ended);
      child.kill(signal);
    });
  }
}
