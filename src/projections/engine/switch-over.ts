/**
 * Lets a build serve instead of the one that does, in one transaction: who asks before sees the old one whole, who asks after
 * the new one whole, and nobody sees time go backwards.
 *
 * The builds are many shares, moved by any workers. So the shares of the one that serves are held where they are until those of
 * the other are as far; then the views are pointed to it, and the old one's shares are taken from whoever has them: what they
 * still have under way can't be committed, or told, any more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions } from '../../domain/shared/position.js';
import { DatabaseError, type WriteDatabase, type WriteSession } from '../ports/write-database.port.js';
import { buildsOfProjection, dropBuild, lockProjection, pointViews, type Build, type Share } from './build-registry.js';
import { PROGRESS_CHANNEL } from './checkpoints.js';
import { CONTROL_CHANNEL } from './leases.js';
import type { Projection } from './projection.js';

/** How long what serves may be held up at first, and at most, when a build does not get level under load. */
const HOLD = { firstMs: 100, mostMs: 1_000 };
const LOOK_MS = 5;
/**
 * How long readers may wait behind us for a long query to end, which holds the views. Then they go first, and the exchange is
 * tried again; after so many tries in vain it waits longer, because some read models are never without a long query.
 */
const VIEW_LOCK = { firstMs: 20, mostMs: 500, triesEach: 50 };
const AGAIN_MS = 100;

/**
 * Until the build serves, or is not to any more, or the signal. The one that served is kept for going back; those kept before
 * it are dropped, unless the build was asked for with `keep`.
 * @returns whether it serves
 */
export async function switchWhenLevel(
  database: WriteDatabase,
  projection: Projection,
  buildId: string,
  signal: AbortSignal,
): Promise<boolean> {
  let holdMs = HOLD.firstMs;
  for (let lockedOut = 0; !signal.aborted;) {
    // Nothing is held up for nothing: only when the build is known to get as far as the other one is now within that time.
    const goal = (await pairOf(database, projection, buildId))?.live;
    const began = performance.now();
    let pair: Pair | undefined;
    while ((pair = await pairOf(database, projection, buildId)) && !isLevel(pair.building, goal) && !signal.aborted) await delay(LOOK_MS); // prettier-ignore
    if (!pair) return false;
    if (performance.now() - began <= holdMs && !signal.aborted) {
      const viewLockMs = Math.min(VIEW_LOCK.firstMs * 2 ** Math.floor(lockedOut / VIEW_LOCK.triesEach), VIEW_LOCK.mostMs); // prettier-ignore
      const outcome = await switchOver(database, projection, buildId, { holdMs, viewLockMs });
      if (outcome === 'switched') return true;
      if (outcome === 'locked') lockedOut += 1;
      else holdMs = Math.min(holdMs * 1.5, HOLD.mostMs);
      await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    } else holdMs = Math.min(holdMs * 1.5, HOLD.mostMs);
  }
  return false;
}

interface Bounds {
  readonly holdMs: number;
  readonly viewLockMs: number;
}

/** @returns `behind` when the build did not get level with the one that serves, `locked` when readers held the views */
async function switchOver(
  database: WriteDatabase,
  projection: Projection,
  buildId: string,
  bounds: Bounds,
): Promise<'switched' | 'behind' | 'locked'> {
  try {
    const isDone = await database.transaction(async (session) => exchange(session, projection, buildId, bounds));
    // Apart from the exchange, because files are removed, which readers need not wait for.
    if (isDone) await dropOutdated(database, projection.name, buildId);
    return isDone ? 'switched' : 'behind';
  } catch (error) {
    // lock_not_available, deadlock_detected
    if (error instanceof DatabaseError && ['55P03', '40P01'].includes(error.code)) return 'locked';
    throw error;
  }
}

async function exchange(
  session: WriteSession,
  projection: Projection,
  buildId: string,
  { holdMs, viewLockMs }: Bounds,
): Promise<boolean> {
  await session.query({ text: "SET LOCAL lock_timeout = '500ms'" });
  await lockProjection(session, projection.name);
  const live = (await pairOf(session, projection, buildId))?.live;
  // In the order in which batches take them.
  if (live) await session.query({ text: 'SELECT FROM control.checkpoints WHERE build_id = $1 ORDER BY shard FOR UPDATE', values: [live.id] }); // prettier-ignore
  const until = performance.now() + holdMs;
  let building: Build;
  for (;;) {
    const pair = await pairOf(session, projection, buildId);
    if (!pair || performance.now() > until) return false;
    building = pair.building;
    if (isLevel(building, pair.live)) break;
    await delay(LOOK_MS);
  }
  if (live) {
    await session.query({ text: "UPDATE control.builds SET state = 'retired' WHERE id = $1", values: [live.id] });
    await session.query({
      text: 'UPDATE control.checkpoints SET epoch = epoch + 1, owner = NULL, owned_since = NULL WHERE build_id = $1',
      values: [live.id],
    });
  }
  await session.query({
    text: "UPDATE control.builds SET state = 'live', live_since = now() WHERE id = $1",
    values: [buildId],
  });
  await session.query({ text: `SELECT pg_notify('${CONTROL_CHANNEL}', $1)`, values: [projection.name] });
  // Who waits for positions hears of a build that he does not know, and asks: what he knew of the other one counts no more.
  const { commit, prepare } = building.shares[0]?.position ?? { commit: -1n, prepare: -1n };
  await session.query({
    text: `SELECT pg_notify('${PROGRESS_CHANNEL}', $1)`,
    values: [JSON.stringify([[projection.name, buildId, building.shards, 0, String(commit), String(prepare)]])],
  });
  await session.query({ text: `SET LOCAL lock_timeout = '${viewLockMs}ms'` });
  await pointViews(session, projection, buildId);
  return true;
}

/** What was kept for going back and is not any more: all but the one that served last. */
async function dropOutdated(database: WriteDatabase, projection: string, servingId: string): Promise<void> {
  await database.transaction(async (session) => {
    await lockProjection(session, projection);
    const rows = await session.query({
      text: `SELECT id FROM control.builds WHERE projection = $1 AND state = 'retired'
          AND NOT EXISTS (SELECT FROM control.builds WHERE id = $2 AND keeps_others)
        ORDER BY live_since DESC OFFSET 1`,
      values: [projection, servingId],
    });
    for (const [id] of rows) await dropBuild(session, id ?? '');
  });
}

interface Pair {
  readonly building: Build;
  readonly live: Build | undefined;
}

/** Undefined when the build is not to take over any more. */
async function pairOf(
  session: Pick<WriteDatabase, 'query'>,
  projection: Projection,
  buildId: string,
): Promise<Pair | undefined> {
  const builds = await buildsOfProjection(session, projection.name);
  const building = builds.find(({ id, state }) => id === buildId && state === 'building');
  return building && { building, live: builds.find(({ state }) => state === 'live') };
}

/** Whether no row of the one shows less of the log than the same row of the other. */
function isLevel(build: Build, live: Build | undefined): boolean {
  if (!live) return true;
  // Shards of one version hold the same keys; of another they may not, and then the least must reach the furthest.
  const isAlike = build.version === live.version && build.shards === live.shards;
  return live.shares.every((share) => (isAlike ? reaches(build.shares[share.shard], share) : build.shares.every((own) => reaches(own, share)))); // prettier-ignore
}

const reaches = (a: Share | undefined, b: Share): boolean =>
  !b.position || (a?.position !== undefined && comparePositions(a.position, b.position) >= 0);
