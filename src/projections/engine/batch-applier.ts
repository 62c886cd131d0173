/**
 * Applies stretches of the log to one share of a build: folds one while the one before is written, finds the event at fault
 * when one fails, and parks it where the build serves.
 */
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventLog, LoggedEvent } from '../ports/event-log.port.js';
import { DatabaseError, type WriteDatabase, type WriteSession } from '../ports/write-database.port.js';
import { positionOf } from './arrival-queue.js';
import { createBatchWriter, type BatchWriter, type FoldedBatch } from './batch-writer.js';
import { CheckpointLost } from './build-registry.js';
import { CarefulMode } from './careful-mode.js';
import { FoldFailure } from './fold.js';
import type { Checkpoint, GroupCommitter } from './group-commit.js';
import type { EngineNotice } from './notices.js';
import { anyAsked, type HeldEvent } from './parked-events.js';
import { MOST_BLOCKED, Parking } from './parking.js';
import { isFaultOfRow, reasonOf } from './parking-reason.js';
import { answerRequests } from './parking-retry.js';
import type { Projection } from './projection.js';

/** Faults that are nobody's: a deadlock, a serialisation failure the server did not call one. Then it is the event. */
const ATTEMPTS = 3;

export interface ApplierParts {
  readonly database: WriteDatabase;
  readonly committer: GroupCommitter;
  readonly readAgain: EventLog['readAgain'];
  readonly notice: (notice: EngineNotice) => void;
  readonly signal: AbortSignal;
  /** Does it again while Postgres is away. */
  readonly patiently: <T>(work: () => Promise<T>) => Promise<T>;
  /** Everything up to here is applied, or parked. */
  readonly moved: (to: LogPosition) => Promise<void>;
}

/** A stretch of the log: what this build takes of it, and where it ends. */
export interface Stretch {
  readonly items: readonly LoggedEvent[];
  readonly to: LogPosition;
}

/** An event that stops the build until someone acts. */
export class Unappliable extends Error {
  override readonly name = 'Unappliable';
  constructor(
    readonly position: LogPosition,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(reason, { cause });
  }
}

export class BatchApplier {
  readonly #writer: BatchWriter;
  readonly #parking: Parking;
  readonly #careful: CarefulMode;
  /** What is being written while the next is folded. */
  #writing: { readonly stretch: Stretch; readonly failure: Promise<Error | undefined> } | undefined;

  constructor(
    private readonly projection: Projection,
    private readonly checkpoint: Checkpoint,
    private readonly parts: ApplierParts,
    sums: 'add' | 'append',
  ) {
    this.#writer = createBatchWriter(parts.database, projection, checkpoint.buildId, sums);
    this.#parking = new Parking(parts.database, projection, checkpoint);
    this.#careful = new CarefulMode(parts.database, checkpoint);
  }

  get hasParked(): boolean {
    return !this.#parking.isEmpty;
  }

  /** The build has been indexed. Not while something is being written. */
  indexed(): void {
    this.#writer.indexed();
  }

