/** The replies of a batch append. Errors are google.rpc.Status with one typed detail, whose name the client looks at. */
import codes from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import statusMessages from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import googleEmpty from 'google-protobuf/google/protobuf/empty_pb.js';
import type { WriteAnswer } from './log-writer.js';
import { batchSuccessMessage } from './messages.js';
import { EXPECT, NO_REVISION } from './stored-event.js';

export function forOutcome(correlationId: string, stream: string, expected: number, outcome: WriteAnswer): Buffer {
  switch (outcome.kind) {
    case 'written':
      return batchSuccessMessage(correlationId, stream, outcome.revision, outcome.position);
    case 'wrong-version':
      return wrongVersion(correlationId, stream, expected, outcome.current);
    case 'deleted': {
      const detail = new shared.StreamDeleted();
      detail.setStreamIdentifier(identifier(stream));
      return failure(correlationId, stream, codes.Code.NOT_FOUND, 'StreamDeleted', detail.serializeBinary());
    }
    case 'denied':
      return accessDenied(correlationId, stream);
    case 'no-room': {
      // A timeout is what clients try again; there is no detail that says more.
      const detail = new shared.Timeout().serializeBinary();
      return failure(correlationId, stream, codes.Code.RESOURCE_EXHAUSTED, 'Timeout', detail);
    }
    case 'failed':
      return failure(correlationId, stream, codes.Code.UNKNOWN, 'Unknown', new shared.Unknown().serializeBinary());
  }
}

export function timeout(correlationId: string, stream: string): Buffer {
  return failure(
    correlationId,
    stream,
    codes.Code.DEADLINE_EXCEEDED,
    'Timeout',
    new shared.Timeout().serializeBinary(),
  );
}

export function accessDenied(correlationId: string, stream: string): Buffer {
  const detail = new shared.AccessDenied().serializeBinary();
  return failure(correlationId, stream, codes.Code.PERMISSION_DENIED, 'AccessDenied', detail);
}

export function maximumSizeExceeded(correlationId: string, stream: string, limit: number): Buffer {
  const detail = new shared.MaximumAppendSizeExceeded();
  detail.setMaxappendsize(limit);
  const name = 'MaximumAppendSizeExceeded';
  return failure(correlationId, stream, codes.Code.INVALID_ARGUMENT, name, detail.serializeBinary());
}

export function badRequest(correlationId: string, stream: string, message: string): Buffer {
  const detail = new shared.BadRequest();
  detail.setMessage(message);
  return failure(correlationId, stream, codes.Code.INVALID_ARGUMENT, 'BadRequest', detail.serializeBinary());
}

function wrongVersion(correlationId: string, stream: string, expected: number, current: number): Buffer {
  const detail = new shared.WrongExpectedVersion();
  if (current === NO_REVISION) detail.setCurrentNoStream(new googleEmpty.Empty());
  else detail.setCurrentStreamRevision(String(current));
  if (expected === EXPECT.any) detail.setExpectedAny(new googleEmpty.Empty());
  else if (expected === EXPECT.noStream) detail.setExpectedNoStream(new googleEmpty.Empty());
  else if (expected === EXPECT.streamExists) detail.setExpectedStreamExists(new googleEmpty.Empty());
  else detail.setExpectedStreamPosition(String(expected));
  return failure(correlationId, stream, codes.Code.ALREADY_EXISTS, 'WrongExpectedVersion', detail.serializeBinary());
}

function failure(correlationId: string, stream: string, code: codes.Code, name: string, detail: Uint8Array): Buffer {
  const packed = new any.Any();
  packed.pack(detail, `event_store.client.${name}`);
  const error = new statusMessages.Status();
  error.setCode(code);
  error.setMessage(name);
  error.setDetails(packed);
  const reply = new streams.BatchAppendResp();
  const id = new shared.UUID();
  id.setString(correlationId);
  reply.setCorrelationId(id);
  // The client reads it whatever the error.
  reply.setStreamIdentifier(identifier(stream));
  reply.setError(error);
  return Buffer.from(reply.serializeBinary());
}

function identifier(stream: string): InstanceType<typeof shared.StreamIdentifier> {
  const message = new shared.StreamIdentifier();
  message.setStreamName(Buffer.from(stream));
  return message;
}
