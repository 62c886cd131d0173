/**
 * Builds of a past state: a projection's tables, folded from the events that had been recorded by then, beside the one that
 * serves. The log never changes, so the same instant gives the same rows whenever it is built.
 *
 *   under way ──read up to then, indexes made──► done ──► dropped
 *       └── whoever makes it is killed ──► taken up where it stands by the next who asks for it
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import { asOfText, isRecordedBy, settledness, type AsOf } from '../ports/as-of.js';
import type { EventLog, LogItem } from '../ports/event-log.port.js';
import { instantOf } from '../ports/instant-text.js';
import { comparePositions } from '../../domain/shared/position.js';
import type { LockHolder, TextRow, WriteDatabase } from '../ports/write-database.port.js';
import { addApplied } from './applied-counts.js';
import { finishTables, tablesAtOnce } from './finish-tables.js';
import { dropBuild, leastOf, lockProjection, schemaOf } from './build-registry.js';
import { moveCheckpoints } from './checkpoints.js';
import { readStretch } from './log-stretch.js';
import type { Projection } from './projection.js';
import { makeSideBuild, SideBuildWriter, typesOf } from './side-build.js';

export interface AsOfBuild {
  readonly id: string;
  readonly projection: string;
  readonly version: number;
  readonly asOf: AsOf;
  /** It can be read. */
  readonly done: boolean;
  /** Undefined before the first event. */
  readonly position: LogPosition | undefined;
  /** Events applied. */
  readonly events: number;
  readonly createdAt: string;
}

/** Each is as large as the read model itself was then. */
const MOST_KEPT = 10;

/** Why one can't be built; `message` says what to do. */
export class AsOfRefused extends Error {
  override readonly name = 'AsOfRefused';
  readonly code = 'AS_OF_REFUSED';
}

export interface AsOfParts {
  readonly log: EventLog;
  readonly database: WriteDatabase;
  readonly signal: AbortSignal;
  /** Events applied. */
  readonly progress?: (events: number) => void;
}

/** By projection, oldest state first. */
export async function listAsOf(database: Pick<WriteDatabase, 'query'>): Promise<readonly AsOfBuild[]> {
  const rows = await database.query({
    text: `SELECT b.id, b.projection, b.version, b.as_of_recorded, b.as_of_commit, b.as_of_prepare, b.indexed,
        c.commit_position, c.prepare_position, c.events, b.created_at
      FROM control.builds b JOIN control.checkpoints c ON c.build_id = b.id
      WHERE b.state = 'as_of' ORDER BY b.projection, b.as_of_recorded, b.as_of_commit`,
  });
  return rows.map(asOfBuildOf);
}

function asOfBuildOf(row: TextRow): AsOfBuild {
  const [id = '', projection = '', version, recordedAt, commit, prepare, indexed, atCommit, atPrepare, events, createdAt] = row; // prettier-ignore
  return {
    id: id ?? '',
    projection: projection ?? '',
    version: Number(version),
    asOf: recordedAt
      ? { recordedAt: instantOf(recordedAt) }
      : { position: { commit: BigInt(commit ?? 0), prepare: BigInt(prepare ?? 0) } },
    done: indexed === 't',
    position: atCommit === '-1' ? undefined : { commit: BigInt(atCommit ?? 0), prepare: BigInt(atPrepare ?? 0) },
    events: Number(events),
    createdAt: instantOf(createdAt ?? ''),
  };
}

/**
 * Builds what is not there yet; the log is read once for all of them.
 * @throws AsOfRefused, SideBuildFailed for an event that can't be applied; what is done until then is kept and gone on with
 */
export async function buildAsOf(
  parts: AsOfParts,
  projections: readonly Projection[],
  asOf: AsOf,
): Promise<readonly AsOfBuild[]> {
  const head = await settle(parts, asOf);
  const locks = await parts.database.holdLocks();
  try {
    const members: Member[] = [];
    for (const projection of projections) {
      const build = await takeUp(parts.database, locks, projection, asOf);
      if (!build.done) members.push(new Member(projection, build, parts.database));
    }
    if (head) await readInto(parts, members, asOf, head);
    const limit = tablesAtOnce();
    for (const { projection, id } of members) {
      await finishTables(parts.database, projection, { id, appends: false }, limit);
    }
  } finally {
    await locks.release();
  }
  const names = new Set(projections.map(({ name }) => name));
  return (await listAsOf(parts.database)).filter((build) => names.has(build.projection) && isSame(build.asOf, asOf));
}

/** Drops those of the projection at that instant or position, done or not. @returns how many; 0 when there was none */
export async function dropAsOf(database: WriteDatabase, projection: string, asOf: AsOf): Promise<number> {
  const locks = await database.holdLocks();
  try {
    return await database.transaction(async (session) => {
      const builds = (await listAsOf(session)).filter((build) => build.projection === projection && isSame(build.asOf, asOf)); // prettier-ignore
      for (const { id } of builds) {
        if (!(await locks.tryLock(schemaOf(id)))) throw underWay(projection, asOf);
        await dropBuild(session, id);
      }
      return builds.length;
    });
  } finally {
    await locks.release();
  }
}

