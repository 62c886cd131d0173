import { assert, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  leafHash,
  LeafRange,
  nodeHash,
  rootOfPath,
  emptyRoot,
} from './merkle.js';

/** The leaves and roots of Certificate Transparency's own reference tests (merkletree_test in its repository). */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION = [
  { index: 0, size: 1, path: [] },
  { index: 0, size: 8, path: ['96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'] },
  { index: 5, size: 8, path: ['bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b', 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'] },
  { index: 2, size: 3, path: ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'] },
  { index: 1, size: 5, path: ['6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b'] },
]; // prettier-ignore
const CONSISTENCY = [
  { first: 1, second: 1, proof: [] },
  { first: 1, second: 8, proof: ['96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'] },
  { first: 6, second: 8, proof: ['0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a', 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'] },
  { first: 2, second: 5, proof: ['5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b'] },
]; // prettier-ignore

const hex = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'));
const given = ENTRIES.map((entry) => leafHash(Buffer.from(entry, 'hex')));
const numbered = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => leafHash(Buffer.from(String(index))));

function range(leaves: readonly Buffer[], start: number, end: number): LeafRange {
  const leafRange = new LeafRange(start);
  for (const leaf of leaves.slice(start, end)) leafRange.append(leaf);
  return leafRange;
}

/** The definition of RFC 9162, 2.1.1, word for word. */
function rootByDefinition(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return emptyRoot();
  if (leaves.length === 1 && leaves[0]) return leaves[0];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(rootByDefinition(leaves.slice(0, k)), rootByDefinition(leaves.slice(k)));
}

describe('the Merkle tree', () => {
  it("has the roots of Certificate Transparency's reference tests", () => {
    expect(hex(ROOTS.map((_, index) => range(given, 0, index + 1).root()))).toEqual(ROOTS);
    expect(new LeafRange(0).root().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'); // prettier-ignore
  });

  it('proves that an entry is in it, as they do', () => {
    for (const { index, size, path } of INCLUSION)
      expect(hex(inclusionProof(range(given, 0, index), range(given, index + 1, size)))).toEqual(path);
  });

  it('proves that it is the beginning of a larger one, as they do', () => {
    for (const { first, second, proof } of CONSISTENCY)
      expect(hex(consistencyProof(range(given, 0, first), range(given, first, second)))).toEqual(proof);
  });

  it('is the tree of the definition at every size', () => {
    const leaves = numbered(130);
    for (let size = 0; size <= leaves.length; size++)
      expect(range(leaves, 0, size).root()).toEqual(rootByDefinition(leaves.slice(0, size)));
  });

  it('goes on from the subtrees that were kept', () => {
    const leaves = numbered(100);
    const kept = range(leaves, 0, 37);
    const onwards = new LeafRange(0, kept.nodes, kept.end);
    for (const leaf of leaves.slice(37)) onwards.append(leaf);
    expect(onwards.root()).toEqual(rootByDefinition(leaves));
  });

  it('takes a run of leaves as its subtrees, and refuses a subtree where none begins', () => {
    const leaves = numbered(100);
    const tree = range(leaves, 0, 13);
    for (const { level, hash } of range(leaves, 13, 90).nodes) tree.append(hash, level);
    for (const leaf of leaves.slice(90)) tree.append(leaf);
    expect(tree.root()).toEqual(rootByDefinition(leaves));
    expect(() => range(leaves, 0, 3).append(leafHash(Buffer.from('x')), 1)).toThrow(RangeError);
  });
});

describe('a proof of inclusion', () => {
  const sizes = integer({ min: 1, max: 200 });

  it('leads from every entry of every tree to its root', () => {
    assert(
      property(sizes, nat(), (size, any) => {
        const leaves = numbered(size);
        const index = any % size;
        const path = inclusionProof(range(leaves, 0, index), range(leaves, index + 1, size));
        expect(rootOfPath(leafHash(Buffer.from(String(index))), index, size, path)).toEqual(rootByDefinition(leaves));
      }),
    );
  });

  it('fails with another place, another size, a longer, shorter or altered path', () => {
    assert(
      property(integer({ min: 2, max: 200 }), nat(), nat(), (size, any, other) => {
        const leaves = numbered(size);
        const index = any % size;
        const leaf = leafHash(Buffer.from(String(index)));
        const root = rootByDefinition(leaves).toString('hex');
        const path = inclusionProof(range(leaves, 0, index), range(leaves, index + 1, size));
        const leadsElsewhere = (at: number, of: number, steps: readonly Buffer[]): void =>
          expect(rootOfPath(leaf, at, of, steps)?.toString('hex')).not.toBe(root);
        leadsElsewhere((index + 1 + (other % (size - 1))) % size, size, path);
        leadsElsewhere(index, size, path.slice(1));
        leadsElsewhere(index, size, [...path, leaf]);
        const altered = path.map((step) => Buffer.from(step));
        const step = altered[other % altered.length];
        if (step) step[other % 32] = (step[other % 32] ?? 0) ^ 1;
        leadsElsewhere(index, size, altered);
        expect(rootOfPath(leaf, size, size, path)).toBeUndefined();
      }),
    );
  });
});

describe('a proof of consistency', () => {
  it('holds for every tree and its beginning, and for no other beginning', () => {
    assert(
      property(integer({ min: 0, max: 150 }), integer({ min: 0, max: 150 }), (a, b) => {
        const [first, second] = [Math.min(a, b), Math.max(a, b)];
        const leaves = numbered(second);
        const proof = consistencyProof(range(leaves, 0, first), range(leaves, first, second));
        const smaller = { size: first, root: rootByDefinition(leaves.slice(0, first)) };
        const larger = { size: second, root: rootByDefinition(leaves) };
        expect(isConsistent(smaller, larger, proof)).toBe(true);
        const other = leafHash(Buffer.from('other'));
        // Two equal trees, and the empty one, have nothing to prove.
        const isProper = first > 0 && second > first;
        const wrong = [
          isConsistent({ ...smaller, root: other }, larger, proof),
          isConsistent(smaller, { ...larger, root: other }, proof) && isProper,
          isConsistent(smaller, larger, [...proof, other]),
          isConsistent(larger, smaller, proof) && second > first,
        ];
        expect(wrong).toEqual([false, false, false, false]);
      }),
    );
  });
});
