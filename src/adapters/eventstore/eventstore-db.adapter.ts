/**
 * The one way to the log: EventStoreDB, KurrentDB or the embedded server, through `@eventstore/db-client`.
 *
 * Relies on nothing that a real cluster does not promise: positions are compared, never counted; `caughtUp` may come more
 * than once or never; subscriptions are resumed here, since the client does not; deduplication rests on the expected
 * revision, never on event ids alone.
 */
import { MaxAppendSizeExceededError, WrongExpectedVersionError, type EventStoreDBClient } from '@eventstore/db-client';
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
import { actualOf } from './append-wire.js';
import { Appends } from './appends.js';
import { openRead } from './client-parts.js';
import { Connection, SILENCE_MS } from './connection.js';
import { EventCodec } from './event-codec.js';
import { asEventStoreError } from './failures.js';
import { allBackwards, decodeReadAnswer, streamRead, type ReadAnswer } from './read-wire.js';
import { allAnswers } from './reads.js';
import { loggedEvent, subscribe } from './subscription.js';

/** The longest stream that is folded: a stream is a task, a sale, a day. */
const MAX_STREAM_EVENTS = 10_000;
const HEAD_PAGE = 100;

export class EventStoreDbAdapter implements EventStore, EventLog {
  readonly #connection: Connection;
  readonly #appends = new Appends();
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
    const request = streamRead(streamName, fromRevision, MAX_STREAM_EVENTS + 1);
    const read = async (client: EventStoreDBClient): Promise<StreamSlice | undefined> => {
      const events: RecordedEvent[] = [];
      for (const answer of await answersTo(client, request)) {
        if (answer.kind === 'streamNotFound') return undefined;
        if (answer.kind === 'event') events.push(this.#codec.decode(answer.event));
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
      throw asEventStoreError(error, 'read a stream');
    }
  }

  async readAgain(streamName: string, fromRevision: number, limit: number): Promise<readonly LoggedEvent[]> {
    const request = streamRead(streamName, fromRevision, limit);
    const read = async (client: EventStoreDBClient): Promise<LoggedEvent[]> =>
      (await answersTo(client, request)).flatMap((answer) =>
        answer.kind === 'event' ? [loggedEvent(answer.event, this.#codec)] : [],
      );
    try {
      return await this.#connection.retrying(read);
    } catch (error) {
      throw asEventStoreError(error, 'read a stream');
    }
  }

  async append(streamName: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<AppendResult> {
    const encoded = events.map((event) => this.#codec.encode(event));
    try {
      const { revision, position } = await this.#connection.retrying((client) =>
        this.#appends.append(client, streamName, encoded, expected, SILENCE_MS),
      );
      if (!position) throw new Error('the event store did not say where it wrote');
      return { outcome: 'appended', revision, position };
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
    for (let before: LogPosition | undefined; ;) {
      let last: LogPosition | undefined;
      for (const answer of await answersTo(client, allBackwards(before, HEAD_PAGE))) {
        if (answer.kind !== 'event') continue;
        last = answer.event.position;
        if (!answer.event.type.startsWith('$')) return last;
      }
      if (!last) return undefined;
      before = last;
    }
  }
}

async function answersTo(client: EventStoreDBClient, request: Buffer): Promise<ReadAnswer[]> {
  return allAnswers(await openRead(client, request, decodeReadAnswer));
}
