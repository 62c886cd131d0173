/** A `teampulse` process from the build, as a person would start it: its output, its children, its end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { vi } from 'vitest';

const MAIN = resolve('dist/cli/main.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class TeampulseProcess {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    if (!existsSync(MAIN)) throw new Error('there is no build: run `npm run build` first (`npm test` does)');
    // Of the caller's environment only what a shell needs: no TeamPulse keys, no services.
    const { PATH, HOME, LANG } = process.env;
    const env = { ...(PATH && { PATH }), ...(HOME && { HOME }), ...(LANG && { LANG }), ...environment };
    this.child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (data: Buffer) => (this.stdout += data.toString()));
    this.child.stderr?.on('data', (data: Buffer) => (this.stderr += data.toString()));
    this.ended = new Promise((done) => {
      this.child.on('close', (code) => done({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Waits until standard output matches. @throws with all that was said, when it ends or stays silent instead */
  async says(pattern: RegExp, timeout = 60_000): Promise<RegExpExecArray> {
    try {
      return await vi.waitUntil(
        () => {
          const match = pattern.exec(this.stdout);
          if (!match && this.child.exitCode !== null) throw new Error(`it ended with exit code ${this.child.exitCode}`);
          return match;
        },
        { timeout, interval: 20 },
      );
    } catch (cause) {
      throw new Error(`never said ${pattern}; said:\n${this.stdout}${this.stderr}`, { cause });
    }
  }

  /** Ends it for good, and those that it started. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.ended;
  }
}

/** Runs a command to its end. */
export const teampulse = async (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> => new TeampulseProcess(args, environment).ended;

/** The processes that this one started, with their command lines. */
export function childrenOf(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      // Fields follow the command's name, which may hold anything, in brackets.
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      if (Number(parent) === pid)
        found.set(Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      // It has ended in between.
    }
  }
  return found;
}

/** Whether a process is there and does something: one that ended but was not yet reaped does nothing. */
export function isRunning(pid: number): boolean {
  try {
    statSync(`/proc/${pid}`);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
