/** The proof that one event is in a signed log: one small file that is checked with the public key alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CryptoKey } from 'jose';
import { z } from 'zod';
import { AuditFailure } from './audit-failure.js';
import { fromHex, openCheckpoint, toHex, type SignedCheckpoint } from './checkpoint.js';
import { entrySchema } from './entry.js';
import { formats } from './formats.js';
import { CHECKPOINTS, MANIFEST, manifestSchema, OMITTED, parseChain } from './manifest.js';
import { inclusionProof, leafHash, LeafRange, rootOfPath } from './merkle.js';
import { scanExport } from './scan.js';

export const proofSchema = z.strictObject({
  format: z.literal('teampulse-inclusion-proof'),
  version: z.literal(1),
  /** The event as it was hashed, byte for byte. */
  entry: z.string(),
  /** Its place among all events of the workspace, from 0. */
  index: z.int().min(0),
  size: z.int().min(1),
  /** From the leaf to the root (RFC 9162, 2.1.3), hexadecimal. */
  path: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64),
  /** Signs the root, in its signed form. */
  checkpoint: z.string(),
});
export type InclusionProof = z.infer<typeof proofSchema>;

/**
 * Reads the export once. It does not verify it: a proof from an altered export does not lead to the signed root.
 * @param wanted an event's id, or its place in its stream: `sale-0190…@0`
 * @throws AuditFailure when the export has no such event
 */
export async function proveEvent(folder: string, wanted: string): Promise<InclusionProof> {
  const manifest = manifestSchema.safeParse(JSON.parse(await readText(join(folder, MANIFEST), folder)));
  if (!manifest.success) throw new AuditFailure(`${folder} was made by another version`, 'use the version that made it', 'NOT_AN_EXPORT'); // prettier-ignore
  const { files, lines } = manifest.data;
  const before = new LeafRange(0);
  let found: { readonly entry: string; readonly index: number; readonly after: LeafRange } | undefined;
  const marks = marksOf(wanted);
  await scanExport({
    events: join(folder, files.events.name),
    omitted: files.omitted && join(folder, OMITTED),
    format: formats[lines.format],
    visit: (index, leaf, entryOf) => {
      if (found) {
        found.after.append(leaf);
        return;
      }
      const entry = entryOf();
      if (marks.every((mark) => entry.includes(mark)) && isWanted(entry, wanted)) {
        found = { entry, index, after: new LeafRange(index + 1) };
      } else before.append(leaf);
    },
    skip: (level, hash) => (found?.after ?? before).append(hash, level),
  });
  if (!found) throw new AuditFailure(`there is no event ${wanted} in ${folder}`, 'look for it in a whole export, or in a later one', 'NO_SUCH_EVENT'); // prettier-ignore
  const chain = parseChain(await readText(join(folder, CHECKPOINTS), folder));
  return {
    format: 'teampulse-inclusion-proof',
    version: 1,
    entry: found.entry,
    index: found.index,
    size: found.after.end,
    path: toHex(inclusionProof(before, found.after)),
    checkpoint: chain?.at(-1)?.checkpoint ?? '',
  };
}

const STREAM_AND_REVISION = /^(.+)@(\d+)$/;

/** What stands in the text of the event, so that few others have to be parsed. */
function marksOf(wanted: string): readonly string[] {
  const place = STREAM_AND_REVISION.exec(wanted);
  return place ? [JSON.stringify(place[1]), `"revision":${place[2]},`] : [`"id":"${wanted.toLowerCase()}"`];
}

function isWanted(text: string, wanted: string): boolean {
  const entry = entrySchema.safeParse(JSON.parse(text));
  if (!entry.success) return false;
  const { id, stream, revision } = entry.data;
  return wanted.includes('@') ? `${stream}@${revision}` === wanted : id === wanted.toLowerCase();
}

export type ProofVerification =
  | { readonly verified: true; readonly entry: z.infer<typeof entrySchema>; readonly checkpoint: SignedCheckpoint }
  | { readonly verified: false; readonly problem: string };

export async function verifyProof(text: string, key: CryptoKey): Promise<ProofVerification> {
  const parsed = proofSchema.safeParse(parse(text));
  if (!parsed.success) throw new AuditFailure('this is no proof that `teampulse audit prove` has written', 'name the file it wrote', 'NOT_AN_EXPORT'); // prettier-ignore
  const proof = parsed.data;
  const checkpoint = await openCheckpoint(key, proof.checkpoint);
  if (!checkpoint) return { verified: false, problem: 'its checkpoint is not signed by this key' };
  const root = rootOfPath(leafHash(Buffer.from(proof.entry)), proof.index, proof.size, fromHex(proof.path));
  if (proof.size !== checkpoint.size || root?.toString('hex') !== checkpoint.root)
    return { verified: false, problem: 'the event, its place or its path is not what was signed: they lead to another root' }; // prettier-ignore
  return { verified: true, entry: entrySchema.parse(JSON.parse(proof.entry)), checkpoint };
}

async function readText(file: string, folder: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
    throw new AuditFailure(`${folder} holds no export`, `name the folder that has ${MANIFEST}`, 'NOT_AN_EXPORT', { cause }); // prettier-ignore
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
