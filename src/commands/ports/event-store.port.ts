/** The log as the write side needs it: read one stream, append to one stream. */
import type { DomainEvent } from '../../domain/shared/event.js';
import type { EventMetadata } from '../../domain/shared/metadata.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';

export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** The revision of the last event that the writer has seen; `no_stream` for the first write. There is no "any": every write says what it saw. */
export type ExpectedRevision = number | 'no_stream';

export type AppendResult =
  | { readonly outcome: 'appended'; /** of the last event */ readonly revision: number; readonly position: LogPosition }
  /** Somebody else wrote first. `actual` is the stream's last revision where the store tells it. */
  | { readonly outcome: 'conflict'; readonly actual: number | 'no_stream' | undefined };

export interface StreamSlice<Event extends DomainEvent = DomainEvent> {
  readonly events: readonly RecordedEvent<Event>[];
  /** The revision of the last event read. */
  readonly revision: number;
}

export abstract class EventStore {
  /**
   * The events of a stream from a revision on, upcast and checked; undefined when the stream does not exist.
   * @throws EventStoreUnavailable when the store can't be reached within the deadline (safe to retry)
   * @throws StreamTooLong beyond the bound of events a stream may have (streams are short by design)
   * @throws MalformedEvent when a stored event is not what its type says
   */
  abstract readStream(streamName: string, fromRevision?: number): Promise<StreamSlice | undefined>;

  /**
   * Appends all events or none. The same event ids with the same expected revision again give the first outcome, so a
   * write whose answer was lost is retried inside, within the deadline.
   * @throws EventStoreUnavailable when the outcome stays unknown
   * @throws MalformedEvent when an event is not what its type says; AppendTooLarge beyond the store's limit
   */
  abstract append(streamName: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<AppendResult>;

  /** The position of the log's last event that is not a system event; undefined when it has none. */
  abstract head(): Promise<LogPosition | undefined>;
}
