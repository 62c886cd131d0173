/**
 * Writes the lines of an export to its working folder, and goes on there when it was broken off, by kill -9 too.
 *
 * A journal says how far the log has been read and how long the files were then; whatever was written behind that is cut off
 * and written again. Lines depend on the log and on nothing else, so the files of an export that was broken off are those of
 * one that was not.
 */
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { formatPosition, parsePosition } from '../../domain/shared/position.js';
import type { LogPosition } from '../../domain/shared/recorded-event.js';
import { makeFolder } from '../storage/make-folder.js';
import { AuditFailure } from './audit-failure.js';
import { replaceFile } from './durable-file.js';
import { entryText, type EntryPage, type EntrySource, type LogEntry } from './entry.js';
import { FORMAT_NAMES, type ExportFormat } from './formats.js';
import { exportFilterSchema, OMITTED, type ExportFilter } from './manifest.js';
import { leafHash, LeafRange } from './merkle.js';
import { readMetadata } from './metadata.js';

const JOURNAL = 'journal.json';
/** What a kill may cost. */
const JOURNAL_EVERY_MS = 1_000;

export const journalSchema = z.object({
  version: z.literal(1),
  /** What was asked for. Run again with anything else, it would be another export. */
  options: z.object({
    workspaceId: z.string(),
    format: z.enum(FORMAT_NAMES),
    filter: exportFilterSchema,
    gzip: z.boolean(),
  }),
  /** The checkpoint that the export reaches to. */
  checkpoint: z.int(),
  /** Of this export: what the log says about it is said once. */
  exportId: z.string(),
  readTo: z.string().nullable(),
  /** Events of the workspace seen so far. */
  leaves: z.int(),
  /** And written. */
  events: z.int(),
  bytes: z.int(),
  omittedBytes: z.int(),
  /** The events left out since the last one written, as subtrees. */
  gap: z.object({ start: z.int(), nodes: z.array(z.object({ start: z.int(), level: z.int(), hash: z.string() })) }),
});
export type Journal = z.infer<typeof journalSchema>;

