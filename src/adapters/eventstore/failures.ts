/** Which of the client's many errors mean "try again", and which mean "never". */
import {
  CancelledError,
  DeadlineExceededError,
  NotLeaderError,
  TimeoutError,
  UnavailableError,
} from '@eventstore/db-client';
import { EventStoreError, EventStoreUnavailable } from '../../commands/ports/event-store.errors.js';

/** gRPC: CANCELLED, DEADLINE_EXCEEDED, ABORTED, UNAVAILABLE. */
const TRANSIENT_CODES = new Set<unknown>([1, 4, 10, 14]);

/** Our own clock ran out: the server, or a cached failure inside the client, keeps silent. */
export class NoAnswer extends Error {}

/**
 * Whether the same call may succeed a little later. Errors while the client fetches the server's features come as raw
 * gRPC errors with a numeric code, not as the client's classes; a call that is begun while its stream ends fails with Node's own code.
 */
export function isTransient(error: unknown): boolean {
  if (
    error instanceof UnavailableError ||
    error instanceof CancelledError ||
    error instanceof DeadlineExceededError ||
    error instanceof TimeoutError ||
    error instanceof NotLeaderError ||
    error instanceof NoAnswer
  ) {
    return true;
  }
  if (!(error instanceof Error) || !('code' in error)) return false;
  return (
    TRANSIENT_CODES.has(error.code) ||
    error.code === 'ERR_STREAM_WRITE_AFTER_END' ||
    error.code === 'ERR_STREAM_DESTROYED'
  );
}

/** What the ports promise to throw. */
export function asEventStoreError(error: unknown, what: string): Error {
  if (error instanceof EventStoreError) return error;
  if (isTransient(error)) return new EventStoreUnavailable(`the event store did not ${what} in time`, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
