/** What can break between us and the log. Refusals such as a conflict are values, not errors. */

export abstract class EventStoreError extends Error {
  abstract readonly code: string;
}

/** The store can't be reached, or did not answer in time. Whether a write happened is unknown; the same write again is safe. */
export class EventStoreUnavailable extends EventStoreError {
  readonly code = 'EVENT_STORE_UNAVAILABLE';
}

/** An event is not what its type says, or its type is not known here. */
export class MalformedEvent extends EventStoreError {
  readonly code = 'MALFORMED_EVENT';
}

/** Streams are short by design: this one has more events than are ever folded. */
export class StreamTooLong extends EventStoreError {
  readonly code = 'STREAM_TOO_LONG';
}

/** The events of one append are together larger than the store takes. */
export class AppendTooLarge extends EventStoreError {
  readonly code = 'APPEND_TOO_LARGE';
}
