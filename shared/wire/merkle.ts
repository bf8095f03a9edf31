import { hash } from 'node:crypto';

import { FormatError } from '../errors.ts';

/**
 * The Merkle tree of RFC 6962 section 2.1 (same as RFC 9162), hashed with SHA-256: a leaf is SHA-256(0x00 ‖ leaf), a
 * node SHA-256(0x01 ‖ left ‖ right). A hash is a Buffer of 32 bytes.
 */
export type Hash = Buffer;

export const HASH_SIZE = 32;

const node = Buffer.alloc(1 + 2 * HASH_SIZE);
node[0] = 0x01;

// Node hands a digest back as 'binary' text more cheaply than as a Buffer; the text is written into a buffer we own.
function digestInto(data: Uint8Array, target: Buffer, offset: number): void {
  target.write(hash('sha256', data, 'binary'), offset, HASH_SIZE, 'binary');
}

/** SHA-256(0x00 ‖ leaf). */
export function hashLeaf(leaf: Uint8Array): Hash {
  const data = Buffer.allocUnsafe(leaf.length + 1);
  data[0] = 0x00;
  data.set(leaf, 1);
  const result = Buffer.allocUnsafe(HASH_SIZE);
  digestInto(data, result, 0);
  return result;
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function hashNode(left: Hash, right: Hash): Hash {
  node.set(left, 1);
  node.set(right, 1 + HASH_SIZE);
  const result = Buffer.allocUnsafe(HASH_SIZE);
  digestInto(node, result, 0);
  return result;
}

/** The root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1). */
export const EMPTY_ROOT: Hash = Buffer.from(hash('sha256', '', 'hex'), 'hex');

/** How many perfect subtrees a tree of `size` leaves falls into: one for each bit set. */
export function frontierLength(size: number): number {
  let length = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) length += rest % 2;
  return length;
}

/** Folds the roots of the perfect subtrees, largest first, to the root of the whole tree. */
export function rootOfFrontier(frontier: readonly Hash[]): Hash {
  let root: Hash | undefined;
  for (let i = frontier.length - 1; i >= 0; i--) {
    const subtree = frontier[i] as Hash;
    root = root === undefined ? subtree : hashNode(subtree, root);
  }
  return root ?? EMPTY_ROOT;
}

/**
 * A tree that grows leaf by leaf and remembers no more than its frontier: the roots of its perfect subtrees, largest
 * first. 53 levels are enough for every size that a JavaScript number counts exactly.
 */
export class GrowingTree {
  #size: number;
  #depth: number;
  readonly #stack = Buffer.allocUnsafe(54 * HASH_SIZE);

  /** `frontier`: of the tree of `size` leaves. Throws FormatError `proof` where their number does not fit the size. */
  constructor(size = 0, frontier: readonly Hash[] = []) {
    if (!Number.isSafeInteger(size) || size < 0 || frontierLength(size) !== frontier.length) {
      throw new FormatError('proof', `A tree of ${size} leaves has not ${frontier.length} perfect subtrees.`);
    }
    this.#size = size;
    this.#depth = frontier.length;
    frontier.forEach((subtree, i) => this.#stack.set(subtree, i * HASH_SIZE));
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Appends the leaf `buffer[start…end)`. The byte before `start` is overwritten with the leaf prefix and put back, so
   * that no leaf is copied to be hashed: `start` is at least 1. Gives the leaf hash's first four bytes, big-endian.
   */
  addLine(buffer: Buffer, start: number, end: number): number {
    const before = buffer[start - 1] as number;
    buffer[start - 1] = 0x00;
    digestInto(buffer.subarray(start - 1, end), this.#stack, this.#depth * HASH_SIZE);
    buffer[start - 1] = before;
    const prefix = this.#stack.readUInt32BE(this.#depth * HASH_SIZE);
    this.#merge();
    return prefix;
  }

  /** Appends a leaf by its hash. */
  addHash(leafHash: Hash): void {
    this.#stack.set(leafHash, this.#depth * HASH_SIZE);
    this.#merge();
  }

  #merge(): void {
    this.#depth++;
    let size = this.#size++;
    while (size % 2 === 1) {
      size = (size - 1) / 2;
      this.#depth--;
      const left = (this.#depth - 1) * HASH_SIZE;
      this.#stack.copy(node, 1, left, left + 2 * HASH_SIZE);
      digestInto(node, this.#stack, left);
    }
  }

  /** Roots of the perfect subtrees, largest first. */
  frontier(): Hash[] {
    return Array.from({ length: this.#depth }, (_, i) =>
      Buffer.from(this.#stack.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE)),
    );
  }

  root(): Hash {
    return rootOfFrontier(this.frontier());
  }
}

/** Largest power of two below `n`; `n` is at least 2. Arithmetic, not bits: sizes may pass 2^31. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * Inclusion proof (RFC 6962 section 2.1.1) of leaf `index` in the tree of `size` leaves, bottom up, where only the
 * frontier of the first `first` leaves and the hashes of the leaves from `first` on are known: what one segment holds.
 * `index` is at least `first`.
 */
export function proveInclusion(
  index: number,
  first: number,
  frontier: readonly Hash[],
  leafHashes: readonly Hash[],
): Hash[] {
  const size = first + leafHashes.length;
  if (!(index >= first && index < size)) {
    throw new FormatError('proof', `Leaf ${index} is not among the leaves ${first} to ${size - 1}.`);
  }
  const known = new Map<string, Hash>();
  let at = 0;
  let rest = first;
  for (const subtree of frontier) {
    const width = largestPower(rest);
    known.set(`${at}+${width}`, subtree);
    at += width;
    rest -= width;
  }
  const rangeHash = (low: number, high: number): Hash => {
    const subtree = known.get(`${low}+${high - low}`);
    if (subtree !== undefined) return subtree;
    if (high - low === 1) {
      const leaf = leafHashes[low - first];
      if (leaf === undefined) throw new FormatError('proof', `The frontier does not cover leaf ${low}.`);
      return leaf;
    }
    const k = split(high - low);
    return hashNode(rangeHash(low, low + k), rangeHash(low + k, high));
  };
  const path = (low: number, high: number): Hash[] => {
    if (high - low === 1) return [];
    const k = split(high - low);
    return index < low + k
      ? [...path(low, low + k), rangeHash(low + k, high)]
      : [...path(low + k, high), rangeHash(low, low + k)];
  };
  return path(0, size);
}

function largestPower(n: number): number {
  let k = 1;
  while (k * 2 <= n) k *= 2;
  return k;
}

/**
 * Recomputes the root from an inclusion proof (RFC 9162 section 2.1.3.2). Throws FormatError `proof` where the proof's
 * length does not fit index and size; whether the root is the right one is the caller's to compare.
 */
export function rootFromInclusion(leafHash: Hash, index: number, size: number, proof: readonly Hash[]): Hash {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new FormatError('proof', `Leaf ${index} cannot be in a tree of ${size} leaves.`);
  }
  let position = index;
  let last = size - 1;
  let root = leafHash;
  for (const sibling of proof) {
    if (last === 0) throw new FormatError('proof', 'The inclusion proof is too long.');
    if (position % 2 === 1 || position === last) {
      root = hashNode(sibling, root);
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = hashNode(root, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new FormatError('proof', 'The inclusion proof is too short.');
  return root;
}
