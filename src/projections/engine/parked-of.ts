/** Which events a build has left out. */
import type { ParkedEventState } from '../ports/parked-event.js';
import type { WriteSession } from '../ports/write-database.port.js';

/** By position, `commit/prepare`, in the order of the log. */
export type LeftOut = ReadonlyMap<string, { readonly type: string; readonly state: ParkedEventState }>;

export async function parkedOf(session: WriteSession, buildId: string): Promise<LeftOut> {
  const rows = await session.query({
    text: `SELECT commit_position || '/' || prepare_position, event_type, state
      FROM control.parked WHERE build_id = $1 ORDER BY commit_position, prepare_position`,
    values: [buildId],
  });
  return new Map(
    rows.map(([at, type, state]) => [
      at ?? '',
      { type: type ?? '', state: state === 'behind' || state === 'discarded' ? state : 'parked' },
    ]),
  );
}
