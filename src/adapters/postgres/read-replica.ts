/**
 * A replica as this process sees it: whether queries may go there, and how far it is. One connection watches it.
 *
 *   away ──answers, and shows all that the primary showed just before──► in use
 *     ▲───────────its connection breaks, or it does not answer────────────┘
 *
 * Each time in use has connections of its own, so that none is left of a server that was behind this address before. A server
 * that crashed may come back further behind than it was, hence the catching up: nobody sees time go backwards.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { comparePositions } from '../../projections/ports/position-registry.js';
import { ReadModelUnavailable, type Behind } from '../../projections/ports/read-database.port.js';
import { codeOf } from './connection-failure.js';
import { LIVE_SHARES, liveShare, missingShare, type LiveShare, type ShareRow } from './live-shares.js';
import type { PoolUse } from './pool-use.js';
import { PostgresReadDatabase, STATEMENT_TIMEOUT_MS } from './read-database.js';

/** While somebody waits: a replica sends no notifications. One small query, however many wait. */
const POLL_MS = 10;
/** Who waited for the primary until his time was over still gets one answer from the replica. */
const LEAST_WAIT_MS = 100;
/** While queries are asked, it is asked this often whether it lives; one that takes longer to answer does not. */
const BEAT_MS = 1_000;
const SILENT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MOST_PAUSE_MS = 1_000;
/** One that catches up needs no haste, and the goal is set anew now and then, because another build may serve by then. */
const CATCH_UP = { pollMs: 200, goalMs: 5_000 };
/** Having been in use for so long, it is tried again at once; one that comes and goes is left alone for longer. */
const HEALTHY_MS = 10_000;

export type ReplicaState = { readonly inUse: true } | { readonly inUse: false; readonly error: unknown };

/** One time in use. */
interface Link {
  readonly watch: Client;
  readonly reads: PostgresReadDatabase;
  readonly broken: AbortController;
  /** Under way. */
  look: Promise<void> | undefined;
}

interface Waiter {
  readonly projections: readonly string[];
  readonly position: LogPosition;
  /** What the primary showed, asked for when the replica's first answer was not enough. */
  primary: readonly LiveShare[] | undefined;
  readonly end: (outcome: 'reached' | 'away' | Behind) => void;
}

export class ReadReplica {
  readonly #closed = new AbortController();
  readonly #inFlight = new Set<(error: Error) => void>();
  readonly #waiters = new Set<Waiter>();
  /** Positions that were waited for while it was away: it may not come back with less. */
  readonly #owed = new Map<string, LogPosition>();
  #link: Link | undefined;
  #shares: readonly LiveShare[] = [];
  #isAsked = false;
  #isLooking = false;
  #reported: boolean | undefined;

  /**
   * @param url of the API's login on the replica: of one server, since what one shows another may not
   * @param primaryShares what the primary shows now
   * @param report is told each change once
   */
  constructor(
    private readonly url: string,
    private readonly primaryShares: () => Promise<readonly LiveShare[]>,
    private readonly report: (state: ReplicaState) => void,
  ) {
    void this.#keepWatching();
  }

