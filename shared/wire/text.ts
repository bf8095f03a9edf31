/** Lengths are counted in UTF-16 code units, as JavaScript and Table Storage count them. */
export const TEXT_LIMITS = {
  /** Identifiers and names. */
  name: 512,
  /** URIs: Azure resource ids reach 1,500 characters in practice. */
  uri: 2_048,
  /** Reasons, messages, values before and after a change. */
  long: 4_096,
} as const;

/** What marks a text that was cut; the whole of it is in the evidence. */
const CUT_MARK = '…[cut]';

/** Text that every JSON reader reads alike: lone surrogates replaced (they have no UTF-8), cut and marked above the limit. */
export function cutText(text: string, limit: keyof typeof TEXT_LIMITS | number = 'name'): string {
  const most = typeof limit === 'number' ? limit : TEXT_LIMITS[limit];
  if (text.length <= most) return text.toWellFormed();
  let end = most - CUT_MARK.length;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end--; // never through the middle of a surrogate pair
  return text.slice(0, end).toWellFormed() + CUT_MARK;
}
