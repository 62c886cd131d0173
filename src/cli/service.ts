/**
 * How a long-running subcommand (`eventstore`, `worker`, `api`) lives and ends: it starts, tells the process that started it
 * where it can be reached, and stops on SIGTERM, on Ctrl-C, and when that process is gone.
 *
 *   await runService(async () => {
 *     const server = await start();
 *     return { address: server.url, stop: () => server.close() };
 *   });
 */
import { z } from 'zod';

export interface Service {
  /** Where it can be reached, as others are to be told: `esdb://127.0.0.1:2113?tls=false`, `http://127.0.0.1:4000`. */
  readonly address?: string;
  /** Takes no more work, finishes what is under way, closes what it opened. */
  stop(): Promise<void>;
  /** Settles when the service ends by itself, and rejects with the reason when it broke. */
  readonly ended?: Promise<unknown>;
}

/** What a child tells `teampulse up` once it can be used. */
export const readyMessage = z.object({ ready: z.literal(true), address: z.string().optional() });
export type ReadyMessage = z.infer<typeof readyMessage>;

/** `up` stops its parts in two rounds and Postgres after them, all within the ten seconds that container runtimes give. */
const STOP_TIMEOUT_MS = 4_000;

/**
 * Runs a service until it is told to stop or ends by itself. Returns when it has stopped; throws when it broke.
 * @param start may give up, with the reason of the signal, when it is told to stop before the service runs
 */
export async function runService(
  start: (signal: AbortSignal) => Promise<Service>,
  stopTimeoutMs = STOP_TIMEOUT_MS,
): Promise<void> {
  const interruption = new AbortController();
  const stopRequested = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    // The channel closes when the parent dies, also by kill -9.
    if (process.connected) process.once('disconnect', resolve);
  });
  void stopRequested.then(() => interruption.abort());
  void endWhenStuck(stopRequested, stopTimeoutMs);
  const service = await unlessInterrupted(start(interruption.signal), interruption.signal);
  if (!service) return;
  const ready: ReadyMessage = { ready: true, address: service.address };
  // A parent that has just died is found out by the closed channel.
  process.send?.(ready, undefined, undefined, () => undefined);
  try {
    await Promise.race([stopRequested, service.ended ?? stopRequested]);
  } finally {
    await service.stop();
    if (process.connected) process.disconnect();
  }
}

async function unlessInterrupted<T>(start: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await start;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** A connection that never closes must not keep a service from ending. */
async function endWhenStuck(stopRequested: Promise<void>, timeoutMs: number): Promise<void> {
  await stopRequested;
  const deadline = setTimeout(() => {
    console.error(`teampulse: did not stop within ${timeoutMs / 1000} s, so it was ended`);
    process.exit(1);
  }, timeoutMs);
  deadline.unref();
}
