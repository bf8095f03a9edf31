import { hash } from 'node:crypto';

import { GrowingTree, hashLeaf, hashNode } from '../shared/wire/merkle.ts';
import type { Bench } from './bench.ts';
import { interleave, median, medianRatio } from './interleave.ts';

/** Without the line feed. */
const LEAF_BYTES = 1_024;

/** The leaves of a log and the tree over them, as sealing and verifying hash them. */
export const benchTreeHashing: Bench = async ({ quick }) => {
  const leaves = 2 ** (quick ? 10 : 14);
  // Line feeds lie between the leaves and one in front of them, as in a segment.
  const lines = Buffer.alloc(1 + leaves * (LEAF_BYTES + 1), '\n');
  for (let i = 0; i < leaves; i++) lines.fill(hash('sha256', `leaf ${i}`), startOf(i), startOf(i) + LEAF_BYTES);
  const tree = () => {
    const growing = new GrowingTree();
    for (let i = 0; i < leaves; i++) growing.addLine(lines, startOf(i), startOf(i) + LEAF_BYTES);
    return growing.root();
  };
  if (!tree().equals(rootOf(lines, 0, leaves))) throw new Error('The tree has another root than RFC 6962 says.');
  const once = () => hash('sha256', lines);
  const times = await interleave(quick ? 3 : 25, 'cpu', { once, tree });
  return [
    {
      name: 'leaf and tree hashing',
      ratio: medianRatio(times.once, times.tree),
      target: 0.4,
      divides: `one SHA-256 ÷ leaves and tree over the same bytes, ${LEAF_BYTES} a leaf (CPU)`,
      absolute: {
        'MB/s': lines.length / median(times.tree) / 1_000,
        'MB/s of one SHA-256': lines.length / median(times.once) / 1_000,
      },
    },
  ];
};

function startOf(i: number): number {
  return 1 + i * (LEAF_BYTES + 1);
}

/** Of a number of leaves that is a power of two. */
function rootOf(lines: Buffer, first: number, count: number): Buffer {
  if (count === 1) return hashLeaf(lines.subarray(startOf(first), startOf(first) + LEAF_BYTES));
  return hashNode(rootOf(lines, first, count / 2), rootOf(lines, first + count / 2, count / 2));
}
