/**
 * The client, replaced when it can't recover by itself. It remembers some failures for its whole life, and waits for ever
 * for a server that accepts a connection and says nothing; a new client is then the only way on.
 *
 * The pending appends of all clients of a process are in one map of the client library, and a batch stream that ends rejects
 * all of them; answers that still come then end the process with an uncaught TypeError. So there is one connection per
 * process, and a new client begins only when the old one's streams are gone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import { NoAnswer, isTransient } from './failures.js';

const DISPOSE_MS = 1_000;
/** First and longest pause between attempts. */
const BACKOFF_MS = { first: 50, most: 1_000 };

export class Connection {
  #client: EventStoreDBClient | undefined;
  #disposed: Promise<unknown> = Promise.resolve();

  constructor(private readonly connectionString: string) {}

  get client(): EventStoreDBClient {
    this.#client ??= EventStoreDBClient.connectionString(this.connectionString);
    return this.#client;
  }

  /** Bounded: with a server that keeps silent, the client's own disposing may hang. */
  async dispose(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client) this.#disposed = Promise.race([client.dispose(), delay(DISPOSE_MS, undefined, { ref: false })]);
    await this.#disposed;
  }

  /**
   * Runs a call that may be repeated, each attempt bounded, until it succeeds, fails for good, or time is up.
   * @param attemptMs how long one attempt may take
   * @param totalMs after this no further attempt is begun
   */
  async retrying<T>(run: (client: EventStoreDBClient) => Promise<T>, attemptMs: number, totalMs: number): Promise<T> {
    const until = Date.now() + totalMs;
    for (let pause = BACKOFF_MS.first; ; pause = Math.min(pause * 2, BACKOFF_MS.most)) {
      await this.#disposed;
      const { client } = this;
      try {
        return await within(run(client), attemptMs);
      } catch (error) {
        this.replace(client, error);
        if (!isTransient(error) || Date.now() + pause >= until) throw error;
        await delay(pause);
      }
    }
  }

  /** Drops a client that kept silent, so that the next attempt has a new one. */
  replace(client: EventStoreDBClient, error: unknown): void {
    if (error instanceof NoAnswer && this.#client === client) void this.dispose();
  }
}

/** Appends have no deadline on the client's side: a silent server would leave them pending for ever. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  // When the clock wins, the call may still fail later; nobody listens then.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
