/**
 * The read models, for queries: as the role that owns nothing, bound to one workspace per transaction, read only.
 *
 * Queries of one workspace that are asked for in the same turn of the event loop share a transaction: BEGIN and COMMIT cost
 * a round trip each, as much as a query that finds its rows by an index.
 */
import { createHash } from 'node:crypto';
import { Pool, TypeOverrides, types as pgTypes, type PoolClient, type QueryResult } from 'pg';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { instantOf } from '../../projections/ports/instant-text.js';
import {
  ReadDatabase,
  ReadModelUnavailable,
  ReadQueryFailed,
  type Behind,
} from '../../projections/ports/read-database.port.js';
import { codeOf, isTransient } from './connection-failure.js';
import { LIVE_SHARES, liveShare, type LiveShare, type ShareRow } from './live-shares.js';
import { useOf, type PoolUse } from './pool-use.js';
import { ProgressListener } from './progress-listener.js';

/** More than the cores can run at a time only makes each slower. */
const CONNECTIONS = 8;
const CONNECT_TIMEOUT_MS = 3_000;
/** No query of a page takes longer, unless it is wrong. */
export const STATEMENT_TIMEOUT_MS = 10_000;
/** Queries waiting for a connection; beyond this the answer would come too late to be of use. */
const MOST_WAITING = 2_000;
/** Queries in one transaction: it holds a connection, and one that fails makes the others ask again. */
const MOST_SHARED = 16;
export const WAIT_MS = 2_000;

/** For what is no workspace's. */
const NO_WORKSPACE = '00000000-0000-0000-0000-000000000000';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

interface Question {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly answer: (result: QueryResult) => void;
  readonly fail: (error: Error) => void;
}

export class PostgresReadDatabase extends ReadDatabase {
  readonly #pool: Pool;
  readonly #progress: ProgressListener;
  readonly #names = new StatementNames();
  #asked = new Map<string, Question[]>();
  #waiting = 0;

