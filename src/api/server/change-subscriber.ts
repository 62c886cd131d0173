/**
 * One subscription's reader: first what happened since its cursor, out of the history, then what is delivered live.
 *
 *   behind ── history has less than a page left ──► joining ── history read up to where live began ──► live ──► ended
 *
 * While joining, live changes are buffered already, from a position on that the history reaches: so nothing is missed and
 * nothing comes twice. It pulls; what it does not pull in time ends it.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { Change, ChangeFilter, ChangeHistory, ChangePayload, ChangeRequest } from '../shared/change-feed.js';
import { subscriberTooSlow } from '../shared/errors.js';
import { comparePositions, formatPosition } from '../../domain/shared/position.js';
import type { ApiContext, LoaderScope } from '../shared/request-context.js';

/** Two seconds of a busy workspace; a reader further behind continues from its cursor, which costs no memory. */
const MAX_BUFFERED = 1_000;
/** Changes read from the history at once. */
const HISTORY_PAGE = 200;

export type ChangeRoot = Readonly<Record<string, ChangePayload & object>>;

/** A change and the loader scope that all who get it share. */
export interface Delivery {
  readonly change: Change;
  readonly scope: LoaderScope;
}

/** What the reader needs of the feed. */
export interface LiveChanges {
  /** From now on this subscriber is offered what is read from the log; returns where that begins: strictly behind it. */
  attach(subscriber: ChangeSubscriber): Promise<LogPosition | undefined>;
  detach(subscriber: ChangeSubscriber): void;
  /** Resolves when the read models show everything up to the position. */
  shown(projections: readonly string[], position: LogPosition): Promise<void>;
}

/** Which nested reads an answer shares; see `Delivery`. */
const scopes = new WeakMap<object, LoaderScope>();

/** The loader scope of a change that a subscription yielded. */
export const scopeOf = (root: unknown): LoaderScope | undefined =>
  typeof root === 'object' && root !== null ? scopes.get(root) : undefined;

/** The projection behind `ChangeHistory`. */
const HISTORY_PROJECTION = 'event-index';

export class ChangeSubscriber implements AsyncIterableIterator<ChangeRoot> {
  private readonly wanted: (change: Change) => boolean;
  private readonly waiting: Delivery[] = [];
  private phase: 'behind' | 'joining' | 'live' | 'ended';
  private failure: Error | undefined;
  private wake: (() => void) | undefined;
  /** What was read out of the history and not given out yet. */
  private history: Delivery[] = [];
  /** Nothing up to here is given out. */
  private passed: LogPosition | undefined;
  /** Where live changes begin. */
  private liveAfter: LogPosition | undefined;

  constructor(
    readonly context: ApiContext,
    readonly request: ChangeRequest,
    private readonly field: string,
    private readonly payload: (change: Change) => object,
    private readonly feed: LiveChanges,
    private readonly past: ChangeHistory,
  ) {
    this.wanted = matcher(request.filter);
    this.passed = request.after ?? undefined;
    this.phase = request.after ? 'behind' : 'joining';
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<ChangeRoot>> {
    for (;;) {
      const delivery = await this.take();
      if (!delivery) return { done: true, value: undefined };
      const { change, scope } = delivery;
      this.passed = change.position;
      if (this.request.matches) {
        const wanted = await this.request.matches(change, { ...this.context, loaderScope: scope });
        if (!wanted) continue;
      }
      const root = {
        [this.field]: { cursor: change.position, eventType: change.eventType, ...this.payload(change) },
      };
      scopes.set(root, scope);
      return { done: false, value: root };
    }
  }

  /** Not a generator's return, which would wait for the next change before it lets go. */
  async return(): Promise<IteratorResult<ChangeRoot>> {
    this.end();
    return { done: true, value: undefined };
  }

  /** Called by the feed in log order, once the read models show the change. Never waits. */
  offer(delivery: Delivery): void {
    const { change } = delivery;
    if (this.phase === 'ended' || !this.wanted(change)) return;
    if (this.liveAfter && comparePositions(change.position, this.liveAfter) <= 0) return;
    if (this.waiting.length >= MAX_BUFFERED)
      return this.fail(subscriberTooSlow(this.passed ? formatPosition(this.passed) : null));
    this.waiting.push(delivery);
    this.wake?.();
  }

  /** Ends it with an error, which its reader sees next. */
  fail(error: Error): void {
    this.failure ??= error;
    this.end();
  }

  private end(): void {
    this.phase = 'ended';
    this.waiting.length = 0;
    this.history = [];
    this.feed.detach(this);
    this.wake?.();
  }

  private async take(): Promise<Delivery | undefined> {
    while (this.phase !== 'ended') {
      const next = this.history.shift() ?? (this.phase === 'live' ? this.waiting.shift() : undefined);
      if (next && this.isNew(next)) return next;
      if (next) continue;
      if (this.phase === 'live') await this.woken();
      else if (this.phase === 'behind') await this.catchUp();
      else await this.join();
    }
    if (this.failure) throw this.failure;
    return undefined;
  }

  /** The client's cursor may be ahead of what this process has read. */
  private isNew({ change }: Delivery): boolean {
    return !this.passed || comparePositions(change.position, this.passed) > 0;
  }

  private async woken(): Promise<void> {
    await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
  }

  private async catchUp(): Promise<void> {
    const page = await this.readHistory(HISTORY_PAGE);
    if (this.phase !== 'behind') return;
    this.history = page;
    const last = page.at(-1);
    // The history may show what the other read models do not show yet.
    if (last) await this.feed.shown(this.request.projections, last.change.position);
    if (page.length < HISTORY_PAGE && this.phase === 'behind') this.phase = 'joining';
  }

  private async join(): Promise<void> {
    const liveAfter = await this.feed.attach(this);
    if (this.phase !== 'joining') return this.feed.detach(this);
    this.liveAfter = liveAfter;
    if (this.request.after && liveAfter) await this.readUpTo(liveAfter);
    if (this.phase === 'joining') this.phase = 'live';
  }

  /** What came into the history between the last page and the moment from which live changes are buffered. */
  private async readUpTo(end: LogPosition): Promise<void> {
    await this.feed.shown([HISTORY_PROJECTION, ...this.request.projections], end);
    for (;;) {
      const page = await this.readHistory(HISTORY_PAGE);
      const within = page.filter(({ change }) => comparePositions(change.position, end) <= 0);
      this.history.push(...within);
      if (page.length < HISTORY_PAGE || within.length < page.length) return;
    }
  }

  private async readHistory(limit: number): Promise<Delivery[]> {
    const after = this.history.at(-1)?.change.position ?? this.passed;
    const { workspaceId } = this.context;
    const rows = await this.past.after(workspaceId, this.request.filter, after?.commit ?? -1n, limit);
    const scope = {};
    return rows.map(({ commit, prepare, type, thingId, category, actorId, correlationId }) => {
      const position = { commit: BigInt(commit), prepare: BigInt(prepare) };
      return { change: { position, eventType: type, thingId, category, actorId, correlationId }, scope };
    });
  }
}

/** The filter for live changes; the history has it in its SQL. What is not given holds for all. */
function matcher({ types, thingId, category, actorId, correlationId }: ChangeFilter): (change: Change) => boolean {
  const wantedTypes = types ? new Set(types) : undefined;
  return (change) =>
    (wantedTypes?.has(change.eventType) ?? true) &&
    (thingId ?? change.thingId) === change.thingId &&
    (category ?? change.category) === change.category &&
    (actorId ?? change.actorId) === change.actorId &&
    (correlationId ?? change.correlationId) === change.correlationId;
}
