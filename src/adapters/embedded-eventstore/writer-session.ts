/**
 * The one Postgres session that writes to the store.
 *
 *   closed ──open()──► opening ──► open ──connection lost──► opening (again and again) ──close()──► closed
 *
 * The session holds an advisory lock for as long as it lives. Because the lock belongs to the session that writes, and not
 * to another connection beside it, a server that lost the lock can't write any more, and whoever gets the lock knows
 * that no write of its predecessor is still under way.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientBase } from 'pg';
import { migrate } from './schema.js';
import type { StoreLog } from './store-log.js';

/** One lock per database: `teampulse` in a number, so that nothing else takes it by chance. */
const LOCK = 8386095522570323n;
/** A server that was killed leaves its session until Postgres notices: longer than that means another server is alive. */
const LOCK_PATIENCE_MS = 3_000;
const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_DELAY_MS = 200;
const APPLICATION_NAME = 'teampulse eventstore writer';
/**
 * A Postgres that is only slow answers within this; from one that does not, or a network that swallows its answers, nothing
 * more is expected. Not for migrations and restores, which take as long as they take.
 */
export const QUERY_TIMEOUT_MS = 10_000;

export class StoreInUse extends Error {
  readonly code = 'EVENT_STORE_IN_USE';
}

export class WriterSession {
  #client: Client | undefined;
  #closed = false;
  /** Of the last session that held the lock. */
  #backend: number | undefined;

  /** @param onOpen runs after every (re)connection, with the lock held, before anything is written */
  constructor(
    private readonly postgresUrl: string,
    private readonly log: StoreLog,
    private readonly onOpen: (client: ClientBase) => Promise<void>,
  ) {}

  /** The connection that may write; undefined while there is none. */
  get client(): ClientBase | undefined {
    return this.#client;
  }

  /** @throws StoreInUse when another server holds the store; the connection's error when Postgres can't be reached */
  async open(): Promise<void> {
    const client = new Client({
      connectionString: this.postgresUrl,
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      // A session that replaces another makes no migration that takes its time.
      ...(this.#backend !== undefined && { query_timeout: QUERY_TIMEOUT_MS }),
    });
    // Without a listener, a connection that breaks while idle would end the process.
    client.on('error', (error) => this.log.warn({ err: error }, 'the event store lost its Postgres connection'));
    try {
      await client.connect();
      this.#backend = await acquireLock(client, this.#backend);
      // An append is acknowledged after its commit: the commit must mean "on disk", whatever the database's default.
      await client.query("SET synchronous_commit = 'on'");
      // A plan that was made while the log was small must not read a large one from its beginning.
      await client.query('SET enable_seqscan = off');
      await migrate(client, this.log);
      await this.onOpen(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    if (this.#closed) return client.end();
    this.#client = client;
    client.once('end', () => this.#lost(client));
    return undefined;
  }

  /**
   * Gives up a connection that failed, without waiting for its socket to say so: whoever tried again at once on the same
   * connection would fail at once, and never let the event loop learn that it is gone.
   */
  discard(client: ClientBase): void {
    const current = this.#client;
    if (!current || current !== client) return;
    this.#lost(current);
    void current.end().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => undefined);
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (!this.#closed) void this.#reopen();
  }

  async #reopen(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.open();
        this.log.info({}, 'the event store has its Postgres connection again');
        return;
      } catch (error) {
        this.log.warn({ err: error }, 'the event store cannot write yet; trying again');
        await delay(RECONNECT_DELAY_MS);
      }
    }
  }
}

/**
 * @param predecessor this server's own last session: behind a network that died silently it may hold the lock until Postgres
 * notices, which takes hours, so it is ended. What it had under way is then committed or not, and can be looked up.
 * @returns the session that has the lock now
 */
async function acquireLock(client: Client, predecessor: number | undefined): Promise<number> {
  const until = Date.now() + LOCK_PATIENCE_MS;
  for (;;) {
    const answer = await client.query<{ locked: boolean; backend: number }>(
      'SELECT pg_try_advisory_lock($1) AS locked, pg_backend_pid() AS backend',
      [String(LOCK)],
    );
    const [row] = answer.rows;
    if (row?.locked) return row.backend;
    if (predecessor !== undefined) {
      // By name as well: the number may be another session's by now.
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2 AND datname = current_database()',
        [predecessor, APPLICATION_NAME],
      );
    }
    if (Date.now() > until) {
      throw new StoreInUse(
        'another event store server is running on this database: stop it first, or give this one a database of its own',
      );
    }
    await delay(100);
  }
}
