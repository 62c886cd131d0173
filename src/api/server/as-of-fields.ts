/**
 * Lets every query field that takes `asOf` read a past state, with all that hangs below it: no resolver knows of it. The field
 * opens a scope, and the resolvers below it, which share its path, run inside.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isObjectType, type GraphQLFieldResolver, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import {
  AsOfNotBuilt,
  restWhenUnused,
  within,
  type AsOfReads,
  type AsOfScope,
} from '../../projections/engine/as-of-reads.queries.js';
import { asOfText, settledness, type AsOf } from '../../projections/ports/as-of.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { asOfNotBuilt, badInput } from '../shared/errors.js';
import { requireContext } from '../shared/request-context.js';

type Resolve = GraphQLFieldResolver<unknown, unknown>;

/** Where the log ends; only asked for positions. */
type Head = () => Promise<LogPosition | undefined>;

/** Open scopes of each operation, by the key of the root field. Gone with the operation's context. */
const scopes = new WeakMap<object, Map<string, AsOfScope>>();
/** Operations with a scope that are under way. */
let open = 0;

/** Changes the schema's resolvers in place, before anything is compiled from them. */
export function bindAsOf(schema: GraphQLSchema, reads: AsOfReads, head: Head): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type === schema.getMutationType() || type === schema.getSubscriptionType()) continue;
    for (const field of Object.values(type.getFields())) {
      if (!field.resolve) continue;
      const isEntry = type === schema.getQueryType() && field.args.some(({ name }) => name === 'asOf');
      if (isEntry) field.resolve = entry(field.resolve, reads, head);
      else if (type !== schema.getQueryType()) field.resolve = below(field.resolve);
    }
  }
}

/** Call when an operation is over. */
export function leaveAsOf(context: object): void {
  if (scopes.delete(context) && --open === 0) restWhenUnused();
}

function entry(resolve: Resolve, reads: AsOfReads, head: Head): Resolve {
  return async (parent, args, context, info) => {
    const given: unknown = args['asOf'];
    if (given == null) return resolve(parent, args, context, info);
    if (args['minPosition'] != null) {
      throw badInput(
        'Send either minPosition (your own writes must be there) or asOf (a past state), not both.',
        'asOf',
      );
    }
    const asOf = parse(given);
    await settle(asOf, head);
    const owner = requireContext(context);
    const known = scopes.get(owner);
    if (!known) open++;
    const own = known ?? new Map<string, AsOfScope>();
    scopes.set(owner, own);
    const scope = reads.scopeOf(asOf);
    own.set(rootKey(info), scope);
    return inside(scope, async () => resolve(parent, args, context, info));
  };
}

function below(resolve: Resolve): Resolve {
  return (parent, args, context, info) => {
    // Nothing more than this, where no past state is looked at.
    const scope =
      open > 0 && typeof context === 'object' && context ? scopes.get(context)?.get(rootKey(info)) : undefined;
    if (!scope) return resolve(parent, args, context, info);
    return inside(scope, async () => resolve(parent, args, context, info));
  };
}

async function inside(scope: AsOfScope, work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await within(scope, work);
  } catch (error) {
    throw error instanceof AsOfNotBuilt ? asOfNotBuilt(error.projection, asOfText(error.asOf)) : error;
  }
}

function rootKey({ path }: GraphQLResolveInfo): string {
  let at = path;
  while (at.prev) at = at.prev;
  return String(at.key);
}

/** The input type has one field or the other; GraphQL can't say so for every client. */
function parse(given: unknown): AsOf {
  if (!isAsOfInput(given) || (given.recordedAt == null) === (given.position == null)) {
    throw badInput('`asOf` is either { recordedAt } or { position }, exactly one of them.', 'asOf');
  }
  return given.position == null ? { recordedAt: given.recordedAt ?? '' } : { position: given.position };
}

/** Its scalars are checked by the schema. */
const isAsOfInput = (given: unknown): given is { recordedAt?: string | null; position?: LogPosition | null } =>
  typeof given === 'object' && given !== null;

/** Waits, for at most two seconds, until nothing more can come to be recorded by then. */
async function settle(asOf: AsOf, head: Head): Promise<void> {
  const state = settledness(asOf, Date.now(), 'position' in asOf ? await head() : undefined);
  if (state.kind === 'future') {
    throw badInput(`${asOfText(asOf)} is in the future: what is not over yet would be another answer later.`, 'asOf');
  }
  if (state.kind === 'soon') await delay(state.inMs);
}
