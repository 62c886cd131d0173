/**
 * The projections as operators see and steer them, for the command line, the API and the health of a worker alike: the
 * control schema beside the head of the log.
 *
 * Works as the API's role too: it asks only for columns that this may see, and writes nothing but requests.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog } from '../ports/event-log.port.js';
import { instantOf } from '../ports/instant-text.js';
import type { ParkedEvent, ParkedFilter } from '../ports/parked-event.js';
import {
  ProjectionControl,
  type BuildProgress,
  type BuildStatus,
  type ControlKind,
  type ParkedKind,
  type ParkedOutcome,
  type ProjectionState,
  type ProjectionStatus,
  type RequestOutcome,
  type ShardStatus,
} from '../ports/projection-control.port.js';
import type { TextRow, WriteDatabase } from '../ports/write-database.port.js';
import type { PageRequest } from '../shared/keyset.js';
import { outcomesOf, submitRequests } from './control-requests.js';
import { measureLag, NO_LAG } from './lag.js';
import { settled } from './parking-requests.js';
import type { Projection } from './projection.js';
import { countParked, parkedEvents } from './report-parked.js';

/** Workers store how far they are several times a second; one that is behind and silent for so long does not live. */
const DEAD_SECONDS = 10;
/** A worker carries a request out at once; who asked may look again later. */
const OUTCOME_MS = 5_000;
const POLL_MS = 50;

export interface ControlRoomParts {
  readonly database: Pick<WriteDatabase, 'query' | 'transaction'>;
  readonly log: EventLog;
  readonly projections: readonly Projection[];
}

export class ControlRoom extends ProjectionControl {
  readonly #types: ReadonlyMap<string, ReadonlySet<string> | undefined>;

  constructor(private readonly parts: ControlRoomParts) {
    super();
    this.#types = new Map(parts.projections.map(({ name, events }) => [name, events === 'all' ? undefined : new Set(events.map(({ type }) => type))])); // prettier-ignore
  }

