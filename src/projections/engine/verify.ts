/**
 * Proves that what serves is what the log says: recounts the log by event type against what the build counted while it
 * applied, and compares every row of every table with a build made from the log up to the same place.
 *
 * The build moves on meanwhile. So the shadow is brought close to it first, from transactions of its own; then one
 * repeatable-read transaction fixes what is compared: its snapshot shows rows, checkpoints, counts and parked events as one
 * commit left them (they are only ever written together), the shadow reads the little that is left up to exactly those
 * checkpoints inside the same transaction, which sees its own writes, and the tables are compared there.
 */
import type { EventLog, LogItem } from '../ports/event-log.port.js';
import { comparePositions } from '../../domain/shared/position.js';
import type { LockHolder, WriteDatabase, WriteSession } from '../ports/write-database.port.js';
import { readApplied, UNTYPED } from './applied-counts.js';
import { dropBuild, leastOf, schemaOf } from './build-registry.js';
import { compareTable, type TableComparison } from './compare-tables.js';
import { readStretch } from './log-stretch.js';
import { tablesOf, type Projection } from './projection.js';
import { Outdated, readLive, Shadow, type LiveBuild } from './shadow.js';
import { dropOrphanShadows, makeSideBuild, SideBuildFailed, typesOf } from './side-build.js';

export interface Verification {
  readonly projection: string;
  readonly version: number;
  /** The schema of the build that serves. */
  readonly build: string;
  /** Up to where it was checked, by share: `commit/prepare`; null before a share's first event. */
  readonly positions: readonly (string | null)[];
  readonly equal: boolean;
  readonly counts: readonly TypeCount[];
  /** The first hundred that the build could not apply or was told to go without; those that wait behind them are only counted. */
  readonly leftOut: readonly LeftOutEvent[];
  readonly tables: readonly TableComparison[];
}

/** It is no difference that its rows lack, and yet people should know. */
export interface LeftOutEvent {
  /** `commit/prepare`, as `projections parked show` takes it. */
  readonly position: string;
  readonly type: string;
  readonly state: 'parked' | 'discarded';
}

/** Of one event type; of all together, as type `''`, where the build was begun before types were counted. */
export interface TypeCount {
  readonly type: string;
  readonly log: number;
  readonly applied: number;
  /** Parked, or waiting behind a parked one. */
  readonly parked: number;
  readonly discarded: number;
}

/** Why one projection could not be checked. */
export interface Unverified {
  readonly projection: string;
  readonly reason: string;
}

export interface VerifyParts {
  readonly log: EventLog;
  readonly database: WriteDatabase;
  readonly signal: AbortSignal;
  /** Also texts and JSON, which may be personal. */
  readonly showValues: boolean;
  /** Events that were read and taken. */
  readonly progress?: (events: number) => void;
}

/** A pass that took fewer leaves little to do inside the snapshot. While events pour in, that may never be so. */
const CLOSE = { events: 2_000, passes: 5 };
/** Enough to see what kind it is; `projections parked list` has the others. */
const MOST_LEFT_OUT = 100;
/** Parked events may be tried again while we look; who does nothing else can be checked later. */
const ATTEMPTS = 3;

export const isVerified = (result: Verification | Unverified): result is Verification => 'equal' in result;

/** Reads the log once for all of them. @throws when the log or Postgres can't be reached */
export async function verify(
  parts: VerifyParts,
  projections: readonly Projection[],
): Promise<readonly (Verification | Unverified)[]> {
  const locks = await parts.database.holdLocks();
  const work = new VerifyRun(parts, locks);
  try {
    await dropOrphanShadows(parts.database, locks);
    return await work.run(projections);
  } finally {
    await work.dropAll();
    await locks.release();
  }
}

class VerifyRun {
  readonly #made = new Set<string>();
  /** The event that the present code can't apply, though the build has. */
  readonly #failed = new Map<Shadow, SideBuildFailed>();

  constructor(
    private readonly parts: VerifyParts,
    private readonly locks: LockHolder,
  ) {}

