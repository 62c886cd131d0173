/** What `audit` commands that read the log work with: the client, the key that signs, the folder of checkpoints. */
import { join, resolve } from 'node:path';
import { CheckpointFolder } from '../../adapters/audit/checkpoint-folder.js';
import type { EntrySource } from '../../adapters/audit/entry.js';
import { loadConfig, requireConfig, type Config } from '../../adapters/config/config.js';
import { loadSigningKey, type SigningKey } from '../../adapters/tokens/signing-key.js';
import { showProgress } from '../eventstore/files.js';

export interface LogOptions {
  readonly workspace: string;
  readonly checkpoints?: string;
}

export const CHECKPOINTS_OPTION = [
  '--checkpoints <folder>',
  'where the signed checkpoints are kept, outside the database (default: `checkpoints` in the data folder, TEAMPULSE_DATA)',
] as const;

export interface AuditedLog {
  readonly eventstoreUrl: string;
  readonly folder: CheckpointFolder;
  readonly key: SigningKey;
  readonly source: EntrySource;
}

export const auditKey = ({ dataFolder, auditPrivateKey }: Config): Promise<SigningKey> =>
  loadSigningKey(dataFolder, auditPrivateKey, 'audit');

/** Runs `work` over the log, with a progress bar in its positions. */
export async function withLog<T>(
  { workspace, checkpoints }: LogOptions,
  label: string,
  work: (log: AuditedLog, onPosition: (position: bigint) => void) => Promise<T>,
): Promise<T> {
  const config = requireConfig(loadConfig(), 'eventstoreUrl');
  const { connectForTransfer, endOfLog, readWorkspaceEntries } = await import('../../adapters/eventstore/transfer/transfer.js'); // prettier-ignore
  const client = connectForTransfer(config.eventstoreUrl);
  try {
    const folder = new CheckpointFolder(resolve(checkpoints ?? join(config.dataFolder, 'checkpoints')), workspace);
    const source: EntrySource = (after, until) => readWorkspaceEntries(client, workspace, after, until);
    const key = await auditKey(config);
    const log = { eventstoreUrl: config.eventstoreUrl, folder, key, source };
    const end = Number((await endOfLog(client)) ?? 0n);
    return await showProgress(label, end, 'log positions', (onProgress) => {
      let reached = 0;
      return work(log, (position) => {
        // The log may be read twice: for the checkpoint, and for the export.
        if (Number(position) > reached) onProgress(Number(position) - reached);
        reached = Math.max(reached, Number(position));
      });
    });
  } finally {
    await client.dispose();
  }
}
