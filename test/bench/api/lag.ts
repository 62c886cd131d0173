/**
 * How long the read models are behind the log: for each, the age of the oldest head of the log that it had not reached. Sampled,
 * so up to one step less than the truth.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { EventStoreDbAdapter } from '../../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../../src/capabilities.js';

const STEP_MS = 200;
/** A read model that does not arrive has stopped. */
const LONGEST_MS = 300_000;

export interface Lag {
  readonly seconds: number;
  readonly projection: string | undefined;
}

export class LagSampler {
  readonly #log: EventStoreDbAdapter;
  readonly #database: Client;
  #heads: { readonly at: number; readonly commit: bigint }[] = [];

  constructor(eventstoreUrl: string, databaseUrl: string) {
    this.#log = new EventStoreDbAdapter(eventstoreUrl, allEvents);
    this.#database = new Client({ connectionString: databaseUrl });
  }

  async open(): Promise<void> {
    await this.#database.connect();
  }

  /** Samples while `load` runs and then until everything is reached. */
  async during<T>(load: () => Promise<T>): Promise<{ readonly result: T; readonly lag: Lag }> {
    let worst: Lag = { seconds: 0, projection: undefined };
    const note = ({ behind }: Sample): void => void (behind.seconds > worst.seconds && (worst = behind));
    const ended = new AbortController();
    this.#heads = [];
    const sampling = (async () => {
      for (; !ended.signal.aborted; await delay(STEP_MS)) note(await this.#sample());
    })();
    const result = await load();
    ended.abort();
    await sampling;
    for (const end = performance.now() + LONGEST_MS; ; await delay(STEP_MS)) {
      const sample = await this.#sample();
      note(sample);
      if (sample.reached) return { result, lag: worst };
      if (performance.now() > end) throw new Error(`${sample.behind.projection} does not follow the log`);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#log.dispose(), this.#database.end()]);
  }

  async #sample(): Promise<Sample> {
    const head = await this.#log.head();
    if (head) this.#heads.push({ at: performance.now(), commit: head.commit });
    const { rows } = await this.#database.query<{ projection: string; at: string }>(
      `SELECT b.projection, min(c.commit_position) AS at FROM control.builds b JOIN control.checkpoints c ON c.build_id = b.id WHERE b.state = 'live' GROUP BY 1`,
    );
    const now = performance.now();
    const behind = rows.map(({ projection, at }) => {
      const missed = this.#heads.find(({ commit }) => commit > BigInt(at));
      return { seconds: missed ? (now - missed.at) / 1000 : 0, projection, missed };
    });
    const slowest = rows.reduce((least, { at }) => (BigInt(at) < least ? BigInt(at) : least), head?.commit ?? 0n);
    // Those that all have reached tell nothing any more.
    this.#heads = this.#heads.filter(({ commit }) => commit > slowest);
    const worst = behind.toSorted((a, b) => b.seconds - a.seconds)[0];
    return {
      behind: { seconds: worst?.seconds ?? 0, projection: worst?.projection },
      reached: behind.every(({ missed }) => missed === undefined),
    };
  }
}

interface Sample {
  readonly behind: Lag;
  readonly reached: boolean;
}