/** Waits until nothing more can come to be recorded by then. @returns where the log ends */
async function settle({ log, signal }: AsOfParts, asOf: AsOf): Promise<LogPosition | undefined> {
  const state = settledness(asOf, Date.now(), await log.head());
  if (state.kind === 'future') {
    throw new AsOfRefused(`${asOfText(asOf)} is in the future: only what is over stays as it is`);
  }
  if (state.kind === 'soon') await delay(state.inMs, undefined, { signal });
  return log.head();
}

/** The build that is there, or a new one; ours until we let go of the locks. */
async function takeUp(
  database: WriteDatabase,
  locks: LockHolder,
  projection: Projection,
  asOf: AsOf,
): Promise<AsOfBuild> {
  return database.transaction(async (session) => {
    await lockProjection(session, projection.name);
    const all = (await listAsOf(session)).filter((build) => build.projection === projection.name);
    const known = all.find((build) => isSame(build.asOf, asOf));
    if (known && !known.done && !(await locks.tryLock(schemaOf(known.id)))) throw underWay(projection.name, asOf);
    if (known?.version === projection.version) return known;
    // Another version has other tables.
    if (known) await dropBuild(session, known.id);
    if (!known && all.length >= MOST_KEPT) {
      throw new AsOfRefused(`${all.length} builds of ${projection.name} as of then are kept, which is the most: drop one first with \`teampulse projections drop ${projection.name} --as-of …\``); // prettier-ignore
    }
    const id = await makeSideBuild(session, projection, 'as_of');
    await session.query({
      text: 'UPDATE control.builds SET as_of_recorded = $2, as_of_commit = $3, as_of_prepare = $4 WHERE id = $1',
      values: [
        id,
        'recordedAt' in asOf ? asOf.recordedAt : null,
        'position' in asOf ? String(asOf.position.commit) : null,
        'position' in asOf ? String(asOf.position.prepare) : null,
      ],
    });
    await locks.tryLock(schemaOf(id));
    const made = (await listAsOf(session)).find((build) => build.id === id);
    if (!made) throw new Error(`build ${id} was made and is not there`);
    return made;
  });
}

const underWay = (projection: string, asOf: AsOf): AsOfRefused =>
  new AsOfRefused(`${projection} as of ${asOfText(asOf)} is being built by another process`);

async function readInto(
  { log, signal, progress }: AsOfParts,
  members: readonly Member[],
  asOf: AsOf,
  head: LogPosition,
): Promise<void> {
  if (members.length === 0) return;
  const after = leastOf(members.map(({ position }) => position));
  const to = 'position' in asOf ? asOf.position : head;
  const types = typesOf(members.map(({ projection }) => projection));
  for await (const items of readStretch(log, { after, to, types, signal })) {
    const end = items.findIndex((item) => item.kind === 'event' && !isRecordedBy(asOf, item.event));
    const past = end < 0 ? items : items.slice(0, end);
    const applied = await Promise.all(members.map(async (member) => member.apply(past)));
    progress?.(applied.reduce((a, b) => a + b, 0));
    if (end >= 0) return;
  }
}

/** One build that is being made. */
class Member {
  position: LogPosition | undefined;
  readonly id: string;
  readonly #writer: SideBuildWriter;

  constructor(
    readonly projection: Projection,
    build: AsOfBuild,
    database: WriteDatabase,
  ) {
    this.id = build.id;
    this.position = build.position;
    this.#writer = new SideBuildWriter(projection, database, build.id, async (write, events, counts) => {
      const to = events.at(-1)?.position;
      if (!to) return;
      // Rows and checkpoint together, as everywhere: who is killed here is gone on from here.
      const share = { buildId: this.id, shard: 0 };
      const move = { ...share, epoch: 0n, shards: 1, projection: projection.name, announce: false, from: this.position, to, events: events.length }; // prettier-ignore
      await database.transaction(async (session) => {
        await Promise.all([
          write(session),
          moveCheckpoints(session, [move]),
          addApplied(session, [{ ...share, counts }]),
        ]);
      });
      this.position = to;
    });
  }

  /** @returns how many events were new to it */
  async apply(items: readonly LogItem[]): Promise<number> {
    const { position } = this;
    const own = items.filter((item) => !position || comparePositions(positionOf(item) ?? position, position) > 0);
    await this.#writer.apply(own);
    return own.filter((item) => item.kind === 'event' && this.#writer.wants(item.event.type)).length;
  }
}

function positionOf(item: LogItem): RecordedEvent['position'] | undefined {
  if (item.kind === 'event') return item.event.position;
  return item.kind === 'caughtUp' ? undefined : item.position;
}

const isSame = (a: AsOf, b: AsOf): boolean => asOfText(a) === asOfText(b);
