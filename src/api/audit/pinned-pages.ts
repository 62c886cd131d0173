/**
 * Pages that keep to one place in the log: their cursors carry it. A history that is read page by page, or to be printed and
 * signed, must not change while others write.
 */
import { formatPosition, parsePosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { Connection, PageArguments } from '../shared/connection.js';
import { badInput } from '../shared/errors.js';

export interface PinnedConnection<Node> extends Connection<Node> {
  /** `commit/prepare`; null when there was nothing to keep to. */
  readonly upTo: string | null;
}

interface PinnedArguments extends PageArguments {
  readonly upTo?: LogPosition | null;
}

/**
 * The arguments as `connection` takes them, and the place that they keep to.
 * @throws BAD_USER_INPUT for a cursor that is none, or one of another place than `upTo`
 */
export function unpin(args: PinnedArguments): { readonly page: PageArguments; readonly pin: string | undefined } {
  const { first, last } = args;
  const after = args.after == null ? undefined : split(args.after, 'after');
  const before = args.before == null ? undefined : split(args.before, 'before');
  const given = args.upTo ? formatPosition(args.upTo) : undefined;
  const pins = [...new Set([given, after?.pin, before?.pin].filter((pin) => pin !== undefined))];
  if (pins.length > 1)
    throw badInput(`This cursor belongs to a list up to ${after?.pin ?? before?.pin}: send no other \`upTo\` with it.`, 'upTo'); // prettier-ignore
  const cursors = { ...(after && { after: after.cursor }), ...(before && { before: before.cursor }) };
  return { page: { first: first ?? null, last: last ?? null, ...cursors }, pin: pins[0] };
}

export function pinConnection<Node>(page: Connection<Node>, upTo: string | undefined): PinnedConnection<Node> {
  const pinned = (cursor: string | null): string | null => (cursor === null ? null : join(cursor, upTo ?? ''));
  return {
    nodes: page.nodes,
    get edges() {
      return page.edges.map(({ cursor, node }) => ({ cursor: join(cursor, upTo ?? ''), node }));
    },
    pageInfo: {
      hasNextPage: page.pageInfo.hasNextPage,
      hasPreviousPage: page.pageInfo.hasPreviousPage,
      get startCursor() {
        return pinned(page.pageInfo.startCursor);
      },
      get endCursor() {
        return pinned(page.pageInfo.endCursor);
      },
    },
    upTo: upTo ?? null,
  };
}

const join = (cursor: string, pin: string): string => `${Buffer.from(pin).toString('base64url')}.${cursor}`;

function split(text: string, argument: string): { readonly pin: string; readonly cursor: string } {
  const dot = text.indexOf('.');
  const pin = Buffer.from(text.slice(0, Math.max(dot, 0)), 'base64url').toString('latin1');
  if (parsePosition(pin)) return { pin, cursor: text.slice(dot + 1) };
  throw badInput(
    `\`${argument}\` is not a cursor of this list. Send an endCursor or startCursor it gave you.`,
    argument,
  );
}
