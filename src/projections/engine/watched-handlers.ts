/**
 * Says of each call of a projection's own code that it has begun and that it is over. A call that never returns blocks the whole
 * thread, so what is said must lie where another thread can read it: see the marks.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { Projection } from './projection.js';

/** Cheap: told several times for each event. */
export interface HandlerMarks {
  /**
   * @param projection its place in the list
   * @param at the event's position; undefined for what is made of rows (details, contributions) after the last event of a batch
   */
  enter(projection: number, at: LogPosition | undefined): void;
  leave(): void;
}

/** The same projections, watched. */
export const watchHandlers = (projections: readonly Projection[], marks: HandlerMarks): readonly Projection[] =>
  projections.map((projection, place) => {
    // No arguments to pass on: a closure costs less than they do.
    const watch = <Result>(at: LogPosition | undefined, call: () => Result): Result => {
      marks.enter(place, at);
      try {
        return call();
      } finally {
        marks.leave();
      }
    };
    if (projection.kind === 'journal') {
      return { ...projection, rows: (event) => watch(event.position, () => projection.rows(event)) };
    }
    const { details, rollups } = projection;
    return {
      ...projection,
      key: (event) => watch(event.position, () => projection.key(event)),
      evolve: (row, event) => watch(event.position, () => projection.evolve(row, event)),
      ...(details && {
        details: details.map((table) => ({ ...table, rows: (row) => watch(undefined, () => table.rows(row)) })),
      }),
      ...(rollups && {
        rollups: rollups.map((table) => ({
          ...table,
          contributions: (row) => watch(undefined, () => table.contributions(row)),
        })),
      }),
    };
  });
