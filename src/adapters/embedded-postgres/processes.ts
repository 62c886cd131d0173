/** What the operating system knows of another process: is it there, and what is it? */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { codeOf } from './error.js';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return codeOf(error) === 'EPERM';
  }
}

/** The command line on one line; empty when it can't be told. */
export function commandLine(pid: number): string {
  try {
    // Slim images have no ps; where there is no /proc there is one.
    const text = existsSync('/proc/self/cmdline')
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
    return text.replaceAll('\n', ' ').trim();
  } catch {
    return '';
  }
}

/**
 * Waits for something outside this process that gives no signal of its own.
 * @returns false when it was still not so after the time
 */
export async function waitUntil(so: () => boolean, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!so()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  return true;
}

/** Asks a process to end, and makes it end when it does not: each signal in turn, with the time it gets. */
export async function endProcess(
  pid: number,
  steps: readonly (readonly [signal: NodeJS.Signals, timeoutMs: number])[],
): Promise<void> {
  for (const [signal, timeoutMs] of steps) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    if (await waitUntil(() => !isAlive(pid), timeoutMs)) return;
  }
}
