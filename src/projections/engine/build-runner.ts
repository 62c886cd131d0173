/**
 * Applies the log to one share of a build, batch after batch.
 *
 *   running ──an event that can't be applied──► parked where the build serves; else stopped, with the reason in control.checkpoints
 *      ├── Postgres away ──► the same batch again, until it is back
 *      ├── all history read ──► rests until the build's indexes are made; see build-leader.ts
 *      └── checkpoint moved by somebody else ──► lost: given up without a trace, whoever moved it owns it
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog } from '../ports/event-log.port.js';
import { comparePositions, type PositionRegistry } from '../ports/position-registry.js';
import { DatabaseError, type WriteDatabase } from '../ports/write-database.port.js';
import { ArrivalQueue, type Arrival, type Limit } from './arrival-queue.js';
import { BatchApplier, Unappliable } from './batch-applier.js';
import { CheckpointLost, clearStop, recordLoaded, recordStop, type Build, type Share } from './build-registry.js';
import type { Checkpoint, GroupCommitter } from './group-commit.js';
import type { Lease } from './leases.js';
import type { EngineNotice } from './notices.js';
import type { Projection } from './projection.js';

/**
 * A day and a half of a busy shop: a sum that changes often is written once. Larger ones save less than the garbage collector
 * then takes, because what is dropped young costs it nothing.
 */
const BATCH: Limit = { events: 2_048, bytes: 4 * 2 ** 20 };
const MOST_PAUSE_MS = 1_000;
/** How long a quiet log is waited for before the log is asked whether there is more: not every server says `caughtUp`. */
const QUIET_MS = 500;
/** Having caught up there is nothing to ask; only the loss of the checkpoint is looked for. */
const IDLE_MS = 2_000;

export interface RunnerParts {
  readonly database: WriteDatabase;
  readonly committer: GroupCommitter;
  readonly positions: PositionRegistry;
  readonly head: () => Promise<LogPosition | undefined>;
  readonly readAgain: EventLog['readAgain'];
  readonly notice: (notice: EngineNotice) => void;
}

export type RunnerEnd = 'aborted' | 'stopped' | 'lost';

export class BuildRunner {
  readonly queue = new ArrivalQueue();
  /** Event types it takes; undefined when it takes all. */
  readonly types: ReadonlySet<string> | undefined;
  /** The end of what was put into the queue. */
  queuedTo: LogPosition | undefined;
  /** The end of what was applied. */
  position: LogPosition | undefined;
  caughtUp = false;
  readonly #checkpoint: Checkpoint;
  readonly #applier: BatchApplier;
  /** As it was seen last. */
  #build: Build;
  #loaded: boolean;
  #seen: (() => void) | undefined;
  #fault: Error | undefined;
  #stopRecorded: boolean;
  /** Waits for the log, with nothing under way. */
  #isIdle = false;
  /** Operators may have asked for parked events. */
  #mayBeAsked = true;

