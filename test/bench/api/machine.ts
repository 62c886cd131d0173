/** What the machine gives at the moment: how fast it counts, and what of its time others took. */
import { readFileSync } from 'node:fs';

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
}

/** Ticks of all cores since boot, from the first line of proc(5) stat. */
export function machineTime(): MachineTime {
  const ticks = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  return { total: ticks.reduce((sum, part) => sum + part, 0), idle: ticks[3] ?? 0, stolen: ticks[7] ?? 0 };
}

/** Shares of all cores' time, 0 to 1. */
export function sharesSince(before: MachineTime): { readonly idle: number; readonly stolen: number } {
  const now = machineTime();
  const total = Math.max(1, now.total - before.total);
  return { idle: (now.idle - before.idle) / total, stolen: (now.stolen - before.stolen) / total };
}
