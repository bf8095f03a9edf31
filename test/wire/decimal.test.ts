import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { addDecimals, parseDecimal } from '../../shared/wire/decimal.ts';

describe('amounts as decimal text', () => {
  test.each([
    [['0.10', '0.20'], '0.30'],
    [['1', '-0.000001'], '0.999999'],
    [['-5.5', '5'], '-0.50'],
    [['999999999999999999', '0.01'], '999999999999999999.01'],
    [[], '0.00'],
  ])('%j add up exactly', (texts, sum) => {
    expect(addDecimals(texts)).toBe(sum);
  });

  test.each(['', '1,5', '1.', '.5', '+1', '1e3', '1.0000001', '1'.repeat(19), 'NaN', ' 1', '0x1'])(
    '%j is none',
    (text) => {
      expect(parseDecimal(text)).toBeUndefined();
      expect(() => addDecimals([text])).toThrow(RangeError);
    },
  );

  test('what was added can be taken away again', () => {
    const amount = fc
      .tuple(fc.maxSafeNat(), fc.nat(999_999))
      .map(([whole, part]) => `${whole}.${String(part).padStart(6, '0')}`);
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(parseDecimal(addDecimals([a, b, `-${b}`]))).toBe(parseDecimal(a));
      }),
    );
  });
});
