/** How far each projection is, as far as this process knows, and who waits for it to get further. */
import { comparePositions } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';

export { comparePositions };

/** How far one shard of the build that serves a projection is. */
export interface Progress {
  readonly projection: string;
  readonly build: string;
  /** How many the build has. */
  readonly shards: number;
  readonly shard: number;
  readonly position: LogPosition;
}

interface Waiter {
  readonly projections: readonly string[];
  readonly position: LogPosition;
  readonly reached: () => void;
}

/** Of the build that serves. */
interface Known {
  readonly build: string;
  readonly shards: Map<number, LogPosition>;
  /** Of the shard that is furthest behind; undefined until each has been heard of. */
  least: LogPosition | undefined;
}

export class PositionRegistry {
  readonly #known = new Map<string, Known>();
  readonly #waiters = new Set<Waiter>();

  /**
   * A projection is as far as the shard that is furthest behind. Positions of one build only move forward here: news may arrive
   * out of order. News of another build says that it serves now, and what was known of the one before counts no more.
   * @returns false when other shards of the build have not been heard of yet
   */
  advance({ projection, build, shards, shard, position }: Progress): boolean {
    const known = this.#serving(projection, build);
    const before = known.shards.get(shard);
    if (!before || comparePositions(position, before) > 0) known.shards.set(shard, position);
    if (known.shards.size < shards) return false;
    let least = position;
    for (const at of known.shards.values()) if (comparePositions(at, least) < 0) least = at;
    if (!known.least || comparePositions(least, known.least) > 0) {
      known.least = least;
      for (const waiter of this.#waiters) if (this.hasReached(waiter.projections, waiter.position)) waiter.reached();
    }
    return true;
  }

  /** The build that serves, as far as is known. */
  buildOf(projection: string): string | undefined {
    return this.#known.get(projection)?.build;
  }

  /** This build serves, however far it is. */
  serves(projection: string, build: string): void {
    this.#serving(projection, build);
  }

  #serving(projection: string, build: string): Known {
    const before = this.#known.get(projection);
    if (before?.build === build) return before;
    const known: Known = { build, shards: new Map(), least: undefined };
    this.#known.set(projection, known);
    return known;
  }

  /** Nothing is known any more: a database that crashed may have lost the last it said. Who waits goes on waiting. */
  forget(): void {
    this.#known.clear();
  }

  at(projection: string): LogPosition | undefined {
    return this.#known.get(projection)?.least;
  }

  hasReached(projections: readonly string[], position: LogPosition): boolean {
    return projections.every((name) => {
      const at = this.at(name);
      return at !== undefined && comparePositions(at, position) >= 0;
    });
  }

  /** The one that is furthest behind; one that nothing is known of counts as at the beginning. */
  slowest(projections: readonly string[]): { readonly projection: string; readonly at: LogPosition | undefined } {
    let slowest = { projection: projections[0] ?? '', at: this.at(projections[0] ?? '') };
    for (const projection of projections) {
      const at = this.at(projection);
      if (slowest.at && (!at || comparePositions(at, slowest.at) < 0)) slowest = { projection, at };
    }
    return slowest;
  }

  /** @returns false when it was not reached in time */
  async waitFor(projections: readonly string[], position: LogPosition, timeoutMs: number): Promise<boolean> {
    if (this.hasReached(projections, position)) return true;
    return new Promise((resolve) => {
      const end = (reached: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(reached);
      };
      const waiter: Waiter = { projections, position, reached: () => end(true) };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}
