/**
 * One part of an installation in a process of its own, kept running.
 *
 * States: starting → ready → (crashed → waiting → starting → ready)* → stopping → stopped. Crashes that come too often end it
 * for good: `ended` rejects.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../adapters/logging/logger.js';
import { CliError } from '../failure.js';

export interface Launched {
  readonly process: ChildProcess;
  /** Its address once it can be used; never settles when it ends before. */
  readonly ready: Promise<string | undefined>;
}

export interface PartOptions {
  readonly name: string;
  /** Starts the process; given the address it had before, to which it should come back because others know it. */
  readonly launch: (address: string | undefined) => Launched;
  readonly logger: Logger;
}

/** A first start may run crash recovery; beyond this something is wrong that waiting does not mend. */
const READY_TIMEOUT_MS = 120_000;
/** A little more than a service takes at most by itself. */
const STOP_TIMEOUT_MS = 4_500;
const FIRST_RESTART_MS = 200;
const LAST_RESTART_MS = 10_000;
/** So many crashes in so short a time is a fault and not an accident. */
const CRASHES = 6;
const CRASHES_WITHIN_MS = 60_000;

export class Part {
  private process: ChildProcess | undefined;
  private lastAddress: string | undefined;
  private stopping = false;
  private readonly stopWaiting = new AbortController();
  private readonly crashes: number[] = [];
  private watching: Promise<void> | undefined;

  constructor(private readonly options: PartOptions) {}

  /** Where it said that it can be reached. */
  get address(): string | undefined {
    return this.lastAddress;
  }

  /** Settles when it was stopped; rejects when it crashed too often. */
  get ended(): Promise<void> {
    return this.watching ?? Promise.resolve();
  }

  /**
   * Starts it and waits until it is ready.
   * @throws CliError when it ends or stays silent instead
   */
  async start(): Promise<void> {
    await this.launch();
    this.watching = this.watch();
    // Whoever waits for `ended` sees the failure; until then it is not unhandled.
    this.watching.catch(() => undefined);
  }

  /** Asks it to end, waits for as long as a service takes but at most `withinMs`, and makes it end when it has not. */
  async stop(withinMs: number): Promise<void> {
    this.stopping = true;
    this.stopWaiting.abort();
    const child = this.process;
    if (child && isRunning(child)) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), Math.min(withinMs, STOP_TIMEOUT_MS));
      await exited;
      clearTimeout(kill);
    }
    await this.watching?.catch(() => undefined);
  }

  private async watch(): Promise<void> {
    while (!this.stopping) {
      const child = this.process;
      if (child && isRunning(child)) await once(child, 'exit');
      if (!this.stopping) await this.restart(child);
    }
  }

  private async restart(crashed: ChildProcess | undefined): Promise<void> {
    const { name, logger } = this.options;
    const now = performance.now();
    this.crashes.push(now);
    const recent = this.crashes.filter((at) => now - at < CRASHES_WITHIN_MS).length;
    const how = crashed?.signalCode ?? `exit code ${crashed?.exitCode ?? 'unknown'}`;
    if (recent >= CRASHES) {
      throw new CliError(`${name} ended ${recent} times within a minute, the last time with ${how}`, 'see its messages above'); // prettier-ignore
    }
    const waitMs = Math.min(FIRST_RESTART_MS * 2 ** (recent - 1), LAST_RESTART_MS);
    logger.warn({ part: name, how, waitMs }, 'a part ended by itself and is started again');
    try {
      await delay(waitMs, undefined, { signal: this.stopWaiting.signal });
      await this.launch();
    } catch (error) {
      // It counts as one more crash; what it said is in the log.
      if (!this.stopping) logger.warn({ part: name, err: error }, 'a part did not start');
    }
  }

  private async launch(): Promise<void> {
    const { process, ready } = this.options.launch(this.lastAddress);
    this.process = process;
    this.lastAddress = await becomesReady(process, ready, this.options.name);
  }
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

async function becomesReady(
  child: ChildProcess,
  ready: Promise<string | undefined>,
  name: string,
): Promise<string | undefined> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    return await Promise.race([
      ready,
      once(child, 'exit', { signal }).then(([code, by]) => {
        throw new CliError(
          `${name} ended before it was ready (${by ?? `exit code ${code}`})`,
          'see its messages above',
        );
      }),
      delay(READY_TIMEOUT_MS, undefined, { signal }).then(() => {
        child.kill('SIGKILL');
        throw new CliError(`${name} was not ready after ${READY_TIMEOUT_MS / 1000} s`, 'see its messages above');
      }),
    ]);
  } finally {
    // The losers of the race reject with an AbortError, which Promise.race has already taken care of.
    settled.abort();
  }
}
