/** The log itself, as it is now: every event of a workspace, in order. */
import type { RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import type { EventLog } from '../../src/projections/ports/event-log.port.js';

export async function logOf(log: EventLog, workspaceId: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const stop = new AbortController();
  for await (const items of log.subscribe({ signal: stop.signal })) {
    for (const item of items)
      if (item.kind === 'event' && item.event.metadata.workspaceId === workspaceId) events.push(item.event);
    if (items.some(({ kind }) => kind === 'caughtUp')) break;
  }
  stop.abort();
  return events;
}
