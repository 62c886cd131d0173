/**
 * Writes an archive's events to a server through the protocol: into an EventStoreDB, a KurrentDB or the embedded store. Ids,
 * bytes, streams, revisions and the order of the log are kept. Positions and times are the server's to give, so they
 * are not.
 *
 * One append at a time: with several under way, one that fails would be written after those behind it. Events that follow
 * each other in one stream go together. Every append names its revision, so a broken import is simply run again.
 */
import type { CallOptions, Metadata, ServiceError } from '@grpc/grpc-js';
import { ANY, StreamDeletedError, type EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { setTimeout as delay } from 'node:timers/promises';
import type { ArchivedEvent } from '../../event-archive/archive.js';
import { isTransient } from '../failures.js';
import { isSystems } from './export-log.js';

export interface ImportOptions {
  /** Lets the server number the events of each stream anew: for streams of which a server has scavenged a part. */
  readonly renumber: boolean;
  /** Also the other server's own streams. */
  readonly system: boolean;
}

export interface Imported {
  readonly events: number;
  /** Of the other server's own streams. */
  readonly skipped: number;
}

/** The server does not take an event. `message` says which, and why. */
export class ImportRefused extends Error {
  readonly code = 'IMPORT_REFUSED';
}

const MAX_BATCH_EVENTS = 500;
/** A server takes an append of 1 MiB unless told otherwise; names and headers count as well. */
const MAX_BATCH_BYTES = 768 * 1024;
const DEADLINE_MS = 30_000;
const ATTEMPTS = 10;
const PAUSE_MS = 1_000;

/** @throws ImportRefused; the client's errors when the server stays away */
export async function importLog(
  client: EventStoreDBClient,
  events: AsyncIterable<ArchivedEvent>,
  { renumber, system }: ImportOptions,
): Promise<Imported> {
  let imported = 0;
  let skipped = 0;
  for await (const batch of ofOneStream(events)) {
    const [first] = batch;
    if (!first) continue;
    if (!system && isSystems(first)) skipped += batch.length;
    else {
      await persistently(() => write(client, first, batch, renumber));
      imported += batch.length;
    }
  }
  return { events: imported, skipped };
}

async function write(
  client: EventStoreDBClient,
  first: ArchivedEvent,
  batch: readonly ArchivedEvent[],
  renumber: boolean,
): Promise<void> {
  if (first.type === TOMBSTONE_TYPE) {
    await client.tombstoneStream(first.stream, { expectedRevision: ANY }).catch((error: unknown) => {
      if (!(error instanceof StreamDeletedError)) throw error;
    });
    return;
  }
  // The server writes metadata of its own when a deleted stream is written to again, so those revisions are not ours to say.
  const expected = renumber || first.stream.startsWith('$$') ? ANY : first.revision - 1n;
  await append(client, first.stream, expected, batch);
}

const TOMBSTONE_TYPE = '$streamDeleted';

/** Events that follow each other in the log and in their stream. */
async function* ofOneStream(events: AsyncIterable<ArchivedEvent>): AsyncGenerator<ArchivedEvent[]> {
  let batch: ArchivedEvent[] = [];
  let bytes = 0;
  for await (const event of events) {
    const size = event.data.length + event.metadata.length + 2 * event.type.length;
    const before = batch.at(-1);
    const follows =
      before?.stream === event.stream &&
      before.revision + 1n === event.revision &&
      event.type !== TOMBSTONE_TYPE &&
      batch.length < MAX_BATCH_EVENTS &&
      bytes + size <= MAX_BATCH_BYTES;
    if (before && !follows) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function persistently(run: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!isTransient(error) || attempt >= ATTEMPTS) throw error;
      await delay(PAUSE_MS);
    }
  }
}

interface ClientParts {
  execute(stub: typeof StreamsClient, name: string, action: (client: StreamsClient) => Promise<void>): Promise<void>;
  callArguments(options: { deadline: number }): [Metadata, CallOptions];
}

/** With the client's connection and credentials, but the events' own bytes: its own append parses and writes JSON anew. */
async function append(
  client: EventStoreDBClient,
  stream: string,
  expected: bigint | typeof ANY,
  batch: readonly ArchivedEvent[],
): Promise<void> {
  const execute: ClientParts['execute'] = Reflect.get(client, 'execute');
  const callArguments: ClientParts['callArguments'] = Reflect.get(client, 'callArguments');
  await execute(
    StreamsClient,
    'import',
    async (stub) =>
      new Promise((resolve, reject) => {
        const call = stub.append(...callArguments({ deadline: DEADLINE_MS }), (error, answer) => {
          // Its end is on the server already, so this import is run again and all of the stream was there.
          if (error && isDeleted(error)) resolve();
          else if (error) reject(explained(error, stream, batch));
          else if (answer?.hasWrongExpectedVersion()) reject(conflict(stream, expected, answer));
          else resolve();
        });
        call.write(header(stream, expected));
        for (const event of batch) call.write(proposed(event));
        call.end();
      }),
  );
}

function header(stream: string, expected: bigint | typeof ANY): streams.AppendReq {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  const options = new streams.AppendReq.Options();
  options.setStreamIdentifier(identifier);
  if (expected === ANY) options.setAny(new shared.Empty());
  else if (expected < 0n) options.setNoStream(new shared.Empty());
  else options.setRevision(String(expected));
  const request = new streams.AppendReq();
  request.setOptions(options);
  return request;
}

function proposed({ id, type, isJson, data, metadata }: ArchivedEvent): streams.AppendReq {
  const uuid = new shared.UUID();
  uuid.setString(id);
  const message = new streams.AppendReq.ProposedMessage();
  message.setId(uuid);
  message.getMetadataMap().set('type', type);
  message.getMetadataMap().set('content-type', isJson ? 'application/json' : 'application/octet-stream');
  message.setData(data);
  message.setCustomMetadata(metadata);
  const request = new streams.AppendReq();
  request.setProposedMessage(message);
  return request;
}

function conflict(stream: string, expected: bigint | typeof ANY, answer: streams.AppendResp): ImportRefused {
  const refusal = answer.getWrongExpectedVersion();
  const actual = refusal?.hasCurrentRevision() ? `revision ${refusal.getCurrentRevision()}` : 'no events';
  const wanted = expected === ANY || expected < 0n ? 'none' : `revision ${expected}`;
  return new ImportRefused(
    `stream ${stream} has ${actual} on the server, where the log goes on behind ${wanted}: import into an empty server, ` +
      'or let it number the events anew with --renumber',
  );
}

const isDeleted = (error: ServiceError): boolean => error.metadata.get('exception').includes('stream-deleted');

function explained(error: ServiceError, stream: string, batch: readonly ArchivedEvent[]): Error {
  if (isTransient(error)) return error;
  const place = `${stream}@${batch[0]?.revision}`;
  return new ImportRefused(`the server refused ${place}: ${error.details || error.message}`, { cause: error });
}
