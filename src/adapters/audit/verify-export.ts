/**
 * Whether an export is what was signed: from its files, a public key and, where the auditor has kept some, checkpoints. Needs
 * neither the log nor a network.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CryptoKey } from 'jose';
import { AuditFailure } from './audit-failure.js';
import { openChain, openCheckpoint, type SignedCheckpoint } from './checkpoint.js';
import { formats } from './formats.js';
import { CHECKPOINTS, MANIFEST, manifestSchema, OMITTED, parseChain, SIGNATURE, type Manifest } from './manifest.js';
import { scanExport, type Scan } from './scan.js';
import { attach, sha256, verifySigned } from './signed.js';

export type Problem = {
  readonly what: 'MANIFEST' | 'CHECKPOINTS' | 'EVENTS' | 'FILE' | 'TRUNCATED' | 'FORKED';
  readonly message: string;
};

export interface Verification {
  readonly verified: boolean;
  /** Empty when it is verified. */
  readonly problems: readonly Problem[];
  /** There when the manifest is the one that was signed. */
  readonly manifest?: Manifest;
  /** The checkpoint that signs the tree. */
  readonly checkpoint?: SignedCheckpoint;
}

export interface VerifyRequest {
  readonly folder: string;
  readonly key: CryptoKey;
  /** Checkpoints that the auditor has from elsewhere, in their signed form. */
  readonly checkpoints?: readonly string[];
  readonly onBytes?: (count: number) => void;
}

/** @throws AuditFailure when the folder holds no export at all */
export async function verifyExport(request: VerifyRequest): Promise<Verification> {
  const { folder, key } = request;
  const problems: Problem[] = [];
  const note = (what: Problem['what'], message: string): void => void problems.push({ what, message });
  const manifest = await openManifest(folder, key);
  if (!manifest) {
    note('MANIFEST', `${MANIFEST} is not what was signed with this key: it was changed, or another key signed it`);
    return { verified: false, problems };
  }
  const chain = await openExportedChain(folder, key, manifest, note);
  const checkpoint = chain.at(-1);
  if (checkpoint) await compareKept(request, chain, note);
  await compareLines(request, manifest, chain, note);
  return { verified: problems.length === 0, problems, manifest, ...(checkpoint && { checkpoint }) };
}

type Note = (what: Problem['what'], message: string) => void;

