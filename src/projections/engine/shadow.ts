/**
 * A build made from the log to compare the one that serves with: each share's events up to that share's checkpoint, without
 * those that the build has parked or given up. Rollups are sums, so that shares at different positions add up to the same.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog, LogItem } from '../ports/event-log.port.js';
import { comparePositions } from '../../domain/shared/position.js';
import type { WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { leastOf } from './build-registry.js';
import { readStretch } from './log-stretch.js';
import { parkedOf, type LeftOut } from './parked-of.js';
import type { Projection } from './projection.js';
import { shardOf } from './shard-of.js';
import { SideBuildWriter, typesOf } from './side-build.js';

/** The build that serves, as one snapshot shows it. */
export interface LiveBuild {
  readonly id: string;
  readonly version: number;
  /** By shard; undefined before its first event. */
  readonly positions: readonly (LogPosition | undefined)[];
  readonly parked: LeftOut;
}

/** Undefined when no build serves. */
export async function readLive(session: WriteSession, projection: string): Promise<LiveBuild | undefined> {
  const rows = await session.query({
    text: `SELECT b.id, b.version, c.commit_position, c.prepare_position
      FROM control.builds b JOIN control.checkpoints c ON c.build_id = b.id
      WHERE b.projection = $1 AND b.state = 'live' ORDER BY c.shard`,
    values: [projection],
  });
  const id = rows[0]?.[0];
  if (!id) return undefined;
  const positions = rows.map(([, , commit, prepare]) =>
    commit === '-1' ? undefined : { commit: BigInt(commit ?? 0), prepare: BigInt(prepare ?? 0) },
  );
  return { id, version: Number(rows[0]?.[1]), positions, parked: await parkedOf(session, id) };
}

/** The shadow has to be made anew. */
export class Outdated extends Error {
  override readonly name = 'Outdated';
}

export class Shadow {
  /** What the log has, by type, up to each share's checkpoint. */
  readonly recounted = new Map<string, number>();
  /** By shard, how far the shadow is. */
  #reached: readonly (LogPosition | undefined)[];
  #target: LiveBuild;
  readonly #leftOut = new Set<string>();
  readonly #outside: SideBuildWriter;

  constructor(
    readonly projection: Projection,
    readonly id: string,
    live: LiveBuild,
    database: WriteDatabase,
  ) {
    this.#target = live;
    this.#reached = live.positions.map(() => undefined);
    this.#outside = new SideBuildWriter(projection, database, id, async (write) => database.transaction(write));
  }

  /**
   * What it left out has been applied since, or the build stands further back than it did (it was put there by hand, or
   * Postgres crashed): then no reading on makes it what the log gives up to there.
   */
  isOutdated(live: LiveBuild): boolean {
    if (live.positions.length !== this.#reached.length) return true;
    if (this.#reached.some((at, shard) => at && isBefore(live.positions[shard], at))) return true;
    return [...this.#leftOut].some((position) => !live.parked.has(position));
  }

  /** From now on to where the build is now. @throws Outdated */
  aim(live: LiveBuild): void {
    if (this.isOutdated(live)) throw new Outdated(`the shadow of ${this.projection.name} has to be made anew`);
    this.#target = live;
  }

  /** What is still to be read; undefined when nothing is. */
  get stretch(): { readonly after: LogPosition | undefined; readonly to: LogPosition } | undefined {
    const to = furthestOf(this.#target.positions);
    const after = leastOf(this.#reached);
    return to && (!after || comparePositions(after, to) < 0) ? { after, to } : undefined;
  }

  /** @param items a stretch of the log, in order and without a gap @returns how many it took */
  async apply(items: readonly LogItem[], writer = this.#outside): Promise<number> {
    const own = items.filter((item) => this.#isOwn(item, writer));
    for (const item of own) {
      const { type } = item.kind === 'event' ? item.event : item;
      this.recounted.set(type, (this.recounted.get(type) ?? 0) + 1);
    }
    await writer.apply(own.filter((item) => !this.#leaveOut(item)));
    return own.length;
  }

  #isOwn(item: LogItem, writer: SideBuildWriter): item is Extract<LogItem, { kind: 'event' | 'malformed' }> {
    if (item.kind !== 'event' && item.kind !== 'malformed') return false;
    const { type, streamName, position } = item.kind === 'event' ? item.event : item;
    if (!writer.wants(type)) return false;
    const shard = shardOf(streamName, this.#reached.length);
    const [from, to] = [this.#reached[shard], this.#target.positions[shard]];
    return to !== undefined && comparePositions(position, to) <= 0 && (!from || comparePositions(position, from) > 0);
  }

  #leaveOut(item: Extract<LogItem, { kind: 'event' | 'malformed' }>): boolean {
    const { position } = item.kind === 'event' ? item.event : item;
    const key = `${position.commit}/${position.prepare}`;
    if (!this.#target.parked.has(key)) return false;
    this.#leftOut.add(key);
    return true;
  }

  /** The stretch has been read. */
  arrived(): void {
    this.#reached = this.#target.positions;
  }

  /** Reads the rest inside a transaction, so that what it began with stays what it is compared with. */
  async finishInside(session: WriteSession, log: EventLog, signal: AbortSignal): Promise<void> {
    const inside = new SideBuildWriter(this.projection, session, this.id, async (write) => write(session));
    if (this.stretch) {
      const types = typesOf([this.projection]);
      for await (const items of readStretch(log, { ...this.stretch, types, signal })) await this.apply(items, inside);
    }
    this.arrived();
  }
}

const furthestOf = (positions: readonly (LogPosition | undefined)[]): LogPosition | undefined =>
  positions.reduce((a, b) => (a && b ? (comparePositions(a, b) >= 0 ? a : b) : (a ?? b)), undefined);

const isBefore = (a: LogPosition | undefined, b: LogPosition): boolean => !a || comparePositions(a, b) < 0;
