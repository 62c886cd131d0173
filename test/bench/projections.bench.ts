/**
 * How fast the projection engine is as it runs in production: Postgres with fsync, the event store and the worker of the build's
 * code as processes of their own, the real client between them. Beside it, in the same run: the client alone, a plain projector
 * through the same client, and Emmett's projector on the same Postgres.
 *
 *   npm run bench:projections -- [--events 100000] [--sizes 10000,50000] [--workspaces 1,50] [--seconds 5] [--rounds 2] [--only rebuild,live]
 *
 * `--only` takes rebuild, emmett, live, cut-over, idle, eight, sizes, workspaces; and copies, which is not among them unless asked
 * for: the sales read models eight times in one pass. A sale that is skipped, or a reader that is answered wrongly, fails it.
 */
import { parseArgs } from 'node:util';
import { cutOverBench } from './projections/cut-over.js';
import { emmettBench } from './projections/emmett.js';
import { idleBench } from './projections/idle.js';
import { Installation } from './projections/installation.js';
import { LiveBench } from './projections/live.js';
import { curveBench, onePassBench, rebuildBench } from './projections/rebuild.js';
import { measurePace, say } from './projections/report.js';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    sizes: { type: 'string', default: '10000,50000' },
    workspaces: { type: 'string', default: '1,50' },
    // Of each measure of live events, of idling, and of a run of Emmett's projector.
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '2' },
    only: { type: 'string', default: 'rebuild,emmett,live,cut-over,idle,eight,sizes,workspaces' },
  },
});
const numbers = (text: string): number[] => text.split(',').map((part) => {
  const value = Number(part);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${part} is no whole number above 0`);
  return value;
}); // prettier-ignore
const [[events = 0], [seconds = 0], [rounds = 0]] = [values.events, values.seconds, values.rounds].map(numbers) as [number[], number[], number[]]; // prettier-ignore
const sizes = numbers(values.sizes);
const workspaces = numbers(values.workspaces);
const only = new Set(values.only.split(','));

const installation = await Installation.start();
let stopping: Promise<void> | undefined;
const stop = async (): Promise<void> => (stopping ??= installation.stop());
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop().finally(() => process.exit(1)));
}
try {
  const pace = await measurePace();
  if (['rebuild', 'emmett', 'live', 'cut-over', 'idle', 'eight', 'copies'].some((name) => only.has(name))) {
    await onOneLog(pace);
  }
  if (only.has('sizes')) await curveBench(installation, 'events', sizes, events);
  if (only.has('workspaces')) await curveBench(installation, 'workspaces', workspaces, events);
} catch (error) {
  // What ended because it was told to has no more to say.
  if (stopping === undefined) throw error;
} finally {
  await stop();
}

async function onOneLog(pace: number): Promise<void> {
  const log = await installation.log(events);
  const models = await log.readModels('sales');
  await models.startWorker();
  await models.caughtUp();
  if (only.has('rebuild')) await rebuildBench(models, pace, rounds);
  if (only.has('emmett')) await emmettBench(models, pace, { events, seconds, rounds });
  if (only.has('cut-over')) {
    say('');
    if (await cutOverBench(models)) process.exitCode = 1;
  }
  if (only.has('idle')) {
    say('');
    await idleBench(models, seconds);
  }
  if (only.has('eight')) await onePassBench(log, 'eight', 1);
  if (only.has('copies')) await onePassBench(log, 'copies', 1);
  // Last: it makes the log longer.
  if (only.has('live')) {
    say('');
    const live = new LiveBench(models);
    await live.warmUp();
    await live.atRate(500, seconds, { p95: 10 });
    await live.atRate(1_000, seconds, { p99: 50 });
    await live.whileRebuilding(500, seconds, { p95: 200 });
    if ((await live.writersAtOnce(seconds)) !== 0) process.exitCode = 1;
    await live.end();
  }
  await log.end();
}
