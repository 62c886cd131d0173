/** Postgres for the projection engine: a few connections that write, one for what is urgent, others that listen or hold locks. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, escapeIdentifier, Pool, type ClientBase, type CustomTypesConfig, type PoolClient } from 'pg';
import {
  DatabaseError,
  WriteDatabase,
  type LockHolder,
  type Statement,
  type TextRow,
  type WriteSession,
} from '../../projections/ports/write-database.port.js';
import { codeOf, isTransient } from './connection-failure.js';

/** Projections write at the same time; with more than these they would only wait for the same two cores. */
const CONNECTIONS = 6;
const CONNECT_TIMEOUT_MS = 5_000;
/** A batch takes tens of milliseconds; making an index over millions of rows may take minutes. */
const STATEMENT_TIMEOUT_MS = 1_800_000;
/**
 * A transaction of a process that was frozen, or cut off without a word, holds its locks no longer than this: less than a
 * lease lasts, so that whoever takes over finds nothing in the way.
 */
const IDLE_TRANSACTION_TIMEOUT_MS = 2_000;
/** Less than the time between a lease's renewal and its end. */
const URGENT_TIMEOUT_MS = 1_500;
/** Finds out when the other side is gone without a word. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };
const MOST_PAUSE_MS = 1_000;
/** What Postgres says to every statement behind the one at fault. */
const ABORTED = '25P02';

/** Values as Postgres writes them: the engine knows their types and reads them itself. */
const asText: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

interface Limits {
  readonly connections?: number;
  readonly statementTimeoutMs?: number;
}

export class PostgresWriteDatabase extends WriteDatabase {
  readonly #pool: Pool;
  readonly #urgent: Pool;

  /** @param limits smaller ones for those who only ask the control schema */
  constructor(
    private readonly url: string,
    { connections = CONNECTIONS, statementTimeoutMs = STATEMENT_TIMEOUT_MS }: Limits = {},
  ) {
    super();
    this.#pool = new Pool({
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      // Not waiting for the disk is safe here, and only here: rows and checkpoint are lost together or not at all.
      options: `-c synchronous_commit=off -c timezone=UTC -c statement_timeout=${statementTimeoutMs} -c idle_in_transaction_session_timeout=${IDLE_TRANSACTION_TIMEOUT_MS}`,
      application_name: 'teampulse-projections',
      // All statements of a batch are on their way at once.
      pipeline: true,
      ...KEEP_ALIVE,
    });
    // An idle connection that breaks is replaced when the next one is asked for.
    this.#pool.on('error', () => undefined);
    // One that is cut in the packet that says it is ready has nobody who listens yet, and an error nobody hears ends the process.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
    this.#urgent = new Pool({
      connectionString: url,
      max: 1,
      // Kept while nothing is asked: that it is there says that we are alive.
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: URGENT_TIMEOUT_MS,
      // The second when Postgres itself is silent.
      options: `-c synchronous_commit=off -c timezone=UTC -c statement_timeout=${URGENT_TIMEOUT_MS}`,
      query_timeout: 2 * URGENT_TIMEOUT_MS,
      application_name: 'teampulse-projections',
      ...KEEP_ALIVE,
    });
    this.#urgent.on('error', () => undefined);
    this.#urgent.on('connect', (client) => client.on('error', () => undefined));
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#urgent.end()]);
  }

  async query(statement: Statement): Promise<readonly TextRow[]> {
    return connected(this.#pool, async (client) => run(client, statement));
  }

  async urgent(statement: Statement): Promise<readonly TextRow[]> {
    return connected(this.#urgent, async (client) => run(client, statement));
  }

  async transaction<T>(work: (session: WriteSession) => Promise<T>): Promise<T> {
    return connected(this.#pool, async (client) => {
      // Awaited: what follows is sent without waiting for each other, and must not run outside of a transaction.
      await run(client, { text: 'BEGIN' });
      let isOver = false;
      let fault: DatabaseError | undefined;
      const query = async (statement: Statement): Promise<readonly TextRow[]> => {
        if (isOver) throw new DatabaseError('the transaction is over', 'TRANSACTION_OVER', false);
        try {
          return await run(client, statement);
        } catch (error) {
          if (error instanceof DatabaseError) fault ??= error;
          throw error;
        }
      };
      try {
        const result = await work({ query });
        isOver = true;
        await run(client, { text: 'COMMIT' });
        return result;
      } catch (error) {
        isOver = true;
        // When even this fails the connection is gone, and the transaction with it.
        await run(client, { text: 'ROLLBACK' });
        // Of statements on their way together, one behind the one at fault may be heard first, and says only that another failed.
        throw error instanceof DatabaseError && error.code === ABORTED ? (fault ?? error) : error;
      }
    });
  }

  async holdLocks(): Promise<LockHolder> {
    const client = await this.#connectAlone();
    let released = false;
    const lost = endOf(client);
    const ask = async (text: string, key: string): Promise<boolean> =>
      (await run(client, { text, values: [key] }))[0]?.[0] === 't';
    return {
      tryLock: async (key) => ask('SELECT pg_try_advisory_lock(hashtextextended($1, 0))', key),
      unlock: async (key) => void (await ask('SELECT pg_advisory_unlock(hashtextextended($1, 0))', key)),
      lost,
      release: async () => {
        if (!released) await client.end();
        released = true;
      },
    };
  }

  listen(channel: string, heard: (payload: string | undefined) => void, signal: AbortSignal): void {
    void this.#keepListening(channel, heard, signal);
  }

  async #keepListening(
    channel: string,
    heard: (payload: string | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let client: Client | undefined;
    // Once for all connections: one listener each would pile up on a signal that lives as long as the process.
    signal.addEventListener('abort', () => void client?.end().catch(() => undefined), { once: true });
    for (let pause = 50; !signal.aborted; pause = Math.min(pause * 2, MOST_PAUSE_MS)) {
      try {
        client = await this.#connectAlone();
        const ended = endOf(client);
        client.on('notification', ({ payload }) => heard(payload));
        await run(client, { text: `LISTEN ${escapeIdentifier(channel)}` });
        // What was said while nobody listened is not said again.
        heard(undefined);
        pause = 50;
        if (!signal.aborted) await ended;
        await client.end().catch(() => undefined);
      } catch {
        // Away; again after a moment.
      }
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #connectAlone(): Promise<Client> {
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'teampulse-projections',
      ...KEEP_ALIVE,
    });
    client.on('error', () => undefined);
    await client.connect().catch((error: unknown) => {
      throw failure(error, true);
    });
    return client;
  }
}

async function connected<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw failure(error, true);
  });
  let broken = false;
  const onError = (): void => void (broken = true);
  client.on('error', onError);
  try {
    return await work(client);
  } catch (error) {
    if (error instanceof DatabaseError && error.transient) broken = true;
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** Resolves when the connection is gone, whoever ended it. */
const endOf = async (client: Client): Promise<void> =>
  new Promise((resolve) => {
    client.once('end', () => resolve());
    client.once('error', () => resolve());
  });

async function run(client: ClientBase, { text, values, name }: Statement): Promise<readonly TextRow[]> {
  try {
    const query = {
      text,
      values: values ? [...values] : [],
      rowMode: 'array' as const,
      types: asText,
      ...(name && { name }),
    };
    return (await client.query<(string | null)[]>(query)).rows;
  } catch (error) {
    throw failure(error, isTransient(error));
  }
}

function failure(error: unknown, transient: boolean): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DatabaseError(message, codeOf(error), transient, { cause: error });
}
