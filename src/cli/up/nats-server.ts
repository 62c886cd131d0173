/** A `nats-server` from the PATH with JetStream in the data folder, where there is one. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { commandLine, endProcess, waitUntil } from '../../adapters/embedded-postgres/processes.js';
import type { Logger } from '../../adapters/logging/logger.js';
import type { Launched } from './part.js';

/** It takes a fraction of a second; reading a big store back in takes longer. */
const READY_TIMEOUT_MS = 60_000;
/** JetStream syncs its files on SIGTERM. */
const STOP_STEPS = [
  ['SIGTERM', 5_000],
  ['SIGKILL', 2_000],
] as const;

const portsFile = z.object({ nats: z.array(z.string()).min(1) });

export const hasNatsServer = (): boolean => spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** Makes the folder ready. A parent ended by kill -9 leaves its nats-server running, with the files open: that one is ended. */
export async function openNatsFolder(folder: string, logger: Logger): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (pid === 0 || !commandLine(pid).includes(folder)) return;
  logger.info({ pid }, 'ending the nats-server that an earlier run left behind');
  await endProcess(pid, STOP_STEPS);
}

/** @param address where it was before; any free port when undefined */
export function launchNatsServer(
  folder: string,
  address: string | undefined,
  onLine: (name: string, line: string) => void,
): Launched {
  for (const file of readdirSync(folder)) if (file.endsWith('.ports')) rmSync(join(folder, file));
  // Port -1 is any free one; the server writes down which.
  const port = address === undefined ? '-1' : new URL(address).port;
  const args = ['-a', '127.0.0.1', '-p', port, '-js', '-sd', folder, '--ports_file_dir', folder];
  // Its own process group: it goes after those who still publish.
  const child = spawn('nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (/\[(ERR|WRN|FTL)\]/.test(line)) onLine('nats-server', line);
  });
  writeFileSync(join(folder, 'pid'), String(child.pid));
  return { process: child, ready: addressIn(folder) };
}

async function addressIn(folder: string): Promise<string | undefined> {
  let address: string | undefined;
  await waitUntil(() => (address = readAddress(folder)) !== undefined, READY_TIMEOUT_MS);
  return address;
}

function readAddress(folder: string): string | undefined {
  const file = readdirSync(folder).find((name) => name.endsWith('.ports'));
  if (file === undefined) return undefined;
  try {
    return portsFile.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))).nats[0];
  } catch {
    // Half written: the server is still at it.
    return undefined;
  }
}
