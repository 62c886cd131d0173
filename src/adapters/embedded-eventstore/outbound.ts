/** A call's way out: writes encoded messages at the pace the client takes them, and knows when it has gone. */
import type { ServerWritableStream } from '@grpc/grpc-js';

/** The client has cancelled or vanished: unwind, there is nobody to tell. */
export class ClientGone extends Error {}

const GONE = new ClientGone();

export class Outbound {
  readonly #gone = new AbortController();

  constructor(private readonly call: ServerWritableStream<unknown, Buffer>) {
    // A reason of ours: without one, abort() makes an exception with a stack trace, for every call.
    const leave = (): void => this.#gone.abort(GONE);
    call.on('cancelled', leave);
    call.on('error', leave);
    call.on('close', leave);
  }

  /** Aborted when the client has gone. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Writes one message. Returns undefined when the next can follow at once, else a promise to wait for: a client that
   * does not read must hold its sender back instead of filling memory.
   * @throws ClientGone
   */
  write(message: Buffer): Promise<void> | undefined {
    if (this.#gone.signal.aborted) throw new ClientGone();
    return this.call.write(message) ? undefined : this.#drained();
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#gone;
      const settle = (): void => {
        this.call.off('drain', settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(new ClientGone());
        else resolve();
      };
      this.call.on('drain', settle);
      signal.addEventListener('abort', settle);
    });
  }
}
