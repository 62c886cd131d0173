/**
 * Keeps an answer that nobody waits for from ending the process.
 *
 * The client library (6.2.1) holds the pending appends of all its clients in one map, empties it when any client's batch stream
 * fails, and takes the answers that other streams still get for answers of entries that are there: an uncaught TypeError
 * (dist/streams/appendToStream/batchAppend.js, the "data" listener). The appends it emptied were told of the failure and
 * are repeated with the same ids, so such an answer has nothing left to say.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';

type BatchStream = ClientDuplexStream<BatchAppendReq, BatchAppendResp>;
type Listener = (answer: BatchAppendResp) => void;

let installed = false;

/** Once per process, before the first append. */
export function guardBatchAppends(): void {
  if (installed) return;
  installed = true;
  const { prototype } = StreamsClient;
  const open: (this: StreamsClient, ...args: never[]) => BatchStream = Reflect.get(prototype, 'batchAppend');
  prototype.batchAppend = function (this: StreamsClient, ...args: never[]) {
    return guarded(open.apply(this, args));
  };
}

/** The library listens with `on` alone. */
function guarded(stream: BatchStream): BatchStream {
  const on = stream.on.bind(stream);
  return Object.assign(stream, {
    on: (event: 'data', listener: Listener) => on(event, event === 'data' ? tolerant(listener) : listener),
  });
}

const tolerant =
  (listener: Listener): Listener =>
  (answer) => {
    try {
      listener(answer);
    } catch (error) {
      if (!(error instanceof TypeError && /is not iterable/.test(error.message))) throw error;
    }
  };
