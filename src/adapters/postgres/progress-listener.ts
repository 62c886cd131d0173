/** How far the read models are, as workers tell it by NOTIFY: for those who must not read before their own write is there. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { z } from 'zod';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { PositionRegistry } from '../../projections/ports/position-registry.js';
import { LIVE_SHARES, liveShare, type ShareRow } from './live-shares.js';

/** While somebody waits: a notification may be lost with its connection. */
const POLL_MS = 250;
const CONNECT_TIMEOUT_MS = 3_000;
const MOST_PAUSE_MS = 1_000;

const CHANNEL = 'projection_positions';
/** [projection, build, shards, shard, commit, prepare] of each share that moved. */
const progressSchema = z.array(z.tuple([z.string(), z.string(), z.int(), z.int(), z.string(), z.string()]));

export class ProgressListener {
  readonly #positions = new PositionRegistry();
  readonly #abort = new AbortController();
  #client: Client | undefined;
  #listening = false;
  #waiters = 0;
  #polling: NodeJS.Timeout | undefined;

  constructor(private readonly url: string) {}

  close(): void {
    this.#abort.abort();
    clearInterval(this.#polling);
  }

  async waitFor(
    projections: readonly string[],
    position: LogPosition,
    timeoutMs: number,
  ): Promise<'reached' | { readonly projection: string; readonly at: LogPosition | undefined }> {
    if (this.#positions.hasReached(projections, position)) return 'reached';
    // A connection from the first one who waits on: who never writes needs none.
    if (!this.#listening) void this.#listen();
    this.#listening = true;
    this.#waiters++;
    this.#polling ??= setInterval(() => void this.#poll(), POLL_MS);
    try {
      const reached = await this.#positions.waitFor(projections, position, timeoutMs);
      return reached ? 'reached' : this.#positions.slowest(projections);
    } finally {
      if (--this.#waiters === 0) {
        clearInterval(this.#polling);
        this.#polling = undefined;
      }
    }
  }

  async #listen(): Promise<void> {
    const { signal } = this.#abort;
    signal.addEventListener('abort', () => void this.#client?.end().catch(() => undefined), { once: true });
    for (let pause = 50; !signal.aborted; pause = Math.min(pause * 2, MOST_PAUSE_MS)) {
      const client = new Client({
        connectionString: this.url,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        application_name: 'teampulse-progress',
        keepAlive: true,
      });
      const ended = new Promise<void>((resolve) => {
        client.on('error', () => resolve());
        client.on('end', () => resolve());
      });
      try {
        await client.connect();
        client.on('notification', ({ payload }) => this.#hear(payload ?? '[]'));
        await client.query(`LISTEN ${CHANNEL}`);
        this.#client = client;
        await this.#poll();
        pause = 50;
        if (!signal.aborted) await ended;
      } catch {
        // Away; who waits is told when his time is over.
      }
      this.#client = undefined;
      // Workers commit without waiting for the disk: after a crash the read models may stand further back than they said.
      this.#positions.forget();
      await client.end().catch(() => undefined);
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  #hear(payload: string): void {
    let isWhole = true;
    for (const [projection, build, shards, shard, commit, prepare] of progressSchema.parse(JSON.parse(payload))) {
      const position = { commit: BigInt(commit), prepare: BigInt(prepare) };
      // One that is not known to serve: it does now, or it does no more, and its worker has not heard of that. Postgres has.
      const isKnown = this.#positions.buildOf(projection) === build;
      isWhole = isKnown && this.#positions.advance({ projection, build, shards, shard, position }) && isWhole;
    }
    // How far its other shards are will not be told before they move again.
    if (!isWhole) void this.#poll();
  }

  async #poll(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    // The connection's own error handler sees to what fails.
    const result = await client.query<ShareRow>(LIVE_SHARES).catch(() => undefined);
    for (const { position, ...share } of result?.rows.map(liveShare) ?? []) {
      this.#positions.serves(share.projection, share.build);
      if (position) this.#positions.advance({ ...share, position });
    }
  }
}
