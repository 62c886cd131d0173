/**
 * Every event of a server that a client may read, in the log's order, as bytes: from an EventStoreDB, a KurrentDB or the
 * embedded store. What a server has scavenged is not there any more.
 */
import { BACKWARDS, END, FORWARDS, START, type EventStoreDBClient } from '@eventstore/db-client';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { setTimeout as delay } from 'node:timers/promises';
import type { ArchivedEvent } from '../../event-archive/archive.js';
import { envelopeOf, positionOf } from '../event-codec.js';
import { isTransient } from '../failures.js';
import { arrivals, asTheyCome } from '../raw-stream.js';

type WireEvent = ReadResp.ReadEvent.RecordedEvent;

export interface ExportOptions {
  /** Also what the server wrote for itself: users, settings, persistent subscriptions, projections. */
  readonly system: boolean;
  /** Told the position that was reached. */
  readonly onPosition: (position: bigint) => void;
}

/** A server that was restarted is there again within this. */
const ATTEMPTS = 10;
const PAUSE_MS = 1_000;

/** Up to the end that the log has when it gets there. */
export async function* exportLog(
  client: EventStoreDBClient,
  { system, onPosition }: ExportOptions,
): AsyncGenerator<readonly ArchivedEvent[]> {
  let last: { commit: bigint; prepare: bigint } | undefined;
  for (let attempt = 1; ;) {
    try {
      const stream = client.readAll({ direction: FORWARDS, fromPosition: last ?? START, maxCount: Number.MAX_SAFE_INTEGER }, asTheyCome); // prettier-ignore
      for await (const messages of arrivals(stream, () => stream.cancel(), new AbortController().signal)) {
        const events: ArchivedEvent[] = [];
        for (const message of messages) {
          const record = message.getEvent()?.getEvent();
          if (!record) continue;
          const position = positionOf(record);
          // The one that reading began with again.
          if (last && position.commit <= last.commit) continue;
          last = position;
          attempt = 1;
          const event = asArchived(record);
          if (system || !isSystems(event)) events.push(event);
        }
        if (events.length > 0) yield events;
        if (last) onPosition(last.commit);
      }
      return;
    } catch (error) {
      if (!isTransient(error) || attempt++ >= ATTEMPTS) throw error;
      await delay(PAUSE_MS);
    }
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

function asArchived(record: WireEvent): ArchivedEvent {
  const { id, type, streamName, position } = envelopeOf(record);
  const headers = record.getMetadataMap();
  return {
    position: position.commit,
    stream: streamName,
    revision: BigInt(record.getStreamRevision()),
    id,
    type,
    isJson: headers.get('content-type') === 'application/json',
    // Ticks of 100 ns since the Unix epoch.
    recordedAt: Number(BigInt(headers.get('created') ?? '0') / 10_000n),
    data: record.getData_asU8(),
    metadata: record.getCustomMetadata_asU8(),
  };
}
