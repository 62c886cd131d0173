/**
 * One part of an installation in a process of its own, kept running.
 *
 * States: starting → ready → (crashed → waiting → starting → ready)* → stopping → stopped. Crashes that come too often end it
 * for good: `ended` rejects.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../adapters/config/config.js';
import type { ConfigKey } from '../../adapters/config/schema.js';
import type { Logger } from '../../adapters/logging/logger.js';
import { CliError } from '../failure.js';
import { readyMessage, type ReadyMessage } from '../service.js';

export interface ChildOptions {
  /** The subcommand, which is also the name in the logs. */
  readonly name: string;
  /** Given the address of the last start, so that a restart can come back to the same place. */
  readonly args?: (address: string | undefined) => readonly string[];
  readonly environment: Partial<Record<ConfigKey, string>>;
  /** Takes each line of its output. */
  readonly onLine: (name: string, line: string) => void;
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

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export class SupervisedChild {
  private process: ChildProcess | undefined;
  private stopping = false;
  private readonly stopWaiting = new AbortController();
  private readonly crashes: number[] = [];
  private lastAddress: string | undefined;
  private watching: Promise<void> | undefined;

  constructor(private readonly options: ChildOptions) {}

  /** Where it said that it can be reached. */
  get address(): string | undefined {
    return this.lastAddress;
  }

  get pid(): number | undefined {
    return this.process?.pid;
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

  /** Settles when it was stopped; rejects when it crashed too often. */
  get ended(): Promise<void> {
    return this.watching ?? Promise.resolve();
  }

  /** Asks it to end, waits, and makes it end when it does not. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.stopWaiting.abort();
    const child = this.process;
    if (child && isRunning(child)) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(kill);
    }
    await this.watching?.catch(() => undefined);
  }

  private async watch(): Promise<void> {
    while (!this.stopping) {
      const child = this.process;
      if (child && isRunning(child)) await once(child, 'exit');
      if (this.stopping) return;
      await this.restart(child);
    }
  }

  private async restart(crashed: ChildProcess | undefined): Promise<void> {
    const { name, logger } = this.options;
    const now = performance.now();
    this.crashes.push(now);
    const recent = this.crashes.filter((at) => now - at < CRASHES_WITHIN_MS).length;
    const how = crashed?.signalCode ?? `exit code ${crashed?.exitCode ?? 'unknown'}`;
    if (recent >= CRASHES) {
      throw new CliError(
        `${name} ended ${recent} times within a minute, the last time with ${how}`,
        'see its messages above',
      );
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
    const { name, args, environment, onLine } = this.options;
    const child = fork(MAIN, [name, ...(args?.(this.lastAddress) ?? [])], {
      env: childEnvironment(environment),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Its own process group: Ctrl-C reaches only the parent, which ends its parts in the right order.
      detached: true,
    });
    this.process = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => onLine(name, line));
    }
    this.lastAddress = (await becomesReady(child, name)).address;
  }
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function becomesReady(child: ChildProcess, name: string): Promise<ReadyMessage> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => readyMessage.parse(message)),
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
