/**
 * Writes what several builds have folded in one transaction: a dozen projections that follow one log share its cost, and what
 * arrives while one transaction is under way shares the next. When a shared one fails, each is tried by itself, so that one
 * build's fault stays its own.
 *
 * Builds for which the log had nothing are told to have passed it, and their checkpoints stored now and then: what they would
 * read again after a crash is nothing to them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { comparePositions } from '../ports/position-registry.js';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { addApplied, type TypeCounts } from './applied-counts.js';
import type { FoldedBatch } from './batch-writer.js';
import { CheckpointLost, type ShareId } from './build-registry.js';
import { moveCheckpoints, type Move } from './checkpoints.js';

/** How long the builds that take the same event are waited for. */
const GATHER_MS = 1;
/**
 * Rests are twice as long as the transaction before: while little happens nobody waits, and under load not more than a third
 * of the time is spent on transactions. At most a moment: subscriptions are told after it.
 */
const REST = { times: 2, mostMs: 10 };
/** When builds only passed over the log, those who wait for them are told this soon, and their checkpoints stored this often. */
const TELL_MS = 10;
const STORE_MS = 250;
/** A transaction of so many events is worth its own, and would only keep others waiting. */
const LARGE_EVENTS = 256;

/** How far one share of a build is. */
export interface Checkpoint {
  readonly buildId: string;
  readonly shard: number;
  /** Of the lease under which it may be moved. */
  readonly epoch: bigint;
  readonly projection: string;
  /** How many the build has. */
  readonly shards: number;
  /** In Postgres, as far as we know; only the committer changes it. */
  stored: LogPosition | undefined;
  /** It serves: others wait for it. */
  announce: boolean;
  /** Somebody else has moved it. */
  lost: boolean;
}

interface Work {
  readonly checkpoint: Checkpoint;
  readonly to: LogPosition;
  readonly events: number;
  readonly batch?: FoldedBatch | undefined;
  readonly settle: (failure: Error | undefined) => void;
}

export class GroupCommitter {
  #waiting: Work[] = [];
  /** Passed, and not stored yet. */
  readonly #passed = new Map<Checkpoint, Work>();
  /** Some of these were not told. */
  #untold = false;
  #storeNow = false;
  #storedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #isFlushing = false;
  /** Settles, and never rejects, when the shared transaction under way is over. */
  #transaction: Promise<void> = Promise.resolve();

  constructor(private readonly database: WriteDatabase) {}

  /**
   * Writes the batch, if there is one, and moves the build's checkpoint, or neither. One at a time for a build.
   * @throws CheckpointLost, DatabaseError
   */
  async commit(checkpoint: Checkpoint, to: LogPosition, events: number, batch?: FoldedBatch): Promise<void> {
    this.#passed.delete(checkpoint);
    if (events >= LARGE_EVENTS || !checkpoint.announce) {
      // Where it passed to may be about to be stored, and this one is compared with what is stored. A build that does not serve
      // passes over nothing, and must not wait: those that serve may be held until it is as far as they are (switch-over.ts).
      if (checkpoint.announce) await this.#transaction;
      return this.#write([{ checkpoint, to, events, batch, settle: () => undefined }]);
    }
    const failure = await new Promise<Error | undefined>((settle) => {
      this.#waiting.push({ checkpoint, to, events, batch, settle });
      this.#flush();
    });
    if (failure) throw failure;
  }

  /** Nothing in the log up to here is for this build. Not while a commit of the build is under way. */
  pass(checkpoint: Checkpoint, to: LogPosition): void {
    const settle = (failure: Error | undefined): void => {
      if (!failure) return;
      checkpoint.lost ||= failure instanceof CheckpointLost;
      // Postgres is away; unless the build has moved on in the meantime, this is still to be stored.
      if (!checkpoint.lost && !this.#passed.has(checkpoint)) this.#passed.set(checkpoint, work);
    };
    const work: Work = { checkpoint, to, events: 0, settle };
    this.#passed.set(checkpoint, work);
    if (!this.#untold) this.#storeIn(TELL_MS);
    this.#untold = true;
  }

  /** The build ends here: stores where it passed to, if that can be done now, and nothing later. */
  async leave(checkpoint: Checkpoint): Promise<void> {
    await this.#transaction;
    const passed = this.#passed.get(checkpoint);
    this.#passed.delete(checkpoint);
    if (this.#passed.size === 0) clearTimeout(this.#timer);
    if (passed && isAhead(passed)) await this.#write([passed]).catch(() => undefined);
  }

  #storeIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#storeNow = true;
        this.#flush();
      },
      Math.max(ms, 0),
    );
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    void this.#keepFlushing();
  }