  /** Before anything is applied. @param position where the build stands */
  async start(position: LogPosition | undefined): Promise<void> {
    await this.parts.patiently(async () => this.#parking.load());
    if (this.#parking.isFull) throw this.#full(position);
    await this.parts.patiently(async () => this.#careful.start(position));
  }

  /** In good order. */
  async end(): Promise<void> {
    await this.#careful.end();
  }

  /**
   * Begins to write the stretch; `written` says when that is done.
   * @throws Unappliable, CheckpointLost
   */
  async apply(stretch: Stretch): Promise<void> {
    if (this.#careful.isOn) {
      await this.written();
      return this.#applyCarefully(stretch);
    }
    let folded = await this.#folded(stretch);
    // What was folded on top of rows that did not come about as folded is worth nothing.
    if (!(await this.written())) folded = await this.#folded(stretch);
    if (!folded) return this.#applyInOrder(stretch);
    const { to, items } = stretch;
    const commit = this.parts.patiently(async () => this.#commit(to, items.length, folded));
    this.#writing = { stretch, failure: commit.then(() => undefined, asError) };
  }

  /** Undefined when the projection does not take one of them, or one has to wait. */
  async #folded({ items }: Stretch): Promise<FoldedBatch | undefined> {
    const { events, bytes, held } = this.#parking.divide(items);
    if (held.length > 0) return undefined;
    try {
      return await this.parts.patiently(async () => this.#writer.fold(events, bytes));
    } catch (error) {
      if (error instanceof FoldFailure || error instanceof DatabaseError) return undefined;
      throw error;
    }
  }

  /** Until what is under way is written. @returns false when that had to be done in another way than it was folded */
  async written(): Promise<boolean> {
    if (!this.#writing) return true;
    const { stretch, failure } = this.#writing;
    this.#writing = undefined;
    const error = await failure;
    if (error === undefined) {
      await this.#moved(stretch.to);
      return true;
    }
    if (error instanceof CheckpointLost || this.parts.signal.aborted) throw error;
    this.#writer.forget();
    await this.#applyInOrder(stretch);
    return false;
  }

  /** All of them, or those before the one at fault, which is found by halving where nobody can tell which it is. */
  async #applyInOrder(stretch: Stretch): Promise<void> {
    const { items, to } = stretch;
    for (let attempt = 1; ; attempt++) {
      const { events, bytes, held } = this.#parking.divide(items);
      const unreadable = held.find(({ failure }) => failure);
      if (unreadable && !this.#parks) return this.#stopAt(stretch, unreadable);
      const error = await this.#attempt(events, bytes, held, to);
      if (!error) return;
      const suspect = error instanceof FoldFailure ? error.index : undefined;
      if (suspect !== undefined && suspect > 0) return this.#applyInParts(stretch, indexOf(items, events[suspect]));
      if (suspect === undefined && events.length > 1) {
        return this.#applyInParts(stretch, indexOf(items, events[events.length >> 1]));
      }
      const [event] = events;
      if (!event) throw error;
      if (attempt < ATTEMPTS) continue;
      return this.#giveUp(stretch, event, reasonOf(error, event), attempt, error);
    }
  }

  /** Applies and stores. @returns what failed, when that may be an event's fault @throws when it can't be */
  async #attempt(
    events: readonly RecordedEvent[],
    bytes: number,
    held: readonly HeldEvent[],
    to: LogPosition,
  ): Promise<Error | undefined> {
    try {
      const folded = events.length > 0 ? await this.parts.patiently(async () => this.#writer.fold(events, bytes)) : undefined; // prettier-ignore
      const batch = this.#parking.with(folded, held);
      await this.parts.patiently(async () => this.#commit(to, events.length, batch));
    } catch (error) {
      if (error instanceof CheckpointLost || this.parts.signal.aborted) throw error;
      this.#writer.forget();
      return asError(error);
    }
    await this.#hold(held, to);
    await this.#moved(to);
    return undefined;
  }

  async #applyInParts({ items, to }: Stretch, at: number): Promise<void> {
    const first = items.slice(0, at);
    const last = first.at(-1);
    if (last) await this.#applyInOrder({ items: first, to: positionOf(last) });
    await this.#applyInOrder({ items: items.slice(at), to });
  }

  /** One by one, each written down before it is tried. */
  async #applyCarefully({ items, to }: Stretch): Promise<void> {
    for (const [i, item] of items.entries()) {
      const one = { items: [item], to: i === items.length - 1 ? to : positionOf(item) };
      const [event] = this.#parking.divide(one.items).events;
      const before = event ? await this.parts.patiently(async () => this.#careful.begin(event.position, ATTEMPTS)) : 0;
      if (event && before >= ATTEMPTS) {
        await this.#giveUp(one, event, `it ended the process ${before} times`, before);
      } else await this.#applyInOrder(one);
    }
  }

  /** Parks the event, and goes on behind it; where the build does not serve it stops. What stands before it is held as it was. */
  async #giveUp(
    { items, to }: Stretch,
    event: RecordedEvent,
    reason: string,
    attempts: number,
    cause?: unknown,
  ): Promise<void> {
    if (!this.#parks || !isOfEvent(cause)) {
      throw new Unappliable(event.position, `${event.type} ${event.id} of ${event.streamName}: ${reason}`, cause);
    }
    const at = indexOf(items, event);
    const rest = items.slice(at + 1);
    const { held } = this.#parking.divide(items.slice(0, at));
    const failed = this.#parking.heldEvent(event, { reason, attempts });
    const error = await this.#attempt([], 0, [...held, failed], rest.length > 0 ? event.position : to);
    if (error) throw error;
    if (rest.length > 0) await this.#applyInOrder({ items: rest, to });
  }

  /** What stands before it is applied; it can't be read. */
  async #stopAt({ items }: Stretch, { position, type, streamName, eventId, failure }: HeldEvent): Promise<never> {
    const before = items.slice(
      0,
      items.findIndex((item) => positionOf(item) === position),
    );
    const last = before.at(-1);
    if (last) await this.#applyInOrder({ items: before, to: positionOf(last) });
    throw new Unappliable(position, `${type} ${eventId} of ${streamName}: ${failure?.reason ?? ''}`);
  }

  /**
   * A build that loads beside another stops instead: people have an answer, and somebody watches. One that has parked before
   * served then, and catches up again.
   */
  get #parks(): boolean {
    return this.checkpoint.announce || this.hasParked;
  }

  async #hold(held: readonly HeldEvent[], to: LogPosition): Promise<void> {
    if (held.length === 0) return;
    this.#parking.hold(held);
    for (const event of held) if (event.failure) this.#tell(event, event.failure.reason, event.failure.attempts);
    if (this.#parking.isFull) throw this.#full(to);
  }

  #full(position: LogPosition | undefined): Unappliable {
    return new Unappliable(
      position ?? { commit: 0n, prepare: 0n },
      `more than ${MOST_BLOCKED.keys} streams and rows, or ${MOST_BLOCKED.events} events, are parked: something is broken on a large scale; repair it and raise the version`,
    );
  }

  #tell({ position, type, eventId }: HeldEvent, reason: string, attempts: number): void {
    const { buildId: build } = this.checkpoint;
    this.parts.notice({ kind: 'parked', projection: this.projection.name, build, position, type, eventId, reason, attempts }); // prettier-ignore
  }

