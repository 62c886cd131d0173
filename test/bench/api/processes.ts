/** The processes of a running `teampulse up`, by what they are for: their processor time and their memory, from /proc. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Postgres apart by whom it works for; `postgres other` is its background: WAL, checkpoints, vacuum. */
export const PARTS = ['api', 'eventstore', 'worker', 'nats', 'postgres of the log', 'postgres of the read models', 'postgres other'] as const; // prettier-ignore
export type ProcessPart = (typeof PARTS)[number];

/** Of this process and everything that it started, and what they started. */
export function ownCpuMicros(): number {
  const found = runningProcesses();
  let parents = new Set([process.pid]);
  let sum = found.find(({ pid }) => pid === process.pid)?.cpuMicros ?? 0;
  while (parents.size > 0) {
    const children = found.filter(({ parent }) => parents.has(parent));
    sum += children.reduce((total, { cpuMicros }) => total + cpuMicros, 0);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return sum;
}

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly cpuMicros: number;
  /** Of children that have ended. */
  readonly endedMicros: number;
  readonly command: string;
}

export class Processes {
  readonly #peaks = new Map<ProcessPart, number>();
  /** By process id, ended ones too: the time of a connection that Postgres has closed stays counted. */
  readonly #used = new Map<number, readonly [part: ProcessPart, micros: number]>();

  private constructor(
    private readonly up: number,
    private readonly postmaster: number,
  ) {}

  /** @param up the process of `teampulse up` that runs on this folder */
  static of(up: number, dataFolder: string): Processes {
    const postgres = join(dataFolder, 'postgres');
    const file = readdirSync(postgres, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('postmaster.pid')); // prettier-ignore
    if (!file) throw new Error(`no Postgres runs in ${postgres}`);
    return new Processes(up, Number(readFileSync(join(postgres, file), 'utf8').split('\n')[0]));
  }

  /** Microseconds used since each process began. Notes memory, too. */
  cpuMicros(): Map<ProcessPart, number> {
    for (const found of runningProcesses()) {
      const part = this.#partOf(found);
      if (!part) continue;
      this.#used.set(found.pid, [part, found.cpuMicros]);
      this.#peaks.set(part, Math.max(this.#peaks.get(part) ?? 0, peakMib(found.pid)));
    }
    const sums = new Map<ProcessPart, number>();
    for (const [part, micros] of this.#used.values()) sums.set(part, (sums.get(part) ?? 0) + micros);
    return sums;
  }

  /** MiB that the biggest process of each part ever held, by what was seen so far; Postgres's include the memory that all of them share. */
  get peaksMib(): Record<string, number> {
    return Object.fromEntries(this.#peaks);
  }

  #partOf({ pid, parent, command }: RunningProcess): ProcessPart | undefined {
    if (parent === this.up) {
      if (/nats-server/.test(command)) return 'nats';
      return (['api', 'eventstore', 'worker'] as const).find((name) =>
        new RegExp(`main\\.js ${name}( |$)`).test(command),
      );
    }
    if (pid === this.postmaster) return 'postgres other';
    if (parent !== this.postmaster) return undefined;
    const database = databaseOf(command);
    if (database === 'eventstore') return 'postgres of the log';
    return database === 'teampulse' ? 'postgres of the read models' : 'postgres other';
  }
}

/** Of a backend, which is titled `postgres: <login> <database> <client> <what it does>`. */
export const databaseOf = (command: string): string | undefined =>
  /^postgres: \S+ (\S+) \d+\.\d+\.\d+\.\d+\(/.exec(command)?.[1];

export function runningProcesses(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // Counted behind the command's name in brackets: parent, then user and system time in ticks of 10 ms, own and of children.
        const fields = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const micros = (at: number): number => (Number(fields[at]) + Number(fields[at + 1])) * 10_000;
        return [
          { pid: Number(name), parent: Number(fields[1]), cpuMicros: micros(11), endedMicros: micros(13), command },
        ];
      } catch {
        // It has ended in between.
        return [];
      }
    });
}

export function peakMib(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
