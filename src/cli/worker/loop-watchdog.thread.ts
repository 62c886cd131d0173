/** The thread of loop-watchdog.ts. */
import { workerData } from 'node:worker_threads';
import type { Config } from '../../adapters/config/config.js';
import { createLogger } from '../../adapters/logging/logger.js';
import { formatPosition } from '../../domain/shared/position.js';
import { SharedMarks, type InHandler } from './shared-marks.js';

export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  /** Names, in the order of the marks. */
  readonly projections: readonly string[];
  readonly beatMs: number;
  readonly logLevel: Config['logLevel'];
}

/**
 * A batch of 512 events is folded in milliseconds, and the longest pause of the garbage collector seen was below two seconds.
 * Counted in our own beats and not by the clock: a process that was frozen, or has hardly any of the processor, misses its own
 * beats as well, and is not taken for one that is blocked.
 */
const MOST_MISSED = 10;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whoever starts the thread gives it this
const { memory, projections, beatMs, logLevel } = workerData as WatchdogData;
const marks = new SharedMarks(memory);
const logger = createLogger({ name: 'worker', level: logLevel });
let beats = marks.beats;
let missed = 0;

setInterval(() => {
  missed = marks.beats === beats ? missed + 1 : 0;
  beats = marks.beats;
  if (missed < MOST_MISSED) return;
  const seconds = (MOST_MISSED * beatMs) / 1_000;
  const at = marks.inHandler;
  if (at)
    logger.fatal(about(at), `a handler has not returned for ${seconds} s: the worker is ended, and the event parked when it has ended three`); // prettier-ignore
  else logger.fatal(`the worker is blocked for ${seconds} s, by no handler of a projection, and is ended`);
  // No handler of a signal would run, nor anything that waits for the main thread.
  process.kill(process.pid, 'SIGKILL');
}, beatMs);

const about = ({ projection, at, isOfRows }: InHandler): object => ({
  projection: projections[projection],
  // What is made of rows is made of those of a whole batch.
  ...(isOfRows ? { handler: 'details or sums', batchUpTo: formatPosition(at) } : { position: formatPosition(at) }),
});
