/**
 * The one way to the log: EventStoreDB, KurrentDB or the embedded server, through `@eventstore/db-client`.
 *
 * Relies on nothing that a real cluster does not promise: positions are compared, never counted; `caughtUp` may come more
 * than once or never; subscriptions are resumed here, since the client does not; deduplication rests on the expected
 * revision, never on event ids alone.
 */
import {
  BACKWARDS,
  END,
  MaxAppendSizeExceededError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type EventStoreDBClient,
} from '@eventstore/db-client';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { AppendTooLarge, StreamTooLong } from '../../commands/ports/event-store.errors.js';
import type {
  AppendResult,
  EventStore,
  ExpectedRevision,
  NewEvent,
  StreamSlice,
} from '../../commands/ports/event-store.port.js';
import type { DomainEvent, EventDefinition } from '../../domain/shared/event.js';
import type { LogPosition, RecordedEvent } from '../../domain/shared/recorded-event.js';
import type { EventLog, LoggedEvent, LogItem, SubscribeOptions } from '../../projections/ports/event-log.port.js';
import { Connection, SILENCE_MS } from './connection.js';
import { EventCodec, positionOf, typeOf } from './event-codec.js';
import { NoAnswer, asEventStoreError } from './failures.js';
import { arrivals, asTheyCome } from './raw-stream.js';
import { loggedEvent, subscribe } from './subscription.js';

/** The longest stream that is folded: a stream is a task, a sale, a day. */
const MAX_STREAM_EVENTS = 10_000;
const HEAD_PAGE = 100;

export class EventStoreDbAdapter implements EventStore, EventLog {
  readonly #connection: Connection;
  readonly #codec: EventCodec;

  /** @param definitions every event type there is; others are malformed here */
  constructor(connectionString: string, definitions: readonly EventDefinition[]) {
    this.#connection = new Connection(connectionString);
    this.#codec = new EventCodec(definitions);
  }

  /** Waits until the store answers. @throws EventStoreUnavailable */
  async connect(): Promise<void> {
    await this.head();
  }

  /** Ends every call; those under way fail. */
  async dispose(): Promise<void> {
    await this.#connection.dispose();
  }

  async readStream<Event extends DomainEvent = DomainEvent>(
    streamName: string,
    fromRevision = 0,
  ): Promise<StreamSlice<Event> | undefined> {
    const read = async (client: EventStoreDBClient): Promise<StreamSlice | undefined> => {
      const events: RecordedEvent[] = [];
      const options = { fromRevision: BigInt(fromRevision), maxCount: MAX_STREAM_EVENTS + 1 };
      for await (const message of this.#messages(client, client.readStream(streamName, options, asTheyCome))) {
        if (message.hasStreamNotFound()) return undefined;
        const record = message.getEvent()?.getEvent();
        if (record) events.push(this.#codec.decode(record));
      }
      if (events.length > MAX_STREAM_EVENTS) {
        throw new StreamTooLong(`stream ${streamName} has more than ${MAX_STREAM_EVENTS} events`);
      }
      return { events, revision: events.at(-1)?.revision ?? fromRevision - 1 };
    };
    try {
      const slice = await this.#connection.retrying(read);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- which types a stream holds is the caller's to know
      return slice as StreamSlice<Event> | undefined;
    } catch (error) {
      if (error instanceof StreamNotFoundError) return undefined;
      throw asEventStoreError(error, 'read a stream');
    }
  }

  async readAgain(streamName: string, fromRevision: number, limit: number): Promise<readonly LoggedEvent[]> {
    const read = async (client: EventStoreDBClient): Promise<LoggedEvent[]> => {
      const events: LoggedEvent[] = [];
      const options = { fromRevision: BigInt(fromRevision), maxCount: limit };
      for await (const message of this.#messages(client, client.readStream(streamName, options, asTheyCome))) {
        const record = message.getEvent()?.getEvent();
        if (record) events.push(loggedEvent(record, this.#codec));
      }
      return events;
    };
    try {
      return await this.#connection.retrying(read);
    } catch (error) {
      if (error instanceof StreamNotFoundError) return [];
      throw asEventStoreError(error, 'read a stream');
    }
  }

  async append(streamName: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<AppendResult> {
    const encoded = events.map((event) => this.#codec.encode(event));
    const expectedRevision = expected === 'no_stream' ? expected : BigInt(expected);
    try {
      const { nextExpectedRevision, position } = await this.#connection.retrying((client) =>
        client.appendToStream(streamName, encoded, { expectedRevision, deadline: SILENCE_MS }),
      );
      if (!position) throw new Error('the event store did not say where it wrote');
      return { outcome: 'appended', revision: Number(nextExpectedRevision), position };
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) return { outcome: 'conflict', actual: actualOf(error) };
      if (error instanceof MaxAppendSizeExceededError) {
        throw new AppendTooLarge(`an append is larger than the event store takes`, { cause: error });
      }
      throw asEventStoreError(error, 'append');
    }
  }

  subscribe(options: SubscribeOptions): AsyncIterable<readonly LogItem[]> {
    return subscribe(this.#connection, this.#codec, options);
  }

  async head(): Promise<LogPosition | undefined> {
    try {
      return await this.#connection.retrying((client) => this.#findHead(client));
    } catch (error) {
      throw asEventStoreError(error, 'say where it ends');
    }
  }

  /** Reads backwards over system events, of which a busy log may have many at its end. */
  async #findHead(client: EventStoreDBClient): Promise<LogPosition | undefined> {
    for (let before: LogPosition | 'end' | undefined = END; before;) {
      let last: LogPosition | undefined;
      const options = { direction: BACKWARDS, fromPosition: before, maxCount: HEAD_PAGE } as const;
      for await (const message of this.#messages(client, client.readAll(options, asTheyCome))) {
        const record = message.getEvent()?.getEvent();
        if (!record) continue;
        last = positionOf(record);
        if (!typeOf(record).startsWith('$')) return last;
      }
      before = last;
    }
    return undefined;
  }

  /**
   * The messages of a read that ends.
   * @throws NoAnswer when the client was given up meanwhile: it then ends its reads as if they were complete, and a stream
   * folded from half its events would be a lie
   */
  async *#messages(client: EventStoreDBClient, stream: ClientStream): AsyncGenerator<ReadResp> {
    const never = new AbortController().signal;
    for await (const batch of arrivals(stream, () => stream.cancel(), never)) yield* batch;
    if (!this.#connection.isCurrent(client)) throw new NoAnswer('the connection was given up during a read');
  }
}

type ClientStream = ReturnType<EventStoreDBClient['readAll']> | ReturnType<EventStoreDBClient['readStream']>;

function actualOf({ actualVersion }: WrongExpectedVersionError): number | 'no_stream' | undefined {
  if (actualVersion === 'no_stream') return 'no_stream';
  if (typeof actualVersion !== 'bigint') return undefined;
  return actualVersion < 0n ? 'no_stream' : Number(actualVersion);
}
