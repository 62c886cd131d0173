/** The event store as a process, and what it, Postgres and this process use of the processor and of memory. */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

export interface StoreProcess {
  readonly connectionString: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The build, as it runs in production. */
const PROGRAM = path.resolve('dist/cli/main.js');

export function startStore(postgresUrl: string): Promise<StoreProcess> {
  const profile = process.env['BENCH_PROFILE'];
  return started(
    fork(PROGRAM, ['eventstore', '--port', '0', '--postgres-url', postgresUrl], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [],
    }),
  );
}

/** A server that answers and does nothing: what the client and gRPC cost by themselves. */
export const startNothing = (): Promise<StoreProcess> =>
  started(fork(new URL('nothing-server.js', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));

function started(child: ChildProcess): Promise<StoreProcess> {
  return new Promise((resolve, reject) => {
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((ended) => child.once('exit', ended));
    };
    child.once('message', ({ address }: { address: string }) =>
      resolve({ connectionString: address, pid: child.pid ?? 0, stop }),
    );
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

/** In microseconds. */
export interface ProcessorTime {
  readonly client: number;
  readonly server: number;
  readonly postgres: number;
}

/**
 * Processor time used so far by this process, a server, and Postgres. What one event costs says more than a rate on a
 * machine that does other things as well.
 */
export function processorTime(server: StoreProcess, postgresCluster: string): ProcessorTime {
  const postmaster = Number(readFileSync(path.join(postgresCluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const backends = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]) === postmaster;
    } catch {
      return false;
    }
  });
  const { user, system } = process.cpuUsage();
  return {
    client: user + system,
    server: ticksOf(server.pid, [11, 12]),
    // With its children that have ended: a connection that was closed did work as well.
    postgres: ticksOf(postmaster, [11, 12, 13, 14]) + backends.reduce((sum, pid) => sum + ticksOf(pid, [11, 12]), 0),
  };
}

/** Ticks of 10 ms: fields 14 and 15 of proc(5), counted behind the name in parentheses; 16 and 17 are those of ended children. */
function ticksOf(pid: string | number, wanted: readonly number[]): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return wanted.reduce((sum, index) => sum + Number(fields[index]), 0) * 10_000;
  } catch {
    return 0;
  }
}

/** What each of `count` took: client + server + Postgres, in microseconds. */
export const timeEach = (before: ProcessorTime, after: ProcessorTime, count: number): string =>
  (['client', 'server', 'postgres'] as const).map((part) => ((after[part] - before[part]) / count).toFixed(1)).join(' + '); // prettier-ignore

/** Resident memory of a process in MiB: now, and at its highest. */
export function residentMiB(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { now: field('VmRSS'), peak: field('VmHWM') };
}
