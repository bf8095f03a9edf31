import { hash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EvidenceNames } from '../../shared/verify/evidence-names.ts';

const SALT = Buffer.from('sixteen fresh by');
const nameOf = (n: number, month = '2026/11') => `${month}/${hash('sha256', String(n), 'hex')}.zst`;

describe('the names of the evidence that was referred to', () => {
  it('are known, each once, and no others, however many there are', () => {
    const names = new EvidenceNames(SALT);
    for (let n = 0; n < 20_000; n++) {
      names.add(nameOf(n));
      names.add(nameOf(n));
    }
    expect(names.size).toBe(20_000);
    const known = Array.from({ length: 40_000 }, (_, n) => names.has(nameOf(n)));
    expect(known.filter(Boolean)).toHaveLength(20_000);
    expect(known.lastIndexOf(true)).toBe(19_999);
  });

  it('of different months are different', () => {
    const names = new EvidenceNames(SALT);
    names.add(nameOf(1));
    expect(names.has(nameOf(1, '2026/12'))).toBe(false);
    expect(names.has(nameOf(1))).toBe(true);
  });

  it('that were chosen to fall into one place do not take the time of all before them, each', () => {
    const names = new EvidenceNames(SALT);
    for (let n = 0; n < 400_000; n++) {
      const word = Math.imul(n, 0x9e3779b1) >>> 0;
      const hex = word.toString(16).padStart(8, '0');
      names.add(`2026/11/${hex}${hex}${'0'.repeat(48)}.zst`);
    }
    expect(names.size).toBe(400_000);
  });

  it('take anything that a store may list without failing', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const names = new EvidenceNames(SALT);
        for (const text of texts) names.add(text);
        expect(texts.every((text) => names.has(text))).toBe(true);
      }),
    );
  });
});
