/**
 * Emmett's projector beside our engine, on the same Postgres, in turn: with its defaults, tuned by its options, and with indexes
 * made by hand for what it asks. Its read model is lighter than ours: a row for each sale, and three sums for its day, customer,
 * products and categories, where ours keep 8 to 20, take corrections and refunds back, and are closed to other workspaces.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import type { ReadModels } from './installation.js';
import { Meter } from './meter.js';
import { perSecond, timeRebuild, type Rate } from './rebuild.js';
import { costOf, Machine, percent, say, times, whole } from './report.js';

const SCRIPT = resolve('test/bench/peers/projector.js');
const EVENTS_MODULE = fileURLToPath(new URL('./sales-log.js', import.meta.url));
const WRITERS = 16;
/** Over 16 connections, and the time it takes to fill a log. */
const LONGEST_MS = 600_000;
const TUNED = { batchSize: 2_000, pullingFrequencyInMs: 0 };
/** What was found on the machine that the targets were made for. */
const FOUND = { defaults: 650, tuned: 8_000, indexed: 12_500 };

interface Job {
  readonly events: number;
  readonly seconds: number;
  readonly rounds: number;
}

export async function emmettBench(models: ReadModels, pace: number, { events, seconds, rounds }: Job): Promise<void> {
  const { installation } = models.log;
  say(
    `\nEmmett's projector on the same Postgres, at most ${whole(events)} events or ${seconds} s each, between rebuilds by our engine`,
  );
  const database = await installation.database('emmett');
  const emmett = new Child(SCRIPT, [installation.postgres.url(database), EVENTS_MODULE]);
  await emmett.ask({ job: 'fill', events }, LONGEST_MS);
  const meter = new Meter(installation.postgres.cluster, new Map([[emmett.pid, 'emmett']]), new Map([[database, 'postgres of its log and read models']])); // prettier-ignore
  const build = async (name: string, pulling?: object): Promise<Rate> => {
    const { result, micros } = await meter.during(async () => emmett.ask<Pick<Rate, 'events' | 'seconds'>>({ job: 'build', name, pulling, events, seconds }, LONGEST_MS)); // prettier-ignore
    return { ...result, micros, peakMib: meter.peakMib(emmett.pid) };
  };
  const machine = new Machine();
  const ours: Rate[] = [];
  const tell = (what: string, rate: Rate, found: number): void => {
    const own = ours.reduce((sum, one) => sum + perSecond(one), 0) / ours.length;
    say(`${whole(perSecond(rate)).padStart(9)}/s  Emmett ${what}: ${percent(perSecond(rate) / (found * pace))} of the ${whole(found)}/s found elsewhere, at this machine's pace; our rebuild is ${times(own / perSecond(rate))} that`); // prettier-ignore
    say(`           ${costOf(rate.micros, rate.events).text}; ${whole(rate.peakMib)} MiB`);
  };
  for (let round = 1; round <= rounds; round++) {
    ours.push(await timeRebuild(models, ['sales']));
    tell('with its defaults', await build(`defaults_${round}`), FOUND.defaults);
    tell('tuned by its options', await build(`tuned_${round}`, TUNED), FOUND.tuned);
  }
  await emmett.ask({ job: 'index' });
  for (let round = 1; round <= rounds; round++) {
    ours.push(await timeRebuild(models, ['sales']));
    tell('tuned, with indexes made by hand', await build(`indexed_${round}`, TUNED), FOUND.indexed);
  }
  say(`           ${String(machine)}`);
  await emmett.end();
  await installation.drop(database);
  await skipping('with its defaults', undefined);
  await skipping('tuned', TUNED);

  async function skipping(what: string, pulling: object | undefined): Promise<void> {
    const empty = await installation.database('emmett');
    const child = new Child(SCRIPT, [installation.postgres.url(empty), EVENTS_MODULE]);
    const job = { job: 'skip', name: 'sales', pulling, writers: WRITERS, seconds };
    const result = await child.ask<{ written: number; missing: number; seconds: number }>(job, LONGEST_MS);
    const { written, missing } = result;
    say(`${whole(written / result.seconds).padStart(9)}/s  by ${WRITERS} writers at once, ${whole(written)} events: Emmett ${what} skipped ${whole(missing)} (${((missing / written) * 100).toFixed(1)} %)`); // prettier-ignore
    await child.end();
    await installation.drop(empty);
  }
}
