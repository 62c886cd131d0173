/** What a read answers, as it comes and in the order in which it comes. */
import type { ClientReadableStream } from '@grpc/grpc-js';
import { convertToCommandError } from '@eventstore/db-client/dist/utils/CommandError.js';
import type { ReadAnswer } from './read-wire.js';

/** Answers that may wait here for their consumer, before the server is held back. */
const MAX_WAITING = 1_024;

type ReadCall = ClientReadableStream<ReadAnswer>;

/**
 * All answers of a read that ends, which is short by what it asks for.
 * @throws what ends it before its end; also when its client is given up meanwhile
 */
export function allAnswers(call: ReadCall): Promise<ReadAnswer[]> {
  return new Promise((resolve, reject) => {
    const answers: ReadAnswer[] = [];
    call.on('data', (answer: ReadAnswer) => answers.push(answer));
    call.on('end', () => resolve(answers));
    call.on('error', (error) => reject(convertToCommandError(error)));
  });
}

/** Yields what has arrived since the last pull. Cancels the call when the consumer leaves or `signal` is aborted. */
export async function* arrivals(call: ReadCall, signal: AbortSignal): AsyncGenerator<readonly ReadAnswer[]> {
  let waiting: ReadAnswer[] = [];
  let failure: Error | undefined;
  let ended = false;
  let wake: (() => void) | undefined;
  const awaken = (): void => {
    wake?.();
    wake = undefined;
  };
  call.on('data', (answer: ReadAnswer) => {
    waiting.push(answer);
    if (waiting.length >= MAX_WAITING) call.pause();
    // What comes with the same packet is handed over with it.
    if (wake) {
      setImmediate(wake);
      wake = undefined;
    }
  });
  call.on('end', () => {
    ended = true;
    awaken();
  });
  call.on('error', (error) => {
    failure ??= convertToCommandError(error);
    awaken();
  });
  signal.addEventListener('abort', awaken);
  try {
    while (!signal.aborted) {
      if (waiting.length > 0) {
        const answers = waiting;
        waiting = [];
        call.resume();
        yield answers;
        continue;
      }
      if (failure) throw failure;
      if (ended) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', awaken);
    call.cancel();
  }
}