/** @returns undefined where no export was begun */
export async function readJournal(folder: string): Promise<Journal | undefined> {
  try {
    return journalSchema.parse(JSON.parse(await readFile(join(folder, JOURNAL), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new AuditFailure(`${folder} holds no export that this version began`, 'remove the folder and run it again', 'OTHER_EXPORT', { cause: error }); // prettier-ignore
  }
}

export async function writeJournal(folder: string, journal: Journal): Promise<void> {
  makeFolder(folder, 0o700);
  await replaceFile(join(folder, JOURNAL), JSON.stringify(journal));
}

/** Reads the log up to a position and writes what the filter lets through. */
export async function writeLines(
  folder: string,
  journal: Journal,
  format: ExportFormat,
  source: EntrySource,
  until: LogPosition,
  onPosition: (position: bigint) => void,
): Promise<void> {
  const readTo = journal.readTo === null ? undefined : parsePosition(journal.readTo);
  if (readTo && readTo.commit >= until.commit) return;
  const writer = await LineWriter.open(folder, journal, format);
  try {
    for await (const page of source(readTo, until)) {
      await writer.write(page);
      onPosition(page.readTo.commit);
    }
    await writer.finish(until);
  } finally {
    await writer.close();
  }
}

class LineWriter {
  #journal: Journal;
  #gap: LeafRange;
  #savedAt = performance.now();
  readonly #passes: (entry: LogEntry) => boolean;

  private constructor(
    private readonly folder: string,
    journal: Journal,
    private readonly format: ExportFormat,
    private readonly events: FileHandle,
    private readonly omitted: FileHandle,
  ) {
    this.#journal = journal;
    const nodes = journal.gap.nodes.map(({ start, level, hash }) => ({ start, level, hash: Buffer.from(hash, 'hex') }));
    this.#gap = new LeafRange(journal.gap.start, nodes, journal.leaves);
    this.#passes = filterOf(journal.options.filter);
  }

  static async open(folder: string, journal: Journal, format: ExportFormat): Promise<LineWriter> {
    const at = async (name: string, bytes: number): Promise<FileHandle> => {
      const handle = await open(join(folder, name), 'a', 0o600);
      await handle.truncate(bytes);
      return handle;
    };
    const writer = new LineWriter(folder, journal, format, await at(format.file, journal.bytes), await at(OMITTED, journal.omittedBytes)); // prettier-ignore
    if (journal.bytes === 0 && format.header !== undefined) await writer.#append(`${format.header}\n`, '', {});
    return writer;
  }

  async write({ entries, readTo }: EntryPage): Promise<void> {
    let lines = '';
    let omitted = '';
    let { leaves, events } = this.#journal;
    for (const entry of entries) {
      if (this.#passes(entry)) {
        omitted += this.#endGap(leaves + 1);
        lines += `${this.format.write(entry)}\n`;
        events++;
      } else {
        this.#gap.append(leafHash(Buffer.from(entryText(entry))));
      }
      leaves++;
    }
    await this.#append(lines, omitted, { leaves, events, readTo: formatPosition(readTo) });
    if (performance.now() - this.#savedAt >= JOURNAL_EVERY_MS) await this.#save();
  }

  async finish(until: LogPosition): Promise<void> {
    await this.#append('', this.#endGap(this.#journal.leaves), { readTo: formatPosition(until) });
    await this.#save();
  }

  async close(): Promise<void> {
    await Promise.all([this.events.close(), this.omitted.close()]);
  }

  /** The lines of the subtrees since the last event that was written; the next gap begins at `next`. */
  #endGap(next: number): string {
    const lines = this.#gap.nodes.map(({ start, level, hash }) => `${JSON.stringify({ leaf: start, level, hash: hash.toString('hex') })}\n`); // prettier-ignore
    this.#gap = new LeafRange(next);
    return lines.join('');
  }

  async #append(lines: string, omitted: string, progress: Partial<Journal>): Promise<void> {
    const [eventBytes, omittedBytes] = [Buffer.from(lines), Buffer.from(omitted)];
    if (eventBytes.length > 0) await this.events.appendFile(eventBytes);
    if (omittedBytes.length > 0) await this.omitted.appendFile(omittedBytes);
    const { bytes, omittedBytes: before } = this.#journal;
    this.#journal = { ...this.#journal, ...progress, bytes: bytes + eventBytes.length, omittedBytes: before + omittedBytes.length }; // prettier-ignore
  }

  /** The lines first, so that a journal never speaks of what a power failure has taken. */
  async #save(): Promise<void> {
    await Promise.all([this.events.datasync(), this.omitted.datasync()]);
    const { start, nodes } = this.#gap;
    const gap = { start, nodes: nodes.map((node) => ({ ...node, hash: node.hash.toString('hex') })) };
    await writeJournal(this.folder, { ...this.#journal, gap });
    this.#savedAt = performance.now();
  }
}

function filterOf({ types, thingId, actorId, from, until }: ExportFilter): (entry: LogEntry) => boolean {
  const wanted = types && new Set(types);
  const [earliest, latest] = [asRecorded(from), asRecorded(until)];
  return (entry) =>
    (!wanted || wanted.has(entry.type)) &&
    (thingId === undefined || entry.stream.endsWith(`-${thingId}`)) &&
    (earliest === undefined || entry.recordedAt >= earliest) &&
    (latest === undefined || entry.recordedAt < latest) &&
    (actorId === undefined || readMetadata(entry.metadata).actor?.id === actorId);
}

/** With the log's seven digits of a second, so that instants compare as text. */
const asRecorded = (instant: string | undefined): string | undefined =>
  instant === undefined ? undefined : `${new Date(instant).toISOString().slice(0, -1)}0000Z`;