  async statuses(): Promise<readonly ProjectionStatus[]> {
    const { database, log } = this.parts;
    // The head first: what is applied while we look must not seem further than the log.
    const head = await log.head();
    const [builds, pauses, parked] = await Promise.all([
      database.query({ text: BUILDS }),
      database.query({ text: 'SELECT projection, since, paused_by FROM control.pauses' }),
      countParked(database),
    ]);
    const paused = new Map(pauses.map(([name, since, by]) => [name, { since: instantOf(since ?? ''), by: by ?? '' }]));
    const statuses: ProjectionStatus[] = [];
    for (const [name, rows] of grouped(builds, 0)) {
      const own = [...grouped(rows, 1).values()].map(buildOf);
      const live = own.find(({ state }) => state === 'live');
      const measured = live && (await this.#measured(name, live, head));
      const pause = paused.get(name);
      const lag = measured?.shards.reduce((most, shard) => (shard.lag && shard.lag.seconds >= most.seconds ? shard.lag : most), NO_LAG) ?? NO_LAG; // prettier-ignore
      statuses.push({
        name,
        state: stateOf(pause !== undefined, own, measured),
        version: live?.version ?? 0,
        position: live?.position,
        lag,
        parked: parked.get(name) ?? 0,
        paused: pause,
        builds: own.map((build) => (build.id === measured?.id ? measured : build)),
      });
    }
    return statuses;
  }

  async names(): Promise<readonly string[]> {
    const rows = await this.parts.database.query({
      text: "SELECT projection FROM control.builds WHERE state = 'live' ORDER BY projection",
    });
    return rows.map(([name]) => name ?? '');
  }

  async progress(): Promise<readonly BuildProgress[]> {
    const rows = await this.parts.database.query({ text: PROGRESS });
    return rows.map(([projection, build, events, expected]) => ({
      projection: projection ?? '',
      build: build ?? '',
      events: Number(events),
      expected: Number(expected),
    }));
  }

  async request(
    kind: ControlKind | ParkedKind,
    projection: string,
    given: Readonly<Record<string, unknown>>,
    requestedBy: string,
  ): Promise<RequestOutcome | undefined> {
    const { database } = this.parts;
    const [id = ''] = await submitRequests(database, [{ kind, projection, arguments: given, requestedBy }]);
    for (const until = performance.now() + OUTCOME_MS; performance.now() < until; await delay(POLL_MS)) {
      const outcome = (await outcomesOf(database, [id])).get(id);
      if (outcome) return outcome;
    }
    return undefined;
  }

  async parked(filter: ParkedFilter, page: PageRequest): Promise<readonly ParkedEvent[]> {
    return parkedEvents(this.parts.database, filter, page);
  }

  async requestParked(
    kind: ParkedKind,
    projection: string,
    given: { readonly at?: string; readonly because?: string },
    requestedBy: string,
  ): Promise<ParkedOutcome | undefined> {
    const outcome = await this.request(kind, projection, given, requestedBy);
    if (!outcome?.accepted) return outcome && { ...outcome, asked: 0, done: 0, failed: 0, pending: 0 };
    const { asked, ...counts } = await settled(this.parts.database, outcome, OUTCOME_MS);
    return { accepted: true, message: outcome.message, asked: asked.length, ...counts };
  }

  async #measured(name: string, build: BuildStatus, head: LogPosition | undefined): Promise<BuildStatus> {
    const shards: ShardStatus[] = [];
    for (const shard of build.shards) {
      const same = shards.find(({ position }) => samePosition(position, shard.position));
      const lag = same?.lag ?? (await measureLag(this.parts.log, shard.position, this.#types.get(name), head));
      shards.push({ ...shard, lag });
    }
    return { ...build, shards };
  }
}

function stateOf(isPaused: boolean, builds: readonly BuildStatus[], live: BuildStatus | undefined): ProjectionState {
  if (builds.some(({ state, shards }) => state !== 'retired' && shards.some(({ stopped }) => stopped)))
    return 'stopped';
  if (isPaused) return 'paused';
  const isDead = live?.shards.some(({ lag, idleSeconds }) => (lag?.seconds ?? 0) > DEAD_SECONDS && idleSeconds > DEAD_SECONDS); // prettier-ignore
  return isDead ? 'dead' : 'running';
}

const samePosition = (a: LogPosition | undefined, b: LogPosition | undefined): boolean =>
  a && b ? comparePositions(a, b) === 0 : a === b;

function grouped(rows: readonly TextRow[], column: number): ReadonlyMap<string, readonly TextRow[]> {
  const groups = new Map<string, TextRow[]>();
  for (const row of rows) {
    const key = row[column] ?? '';
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/** One row for each shard of each build that is not dropped. */
const BUILDS = `SELECT b.projection, b.id, b.version, b.state, b.created_at, b.live_since,
    c.shard, c.commit_position, c.prepare_position, c.events, extract(epoch FROM now() - c.updated_at),
    c.owner, coalesce(w.lease_until > now(), false), c.stopped_at, c.stopped_position
  FROM control.builds b
  JOIN control.checkpoints c ON c.build_id = b.id
  LEFT JOIN control.workers w ON w.id = c.owner
  WHERE b.state IN ('building', 'live', 'retired') ORDER BY b.projection, b.id, c.shard`;

const PROGRESS = `SELECT b.projection, b.id, sum(c.events),
    (SELECT coalesce(sum(lc.events), 0) FROM control.builds l JOIN control.checkpoints lc ON lc.build_id = l.id
      WHERE l.projection = b.projection AND l.state = 'live')
  FROM control.builds b JOIN control.checkpoints c ON c.build_id = b.id
  WHERE b.state = 'building' GROUP BY b.projection, b.id ORDER BY b.projection`;

function buildOf(rows: readonly TextRow[]): BuildStatus {
  const [, id, version, state, createdAt, liveSince] = rows[0] ?? [];
  const shards = rows.map(shardOf);
  return {
    id: id ?? '',
    version: Number(version),
    state: state === 'live' || state === 'retired' ? state : 'building',
    position: shards.map(({ position }) => position).reduce((a, b) => (a && b && comparePositions(a, b) > 0 ? b : a && b && a)), // prettier-ignore
    events: shards.reduce((sum, { events }) => sum + events, 0),
    createdAt: instantOf(createdAt ?? ''),
    liveSince: liveSince ? instantOf(liveSince) : undefined,
    shards,
  };
}

function shardOf(row: TextRow): ShardStatus {
  const [shard, commit, prepare, events, idle, owner, isOwned, stoppedAt, stoppedPosition] = row.slice(6);
  return {
    shard: Number(shard),
    position: commit === '-1' ? undefined : { commit: BigInt(commit ?? 0), prepare: BigInt(prepare ?? 0) },
    events: Number(events),
    idleSeconds: Math.max(Number(idle), 0),
    owner: owner ?? undefined,
    isOwned: isOwned === 't',
    lag: undefined,
    stopped: stoppedAt ? { at: instantOf(stoppedAt), position: stoppedPosition ?? undefined } : undefined,
  };
}