async function openManifest(folder: string, key: CryptoKey): Promise<Manifest | undefined> {
  const [text, signature] = await Promise.all([read(folder, MANIFEST), read(folder, SIGNATURE)]);
  if (!text && !signature) {
    throw new AuditFailure(`${folder} holds no export`, `name the folder that has ${MANIFEST}`, 'NOT_AN_EXPORT');
  }
  if (!text || !signature?.toString('latin1').endsWith('\n')) return undefined;
  const signed = await verifySigned(key, attach(signature.toString('latin1').slice(0, -1), text));
  if (!signed?.equals(text)) return undefined;
  const parsed = manifestSchema.safeParse(JSON.parse(signed.toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new AuditFailure(`${folder} was made by another version`, 'use the version that made it', 'NOT_AN_EXPORT');
}

/** @returns the checkpoints up to the one that signs this export; none when they are not as they were signed */
async function openExportedChain(
  folder: string,
  key: CryptoKey,
  { workspaceId, tree, checkpoint, files }: Manifest,
  note: Note,
): Promise<readonly SignedCheckpoint[]> {
  const text = await read(folder, CHECKPOINTS);
  const wrong = (message: string): readonly SignedCheckpoint[] => {
    note('CHECKPOINTS', message);
    return [];
  };
  if (!text) return wrong(`${CHECKPOINTS} is not there`);
  if (sha256(text) !== files.checkpoints.sha256) note('FILE', `${CHECKPOINTS} is not the file that was signed`);
  const links = parseChain(text.toString('utf8'));
  if (!links) return wrong(`${CHECKPOINTS} is not a list of checkpoints`);
  const opened = await openChain(key, links);
  if ('broken' in opened) return wrong(opened.broken);
  const last = opened.chain.at(-1);
  const isThis =
    last?.number === checkpoint.number &&
    sha256(last.signed) === checkpoint.sha256 &&
    last.workspaceId === workspaceId &&
    last.size === tree.size &&
    last.root === tree.root;
  return isThis ? opened.chain : wrong(`the last of ${CHECKPOINTS} is not the one that signs this export`);
}

/** What the auditor has kept can't have been changed by those who made the export. */
async function compareKept(
  { key, checkpoints = [] }: VerifyRequest,
  chain: readonly SignedCheckpoint[],
  note: Note,
): Promise<void> {
  const last = chain.at(-1);
  for (const signed of checkpoints) {
    const kept = await openCheckpoint(key, signed);
    if (!kept) note('CHECKPOINTS', 'a checkpoint that you gave is not signed by this key');
    else if (kept.workspaceId !== last?.workspaceId)
      note('CHECKPOINTS', `checkpoint ${kept.number} that you gave is of workspace ${kept.workspaceId}`);
    else if (kept.number > last.number)
      note('TRUNCATED', `the export ends before checkpoint ${kept.number} of ${kept.time}, which signs ${kept.size} events; it reaches to ${last.size}`); // prettier-ignore
    else if (chain[kept.number - 1]?.signed !== kept.signed)
      note('FORKED', `checkpoint ${kept.number} of the export is not the one that you gave: two histories were signed`);
  }
}

async function compareLines(
  { folder, onBytes }: VerifyRequest,
  manifest: Manifest,
  chain: readonly SignedCheckpoint[],
  note: Note,
): Promise<void> {
  const { files, lines, tree, groups, events } = manifest;
  const omitted = files.omitted && join(folder, OMITTED);
  const scan = await scanExport({
    events: join(folder, files.events.name),
    omitted,
    format: formats[lines.format],
    sizes: chain.map(({ size }) => size),
    ...(onBytes && { onBytes }),
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') note('FILE', 'a file of the export is not there');
    else if (error.code?.startsWith('Z_')) note('FILE', `${files.events.name} is damaged: it can't be unzipped`);
    else if (error instanceof RangeError) note('FILE', error.message);
    else throw error;
    return undefined;
  });
  if (!scan) return;
  const isTheTree = scan.tree.end === tree.size && scan.tree.root().toString('hex') === tree.root;
  if (!isTheTree || scan.damaged !== undefined || scan.events.count !== events) {
    note('EVENTS', `${describe(scan, manifest)}; ${whereabouts(scan, groups)}`);
  }
  for (const { name, sha256: expected } of [files.events, ...(files.omitted ? [files.omitted] : [])]) {
    const facts = name === OMITTED ? scan.omitted : scan.events;
    // Unzipping stops where the zipped data ends, whatever was put behind it.
    const { size } = await stat(join(folder, name));
    if (facts?.sha256 !== expected || facts.bytes !== size) note('FILE', `${name} is not the file that was signed`);
  }
}

function describe({ events: { count } }: Scan, { events }: Manifest): string {
  if (count < events) return `${events - count} of ${events} events are missing`;
  if (count > events) return `there are ${count - events} events more than the ${events} that were signed`;
  return 'the events are not those that were signed';
}

function whereabouts({ groups, damaged, events }: Scan, signed: Manifest['groups']): string {
  if (damaged !== undefined) return `line ${damaged} is none that an export has`;
  const first = signed.sha256.findIndex((hash, index) => hash !== groups[index]);
  if (first < 0)
    return `what follows event ${events.count} of the file is not signed, or the events left out are others`;
  return `the first difference is among events ${first * signed.lines + 1} to ${(first + 1) * signed.lines} of the file`;
}

async function read(folder: string, name: string): Promise<Buffer | undefined> {
  return readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