  get pools(): readonly PoolUse[] {
    return (this.#link?.reads.pools ?? []).map((use) => ({ ...use, pool: 'replica' }));
  }

  get inUse(): boolean {
    return this.#link !== undefined;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const link = this.#link;
    link?.broken.abort();
    await link?.reads.close();
  }

  /** As ReadDatabase.query, while it is in use. @throws ReadModelUnavailable with a cause where the primary may know better */
  async query<Row extends object>(workspaceId: string, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const link = this.#link;
    if (!link) throw away(undefined);
    this.#isAsked = true;
    return new Promise<Row[]>((resolve, reject) => {
      this.#inFlight.add(reject);
      void link.reads
        .query<Row>(workspaceId, sql, parameters)
        .then(resolve, (error: Error) => {
          if (isOfConnection(error)) void this.#look(link);
          reject(error);
        })
        .finally(() => this.#inFlight.delete(reject));
    });
  }

  /** Waits until it shows these projections up to a position that the primary has reached. */
  async waitFor(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs: number,
  ): Promise<'reached' | 'away' | Behind> {
    if (!this.#link) return 'away';
    if (this.hasShown(projections, position)) return 'reached';
    return new Promise((resolve) => {
      const end: Waiter['end'] = (outcome) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(outcome);
      };
      const waiter: Waiter = { projections, position, primary: undefined, end };
      const timer = setTimeout(() => end(this.#missing(waiter) ?? 'reached'), Math.max(timeoutMs, LEAST_WAIT_MS));
      this.#waiters.add(waiter);
      void this.#lookForWaiters();
    });
  }

  /** Whether it is known to show them so far. */
  hasShown(projections: readonly string[], position: LogPosition): boolean {
    return this.#link !== undefined && !missingShare(this.#shares, projections, position, []);
  }

  /** Somebody was promised this position, and was sent to the primary because of our being away. */
  owe(projections: readonly string[], position: LogPosition): void {
    for (const name of projections) {
      const owed = this.#owed.get(name);
      if (!owed || comparePositions(position, owed) > 0) this.#owed.set(name, position);
    }
  }

  async #keepWatching(): Promise<void> {
    const { signal } = this.#closed;
    for (let pause = 50; !signal.aborted; pause = Math.min(pause * 2, MOST_PAUSE_MS)) {
      const link = this.#newLink();
      try {
        await link.watch.connect();
        await this.#catchUp(link);
        const since = performance.now();
        await this.#stayInTouch(link);
        if (performance.now() - since > HEALTHY_MS) pause = 50;
        link.broken.signal.throwIfAborted();
      } catch (error) {
        this.#leave(error);
      }
      // Not waited for: a server that is silent does not answer to this either, and queries give up by themselves.
      void link.watch.end().catch(() => undefined);
      void link.reads.close().catch(() => undefined);
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  #newLink(): Link {
    const broken = new AbortController();
    const watch = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: SILENT_MS,
      application_name: 'teampulse-replica',
      keepAlive: true,
    });
    watch.on('error', (error) => broken.abort(error));
    watch.on('end', () => broken.abort(new Error('the connection to the replica ended')));
    // A statement ends before this by the server's own clock, where that has one.
    const reads = new PostgresReadDatabase(this.url, { silentMs: STATEMENT_TIMEOUT_MS + SILENT_MS });
    return { watch, reads, broken, look: undefined };
  }

  /** Until it is in use. @throws when it does not answer */
  async #catchUp(link: Link): Promise<void> {
    for (;;) {
      const owedBefore = new Map(this.#owed);
      // While the primary is away there is nothing to compare with, and nowhere else to ask.
      const goal = await this.primaryShares().catch(() => []);
      const names = [...new Set(goal.map(({ projection }) => projection))];
      for (const until = performance.now() + CATCH_UP.goalMs; performance.now() < until;) {
        link.broken.signal.throwIfAborted();
        this.#closed.signal.throwIfAborted();
        const shares = await sharesOf(link);
        const isOwing = [...this.#owed].some(([name, position]) =>
          missingShare(shares, [name], position, owedBefore.get(name) === position ? goal : []),
        );
        if (!isOwing && !missingShare(shares, names, undefined, goal)) return this.#enter(link, shares);
        await delay(CATCH_UP.pollMs);
      }
    }
  }

  /** Nothing may be promised between the look at what it owes and this. */
  #enter(link: Link, shares: readonly LiveShare[]): void {
    this.#link = link;
    this.#shares = shares;
    this.#owed.clear();
    this.#tell({ inUse: true });
  }

  #leave(error: unknown): void {
    this.#link = undefined;
    this.#shares = [];
    for (const fail of this.#inFlight) fail(away(error));
    for (const { end } of this.#waiters) end('away');
    if (!this.#closed.signal.aborted) this.#tell({ inUse: false, error });
  }

  #tell(state: ReplicaState): void {
    if (this.#reported !== state.inUse) this.report(state);
    this.#reported = state.inUse;
  }

  /** Until its connection is broken. Who asks nothing costs nothing. */
  async #stayInTouch(link: Link): Promise<void> {
    const { signal } = link.broken;
    while (!signal.aborted) {
      await delay(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (this.#isAsked && !signal.aborted) await this.#look(link);
      this.#isAsked = false;
    }
  }

  /** Who asks while it is being looked gets the same answer: what it shows it goes on showing. */
  async #look(link: Link): Promise<void> {
    return (link.look ??= this.#lookOnce(link).finally(() => (link.look = undefined)));
  }

  async #lookOnce(link: Link): Promise<void> {
    try {
      const shares = await sharesOf(link);
      if (this.#link === link) this.#shares = shares;
    } catch (error) {
      if (!isConflict(error)) link.broken.abort(error);
    }
  }

  async #lookForWaiters(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    for (let link = this.#link; link && this.#waiters.size > 0; link = this.#link) {
      await this.#look(link);
      for (const waiter of this.#waiters) if (!this.#missing(waiter)) waiter.end('reached');
      this.#askPrimary([...this.#waiters].filter(({ primary }) => !primary));
      if (this.#waiters.size > 0) await delay(POLL_MS);
    }
    this.#isLooking = false;
  }

  /** After the primary had reached their positions, and once for all of them. */
  #askPrimary(waiters: readonly Waiter[]): void {
    if (waiters.length === 0) return;
    for (const waiter of waiters) waiter.primary = [];
    void this.primaryShares().then(
      (shares) => waiters.forEach((waiter) => (waiter.primary = shares)),
      () => undefined,
    );
  }

  #missing({ projections, position, primary }: Waiter): Behind | undefined {
    const missing = missingShare(this.#shares, projections, position, primary ?? []);
    return missing && { ...missing, isReplica: true };
  }
}

const sharesOf = async ({ watch }: Link): Promise<readonly LiveShare[]> =>
  (await watch.query<ShareRow>(LIVE_SHARES)).rows.map(liveShare);

const away = (cause: unknown): ReadModelUnavailable =>
  new ReadModelUnavailable('the replica can not be reached', { cause });

/** Postgres ended the statement because it kept the replica from following. */
const isConflict = (error: unknown): boolean => /^(40001|40P01)$/.test(codeOf(error));

const isOfConnection = (error: Error): boolean =>
  error instanceof ReadModelUnavailable &&
  error.cause !== undefined &&
  !isConflict(error.cause) &&
  !/^(42P01|3F000)$/.test(codeOf(error.cause));
