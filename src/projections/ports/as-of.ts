/**
 * A past state is asked for by when the log recorded what led to it, never by when that happened (`occurredAt`, which imports
 * set in the past): "as we knew it then". The other question is answered by the filters of the queries.
 */
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import { comparePositions } from '../../domain/shared/position.js';

/** Up to and including. The instant is ISO 8601 in UTC with milliseconds, as `recordedAt` is. */
export type AsOf = { readonly recordedAt: string } | { readonly position: LogPosition };

/**
 * Whether the event had been recorded by then. Of a stretch of the log, whoever asks takes what stands before the first
 * event for which this is false: where a server's clock was put back, what comes later never changes what stood before.
 */
export const isRecordedBy = (asOf: AsOf, event: Pick<RecordedEvent, 'recordedAt' | 'position'>): boolean =>
  'position' in asOf ? comparePositions(event.position, asOf.position) <= 0 : event.recordedAt <= asOf.recordedAt;

/** How long an event may be on its way into the log with a time that has passed already. */
export const SETTLES_MS = 2_000;

/**
 * Whether what is recorded by then can't grow any more: `future` is refused, `soon` waits for so many milliseconds.
 * @param head where the log ends
 */
export function settledness(
  asOf: AsOf,
  nowMs: number,
  head: LogPosition | undefined,
): { readonly kind: 'settled' } | { readonly kind: 'soon'; readonly inMs: number } | { readonly kind: 'future' } {
  if ('position' in asOf) {
    const isReached = head !== undefined && comparePositions(asOf.position, head) <= 0;
    return { kind: isReached ? 'settled' : 'future' };
  }
  const age = nowMs - Date.parse(asOf.recordedAt);
  if (age < 0) return { kind: 'future' };
  return age >= SETTLES_MS ? { kind: 'settled' } : { kind: 'soon', inMs: SETTLES_MS - age };
}

/** As it is given on the command line, and shown. */
export const asOfText = (asOf: AsOf): string =>
  'position' in asOf ? `${asOf.position.commit}/${asOf.position.prepare}` : asOf.recordedAt;
