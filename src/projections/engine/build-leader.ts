/**
 * What is done once for a build, however many shares it has: its indexes, and the switch to it. Whoever has its first share
 * does it; when he dies, whoever takes that over begins again.
 */
import { DatabaseError, type WriteDatabase, type WriteSession } from '../ports/write-database.port.js';
import { schemaOf, type Build } from './build-registry.js';
import { trouble, type EngineNotice } from './notices.js';
import { tablesOf, type Projection } from './projection.js';
import { switchWhenLevel } from './switch-over.js';
import { tableSql } from './table-sql.js';

/** The shard whose owner leads. */
export const LEADING_SHARD = 0;

interface LeaderParts {
  readonly database: WriteDatabase;
  readonly notice: (notice: EngineNotice) => void;
}

/** What a worker does for the builds whose first share it has. */
export class BuildLeader {
  readonly #leading = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();

  constructor(private readonly parts: LeaderParts) {}

  /** Ends what is being done for builds that are another's now. */
  keepOnly(isOurs: (buildId: string) => boolean): void {
    for (const [id, { abort }] of this.#leading) if (!isOurs(id)) abort.abort();
  }

  /** Begins what is to be done for a build that is ours, unless it is being done. `fail`: the build can't be made. */
  lead(projection: Projection, build: Build, fail: (error: DatabaseError) => void): void {
    if (!needsLeader(build) || this.#leading.has(build.id)) return;
    const abort = new AbortController();
    const done = lead(this.parts, projection, build, abort.signal)
      .catch((error: unknown) => {
        const isOurFault = error instanceof DatabaseError && !error.transient;
        if (isOurFault && !build.indexed) fail(error);
        else this.parts.notice(trouble(error));
      })
      .then(() => void this.#leading.delete(build.id));
    this.#leading.set(build.id, { abort, done });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#leading.values()].map(async ({ abort, done }) => (abort.abort(), done)));
  }
}

/** Whether something is to be done for the build as a whole. */
const needsLeader = (build: Build): boolean => isLoaded(build) && (!build.indexed || build.state === 'building');

/** One that serves does not wait for a share that stopped. */
const isLoaded = ({ shares, state }: Build): boolean =>
  shares.every(({ loaded, stopped }) => loaded || (state === 'live' && stopped));

/** Until the build is indexed and serves, or the signal. */
async function lead(
  { database, notice }: LeaderParts,
  projection: Projection,
  build: Build,
  signal: AbortSignal,
): Promise<void> {
  if (!build.indexed) {
    if (build.appends) await completeTables(database, projection, build.id, signal);
    await makeIndexes(database, projection, build.id, signal);
  }
  if (build.state !== 'building') return;
  if (!(await switchWhenLevel(database, projection, build.id, signal))) return;
  notice({ kind: 'switched', projection: projection.name, build: build.id });
}

/** For the sort that adds up, and makes keys: one at a time for a build. */
const WORK_MEM = "SET LOCAL work_mem = '64MB'";

/** Adds up the sums that the build appended while it was loaded. Each table in a transaction of its own, and never twice. */
async function completeTables(
  database: WriteDatabase,
  projection: Projection,
  buildId: string,
  signal: AbortSignal,
): Promise<void> {
  const schema = schemaOf(buildId);
  for (const table of tablesOf(projection)) {
    if (signal.aborted) return;
    await database.transaction(async (session) => {
      await lockBuild(session, buildId);
      if ('measures' in table && (await hasKey(session, `${schema}."${table.name}"`))) return;
      await session.query({ text: WORK_MEM });
      for (const text of tableSql(schema, table).complete()) await session.query({ text });
    });
  }
}

async function hasKey(session: WriteSession, table: string): Promise<boolean> {
  const text = "SELECT FROM pg_constraint WHERE contype = 'p' AND conrelid = $1::regclass";
  return (await session.query({ text, values: [table] })).length > 0;
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
    ...tableSql(schema, table).createIndexes(),
    `ANALYZE ${schema}."${table.name}"`,
  ]);
  for (const text of texts) {
    if (signal?.aborted) return;
    await database.transaction(async (session) => {
      await lockBuild(session, buildId);
      await session.query({ text });
    });
  }
  await database.query({
    text: `WITH indexed AS (UPDATE control.builds SET indexed = true WHERE id = $1)
      SELECT pg_notify('projection_control', 'indexed')`,
    values: [buildId],
  });
}

/** A leader that was taken for dead may still be at it: the same index must not be made twice at a time. */
async function lockBuild(session: WriteSession, buildId: string): Promise<void> {
  await session.query({ text: 'SELECT pg_advisory_xact_lock(2, $1)', values: [Number(buildId)] });
}
