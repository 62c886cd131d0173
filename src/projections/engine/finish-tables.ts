/**
 * What is done to a build's tables when all its history has been applied: what was appended is added up, indexes are made, when one
 * sort of everything is far cheaper than a place in the tree for each row, and Postgres is told what is in them.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { schemaOf, type Build } from './build-registry.js';
import { tablesOf, type Projection, type Table } from './projection.js';
import { tableSql } from './table-sql.js';

/** Tables at once, of all builds of one process together: each takes a core and a connection, and batches need some, too. */
export const tablesAtOnce = (): LimitFunction => pLimit(2);

/** For the sort that adds up, and makes a key. */
const WORK_MEM = "SET LOCAL work_mem = '64MB'";

/** Until all is done, or the signal: what was done then is not done again. */
export async function finishTables(
  database: WriteDatabase,
  projection: Projection,
  { id, appends }: Pick<Build, 'id' | 'appends'>,
  limit: LimitFunction,
  signal?: AbortSignal,
): Promise<void> {
  const tables = tablesOf(projection).map(async (table) =>
    limit(async () => finishTable(database, schemaOf(id), table, appends, signal)),
  );
  // Each to its end, also when one fails: nothing is left running that nobody waits for.
  for (const result of await Promise.allSettled(tables)) if (result.status === 'rejected') throw result.reason;
  if (signal?.aborted) return;
  await database.query({
    text: `WITH indexed AS (UPDATE control.builds SET indexed = true WHERE id = $1)
      SELECT pg_notify('projection_control', 'indexed')`,
    values: [id],
  });
}

/** Each step in a transaction of its own. */
async function finishTable(
  database: WriteDatabase,
  schema: string,
  table: Table,
  appends: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sql = tableSql(schema, table);
  const place = `${schema}."${table.name}"`;
  const alone = async (work: (session: WriteSession) => Promise<void>): Promise<void> => {
    if (signal?.aborted) return;
    await database.transaction(async (session) => {
      // A leader that was taken for dead may still be at it: the same must not be done twice at a time.
      await session.query({ text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 2))', values: [place] });
      await work(session);
    });
  };
  if (appends) {
    await alone(async (session) => {
      if ('measures' in table && (await hasKey(session, place))) return;
      await session.query({ text: WORK_MEM });
      for (const text of sql.complete()) await session.query({ text });
    });
  }
  for (const text of [...sql.createIndexes(), `ANALYZE ${place}`]) {
    await alone(async (session) => void (await session.query({ text })));
  }
}

async function hasKey(session: WriteSession, place: string): Promise<boolean> {
  const text = "SELECT FROM pg_constraint WHERE contype = 'p' AND conrelid = $1::regclass";
  return (await session.query({ text, values: [place] })).length > 0;
}
