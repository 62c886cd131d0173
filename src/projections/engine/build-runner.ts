/**
 * Applies the log to one build, batch after batch.
 *
 *   running ──an event that can't be applied──► stopped, with the reason in control.builds
 *      ├── Postgres away ──► the same batch again, until it is back
 *      ├── caught up ──► indexes made, and when it was building beside a live build: views switched
 *      └── checkpoint moved by somebody else ──► lost: given up without a trace, whoever moved it owns it
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import { comparePositions, type PositionRegistry } from '../ports/position-registry.js';
import { DatabaseError, type WriteDatabase } from '../ports/write-database.port.js';
import { ArrivalQueue, isMalformed, type Arrival, type Malformed } from './arrival-queue.js';
import { createBatchWriter, type BatchWriter } from './batch-writer.js';
import { CheckpointLost, clearStop, makeIndexes, recordStop, switchOver, type Build } from './build-registry.js';
import type { CheckpointAdvancer, Move } from './checkpoints.js';
import { FoldFailure } from './fold.js';
import type { EngineNotice } from './notices.js';
import { Pace } from './pace.js';
import type { Projection } from './projection.js';

/** Large enough that the cost of a transaction hardly counts, small enough to be done in some tens of milliseconds. */
const BATCH_EVENTS = 2_048;
/** Faults that are nobody's: a deadlock, a serialisation failure the server did not call one. Then it is the event. */
const ATTEMPTS = 3;
const MOST_PAUSE_MS = 1_000;
/** How long a quiet log is waited for before the log is asked whether there is more: not every server says `caughtUp`. */
const QUIET_MS = 500;

export interface RunnerParts {
  readonly database: WriteDatabase;
  readonly advancer: CheckpointAdvancer;
  readonly positions: PositionRegistry;
  readonly head: () => Promise<LogPosition | undefined>;
  readonly notice: (notice: EngineNotice) => void;
}

export type RunnerEnd = 'aborted' | 'stopped' | 'lost';

export class BuildRunner {
  readonly queue = new ArrivalQueue();
  /** Event types it takes; undefined when it takes all. */
  readonly types: ReadonlySet<string> | undefined;
  /** The end of what was put into the queue. */
  queuedTo: LogPosition | undefined;
  /** The end of what is committed. */
  position: LogPosition | undefined;
  caughtUp = false;
  serves: boolean;
  readonly #writer: BatchWriter;
  readonly #pace = new Pace();
  #indexed: boolean;
  #stopRecorded: boolean;

  constructor(
    readonly projection: Projection,
    readonly build: Build,
    private readonly parts: RunnerParts,
    readonly signal: AbortSignal,
  ) {
    this.types = projection.events === 'all' ? undefined : new Set(projection.events.map(({ type }) => type));
    this.position = build.position;
    this.queuedTo = build.position;
    this.serves = build.state === 'live';
    this.#indexed = build.indexed;
    this.#stopRecorded = build.stopped !== undefined;
    this.#writer = createBatchWriter(parts.database, projection, build.id);
    this.#announce();
  }

  /** Puts a stretch of the log into the queue; a stretch that is in it already is ignored. */
  offer(arrival: Arrival): void {
    if (arrival.to && this.queuedTo && comparePositions(arrival.to, this.queuedTo) <= 0) {
      if (arrival.caughtUp) this.queue.push({ events: [], to: undefined, caughtUp: true });
      return;
    }
    this.queuedTo = arrival.to ?? this.queuedTo;
    this.queue.push(arrival);
  }

