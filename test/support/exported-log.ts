/** An export for auditors as the log that it was taken from: what projections read, with nothing else there. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { entrySchema } from '../../src/adapters/audit/entry.js';
import { EventCodec } from '../../src/adapters/eventstore/event-codec.js';
import { allEvents } from '../../src/capabilities.js';
import { parsePosition } from '../../src/domain/shared/position.js';
import type { LogPosition, RecordedEvent } from '../../src/domain/shared/recorded-event.js';
import type { EventLog, LogItem, LoggedEvent, SubscribeOptions } from '../../src/projections/ports/event-log.port.js';

const PAGE = 500;
const TICKS_PER_MILLISECOND = 10_000n;

export class ExportedLog implements EventLog {
  readonly #events: readonly RecordedEvent[];

  /** @param file `events.jsonl` */
  constructor(file: string) {
    const codec = new EventCodec(allEvents);
    this.#events = readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => decode(codec, line)); // prettier-ignore
  }

  async *subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<readonly LogItem[]> {
    const behind = this.#events.filter(({ position }) => position.commit > (after?.commit ?? -1n));
    for (let at = 0; at < behind.length && !signal.aborted; at += PAGE) yield behind.slice(at, at + PAGE).map(itemOf);
    if (!signal.aborted) yield [{ kind: 'caughtUp' }];
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  readAgain(streamName: string, fromRevision: number, limit: number): Promise<readonly LoggedEvent[]> {
    const events = this.#events.filter((event) => event.streamName === streamName && event.revision >= fromRevision);
    return Promise.resolve(events.slice(0, limit).map(itemOf));
  }

  head(): Promise<LogPosition | undefined> {
    return Promise.resolve(this.#events.at(-1)?.position);
  }
}

const itemOf = (event: RecordedEvent): LoggedEvent => ({ kind: 'event', event, bytes: 500 });

function decode(codec: EventCodec, line: string): RecordedEvent {
  const { id, stream, revision, type, recordedAt, metadata, data, position } = entrySchema.extend({ metadata: z.json(), data: z.json() }).parse(JSON.parse(line)); // prettier-ignore
  const place = parsePosition(position);
  if (!place) throw new Error(`${position} is no position`);
  return codec.decode({
    id,
    streamName: stream,
    revision: BigInt(revision),
    position: place,
    type,
    isJson: true,
    created: String(BigInt(Date.parse(recordedAt)) * TICKS_PER_MILLISECOND),
    metadata: Buffer.from(JSON.stringify(metadata)),
    data: Buffer.from(JSON.stringify(data)),
  });
}
