import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysetOrder, type KeysetOrder, type PageRequest } from '../../projections/shared/keyset.js';
import { connection, pageRequest, type Connection, type PageArguments } from './connection.js';

interface Row {
  readonly name: string;
  readonly n: bigint;
}

const order = keysetOrder('things', [
  { sql: 't.name', field: 'name', type: 'text' },
  { sql: 't.n', field: 'n', type: 'bigint' },
]);

const compare = (a: Row, b: Row): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : Number(a.n - b.n));
const keyOf = ({ name = '', n = '' }: { name?: string | undefined; n?: string | undefined }): Row => ({ name, n: BigInt(n) }); // prettier-ignore

/** What a query does in SQL, over an array; the SQL itself is tried against Postgres elsewhere. */
const query =
  (rows: readonly Row[]) =>
  async ({ backwards, from, limit }: PageRequest): Promise<readonly Row[]> => {
    const inOrder = rows.toSorted((a, b) => (backwards ? compare(b, a) : compare(a, b)));
    const key = from && keyOf({ name: from[0], n: from[1] });
    const behind = key ? inOrder.filter((row) => (backwards ? compare(row, key) < 0 : compare(row, key) > 0)) : inOrder;
    return behind.slice(0, limit);
  };

async function walk(rows: readonly Row[], size: number, direction: 'forwards' | 'backwards'): Promise<Row[]> {
  const read = async (args: PageArguments): Promise<Connection<Row>> => connection(args, order, query(rows));
  if (direction === 'forwards') {
    const { nodes, pageInfo } = await read({ first: size });
    const all = [...nodes];
    for (let { hasNextPage, endCursor } = pageInfo; hasNextPage;) {
      const page = await read({ first: size, after: endCursor });
      all.push(...page.nodes);
      ({ hasNextPage, endCursor } = page.pageInfo);
    }
    return all;
  }
  const { nodes, pageInfo } = await read({ last: size });
  const all = [...nodes];
  for (let { hasPreviousPage, startCursor } = pageInfo; hasPreviousPage;) {
    const page = await read({ last: size, before: startCursor });
    all.unshift(...page.nodes);
    ({ hasPreviousPage, startCursor } = page.pageInfo);
  }
  return all;
}

const rowsOf = fc.uniqueArray(
  fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 4 }), n: fc.bigInt(-(10n ** 18n) + 1n, 10n ** 18n - 1n) }),
  { maxLength: 30, comparator: (a, b) => compare(a, b) === 0 },
);

describe('walking the pages of a list', () => {
  it('shows every row once and in order, forwards as backwards, whatever the page size', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf, fc.integer({ min: 1, max: 12 }), async (given, size) => {
        const rows = given.filter(({ name }) => !name.includes('\0'));
        const wanted = rows.toSorted(compare);
        expect(await walk(rows, size, 'forwards')).toEqual(wanted);
        expect(await walk(rows, size, 'backwards')).toEqual(wanted);
      }),
    );
  });

  it('gives each edge a cursor behind which the rest of the list follows', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf, async (given) => {
        const rows = given.filter(({ name }) => !name.includes('\0'));
        const { edges, nodes, pageInfo } = await connection({ first: 100 }, order, query(rows));
        expect(edges.map(({ node }) => node)).toEqual(nodes);
        expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null);
        for (const [index, { cursor }] of edges.entries()) {
          const rest = await connection({ first: 100, after: cursor }, order, query(rows));
          expect(rest.nodes).toEqual(nodes.slice(index + 1));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('knows at both ends that nothing follows', async () => {
    const rows = [1n, 2n, 3n].map((n) => ({ name: 'a', n }));
    const read = async (args: PageArguments): Promise<unknown> => (await connection(args, order, query(rows))).pageInfo;
    expect(await read({ first: 3 })).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
    expect(await read({ first: 2 })).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    expect(await read({ last: 2 })).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(await connection({}, order, query([]))).toMatchObject({ nodes: [], pageInfo: { startCursor: null, endCursor: null } }); // prettier-ignore
  });
});

const cursor = (...parts: readonly unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('the arguments of a list', () => {
  it.each<[string, PageArguments, object]>([
    ['nothing', {}, { limit: 21, backwards: false }],
    ['a size', { first: 5 }, { limit: 6, backwards: false }],
    ['a size from the end', { last: 100 }, { limit: 101, backwards: true }],
    ['nulls', { first: null, after: null, last: null, before: null }, { limit: 21, backwards: false }],
  ])('may say %s', (_, args, request) => {
    expect(pageRequest(args, order)).toMatchObject(request);
  });

  it.each<[string, PageArguments, RegExp]>([
    ['no rows', { first: 0 }, /`first` is from 1 to 100; you sent 0/],
    ['too many rows', { last: 101 }, /`last` is from 1 to 100/],
    ['both directions', { first: 1, last: 1 }, /not both/],
    ['last behind a cursor', { last: 1, after: 'x' }, /not both/],
    ['first in front of a cursor', { first: 1, before: 'x' }, /with `first` send `after`/],
  ])('may not say %s', (_, args, message) => {
    expect(() => pageRequest(args, order)).toThrow(message);
  });

  const dated: KeysetOrder = keysetOrder('dated', [
    { sql: 't.day', field: 'day', type: 'date' },
    { sql: 't.at', field: 'at', type: 'timestamptz' },
    { sql: 't.id', field: 'id', type: 'uuid' },
    { sql: 't.amount', field: 'amount', type: 'numeric' },
  ]);
  const right = ['2026-02-28', '2026-02-28T10:00:00.000Z', '01890a5d-ac96-774b-bcce-b302099a8057', '1.50'];

  it('take a cursor of this list', () => {
    expect(pageRequest({ after: cursor(1, 'dated', ...right) }, dated).from).toEqual(right);
  });

  // Postgres would answer each of these with a failure.
  it.each([
    ['nothing', ''],
    ['no JSON', 'abc'],
    ['another list', cursor(1, 'things', ...right)],
    ['another version', cursor(2, 'dated', ...right)],
    ['too few keys', cursor(1, 'dated', ...right.slice(1))],
    ['a number for a text', cursor(1, 'dated', 7, ...right.slice(1))],
    ['a day that does not exist', cursor(1, 'dated', '2026-02-30', ...right.slice(1))],
    ['words for a day', cursor(1, 'dated', '2026-1 Jan', ...right.slice(1))],
    ['an instant that does not exist', cursor(1, 'dated', right[0], '2026-02-30T10:00:00.000Z', ...right.slice(2))],
    ['an instant with words', cursor(1, 'dated', right[0], '2026-02-28 (noon)', ...right.slice(2))],
    ['no uuid', cursor(1, 'dated', ...right.slice(0, 2), 'x', '1.50')],
    ['no number', cursor(1, 'dated', ...right.slice(0, 3), '1e9')],
    ['a megabyte', 'a'.repeat(1_000_000)],
  ])('refuse a cursor of %s', (_, forged) => {
    expect(() => pageRequest({ after: forged }, dated)).toThrow(/`after` is not a cursor of this list/);
  });

  it('refuse every text that is no cursor, and never fail otherwise', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString('base64url')),
        ),
        (text) => {
          expect(() => pageRequest({ before: text }, dated)).toThrow(/`before` is not a cursor of this list/);
        },
      ),
    );
  });
});
