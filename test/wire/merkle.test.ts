import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FormatError } from '../../shared/errors.ts';
import {
  EMPTY_ROOT,
  GrowingTree,
  frontierLength,
  hashLeaf,
  hashNode,
  proveInclusion,
  rootFromInclusion,
  rootOfFrontier,
} from '../../shared/wire/merkle.ts';
import type { Hash } from '../../shared/wire/merkle.ts';

// Inputs and roots of the reference tests of Certificate Transparency (RFC 6962 section 2.1).
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** The definition of RFC 6962 section 2.1, word by word, to compare with. */
function definedRoot(leaves: readonly Buffer[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return hashLeaf(only);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hashNode(definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k)));
}

function leavesOf(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(`leaf ${i}`));
}

function treeOf(leaves: readonly Buffer[]): GrowingTree {
  const tree = new GrowingTree();
  for (const leaf of leaves) tree.addHash(hashLeaf(leaf));
  return tree;
}

describe('Merkle tree', () => {
  test('roots that differ from the reference vectors of RFC 6962', () => {
    for (const [size, root] of ROOTS.entries()) {
      expect(treeOf(INPUTS.slice(0, size)).root().toString('hex')).toBe(root);
    }
  });

  test('a growing tree whose root strays from the definition at any size', () => {
    const leaves = leavesOf(130);
    for (let size = 0; size <= leaves.length; size++) {
      const tree = treeOf(leaves.slice(0, size));
      expect(tree.root()).toEqual(definedRoot(leaves.slice(0, size)));
      expect(tree.frontier()).toHaveLength(frontierLength(size));
    }
  });

  test('a tree that forgets something when it goes on from its frontier', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (before, after) => {
        const leaves = leavesOf(before + after);
        const first = treeOf(leaves.slice(0, before));
        const next = new GrowingTree(before, first.frontier());
        for (const leaf of leaves.slice(before)) next.addHash(hashLeaf(leaf));
        expect(next.root()).toEqual(definedRoot(leaves));
        expect(rootOfFrontier(next.frontier())).toEqual(next.root());
      }),
      { numRuns: 50 },
    );
  });

  test('a leaf hashed in place that changes the buffer or the hash', () => {
    const buffer = Buffer.from('\nfirst\nsecond\n');
    const before = Buffer.from(buffer);
    const tree = new GrowingTree();
    tree.addLine(buffer, 1, 6);
    tree.addLine(buffer, 7, 13);
    expect(buffer).toEqual(before);
    expect(tree.root()).toEqual(definedRoot([Buffer.from('first'), Buffer.from('second')]));
  });

  test('a frontier that does not fit its size', () => {
    expect(() => new GrowingTree(3, [EMPTY_ROOT])).toThrow(FormatError);
    expect(() => new GrowingTree(-1, [])).toThrow(FormatError);
    expect(() => new GrowingTree(0.5, [])).toThrow(FormatError);
  });

  test('an inclusion proof that does not lead to the root, for every leaf of every segment border', () => {
    for (const size of [1, 2, 3, 5, 8, 13, 33]) {
      const leaves = leavesOf(size);
      const root = definedRoot(leaves);
      for (let first = 0; first < size; first++) {
        const frontier = treeOf(leaves.slice(0, first)).frontier();
        const hashes = leaves.slice(first).map((leaf) => hashLeaf(leaf));
        for (let index = first; index < size; index++) {
          const proof = proveInclusion(index, first, frontier, hashes);
          expect(rootFromInclusion(hashLeaf(leaves[index] as Buffer), index, size, proof)).toEqual(root);
        }
      }
    }
  });

  test('an inclusion proof that holds for another leaf, another index or another length', () => {
    const leaves = leavesOf(11);
    const hashes = leaves.map((leaf) => hashLeaf(leaf));
    const root = definedRoot(leaves);
    const proof = proveInclusion(4, 0, [], hashes);
    expect(rootFromInclusion(hashes[5] as Hash, 4, 11, proof)).not.toEqual(root);
    expect(rootFromInclusion(hashes[4] as Hash, 5, 11, proof)).not.toEqual(root);
    expect(() => rootFromInclusion(hashes[4] as Hash, 4, 11, proof.slice(1))).toThrow(FormatError);
    expect(() => rootFromInclusion(hashes[4] as Hash, 4, 11, [...proof, root])).toThrow(FormatError);
    expect(() => rootFromInclusion(hashes[4] as Hash, 11, 11, proof)).toThrow(FormatError);
    expect(() => proveInclusion(3, 4, treeOf(leaves.slice(0, 4)).frontier(), hashes.slice(4))).toThrow(FormatError);
  });
});
