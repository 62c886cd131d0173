/**
 * The server's answers to a read, as they came and in the order they came.
 *
 * The client's own streams emit `caughtUp` and call `checkpointReached` as soon as those messages arrive, while events that
 * came before them may still wait in the stream's buffer: a checkpoint would overtake its events. They also parse
 * every payload with two copies. The streams are Node Transforms that take stream options, and one of these is the
 * transform itself: this one hands every message through.
 */
import type { ReadableOptions, TransformOptions } from 'node:stream';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';

/** Messages that may wait here for their consumer, before the server is held back. */
const BUFFERED_MESSAGES = 1_024;

/** For the client's second argument. */
export const asTheyCome: ReadableOptions & Pick<TransformOptions, 'readableHighWaterMark' | 'transform'> = {
  readableHighWaterMark: BUFFERED_MESSAGES,
  transform: (message: ReadResp, _encoding, done) => done(null, message),
};

interface Pullable {
  /** What waits first, or null. */
  read(): ReadResp | null;
}

/** Yields what has arrived since the last pull. Cancels the call when the consumer leaves or `signal` is aborted. */
export async function* arrivals(
  stream: NodeJS.EventEmitter & Pullable,
  cancel: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<readonly ReadResp[]> {
  let failure: Error | undefined;
  let ended = false;
  let wake: (() => void) | undefined;
  // Listeners for the whole life of the stream: made anew for every wait, they cost more than reading the events.
  stream.on('readable', () => wake?.());
  stream.on('end', () => {
    ended = true;
    wake?.();
  });
  stream.on('error', (error: Error) => {
    failure ??= error;
    wake?.();
  });
  const leave = (): void => wake?.();
  signal.addEventListener('abort', leave);
  try {
    while (!signal.aborted) {
      const messages: ReadResp[] = [];
      for (let message = stream.read(); message; message = stream.read()) {
        messages.push(message);
        if (messages.length === BUFFERED_MESSAGES) break;
      }
      if (messages.length > 0) {
        yield messages;
        continue;
      }
      if (failure) throw failure;
      if (ended) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', leave);
    await cancel();
  }
}
