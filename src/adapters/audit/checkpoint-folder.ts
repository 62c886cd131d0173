/**
 * The chain of a workspace's checkpoints, outside the database: one small file each, `<folder>/<workspace>/000001.json`, that
 * is never written again. Beside the signed checkpoint stand the subtrees of the Merkle tree as it was, so that the next
 * checkpoint reads only what came after; they are checked against the signed root.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CryptoKey } from 'jose';
import { z } from 'zod';
import { makeFolder } from '../storage/make-folder.js';
import { AuditFailure } from './audit-failure.js';
import {
  chainLinkSchema,
  fromHex,
  openChain,
  openCheckpoint,
  toHex,
  type ChainLink,
  type SignedCheckpoint,
} from './checkpoint.js';
import { createFile } from './durable-file.js';
import { LeafRange, type TreeNode } from './merkle.js';

const FILE = /^\d{6}\.json$/;

const fileSchema = chainLinkSchema.extend({
  /** The perfect subtrees of the tree, from its first leaf on, hexadecimal: one for each bit of its size. */
  subtrees: z.array(z.string()),
});
type CheckpointFile = z.infer<typeof fileSchema>;

export interface StoredChain {
  readonly links: readonly ChainLink[];
  readonly chain: readonly SignedCheckpoint[];
}

/** Where a chain goes on. */
export interface ChainEnd {
  /** Undefined before the first. */
  readonly last: SignedCheckpoint | undefined;
  /** The tree that it signs. */
  readonly tree: LeafRange;
}

export class CheckpointFolder {
  readonly #folder: string;

  constructor(
    folder: string,
    readonly workspaceId: string,
  ) {
    this.#folder = join(folder, workspaceId);
  }

  /** All of it, checked link by link. @throws AuditFailure when it is not whole, or not signed by this key */
  async read(key: CryptoKey): Promise<StoredChain> {
    const links: ChainLink[] = [];
    for (const name of await this.#names()) {
      const { checkpoint, consistency } = await this.#file(name);
      links.push({ checkpoint, consistency });
    }
    const opened = await openChain(key, links);
    if ('broken' in opened) throw this.#broken(opened.broken);
    return { links, chain: opened.chain };
  }

  /** The last one alone: a chain of years is not checked for every checkpoint. @throws AuditFailure */
  async end(key: CryptoKey): Promise<ChainEnd> {
    const name = (await this.#names()).at(-1);
    if (name === undefined) return { last: undefined, tree: new LeafRange(0) };
    const { checkpoint, subtrees } = await this.#file(name);
    const last = await openCheckpoint(key, checkpoint);
    if (!last) throw this.#broken(`${name} is not signed by this key`);
    if (last.workspaceId !== this.workspaceId || fileName(last.number) !== name)
      throw this.#broken(`${name} is another checkpoint`);
    const tree = treeOf(last.size, subtrees);
    if (tree?.root().toString('hex') !== last.root) throw this.#broken(`the subtrees of ${name}`);
    return { last, tree };
  }

  /** @returns false when another process has added this one's number meanwhile */
  async add(number: number, link: ChainLink, tree: LeafRange): Promise<boolean> {
    makeFolder(this.#folder, 0o700);
    const content: CheckpointFile = { ...link, subtrees: toHex(tree.nodes.map(({ hash }) => hash)) };
    return createFile(join(this.#folder, fileName(number)), `${JSON.stringify(content, null, 2)}\n`);
  }

  /** In the chain's order. */
  async #names(): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => FILE.test(name)).toSorted();
  }

  /** One that can't be read is a hole in the chain, and is found as one. */
  async #file(name: string): Promise<CheckpointFile> {
    const content = fileSchema.safeParse(parse(await readFile(join(this.#folder, name), 'utf8')));
    return content.success ? content.data : { checkpoint: '', consistency: [], subtrees: [] };
  }

  #broken(what: string): AuditFailure {
    return new AuditFailure(
      `the checkpoints in ${this.#folder} are not as they were written: ${what}`,
      'restore the folder from where it is copied to; to begin a new chain, move it away, and tell the auditors',
      'CHAIN_BROKEN',
    );
  }
}

const fileName = (number: number): string => `${String(number).padStart(6, '0')}.json`;

/** A tree of `size` leaves has a subtree for each bit of the size, the largest first. */
function treeOf(size: number, subtrees: readonly string[]): LeafRange | undefined {
  const nodes: TreeNode[] = [];
  const hashes = fromHex(subtrees);
  let start = 0;
  for (let level = 52; level >= 0; level--) {
    if (Math.floor(size / 2 ** level) % 2 === 0) continue;
    const hash = hashes[nodes.length];
    if (!hash) return undefined;
    nodes.push({ start, level, hash });
    start += 2 ** level;
  }
  return nodes.length === hashes.length ? new LeafRange(0, nodes, size) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
