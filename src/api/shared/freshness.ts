/** Read your own writes: a query that carries `minPosition` waits, bounded, until the read models it touches have it. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { ReadDatabase } from '../../projections/ports/read-database.port.js';
import { staleRead } from './errors.js';

/**
 * @param projections the names of the projections the query reads
 * @throws STALE_READ with extensions {projection, at, wanted, on, lag} when they have not reached it in time
 */
export async function requirePosition(
  database: ReadDatabase,
  projections: readonly string[],
  minPosition: LogPosition | null | undefined,
): Promise<void> {
  if (!minPosition) return;
  const outcome = await database.waitForPosition(projections, minPosition);
  if (outcome !== 'reached') throw staleRead(outcome, minPosition);
}