  async #keepFlushing(): Promise<void> {
    let rest = GATHER_MS;
    while (this.#waiting.length > 0 || this.#storeNow) {
      await delay(rest);
      const begun = performance.now();
      this.#transaction = this.#flushOnce();
      await this.#transaction;
      rest = Math.min(Math.max((performance.now() - begun) * REST.times, GATHER_MS), REST.mostMs);
    }
    this.#isFlushing = false;
  }

  async #flushOnce(): Promise<void> {
    const group = this.#waiting.splice(0);
    const told = [...this.#passed.values()].filter(isAhead);
    if (this.#storeNow) {
      group.push(...told.splice(0));
      this.#passed.clear();
      this.#storeNow = false;
      this.#storedAt = performance.now();
    }
    this.#untold = false;
    await this.#together(group, told);
    if (this.#passed.size > 0 && !this.#untold) this.#storeIn(this.#storedAt + STORE_MS - performance.now());
  }

  async #together(group: readonly Work[], told: readonly Work[]): Promise<void> {
    if (group.length === 0) return;
    try {
      await this.#write(group, told);
      for (const { settle } of group) settle(undefined);
    } catch (error) {
      // A transaction that was theirs together may have failed for the fault of one.
      if (group.length > 1) for (const work of group) await this.#together([work], []);
      else group[0]?.settle(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #write(works: readonly Work[], told: readonly Work[] = []): Promise<void> {
    // Everybody takes the locks of rows in the same order.
    const group = works.toSorted((a, b) => Number(a.checkpoint.buildId) - Number(b.checkpoint.buildId));
    const moves = group.map(moveOf);
    await this.database.transaction(async (session) => {
      await Promise.all([
        lockRollups(session, group),
        ...group.map(async ({ batch }) => batch?.write(session)),
        moveCheckpoints(session, moves, told.map(moveOf)),
        addApplied(session, group.flatMap(appliedBy)),
      ]);
    });
    for (const { checkpoint, to } of group) checkpoint.stored = to;
  }
}

/** A commit of the build may have overtaken where it passed to before, when that could not be stored at first. */
const isAhead = ({ checkpoint: { stored }, to }: Work): boolean => !stored || comparePositions(to, stored) > 0;

const moveOf = ({ checkpoint, to, events }: Work): Move => {
  const { buildId, shard, epoch, projection, shards, announce, stored } = checkpoint;
  return { buildId, shard, epoch, projection, shards, announce, from: stored, to, events };
};

/**
 * The shares of a build add to the same sums. Two of them in one transaction would take the locks of these rows in no order, so
 * those who write to such a build do it one after the other: they would wait for the same few rows anyway.
 */
async function lockRollups(session: WriteSession, group: readonly Work[]): Promise<void> {
  const shared = group.filter(({ checkpoint: { shards }, batch }) => batch?.sharesRows && shards > 1);
  const ids = [...new Set(shared.map(({ checkpoint: { buildId } }) => buildId))];
  if (ids.length === 0) return;
  await session.query({
    name: 'rollups:lock',
    text: 'SELECT pg_advisory_xact_lock(3, id) FROM unnest($1::int[]) AS id',
    values: [`{${ids.join(',')}}`],
  });
}

const appliedBy = ({ checkpoint: { buildId, shard }, batch }: Work): (ShareId & { readonly counts: TypeCounts })[] =>
  batch ? [{ buildId, shard, counts: batch.counts }] : [];
