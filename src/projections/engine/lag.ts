/**
 * How far projections are behind the log's own head, honestly: positions are no counts on a real cluster, so what has not been
 * applied is read and counted, up to a bound; what is level with the head is not read at all.
 */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog } from '../ports/event-log.port.js';
import type { Lag } from '../ports/projection-control.port.js';
import { comparePositions } from '../../domain/shared/position.js';

export const NO_LAG: Lag = { events: 0, exact: true, seconds: 0 };

/** Beyond, "at least" says enough: reading more would slow down those who are catching up. */
const MOST_COUNTED = 1_000;
/** The same for a log that answers slowly. */
const MOST_MS = 2_000;

/**
 * @param after where the projection stands
 * @param types what it takes; everything when undefined
 * @param head the end of the log, as it was a moment ago: what comes later is not counted
 */
export async function measureLag(
  log: EventLog,
  after: LogPosition | undefined,
  types: ReadonlySet<string> | undefined,
  head: LogPosition | undefined,
  mostMs = MOST_MS,
): Promise<Lag> {
  if (!head || (after && comparePositions(after, head) >= 0)) return NO_LAG;
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), mostMs);
  let events = 0;
  let oldest: number | undefined;
  const lag = (exact: boolean): Lag => ({ events, exact, seconds: oldest === undefined ? 0 : Math.max((Date.now() - oldest) / 1_000, 0) }); // prettier-ignore
  try {
    for await (const items of log.subscribe({ after, typePrefixes: types && [...types], signal: end.signal })) {
      for (const item of items) {
        if (item.kind === 'caughtUp') return lag(true);
        const position = item.kind === 'event' ? item.event.position : item.position;
        if (comparePositions(position, head) > 0) return lag(true);
        // Filters are by prefix.
        if (item.kind === 'event' && (types?.has(item.event.type) ?? true)) {
          oldest ??= Date.parse(item.event.recordedAt);
          events += 1;
        } else if (item.kind === 'malformed') events += 1;
        if (comparePositions(position, head) >= 0) return lag(true);
        if (events >= MOST_COUNTED) return lag(false);
      }
    }
    return lag(false);
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}
