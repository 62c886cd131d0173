/** Which events a build has left out. */
import type { WriteSession } from '../ports/write-database.port.js';

export type ParkedState = 'parked' | 'discarded';

/** By position, `commit/prepare`. Those that wait behind a parked one count as parked. */
export async function parkedOf(
  _session: WriteSession,
  _buildId: string,
): Promise<ReadonlyMap<string, { readonly type: string; readonly state: ParkedState }>> {
  return new Map();
}
