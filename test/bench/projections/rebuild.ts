/**
 * Rebuilds: of the sales read models beside those that serve, between the limits, the client alone and a plain projector, one
 * after the other and all over again; then how the cost grows with the log and with the workspaces in it, and what several cost
 * in one pass.
 */
import { Child } from './child.js';
import type { Installation, ReadModels, SalesLog } from './installation.js';
import { Meter, type Micros } from './meter.js';
import { projectionSets, type ProjectionSet } from './projection-sets.js';
import { costOf, Machine, percent, say, times, whole } from './report.js';
import type { Read, ReaderJob } from './reader.js';

const WANTED = { least: 45_000, aim: 60_000, client: 87_000, reference: 46_000, peakMib: 512 };
/** Nothing that is measured takes as long, not even five million events on a busy machine. */
const LONGEST_MS = 3_600_000;

export interface Rate {
  readonly events: number;
  readonly seconds: number;
  readonly micros: Micros;
  readonly peakMib: number;
  /** Until everything was applied, without what came after it: indexes and the exchange of the views. */
  readonly loadSeconds?: number;
}
export const perSecond = ({ events, seconds }: Rate): number => events / seconds;

/** From the request until the new builds serve. */
export async function timeRebuild(models: ReadModels, names: readonly string[]): Promise<Rate> {
  const meter = models.meter();
  const { result, micros } = await meter.during(async () => {
    const started = performance.now();
    const ids = await models.rebuild(names);
    const head = await models.log.head();
    await models.until('the new builds have read everything', (builds) =>
      builds
        .filter(({ id }) => ids.includes(id))
        .every(({ position, state }) => state === 'live' || (position?.commit ?? -1n) >= head),
    );
    const loadSeconds = (performance.now() - started) / 1_000;
    await models.serves(ids);
    return { seconds: (performance.now() - started) / 1_000, loadSeconds };
  });
  const events = models.log.events + models.log.appended;
  return { events, ...result, micros, peakMib: meter.peakMib(models.worker.pid) };
}

/** Of read models that nobody has built yet: from when the worker runs until everything is applied and has its indexes. */
async function timeFirstBuild(models: ReadModels): Promise<Rate> {
  await models.startWorker();
  const meter = models.meter();
  const started = performance.now();
  const { micros } = await meter.during(async () => models.caughtUp());
  const seconds = (performance.now() - started) / 1_000;
  return { events: models.log.events, seconds, micros, peakMib: meter.peakMib(models.worker.pid) };
}

async function timeReader(log: SalesLog, databaseName?: string): Promise<Rate> {
  const { postgres } = log.installation;
  const reader = new Child('./reader.js');
  const processes = new Map([[reader.pid, 'reader'], [log.store.pid, 'event store']]); // prettier-ignore
  const databases = new Map([[log.database, 'postgres of the log'], ...(databaseName ? [[databaseName, 'postgres of the read models'] as const] : [])]); // prettier-ignore
  const meter = new Meter(postgres.cluster, processes, databases);
  const job: ReaderJob = { eventstoreUrl: log.url, ...(databaseName && { databaseUrl: postgres.url(databaseName) }) };
  const { result, micros } = await meter.during(async () => reader.ask<Read>(job, LONGEST_MS));
  const rate = { ...result, micros, peakMib: meter.peakMib(reader.pid) };
  await reader.end();
  return rate;
}

export async function rebuildBench(models: ReadModels, pace: number, rounds: number): Promise<void> {
  const { log } = models;
  say(`\nRebuild of the sales read models, ${whole(log.events)} events, beside a live build that follows; ${rounds} rounds of client, reference, engine`); // prettier-ignore
  const database = await log.installation.database('reference');
  const figures: Record<'client' | 'reference' | 'engine', Rate[]> = { client: [], reference: [], engine: [] };
  const machine = new Machine();
  for (let round = 0; round < rounds; round++) {
    figures.client.push(await timeReader(log));
    figures.reference.push(await timeReader(log, database));
    figures.engine.push(await timeRebuild(models, ['sales']));
  }
  await log.installation.drop(database);
  const [client, reference, engine] = [figures.client, figures.reference, figures.engine].map(mean) as [Rate, Rate, Rate]; // prettier-ignore
  tell('client alone, decoded', client, WANTED.client, pace);
  tell('plain reference projector', reference, WANTED.reference, pace);
  tell('rebuild by the engine, until it serves', engine, WANTED.least, pace);
  const loads = figures.engine.map(({ events, loadSeconds = 1 }) => events / loadSeconds);
  say(`           aim ${percent(perSecond(engine) / (WANTED.aim * pace))} of ${whole(WANTED.aim)}/s at this machine's pace; the load alone ${whole(average(loads))}/s, the rest is indexes and the exchange`); // prettier-ignore
  say(`           ${times(perSecond(engine) / perSecond(reference))} the reference's rate, ${times(perSecond(engine) / perSecond(client))} the client's; peak RSS of the worker ${whole(engine.peakMib)} of ${WANTED.peakMib} MiB allowed`); // prettier-ignore
  say(`           each round: ${figures.engine.map((rate) => whole(perSecond(rate))).join(', ')}; ${String(machine)}`);
}

