/** `teampulse projections status` and `lag`: the read models measured against the log's own head. */
import { loadConfig, requireConfig } from '../../adapters/config/config.js';
import { EventStoreDbAdapter } from '../../adapters/eventstore/eventstore-db.adapter.js';
import { PostgresWriteDatabase } from '../../adapters/postgres/postgres-write-database.js';
import { allEvents, allProjections } from '../../capabilities.js';
import { formatPosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { listBuilds } from '../../projections/engine/build-registry.js';
import { ControlRoom } from '../../projections/engine/control-room.js';
import type { Lag, ProjectionStatus } from '../../projections/ports/projection-control.port.js';
import { CliError } from '../failure.js';
import { show, type ShowOptions } from './show.js';
import { table } from './table.js';

/** `status` found something that somebody has to look after: a projection that is stopped or dead. */
export const EXIT_ATTENTION = 3;

/** Exits with 3 when a projection is stopped or dead. */
export async function showStatus(names: readonly string[], options: ShowOptions): Promise<void> {
  await withControlRoom(async (room, database) =>
    show(options, async () => {
      const statuses = chosen(await room.statuses(), names);
      const reasons = await stopReasons(database);
      process.exitCode = statuses.some(({ state }) => state === 'stopped' || state === 'dead') ? EXIT_ATTENTION : 0;
      const found = statuses.map((status) => ({ ...status, stopped: reasons.get(status.name) }));
      return { rows: found.map(plain), text: statusText(found) };
    }),
  );
}

export async function showLag(names: readonly string[], options: ShowOptions): Promise<void> {
  await withControlRoom(async (room) =>
    show(options, async () => {
      const rows = chosen(await room.statuses(), names).map(({ name, state, lag, position }) => ({
        projection: name,
        state,
        ...lag,
        position: positionText(position),
      }));
      const cells = rows.map((row) => [row.projection, row.state, eventsText(row), secondsText(row), row.position ?? '-']); // prettier-ignore
      return { rows, text: table(['PROJECTION', 'STATE', 'EVENTS', 'SECONDS', 'POSITION'], cells) };
    }),
  );
}

async function withControlRoom(
  work: (room: ControlRoom, database: PostgresWriteDatabase) => Promise<void>,
): Promise<void> {
  const { databaseUrl, eventstoreUrl } = requireConfig(loadConfig(), 'databaseUrl', 'eventstoreUrl');
  const database = new PostgresWriteDatabase(databaseUrl);
  const log = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  try {
    await work(new ControlRoom({ database, log, projections: allProjections }), database);
  } finally {
    await Promise.all([database.close(), log.dispose()]);
  }
}

function chosen(statuses: readonly ProjectionStatus[], names: readonly string[]): readonly ProjectionStatus[] {
  const known = statuses.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new CliError(`there is no projection ${unknown}`, `choose one of: ${known.join(', ') || 'none yet'}`);
  }
  return names.length === 0 ? statuses : statuses.filter(({ name }) => names.includes(name));
}

async function stopReasons(database: PostgresWriteDatabase): Promise<ReadonlyMap<string, string>> {
  const stopped = (await listBuilds(database)).flatMap(({ projection, stopped: stop }) => (stop ? [[projection, stop.reason] as const] : [])); // prettier-ignore
  return new Map(stopped);
}

type Found = ProjectionStatus & { readonly stopped: string | undefined };

function statusText(statuses: readonly Found[]): string {
  if (statuses.length === 0) return 'There are no read models yet: a worker makes them when it starts.';
  const cells = statuses.map(({ name, version, state, lag, parked, builds }) => [
    name,
    `v${version}`,
    state,
    eventsText(lag),
    secondsText(lag),
    String(parked),
    builds.some((build) => build.state === 'building') ? 'yes' : '',
  ]);
  const head = ['PROJECTION', 'VERSION', 'STATE', 'EVENTS BEHIND', 'SECONDS BEHIND', 'PARKED', 'BUILD UNDER WAY'];
  const notes = statuses.flatMap(({ name, stopped, paused, state }) => [
    ...(stopped === undefined ? [] : [`${name} stopped: ${stopped}`]),
    ...(paused ? [`${name} was paused by ${paused.by} at ${paused.since}`] : []),
    ...(state === 'dead' ? [`${name}: the log goes on and no worker moves it; is one running?`] : []),
  ]);
  return [table(head, cells), ...notes].join('\n');
}

const eventsText = ({ events, exact }: Lag): string => `${exact ? '' : '>= '}${events}`;
const secondsText = ({ seconds }: Lag): string => (seconds === 0 ? '0' : seconds.toFixed(1));
const positionText = (position: LogPosition | undefined): string | null => (position ? formatPosition(position) : null);

/** Positions as the API writes them; JSON has no integers of 64 bits. */
const plain = ({ builds, position, ...status }: Found): object => ({
  ...status,
  position: positionText(position),
  builds: builds.map((build) => ({
    ...build,
    position: positionText(build.position),
    shards: build.shards.map((shard) => ({ ...shard, position: positionText(shard.position) })),
  })),
});
