/**
 * What is done once for a build, however many shares it has: its indexes, and the switch to it. Whoever has its first share
 * does it; when he dies, whoever takes that over begins again.
 */
import type { LimitFunction } from 'p-limit';
import { DatabaseError, type WriteDatabase } from '../ports/write-database.port.js';
import type { Build } from './build-registry.js';
import { finishTables, tablesAtOnce } from './finish-tables.js';
import { trouble, type EngineNotice } from './notices.js';
import type { Projection } from './projection.js';
import { switchWhenLevel } from './switch-over.js';

/** The shard whose owner leads. */
export const LEADING_SHARD = 0;

interface LeaderParts {
  readonly database: WriteDatabase;
  readonly notice: (notice: EngineNotice) => void;
}

/** What a worker does for the builds whose first share it has. */
export class BuildLeader {
  readonly #leading = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();

  readonly #limit = tablesAtOnce();

  constructor(private readonly parts: LeaderParts) {}

  /** Ends what is being done for builds that are another's now. */
  keepOnly(isOurs: (buildId: string) => boolean): void {
    for (const [id, { abort }] of this.#leading) if (!isOurs(id)) abort.abort();
  }

  /** Begins what is to be done for a build that is ours, unless it is being done. `fail`: the build can't be made. */
  lead(projection: Projection, build: Build, fail: (error: DatabaseError) => void): void {
    if (!needsLeader(build) || this.#leading.has(build.id)) return;
    const abort = new AbortController();
    const done = lead({ ...this.parts, limit: this.#limit }, projection, build, abort.signal)
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
  { database, notice, limit }: LeaderParts & { readonly limit: LimitFunction },
  projection: Projection,
  build: Build,
  signal: AbortSignal,
): Promise<void> {
  if (!build.indexed) await finishTables(database, projection, build, limit, signal);
  if (build.state !== 'building') return;
  if (!(await switchWhenLevel(database, projection, build.id, signal))) return;
  notice({ kind: 'switched', projection: projection.name, build: build.id });
}
