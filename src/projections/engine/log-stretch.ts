/** A stretch of the log that has an end, for work that is done once: checking a read model, building one as of then. */
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { EventLog, LogItem } from '../ports/event-log.port.js';
import { comparePositions } from '../../domain/shared/position.js';

/** How long a filtered stretch may be silent before its end is looked for without the filter. */
const QUIET_MS = 3_000;

export interface Stretch {
  /** Strictly after; from the first event when undefined. */
  readonly after: LogPosition | undefined;
  /** Up to and including. The log has an event there, or has had. */
  readonly to: LogPosition;
  /** Only these event types; all when undefined. */
  readonly types: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * Every event of the stretch, in order, each once; `checkpoint` items say how far it is.
 * Ends at `to`. A filtered subscription says that it has caught up only on some servers: where one stays silent, the rest
 * is read without a filter, which ends at an event for certain.
 */
export async function* readStretch(
  log: EventLog,
  { after, to, types, signal }: Stretch,
): AsyncGenerator<readonly LogItem[]> {
  if (after && comparePositions(after, to) >= 0) return;
  let last = after;
  const wanted = types && new Set(types);
  for (const filter of types ? [types, undefined] : [undefined]) {
    const reading = new AbortController();
    const leave = (): void => reading.abort();
    signal.addEventListener('abort', leave, { once: true });
    let silence = filter && setTimeout(leave, QUIET_MS);
    try {
      for await (const batch of log.subscribe({ after: last, typePrefixes: filter, signal: reading.signal })) {
        clearTimeout(silence);
        const items: LogItem[] = [];
        let ended = false;
        for (const item of batch) {
          const position = positionOf(item);
          // Having caught up, it has passed what was the end when we were called.
          ended = position === undefined || comparePositions(position, to) >= 0;
          const isWithin = position !== undefined && comparePositions(position, to) <= 0;
          // A prefix lets through types that only begin like one of these.
          if (isWithin && (wanted === undefined || item.kind === 'checkpoint' || wanted.has(typeOf(item))))
            items.push(item);
          last = position ?? last;
          if (ended) break;
        }
        if (items.length > 0) yield items;
        if (ended) return;
        if (filter) silence = setTimeout(leave, QUIET_MS);
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', leave);
      reading.abort();
    }
    signal.throwIfAborted();
  }
}

function positionOf(item: LogItem): LogPosition | undefined {
  if (item.kind === 'event') return item.event.position;
  return item.kind === 'caughtUp' ? undefined : item.position;
}

const typeOf = (item: LogItem): string =>
  item.kind === 'event' ? item.event.type : item.kind === 'malformed' ? item.type : '';
