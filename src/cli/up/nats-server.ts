/** A `nats-server` from the PATH with JetStream in the data folder, where there is one. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { commandLine, endProcess, waitUntil } from '../../adapters/embedded-postgres/processes.js';
import type { Logger } from '../../adapters/logging/logger.js';
import { CliError } from '../failure.js';

export interface NatsServer {
  readonly url: string;
  /** Rejects when it ends by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 15_000;
/** JetStream syncs its files on SIGTERM. */
const STOP_STEPS = [
  ['SIGTERM', 5_000],
  ['SIGKILL', 2_000],
] as const;

const portsFile = z.object({ nats: z.array(z.string()).min(1) });

export const hasNatsServer = (): boolean => spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** @throws CliError when it does not start */
export async function startNatsServer(
  folder: string,
  onLine: (line: string) => void,
  logger: Logger,
): Promise<NatsServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await endOrphan(folder, logger);
  for (const file of readdirSync(folder)) if (file.endsWith('.ports')) rmSync(join(folder, file));
  // Port -1 is any free one; the server writes down which.
  const args = ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', folder, '--ports_file_dir', folder];
  const child = spawn('nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (/\[(ERR|WRN|FTL)\]/.test(line)) onLine(line.trim());
  });
  writeFileSync(join(folder, 'pid'), String(child.pid));
  const address = (): string | undefined => {
    const file = readdirSync(folder).find((name) => name.endsWith('.ports'));
    return file === undefined ? undefined : readAddress(join(folder, file));
  };
  let url: string | undefined;
  await waitUntil(() => child.exitCode !== null || (url = address()) !== undefined, READY_TIMEOUT_MS);
  if (url === undefined) {
    child.kill('SIGKILL');
    throw new CliError(
      'nats-server did not start',
      `see its messages above, or give NATS_URL; its data is in ${folder}`,
    );
  }
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    if (child.pid !== undefined && child.exitCode === null) await endProcess(child.pid, STOP_STEPS);
  };
  return { url, ended: endsByItself(child, () => stopping), stop };
}

async function endsByItself(child: ChildProcess, stopping: () => boolean): Promise<void> {
  await once(child, 'exit');
  if (!stopping()) throw new CliError(`nats-server ended (${child.signalCode ?? `exit code ${child.exitCode}`})`, 'see its messages above'); // prettier-ignore
}

/** Half written while the server is still at it. */
function readAddress(file: string): string | undefined {
  try {
    return portsFile.parse(JSON.parse(readFileSync(file, 'utf8'))).nats[0];
  } catch {
    return undefined;
  }
}

/** A parent ended by kill -9 leaves its nats-server running, with the files open. */
async function endOrphan(folder: string, logger: Logger): Promise<void> {
  const file = join(folder, 'pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8'));
  if (!commandLine(pid).includes(folder)) return;
  logger.info({ pid }, 'ending the nats-server that an earlier run left behind');
  await endProcess(pid, STOP_STEPS);
}