  /**
   * @param url of the API's login, a member of teampulse_reader
   * @param silentMs a connection that has not answered for so long is given up; unless told, that is left to the system
   */
  constructor(url: string, { silentMs }: { readonly silentMs?: number } = {}) {
    super();
    this.#pool = new Pool({
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      options: `-c timezone=UTC -c default_transaction_read_only=on -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
      ...(silentMs !== undefined && { query_timeout: silentMs }),
      application_name: 'teampulse-api',
      types,
      pipeline: true,
      keepAlive: true,
    });
    // An idle connection that breaks is replaced when the next one is asked for.
    this.#pool.on('error', ignore);
    // One that is cut in the packet that says it is ready has nobody who listens yet, and an error nobody hears ends the process.
    this.#pool.on('connect', (client) => client.on('error', ignore));
    this.#progress = new ProgressListener(url);
  }

  get pools(): readonly PoolUse[] {
    return [useOf('read', this.#pool)];
  }

  async close(): Promise<void> {
    this.#progress.close();
    await this.#pool.end();
  }

  async query<Row extends object>(
    workspaceId: string,
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<Row[]> {
    if (!UUID.test(workspaceId)) throw new TypeError('a read is bound to a workspace, and this is not the id of one');
    if (this.#waiting >= MOST_WAITING)
      throw new ReadModelUnavailable('too many queries are waiting; try again shortly');
    return new Promise<Row[]>((resolve, reject) => {
      const answer = ({ rows }: QueryResult<Row>): void => resolve(rows);
      const question: Question = { sql, parameters, answer, fail: reject };
      this.#waiting++;
      if (this.#asked.size === 0) setImmediate(() => this.#dispatch());
      const group = this.#asked.get(workspaceId);
      if (group) group.push(question);
      else this.#asked.set(workspaceId, [question]);
    }).finally(() => this.#waiting--);
  }

  /** How far each share of the builds that serve is. @throws ReadModelUnavailable */
  async liveShares(): Promise<readonly LiveShare[]> {
    return (await this.query<ShareRow>(NO_WORKSPACE, LIVE_SHARES)).map(liveShare);
  }

  async waitForPosition(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs = WAIT_MS,
  ): Promise<'reached' | Behind> {
    return this.#progress.waitFor(projections, position, timeoutMs);
  }

  #dispatch(): void {
    const asked = this.#asked;
    this.#asked = new Map();
    for (const [workspaceId, questions] of asked) {
      for (let i = 0; i < questions.length; i += MOST_SHARED) {
        void this.#answer(workspaceId, questions.slice(i, i + MOST_SHARED));
      }
    }
  }

  async #answer(workspaceId: string, questions: readonly Question[]): Promise<void> {
    let client: PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      const unavailable = new ReadModelUnavailable('the read models can not be reached; try again', { cause: error });
      for (const { fail } of questions) fail(unavailable);
      return;
    }
    client.on('error', ignore);
    const again: Question[] = [];
    let fatal: Error | undefined;
    try {
      // All at once: the connection pipelines, and the whole transaction costs about one round trip.
      await Promise.all([
        // A simple query, and so two statements in one: it holds nothing but the id, whose shape was checked.
        client.query(`BEGIN READ ONLY; SET LOCAL app.workspace_id = '${workspaceId}'`),
        ...questions.map(async (question) => this.#ask(client, question, questions.length > 1, again)),
        // After a failure it rolls back.
        client.query('COMMIT'),
      ]);
    } catch (error) {
      fatal = asError(error);
      // Those that were answered ignore it.
      for (const { fail } of questions) fail(readFailure(error));
    } finally {
      client.off('error', ignore);
      client.release(fatal);
    }
    // Each on its own now, so that only the one at fault fails.
    if (!fatal) for (const question of again) void this.#answer(workspaceId, [question]);
  }

  async #ask(client: PoolClient, question: Question, shared: boolean, again: Question[]): Promise<void> {
    const { sql, parameters, answer, fail } = question;
    try {
      answer(await client.query({ name: this.#names.of(sql), text: sql, values: [...parameters] }));
    } catch (error) {
      if (isTransient(error)) throw error;
      const code = codeOf(error);
      // A view was switched to a build with other columns: what was prepared against the old one is of no use.
      if (code === '0A000' && this.#names.renew(sql)) again.push(question);
      // Another one of the transaction failed before.
      else if (code === '25P02' && shared) again.push(question);
      else fail(readFailure(error));
    }
  }
}

/** The same name for the same text, so that it is parsed and planned once per connection. */
class StatementNames {
  readonly #names = new Map<string, { name: string; renewals: number }>();

  of(sql: string): string | undefined {
    const known = this.#names.get(sql);
    if (known) return `${known.name}_${known.renewals}`;
    // Texts are few; if one ever carries a value, connections must not fill up with statements that are used once.
    if (this.#names.size >= 1_000) return undefined;
    const name = createHash('sha1').update(sql).digest('hex').slice(0, 24);
    this.#names.set(sql, { name, renewals: 0 });
    return `${name}_0`;
  }

  /** False when it was renewed so often that something else is wrong. */
  renew(sql: string): boolean {
    const known = this.#names.get(sql);
    if (!known || known.renewals >= 100) return false;
    known.renewals++;
    return true;
  }
}

const types = new TypeOverrides();
// A day as it is: it has no zone, and a Date would give it one.
types.setTypeParser(pgTypes.builtins.DATE, (text) => text);
types.setTypeParser(pgTypes.builtins.TIMESTAMPTZ, instantOf);
/** `uuid[]`, as in pg_type; pg does not name it. */
const UUID_ARRAY = 2951;
// Ids are never quoted and never null; pg's own parser goes through any array letter by letter.
types.setTypeParser(UUID_ARRAY, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',')));

/** What breaks while a query is under way fails that query, which says so. */
const ignore = (): undefined => undefined;

function readFailure(error: unknown): Error {
  const { message } = asError(error);
  if (isTransient(error)) return new ReadModelUnavailable('the read models can not be reached; try again', { cause: error }); // prettier-ignore
  const code = codeOf(error);
  if (code === '42P01' || code === '3F000') {
    return new ReadModelUnavailable(`the read models have not been built yet (${message}); is a worker running?`, { cause: error }); // prettier-ignore
  }
  return new ReadQueryFailed(`a query of the read models failed: ${message}`, code, { cause: error });
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
