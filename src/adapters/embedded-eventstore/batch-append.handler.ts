/**
 * Streams.BatchAppend: many appends on one call that stays open, each with a correlation id.
 *
 * The client matches answers by that id and breaks on a second one, hangs without one, and hangs for good when the call
 * ends with OK before it half-closed. So each append is answered exactly once, by whichever comes first of its outcome and
 * its deadline, and this side never ends the call by itself.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import * as replies from './batch-replies.js';
import type { BatchOptions, BatchRequest } from './batch-request.js';
import type { LogWriter, PendingWrite, WriteAnswer } from './log-writer.js';
import {
  BadRequest,
  MissingExpectedRevision,
  MissingMetadata,
  checkedEvent,
  checkedStreamName,
  checkedUuid,
  sizeOf,
} from './requests.js';
import type { Caller } from './security/stream-acl.js';
import type { ProposedEvent } from './stored-event.js';
import { asRpcError } from './write.handlers.js';

export type BatchAppendCall = ServerDuplexStream<BatchRequest, Buffer>;

/** A real node's write timeout: a longer deadline has no effect there either. */
const WRITE_TIMEOUT_MS = 2_000;

/** A client that does not read its replies must not fill memory with them. A whole group's replies come at once: more than that. */
const MAX_WAITING_REPLIES = 4_096;

interface PendingAppend {
  readonly stream: string;
  readonly expected: number;
  readonly events: ProposedEvent[];
  bytes: number;
  readonly timer: NodeJS.Timeout;
  write?: PendingWrite;
}

export function handleBatchAppend(
  call: BatchAppendCall,
  writer: LogWriter,
  maxAppendSize: number,
  by: Caller | undefined,
): void {
  const pending = new Map<string, PendingAppend>();
  let halfClosed = false;
  let gone = false;

  /** Takes no more from the client until there is room again; how many reasons there are to wait. */
  let holds = 0;
  const hold = (): void => {
    if (holds++ === 0) call.pause();
  };
  const release = (): void => {
    if (--holds === 0) call.resume();
  };
  let repliesWait = false;
  let writerWaits = false;
  const send = (reply: Buffer): void => {
    if (gone || call.write(reply) || repliesWait || call.writableLength < MAX_WAITING_REPLIES) return;
    repliesWait = true;
    hold();
    call.once('drain', () => {
      repliesWait = false;
      release();
    });
  };

  const answer = (correlationId: string, reply: Buffer): void => {
    const append = pending.get(correlationId);
    if (!append) return;
    clearTimeout(append.timer);
    pending.delete(correlationId);
    send(reply);
    if (halfClosed && pending.size === 0) call.end();
  };

  const begin = (correlationId: string, { streamName, expected, deadline }: BatchOptions): void => {
    const stream = checkedStreamName(streamName);
    if (expected === undefined) throw new MissingExpectedRevision('an expected revision is required');
    const timeout = Math.min(deadline - Date.now(), WRITE_TIMEOUT_MS);
    const timer = setTimeout(
      () => {
        pending.get(correlationId)?.write?.abandon();
        answer(correlationId, replies.timeout(correlationId, stream));
      },
      Math.max(timeout, 0),
    );
    pending.set(correlationId, { stream, expected, events: [], bytes: 0, timer });
    if (timeout <= 0) answer(correlationId, replies.timeout(correlationId, stream));
    else if (stream === '$all') answer(correlationId, replies.accessDenied(correlationId, stream));
  };

  const take = (request: BatchRequest): void => {
    const correlationId = checkedUuid(request.correlationId);
    const { options } = request;
    try {
      // Options for an id that is still pending would orphan its answer.
      if (options && !pending.has(correlationId)) begin(correlationId, options);
      const append = pending.get(correlationId);
      // Unknown, or answered already: the rest of that append is ignored.
      if (!append || append.write) return;
      for (const sent of request.events) {
        const event = checkedEvent(sent);
        append.events.push(event);
        append.bytes += sizeOf(event);
        if (append.bytes > maxAppendSize) {
          return answer(correlationId, replies.maximumSizeExceeded(correlationId, append.stream, maxAppendSize));
        }
      }
      if (request.isFinal) submit(correlationId, append);
    } catch (error) {
      if (!(error instanceof BadRequest || error instanceof MissingMetadata)) throw error;
      const stream = pending.get(correlationId)?.stream ?? '';
      const reply = replies.badRequest(correlationId, stream, error.message);
      if (pending.has(correlationId)) answer(correlationId, reply);
      else send(reply);
    }
  };

  const submit = (correlationId: string, append: PendingAppend): void => {
    const { stream, expected, events } = append;
    append.write = writer.write({ kind: 'append', stream, expected, events, by }, (outcome: WriteAnswer) =>
      answer(correlationId, replies.forOutcome(correlationId, stream, expected, outcome)),
    );
    if (writer.full && !writerWaits) {
      writerWaits = true;
      hold();
      void writer
        .room()
        .then(release)
        .finally(() => (writerWaits = false));
    }
  };

  call.on('data', (request: BatchRequest) => {
    try {
      take(request);
    } catch (error) {
      // No correlation id that an answer could carry: the call itself is broken.
      call.emit('error', asRpcError(error));
    }
  });
  call.on('end', () => {
    halfClosed = true;
    // An append whose last message never came is still answered, by its deadline.
    if (pending.size === 0) call.end();
  });
  const leave = (): void => {
    gone = true;
    for (const append of pending.values()) clearTimeout(append.timer);
    pending.clear();
  };
  call.on('cancelled', leave);
  call.on('error', leave);
}
