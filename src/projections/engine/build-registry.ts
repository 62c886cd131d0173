/**
 * Which builds there are, what they are for, and how far they are: the control schema.
 *
 *   building ──caught up, views switched──► live ──a later one took over──► retired ──the next one did──► dropped
 *      └── replaced by a newer version before it was done ──► dropped
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { comparePositions } from '../../domain/shared/position.js';
import type { TextRow, WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { tablesOf, type Projection } from './projection.js';
import { tableSql } from './table-sql.js';

const STATES = ['building', 'live', 'retired', 'dropped'] as const;
export type BuildState = (typeof STATES)[number];

export interface ShareId {
  readonly buildId: string;
  readonly shard: number;
}

/** What one shard of a build is, and who applies it. */
export interface Share {
  readonly shard: number;
  /** Undefined before the first event. */
  readonly position: LogPosition | undefined;
  /** Events applied. */
  readonly events: number;
  /** It has read all the history there was. */
  readonly loaded: boolean;
  /** The worker that has it, which may be dead by now; undefined when it is free. */
  readonly owner: string | undefined;
  /** Grows with every change of hands. */
  readonly epoch: bigint;
  readonly stopped: Stop | undefined;
  readonly updatedAt: string;
}

/** Why and where a share stopped; it stays there until someone acts. */
export interface Stop {
  readonly at: string;
  readonly position: string | undefined;
  readonly reason: string;
}

