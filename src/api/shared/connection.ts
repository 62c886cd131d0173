/** Relay connections over keyset pages: arguments in, `{ edges, nodes, pageInfo }` out. */
import type { KeysetOrder, KeyType, PageRequest } from '../../projections/shared/keyset.js';
import { parseDecimal } from '../../domain/shared/money.js';
import { badInput } from './errors.js';

/** The arguments of every list field. Either first/after or last/before. */
export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

export const DEFAULT_PAGE = 20;
/** A page must fit a response and one batch of each loader. */
export const MAX_PAGE = 100;
/** Raised when the cursor's form changes: old ones are refused with a clear message instead of misread. */
const CURSOR_VERSION = 1;
/** Far above any ordering key; keeps a client from sending megabytes to decode. */
const MAX_CURSOR_LENGTH = 2_000;

/**
 * Reads one page and wraps it.
 * @param load the query; gets a page request for `keysetSql` and gives at most `limit` rows in reading order
 * @throws BAD_USER_INPUT for a page size out of range, a mix of both directions, or a cursor that is not of this list
 */
export async function connection<Row extends object>(
  args: PageArguments,
  order: KeysetOrder,
  load: (page: PageRequest) => Promise<readonly Row[]>,
): Promise<Connection<Row>> {
  const page = pageRequest(args, order);
  const rows = await load(page);
  const more = rows.length >= page.limit;
  const shown = more ? rows.slice(0, page.limit - 1) : rows;
  const nodes = page.backwards ? shown.toReversed() : shown;
  const cursorOf = (node: Row | undefined): string | null => (node ? encodeCursor(order, node) : null);
  return {
    nodes,
    // Cursors are made for those who ask: most clients page by `endCursor` and read `nodes`.
    get edges() {
      return nodes.map((node) => ({ cursor: encodeCursor(order, node), node }));
    },
    pageInfo: {
      // Against the reading direction there is at least the row that the cursor names.
      hasNextPage: page.backwards ? page.from !== undefined : more,
      hasPreviousPage: page.backwards ? more : page.from !== undefined,
      get startCursor() {
        return cursorOf(nodes[0]);
      },
      get endCursor() {
        return cursorOf(nodes.at(-1));
      },
    },
  };
}

/** The arguments as a page request. Exported for queries that need more than `connection` gives. */
export function pageRequest(args: PageArguments, order: KeysetOrder): PageRequest {
  const { first, after, last, before } = args;
  const backwards = last != null || (before != null && first == null && after == null);
  if (backwards && (first != null || after != null))
    throw badInput('Page either forwards with first and after, or backwards with last and before, not both.', 'last');
  if (!backwards && before != null) throw badInput('`before` belongs to `last`; with `first` send `after`.', 'before');
  const size = pageSize(backwards ? last : first, backwards ? 'last' : 'first');
  const cursor = backwards ? before : after;
  return {
    limit: size + 1,
    backwards,
    from: cursor == null ? undefined : decodeCursor(order, cursor, backwards ? 'before' : 'after'),
  };
}

function pageSize(size: number | null | undefined, argument: string): number {
  if (size == null) return DEFAULT_PAGE;
  if (size < 1 || size > MAX_PAGE)
    throw badInput(`\`${argument}\` is from 1 to ${MAX_PAGE}; you sent ${size}.`, argument);
  return size;
}

function encodeCursor(order: KeysetOrder, row: object): string {
  const values = order.columns.map((column) => keyText(Reflect.get(row, column.field)));
  return Buffer.from(JSON.stringify([CURSOR_VERSION, order.name, ...values])).toString('base64url');
}

const keyText = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value));

function decodeCursor(order: KeysetOrder, cursor: string, argument: string): readonly string[] {
  const refuse = (): never => {
    throw badInput(
      `\`${argument}\` is not a cursor of this list. Send an endCursor or startCursor it gave you.`,
      argument,
    );
  };
  if (cursor.length > MAX_CURSOR_LENGTH) return refuse();
  const parsed = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!Array.isArray(parsed)) return refuse();
  const [version, name, ...values] = parsed as unknown[];
  if (version !== CURSOR_VERSION || name !== order.name || values.length !== order.columns.length) return refuse();
  // Checked here, because Postgres would answer a malformed uuid with a failure instead of a refusal.
  return order.columns.map((column, index) => {
    const value = values[index];
    return typeof value === 'string' && isKey[column.type](value) ? value : refuse();
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As the read models give it. Date.parse alone takes a 30 February, and words, which Postgres does not. */
const isInstant = (text: string): boolean => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;

const isKey: Record<KeyType, (text: string) => boolean> = {
  // Postgres refuses the zero character in text.
  text: (text) => !text.includes('\0'),
  uuid: (text) => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(text),
  timestamptz: isInstant,
  date: (text) => isInstant(`${text}T00:00:00.000Z`),
  bigint: (text) => /^-?\d{1,18}$/.test(text),
  numeric: (text) => parseDecimal(text) !== undefined,
};
