/** From a request's token to what resolvers know of it. */
import { v4, validate } from 'uuid';
import { InvalidToken, type Caller, type TokenVerifier } from '../ports/token-verifier.port.js';
import { unauthenticated } from '../shared/errors.js';
import type { ApiContext } from '../shared/request-context.js';

/** Longer agents are cut: they go into every event's metadata. */
const MAX_USER_AGENT = 200;

/** @throws UNAUTHENTICATED that says what is missing or wrong */
export async function authenticate(tokens: TokenVerifier, authorization: unknown): Promise<Caller> {
  if (typeof authorization !== 'string' || authorization === '')
    throw unauthenticated('Send a token: the header "Authorization: Bearer …". `teampulse token create` makes one.');
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthenticated('The Authorization header is not of the form "Bearer …".');
  try {
    return await tokens.verify(token);
  } catch (error) {
    if (error instanceof InvalidToken) throw unauthenticated(error.message);
    throw error;
  }
}

export function apiContext(
  caller: Caller,
  requestId: string,
  ip: string | undefined,
  userAgent: string | undefined,
): ApiContext {
  return {
    workspaceId: caller.workspaceId,
    actor: { kind: 'user', id: caller.subject },
    role: caller.role,
    isOperator: caller.isOperator,
    requestId,
    source: {
      ...(ip === undefined ? {} : { ip }),
      ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, MAX_USER_AGENT) }),
    },
    loaderScope: {},
  };
}

/** The client's own request id when it is a UUID, so that a trace goes through; otherwise a new one. */
export const requestIdOf = (header: unknown): string =>
  typeof header === 'string' && validate(header) ? header.toLowerCase() : v4();
