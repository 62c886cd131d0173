/** What goes wrong with persistent subscriptions, with the trailers from which the client makes its own errors. */
import { status } from '@grpc/grpc-js';
import { rpcError, type RpcError } from '../rpc-errors.js';

const trailers = (stream: string, group: string): Record<string, string> => ({
  'stream-name': stream,
  'group-name': group,
});
const subject = (stream: string, group: string): string => `Subscription group ${group} on stream ${stream}`;

/** @param group empty when a stream was asked for that never had one */
export const doesNotExist = (stream: string, group: string): RpcError =>
  rpcError(
    status.NOT_FOUND,
    `${subject(stream, group)} does not exist.`,
    'persistent-subscription-does-not-exist',
    trailers(stream, group),
  );

export const alreadyExists = (stream: string, group: string): RpcError =>
  rpcError(
    status.ALREADY_EXISTS,
    `${subject(stream, group)} exists.`,
    'persistent-subscription-exists',
    trailers(stream, group),
  );

export const failed = (stream: string, group: string, reason: string): RpcError =>
  rpcError(status.INTERNAL, `${subject(stream, group)} failed: '${reason}'`, 'persistent-subscription-failed', {
    ...trailers(stream, group),
    reason,
  });

export const maximumSubscribersReached = (stream: string, group: string): RpcError =>
  rpcError(
    status.FAILED_PRECONDITION,
    `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
    'maximum-subscribers-reached',
    trailers(stream, group),
  );

export const dropped = (stream: string, group: string): RpcError =>
  rpcError(
    status.CANCELLED,
    `${subject(stream, group)} was dropped.`,
    'persistent-subscription-dropped',
    trailers(stream, group),
  );
