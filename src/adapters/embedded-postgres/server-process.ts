/** One Postgres as a process: launched, ready, ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Binaries } from './binaries.js';
import type { DataFolder } from './data-folder.js';
import { commandLine, endProcess, isAlive, waitUntil } from './processes.js';
import { processIdentity, type RunAs } from './run-as.js';

/** What every start of the same server has in common. */
export interface ServerSetup {
  readonly binaries: Binaries;
  readonly folder: DataFolder;
  readonly user: RunAs | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** Crash recovery of a big log can take minutes; a start without one takes about 0.2 s. */
const READY_TIMEOUT_MS = 300_000;
/** A fast shutdown writes a checkpoint: seconds on a slow disk. */
export const STOP_WITHIN_MS = 60_000;
/** An immediate shutdown writes nothing; the next start recovers. */
const IMMEDIATE_MS = 1_000;
const KILLED_MS = 5_000;

type StopSteps = readonly (readonly [signal: NodeJS.Signals, timeoutMs: number])[];

const stopSteps = (withinMs: number): StopSteps => [
  ['SIGINT', Math.max(withinMs - IMMEDIATE_MS, 0)],
  ['SIGQUIT', IMMEDIATE_MS],
  ['SIGKILL', KILLED_MS],
];

export class ServerProcess {
  /** Resolves when it has ended, with what ended it. */
  readonly ended: Promise<string>;
  #hasEnded = false;

  constructor(
    private readonly child: ChildProcess,
    private readonly folder: DataFolder,
  ) {
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#hasEnded = true;
        resolve(how);
      };
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
      child.once('error', (error) => end(error.message));
    });
  }

  static launch({ binaries, folder, user, settings }: ServerSetup, port: number): ServerProcess {
    // Anew at each start, so that it never grows beyond one run. To a file and not a pipe: it outlives this process.
    const log = openSync(folder.log, 'w');
    try {
      const child = spawn(
        binaries.postgres,
        [
          '-D',
          folder.cluster,
          '-p',
          String(port),
          ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
        ],
        {
          ...processIdentity(user),
          cwd: '/',
          stdio: ['ignore', log, log],
          // Its own process group: Ctrl-C reaches only us, and Postgres goes last, after those who still write to it.
          detached: true,
        },
      );
      return new ServerProcess(child, folder);
    } finally {
      closeSync(log);
    }
  }

  /** As pg_ctl does it: the eighth line of postmaster.pid says "ready". */
  async becomesReady(): Promise<boolean> {
    const pidFile = path.join(this.folder.cluster, 'postmaster.pid');
    const isReady = (): boolean => {
      if (!existsSync(pidFile)) return false;
      const lines = readFileSync(pidFile, 'utf8').split('\n');
      return Number(lines[0]) === this.child.pid && lines[7]?.trim() === 'ready';
    };
    await waitUntil(() => this.#hasEnded || isReady(), READY_TIMEOUT_MS);
    if (this.#hasEnded) return false;
    if (!isReady()) {
      await this.end(STOP_WITHIN_MS);
      return false;
    }
    // A child must not keep a process alive that has nothing else to do.
    this.child.unref();
    return true;
  }

  /** Ends connections and shuts down cleanly, or is cut off after that time. */
  async end(withinMs: number): Promise<void> {
    this.child.ref();
    if (this.child.pid !== undefined && !this.#hasEnded) await endProcess(this.child.pid, stopSteps(withinMs));
    await this.ended;
  }
}

/** A parent ended by kill -9 leaves its Postgres running: end that one, its port and settings are not ours. */
export async function stopOrphan(folder: DataFolder): Promise<void> {
  const pidFile = path.join(folder.cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (isAlive(pid) && commandLine(pid).includes(folder.cluster)) return endProcess(pid, stopSteps(STOP_WITHIN_MS));
  // The number is nobody's, or after a reboot somebody else's, whom Postgres would take for a running server.
  rmSync(pidFile, { force: true });
}

/** What the server last said. */
export const lastWords = ({ log }: DataFolder): string =>
  existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-15).join('\n').trim() : '';
