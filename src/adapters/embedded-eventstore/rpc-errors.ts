/** Errors as a real node sends them: the client looks at the trailer `exception` first, then at the status. */
import { Metadata, status, type StatusObject } from '@grpc/grpc-js';

export class RpcError extends Error implements StatusObject {
  constructor(
    readonly code: status,
    readonly details: string,
    readonly metadata: Metadata,
  ) {
    super(details);
  }
}

/** @param exception the trailer by which the client knows its error class */
export function rpcError(
  code: status,
  details: string,
  exception?: string,
  trailers: Readonly<Record<string, string>> = {},
): RpcError {
  const metadata = new Metadata();
  if (exception) metadata.set('exception', exception);
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, printableAscii(value));
  return new RpcError(code, details, metadata);
}

/** Trailers carry printable ASCII only; grpc-js throws on anything else. */
const printableAscii = (text: string): string => text.replaceAll(/[^\u0020-\u007e]/g, '?');

export const streamDeleted = (stream: string): RpcError =>
  rpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, 'stream-deleted', {
    'stream-name': stream,
  });

export const accessDenied = (): RpcError => rpcError(status.PERMISSION_DENIED, 'Access Denied', 'access-denied');

/** Wrong credentials; none at all are AccessDenied where they are needed. */
export const unauthenticated = (): RpcError => rpcError(status.UNAUTHENTICATED, 'Unauthenticated');

/** Of a delete: an append answers with a message instead. */
export const wrongExpectedVersion = (stream: string, expected: number, actual: number): RpcError =>
  rpcError(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    'wrong-expected-version',
    { 'stream-name': stream, 'expected-version': String(expected), 'actual-version': String(actual) },
  );

export const maximumAppendSizeExceeded = (limit: number): RpcError =>
  rpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, 'maximum-append-size-exceeded', {
    'maximum-append-size': String(limit),
  });

export const missingMetadataProperty = (property: string): RpcError =>
  rpcError(
    status.INVALID_ARGUMENT,
    `Required Metadata Property '${property}' is missing`,
    'missing-required-metadata-property',
    { 'required-metadata-properties': 'type,content-type' },
  );

export const invalidArgument = (details: string): RpcError => rpcError(status.INVALID_ARGUMENT, details);
export const unknown = (details: string): RpcError => rpcError(status.UNKNOWN, details);
export const notReady = (): RpcError => rpcError(status.UNAVAILABLE, 'Server Is Not Ready');
export const tooBusy = (): RpcError => rpcError(status.UNAVAILABLE, 'Server Is Too Busy');
/** UNAVAILABLE, which clients try again, and not RESOURCE_EXHAUSTED, which is also what a message that is too large gives. */
export const noRoom = (): RpcError =>
  rpcError(status.UNAVAILABLE, 'The disk under the event store is full: nothing was written.');
export const timedOut = (what: string): RpcError => rpcError(status.ABORTED, `Operation timed out: ${what}`);
