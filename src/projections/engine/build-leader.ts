/**
 * What is done once for a build, however many shares it has: its indexes, and the switch to it. Whoever has its first share
 * does it; when he dies, whoever takes that over begins again.
 */
import type { WriteDatabase } from '../ports/write-database.port.js';
import { schemaOf, type Build } from './build-registry.js';
import type { EngineNotice } from './notices.js';
import { tablesOf, type Projection } from './projection.js';
import { switchWhenLevel } from './switch-over.js';
import { TableSql } from './table-sql.js';

/** The shard whose owner leads. */
export const LEADING_SHARD = 0;

/** Whether something is to be done for the build as a whole. */
export const needsLeader = (build: Build): boolean => isLoaded(build) && (!build.indexed || build.state === 'building');

/** One that serves does not wait for a share that stopped. */
const isLoaded = ({ shares, state }: Build): boolean =>
  shares.every(({ loaded, stopped }) => loaded || (state === 'live' && stopped));

/** Until the build is indexed and serves, or the signal. */
export async function lead(
  { database, notice }: { readonly database: WriteDatabase; readonly notice: (notice: EngineNotice) => void },
  projection: Projection,
  build: Build,
  signal: AbortSignal,
): Promise<void> {
  if (!build.indexed) await makeIndexes(database, projection, build.id, signal);
  if (build.state !== 'building') return;
  if (!(await switchWhenLevel(database, projection, build.id, signal))) return;
  notice({ kind: 'switched', projection: projection.name, build: build.id });
}

/** Made after the load, when one sort of everything is far cheaper than a place in the tree for each row. */
export async function makeIndexes(
  database: WriteDatabase,
  projection: Projection,
  buildId: string,
  signal?: AbortSignal,
): Promise<void> {
  const schema = schemaOf(buildId);
  const texts = tablesOf(projection).flatMap((table) => [
    ...new TableSql(schema, table).createIndexes(),
    `ANALYZE ${schema}."${table.name}"`,
  ]);
  for (const text of texts) {
    if (signal?.aborted) return;
    await database.transaction(async (session) => {
      // A leader that was taken for dead may still be at it: the same index must not be made twice at a time.
      await session.query({ text: 'SELECT pg_advisory_xact_lock(2, $1)', values: [Number(buildId)] });
      await session.query({ text });
    });
  }
  await database.query({
    text: `WITH indexed AS (UPDATE control.builds SET indexed = true WHERE id = $1)
      SELECT pg_notify('projection_control', 'indexed')`,
    values: [buildId],
  });
}