  /** Until the signal, or an event that can't be applied, or the loss of the build to somebody else. */
  async run(): Promise<RunnerEnd> {
    try {
      while (!this.signal.aborted) {
        const arrival = this.queue.take(BATCH_EVENTS);
        if (!arrival) await this.#waitForMore();
        else {
          await this.#apply(arrival);
          if (arrival.caughtUp) this.caughtUp = true;
          if (this.caughtUp) await this.#afterCatchUp();
          // Under load, what arrives in the meantime shares the next transaction.
          if (this.queue.events < BATCH_EVENTS) await this.#pace.rest(arrival.events.length, this.signal);
        }
      }
      return 'aborted';
    } catch (error) {
      if (this.signal.aborted) return 'aborted';
      if (error instanceof CheckpointLost) {
        this.parts.notice({ kind: 'lost', ...this.#about() });
        return 'lost';
      }
      const { position, reason } = error instanceof Unappliable ? error : { position: this.position, reason: String(error) }; // prettier-ignore
      await this.#patiently(async () => recordStop(this.parts.database, this.build.id, position, reason));
      this.parts.notice({ kind: 'stopped', ...this.#about(), position, reason });
      return 'stopped';
    }
  }

  async #waitForMore(): Promise<void> {
    await this.queue.arrival(QUIET_MS, this.signal);
    if (this.caughtUp || this.signal.aborted || this.queue.events > 0) return;
    const head = await this.parts.head().catch(() => undefined);
    const at = this.queuedTo;
    if (head && at && comparePositions(at, head) >= 0) this.offer({ events: [], to: undefined, caughtUp: true });
  }

  async #apply({ events, to }: Arrival): Promise<void> {
    if (to === undefined) return;
    if (events.length === 0) {
      await this.#patiently(async () => this.parts.advancer.advance(this.#move(to, 0)));
      return this.#moved(to);
    }
    const { good, bad } = upToMalformed(events);
    const last = good.at(-1);
    if (last) await this.#applyEvents(good, bad ? last.position : to);
    if (!bad) return;
    const { position, type, streamName, id, error } = bad;
    throw new Unappliable(position, `${type} ${id} of ${streamName} can't be read: ${error.message}`);
  }

  /** All of them, or those before the one at fault, which is found by halving where the database and not the fold refuses it. */
  async #applyEvents(events: readonly RecordedEvent[], to: LogPosition): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#patiently(async () => this.#writer.apply(events, this.#move(to, events.length)));
        break;
      } catch (error) {
        if (error instanceof CheckpointLost || this.signal.aborted) throw error;
        if (error instanceof FoldFailure && error.index > 0) return this.#applyInParts(events, error.index, to);
        if (!(error instanceof FoldFailure) && events.length > 1) {
          return this.#applyInParts(events, events.length >> 1, to);
        }
        const [event] = events;
        if (!event) throw error;
        if (attempt >= ATTEMPTS) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Unappliable(event.position, `${event.type} ${event.id} of ${event.streamName}: ${reason}`, error);
        }
      }
    }
    await this.#moved(to);
  }

  async #applyInParts(events: readonly RecordedEvent[], at: number, to: LogPosition): Promise<void> {
    const first = events.slice(0, at);
    const last = first.at(-1);
    if (last) await this.#applyEvents(first, last.position);
    await this.#applyEvents(events.slice(at), to);
  }

  async #afterCatchUp(): Promise<void> {
    if (!this.#indexed) {
      await this.#patiently(async () => makeIndexes(this.parts.database, this.projection, this.build.id));
      this.#indexed = true;
      this.parts.notice({ kind: 'caughtUp', ...this.#about(), position: this.position });
      // A build has fallen behind meanwhile: what has arrived first, the switch after.
      if (!this.serves && this.queue.events > 0) return;
    }
    if (this.serves) return;
    const self = { ...this.build, position: this.position };
    this.serves = await switchOver(this.parts.database, this.projection, self).catch((error: unknown) => {
      // A reader held the view longer than the exchange may wait: again after the next batch.
      if (error instanceof DatabaseError) return false;
      throw error;
    });
    if (!this.serves) return;
    this.parts.notice({ kind: 'switched', ...this.#about() });
    this.#announce();
  }

  /** Again and again while Postgres is away: there is nothing else to do, and nothing is lost by waiting. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let pause = 20; ; pause = Math.min(pause * 2, MOST_PAUSE_MS)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof DatabaseError && error.transient) || this.signal.aborted) throw error;
        this.parts.notice({ kind: 'waiting', ...this.#about(), error });
        await delay(pause, undefined, { signal: this.signal });
      }
    }
  }

  #move(to: LogPosition, events: number): Move {
    const { id: buildId } = this.build;
    return { buildId, projection: this.projection.name, announce: this.serves, from: this.position, to, events };
  }

  async #moved(to: LogPosition): Promise<void> {
    this.position = to;
    this.#announce();
    if (!this.#stopRecorded) return;
    await this.#patiently(async () => clearStop(this.parts.database, this.build.id));
    this.#stopRecorded = false;
  }

  #announce(): void {
    if (this.serves && this.position) this.parts.positions.advance(this.projection.name, this.position);
  }

  #about(): { projection: string; build: string } {
    return { projection: this.projection.name, build: this.build.id };
  }
}

/** An event that stops the projection until someone acts. */
class Unappliable extends Error {
  override readonly name = 'Unappliable';
  constructor(
    readonly position: LogPosition,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(reason, { cause });
  }
}

/** What stands before the first event that can't be read, and that one. */
function upToMalformed(items: Arrival['events']): { good: readonly RecordedEvent[]; bad: Malformed | undefined } {
  const good: RecordedEvent[] = [];
  for (const item of items) {
    if (isMalformed(item)) return { good, bad: item };
    good.push(item);
  }
  return { good, bad: undefined };
}
