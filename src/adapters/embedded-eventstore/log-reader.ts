/** Reads committed events from Postgres, a page at a time. Pages are bounded by events and by bytes. */
import { Pool } from 'pg';
import { COPY_COLUMNS, copyOut } from './copy-out.js';
import type { LiveLog } from './live-log.js';
import type { StoreLog } from './store-log.js';
import { TOMBSTONE_REVISION, baseOf, type StoredEvent } from './stored-event.js';
import { loadStates, unknownStream, type StreamState, type StreamStates } from './stream-states.js';

/** Each reader holds a page in memory and a connection while it fetches; two cores gain nothing from more. */
const MAX_CONNECTIONS = 4;
/** A page is held in memory as a whole; one event may be larger than this and is then a page of its own. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** A Postgres that hangs must not hang its readers. */
const QUERY_TIMEOUT_MS = 10_000;

type StreamRow = [string, string, string, string, boolean, string, string, Buffer, Buffer];

export interface Bounds {
  readonly from: number;
  readonly to: number;
  readonly backwards: boolean;
}

export class LogReader {
  readonly #pool: Pool;
  /** Many who ask for the same stream at once ask Postgres once. */
  readonly #loading = new Map<string, { readonly head: number; readonly state: Promise<StreamState> }>();

  constructor(
    postgresUrl: string,
    private readonly states: StreamStates,
    private readonly live: LiveLog,
    log: StoreLog,
  ) {
    this.#pool = new Pool({
      connectionString: postgresUrl,
      application_name: 'teampulse eventstore reader',
      max: MAX_CONNECTIONS,
      // Also the wait for a free one: a thousand subscribers that come at once are a queue, not a Postgres that is away.
      connectionTimeoutMillis: QUERY_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      statement_timeout: QUERY_TIMEOUT_MS,
      // A plan that was made while the log was small must not read a large one from its beginning.
      options: '-c enable_seqscan=off',
    });
    this.#pool.on('error', (error) => log.warn({ err: error }, 'the event store lost a Postgres connection'));
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  /** Events of `$all` with positions `from … to`, both included, in either order. Relies on event_position. */
  async allPage({ from, to, backwards }: Bounds, limit: number): Promise<StoredEvent[]> {
    if (from > to) return [];
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      return await copyOut(
        client,
        page(`position BETWEEN ${BigInt(from)} AND ${BigInt(to)}`, 'position', backwards, String(BigInt(limit))),
      );
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      throw broken;
    } finally {
      client.release(broken);
    }
  }

  /** Events of one stream with revisions `from … to`, both included, in either order. Relies on event_stream_revision. */
  async streamPage(stream: string, { from, to, backwards }: Bounds, limit: number): Promise<StoredEvent[]> {
    if (from > to) return [];
    const answer = await this.#pool.query<StreamRow>({
      name: backwards ? 'stream-backwards' : 'stream-forwards',
      rowMode: 'array',
      text: page('stream = $1 AND revision BETWEEN $2 AND $3', 'revision', backwards, '$4'),
      values: [stream, asBigint(from), asBigint(to), limit],
    });
    return answer.rows.map(([position, revision, recordedAt, id, isJson, , type, data, metadata]) => ({
      position: Number(position),
      revision: Number(revision),
      recordedAt: Number(recordedAt),
      id,
      isJson,
      stream,
      type,
      data,
      metadata,
    }));
  }

  /** What is known of a stream, from memory where it is there. */
  async streamState(stream: string): Promise<StreamState> {
    const known = this.states.get(stream);
    if (known) return known;
    const base = baseOf(stream);
    const { head } = this.live;
    const begun = this.#loading.get(base);
    // A question that was asked before the last write may have an older answer than this caller is owed.
    if (begun?.head === head) return begun.state;
    const state = this.#load(base);
    this.#loading.set(base, { head, state });
    const forget = (): void => {
      if (this.#loading.get(base)?.state === state) this.#loading.delete(base);
    };
    state.then(forget, forget);
    return state;
  }

  async #load(base: string): Promise<StreamState> {
    const before = this.live.head;
    const loaded = (await loadStates(this.#pool, [base])).get(base) ?? unknownStream;
    // The writer may have written to the stream meanwhile. What it then knows is newer, and is there, unless so much else
    // was written that it was forgotten again.
    const meanwhile = this.states.get(base);
    if (meanwhile) return meanwhile;
    if (this.live.head === before) this.states.set(base, loaded);
    return loaded;
  }
}

const asBigint = (revision: number): string =>
  revision >= TOMBSTONE_REVISION ? '9223372036854775807' : String(revision);

/** Cuts a page at its byte bound, but never before its first event. */
export function page(
  where: string,
  order: 'position' | 'revision',
  backwards: boolean,
  limit: string,
  columns = COPY_COLUMNS,
): string {
  const direction = backwards ? 'DESC' : 'ASC';
  return `SELECT ${columns}
            FROM (SELECT *, sum(octet_length(data) + octet_length(metadata)) OVER (ORDER BY ${order} ${direction}
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
                    FROM (SELECT * FROM eventstore.event WHERE ${where} ORDER BY ${order} ${direction} LIMIT ${limit}) found) sized
           WHERE coalesce(bytes_before, 0) < ${MAX_PAGE_BYTES}
           ORDER BY ${order} ${direction}`;
}