  /** Does what operators asked for parked events. @param at where the build stands */
  async answer(at: LogPosition): Promise<void> {
    const { database, readAgain, patiently } = this.parts;
    if (!(await patiently(async () => anyAsked(database, this.checkpoint)))) return;
    await this.written();
    await answerRequests({
      database,
      share: this.checkpoint,
      readAgain,
      apply: async (events, bytes, also) => {
        try {
          const folded = events.length > 0 ? await patiently(async () => this.#writer.fold(events, bytes)) : undefined;
          const write = async (session: WriteSession): Promise<void> =>
            void (await Promise.all([folded?.write(session), also(session)]));
          const { counts = new Map<string, number>(), sharesRows = false } = folded ?? {};
          const batch = { counts, sharesRows, write };
          await patiently(async () => this.#commit(at, events.length, batch));
          return undefined;
        } catch (error) {
          if (error instanceof CheckpointLost || this.parts.signal.aborted) throw error;
          this.#writer.forget();
          return asError(error);
        }
      },
      failed: (event, reason, attempts) => this.#tell(event, reason, attempts),
    });
    await patiently(async () => this.#parking.reload());
  }

  async #commit(to: LogPosition, events: number, batch: FoldedBatch | undefined): Promise<void> {
    const begun = performance.now();
    await this.parts.committer.commit(this.checkpoint, to, events, batch);
    const seconds = (performance.now() - begun) / 1_000;
    const { projection, buildId: build } = this.checkpoint;
    if (events > 0) this.parts.notice({ kind: 'applied', projection, build, events, seconds });
  }

  async #moved(to: LogPosition): Promise<void> {
    await this.parts.patiently(async () => this.#careful.progressed());
    await this.parts.moved(to);
  }
}

/** Whether another event would have been taken. Undefined is one that ended the process. */
const isOfEvent = (cause: unknown): boolean =>
  cause === undefined || cause instanceof FoldFailure || (cause instanceof DatabaseError && isFaultOfRow(cause));

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const indexOf = (items: readonly LoggedEvent[], event: RecordedEvent | undefined): number =>
  items.findIndex((item) => item.kind === 'event' && item.event === event);
