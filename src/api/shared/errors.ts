/**
 * Errors as clients see them in `errors`: each with a stable `extensions.code`. Refused mutations are not errors but data
 * (`userErrors`); what is thrown here is what a query can't answer with data.
 */
import { GraphQLError } from 'graphql';
import { formatPosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { Behind } from '../../projections/ports/read-database.port.js';

/** An argument is wrong: says which and what to send instead. */
export const badInput = (message: string, argument?: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', ...(argument ? { argument } : {}) } });

/** No token, or not a valid one. */
export const unauthenticated = (message: string): GraphQLError =>
  new GraphQLError(message, {
    extensions: { code: 'UNAUTHENTICATED', http: { status: 401, headers: new Map([['www-authenticate', 'Bearer']]) } },
  });

/** The caller's role does not allow it. */
export const forbidden = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'FORBIDDEN' } });

/** The read models have not reached the position the caller asked for; ask again. */
export const staleRead = ({ projection, at, isReplica, lag }: Behind, wanted: LogPosition): GraphQLError =>
  new GraphQLError(
    `The read model "${projection}"${isReplica ? ' on the replica' : ''} has not reached the position you asked for yet. Ask again in a moment, or without minPosition.`,
    {
      extensions: {
        code: 'STALE_READ',
        projection,
        at: at ? formatPosition(at) : null,
        wanted: formatPosition(wanted),
        on: isReplica ? 'replica' : 'primary',
        lag: lag ?? null,
      },
    },
  );

/** A past state was asked for that nobody has built; what is found by its id never needs that. */
export const asOfNotBuilt = (projection: string, asOf: string): GraphQLError => {
  const command = `teampulse projections build ${projection} --as-of ${asOf}`;
  return new GraphQLError(
    `The read model "${projection}" has not been built as of ${asOf}. Let an operator run \`${command}\`, and ask again.`,
    { extensions: { code: 'AS_OF_NOT_BUILT', projection, asOf, command } },
  );
};

/** A part that this needs does not answer, or is too far behind; it passes by itself. */
export const unavailable = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'UNAVAILABLE' } });

/** The reader of a subscription did not keep up; it continues from its last cursor. */
export const subscriberTooSlow = (cursor: string | null): GraphQLError =>
  new GraphQLError(
    'This subscription fell too far behind and was ended. Subscribe again with `after` set to the last cursor you received.',
    { extensions: { code: 'SUBSCRIBER_TOO_SLOW', cursor } },
  );
