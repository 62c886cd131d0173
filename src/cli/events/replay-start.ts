/**
 * Where in the log a replay from an instant on begins. The log itself finds no time: only positions that it gave may be asked for,
 * so there is nothing between its ends to bisect. The event index, a read model, has the recorded times, where there is one.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventIndexQueries } from '../../projections/audit/event-index.queries.js';
import { CLOCKS_AGREE_MS } from './replay.js';

/**
 * That the index is behind the log does no harm: it only says less of what need not be read.
 * @param from an ISO 8601 instant
 * @returns up to where nothing of the workspace was recorded from then on; undefined when that is not known
 */
export async function nothingUpTo(
  index: EventIndexQueries,
  workspaceId: string,
  from: string,
): Promise<LogPosition | undefined> {
  const before = await index.lastRecordedBefore(
    workspaceId,
    new Date(Date.parse(from) - CLOCKS_AGREE_MS).toISOString(),
  );
  return before && { commit: BigInt(before.commit), prepare: BigInt(before.prepare) };
}
