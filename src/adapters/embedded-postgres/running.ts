/** A Postgres that another process runs in its data folder: where it can be reached, for those who only want to look. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { USER } from './cluster.js';
import { commandLine, endProcess, isAlive } from './processes.js';

/** Whether there is a cluster in this data folder, running or not. */
export const hasCluster = (dataFolder: string): boolean => existsSync(path.join(dataFolder, 'cluster', 'PG_VERSION'));

/** Connection URL of a database of the Postgres that runs in this folder; undefined when none does. Holds its password. */
export function findRunningPostgres(dataFolder: string, database: string): string | undefined {
  const [, port] = findPostmaster(dataFolder) ?? [];
  if (port === undefined) return undefined;
  const password = readFileSync(path.join(dataFolder, 'password'), 'utf8').trim();
  return `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/**
 * Ends the Postgres of a process that is gone without having ended it; one whose process lives is left alone.
 * @returns whether the folder is nobody's now
 */
export async function endAbandonedPostgres(dataFolder: string): Promise<boolean> {
  const [pid = '', command = ''] = readFileSync(path.join(dataFolder, 'owner'), 'utf8').split('\n');
  if (isAlive(Number(pid)) && commandLine(Number(pid)) === command) return false;
  const [postmaster] = findPostmaster(dataFolder) ?? [];
  if (postmaster !== undefined) await endProcess(postmaster, [['SIGQUIT', 1_000], ['SIGKILL', 5_000]]); // prettier-ignore
  return true;
}

/** Of the running server, by its pid file: process id, folder, start, port, socket folder, address, shared memory, state. */
function findPostmaster(dataFolder: string): readonly [pid: number, port: number] | undefined {
  let lines: string[];
  try {
    lines = readFileSync(path.join(dataFolder, 'cluster', 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  const cluster = lines[1] ?? '';
  if (!isAlive(pid) || !commandLine(pid).includes(cluster) || lines[7]?.trim() !== 'ready') return undefined;
  return [pid, port];
}
