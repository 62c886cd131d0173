/**
 * The one publisher's seat in Postgres: a lock that only one process holds, and how far it has published. Both go with one
 * connection: when it breaks, the lock is free for another process and this one can't store anything any more.
 */
import { Client } from 'pg';
import type { LogPosition } from '../../domain/shared/recorded-event.js';

/** "bus" in ASCII. */
const LOCK_CLASS = 0x62_7573;
/** How long a worker in waiting leaves between two looks: what a fail-over may take. */
const RETRY_MS = 2_000;

export class PublisherSession {
  private constructor(
    readonly client: Client,
    private readonly bus: string,
    /** Rejects when the connection breaks. */
    readonly broken: Promise<never>,
  ) {}

  /**
   * Waits until no other process publishes to this bus.
   * @returns undefined when `signal` ended the wait
   * @throws when Postgres can't be reached
   */
  static async open(databaseUrl: string, bus: string, signal: AbortSignal): Promise<PublisherSession | undefined> {
    const client = new Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: 10_000,
      query_timeout: 30_000,
      keepAlive: true,
      application_name: 'teampulse-publisher',
    });
    const broken = new Promise<never>((_, reject) => client.once('error', reject));
    // Whoever waits for it sees it; until then it is not unhandled.
    broken.catch(() => undefined);
    await client.connect();
    try {
      while (!signal.aborted) {
        const { rows } = await client.query<{ mine: boolean }>(
          'SELECT pg_try_advisory_lock($1, hashtext($2)) AS mine',
          [LOCK_CLASS, bus],
        );
        if (rows[0]?.mine) return new PublisherSession(client, bus, broken);
        await waitFor(RETRY_MS, signal);
      }
    } catch (error) {
      await client.end();
      throw error;
    }
    await client.end();
    return undefined;
  }

  async read(): Promise<LogPosition | undefined> {
    const { rows } = await this.client.query<{ commit: string; prepare: string }>(
      'SELECT commit_position AS commit, prepare_position AS prepare FROM control.published WHERE bus = $1',
      [this.bus],
    );
    return rows[0] && { commit: BigInt(rows[0].commit), prepare: BigInt(rows[0].prepare) };
  }

  /** @throws when the stored position is not `from`: somebody else has published in between */
  async advance(from: LogPosition | undefined, to: LogPosition): Promise<void> {
    const { rowCount } = await this.client.query({
      name: 'advance',
      text: `INSERT INTO control.published AS p (bus, commit_position, prepare_position) VALUES ($1, $2, $3)
             ON CONFLICT (bus) DO UPDATE SET commit_position = $2, prepare_position = $3, updated_at = now()
             WHERE p.commit_position = $4 AND p.prepare_position = $5`,
      values: [this.bus, to.commit, to.prepare, from?.commit ?? null, from?.prepare ?? null],
    });
    if (rowCount !== 1) throw new Error(`another process has published to ${this.bus} in between`);
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
