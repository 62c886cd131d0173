/**
 * From the acknowledgement of an append until readers may see it in the sales read models, at an even rate; the same while they
 * are rebuilt; and whether all that many writers append at once arrives.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { percentiles } from '../api/percentiles.js';
import { Child } from './child.js';
import type { ReadModels } from './installation.js';
import { since } from './meter.js';
import { costOf, Machine, percent, say, whole } from './report.js';
import type { Advances, WorkerJob } from './worker.js';
import type { WriterJob, WriterSetup, Written } from './writer.js';

const WARM_UP_SECONDS = 3;
const WRITERS = 16;

export interface LiveWanted {
  readonly p95?: number;
  readonly p99?: number;
}

export class LiveBench {
  readonly #writer: Child;

  constructor(private readonly models: ReadModels) {
    const { url, events, workspaces } = models.log;
    const setup: WriterSetup = { eventstoreUrl: url, events, workspaces };
    this.#writer = new Child('./writer.js', [JSON.stringify(setup)]);
  }

  async end(): Promise<void> {
    await this.#writer.end();
  }

  async #write(
    job:
      { readonly seconds: number; readonly perSecond: number } | { readonly seconds: number; readonly writers: number },
  ): Promise<Written> {
    // prettier-ignore
    const { log } = this.models;
    const written = await this.#writer.ask<Written>({ ...job, from: log.appended } satisfies WriterJob);
    log.appended += written.written;
    return written;
  }

  async warmUp(): Promise<void> {
    await this.#write({ seconds: WARM_UP_SECONDS, perSecond: 300 });
    await this.models.caughtUp();
  }

  async atRate(perSecond: number, seconds: number, wanted: LiveWanted, meanwhile = ''): Promise<void> {
    const { worker, log } = this.models;
    const machine = new Machine();
    const meter = this.models.meter();
    const before = meter.micros();
    await worker.ask({ record: 'sales' } satisfies WorkerJob);
    const written = await this.#write({ seconds, perSecond });
    await this.models.caughtUp();
    const micros = since(before, meter.micros());
    const latencies = latenciesOf(written, await worker.ask<Advances>({ recorded: true } satisfies WorkerJob));
    const within50 = latencies.filter((ms) => ms <= 50).length / latencies.length;
    const { p50, p95, p99 } = percentiles(latencies);
    const goals = [
      ...(wanted.p95 === undefined ? [] : [`p95 ${percent(p95 / wanted.p95)} of the ${wanted.p95} ms allowed`]),
      ...(wanted.p99 === undefined ? [] : [`p99 ${percent(p99 / wanted.p99)} of the ${wanted.p99} ms allowed`]),
      `${(within50 * 100).toFixed(2)} % within 50 ms`,
    ];
    say(`${whole(written.written / written.seconds).padStart(9)}/s  live, ${whole(perSecond)}/s asked for${meanwhile}, ${whole(log.events)} events before: p50 / p95 / p99 ${[p50, p95, p99].map((ms) => ms.toFixed(1)).join(' / ')} ms`); // prettier-ignore
    say(`           ${goals.join('; ')}`);
    say(`           ${costOf(micros, written.written).text}; ${String(machine)}`);
  }

  /** Rebuilds one after the other until the writing has ended. */
  async whileRebuilding(perSecond: number, seconds: number, wanted: LiveWanted): Promise<void> {
    const over = new AbortController();
    let rebuilds = 0;
    const rebuilding = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await this.models.serves(await this.models.rebuild(['sales']));
        rebuilds++;
      }
    };
    const all = rebuilding();
    // A failure is told once it is awaited, after the writing.
    all.catch(() => undefined);
    try {
      await delay(500);
      await this.atRate(perSecond, seconds, wanted, ' while they are rebuilt');
    } finally {
      over.abort();
      await all;
    }
    say(`           ${rebuilds} rebuild${rebuilds === 1 ? '' : 's'} meanwhile`);
  }

  /** @returns how many sales never arrived */
  async writersAtOnce(seconds: number): Promise<number> {
    const before = await this.models.count('SELECT count(*) FROM read.sales');
    const { written, seconds: took } = await this.#write({ seconds, writers: WRITERS });
    await this.models.caughtUp();
    const missing = before + written - (await this.models.count('SELECT count(*) FROM read.sales'));
    say(`${whole(written / took).padStart(9)}/s  by ${WRITERS} writers at once, ${whole(written)} events: ${whole(missing)} skipped (${((missing / written) * 100).toFixed(1)} %), wanted none`); // prettier-ignore
    return missing;
  }
}

/** Each acknowledged event's time until the first position at or after it was told; one that came first took no time. */
function latenciesOf({ acknowledged }: Written, { advances }: Advances): number[] {
  let next = 0;
  return acknowledged
    .toSorted(([a], [b]) => a - b)
    .map(([position, at]) => {
      while ((advances[next]?.[0] ?? Infinity) < position) next++;
      const seen = advances[next];
      if (!seen) throw new Error(`the event at ${position} never showed`);
      return Math.max(0, seen[1] - at);
    });
}