  async run(projections: readonly Projection[]): Promise<readonly (Verification | Unverified)[]> {
    const shadows: (Shadow | Unverified)[] = [];
    for (const projection of projections) shadows.push(await this.#shadowOf(projection));
    await this.#comeClose(shadows.filter((shadow) => shadow instanceof Shadow));
    const results: (Verification | Unverified)[] = [];
    for (const shadow of shadows) {
      results.push(shadow instanceof Shadow ? await this.#compareUntilStill(shadow) : shadow);
    }
    return results;
  }

  async dropAll(): Promise<void> {
    for (const id of this.#made) await this.#drop(id);
  }

  async #shadowOf(projection: Projection): Promise<Shadow | Unverified> {
    const { database } = this.parts;
    const live = await readLive(database, projection.name);
    const reason = unfit(projection, live);
    if (reason !== undefined || !live) return { projection: projection.name, reason: reason ?? '' };
    const id = await database.transaction(async (session) => {
      const made = await makeSideBuild(session, projection, 'shadow');
      // Before anybody can see it: one that is there and not locked was left behind.
      await this.locks.tryLock(schemaOf(made));
      return made;
    });
    this.#made.add(id);
    return new Shadow(projection, id, live, database);
  }

  async #comeClose(shadows: readonly Shadow[]): Promise<void> {
    for (let pass = 0; pass < CLOSE.passes; pass++) {
      const taken = await this.#pass(shadows.filter((shadow) => !this.#failed.has(shadow)));
      for (const shadow of shadows) {
        const live = await readLive(this.parts.database, shadow.projection.name);
        // What is no use any more is found out, and made anew, when its turn comes.
        if (live && !shadow.isOutdated(live)) shadow.aim(live);
      }
      if (taken < CLOSE.events) return;
    }
  }

  /** Brings all of them to where their builds were when it was last looked. @returns the events that all together took */
  async #pass(shadows: readonly Shadow[]): Promise<number> {
    const { log, signal } = this.parts;
    const stretches = shadows.flatMap(({ stretch }) => (stretch ? [stretch] : []));
    const [first] = stretches;
    if (!first) return 0;
    const after = leastOf(stretches.map((stretch) => stretch.after));
    const to = stretches.map((stretch) => stretch.to).reduce((a, b) => (comparePositions(a, b) > 0 ? a : b));
    const types = typesOf(shadows.map(({ projection }) => projection));
    let taken = 0;
    for await (const items of readStretch(log, { after, to, types, signal })) {
      const counts = await Promise.all(shadows.map(async (shadow) => this.#apply(shadow, items)));
      const sum = counts.reduce((a, b) => a + b, 0);
      taken += sum;
      this.parts.progress?.(sum);
    }
    for (const shadow of shadows) shadow.arrived();
    return taken;
  }

  /** One projection's bad event is no reason not to look at the others. */
  async #apply(shadow: Shadow, items: readonly LogItem[]): Promise<number> {
    if (this.#failed.has(shadow)) return 0;
    try {
      return await shadow.apply(items);
    } catch (error) {
      if (!(error instanceof SideBuildFailed)) throw error;
      this.#failed.set(shadow, error);
      return 0;
    }
  }

  async #compareUntilStill(first: Shadow): Promise<Verification | Unverified> {
    const { name } = first.projection;
    let shadow = first;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        await this.#comeClose([shadow]);
        const failure = this.#failed.get(shadow);
        return failure ? { projection: name, reason: failure.message } : await this.#compare(shadow);
      } catch (error) {
        if (error instanceof SideBuildFailed) return { projection: name, reason: error.message };
        if (!(error instanceof Outdated)) throw error;
      } finally {
        await this.#drop(shadow.id);
      }
      const again = await this.#shadowOf(shadow.projection);
      if (!(again instanceof Shadow)) return again;
      shadow = again;
    }
    return {
      projection: name,
      reason: 'the build changed its mind while it was looked at, again and again: try once more',
    };
  }

  async #compare(shadow: Shadow): Promise<Verification | Unverified> {
    const { database, log, signal, showValues } = this.parts;
    const { projection } = shadow;
    return database.transaction(async (session) => {
      await session.query({ text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
      const live = await readLive(session, projection.name);
      const reason = unfit(projection, live);
      if (!live || reason !== undefined) return { projection: projection.name, reason: reason ?? '' };
      shadow.aim(live);
      await shadow.finishInside(session, log, signal);
      const counts = await countsOf(session, shadow, live);
      const tables: TableComparison[] = [];
      for (const table of tablesOf(projection)) {
        tables.push(await compareTable(session, table, live.id, shadow.id, showValues));
      }
      const isComplete = counts.every(
        ({ log: all, applied, parked, discarded }) => all === applied + parked + discarded,
      );
      return {
        projection: projection.name,
        version: projection.version,
        build: schemaOf(live.id),
        positions: live.positions.map((at) => (at ? `${at.commit}/${at.prepare}` : null)),
        equal: isComplete && tables.every(({ first }) => first === undefined),
        counts,
        leftOut: leftOutOf(live),
        tables,
      };
    });
  }

  async #drop(id: string): Promise<void> {
    if (!this.#made.delete(id)) return;
    await this.parts.database.transaction(async (session) => dropBuild(session, id));
    await this.locks.unlock(schemaOf(id));
  }
}

/** Why there is nothing to compare; undefined when there is. */
function unfit({ name, version }: Projection, live: LiveBuild | undefined): string | undefined {
  if (!live) return `no build of ${name} serves`;
  if (live.version === version) return undefined;
  return `version ${live.version} of ${name} serves, and this code has version ${version}: verify with the code that built it`;
}

async function countsOf(session: WriteSession, shadow: Shadow, live: LiveBuild): Promise<readonly TypeCount[]> {
  const applied = await readApplied(session, live.id);
  // A build from before types were counted has only their sum to show.
  const isTyped = !applied.has(UNTYPED);
  const counts = new Map<string, { log: number; applied: number; parked: number; discarded: number }>();
  const of = (type: string): { log: number; applied: number; parked: number; discarded: number } => {
    const key = isTyped ? type : UNTYPED;
    const known = counts.get(key) ?? { log: 0, applied: 0, parked: 0, discarded: 0 };
    counts.set(key, known);
    return known;
  };
  for (const [type, events] of shadow.recounted) of(type).log += events;
  for (const [type, events] of applied) of(type).applied += events;
  for (const { type, state } of live.parked.values()) of(type)[state === 'discarded' ? 'discarded' : 'parked'] += 1;
  return [...counts].map(([type, count]) => ({ type, ...count })).toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

const leftOutOf = ({ parked }: LiveBuild): readonly LeftOutEvent[] =>
  [...parked]
    .flatMap(([position, { type, state }]) => (state === 'behind' ? [] : [{ position, type, state }]))
    .slice(0, MOST_LEFT_OUT);