function tell(what: string, rate: Rate, wanted: number, pace: number): void {
  const cost = costOf(rate.micros, rate.events);
  say(`${whole(perSecond(rate)).padStart(9)}/s  ${what}; wanted ${whole(wanted)}/s: ${percent(perSecond(rate) / wanted)}, ${percent(perSecond(rate) / (wanted * pace))} at this machine's pace`); // prettier-ignore
  say(`           ${cost.text}: at most ${whole(cost.atMost)}/s on two free cores; ${whole(rate.peakMib)} MiB`);
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** All rounds as one. */
function mean(rates: readonly Rate[]): Rate {
  const micros = new Map<string, number>();
  for (const rate of rates) for (const [part, value] of rate.micros) micros.set(part, (micros.get(part) ?? 0) + value);
  return {
    events: rates.reduce((sum, { events }) => sum + events, 0),
    seconds: rates.reduce((sum, { seconds }) => sum + seconds, 0),
    micros,
    peakMib: Math.max(...rates.map(({ peakMib }) => peakMib)),
  };
}

/** Logs of several sizes, or one spread over several numbers of workspaces: one log after the other, each with stores of its own. */
export async function curveBench(
  installation: Installation,
  what: 'events' | 'workspaces',
  values: readonly number[],
  events: number,
): Promise<void> {
  say(`\nFirst build of the sales read models, by ${what}${what === 'workspaces' ? `, ${whole(events)} events` : ''}, until everything is applied and has its indexes`); // prettier-ignore
  const rates: [value: number, rate: Rate][] = [];
  for (const value of values) {
    const machine = new Machine();
    const log = what === 'events' ? await installation.log(value) : await installation.log(events, value);
    const models = await log.readModels('sales');
    const rate = await timeFirstBuild(models);
    rates.push([value, rate]);
    const cost = costOf(rate.micros, rate.events);
    const first = rates[0]?.[1];
    const ratio = first ? perSecond(rate) / perSecond(first) : 1;
    say(`${whole(perSecond(rate)).padStart(9)}/s  ${whole(value)} ${what}: ${times(ratio)} the rate at the first; ${whole(rate.peakMib)} MiB`); // prettier-ignore
    say(`           ${cost.text}: at most ${whole(cost.atMost)}/s; ${String(machine)}`);
    await log.end();
  }
  const [small, large] = [200_000, 2_000_000].map((size) => rates.find(([value]) => value === size)?.[1]);
  if (what === 'events' && small && large) say(`           2 million against 200 thousand: ${(perSecond(large) / perSecond(small)).toFixed(2)} of the rate, wanted at least 0.9`); // prettier-ignore
}

/** Several in one pass, against the sales read models alone; the same worker does both, in turn. */
export async function onePassBench(log: SalesLog, set: Exclude<ProjectionSet, 'sales'>, rounds: number): Promise<void> {
  const names = projectionSets[set].map(({ name }) => name);
  say(`\nRebuild of ${names.length} in one pass (${names.join(', ')}), ${whole(log.events)} events`);
  const models = await log.readModels(set);
  await models.startWorker();
  await models.caughtUp();
  const all: Rate[] = [];
  const one: Rate[] = [];
  const machine = new Machine();
  for (let round = 0; round < rounds; round++) {
    one.push(await timeRebuild(models, ['sales']));
    all.push(await timeRebuild(models, names));
  }
  await models.end();
  const [single, together] = [mean(one), mean(all)];
  const cpu = (rate: Rate): number => costOf(rate.micros, rate.events).atMost;
  for (const [what, rate] of [
    ['sales alone', single],
    [`all ${names.length}`, together],
  ] as const) {
    say(`${rate.seconds.toFixed(1).padStart(9)} s  ${what}; ${costOf(rate.micros, rate.events).text}`);
  }
  say(`           ${times(together.seconds / single.seconds)} as long as one, ${times(cpu(single) / cpu(together))} by processor time; wanted under 3; peak ${whole(together.peakMib)} MiB; ${String(machine)}`); // prettier-ignore
}
