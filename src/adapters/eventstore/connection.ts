/**
 * The client, replaced when it can't recover by itself. It remembers some failures for its whole life, and waits for ever
 * for a server that accepts a connection and says nothing; a new client is then the only way on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import { NoAnswer, isTransient } from './failures.js';
import { SilenceWatch } from './silence-watch.js';

/** A server answers within its own 2 s or says that it can't. */
export const SILENCE_MS = 4_000;
/** How long a caller waits through a restart of the store or an election. */
const TOTAL_MS = 10_000;
const DISPOSE_MS = 1_000;
/** First and longest pause between attempts. */
const BACKOFF_MS = { first: 50, most: 1_000 };
const KEEP_ALIVE_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT = /([?&]keepAliveTimeout=)(-?\d+)/i;

let connectionsApart = 0;

export class Connection {
  #client: EventStoreDBClient | undefined;
  readonly #watch = new SilenceWatch(SILENCE_MS, TOTAL_MS);
  #disposed: Promise<unknown> = Promise.resolve();

  constructor(private readonly connectionString: string) {}

  get client(): EventStoreDBClient {
    this.#client ??= EventStoreDBClient.connectionString(this.connectionString);
    return this.#client;
  }

  /**
   * Another one to the same server, over an HTTP/2 session of its own. Flow control counts all streams of a session together:
   * a subscriber who holds his events back would hold back everybody's answers, and the server would seem silent.
   */
  apart(): Connection {
    // Channels with equal options share their session. A timeout that is a millisecond longer makes them unequal.
    connectionsApart = (connectionsApart + 1) % 1_000;
    const { connectionString } = this;
    const given = KEEP_ALIVE_TIMEOUT.exec(connectionString)?.[2];
    const timeout = Math.max(Number(given ?? KEEP_ALIVE_TIMEOUT_MS), 1) + connectionsApart;
    if (given !== undefined) return new Connection(connectionString.replace(KEEP_ALIVE_TIMEOUT, `$1${timeout}`));
    return new Connection(`${connectionString}${connectionString.includes('?') ? '&' : '?'}keepAliveTimeout=${timeout}`); // prettier-ignore
  }

  /** Bounded: with a server that keeps silent, the client's own disposing may hang. */
  async dispose(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client) this.#disposed = Promise.race([client.dispose(), delay(DISPOSE_MS, undefined, { ref: false })]);
    await this.#disposed;
  }

  /** Runs a call that may be repeated until it succeeds, fails for good, or time is up. */
  async retrying<T>(run: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
    const until = Date.now() + TOTAL_MS;
    for (let pause = BACKOFF_MS.first; ; pause = Math.min(pause * 2, BACKOFF_MS.most)) {
      await this.#disposed;
      const { client } = this;
      try {
        return await this.#watch.over(run(client));
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
