/** How far an import is: a bar by the bytes of its files on a terminal, a plain line now and then elsewhere. On standard error. */
import { Presets, SingleBar } from 'cli-progress';

export interface ImportBar {
  /** @param bytes of all files that are read by now */
  update(records: number, bytes: number, rejected: number): void;
  stop(): void;
}

/** A log that is read later wants few lines. */
const LINE_EVERY_MS = 5_000;

/** @param totalBytes undefined where it is not known before: then there is no bar, only lines */
export function startImportBar(totalBytes: number | undefined): ImportBar {
  const startedAt = performance.now();
  const isTerminal = process.stderr.isTTY && totalBytes !== undefined;
  const bar = new SingleBar(
    { format: 'importing {bar} {percentage}% {records} records, {rate}/s, {rejected} rejected, {left} left' },
    Presets.shades_classic,
  );
  if (isTerminal) bar.start(totalBytes, 0, { records: 0, rate: 0, rejected: 0, left: '?' });
  let lastLine = startedAt;
  return {
    update(records, bytes, rejected) {
      const seconds = (performance.now() - startedAt) / 1000;
      const rate = Math.round(records / Math.max(seconds, 0.001));
      // Of a workbook the place in the file is not known.
      const left =
        bytes > 0 && totalBytes !== undefined ? `${Math.ceil((seconds * (totalBytes - bytes)) / bytes)} s` : '?';
      if (isTerminal) bar.update(bytes, { records, rate, rejected, left });
      else if (performance.now() - lastLine >= LINE_EVERY_MS) {
        lastLine = performance.now();
        const share = totalBytes === undefined ? '' : `${Math.floor((100 * bytes) / Math.max(totalBytes, 1))}%, `;
        console.error(`importing: ${share}${records} records, ${rate}/s, ${rejected} rejected, ${left} left`);
      }
    },
    stop() {
      if (isTerminal) bar.stop();
    },
  };
}
