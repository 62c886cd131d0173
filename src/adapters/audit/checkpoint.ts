/**
 * What is signed about a workspace's log: how many events it had, and the root of the Merkle tree over them. Each checkpoint
 * names the one before by its hash, so that none can be taken out or put in between.
 */
import type { CryptoKey } from 'jose';
import { z } from 'zod';
import { isConsistent } from './merkle.js';
import { sha256, verifySigned } from './signed.js';

const hexHash = z.string().regex(/^[0-9a-f]{64}$/);

export const checkpointSchema = z.strictObject({
  format: z.literal('teampulse-checkpoint'),
  version: z.literal(1),
  workspaceId: z.string(),
  /** From 1, without a gap. */
  number: z.int().min(1),
  /** Events of the workspace, all that it ever had. */
  size: z.int().min(1),
  /** Of the tree over them, hexadecimal. */
  root: hexHash,
  /** How far the log had been read, `commit/prepare`. */
  position: z.string(),
  /** When it was signed, by the clock of who signed. */
  time: z.iso.datetime(),
  /** SHA-256 of the checkpoint before, in its signed form; null for the first. */
  previous: hexHash.nullable(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** One of the chain: as it was signed, with the proof that it goes on from the one before (RFC 9162, 2.1.4). */
export const chainLinkSchema = z.object({ checkpoint: z.string(), consistency: z.array(hexHash) });
export type ChainLink = z.infer<typeof chainLinkSchema>;

export interface SignedCheckpoint extends Checkpoint {
  /** The signed form, a compact JSON Web Signature. */
  readonly signed: string;
}

export const fromHex = (hashes: readonly string[]): Buffer[] => hashes.map((hash) => Buffer.from(hash, 'hex'));
export const toHex = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'));

/** @returns undefined when it is not signed by this key, or is no checkpoint */
export async function openCheckpoint(key: CryptoKey, signed: string): Promise<SignedCheckpoint | undefined> {
  const payload = await verifySigned(key, signed);
  if (!payload) return undefined;
  try {
    return { ...checkpointSchema.parse(JSON.parse(payload.toString('utf8'))), signed };
  } catch {
    return undefined;
  }
}

export type OpenChain =
  { readonly chain: readonly SignedCheckpoint[] } | { /** What is wrong, and with which. */ readonly broken: string };

/** Checks every signature, every link and every step of growth. */
export async function openChain(key: CryptoKey, links: readonly ChainLink[]): Promise<OpenChain> {
  const chain: SignedCheckpoint[] = [];
  for (const [index, { checkpoint: signed, consistency }] of links.entries()) {
    const checkpoint = await openCheckpoint(key, signed);
    const place = `checkpoint ${index + 1}`;
    if (!checkpoint) return { broken: `${place} is not signed by this key` };
    const before = chain.at(-1);
    if (checkpoint.number !== index + 1 || checkpoint.previous !== (before ? sha256(before.signed) : null))
      return { broken: `${place} does not follow the one before: the chain was cut` };
    if (before && checkpoint.workspaceId !== before.workspaceId) return { broken: `${place} is of another workspace` };
    const grew = { size: before?.size ?? 0, root: Buffer.from(before?.root ?? EMPTY, 'hex') };
    if (!isConsistent(grew, { size: checkpoint.size, root: Buffer.from(checkpoint.root, 'hex') }, fromHex(consistency)))
      return { broken: `${place} signs a log that does not begin with what the one before signed` };
    chain.push(checkpoint);
  }
  return { chain };
}

/** The root of no events. */
const EMPTY = sha256('');
