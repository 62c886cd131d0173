/** How far a replay is: by its place in the log, since how many events of it are the workspace's shows only at the end. */
import { Presets, SingleBar } from 'cli-progress';
import { formatPosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import type { Bound, ReplayOutcome } from './replay.js';

/** A log that is read later wants few lines. */
const LINE_EVERY_MS = 5_000;
/** Steps of the bar: positions are larger than numbers of JavaScript are exact. */
const STEPS = 1_000n;

export interface ReplayProgress {
  show(this: void, outcome: ReplayOutcome): void;
  end(this: void): void;
}

export function startReplayProgress(from: Bound | undefined, until: Bound | undefined, head: LogPosition): ReplayProgress {
  const first = typeof from === 'object' ? from.commit : 0n;
  const last = typeof until === 'object' && until.commit < head.commit ? until.commit : head.commit;
  const startedAt = performance.now();
  const rateOf = (sent: number): number => Math.round((sent / Math.max(performance.now() - startedAt, 1)) * 1_000);
  const bar = process.stderr.isTTY ? startBar() : undefined;
  let lastLine = startedAt;
  return {
    show({ sent, at }) {
      const done = at && last > first ? Number(((at.commit - first) * STEPS) / (last - first)) : 0;
      bar?.update(Math.min(done, Number(STEPS)), { sent, rate: rateOf(sent) });
      if (bar || !at || performance.now() - lastLine < LINE_EVERY_MS) return;
      lastLine = performance.now();
      console.error(`replay: ${sent} events, ${rateOf(sent)}/s, at ${formatPosition(at)} of ${last}`);
    },
    end: () => bar?.stop(),
  };
} // prettier-ignore

function startBar(): SingleBar {
  const format = 'replay {bar} {percentage}% of the log, {sent} events, {rate}/s, {eta_formatted} left';
  const bar = new SingleBar({ format, etaBuffer: 100 }, Presets.shades_classic);
  bar.start(Number(STEPS), 0, { sent: 0, rate: 0 });
  return bar;
}
