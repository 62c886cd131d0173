/** Time and new ids: the two things a pure decision can't make for itself. */
export abstract class Clock {
  /** The present instant, ISO 8601 in UTC with milliseconds. */
  abstract now(): string;
  /** A new UUIDv7. */
  abstract newId(): string;
}
