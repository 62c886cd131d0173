/** The streams in which persistent subscriptions keep what must survive: written and read like everybody else's. */
import { randomUUID } from 'node:crypto';
import type { LogReader } from '../log-reader.js';
import type { LogWriter, WriteAnswer } from '../log-writer.js';
import { EXPECT, NO_REVISION, metastreamOf, type ProposedEvent, type StoredEvent } from '../stored-event.js';
import { lastRevision, softDeleted, type StreamState } from '../stream-states.js';

/** As a real node: nobody but the administrators has business in these streams. */
const ADMINS_ONLY = { $r: '$admins', $w: '$admins', $d: '$admins', $mr: '$admins', $mw: '$admins' } as const;

export interface OwnMetadata {
  readonly $maxCount?: number;
  readonly $tb?: number;
}

export class OwnStreams {
  constructor(
    private readonly writer: LogWriter,
    private readonly reader: LogReader,
  ) {}

  /** Resolves when the event is on disk. While the store can't write, it waits. @throws when the stream takes no event */
  async append(stream: string, event: Omit<ProposedEvent, 'id'>): Promise<void> {
    const { kind } = await this.#write(stream, event);
    if (kind !== 'written') throw new Error(`${stream} took no event: ${kind}`);
  }

  setMetadata(stream: string, metadata: OwnMetadata): Promise<void> {
    const data = Buffer.from(JSON.stringify({ ...metadata, $acl: ADMINS_ONLY }));
    return this.append(metastreamOf(stream), { type: '$metadata', isJson: true, data, metadata: Buffer.alloc(0) });
  }

  /** Soft delete; of a stream that is not there, nothing. */
  async delete(stream: string): Promise<void> {
    await new Promise<WriteAnswer>((resolve) => {
      this.writer.write({ kind: 'delete', stream, expected: EXPECT.any, events: [] }, resolve);
    });
  }

  state(stream: string): Promise<StreamState> {
    return this.reader.streamState(stream);
  }

  /** The newest event, of a stream that was not deleted. */
  async newest(stream: string): Promise<StoredEvent | undefined> {
    const state = await this.reader.streamState(stream);
    const last = lastRevision(state, stream);
    if (last === NO_REVISION || softDeleted(state, stream)) return undefined;
    const [event] = await this.reader.streamPage(stream, { from: last, to: last, backwards: false }, 1);
    return event;
  }

  #write(stream: string, event: Omit<ProposedEvent, 'id'>): Promise<WriteAnswer> {
    const proposed = { ...event, id: randomUUID() };
    return new Promise((resolve) => {
      this.writer.write({ kind: 'append', stream, expected: EXPECT.any, events: [proposed] }, resolve);
    });
  }
}
