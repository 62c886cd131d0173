/** What the `audit` commands have in common: what they say of failures, and the exit code of what is not as it was signed. */
import { readFile } from 'node:fs/promises';
import type { CryptoKey } from 'jose';
import { AuditFailure } from '../../adapters/audit/audit-failure.js';
import { readPublicKey } from '../../adapters/audit/signed.js';
import { CliError } from '../failure.js';

/** Something is not what was signed; 1 means that it could not be looked at. */
export const EXIT_ALTERED = 3;
export const EXIT_CODES = 'Exit code: 0 all is as it was signed, 3 something is not, 1 it failed, 2 wrong usage.';

/** Runs the action of a command; a log or a chain that is not as it was signed is its outcome, and no failure of the command. */
export async function reportingFailures(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AuditFailure)) throw error;
    if (error.code !== 'LOG_ALTERED' && error.code !== 'CHAIN_BROKEN')
      throw new CliError(error.message, error.hint, { code: error.code, cause: error });
    console.error(`teampulse: ${error.message}: ${error.hint}`);
    process.exitCode = EXIT_ALTERED;
  }
}

/** @throws CliError */
export async function loadPublicKey(file: string): Promise<CryptoKey> {
  const key = await readPublicKey(await readFile(file, 'utf8'));
  if (!key)
    throw new CliError(`${file} is no public Ed25519 key as JSON Web Key`, 'take what `teampulse audit key` prints');
  return key;
}
