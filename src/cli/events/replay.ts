/** Sends a workspace's events of the log once more, in order, to wherever somebody wants them. */
import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions } from '../../domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventLog, LogItem } from '../../projections/ports/event-log.port.js';

/** A place in the log, or when something was recorded: an ISO 8601 instant in UTC with milliseconds. */
export type Bound = LogPosition | string;

/**
 * Recorded times follow the log only as well as its clocks agree: in a cluster another node, with a clock of its own, may become
 * the leader that records, and a clock may be set back. Where a minute does not cover that, more than a replay is wrong.
 */
export const CLOCKS_AGREE_MS = 60_000;

export interface ReplayRange {
  readonly workspaceId: string;
  /** Behind a position; from an instant on. From the beginning when absent. */
  readonly from?: Bound | undefined;
  /** Up to here it is known that nothing was recorded from the instant `from` on: what stands there need not be read. */
  readonly nothingUpTo?: LogPosition | undefined;
  /** Up to a position and with it; before an instant. Up to the head when absent. */
  readonly until?: Bound | undefined;
  /** The end of the log when it began: what comes later, the live subjects bring. */
  readonly head: LogPosition;
  readonly typePrefixes?: readonly string[] | undefined;
}

export interface ReplayOptions extends ReplayRange {
  readonly log: EventLog;
  /** Returns when the receiver has them all. */
  readonly send: (events: readonly RecordedEvent[], signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  /** At most so many events a second. */
  readonly rate?: number | undefined;
  /** Told after each answer of the receiver, and while looking for the beginning. */
  readonly onProgress: (outcome: ReplayOutcome) => void;
}

export interface ReplayOutcome {
  readonly sent: number;
  /** Events that can't be read as their type says, and so were not sent. */
  readonly unreadable: number;
  /** Everything of the range up to here has been sent and acknowledged: where to go on. */
  readonly at: LogPosition | undefined;
  readonly complete: boolean;
}

/** A tenth of a second's worth at once, so that a slow rate is even; at most what one read of the log gives. */
const chunkSize = (rate: number | undefined): number =>
  rate === undefined ? 2_048 : Math.max(1, Math.ceil(rate / 10));

/** Ends at `until`, or with `signal`, and says how far it came. @throws when the log or the receiver is gone for good */
export async function replay({ log, send, signal, rate, onProgress, ...range }: ReplayOptions): Promise<ReplayOutcome> {
  let outcome: ReplayOutcome = { sent: 0, unreadable: 0, at: isPosition(range.from) ? range.from : range.nothingUpTo, complete: false };
  // Behind the first event of another time `at` stays: who goes on from there must get that one.
  let isPastUntil = false;
  const startedAt = performance.now();
  const reading = new AbortController();
  const ended = AbortSignal.any([signal, reading.signal]);
  const options = { after: outcome.at, typePrefixes: range.typePrefixes, signal: ended };
  try {
    for await (const items of log.subscribe(options)) {
      for (let first = 0; first < items.length; first += chunkSize(rate)) {
        const chunk = items.slice(first, first + chunkSize(rate));
        const within = chunk.filter((item) => placeOf(item) && !isBehindEnd(item, range));
        const wanted = within.flatMap((item) => (item.kind === 'event' && isWanted(item.event, range) ? [item.event] : []));
        await send(wanted, signal);
        const unreadable = within.filter(({ kind }) => kind === 'malformed').length;
        const late: number = isPastUntil ? 0 : within.findIndex((item) => isLate(item, range));
        isPastUntil ||= late >= 0;
        const last = late < 0 ? within.at(-1) : within[late - 1];
        outcome = {
          sent: outcome.sent + wanted.length,
          unreadable: outcome.unreadable + unreadable,
          at: (last && placeOf(last)) ?? outcome.at,
          complete: chunk.some((item) => isBehindEnd(item, range) || isLast(item, range)),
        };
        onProgress(outcome);
        if (outcome.complete) return outcome;
        if (rate !== undefined) await keepTo(rate, outcome.sent, startedAt, signal);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    reading.abort();
  }
  return outcome;
} // prettier-ignore

const isPosition = (bound: Bound | undefined): bound is LogPosition => typeof bound === 'object';

const placeOf = (item: LogItem): LogPosition | undefined =>
  item.kind === 'event' ? item.event.position : item.kind === 'caughtUp' ? undefined : item.position;

/** An instant ends it with the first event recorded a while after it. */
function isBehindEnd(item: LogItem, { until, head }: ReplayRange): boolean {
  const place = placeOf(item);
  if (!place) return false;
  if (comparePositions(place, head) > 0) return true;
  if (isPosition(until)) return comparePositions(place, until) > 0;
  return until !== undefined && isLate(item, { until: later(until) });
}

const isLate = (item: LogItem, { until }: Pick<ReplayRange, 'until'>): boolean =>
  typeof until === 'string' && item.kind === 'event' && item.event.recordedAt >= until;

const later = (instant: string): string => new Date(Date.parse(instant) + CLOCKS_AGREE_MS).toISOString();

/** A log that says that its history is read has nothing more; not every one does. */
function isLast(item: LogItem, { until, head }: ReplayRange): boolean {
  const place = placeOf(item);
  if (!place) return true;
  return comparePositions(place, head) >= 0 || (isPosition(until) && comparePositions(place, until) >= 0);
}

/** Prefixes are the server's to filter; that two of them overlap, or that it filters coarsely, must not matter. */
function isWanted({ metadata, recordedAt, type }: RecordedEvent, { workspaceId, from, until, typePrefixes }: ReplayRange): boolean {
  if (metadata.workspaceId !== workspaceId) return false;
  if (typeof from === 'string' && recordedAt < from) return false;
  if (typeof until === 'string' && recordedAt >= until) return false;
  return typePrefixes?.some((prefix) => type.startsWith(prefix)) ?? true;
} // prettier-ignore

async function keepTo(rate: number, sent: number, startedAt: number, signal: AbortSignal): Promise<void> {
  const wait = (sent / rate) * 1_000 - (performance.now() - startedAt);
  if (wait > 0) await delay(wait, undefined, { signal });
}
