/** Signs what the log of a workspace has grown to: reads what came behind the last checkpoint, and adds one to the chain. */
import { formatPosition, parsePosition } from '../../domain/shared/position.js';
import type { SigningKey } from '../tokens/signing-key.js';
import { AuditFailure } from './audit-failure.js';
import { toHex, type Checkpoint, type SignedCheckpoint } from './checkpoint.js';
import type { CheckpointFolder } from './checkpoint-folder.js';
import { entryText, type EntrySource } from './entry.js';
import { consistencyProof, leafHash, LeafRange } from './merkle.js';
import { sha256, sign } from './signed.js';

export interface ExtendRequest {
  readonly folder: CheckpointFolder;
  readonly key: SigningKey;
  readonly source: EntrySource;
  /** Told the position of the log that was reached. */
  readonly onPosition?: (position: bigint) => void;
}

export interface Extended {
  readonly checkpoint: SignedCheckpoint;
  /** Events that no checkpoint had signed before; with 0 it is the last one that there was. */
  readonly added: number;
}

/** @throws AuditFailure when the workspace has no events, or the chain is broken */
export async function extendChain(request: ExtendRequest): Promise<Extended> {
  for (;;) {
    const extended = await extendOnce(request);
    // Another process was quicker: its checkpoint is the one to go on from.
    if (extended) return extended;
  }
}

async function extendOnce({ folder, key, source, onPosition }: ExtendRequest): Promise<Extended | undefined> {
  const { last, tree: before } = await folder.end(key.publicKey);
  const tree = new LeafRange(0, before.nodes, before.end);
  const added = new LeafRange(before.end);
  let readTo = last && parsePosition(last.position);
  for await (const page of source(readTo)) {
    for (const entry of page.entries) {
      const leaf = leafHash(Buffer.from(entryText(entry)));
      tree.append(leaf);
      added.append(leaf);
    }
    readTo = page.readTo;
    onPosition?.(readTo.commit);
  }
  if (tree.end === before.end && last) return { checkpoint: last, added: 0 };
  if (tree.end === 0 || !readTo) {
    throw new AuditFailure(`the log has no events of workspace ${folder.workspaceId}`, 'check its id', 'NO_EVENTS');
  }
  const checkpoint: Checkpoint = {
    format: 'teampulse-checkpoint',
    version: 1,
    workspaceId: folder.workspaceId,
    number: (last?.number ?? 0) + 1,
    size: tree.end,
    root: tree.root().toString('hex'),
    position: formatPosition(readTo),
    time: new Date().toISOString(),
    previous: last ? sha256(last.signed) : null,
  };
  const signed = await sign(key, Buffer.from(JSON.stringify(checkpoint)));
  const link = { checkpoint: signed, consistency: toHex(consistencyProof(before, added)) };
  const isFirst = await folder.add(checkpoint.number, link, tree);
  return isFirst ? { checkpoint: { ...checkpoint, signed }, added: tree.end - before.end } : undefined;
}
