/**
 * The data folder of an embedded Postgres:
 *   cluster/       Postgres's own files (a link, where root's folders are closed to the user Postgres runs as)
 *   password       of the superuser, mode 0600
 *   owner          the process that uses the folder
 *   postgres.log   what Postgres had to say
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { codeOf, EmbeddedPostgresError } from './error.js';
import { commandLine, isAlive } from './processes.js';
import { canReach, systemFolder, type RunAs } from './run-as.js';

export interface DataFolder {
  readonly path: string;
  readonly cluster: string;
  readonly password: string;
  readonly log: string;
}

/**
 * Opens the folder, makes it when new, and takes it for this process.
 * @throws EmbeddedPostgresError DATA_FOLDER_NOT_OURS, DATA_FOLDER_IN_USE
 */
export function openDataFolder(folder: string, user: RunAs | undefined): DataFolder {
  const root = path.resolve(folder);
  try {
    mkdirSync(root, { recursive: true, mode: 0o755 });
    takeOwnership(root);
    const cluster = placeCluster(root, user);
    const password = readPassword(root);
    return { path: root, cluster, password, log: path.join(root, 'postgres.log') };
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') throw notOurs(root, cause);
    if (code === 'ENOTDIR' || code === 'EEXIST') {
      throw new EmbeddedPostgresError('DATA_FOLDER_NOT_OURS', `${root} is not a folder. Choose another data folder.`, {
        cause,
      });
    }
    throw cause;
  }
}

/** Gives the folder up for the next process. */
export function releaseDataFolder(folder: DataFolder): void {
  rmSync(path.join(folder.path, 'owner'), { force: true });
}

function takeOwnership(root: string): void {
  const file = path.join(root, 'owner');
  const [pid = '', command = ''] = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  // The command line is compared too: after a reboot the number may belong to somebody else.
  if (pid !== '' && Number(pid) !== process.pid && isAlive(Number(pid)) && commandLine(Number(pid)) === command) {
    throw new EmbeddedPostgresError(
      'DATA_FOLDER_IN_USE',
      `the data folder ${root} is in use by process ${pid}. Stop that one first, or choose another data folder.`,
    );
  }
  writeFileSync(file, `${process.pid}\n${commandLine(process.pid)}\n`);
}

function placeCluster(root: string, user: RunAs | undefined): string {
  const cluster = path.join(root, 'cluster');
  if (user && !canReach(root, user) && !isPresent(cluster)) {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
    symlinkSync(path.join(systemFolder('data'), name), cluster);
  }
  if (existsSync(cluster)) {
    const owner = statSync(cluster).uid;
    if (owner !== (user?.uid ?? process.getuid?.() ?? owner)) throw notOurs(cluster, undefined, owner);
  }
  return isPresent(cluster) && lstatSync(cluster).isSymbolicLink() ? readlinkSync(cluster) : cluster;
}

const isPresent = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

function readPassword(root: string): string {
  const file = path.join(root, 'password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

function notOurs(place: string, cause: unknown, owner?: number): EmbeddedPostgresError {
  const uid = owner ?? statSync(existsSync(place) ? place : path.dirname(place)).uid;
  return new EmbeddedPostgresError(
    'DATA_FOLDER_NOT_OURS',
    `the data folder ${place} belongs to user ${uid} and can't be used by user ${process.getuid?.() ?? '?'}. ` +
      'Run as that user, give the folder to this one (chown -R), or choose another data folder.',
    { cause },
  );
}

/** Gives a file or folder to the user Postgres runs as. */
export function giveTo(user: RunAs | undefined, file: string): void {
  if (user) chownSync(file, user.uid, user.gid);
}
