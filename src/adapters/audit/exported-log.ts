/**
 * An export for auditors as the log that it was taken from, with nothing else there: what leads to the read models once more.
 * Reads the file anew for whoever asks, so that memory does not grow with it.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { EventStore, StreamSlice } from '../../commands/ports/event-store.port.js';
import type { EventDefinition } from '../../domain/shared/event.js';
import { parsePosition } from '../../domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventLog, LogItem, LoggedEvent, SubscribeOptions } from '../../projections/ports/event-log.port.js';
import { EventCodec } from '../eventstore/event-codec.js';
import { AuditFailure } from './audit-failure.js';
import { entrySchema } from './entry.js';
import { formats } from './formats.js';
import type { Manifest } from './manifest.js';
import { LineFile, lineText } from './read-lines.js';

const TICKS_PER_MILLISECOND = 10_000n;

/** An entry with its bytes. JSON stands in it as it is, all else in base64. */
const storedSchema = entrySchema.extend({
  metadata: z.json().optional(),
  metadata64: z.base64().optional(),
  data: z.json().optional(),
  data64: z.base64().optional(),
});

export class ExportedLog implements EventLog, EventStore {
  readonly #codec: EventCodec;

  /**
   * @param folder of an export that was verified
   * @param definitions every event type there is
   * @throws AuditFailure when a filter left events out: what the others lead to was never so
   */
  constructor(
    private readonly folder: string,
    private readonly manifest: Manifest,
    definitions: readonly EventDefinition[],
  ) {
    if (Object.keys(manifest.filter).length > 0)
      throw new AuditFailure('a filter left events out of this export, and the rest leads to no state that ever was', 'take an export without a filter', 'NOT_AN_EXPORT'); // prettier-ignore
    this.#codec = new EventCodec(definitions);
  }

  async *subscribe({ after, typePrefixes, signal }: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    for await (const items of this.#pages()) {
      if (signal.aborted) return;
      const wanted = items.filter((item) => {
        const { position, type } = item.kind === 'event' ? item.event : item;
        const isBehind = !after || position.commit > after.commit;
        return isBehind && (typePrefixes?.some((prefix) => type.startsWith(prefix)) ?? true);
      });
      if (wanted.length > 0) yield wanted;
    }
    if (!signal.aborted) yield [{ kind: 'caughtUp' }];
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  async readAgain(streamName: string, fromRevision: number, limit: number): Promise<readonly LoggedEvent[]> {
    const own: LoggedEvent[] = [];
    for await (const items of this.#pages()) {
      for (const item of items) {
        const about = item.kind === 'event' ? item.event : item;
        if (about.streamName === streamName && about.revision >= fromRevision) own.push(item);
        if (own.length === limit) return own;
      }
    }
    return own;
  }

  async readStream(streamName: string, fromRevision = 0): Promise<StreamSlice | undefined> {
    const events: RecordedEvent[] = [];
    for (const item of await this.readAgain(streamName, 0, Infinity)) {
      if (item.kind === 'malformed') throw item.error;
      events.push(item.event);
    }
    const revision = events.at(-1)?.revision;
    return revision === undefined ? undefined : { events: events.slice(fromRevision), revision };
  }

  async append(): Promise<never> {
    throw new Error('nothing can be written to an export');
  }

  async head(): Promise<LogPosition | undefined> {
    const { lastPosition } = this.manifest;
    return lastPosition === null ? undefined : parsePosition(lastPosition);
  }

  async *#pages(): AsyncGenerator<readonly LoggedEvent[]> {
    const { files, lines } = this.manifest;
    const format = formats[lines.format];
    let isFirst = true;
    for await (const page of new LineFile(join(this.folder, files.events.name)).pages()) {
      const events = format.header !== undefined && isFirst ? page.slice(1) : page;
      isFirst = false;
      if (events.length > 0) yield events.map((line) => this.#itemOf(format.read(lineText(line)) ?? '', line.length));
    }
  }

  #itemOf(entry: string, bytes: number): LoggedEvent {
    const stored = storedSchema.parse(JSON.parse(entry));
    const { id, stream: streamName, revision, type } = stored;
    const position = parsePosition(stored.position);
    // It was verified.
    if (!position) throw new Error(`${stored.position} is no position`);
    try {
      const event = this.#codec.decode({
        id,
        streamName,
        revision: BigInt(revision),
        position,
        type,
        isJson: stored.data64 === undefined,
        created: String(BigInt(Date.parse(stored.recordedAt)) * TICKS_PER_MILLISECOND),
        metadata: bytesOf(stored.metadata, stored.metadata64),
        data: bytesOf(stored.data, stored.data64),
      });
      return { kind: 'event', event, bytes };
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      return { kind: 'malformed', id, type, streamName, revision, position, error: cause };
    }
  }
}

const bytesOf = (json: unknown, base64: string | undefined): Buffer =>
  base64 === undefined ? Buffer.from(JSON.stringify(json)) : Buffer.from(base64, 'base64');
