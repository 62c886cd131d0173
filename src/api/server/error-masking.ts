/**
 * What clients see of errors. Refusals and mistakes of the client keep their message; anything else is logged once, here (an
 * outage once for all requests that it fails), and shown as a masked error with the request id to ask about.
 */
import { Logger } from '@nestjs/common';
import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql';
import { badInput } from '../shared/errors.js';
import { OutageLog } from './outage-log.js';

const logger = new Logger('graphql');
const outages = new OutageLog(logger);

/** Failures of what we depend on: they pass by themselves, so the client may try again. */
const PASSING_FAILURES = /UNAVAILABLE|ECONNREFUSED|ECONNRESET|ETIMEDOUT/;

/** Postgres's word for a text with the zero character, which JSON can say and no text of ours holds: the client sent it. */
const ZERO_CHARACTER = '22021';

/** Runs an operation; what it throws as a whole is masked as well. */
export async function maskedRun(run: () => Promise<ExecutionResult>, requestId: string): Promise<ExecutionResult> {
  try {
    return maskResult(await run(), requestId);
  } catch (error) {
    return { errors: [maskThrown(error, requestId)] };
  }
}

export function maskThrown(error: unknown, requestId: string): GraphQLError {
  if (error instanceof GraphQLError && !error.originalError) return error;
  const thrown = error instanceof Error ? error : new Error(String(error));
  return maskError(new GraphQLError(thrown.message, { originalError: thrown }), requestId);
}

/** What Apollo adds to errors of the context, such as a missing token. */
const APOLLO_PREFIX = 'Context creation failed: ';

/** Errors outside an operation: what Apollo found wrong with the request passes, what broke is masked. */
export function maskOutside(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { extensions } = formatted;
  if (extensions?.['code'] !== 'INTERNAL_SERVER_ERROR' || 'requestId' in extensions) {
    return formatted.message.startsWith(APOLLO_PREFIX)
      ? { ...formatted, message: formatted.message.slice(APOLLO_PREFIX.length) }
      : formatted;
  }
  logger.error(error, 'a request failed outside its operation');
  return {
    message: 'Something went wrong on our side. When you report it, name the request in the header x-request-id.',
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };
}

export function maskResult(result: ExecutionResult, requestId: string): ExecutionResult {
  if (!result.errors || result.errors.length === 0) return result;
  return { ...result, errors: result.errors.map((error) => maskError(error, requestId)) };
}

export function maskError(error: GraphQLError, requestId: string): GraphQLError {
  const cause = rootCause(error);
  if (cause === undefined) return isOwn(error) ? error : badRequest(error);
  if (cause instanceof GraphQLError) {
    // A scalar that refuses a variable throws without a code; only the outer message says at which place of the input.
    if (!isOwn(cause)) return badRequest(error);
    return cause === error ? error : relocated(cause, error);
  }
  if (Reflect.get(cause, 'code') === ZERO_CHARACTER)
    return relocated(
      badInput('A text that you sent holds the zero character (\\u0000), which no text here does.'),
      error,
    );
  const passing = PASSING_FAILURES.test(codeOf(cause));
  const where = `request ${requestId} at ${error.path?.join('.') ?? 'the start'}`;
  if (passing) outages.failed(cause, where);
  else logger.error(cause, where);
  const masked = new GraphQLError(
    passing
      ? `A part of the service can't be reached right now. Try again in a moment. (request ${requestId})`
      : `Something went wrong on our side. When you report it, name the request ${requestId}.`,
    { extensions: { code: passing ? 'UNAVAILABLE' : 'INTERNAL_SERVER_ERROR', requestId } },
  );
  return relocated(masked, error);
}

/** What was thrown, below the wrappers that executors put around it; undefined when the executor itself complains. */
function rootCause(error: GraphQLError): Error | undefined {
  let cause: Error | undefined = error.originalError ?? undefined;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

const isOwn = (error: GraphQLError): boolean => typeof error.extensions['code'] === 'string';

/** Wrong variables, for example: without a code, because the executor found them and not the validation. */
const badRequest = (error: GraphQLError): GraphQLError => relocated(badInput(error.message), error);

/** The same error, at the place in the answer where it happened. */
function relocated(error: GraphQLError, at: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, {
    extensions: error.extensions,
    ...(at.nodes ? { nodes: at.nodes } : {}),
    ...(at.path ? { path: at.path } : {}),
  });
}

function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code');
  return `${String(code)} ${error.name}`;
}
