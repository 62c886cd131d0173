/**
 * An export for auditors: every event of a workspace up to a checkpoint, straight from the log, with what it takes to prove
 * offline that nothing was altered. The same checkpoint and the same options give the same bytes, every time.
 *
 * Made in `<out>.unfinished` and renamed at the end, so `<out>` is there whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isDeepStrictEqual } from 'node:util';
import { parsePosition } from '../../domain/shared/position.js';
import type { SigningKey } from '../tokens/signing-key.js';
import { AuditFailure } from './audit-failure.js';
import type { SignedCheckpoint } from './checkpoint.js';
import type { CheckpointFolder, StoredChain } from './checkpoint-folder.js';
import { syncPath } from './durable-file.js';
import { entrySchema, type EntrySource } from './entry.js';
import { readJournal, writeJournal, writeLines, type Journal } from './export-writer.js';
import { extendChain } from './extend-chain.js';
import { formats, type FormatName } from './formats.js';
import { chainText, CHECKPOINTS, MANIFEST, OMITTED, SIGNATURE, type ExportFilter, type Manifest } from './manifest.js';
import { GROUP_LINES, scanExport, type Scan } from './scan.js';
import { detach, sha256, sign } from './signed.js';

export interface ExportRequest {
  /** The folder that is made. */
  readonly out: string;
  readonly format: FormatName;
  readonly filter: ExportFilter;
  readonly gzip: boolean;
  /** The number of the checkpoint to reach to; a new one when left out. */
  readonly checkpoint?: number | undefined;
  readonly folder: CheckpointFolder;
  readonly key: SigningKey;
  readonly source: EntrySource;
  /** Told the position of the log that was reached. */
  readonly onPosition?: (position: bigint) => void;
  /** Called once the files are made, before they are in place: whoever takes an export is recorded. Again after a kill. */
  readonly record?: (exported: Exported) => Promise<void>;
}

export interface Exported {
  /** A UUID; the same when an export that was broken off goes on. */
  readonly exportId: string;
  readonly manifest: Manifest;
  readonly checkpoint: SignedCheckpoint;
}

/** @throws AuditFailure, with code LOG_ALTERED when the log is not what its checkpoints have signed */
export async function exportWorkspace(request: ExportRequest): Promise<Exported> {
  const { out, folder, key, source } = request;
  const working = `${out}.unfinished`;
  if (existsSync(out)) {
    // Killed after the last step, it would have left this behind.
    if (await readJournal(working)) await rm(working, { recursive: true, force: true });
    throw new AuditFailure(`${out} is there already`, 'name another folder', 'OTHER_EXPORT');
  }
  const journal = (await begun(working, request)) ?? (await begin(working, request));
  const stored = await folder.read(key.publicKey);
  const checkpoint = stored.chain[journal.checkpoint - 1];
  const until = checkpoint && parsePosition(checkpoint.position);
  if (!checkpoint || !until)
    throw new AuditFailure(`there is no checkpoint ${journal.checkpoint}`, `name one from 1 to ${stored.chain.length}`, 'CHAIN_BROKEN'); // prettier-ignore
  const format = formats[journal.options.format];
  await writeLines(working, journal, format, source, until, (position) => request.onPosition?.(position));
  const made = join(working, 'export');
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { mode: 0o700 });
  const manifest = await complete(working, made, request, stored, checkpoint).catch(async (error: unknown) => {
    // Once the log is mended, its lines have to be read again.
    if (error instanceof AuditFailure) await rm(working, { recursive: true, force: true });
    throw error;
  });
  const exported = { exportId: journal.exportId, manifest, checkpoint };
  await request.record?.(exported);
  await rename(made, out);
  await syncPath(dirname(out));
  await rm(working, { recursive: true, force: true });
  return exported;
}

async function begin(working: string, request: ExportRequest): Promise<Journal> {
  const { folder, checkpoint } = request;
  const journal: Journal = {
    version: 1,
    options: optionsOf(request),
    checkpoint: checkpoint ?? (await extendChain(request)).checkpoint.number,
    exportId: randomUUID(),
    readTo: null,
    leaves: 0,
    events: 0,
    bytes: 0,
    omittedBytes: 0,
    gap: { start: 0, nodes: [] },
  };
  // Before anything is written, so that a chain that is broken leaves nothing behind.
  await folder.read(request.key.publicKey);
  await writeJournal(working, journal);
  return journal;
}

