/** How far each projection is, as far as this process knows, and who waits for it to get further. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';

/** -1, 0 or 1: by commit, then by prepare position. */
export function comparePositions(a: LogPosition, b: LogPosition): number {
  if (a.commit !== b.commit) return a.commit < b.commit ? -1 : 1;
  if (a.prepare !== b.prepare) return a.prepare < b.prepare ? -1 : 1;
  return 0;
}

interface Waiter {
  readonly projections: readonly string[];
  readonly position: LogPosition;
  readonly reached: () => void;
}

export class PositionRegistry {
  readonly #positions = new Map<string, LogPosition>();
  readonly #waiters = new Set<Waiter>();

  /** Positions only move forward here: news may arrive out of order. */
  advance(projection: string, position: LogPosition): void {
    const known = this.#positions.get(projection);
    if (known && comparePositions(position, known) <= 0) return;
    this.#positions.set(projection, position);
    for (const waiter of this.#waiters) if (this.hasReached(waiter.projections, waiter.position)) waiter.reached();
  }

  /** Nothing is known any more: a database that crashed may have lost the last it said. Who waits goes on waiting. */
  forget(): void {
    this.#positions.clear();
  }

  at(projection: string): LogPosition | undefined {
    return this.#positions.get(projection);
  }

  hasReached(projections: readonly string[], position: LogPosition): boolean {
    return projections.every((name) => {
      const at = this.#positions.get(name);
      return at !== undefined && comparePositions(at, position) >= 0;
    });
  }

  /** The one that is furthest behind; one that nothing is known of counts as at the beginning. */
  slowest(projections: readonly string[]): { readonly projection: string; readonly at: LogPosition | undefined } {
    let slowest = { projection: projections[0] ?? '', at: this.#positions.get(projections[0] ?? '') };
    for (const projection of projections) {
      const at = this.#positions.get(projection);
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
