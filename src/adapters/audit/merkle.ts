/**
 * The Merkle tree over a log, as RFC 9162 (Certificate Transparency 2.0, 2021), section 2.1, defines it: a leaf is
 * SHA-256(0x00 ‖ entry), a node SHA-256(0x01 ‖ left ‖ right). Built event by event in memory that grows with the logarithm of
 * the log, and so are its proofs. Hashes are 32 bytes.
 */
import { createHash, hash } from 'node:crypto';

export const HASH_BYTES = 32;

const LEAF = 0x00;
const NODE = 0x01;

/** Written over for every node: a buffer of its own for each would cost as much as the hash. */
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, NODE);

/** The hash of an entry of the log. */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + entry.length);
  input[0] = LEAF;
  input.set(entry, 1);
  return hash('sha256', input, 'buffer');
}

/** The same, of bytes that begin with the 0x00 already: without a copy. */
export const prefixedLeafHash = (prefixed: Uint8Array): Buffer => hash('sha256', prefixed, 'buffer');

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return hash('sha256', nodeInput, 'buffer');
}

/** The root of a tree without entries. */
export const emptyRoot = (): Buffer => createHash('sha256').digest();

/** A perfect subtree: 2^level leaves from `index` · 2^level on. */
export interface TreeNode {
  /** Of its first leaf, from 0. */
  readonly start: number;
  readonly level: number;
  readonly hash: Buffer;
}

/**
 * Leaves that follow each other, as the fewest perfect subtrees that hold them all: for a million leaves at most forty.
 * One that begins at 0 is a whole tree.
 */
export class LeafRange {
  readonly #nodes: TreeNode[];
  #end: number;

  /** @param nodes those of a range that ended at `end`, which goes on */
  constructor(
    readonly start: number,
    nodes: readonly TreeNode[] = [],
    end = start,
  ) {
    this.#nodes = [...nodes];
    this.#end = end;
  }

  /** Behind its last leaf. */
  get end(): number {
    return this.#end;
  }

  get nodes(): readonly TreeNode[] {
    return this.#nodes;
  }

  /** Adds a leaf, or a perfect subtree of 2^level of them. @throws RangeError where no such subtree can begin */
  append(added: Buffer, level = 0): void {
    if (this.#end % 2 ** level !== 0) throw new RangeError(`no subtree of level ${level} begins at leaf ${this.#end}`);
    let node: TreeNode = { start: this.#end, level, hash: added };
    this.#end += 2 ** level;
    for (let left = this.#nodes.at(-1); left && isLeftOf(left, node); left = this.#nodes.at(-1)) {
      this.#nodes.pop();
      node = { start: left.start, level: left.level + 1, hash: nodeHash(left.hash, node.hash) };
    }
    this.#nodes.push(node);
  }

  /** Of a range that begins at 0. */
  root(): Buffer {
    return this.#end === 0 ? emptyRoot() : subtreeRoot(this.#nodes, 0, this.#end);
  }
}

const isLeftOf = (left: TreeNode, right: TreeNode): boolean =>
  left.level === right.level && left.start % 2 ** (left.level + 1) === 0;

/** The largest power of two below `size`: where RFC 9162 divides a tree. */
function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

/**
 * The root of the leaves from `start` until `end`, from the subtrees that are known.
 * @throws RangeError when they don't hold these leaves
 */
function subtreeRoot(nodes: readonly TreeNode[], start: number, end: number): Buffer {
  const size = end - start;
  const known = nodes.find((node) => node.start === start && 2 ** node.level === size);
  if (known) return known.hash;
  if (size <= 1) throw new RangeError(`leaf ${start} is not among the known ones`);
  const middle = start + split(size);
  return nodeHash(subtreeRoot(nodes, start, middle), subtreeRoot(nodes, middle, end));
}

/**
 * That the tree of `size` leaves has this leaf: the path from it to the root (RFC 9162, 2.1.3.1).
 * @param before the leaves before it, from 0 on
 * @param after those behind it, to the tree's end
 */
export function inclusionProof(before: LeafRange, after: LeafRange): Buffer[] {
  const nodes = [...before.nodes, ...after.nodes];
  const path: Buffer[] = [];
  const index = before.end;
  for (let start = 0, end = after.end; end - start > 1;) {
    const middle = start + split(end - start);
    if (index < middle) {
      path.push(subtreeRoot(nodes, middle, end));
      end = middle;
    } else {
      path.push(subtreeRoot(nodes, start, middle));
      start = middle;
    }
  }
  return path.toReversed();
}

/** The root that a leaf and its path lead to; undefined when the path is none of this place (RFC 9162, 2.1.3.2). */
export function rootOfPath(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | undefined {
  if (index >= size) return undefined;
  let place = index;
  let last = size - 1;
  let root = leaf;
  for (const step of path) {
    if (last === 0) return undefined;
    if (place % 2 === 1 || place === last) {
      root = nodeHash(step, root);
      while (place % 2 === 0 && place !== 0) {
        place = Math.floor(place / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = nodeHash(root, step);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : undefined;
}

/**
 * That a tree is the beginning of a larger one (RFC 9162, 2.1.4.1). Empty when they are equally large, or the first is empty.
 * @param first the smaller tree
 * @param added the leaves from its end on
 */
export function consistencyProof(first: LeafRange, added: LeafRange): Buffer[] {
  if (first.end === 0 || first.end === added.end) return [];
  const nodes = [...first.nodes, ...added.nodes];
  const proof: Buffer[] = [];
  const collect = (start: number, end: number, isWhole: boolean): void => {
    if (first.end === end) {
      if (!isWhole) proof.push(subtreeRoot(nodes, start, end));
      return;
    }
    const middle = start + split(end - start);
    if (first.end <= middle) {
      collect(start, middle, isWhole);
      proof.push(subtreeRoot(nodes, middle, end));
    } else {
      collect(middle, end, false);
      proof.push(subtreeRoot(nodes, start, middle));
    }
  };
  collect(0, added.end, true);
  return proof;
}

interface SizedRoot {
  readonly size: number;
  readonly root: Buffer;
}

/** Whether a proof shows that the first tree is the beginning of the second (RFC 9162, 2.1.4.2). */
export function isConsistent(first: SizedRoot, second: SizedRoot, proof: readonly Buffer[]): boolean {
  if (first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root);
  if (first.size === 0) return proof.length === 0 && first.root.equals(emptyRoot());
  const isPower = Number.isInteger(Math.log2(first.size));
  const [seed, ...steps] = isPower ? [first.root, ...proof] : proof;
  if (!seed) return false;
  let place = first.size - 1;
  let last = second.size - 1;
  while (place % 2 === 1) {
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  let firstRoot = seed;
  let secondRoot = seed;
  for (const step of steps) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      firstRoot = nodeHash(step, firstRoot);
      secondRoot = nodeHash(step, secondRoot);
      while (place % 2 === 0 && place !== 0) {
        place = Math.floor(place / 2);
        last = Math.floor(last / 2);
      }
    } else {
      secondRoot = nodeHash(secondRoot, step);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && firstRoot.equals(first.root) && secondRoot.equals(second.root);
}