/** The journal of an export that was broken off. */
async function begun(working: string, request: ExportRequest): Promise<Journal | undefined> {
  const journal = await readJournal(working);
  if (!journal) return undefined;
  const { checkpoint = journal.checkpoint } = request;
  if (checkpoint === journal.checkpoint && isDeepStrictEqual(journal.options, optionsOf(request))) return journal;
  throw new AuditFailure(
    `${working} is an export with other options that was broken off`,
    'run it with the same options to go on, or remove that folder',
    'OTHER_EXPORT',
  );
}

const optionsOf = ({ folder, format, filter, gzip }: ExportRequest): Journal['options'] => ({
  workspaceId: folder.workspaceId,
  format,
  filter,
  gzip,
});

/** Everything but the lines, from the lines as they lie on the disk: what they prove is found out by reading them again. */
async function complete(
  working: string,
  made: string,
  { format: formatName, filter, gzip, key, folder }: ExportRequest,
  { links, chain }: StoredChain,
  checkpoint: SignedCheckpoint,
): Promise<Manifest> {
  const format = formats[formatName];
  const lines = join(working, format.file);
  const events = gzip ? `${format.file}.gz` : format.file;
  if (gzip)
    await pipeline(createReadStream(lines), createGzip(), createWriteStream(join(made, events), { mode: 0o600 }));
  else await link(lines, join(made, events));
  const isWhole = Object.keys(filter).length === 0;
  if (!isWhole) await link(join(working, OMITTED), join(made, OMITTED));

  const sizes = chain.slice(0, checkpoint.number).map(({ size }) => size);
  const ends: { first?: string; last?: () => string } = {};
  const visit = (_: number, __: Buffer, entry: () => string): void => {
    ends.first ??= entry();
    ends.last = entry;
  };
  const omitted = isWhole ? undefined : join(made, OMITTED);
  const scan = await scanExport({ events: join(made, events), omitted, format, sizes, visit });
  checkAgainst(checkpoint, scan, chain);

  const checkpoints = chainText(links.slice(0, checkpoint.number));
  const { count, ...file } = scan.events;
  const manifest: Manifest = {
    format: 'teampulse-audit-export',
    version: 1,
    workspaceId: folder.workspaceId,
    filter,
    events: count,
    firstPosition: positionIn(ends.first),
    lastPosition: positionIn(ends.last?.()),
    lines: { format: formatName, schemaVersion: format.schemaVersion, columns: [...format.columns] },
    tree: { size: checkpoint.size, root: checkpoint.root },
    checkpoint: { number: checkpoint.number, sha256: sha256(checkpoint.signed) },
    files: {
      events: { name: events, ...file },
      ...(scan.omitted && { omitted: { name: OMITTED, ...scan.omitted } }),
      checkpoints: { name: CHECKPOINTS, bytes: Buffer.byteLength(checkpoints), sha256: sha256(checkpoints) },
    },
    groups: { lines: GROUP_LINES, sha256: [...scan.groups] },
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const signature = detach(await sign(key, Buffer.from(text)));
  await writeFile(join(made, CHECKPOINTS), checkpoints, { mode: 0o600 });
  await writeFile(join(made, MANIFEST), text, { mode: 0o600 });
  await writeFile(join(made, SIGNATURE), `${signature}\n`, { mode: 0o600 });
  for (const name of [events, CHECKPOINTS, MANIFEST, SIGNATURE, '.']) await syncPath(join(made, name));
  return manifest;
}

/** The log is read from its beginning for every export: what was altered since it was signed is found here. */
function checkAgainst(checkpoint: SignedCheckpoint, scan: Scan, chain: readonly SignedCheckpoint[]): void {
  const { tree, roots } = scan;
  if (scan.damaged === undefined && tree.end === checkpoint.size && tree.root().toString('hex') === checkpoint.root)
    return;
  const good = chain.findLast(({ size, root }) => roots.get(size) === root);
  const next = chain.find(({ size }) => size > (good?.size ?? 0));
  throw new AuditFailure(
    `the log is not what checkpoint ${checkpoint.number} of ${checkpoint.time} has signed: it has ${tree.end} events of the ` +
      `workspace where ${checkpoint.size} were signed, and the first difference is among events ${(good?.size ?? 0) + 1} to ${next?.size ?? checkpoint.size}`,
    'keep the log and the checkpoints as they are, and compare with a backup or an earlier export',
    'LOG_ALTERED',
  );
}

function positionIn(entry: string | undefined): string | null {
  return entry === undefined ? null : entrySchema.pick({ position: true }).parse(JSON.parse(entry)).position;
}
