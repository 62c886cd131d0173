/**
 * A past state is asked for by when the log recorded what led to it, never by when that happened (`occurredAt`, which imports
 * set in the past): "as we knew it then". The other question is answered by the filters of the queries.
 */
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import { comparePositions } from './position-registry.js';

/** Up to and including. The instant is ISO 8601 in UTC with milliseconds, as `recordedAt` is. */
export type AsOf = { readonly recordedAt: string } | { readonly position: LogPosition };

/**
 * Whether the event had been recorded by then. Of a stretch of the log, whoever asks takes what stands before the first
 * event for which this is false: where a server's clock was put back, what comes later never changes what stood before.
 */
export const isRecordedBy = (asOf: AsOf, event: Pick<RecordedEvent, 'recordedAt' | 'position'>): boolean =>
  'position' in asOf ? comparePositions(event.position, asOf.position) <= 0 : event.recordedAt <= asOf.recordedAt;
