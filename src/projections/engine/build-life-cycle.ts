/**
 * What operators do to a projection's builds. Each runs in the transaction of its request; workers see what has changed and
 * take up, or let go of, builds accordingly.
 *
 *   rebuild    a fresh build of the version that serves, beside it; it takes over when it has caught up
 *   rollback   the build that is kept goes on from where it stood, and takes over when it has caught up: nobody may see time
 *              go backwards. The version gone back from does not come back by itself
 *   abort      the build under way is dropped; what serves goes on
 *   pause      no worker moves the projection on; queries show it as it is
 *   resume     workers go on, and try again what they stopped at; a version that was gone back from may come again
 */
import type { TextRow, WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { addBuild, dropBuild, lockProjection, schemaOf } from './build-registry.js';
import { accepted, refused, type ControlRequest, type Outcome } from './control-requests.js';

interface KnownBuild {
  readonly id: string;
  readonly version: number;
  readonly state: string;
}

/**
 * Arguments: `keep` true keeps builds that are kept already; without it, only the one that serves until then is kept.
 * Several requests together are read for in one pass over the log.
 */
export async function rebuild(session: WriteSession, request: ControlRequest): Promise<Outcome> {
  const { projection } = request;
  const { live, building } = await buildsOf(session, projection);
  if (!live) return unknown(projection);
  if (building) return accepted(`${schemaOf(building.id)} is under way already.`, { build: building.id });
  const id = await addBuild(session, { name: projection, version: live.version }, 'building');
  if (request.arguments['keep'] === true) {
    await session.query({ text: 'UPDATE control.builds SET keeps_others = true WHERE id = $1', values: [id] });
  }
  return accepted(`${schemaOf(id)} is built beside the one that serves.`, { build: id });
}

/** Arguments: `to`, the id of a build that is kept; the one that served last unless given. */
export async function rollback(session: WriteSession, request: ControlRequest): Promise<Outcome> {
  const { projection } = request;
  const { live, building, retired } = await buildsOf(session, projection);
  if (!live) return unknown(projection);
  if (building) return refused(`${schemaOf(building.id)} is being built: wait until it serves, or abort it first.`);
  const to = request.arguments['to'];
  const target = to === undefined ? retired[0] : retired.find(({ id }) => id === to);
  if (!target) {
    const kept = retired.map(({ id }) => schemaOf(id)).join(', ') || 'none';
    return refused(`there is no such build to go back to; kept: ${kept}.`);
  }
  // Those that are kept stay, or going back twice would be the end of it.
  await session.query({
    text: "UPDATE control.builds SET state = 'building', refused = false, keeps_others = true WHERE id = $1",
    values: [target.id],
  });
  if (live.version !== target.version) {
    await session.query({ text: 'UPDATE control.builds SET refused = true WHERE id = $1', values: [live.id] });
  }
  return accepted(`${schemaOf(target.id)} catches up, and serves then.`, { build: target.id, version: target.version });
}

export async function abortBuild(session: WriteSession, { projection }: ControlRequest): Promise<Outcome> {
  const { live, building } = await buildsOf(session, projection);
  if (!live) return unknown(projection);
  if (!building) return refused(`no build of ${projection} is under way.`);
  if (building.wasLive) {
    // Going back was called off: it is kept as before.
    await session.query({ text: "UPDATE control.builds SET state = 'retired' WHERE id = $1", values: [building.id] });
    await session.query({ text: 'UPDATE control.builds SET refused = false WHERE id = $1', values: [live.id] });
    return accepted(`Going back to ${schemaOf(building.id)} was called off; it is kept.`, { build: building.id });
  }
  // A newer version would begin anew at once when a worker starts: the operator says that it shall not.
  if (building.version !== live.version) {
    await session.query({ text: 'UPDATE control.builds SET refused = true WHERE id = $1', values: [building.id] });
  }
  await dropBuild(session, building.id);
  return accepted(`${schemaOf(building.id)} was dropped; ${schemaOf(live.id)} serves on.`, { build: building.id });
}

export async function pause(session: WriteSession, { projection, requestedBy }: ControlRequest): Promise<Outcome> {
  const { live } = await buildsOf(session, projection);
  if (!live) return unknown(projection);
  await session.query({
    text: 'INSERT INTO control.pauses (projection, paused_by) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [projection, requestedBy],
  });
  return accepted(`${projection} is paused: queries show it as it is now until it is resumed.`);
}

export async function resume(session: WriteSession, { projection }: ControlRequest): Promise<Outcome> {
  const { live } = await buildsOf(session, projection);
  if (!live) return unknown(projection);
  await session.query({ text: 'DELETE FROM control.pauses WHERE projection = $1', values: [projection] });
  await session.query({
    text: 'UPDATE control.builds SET refused = false WHERE projection = $1 AND refused',
    values: [projection],
  });
  await session.query({
    text: `UPDATE control.checkpoints SET stopped_at = NULL, stopped_position = NULL, stopped_reason = NULL
      WHERE stopped_at IS NOT NULL AND build_id IN (SELECT id FROM control.builds WHERE projection = $1)`,
    values: [projection],
  });
  return accepted(`${projection} goes on.`);
}

/** The names of projections that no worker may move on. */
export async function pausedProjections(database: Pick<WriteDatabase, 'query'>): Promise<ReadonlySet<string>> {
  return new Set((await database.query({ text: 'SELECT projection FROM control.pauses' })).map(([name]) => name ?? ''));
}

/** The builds of a projection that have tables, under its lock. Retired ones: the one that served last first. */
async function buildsOf(
  session: WriteSession,
  projection: string,
): Promise<{
  readonly live: KnownBuild | undefined;
  readonly building: (KnownBuild & { readonly wasLive: boolean }) | undefined;
  readonly retired: readonly KnownBuild[];
}> {
  await lockProjection(session, projection);
  const rows = await session.query({
    text: `SELECT id, version, state, live_since IS NOT NULL FROM control.builds
      WHERE projection = $1 AND state IN ('building', 'live', 'retired') ORDER BY live_since DESC`,
    values: [projection],
  });
  const builds = rows.map(knownBuild);
  return {
    live: builds.find(({ state }) => state === 'live'),
    building: builds.find(({ state }) => state === 'building'),
    retired: builds.filter(({ state }) => state === 'retired'),
  };
}

const knownBuild = ([id, version, state, wasLive]: TextRow): KnownBuild & { readonly wasLive: boolean } => ({
  id: id ?? '',
  version: Number(version),
  state: state ?? '',
  wasLive: wasLive === 't',
});

const unknown = (projection: string): Outcome => refused(`there is no projection ${projection}.`);
