/** One pass over the lines of an export: the Merkle tree that they are the leaves of, and what else can be counted on the way. */
import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import type { ExportFormat } from './formats.js';
import { leafHash, LeafRange, prefixedLeafHash } from './merkle.js';
import { LineCursor, LineFile, lineText, type FileFacts } from './read-lines.js';

/** Lines in a group. Each group's hash tells in which of them the first difference is. */
export const GROUP_LINES = 1_000;

export interface ScanRequest {
  readonly events: string;
  readonly format: ExportFormat;
  /** The subtrees of the events that a filter left out; without it the lines are the whole log. */
  readonly omitted?: string | undefined;
  /** Sizes at which the root is wanted, ascending. */
  readonly sizes?: readonly number[];
  readonly onBytes?: (count: number) => void;
  /** Called with every event: its place in the tree, its hash, and what it is hashed from. */
  readonly visit?: (index: number, leaf: Buffer, entry: () => string) => void;
  /** Called with every subtree that was left out. */
  readonly skip?: (level: number, hash: Buffer) => void;
}

export interface Scan {
  readonly events: FileFacts & { readonly count: number };
  readonly omitted: FileFacts | undefined;
  /** Of all events of the workspace, those that were left out included. */
  readonly tree: LeafRange;
  /** By size, hexadecimal; where no subtree that was left out lies across. */
  readonly roots: ReadonlyMap<number, string>;
  /** SHA-256 of the leaf hashes of each group of lines, in hexadecimal. */
  readonly groups: readonly string[];
  /** The first line, from 1, that is none of this format, or no whole line. */
  readonly damaged: number | undefined;
}

const omittedSchema = z.object({
  leaf: z.int().min(0),
  level: z.int().min(0).max(52),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** @throws what reading throws, zlib's errors too */
export async function scanExport(request: ScanRequest): Promise<Scan> {
  const { format, sizes = [], visit, skip } = request;
  const file = new LineFile(request.events, request.onBytes);
  const gaps = request.omitted === undefined ? undefined : new Gaps(new LineFile(request.omitted, request.onBytes));
  const tree = new LeafRange(0);
  const groups = new Groups();
  const roots = new Map<number, string>();
  const wanted = [...sizes].toReversed();
  let line = 0;
  let count = 0;
  let damaged: number | undefined;
  const noteRoot = (): void => {
    for (let size = wanted.at(-1); size !== undefined && size <= tree.end; size = wanted.at(-1)) {
      wanted.pop();
      if (size === tree.end) roots.set(size, tree.root().toString('hex'));
    }
  };
  const fillGap = async (): Promise<void> => {
    for (let gap = await gaps?.at(tree.end); gap; gap = await gaps?.at(tree.end)) {
      tree.append(gap.hash, gap.level);
      skip?.(gap.level, gap.hash);
      noteRoot();
    }
  };
  for await (const lines of file.pages()) {
    for (const prefixed of lines) {
      line++;
      if (line === 1 && format.header !== undefined) {
        if (lineText(prefixed) !== format.header) damaged ??= line;
        continue;
      }
      if (gaps) await fillGap();
      const entry = format.isEntry ? undefined : format.read(lineText(prefixed));
      if (!format.isEntry && entry === undefined) damaged ??= line;
      // A line that is no entry gets a leaf all the same, which is none of the log's.
      const leaf = entry === undefined ? prefixedLeafHash(prefixed) : leafHash(Buffer.from(entry));
      visit?.(tree.end, leaf, () => entry ?? lineText(prefixed));
      tree.append(leaf);
      groups.add(leaf);
      count++;
      noteRoot();
    }
  }
  if (file.rest > 0) damaged ??= line + 1;
  await fillGap();
  if (gaps && !(await gaps.isUsedUp())) damaged ??= line + 1;
  return {
    events: { ...file.facts(), count },
    omitted: gaps?.file.facts(),
    tree,
    roots,
    groups: groups.end(),
    damaged,
  };
}

interface Gap {
  readonly leaf: number;
  readonly level: number;
  readonly hash: Buffer;
}

/** The subtrees that were left out, in their order. */
class Gaps {
  readonly #cursor: LineCursor;
  #next: Gap | undefined;
  #ended = false;

  constructor(readonly file: LineFile) {
    this.#cursor = new LineCursor(file);
  }

  /** The one that begins at this leaf. One that can't be read, or begins elsewhere, is none, and stays. */
  async at(leaf: number): Promise<Gap | undefined> {
    await this.#load();
    const gap = this.#next;
    if (gap?.leaf !== leaf || leaf % 2 ** gap.level !== 0) return undefined;
    this.#next = undefined;
    return gap;
  }

  async isUsedUp(): Promise<boolean> {
    await this.#load();
    const isUsedUp = this.#ended && this.file.rest === 0;
    // To the end, for the hash of the file.
    while (!this.#ended && (await this.#cursor.next())) continue;
    return isUsedUp;
  }

  async #load(): Promise<void> {
    if (this.#next || this.#ended) return;
    const line = await this.#cursor.next();
    if (!line) {
      this.#ended = true;
      return;
    }
    this.#next = gapOf(lineText(line));
  }
}

const NO_GAP: Gap = { leaf: -1, level: 0, hash: Buffer.alloc(0) };

function gapOf(text: string): Gap {
  try {
    const { leaf, level, hash } = omittedSchema.parse(JSON.parse(text));
    return { leaf, level, hash: Buffer.from(hash, 'hex') };
  } catch {
    return NO_GAP;
  }
}

class Groups {
  readonly #groups: string[] = [];
  #hash: Hash = createHash('sha256');
  #lines = 0;

  add(leaf: Buffer): void {
    this.#hash.update(leaf);
    if (++this.#lines === GROUP_LINES) this.#close();
  }

  end(): readonly string[] {
    if (this.#lines > 0) this.#close();
    return this.#groups;
  }

  #close(): void {
    this.#groups.push(this.#hash.digest('hex'));
    this.#hash = createHash('sha256');
    this.#lines = 0;
  }
}
