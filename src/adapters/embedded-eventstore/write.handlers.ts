/** Streams.Append, Delete and Tombstone: one write per call. */
import type { ServerReadableStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { WriteRequest } from './append-group.js';
import type { LogWriter, WriteAnswer } from './log-writer.js';
import {
  BadRequest,
  MissingExpectedRevision,
  MissingMetadata,
  readExpected,
  readProposedEvent,
  readStreamName,
  sizeOf,
} from './requests.js';
import * as errors from './rpc-errors.js';
import type { Caller } from './security/stream-acl.js';
import type { CallerFound } from './security/store-security.js';
import { EXPECT, NO_REVISION, isMetastream, type ProposedEvent } from './stored-event.js';

type AppendReq = InstanceType<typeof streams.AppendReq>;
type AppendResp = InstanceType<typeof streams.AppendResp>;
type DeleteReq = InstanceType<typeof streams.DeleteReq>;
type TombstoneReq = InstanceType<typeof streams.TombstoneReq>;

/** A real node's write timeout. */
const WRITE_TIMEOUT_MS = 2_000;

export async function handleAppend(
  call: ServerReadableStream<AppendReq, AppendResp>,
  respond: sendUnaryData<AppendResp>,
  writer: LogWriter,
  maxAppendSize: number,
  caller: () => CallerFound,
): Promise<void> {
  try {
    const by = await caller();
    const request = { ...(await readAppend(call, maxAppendSize)), by };
    const answer = await write(writer, request);
    if (answer.kind === 'denied') throw errors.accessDenied();
    if (answer.kind === 'deleted') throw errors.streamDeleted(request.stream);
    respond(null, answer.kind === 'written' ? appended(answer) : appendRefused(request.expected, answer.current));
  } catch (error) {
    respond(asRpcError(error));
  }
}

export async function handleDelete(
  request: DeleteReq | TombstoneReq,
  kind: 'delete' | 'tombstone',
  writer: LogWriter,
  by: Caller | undefined,
): Promise<number | undefined> {
  const options = request.getOptions();
  if (!options) throw errors.invalidArgument('The request has no options.');
  const stream = readStreamName(options.getStreamIdentifier());
  const expected = readExpected(options, options.hasRevision() ? options.getRevision() : undefined);
  if (isMetastream(stream) || stream === '$all') throw errors.accessDenied();
  const answer = await write(writer, { kind, stream, expected, events: [], by });
  if (answer.kind === 'denied') throw errors.accessDenied();
  if (answer.kind === 'deleted') throw errors.streamDeleted(stream);
  if (answer.kind === 'wrong-version') throw errors.wrongExpectedVersion(stream, expected, answer.current);
  return answer.position;
}

/** Runs a unary write and answers its call. */
export function answerUnary<Request, Response>(
  call: ServerUnaryCall<Request, Response>,
  respond: sendUnaryData<Response>,
  run: (request: Request) => Promise<Response>,
): void {
  run(call.request).then(
    (response) => respond(null, response),
    (error: unknown) => respond(asRpcError(error)),
  );
}

/** What a handler threw, as gRPC sends it. */
export function asRpcError(error: unknown): errors.RpcError {
  if (error instanceof MissingMetadata) return errors.missingMetadataProperty(error.property);
  if (error instanceof MissingExpectedRevision) return errors.invalidArgument(error.message);
  if (error instanceof BadRequest) return errors.unknown(error.message);
  if (error instanceof errors.RpcError) return error;
  return errors.notReady();
}

async function readAppend(call: ServerReadableStream<AppendReq, AppendResp>, limit: number): Promise<WriteRequest> {
  let target: { stream: string; expected: number } | undefined;
  const events: ProposedEvent[] = [];
  let bytes = 0;
  for await (const message of call as AsyncIterable<AppendReq>) {
    const options = message.getOptions();
    const proposed = message.getProposedMessage();
    if (options) {
      const stream = readStreamName(options.getStreamIdentifier());
      if (stream === '$all') throw errors.accessDenied();
      target = { stream, expected: readExpected(options, options.hasRevision() ? options.getRevision() : undefined) };
    } else if (proposed) {
      const event = readProposedEvent(proposed);
      events.push(event);
      bytes += sizeOf(event);
      if (bytes > limit) throw errors.maximumAppendSizeExceeded(limit);
    }
  }
  if (!target) throw errors.invalidArgument('The first message of an append names the stream.');
  return { kind: 'append', ...target, events };
}

function write(
  writer: LogWriter,
  request: WriteRequest,
): Promise<Exclude<WriteAnswer, { kind: 'failed' | 'no-room' }>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      pending.abandon();
      reject(writer.ready ? errors.timedOut('commit') : errors.notReady());
    }, WRITE_TIMEOUT_MS);
    const pending = writer.write(request, (answer) => {
      clearTimeout(timer);
      if (answer.kind === 'failed') reject(errors.unknown(answer.error.message));
      else if (answer.kind === 'no-room') reject(errors.noRoom());
      else resolve(answer);
    });
  });
}

function appended(answer: { revision: number; position: number | undefined }): AppendResp {
  const success = new streams.AppendResp.Success();
  if (answer.revision === NO_REVISION) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(String(answer.revision));
  if (answer.position === undefined) {
    success.setNoPosition(new shared.Empty());
  } else {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(answer.position));
    position.setPreparePosition(String(answer.position));
    success.setPosition(position);
  }
  const response = new streams.AppendResp();
  response.setSuccess(success);
  return response;
}

/** A wrong expected version is a normal answer here. The fields of release 20.6 are sent as well: old clients read them. */
function appendRefused(expected: number, current: number): AppendResp {
  const refusal = new streams.AppendResp.WrongExpectedVersion();
  if (current === NO_REVISION) {
    refusal.setCurrentNoStream(new shared.Empty());
    refusal.setNoStream2060(new shared.Empty());
  } else {
    refusal.setCurrentRevision(String(current));
    refusal.setCurrentRevision2060(current);
  }
  if (expected === EXPECT.any) {
    refusal.setExpectedAny(new shared.Empty());
    refusal.setAny2060(new shared.Empty());
  } else if (expected === EXPECT.streamExists) {
    refusal.setExpectedStreamExists(new shared.Empty());
    refusal.setStreamExists2060(new shared.Empty());
  } else if (expected === EXPECT.noStream) {
    refusal.setExpectedNoStream(new shared.Empty());
    // Its twin would be 2^64 - 1, which the generated number field can't carry; no client since 20.6 misses it.
  } else {
    refusal.setExpectedRevision(String(expected));
    refusal.setExpectedRevision2060(expected);
  }
  const response = new streams.AppendResp();
  response.setWrongExpectedVersion(refusal);
  return response;
}
