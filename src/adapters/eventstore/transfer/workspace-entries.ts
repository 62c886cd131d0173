/** Every event of one workspace, straight from the log, as auditors get it: its envelope and its bytes, whatever is in them. */
import type { EventStoreDBClient } from '@eventstore/db-client';
import { formatPosition } from '../../../domain/shared/position.js';
import type { LogPosition } from '../../../domain/shared/recorded-event.js';
import { payloadOf, recordedAtOf, type EntryPage, type LogEntry } from '../../audit/entry.js';
import type { WireEvent } from '../read-wire.js';
import { readLog } from './read-log.js';

/**
 * @param after strictly behind this position; from the first event when left out
 * @param until up to and with this position; to the log's end when left out
 */
export async function* readWorkspaceEntries(
  client: EventStoreDBClient,
  workspaceId: string,
  after?: LogPosition,
  until?: LogPosition,
): AsyncGenerator<EntryPage> {
  for await (const page of readLog(client, after)) {
    const entries: LogEntry[] = [];
    let readTo = page[0]?.position;
    for (const event of page) {
      if (until && event.position.commit > until.commit) break;
      readTo = event.position;
      const entry = entryOf(event, workspaceId);
      if (entry) entries.push(entry);
    }
    if (readTo) yield { entries, readTo };
    const last = page.at(-1);
    if (until && last && last.position.commit >= until.commit) return;
  }
}

/** Undefined when it is of another workspace, or the store's own. */
function entryOf(event: WireEvent, workspaceId: string): LogEntry | undefined {
  const { id, type, streamName, revision, position, isJson, created, data } = event;
  // Most of a log of many workspaces is others': found out before anything is parsed.
  if (type.startsWith('$') || !event.metadata.includes(workspaceId)) return undefined;
  const metadata = payloadOf(event.metadata);
  if (!('text' in metadata) || workspaceIn(metadata.text) !== workspaceId) return undefined;
  return {
    position: formatPosition(position),
    recordedAt: recordedAtOf(created),
    stream: streamName,
    revision: Number(revision),
    id,
    type,
    // The two that event stores know.
    contentType: isJson ? 'application/json' : 'application/octet-stream',
    metadata,
    data: payloadOf(data),
  };
}

function workspaceIn(metadata: string): unknown {
  const parsed: unknown = JSON.parse(metadata);
  return typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'workspaceId') : undefined;
}
