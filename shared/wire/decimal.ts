/**
 * Amounts as records hold them: decimal text, up to 18 digits and six behind the point. Added up exactly, in millionths: as
 * floating-point numbers, ten times 0.10 would not be 1.
 */
const DECIMAL = /^(-?)(\d{1,18})(?:\.(\d{1,6}))?$/;
const PLACES = 6;

/** In millionths; undefined where it is no such text. */
export function parseDecimal(text: string): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const value = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(PLACES, '0'));
  return sign === '-' ? -value : value;
}

/** With two places at least, and no more than are needed. */
function formatDecimal(millionths: bigint): string {
  const sign = millionths < 0n ? '-' : '';
  const digits = (millionths < 0n ? -millionths : millionths).toString().padStart(PLACES + 1, '0');
  const fraction = digits.slice(-PLACES).replace(/0{1,4}$/, '');
  return `${sign}${digits.slice(0, -PLACES)}.${fraction}`;
}

/** Throws RangeError where one of them is no decimal text: parse what comes from outside first. */
export function addDecimals(texts: readonly string[]): string {
  let sum = 0n;
  for (const text of texts) {
    const value = parseDecimal(text);
    if (value === undefined) throw new RangeError('An amount that is no decimal text cannot be added.');
    sum += value;
  }
  return formatDecimal(sum);
}