export interface Build {
  readonly id: string;
  readonly projection: string;
  readonly version: number;
  readonly state: BuildState;
  /** Its tables exist. A build that was only asked for has none yet. */
  readonly made: boolean;
  readonly indexed: boolean;
  /** Until it is indexed its sums have no keys, and are appended: nobody reads them. */
  readonly appends: boolean;
  /** How many shards it has, fixed when its tables were made. */
  readonly shards: number;
  /** By shard. */
  readonly shares: readonly Share[];
  /** Of the share that is furthest behind. Undefined before its first event. */
  readonly position: LogPosition | undefined;
  /** Events applied, by all shares together. */
  readonly events: number;
  /** Of the first share that stopped. */
  readonly stopped: Stop | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const schemaOf = (buildId: string): string => `build_${buildId}`;

/** Somebody else moved the checkpoint: this process does not own the projection, and must not write. */
export class CheckpointLost extends Error {
  override readonly name = 'CheckpointLost';
  readonly code = 'CHECKPOINT_LOST';
}

/** One row for each share; of a build's rows the first nine columns are the same. */
const SELECT_SHARES = `SELECT b.id, b.projection, b.version, b.state, cardinality(b.tables) > 0, b.indexed, b.appends, b.shards, b.created_at,
    c.shard, c.commit_position, c.prepare_position, c.events, c.loaded, c.owner, c.epoch,
    c.stopped_at, c.stopped_position, c.stopped_reason, c.updated_at
  FROM control.builds b JOIN control.checkpoints c ON c.build_id = b.id`;

function buildsOf(rows: readonly TextRow[]): Build[] {
  const byId = new Map<string, TextRow[]>();
  for (const row of rows) {
    const id = row[0] ?? '';
    const known = byId.get(id);
    if (known) known.push(row);
    else byId.set(id, [row]);
  }
  return [...byId.values()].map(buildOf);
}

function buildOf(rows: readonly TextRow[]): Build {
  const first = rows[0] ?? [];
  const text = (i: number): string => first[i] ?? '';
  const state = STATES.find((name) => name === first[3]);
  if (!state) throw new Error(`control.builds knows a state that this version does not: ${text(3)}`);
  const shares = rows.map(shareOf).toSorted((a, b) => a.shard - b.shard);
  return {
    id: text(0),
    projection: text(1),
    version: Number(first[2]),
    state,
    made: first[4] === 't',
    indexed: first[5] === 't',
    appends: first[6] === 't',
    shards: Number(first[7]),
    shares,
    position: leastOf(shares.map(({ position }) => position)),
    events: shares.reduce((sum, { events }) => sum + events, 0),
    stopped: shares.find(({ stopped }) => stopped)?.stopped,
    createdAt: text(8),
    updatedAt: shares.map(({ updatedAt }) => updatedAt).reduce((a, b) => (a > b ? a : b), ''),
  };
}

const shareOf = (row: TextRow): Share => ({
  shard: Number(row[9]),
  position: row[10] === '-1' ? undefined : { commit: BigInt(row[10] ?? ''), prepare: BigInt(row[11] ?? '') },
  events: Number(row[12]),
  loaded: row[13] === 't',
  owner: row[14] ?? undefined,
  epoch: BigInt(row[15] ?? '0'),
  stopped: row[16] ? { at: row[16], position: row[17] ?? undefined, reason: row[18] ?? '' } : undefined,
  updatedAt: row[19] ?? '',
});

/** All builds of one projection that are not dropped, oldest first. */
export async function buildsOfProjection(
  session: Pick<WriteDatabase, 'query'>,
  name: string,
): Promise<readonly Build[]> {
  return buildsOf(
    await session.query({
      text: `${SELECT_SHARES} WHERE b.projection = $1 AND b.state <> 'dropped' ORDER BY b.id, c.shard`,
      values: [name],
    }),
  );
}

/** Undefined is before the first event. */
export const leastOf = (positions: readonly (LogPosition | undefined)[]): LogPosition | undefined =>
  positions.reduce((a, b) => (a && b && comparePositions(a, b) > 0 ? b : a && b && a));

/** Whoever changes which builds a projection has does it alone, until the end of his transaction. */
export async function lockProjection(session: WriteSession, name: string): Promise<void> {
  await session.query({ text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 1))', values: [name] });
}

/** All builds that serve, served or are to, by projection: no shadows, and none as of then. */
export async function listBuilds(database: Pick<WriteDatabase, 'query'>): Promise<readonly Build[]> {
  return buildsOf(
    await database.query({
      text: `${SELECT_SHARES} WHERE b.state IN ('building', 'live', 'retired') ORDER BY b.projection, b.id, c.shard`,
    }),
  );
}

/**
 * Sees to it that the projection has what its declaration asks for: a live build, and one that is building when the version
 * changed. The first build serves from its first row.
 */
export async function ensureBuilds(database: WriteDatabase, projection: Projection): Promise<void> {
  await database.transaction(async (session) => {
    // One worker at a time; others that start at the same moment find everything done.
    await lockProjection(session, projection.name);
    const builds = await buildsOfProjection(session, projection.name);
    const live = builds.find(({ state }) => state === 'live');
    const building = builds.find(({ state }) => state === 'building');
    if (!live) {
      const isReadable = building && !(building.appends && !building.indexed);
      if (building && !isReadable) await dropBuild(session, building.id);
      const id = isReadable ? building.id : await addBuild(session, projection, 'live');
      if (!isReadable || !building.made) await makeTables(session, projection, id, 'keyed');
      if (isReadable) await session.query({ text: "UPDATE control.builds SET state = 'live', live_since = now() WHERE id = $1", values: [id] }); // prettier-ignore
      await pointViews(session, projection, id);
      return;
    }
    // Old code beside new code in a rolling deployment: what is newer is not ours to touch.
    if (live.version > projection.version || (building && building.version > projection.version)) return;
    if (building?.version === projection.version) {
      if (!building.made) await makeTables(session, projection, building.id, 'appending');
      return;
    }
    // An operator went back from this version, or is going back to an older one: only he, or a newer version, goes on.
    const [wentBack] = await session.query({
      text: `SELECT FROM control.builds WHERE projection = $1
        AND ((version = $2 AND refused) OR (state = 'building' AND live_since IS NOT NULL)) LIMIT 1`,
      values: [projection.name, projection.version],
    });
    if (wentBack) return;
    if (building) await dropBuild(session, building.id);
    if (live.version < projection.version) {
      await makeTables(session, projection, await addBuild(session, projection, 'building'), 'appending');
    }
  });
}

/** Its tables are made when a worker takes it up. @returns its id */
export async function addBuild(
  session: WriteSession,
  { name, version }: { name: string; version: number },
  state: BuildState | 'shadow' | 'as_of',
): Promise<string> {
  const [row] = await session.query({
    text: `WITH build AS (
        INSERT INTO control.builds (projection, version, state, live_since)
        VALUES ($1, $2, $3, CASE WHEN $3 = 'live' THEN now() END) RETURNING id)
      INSERT INTO control.checkpoints (build_id) SELECT id FROM build RETURNING build_id`,
    values: [name, version, state],
  });
  return row?.[0] ?? '';
}

/** @param sums `appending`: nobody reads the build until it is indexed */
export async function makeTables(
  session: WriteSession,
  projection: Projection,
  id: string,
  sums: 'keyed' | 'appending',
): Promise<void> {
  const schema = schemaOf(id);
  await session.query({ text: `CREATE SCHEMA ${schema}` });
  await session.query({ text: `GRANT USAGE ON SCHEMA ${schema} TO teampulse_reader` });
  for (const table of tablesOf(projection)) {
    for (const text of tableSql(schema, table).create(sums)) await session.query({ text });
  }
  await session.query({
    text: 'UPDATE control.builds SET tables = $2::text[], shards = $3, appends = $4 WHERE id = $1',
    values: [id, tablesOf(projection).map(({ name }) => name), projection.shards ?? 1, sums === 'appending'],
  });
  // The first share is there since the build was asked for.
  await session.query({
    text: 'INSERT INTO control.checkpoints (build_id, shard) SELECT $1, generate_series(1, $2::int - 1)',
    values: [id, projection.shards ?? 1],
  });
}

/** Readers of the projection wait from the first DROP until the commit: all statements go together. */
export async function pointViews(session: WriteSession, projection: Projection, id: string): Promise<void> {
  const names = tablesOf(projection).map(({ name }) => name);
  // Views of tables that this version no longer has go as well.
  const gone = await session.query({
    text: `SELECT DISTINCT unnest(tables) FROM control.builds WHERE projection = $1
      EXCEPT SELECT unnest($2::text[])`,
    values: [projection.name, names],
  });
  const dropped = [...names, ...gone.map(([name]) => name ?? '')].map((name) => `read."${name}"`);
  const statements = [`DROP VIEW IF EXISTS ${dropped.join(', ')}`];
  for (const name of names) {
    // As the one who asks, so that row-level security of the table applies to him and not to the view's owner.
    statements.push(
      `CREATE VIEW read."${name}" WITH (security_invoker = true) AS SELECT * FROM ${schemaOf(id)}."${name}"`,
      `GRANT SELECT ON read."${name}" TO teampulse_reader`,
    );
  }
  await Promise.all(statements.map(async (text) => session.query({ text })));
}

export async function dropBuild(session: WriteSession, id: string): Promise<void> {
  await session.query({ text: `DROP SCHEMA IF EXISTS ${schemaOf(id)} CASCADE` });
  await session.query({ text: "UPDATE control.builds SET state = 'dropped' WHERE id = $1", values: [id] });
  // What was given up stays as a record; what waited waits for nothing any more.
  await session.query({
    text: "DELETE FROM control.parked WHERE build_id = $1 AND state <> 'discarded'",
    values: [id],
  });
}

/**
 * The share has read all the history there was; all workers are told, for the build may be complete.
 * @throws CheckpointLost when somebody else has the share: what he still appends is not to be taken for all there is
 */
export async function recordLoaded(
  database: WriteDatabase,
  { buildId, shard, epoch }: ShareId & { readonly epoch: bigint },
): Promise<void> {
  const told = await database.query({
    text: `WITH loaded AS (
        UPDATE control.checkpoints SET loaded = true WHERE build_id = $1 AND shard = $2 AND epoch = $3 RETURNING build_id)
      SELECT pg_notify('projection_control', 'loaded') FROM loaded`,
    values: [buildId, shard, String(epoch)],
  });
  if (told.length === 0) throw new CheckpointLost(`somebody else has shard ${shard} of build ${buildId}`);
}

/** @returns false when the build was dropped meanwhile: then it is no wonder that it can't go on */
export async function recordStop(
  database: WriteDatabase,
  { buildId, shard }: ShareId,
  position: LogPosition | undefined,
  reason: string,
): Promise<boolean> {
  const rows = await database.query({
    text: `UPDATE control.checkpoints c SET stopped_at = now(), stopped_position = $3, stopped_reason = $4
      FROM control.builds b WHERE b.id = c.build_id AND b.state <> 'dropped' AND c.build_id = $1 AND c.shard = $2
      RETURNING b.id`,
    values: [buildId, shard, position ? String(position.commit) : null, reason.slice(0, 2_000)],
  });
  return rows.length > 0;
}

export async function clearStop(database: WriteDatabase, { buildId, shard }: ShareId): Promise<void> {
  await database.query({
    text: `UPDATE control.checkpoints SET stopped_at = NULL, stopped_position = NULL, stopped_reason = NULL
      WHERE build_id = $1 AND shard = $2`,
    values: [buildId, shard],
  });
}
