/**
 * Reads the log for the shares that a worker runs: once for all that are level with it, and once for all that are found behind at
 * the same time (rebuilds, the start of a worker), until they are level and join. One that can't keep up with the others is
 * read for on its own until it has.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog, LoggedEvent, LogItem } from '../ports/event-log.port.js';
import { positionOf, type Arrival } from './arrival-queue.js';
import type { BuildRunner } from './build-runner.js';
import { trouble, type EngineNotice } from './notices.js';
import { shardOf } from './shard-of.js';

/** How long one full queue may hold back all others. */
const PATIENCE_MS = 2_000;
const RETRY_MS = 500;
/** How long the shared reader waits at its start for builds that are nearly level, and how often it looks. */
const LEVEL_MS = 500;
const LOOK_MS = 10;

/** A share that is being run, and takes what is read for it. */
export interface Fed {
  readonly runner: BuildRunner;
  readonly abort: AbortController;
  /** Fed by the shared reader. */
  attached: boolean;
}

export interface FeederParts {
  readonly log: EventLog;
  readonly notice: (notice: EngineNotice) => void;
  /** Every share that is being run now. */
  readonly running: () => Iterable<Fed>;
  /** Ends all reading. */
  readonly signal: AbortSignal;
}

export class LogFeeder {
  #sharedTo: LogPosition | undefined;
  #shared: Promise<void> | undefined;
  /** Ends the shared reader's subscription, so that it begins another. */
  #reading = new AbortController();

  constructor(private readonly parts: FeederParts) {}

  /** Where the shared reader stands; undefined before its first event. */
  get readTo(): LogPosition | undefined {
    return this.#sharedTo;
  }

  /** Goes on from there over a new connection. */
  readAnew(): void {
    this.#reading.abort();
  }

