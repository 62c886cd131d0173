/** An event as the log holds it: the domain's event, upcast and checked, in its envelope. */
import type { DomainEvent } from './event.js';
import type { EventMetadata } from './metadata.js';

/** A place in `$all`. Strictly increasing, not contiguous; compare by magnitude only, `commit` first. */
export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** Of a union of events, the union of their records, so that looking at `type` tells the shape of `data`. */
export type RecordedEvent<Event extends DomainEvent = DomainEvent> = Event extends DomainEvent
  ? RecordedEventOf<Event>
  : never;

interface RecordedEventOf<Event extends DomainEvent> {
  readonly id: string;
  readonly streamName: string;
  /** 0 for the first event of the stream. */
  readonly revision: number;
  readonly position: LogPosition;
  readonly type: Event['type'];
  readonly data: Event['data'];
  readonly metadata: EventMetadata;
  /** When the log recorded it, an ISO 8601 instant in UTC with milliseconds. */
  readonly recordedAt: string;
}
