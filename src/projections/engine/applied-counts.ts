/** How many events of each type a share has applied: written with the rows, read by `verify`. */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { TextRow, WriteSession } from '../ports/write-database.port.js';
import type { ShareId } from './build-registry.js';

/** Events by type. */
export type TypeCounts = ReadonlyMap<string, number>;

/** Counted before types were: a build that an older version made. */
export const UNTYPED = '';

export function countTypes(events: readonly RecordedEvent[]): TypeCounts {
  const counts = new Map<string, number>();
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** One statement for all of them, in the transaction that writes what they led to. */
export async function addApplied(
  session: WriteSession,
  applied: readonly (ShareId & { readonly counts: TypeCounts })[],
): Promise<void> {
  const rows = applied.flatMap(({ buildId, shard, counts }) =>
    [...counts].map(([type, events]) => ({ buildId, shard, type, events })),
  );
  if (rows.length === 0) return;
  // In one order, so that two workers never wait for each other's rows in a ring.
  rows.sort((a, b) => Number(a.buildId) - Number(b.buildId) || a.shard - b.shard || (a.type < b.type ? -1 : 1));
  // Types are names: nothing in them has a meaning in an array's text.
  const list = (of: (row: (typeof rows)[number]) => unknown): string => `{${rows.map(of).join(',')}}`;
  await session.query({
    name: 'applied:add',
    text: `INSERT INTO control.applied_counts AS a (build_id, shard, type, events)
      SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::bigint[])
      ON CONFLICT (build_id, shard, type) DO UPDATE SET events = a.events + EXCLUDED.events`,
    values: [list((row) => row.buildId), list((row) => row.shard), list((row) => row.type), list((row) => row.events)],
  });
}

/** Of all shards of a build together, by type. */
export async function readApplied(session: WriteSession, buildId: string): Promise<Map<string, number>> {
  const rows: readonly TextRow[] = await session.query({
    text: 'SELECT type, sum(events) FROM control.applied_counts WHERE build_id = $1 GROUP BY type ORDER BY type',
    values: [buildId],
  });
  return new Map(rows.map(([type, events]) => [type ?? '', Number(events)]));
}
