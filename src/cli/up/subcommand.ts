/** A subcommand of `teampulse` as a child: its own process, told to end with this one, its messages passed on. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../../adapters/config/config.js';
import type { ConfigKey } from '../../adapters/config/schema.js';
import { readyMessage } from '../service.js';
import type { Launched } from './part.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/**
 * Under load what a request holds outlives the 16 MiB that Node gives young objects, and is copied at each collection: a
 * quarter less time of collections for at most 48 MiB more of memory. The Dockerfile sets the same.
 */
const NODE_OPTIONS = ['--max-semi-space-size=32'];

/** @param onLine takes each line of what it logs */
export function forkSubcommand(
  name: string,
  args: readonly string[],
  environment: Partial<Record<ConfigKey, string>>,
  onLine: (name: string, line: string) => void,
): Launched {
  const child = fork(MAIN, [name, ...args], {
    env: childEnvironment(environment),
    execArgv: [...process.execArgv, ...NODE_OPTIONS],
    // What it prints for people who start it by hand is told over IPC here.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Its own process group: Ctrl-C reaches only the parent, which ends its parts in the right order.
    detached: true,
  });
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => onLine(name, line));
  return { process: child, ready: once(child, 'message').then(([message]) => readyMessage.parse(message).address) };
}
