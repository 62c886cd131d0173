/** A cluster: the files of one Postgres, made once, and of the version that made it. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.js';
import { giveTo, type DataFolder } from './data-folder.js';
import { EmbeddedPostgresError } from './error.js';
import { processIdentity, type RunAs } from './run-as.js';

/** The superuser. */
export const USER = 'teampulse';

/** Made under another name and renamed, so that a cluster broken off in the middle is never taken for a whole one. */
export async function makeCluster(binaries: Binaries, folder: DataFolder, user: RunAs | undefined): Promise<void> {
  const unfinished = `${folder.cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  giveTo(user, unfinished);
  const passwordFile = `${folder.cluster}.password`;
  writeFileSync(passwordFile, folder.password, { mode: 0o600 });
  giveTo(user, passwordFile);
  try {
    // Not synchronously: who starts a server has more to load meanwhile.
    await promisify(execFile)(
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
      { ...processIdentity(user), cwd: '/', encoding: 'utf8' },
    ).catch((error: Error & { code?: unknown; stderr?: string }) => {
      // A word is the operating system's: it did not run. A number is its exit code.
      if (typeof error.code === 'string') throw cannotRun(binaries.initdb, error);
      const said = error.stderr?.trim() || error.message;
      throw new EmbeddedPostgresError('START_FAILED', `initdb failed in ${folder.path}: ${said}`, { cause: error });
    });
    renameSync(unfinished, folder.cluster);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** @throws EmbeddedPostgresError DATA_FOLDER_VERSION */
export function checkVersion(binaries: Binaries, folder: DataFolder): void {
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

const cannotRun = (binary: string, cause: Error): EmbeddedPostgresError =>
  new EmbeddedPostgresError('BINARIES_MISSING', `${binary} can't be run on this machine: ${cause.message}`, { cause });
