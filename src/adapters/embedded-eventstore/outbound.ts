/** A call's way out: writes encoded messages at the pace the client takes them, and knows when it has gone. */
import type { ServerWritableStream } from '@grpc/grpc-js';

/** The client has cancelled or vanished: unwind, there is nobody to tell. */
export class ClientGone extends Error {}

const GONE = new ClientGone();

export class Outbound {
  #isGone = false;
  /** Made for who asks: most reads are over before anybody could. */
  #signal: AbortController | undefined;
  /** Of a write that waits for room. */
  #settle: (() => void) | undefined;

  constructor(private readonly call: ServerWritableStream<unknown, Buffer>) {
    const leave = (): void => {
      this.#isGone = true;
      // A reason of ours: without one, abort() makes an exception with a stack trace.
      this.#signal?.abort(GONE);
      this.#settle?.();
    };
    call.on('cancelled', leave);
    call.on('error', leave);
    call.on('close', leave);
    call.on('drain', () => this.#settle?.());
  }

  /** Aborted when the client has gone. */
  get gone(): AbortSignal {
    this.#signal ??= new AbortController();
    if (this.#isGone) this.#signal.abort(GONE);
    return this.#signal.signal;
  }

  /**
   * Writes one message. Returns undefined when the next can follow at once, else a promise to wait for: a client that
   * does not read must hold its sender back instead of filling memory.
   * @throws ClientGone
   */
  write(message: Buffer): Promise<void> | undefined {
    if (this.#isGone) throw new ClientGone();
    return this.call.write(message) ? undefined : this.#drained();
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = () => {
        this.#settle = undefined;
        if (this.#isGone) reject(new ClientGone());
        else resolve();
      };
    });
  }
}
