/** Processor time and memory of a part of the bench: its processes, and the Postgres backends that work for its databases. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseOf, peakMib, runningProcesses } from '../api/processes.js';

/** Microseconds by part. `postgres other` is WAL, checkpoints, vacuum, and what makes indexes in parallel. */
export type Micros = ReadonlyMap<string, number>;

const LOOK_MS = 500;

export class Meter {
  readonly #used = new Map<number, readonly [part: string, micros: number]>();
  readonly #postmaster: number;

  /**
   * @param processes part by process id
   * @param databases part by database
   */
  constructor(
    cluster: string,
    private readonly processes: ReadonlyMap<number, string>,
    private readonly databases: ReadonlyMap<string, string>,
  ) {
    this.#postmaster = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  /** Since each process began. A backend that came and went between two calls counts as `postgres other`. */
  micros(): Micros {
    const sums = new Map<string, number>();
    let postgres = 0;
    for (const { pid, parent, cpuMicros, endedMicros, command } of runningProcesses()) {
      const part = this.processes.get(pid);
      if (part !== undefined) sums.set(part, (sums.get(part) ?? 0) + cpuMicros);
      if (pid === this.#postmaster) postgres += cpuMicros + endedMicros;
      if (parent !== this.#postmaster) continue;
      postgres += cpuMicros;
      const database = this.databases.get(databaseOf(command) ?? '');
      if (database !== undefined) this.#used.set(pid, [database, cpuMicros]);
    }
    for (const [part, micros] of this.#used.values()) sums.set(part, (sums.get(part) ?? 0) + micros);
    const known = [...this.#used.values()].reduce((sum, [, micros]) => sum + micros, 0);
    return sums.set('postgres other', Math.max(0, postgres - known));
  }

  /** Looks often while `work` runs, so that what backends did that come and go is known to be theirs. */
  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly micros: Micros }> {
    const before = this.micros();
    const looking = setInterval(() => this.micros(), LOOK_MS);
    try {
      const result = await work();
      return { result, micros: since(before, this.micros()) };
    } finally {
      clearInterval(looking);
    }
  }

  /** MiB that the process ever held. */
  peakMib(pid: number): number {
    return peakMib(pid);
  }
}

export const since = (before: Micros, now: Micros): Map<string, number> =>
  new Map([...now].map(([part, micros]) => [part, micros - (before.get(part) ?? 0)]));

export const total = (micros: Micros): number => [...micros.values()].reduce((sum, one) => sum + one, 0);
