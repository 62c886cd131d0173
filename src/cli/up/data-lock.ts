/** One `teampulse up` per data folder. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, isAlive } from '../../adapters/embedded-postgres/processes.js';
import { makeFolder } from '../../adapters/storage/make-folder.js';
import { CliError } from '../failure.js';

/**
 * Makes the folder and takes it for this process, until the returned function gives it up. A lock whose process is gone counts for nothing.
 * @throws CliError when another process has it, or the folder can't be written
 */
export function lockDataFolder(folder: string): () => void {
  const file = join(folder, 'up.lock');
  try {
    // What lies below carries a password and a signing key.
    makeFolder(folder, 0o755);
    takeLock(file, folder);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError(
      `the data folder ${folder} can't be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      'choose another one with TEAMPULSE_DATA, or give it to this user',
      { code: 'DATA_FOLDER_NOT_OURS', cause },
    );
  }
  return () => rmSync(file, { force: true });
}

function takeLock(file: string, folder: string): void {
  // Twice: the second time after clearing away what a dead process left.
  for (const lastTry of [false, true]) {
    try {
      writeFileSync(file, `${process.pid}\n${commandLine(process.pid)}\n`, { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const [pid = '', command = ''] = readFileSync(file, 'utf8').split('\n');
    // The command line is compared too: after a reboot the number may belong to somebody else.
    if (lastTry || (isAlive(Number(pid)) && commandLine(Number(pid)) === command)) {
      throw new CliError(
        `the data folder ${folder} is in use by process ${pid}`,
        'stop that one first, or choose another folder with TEAMPULSE_DATA',
        { code: 'DATA_FOLDER_IN_USE' },
      );
    }
    rmSync(file, { force: true });
  }
}
