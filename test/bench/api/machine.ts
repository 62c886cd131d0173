/** What the machine gives at the moment: how fast it counts, and what of its time others took. */
import { readFileSync } from 'node:fs';
import { ownCpuMicros } from './processes.js';

const ROUNDS = 100_000_000;

/** Milliseconds for a hundred million dependent multiplications and additions in one process. */
export function cpuLoopMs(): number {
  const started = performance.now();
  let x = 1;
  for (let round = 0; round < ROUNDS; round += 1) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  // The result is used, so that the loop is not optimised away.
  if (x === 0) throw new Error('the loop came out at zero');
  return performance.now() - started;
}

export interface MachineTime {
  readonly total: number;
  readonly idle: number;
  readonly stolen: number;
  readonly own: number;
}

/** Seconds of all cores since boot, from the first line of proc(5) stat, which counts ticks of 10 ms. */
export function machineTime(): MachineTime {
  const ticks = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, part) => sum + part, 0);
  return { total: total / 100, idle: (ticks[3] ?? 0) / 100, stolen: (ticks[7] ?? 0) / 100, own: ownCpuMicros() / 1e6 };
}

export interface Shares {
  readonly idle: number;
  /** Given to other virtual machines. */
  readonly stolen: number;
  /** Taken by processes that are no part of the bench. */
  readonly others: number;
}

/** Of all cores' time, 0 to 1. */
export function sharesSince(before: MachineTime): Shares {
  const now = machineTime();
  const total = Math.max(0.01, now.total - before.total);
  const [idle, stolen, own] = [now.idle - before.idle, now.stolen - before.stolen, now.own - before.own];
  return { idle: idle / total, stolen: stolen / total, others: Math.max(0, total - idle - stolen - own) / total };
}