  constructor(
    readonly projection: Projection,
    build: Build,
    share: Share,
    private readonly parts: RunnerParts,
    readonly signal: AbortSignal,
  ) {
    this.types = projection.events === 'all' ? undefined : new Set(projection.events.map(({ type }) => type));
    this.#build = build;
    this.position = share.position;
    this.queuedTo = share.position;
    this.#checkpoint = {
      buildId: build.id,
      shard: share.shard,
      epoch: share.epoch,
      projection: projection.name,
      shards: build.shards,
      stored: share.position,
      announce: build.state === 'live',
      lost: false,
    };
    this.#loaded = share.loaded;
    this.#stopRecorded = share.stopped !== undefined;
    const applierParts = {
      ...parts,
      signal,
      patiently: async <T>(work: () => Promise<T>): Promise<T> => this.#patiently(work),
      moved: async (to: LogPosition): Promise<void> => this.#moved(to),
    };
    const sums = build.appends && !build.indexed ? 'append' : 'add';
    this.#applier = new BatchApplier(projection, this.#checkpoint, applierParts, sums);
    const wake = (): void => {
      this.queue.wake();
      this.#seen?.();
    };
    signal.addEventListener('abort', wake, { once: true });
    this.#announce();
  }

  get serves(): boolean {
    return this.#checkpoint.announce;
  }

  get lease(): Lease {
    return this.#checkpoint;
  }

  get shards(): number {
    return this.#build.shards;
  }

  /** What has become of the build, which others work at as well. */
  see(build: Build): void {
    this.#build = build;
    const begins = build.state === 'live' && !this.serves;
    this.#checkpoint.announce ||= begins;
    if (begins) this.#announce();
    this.#seen?.();
  }

  /** What has to be done for the build as a whole can't be: the share stops, and says so. */
  fail(fault: Error): void {
    this.#fault = fault;
    this.#seen?.();
  }

  /** Puts a stretch of the log into the queue; a stretch that is in it already is ignored. */
  offer(arrival: Arrival): void {
    const { to, events, caughtUp } = arrival;
    if (to && this.queuedTo && comparePositions(to, this.queuedTo) <= 0) {
      if (caughtUp && !this.caughtUp) this.queue.push({ events: [], to: undefined, caughtUp: true });
      return;
    }
    this.queuedTo = to ?? this.queuedTo;
    // Most of a log is of no interest to most projections: no reason to wake up.
    const isNews = caughtUp && !this.caughtUp;
    if (events.length === 0 && !isNews && this.#isIdle && this.serves && this.queue.isEmpty) {
      if (to) this.#pass(to);
    } else {
      this.queue.push(arrival);
    }
  }

  /** Until the signal, or an event that can't be applied, or the loss of the build to somebody else. */
  async run(): Promise<RunnerEnd> {
    try {
      return await this.#untilEnd();
    } finally {
      await this.#applier.end();
      await this.parts.committer.leave(this.#checkpoint);
    }
  }

  async #untilEnd(): Promise<RunnerEnd> {
    try {
      await this.#applier.start(this.position);
      if (this.#loaded) await this.#untilIndexed();
      while (!this.signal.aborted) {
        if (this.#mayBeAsked) await this.#answerOperators();
        // Only when plenty waits is it folded meanwhile; else what arrives until then shares the next transaction.
        if (this.queue.events < BATCH.events / 2) await this.#applier.written();
        const arrival = this.queue.take(BATCH);
        if (!arrival) await this.#waitForMore();
        else {
          await this.#apply(arrival);
          if (arrival.caughtUp) this.caughtUp = true;
          if (this.caughtUp && !this.#loaded) await this.#afterLoading();
        }
      }
      await this.#applier.written();
      return 'aborted';
    } catch (error) {
      if (this.signal.aborted) return 'aborted';
      if (error instanceof CheckpointLost) {
        this.parts.notice({ kind: 'lost', ...this.#about() });
        return 'lost';
      }
      const { position, reason } = error instanceof Unappliable ? error : { position: this.position, reason: String(error) }; // prettier-ignore
      const recorded = await this.#patiently(async () => recordStop(this.parts.database, this.#checkpoint, position, reason)); // prettier-ignore
      // Aborted by an operator: its tables went while it was writing.
      if (!recorded) return 'lost';
      this.parts.notice({ kind: 'stopped', ...this.#about(), position, reason });
      return 'stopped';
    }
  }

  /** Tells that operators may have asked for something. */
  lookForRequests(): void {
    if (!this.#applier.hasParked) return;
    this.#mayBeAsked = true;
    this.queue.wake();
  }

  async #answerOperators(): Promise<void> {
    this.#mayBeAsked = false;
    if (this.#applier.hasParked && this.position) await this.#applier.answer(this.position);
  }

  async #waitForMore(): Promise<void> {
    // Told to end while it was writing: nobody wakes it again, and what it has would be nobody's to move for so long.
    if (this.signal.aborted) return;
    this.#isIdle = true;
    await this.queue.arrival(this.caughtUp ? IDLE_MS : QUIET_MS);
    this.#isIdle = false;
    if (this.#checkpoint.lost)
      throw new CheckpointLost(`somebody else moved the checkpoint of ${this.projection.name}`);
    if (this.caughtUp || this.signal.aborted || !this.queue.isEmpty) return;
    const head = await this.parts.head().catch(() => undefined);
    const at = this.queuedTo;
    if (head && at && comparePositions(at, head) >= 0) this.offer({ events: [], to: undefined, caughtUp: true });
  }

  async #apply({ events, to }: Arrival): Promise<void> {
    if (to === undefined) return;
    if (events.length > 0) return this.#applier.apply({ items: events, to });
    await this.#applier.written();
    if (this.serves) return this.#pass(to);
    // Stored at once: what decides whether a build may serve is what is stored.
    await this.#patiently(async () => this.parts.committer.commit(this.#checkpoint, to, 0));
    return this.#moved(to);
  }

  async #afterLoading(): Promise<void> {
    await this.#applier.written();
    await this.#patiently(async () => recordLoaded(this.parts.database, this.#checkpoint));
    this.#loaded = true;
    await this.#untilIndexed();
    if (!this.signal.aborted) this.parts.notice({ kind: 'caughtUp', ...this.#about(), position: this.position });
  }

  /**
   * Nothing is written while sums are added up and indexes made: it would only wait for that, and those of other builds
   * behind it.
   */
  async #untilIndexed(): Promise<void> {
    while (!this.#build.indexed && !this.#fault && !this.signal.aborted) {
      await new Promise<void>((resolve) => (this.#seen = resolve));
    }
    if (this.#fault) throw this.#fault;
    this.#seen = undefined;
    this.#applier.indexed();
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

  /** Nothing up to here is for this build. */
  #pass(to: LogPosition): void {
    this.position = to;
    this.parts.committer.pass(this.#checkpoint, to);
    this.#announce();
  }

  async #moved(to: LogPosition): Promise<void> {
    this.position = to;
    this.#announce();
    if (!this.#stopRecorded) return;
    await this.#patiently(async () => clearStop(this.parts.database, this.#checkpoint));
    this.#stopRecorded = false;
  }

  #announce(): void {
    if (!this.serves || !this.position || this.signal.aborted) return;
    const { projection, buildId, shards, shard } = this.#checkpoint;
    this.parts.positions.advance({ projection, build: buildId, shards, shard, position: this.position });
  }

  #about(): { projection: string; build: string } {
    return { projection: this.projection.name, build: this.#build.id };
  }
}
