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

/** @param unit what is counted, in the plural: `sales`; `bytes` are shown in the size that fits. */
export function startProgress(label: string, total: number, unit: string): Progress {
  const startedAt = performance.now();
  let done = 0;
  const perSecond = (): number => Math.round(done / Math.max((performance.now() - startedAt) / 1000, 0.001));
  const bar = process.stderr.isTTY ? startBar(label, total, unit) : undefined;
  let lastLine = startedAt;
  return {
    advance(count) {
      done += count;
      bar?.update(done, shown(done, total, perSecond(), unit));
      if (bar || performance.now() - lastLine < LINE_EVERY_MS) return;
      lastLine = performance.now();
      const left = Math.ceil((total - done) / Math.max(perSecond(), 1));
      console.error(`${label}: ${part(done, total, unit)}, ${rate(perSecond(), unit)}/s, ${left} s left`);
    },
    finish() {
      bar?.stop();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.error(`${label}: ${amount(done, unit)} in ${seconds} s (${rate(perSecond(), unit)}/s)`);
    },
    abandon() {
      bar?.stop();
    },
  };
}

function startBar(label: string, total: number, unit: string): SingleBar {
  const bar = new SingleBar(
    { format: `${label} {bar} {percentage}% {part}, {rate}/s, {eta_formatted} left`, etaBuffer: 100 },
    Presets.shades_classic,
  );
  bar.start(total, 0, shown(0, total, 0, unit));
  return bar;
}

const shown = (done: number, total: number, perSecond: number, unit: string): object => ({
  part: part(done, total, unit),
  rate: rate(perSecond, unit),
});

const part = (done: number, total: number, unit: string): string =>
  unit === 'bytes' ? `${amount(done, unit)} of ${amount(total, unit)}` : `${done} of ${total} ${unit}`;
const rate = (perSecond: number, unit: string): string => (unit === 'bytes' ? amount(perSecond, unit) : `${perSecond}`);

const SIZES = ['bytes', 'KiB', 'MiB', 'GiB'];

/** `1 event`, `20 events`, `3.4 MiB`. */
export function amount(count: number, unit: string): string {
  if (unit !== 'bytes') return `${count} ${count === 1 ? unit.replace(/s$/, '') : unit}`;
  const size = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), SIZES.length - 1);
  if (size === 0) return `${count} ${count === 1 ? 'byte' : 'bytes'}`;
  return `${(count / 1024 ** size).toFixed(1)} ${SIZES[size] ?? ''}`;
}
