/** Which events a build has left out. */
import type { WriteSession } from '../ports/write-database.port.js';

export type ParkedState = 'parked' | 'discarded';

/** By position, `commit/prepare`. Those that wait behind a parked one count as parked. */
export async function parkedOf(
  session: WriteSession,
  buildId: string,
): Promise<ReadonlyMap<string, { readonly type: string; readonly state: ParkedState }>> {
  const rows = await session.query({
    text: `SELECT commit_position || '/' || prepare_position, event_type, state = 'discarded'
      FROM control.parked WHERE build_id = $1`,
    values: [buildId],
  });
  return new Map(
    rows.map(([at, type, discarded]) => [
      at ?? '',
      { type: type ?? '', state: discarded === 't' ? 'discarded' : 'parked' },
    ]),
  );
}
