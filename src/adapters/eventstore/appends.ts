/**
 * Appends over one BatchAppend call for each connection: many under way at once, matched to their answers by correlation id.
 *
 * An answer that nobody waits for is passed over. A call that fails or ends rejects its own appends and no others; the client
 * then connects anew, and the next append opens another call.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@grpc/grpc-js';
import { jsonEvent, type EventStoreDBClient } from '@eventstore/db-client';
import { convertToCommandError } from '@eventstore/db-client/dist/utils/CommandError.js';
import type { ExpectedRevision } from '../../commands/ports/event-store.port.js';
import { decodeBatchAnswer, encodeAppend, type Appended, type BatchAnswer, type ProposedEvent } from './append-wire.js';
import { openBatchAppend, supportsBatchAppend, type BatchCall } from './client-parts.js';
import { NoAnswer } from './failures.js';

interface Waiting {
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: Error) => void;
}

export class Appends {
  readonly #calls = new WeakMap<Client, BatchCall<BatchAnswer>>();
  readonly #waiting = new WeakMap<BatchCall<BatchAnswer>, Map<string, Waiting>>();

  /** @param deadlineMs told to the server, which alone enforces it */
  async append(
    client: EventStoreDBClient,
    streamName: string,
    events: readonly ProposedEvent[],
    expected: ExpectedRevision,
    deadlineMs: number,
  ): Promise<Appended> {
    if (!(await supportsBatchAppend(client))) return appendAlone(client, streamName, events, expected, deadlineMs);
    const opened = (call: BatchCall<BatchAnswer>): void => this.#listen(call);
    const call = await openBatchAppend(client, decodeBatchAnswer, opened, this.#calls);
    const correlationId = randomUUID();
    const messages = encodeAppend(correlationId, { streamName, expected, events, deadline: Date.now() + deadlineMs });
    return new Promise((resolve, reject) => {
      // None when the call ended while it was waited for.
      const waiting = this.#waiting.get(call);
      if (!waiting) return reject(new NoAnswer('the connection ended'));
      waiting.set(correlationId, { resolve, reject });
      // Held back by nothing: how many appends are under way is their callers' to bound, and each waits for its answer.
      for (const message of messages) call.write(message);
    });
  }

  #listen(call: BatchCall<BatchAnswer>): void {
    const waiting = new Map<string, Waiting>();
    this.#waiting.set(call, waiting);
    const fail = (error: Error): void => {
      this.#waiting.delete(call);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    call.on('data', ({ correlationId, outcome }: BatchAnswer) => {
      const append = waiting.get(correlationId);
      waiting.delete(correlationId);
      if (outcome instanceof Error) append?.reject(outcome);
      else append?.resolve(outcome);
    });
    call.on('error', (error) => fail(convertToCommandError(error)));
    call.on('end', () => fail(new NoAnswer('the server ended the appends')));
  }
}

/** A call for one append, as servers before 21.6 know it. */
async function appendAlone(
  client: EventStoreDBClient,
  streamName: string,
  events: readonly ProposedEvent[],
  expected: ExpectedRevision,
  deadlineMs: number,
): Promise<Appended> {
  const { nextExpectedRevision, position } = await client.appendToStream(
    streamName,
    events.map(({ id, type, data, metadata }) =>
      jsonEvent({ id, type, data: asObject(data), metadata: asObject(metadata) }),
    ),
    { expectedRevision: expected === 'no_stream' ? expected : BigInt(expected), deadline: deadlineMs },
  );
  return { revision: Number(nextExpectedRevision), position };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both were made of objects
const asObject = (json: string): Record<string, unknown> => JSON.parse(json) as Record<string, unknown>;
