/** How far a long command is: a bar with rate and time left on a terminal, a plain line now and then elsewhere. On standard error. */
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  advance(count: number): void;
  /** Ends it and says the total and the rate. */
  finish(): void;
  /** Ends it without a word: what went wrong is said by others. */
  abandon(): void;
}

/** A log that is read later wants few lines. */
const LINE_EVERY_MS = 5_000;

/** @param unit what is counted, in the plural: `sales`. */
export function startProgress(label: string, total: number, unit: string): Progress {
  const startedAt = performance.now();
  let done = 0;
  const perSecond = (): number => Math.round(done / Math.max((performance.now() - startedAt) / 1000, 0.001));
  const bar = process.stderr.isTTY ? startBar(label, total, unit) : undefined;
  let lastLine = startedAt;
  return {
    advance(count) {
      done += count;
      bar?.update(done, { rate: perSecond() });
      if (bar || performance.now() - lastLine < LINE_EVERY_MS) return;
      lastLine = performance.now();
      const left = Math.ceil((total - done) / Math.max(perSecond(), 1));
      console.error(`${label}: ${done} of ${total} ${unit}, ${perSecond()}/s, ${left} s left`);
    },
    finish() {
      bar?.stop();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.error(`${label}: ${done} ${unit} in ${seconds} s (${perSecond()}/s)`);
    },
    abandon() {
      bar?.stop();
    },
  };
}

function startBar(label: string, total: number, unit: string): SingleBar {
  const bar = new SingleBar(
    { format: `${label} {bar} {percentage}% {value}/{total} ${unit}, {rate}/s, {eta_formatted} left`, etaBuffer: 100 },
    Presets.shades_classic,
  );
  bar.start(total, 0, { rate: 0 });
  return bar;
}
