/**
 * Ends a worker whose main thread is blocked: by a handler of a projection that never returns, most likely. Nothing else in the
 * process can run then, so a thread of its own watches. What was tried is written down before (see careful-mode.ts): whoever
 * takes the share over, or this worker when it is started again, finds out which event it was, and parks it.
 *
 *   watching ──no beat of the main thread for ten of the thread's own──► says which handler and event, and kills the process
 */
import inspector from 'node:inspector';
import { Worker } from 'node:worker_threads';
import type { Config } from '../../adapters/config/config.js';
import type { Projection } from '../../projections/engine/projection.js';
import { watchHandlers } from '../../projections/engine/watched-handlers.js';
import { SharedMarks } from './shared-marks.js';
import type { WatchdogData } from './loop-watchdog.thread.js';

/** A second: the lease is lost after three, so that nothing is won by ending the process much sooner than after ten of these. */
const BEAT_MS = 1_000;
/** A thread that counts needs next to nothing. */
const LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

export interface LoopWatchdog {
  /** The same ones, watched. */
  readonly projections: readonly Projection[];
  stop(): Promise<void>;
}

export function startLoopWatchdog(
  projections: readonly Projection[],
  logLevel: Config['logLevel'],
  beatMs = BEAT_MS,
): LoopWatchdog {
  // A debugger blocks the main thread for as long as somebody thinks.
  if (inspector.url() !== undefined) return { projections, stop: async () => undefined };
  const marks = new SharedMarks();
  const beating = setInterval(() => marks.beat(), beatMs / 2).unref();
  const workerData: WatchdogData = {
    memory: marks.memory,
    projections: projections.map(({ name }) => name),
    beatMs,
    logLevel,
  };
  const thread = new Worker(new URL('./loop-watchdog.thread.js', import.meta.url), { workerData, resourceLimits: LIMITS }); // prettier-ignore
  thread.unref();
  // Without it the worker is what it would be without a watchdog; it has said why itself.
  thread.on('error', () => undefined);
  return {
    projections: watchHandlers(projections, marks),
    async stop() {
      clearInterval(beating);
      await thread.terminate();
    },
  };
}
