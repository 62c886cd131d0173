/**
 * How fast the whole product answers, as in production: `teampulse up` of the build with every part in a process of its own, and
 * the load generator and the subscribers in theirs, all on this machine. First it measures two peers, bare Fastify and Apollo
 * Server on it, and in between the machine itself, so that runs on slower ones can be compared.
 *
 *   npm run bench:api -- [--seconds 60] [--subscriber-rate 500] [--fanout-rate 20] [--json]
 *
 * Any error of HTTP, GraphQL or a command, and any message that does not arrive, fails it.
 */
import { parseArgs } from 'node:util';
import { Helper, makeListedTasks, makeThings, startInstallation } from './api/installation.js';
import { LagSampler, type Lag } from './api/lag.js';
import type { LoadJob, LoadResult } from './api/load.js';
import { cpuLoopMs, machineTime, sharesSince, type Shares } from './api/machine.js';
import type { Peers } from './api/peers.js';
import type { Percentiles } from './api/percentiles.js';
import { PARTS, Processes } from './api/processes.js';
import type { SubscribersResult, SubscribersJob } from './api/subscribers.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    // Events a second to one subscriber.
    'subscriber-rate': { type: 'string', default: '500' },
    // A third of the 60,000 messages a second that graphql-ws alone can send from one process.
    'fanout-rate': { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const warmUpSeconds = Math.min(5, seconds);
const fanOutRate = Number(values['fanout-rate']);

interface Figure extends Percentiles, Shares {
  readonly what: string;
  readonly perSecond: number;
  readonly target: { readonly perSecond?: number; readonly p95?: number; readonly lagSeconds?: number };
  /** Rate as a share of the target's, and of what the target is at this machine's pace; p95 as a multiple of the target's. */
  readonly ofTarget: { readonly rate?: number; readonly rateAtPace?: number; readonly p95?: number };
  readonly ofBareRoute: number | undefined;
  /** Microseconds of processor time for each request (for subscriptions: each event), by process. */
  readonly cpuMicros: Readonly<Record<string, number>>;
  readonly lag: Lag | undefined;
  readonly messages?: number;
  readonly failures: number;
  readonly firstFailure: string | undefined;
  readonly cpuLoopMs: number;
}

/** `{ ok }` a second from Apollo Server on Fastify on the machine that the targets were made for: see docs/performance.md. */
const APOLLO_PER_SECOND = 29_700;
/** Of this machine, as a share of that one's. */
let pace = 1;

const figures: Figure[] = [];
const share = (part: number): string => `${(part * 100).toFixed(0)} %`;
const say = (line: string): void => void (values.json || console.log(line));

const installation = await startInstallation();
const { running, up, folder, token, origin } = installation;
const generator = new Helper('load');
const subscribers = new Helper('subscribers');
const peers = new Helper('peers');
const lags = new LagSampler(running.eventstoreUrl, running.databaseUrl);
try {
  const { bare: trivialRoute, apollo } = await peers.says<Peers>();
  await lags.open();
  const processes = Processes.of(up.pid ?? 0, folder);
  const things = await makeThings(installation);
  const job = { origin, token, projectIds: things.projectIds };
  const origins: Partial<Record<LoadJob['work'], string>> = { bare: trivialRoute, trivial: apollo };

  const load = async (more: Pick<LoadJob, 'work' | 'seconds' | 'rate'>): Promise<LoadResult> =>
    generator.ask({ ...job, ...more, origin: origins[more.work] ?? origin } satisfies LoadJob);

  /** Warm-up, then the measure, then until the read models show everything. */
  const measure = async (what: string, work: LoadJob['work'], target: Figure['target']): Promise<void> => {
    await lags.during(async () => load({ work, seconds: warmUpSeconds }));
    await note(what, target, async () => load({ work, seconds }));
  };

  const note = async (
    what: string,
    target: Figure['target'],
    run: () => Promise<LoadResult & { readonly messages?: number }>,
  ): Promise<void> => {
    const loopMs = cpuLoopMs();
    const time = machineTime();
    const before = processes.cpuMicros();
    const { result, lag } = await lags.during(async () => {
      const done = await run();
      return { ...done, after: processes.cpuMicros(), shares: sharesSince(time) };
    });
    const cpuMicros = Object.fromEntries(
      PARTS.map((part) => [part, ((result.after.get(part) ?? 0) - (before.get(part) ?? 0)) / result.requests]),
    );
    const { perSecond, p50, p95, p99, failures, firstFailure, messages } = result;
    const bare = figures[0]?.perSecond;
    const figure: Figure = {
      what,
      perSecond,
      p50,
      p95,
      p99,
      target,
      ofTarget: {
        ...(target.perSecond && {
          rate: perSecond / target.perSecond,
          rateAtPace: perSecond / (target.perSecond * pace),
        }),
        ...(target.p95 && { p95: p95 / target.p95 }),
      },
      ofBareRoute: bare && messages === undefined ? perSecond / bare : undefined,
      cpuMicros: { ...cpuMicros, 'load generator': result.cpuMicros },
      // Nothing is written by what only reads.
      lag: lag.projection === undefined ? undefined : lag,
      ...(messages !== undefined && { messages }),
      failures,
      firstFailure,
      ...result.shares,
      cpuLoopMs: loopMs,
    };
    figures.push(figure);
    for (const line of linesOf(figure)) say(line);
  };

  const subscription = async (count: number, rate: number, p95: number): Promise<void> => {
    const what = `updateTask → taskChanged, ${rate} events/s to ${count.toLocaleString('en')} subscriber${count > 1 ? 's' : ''}`; // prettier-ignore
    await subscribers.ask({ open: count, origin, token } satisfies SubscribersJob);
    const { result: warmUp } = await lags.during(async () => load({ work: 'update', seconds: warmUpSeconds, rate }));
    await subscribers.ask({ reset: true, after: warmUp.requests * count } satisfies SubscribersJob);
    await note(what, { p95 }, async () => {
      const sent = await load({ work: 'update', seconds, rate });
      const came = await subscribers.ask<SubscribersResult>({
        stop: true,
        after: sent.requests * count,
      } satisfies SubscribersJob);
      const missing = Math.abs(sent.requests * count - came.messages);
      const lost = missing > 0 ? `${missing} messages too few or too many` : undefined;
      // The latency that counts is the subscriber's.
      return {
        ...sent,
        ...came,
        failures: sent.failures + missing + (came.failure === undefined ? 0 : 1),
        firstFailure: sent.firstFailure ?? came.failure ?? lost,
      };
    });
  };

  await measure('bare Fastify route answering {ok:true}', 'bare', {});
  await measure('Apollo Server on Fastify answering { ok }', 'trivial', {});
  pace = (figures.at(-1)?.perSecond ?? 0) / APOLLO_PER_SECOND;
  say(`this machine has ${share(pace)} of the pace of the one that the targets were made for`);
  await measure('createTask', 'create', { perSecond: 3_000, p95: 50, lagSeconds: 2 });
  await measure('updateTask', 'update', { perSecond: 2_500, p95: 50, lagSeconds: 2 });
  await lags.during(async () => makeListedTasks(installation, things));
  await measure('list of 50 tasks with project, assignees, labels', 'list', { perSecond: 3_000, p95: 50 });
  await subscription(1, Number(values['subscriber-rate']), 50);
  await subscription(1_000, fanOutRate, 100);

  const loops = figures.map((figure) => figure.cpuLoopMs);
  const machine = { cpuLoopMs: { least: Math.min(...loops), most: Math.max(...loops) }, peakMib: processes.peaksMib };
  say(`CPU loop of 100 million rounds: ${loops.map((ms) => ms.toFixed(0)).join(', ')} ms before each of these`);
  say(`peak RSS, MiB: ${Object.entries(machine.peakMib).map(([part, mib]) => `${part} ${mib.toFixed(0)}`).join(', ')}`); // prettier-ignore
  if (values.json) console.log(JSON.stringify({ seconds, connections: 64, pace, machine, figures }));
} finally {
  await Promise.all([generator, subscribers, peers].map(async (helper) => helper.end()));
  await lags.close();
  await installation.stop();
}
if (figures.some(({ failures }) => failures > 0)) process.exitCode = 1;

function linesOf(figure: Figure): string[] {
  const { what, perSecond, p50, p95, p99, ofTarget, ofBareRoute, cpuMicros, lag, messages, target } = figure;
  const ratios = [
    ...(ofTarget.rate ? [`rate ${share(ofTarget.rate)} of the ${target.perSecond}/s wanted, ${share(ofTarget.rateAtPace ?? 0)} of that at this machine's pace`] : []), // prettier-ignore
    ...(ofBareRoute ? [`${share(ofBareRoute)} of the bare route`] : []),
    ...(ofTarget.p95 ? [`p95 ${share(ofTarget.p95)} of the ${target.p95} ms allowed`] : []),
    ...(lag ? [`read models at most ${lag.seconds.toFixed(1)} s behind`] : []),
    ...(messages === undefined ? [] : [`${messages} messages`]),
    `failures ${figure.failures}${figure.firstFailure === undefined ? '' : `, the first: ${figure.firstFailure}`}`,
  ];
  const cpu = Object.entries(cpuMicros)
    .filter(([, micros]) => micros >= 0.5)
    .map(([part, micros]) => `${part} ${micros.toFixed(0)}`);
  const ms = [p50, p95, p99].map((value) => value.toFixed(1)).join(' / ');
  return [
    `${Math.round(perSecond).toLocaleString('en').padStart(7)}/s  ${what}; p50 / p95 / p99 ${ms} ms`,
    `           ${ratios.join('; ')}`,
    `           CPU µs each: ${cpu.join(', ')}; both cores idle ${share(figure.idle)}, stolen ${share(figure.stolen)}, taken by others ${share(figure.others)}, loop ${figure.cpuLoopMs.toFixed(0)} ms`,
  ];
}