  /** Reads for shares that were just taken, all that were free at a time. */
  feed(taken: readonly Fed[]): void {
    // Only now is every share known that was free: joined any earlier, one that is behind would miss what lies between it and
    // one that is taken after it, further on. The first ones decide where the shared reader begins: at the furthest.
    if (!this.#shared) for (const { runner } of taken) if (isAfter(runner.position, this.#sharedTo)) this.#sharedTo = runner.position; // prettier-ignore
    const behind = this.#behind(taken);
    if (behind.length > 0) void this.#readTogether(behind);
    this.#shared ??= this.#readForAll();
  }

  /** With nothing to feed: follows the log from its end, ready for what will come. */
  async idle(): Promise<void> {
    if (this.#shared) return;
    this.#sharedTo = await this.parts.log.head();
    this.#shared ??= this.#readForAll();
  }

  /** Once the signal has ended the shared reader. */
  async ended(): Promise<void> {
    await this.#shared;
  }

  /** Feeds builds, from where the furthest behind of them is, until each is level with the shared reader. */
  async #readTogether(members: readonly Fed[]): Promise<void> {
    let behind = members;
    while ((behind = this.#behind(behind)).length > 0) {
      const reading = new AbortController();
      const leave = (): void => {
        if (behind.every(({ abort }) => abort.signal.aborted)) reading.abort();
      };
      for (const { abort } of behind) abort.signal.addEventListener('abort', leave);
      try {
        const [only] = behind;
        const after = behind.map(({ runner }) => runner.queuedTo).reduce((a, b) => (isAfter(a, b) ? b : a));
        const isOne = behind.every(({ runner }) => runner.projection === only?.runner.projection);
        const typePrefixes = isOne && only?.runner.types ? [...only.runner.types] : undefined;
        for await (const items of this.parts.log.subscribe({ after, typePrefixes, signal: reading.signal })) {
          for (const { runner } of behind) runner.offer(stretchFor(runner, items));
          behind = this.#behind(behind);
          if (behind.length === 0) return;
          behind = await this.#withRoom(behind);
        }
      } catch (error) {
        if (!reading.signal.aborted) this.parts.notice(trouble(error));
      } finally {
        for (const { abort } of members) abort.signal.removeEventListener('abort', leave);
        reading.abort();
      }
      if (this.#behind(behind).length > 0) await delay(RETRY_MS);
    }
  }

  /** Those that have not joined the shared reader now, and have not ended. */
  #behind(members: readonly Fed[]): readonly Fed[] {
    return members.filter((running) => !running.abort.signal.aborted && !this.#join(running));
  }

  /** Waits until all can take more; one that takes too long goes on by itself. */
  async #withRoom(members: readonly Fed[]): Promise<readonly Fed[]> {
    const staying: Fed[] = [];
    for (const running of members) {
      const { runner } = running;
      while (members.length === 1 && runner.queue.full && !runner.signal.aborted) {
        await runner.queue.room(PATIENCE_MS, runner.signal);
      }
      if (!runner.queue.full || (await runner.queue.room(PATIENCE_MS, runner.signal)) || runner.signal.aborted) {
        staying.push(running);
      } else this.#alone(running);
    }
    return staying;
  }

  #alone(running: Fed): void {
    const { projection, lease } = running.runner;
    this.parts.notice({ kind: 'detached', projection: projection.name, build: lease.buildId });
    void this.#readTogether([running]);
  }

  /** A build that serves, and has read as far as the shared reader, needs no reader of its own. */
  #join(running: Fed): boolean {
    const { runner } = running;
    if (!runner.serves || isAfter(this.#sharedTo, runner.queuedTo)) return false;
    running.attached = true;
    return true;
  }

  async #readForAll(): Promise<void> {
    const { signal } = this.parts;
    // What was passed over is stored a moment later, so that builds rarely begin at the very same place: the reader waits until
    // those that are nearly level have joined, and then reads for all.
    for (let waited = 0; waited < LEVEL_MS && this.#anyBehind(); waited += LOOK_MS) await delay(LOOK_MS);
    while (!signal.aborted) {
      try {
        this.#reading = new AbortController();
        const until = AbortSignal.any([signal, this.#reading.signal]);
        for await (const items of this.parts.log.subscribe({ after: this.#sharedTo, signal: until }))
          await this.#share(items);
      } catch (error) {
        if (!signal.aborted) this.parts.notice(trouble(error));
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #anyBehind(): boolean {
    return [...this.parts.running()].some(({ runner, attached }) => runner.serves && !attached);
  }

  async #share(items: readonly LogItem[]): Promise<void> {
    const attached = [...this.parts.running()].filter((running) => running.attached);
    for (const { runner } of attached) runner.offer(stretchFor(runner, items));
    this.#sharedTo = endOf(items) ?? this.#sharedTo;
    for (const running of attached) {
      const { runner } = running;
      if (!runner.queue.full || (await runner.queue.room(PATIENCE_MS, runner.signal)) || runner.signal.aborted)
        continue;
      running.attached = false;
      this.#alone(running);
    }
  }
}

/** What a share takes of a stretch of the log. */
function stretchFor({ types, queuedTo, shards, lease }: BuildRunner, items: readonly LogItem[]): Arrival {
  const events: LoggedEvent[] = [];
  let caughtUp = false;
  for (const item of items) {
    if (item.kind === 'caughtUp') caughtUp = true;
    else if (item.kind === 'checkpoint') continue;
    else if (
      wants(types, item.kind === 'event' ? item.event.type : item.type) &&
      isAfter(positionOf(item), queuedTo) &&
      shardOf(item.kind === 'event' ? item.event.streamName : item.streamName, shards) === lease.shard
    ) {
      events.push(item);
    }
  }
  return { events, to: endOf(items), caughtUp };
}

const wants = (types: ReadonlySet<string> | undefined, type: string): boolean => types === undefined || types.has(type);

function endOf(items: readonly LogItem[]): LogPosition | undefined {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item && item.kind !== 'caughtUp') return item.kind === 'event' ? item.event.position : item.position;
  }
  return undefined;
}

/** Whether `a` is later than `b`; undefined is before the first event. */
const isAfter = (a: LogPosition | undefined, b: LogPosition | undefined): boolean =>
  a !== undefined && (b === undefined || comparePositions(a, b) > 0);
