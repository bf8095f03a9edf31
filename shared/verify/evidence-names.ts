import { hash } from 'node:crypto';

/**
 * The evidence blobs that records referred to, for telling those that none does. A trail may have millions: 64 bits of each
 * name's hash are kept, in one flat table, not the names.
 */
export class EvidenceNames {
  readonly #prefix: string;
  /** Two words a slot; 0, 0 is an empty one. */
  #slots = new Uint32Array(2 * 1024);
  #count = 0;

  /**
   * `salt`: at least 16 bytes that nobody knew before this run. Names are hashes that whoever writes a blob can choose: without
   * the salt, they could all be made to fall into one place of the table, where each takes the time of all before it.
   */
  constructor(salt: Uint8Array) {
    this.#prefix = Buffer.from(salt).toString('hex');
  }

  get size(): number {
    return this.#count;
  }

  add(name: string): void {
    if (this.#count * 4 >= this.#slots.length) this.#grow();
    const [high, low] = this.#wordsOf(name);
    const slot = this.#find(high, low);
    if (this.#slots[slot] !== 0 || this.#slots[slot + 1] !== 0) return;
    this.#slots[slot] = high;
    this.#slots[slot + 1] = low;
    this.#count++;
  }

  has(name: string): boolean {
    const slot = this.#find(...this.#wordsOf(name));
    return this.#slots[slot] !== 0 || this.#slots[slot + 1] !== 0;
  }

  #wordsOf(name: string): [number, number] {
    const digest = hash('sha256', this.#prefix + name, 'buffer');
    const high = digest.readUInt32LE(0);
    const low = digest.readUInt32LE(4);
    return [high, low === 0 && high === 0 ? 1 : low];
  }

  /** The slot that holds the words, or the empty one where they belong. */
  #find(high: number, low: number): number {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let at = low & mask;
    while ((slots[2 * at] !== high || slots[2 * at + 1] !== low) && (slots[2 * at] !== 0 || slots[2 * at + 1] !== 0)) {
      at = (at + 1) & mask;
    }
    return 2 * at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      const high = old[i] as number;
      const low = old[i + 1] as number;
      if (high === 0 && low === 0) continue;
      const slot = this.#find(high, low);
      this.#slots[slot] = high;
      this.#slots[slot + 1] = low;
    }
  }
}
