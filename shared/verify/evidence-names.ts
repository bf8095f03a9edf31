/**
 * The evidence blobs that records referred to, for telling those that none does. A trail may have millions: 64 bits of each
 * hash are kept, in one flat table, not the names.
 */
export class EvidenceNames {
  /** Two words a slot; 0, 0 is an empty one. */
  #slots = new Uint32Array(2 * 1024);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  add(name: string): void {
    if (this.#count * 4 >= this.#slots.length) this.#grow();
    const [high, low] = wordsOf(name);
    const slot = this.#find(high, low);
    if (this.#slots[slot] !== 0 || this.#slots[slot + 1] !== 0) return;
    this.#slots[slot] = high;
    this.#slots[slot + 1] = low;
    this.#count++;
  }

  has(name: string): boolean {
    const slot = this.#find(...wordsOf(name));
    return this.#slots[slot] !== 0 || this.#slots[slot + 1] !== 0;
  }

  /** The slot that holds the words, or the empty one where they belong. */
  #find(high: number, low: number): number {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let at = (high ^ low) & mask;
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

/** Of `<yyyy>/<mm>/<sha256>.zst`: the hash's first 62 bits, and the month folded into the last two so that both count. */
function wordsOf(name: string): [number, number] {
  const high = Number.parseInt(name.slice(8, 16), 16) >>> 0;
  const month = Number.parseInt(name.slice(0, 4), 10) * 12 + Number.parseInt(name.slice(5, 7), 10);
  const low = (Number.parseInt(name.slice(16, 24), 16) ^ Math.imul(month, 0x9e3779b1)) >>> 0;
  return [high, low === 0 && high === 0 ? 1 : low];
}
