/** Keyset pages against Postgres itself: its collation, its types, its row comparison. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connection, type PageArguments } from '../../src/api/shared/connection.js';
import { keysetOrder, keysetSql, type KeysetOrder } from '../../src/projections/shared/keyset.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Row {
  readonly id: string;
}

const ROWS = 60;
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql(
    'CREATE TABLE public.things (id uuid, name text, day date, at timestamptz(3), amount bigint, share numeric)',
  );
  for (let n = 0; n < ROWS; n++) {
    // Few different values, so that every column but the last has ties; words that collations put in various orders.
    const name = ['a', 'B', 'ä', 'a b', 'a-b', 'Z', ''][n % 7];
    const at = new Date(Date.UTC(2026, 1, 28, 23, 59, 59, 990 + (n % 3)));
    const values = [randomUUID(), name, at.toISOString().slice(0, 10), at, (n % 4) - 2, `${n % 5}.5`];
    await database.sql('INSERT INTO public.things VALUES ($1, $2, $3, $4, $5, $6)', values);
  }
});
afterAll(() => database.drop());

const ID = { sql: 'id', field: 'id', type: 'uuid' } as const;
const orders: readonly KeysetOrder[] = [
  keysetOrder('name', [{ sql: 'name', field: 'name', type: 'text' }, ID]),
  keysetOrder('newest', [
    { sql: 'day', field: 'day', type: 'date', direction: 'desc' },
    { sql: 'at', field: 'at', type: 'timestamptz', direction: 'desc' },
    { ...ID, direction: 'desc' },
  ]),
  keysetOrder('mixed', [
    { sql: 'amount', field: 'amount', type: 'bigint', direction: 'desc' },
    { sql: 'share', field: 'share', type: 'numeric' },
    { ...ID, direction: 'desc' },
  ]),
];

const COLUMNS = 'id, name, day::text AS day, at, amount, share';

it.each(orders.map((order) => [order.name, order] as const))(
  'shows every row once and in order by %s, forwards as backwards',
  async (_, order) => {
    const read = async (args: PageArguments): ReturnType<typeof connection<Row>> =>
      connection(args, order, async (page) => {
        const { where, orderBy, limit, parameters } = keysetSql(order, page, 1);
        const sql = `SELECT ${COLUMNS} FROM public.things WHERE ${where} ORDER BY ${orderBy} LIMIT ${limit}`;
        return database.sql<Row>(sql, [...parameters]);
      });
    const wanted = (await read({ first: 100 })).nodes.map(({ id }) => id);
    expect(wanted).toHaveLength(ROWS);

    const forwards: string[] = [];
    for (let after: string | null = null, more = true; more;) {
      const { nodes, pageInfo } = await read({ first: 7, after });
      forwards.push(...nodes.map(({ id }) => id));
      ({ endCursor: after, hasNextPage: more } = pageInfo);
    }
    const backwards: string[] = [];
    for (let before: string | null = null, more = true; more;) {
      const { nodes, pageInfo } = await read({ last: 7, before });
      backwards.unshift(...nodes.map(({ id }) => id));
      ({ startCursor: before, hasPreviousPage: more } = pageInfo);
    }
    expect(forwards).toEqual(wanted);
    expect(backwards).toEqual(wanted);
  },
);
