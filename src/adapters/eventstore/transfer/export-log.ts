/**
 * Every event of a server that a client may read, in the log's order, as bytes: from an EventStoreDB, a KurrentDB or the
 * embedded store. What a server has scavenged is not there any more.
 */
import { BACKWARDS, END, type EventStoreDBClient } from '@eventstore/db-client';
import type { ArchivedEvent } from '../../event-archive/archive.js';
import type { WireEvent } from '../read-wire.js';
import { readLog } from './read-log.js';

export interface ExportOptions {
  /** Also what the server wrote for itself: users, settings, persistent subscriptions, projections. */
  readonly system: boolean;
  /** Told the position that was reached. */
  readonly onPosition: (position: bigint) => void;
}

/** Up to the end that the log has when it gets there. */
export async function* exportLog(
  client: EventStoreDBClient,
  { system, onPosition }: ExportOptions,
): AsyncGenerator<readonly ArchivedEvent[]> {
  for await (const page of readLog(client)) {
    const events = page.map(asArchived).filter((event) => system || !isSystems(event));
    if (events.length > 0) yield events;
    const last = page.at(-1);
    if (last) onPosition(last.position.commit);
  }
}

/** Where the log ends now; undefined when it is empty. */
export async function endOfLog(client: EventStoreDBClient): Promise<bigint | undefined> {
  let end: bigint | undefined;
  // To the read's end: the client waits for ever for one that was left.
  for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })) {
    end = event?.position?.commit;
  }
  return end;
}

/** The server's own; the metadata of people's streams are theirs. */
export const isSystems = ({ stream }: { readonly stream: string }): boolean =>
  stream.startsWith('$') && !/^\$\$[^$]/.test(stream);

const asArchived = ({
  streamName,
  position,
  revision,
  id,
  type,
  isJson,
  created,
  data,
  metadata,
}: WireEvent): ArchivedEvent => ({
  position: position.commit,
  stream: streamName,
  revision,
  id,
  type,
  isJson,
  // Ticks of 100 ns since the Unix epoch.
  recordedAt: Number(BigInt(created) / 10_000n),
  data,
  metadata,
});
