import { FormatError } from '../errors.ts';

/** What JSON.parse can return. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json | undefined;
}

/** RFC 8259 sets no limit to nesting; JSON.parse and every recursive reader overflow at some thousands of levels. */
export const MAX_DEPTH = 512;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * Parses bytes from outside: UTF-8 only, at most {@link MAX_DEPTH} levels deep, linear in its input. Throws FormatError
 * `json` with the reason and never another error.
 */
export function parseJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new FormatError('json', 'The bytes are not UTF-8.', { cause });
  }
  return parseJsonText(text);
}

/** As {@link parseJson}, for text. */
export function parseJsonText(text: string): Json {
  if (depthOf(text) > MAX_DEPTH) {
    throw new FormatError('json', `The JSON is nested more than ${MAX_DEPTH} levels deep.`);
  }
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new FormatError(
      'json',
      `The text is not JSON: ${cause instanceof Error ? cause.message.slice(0, 200) : ''}`,
      {
        cause,
      },
    );
  }
}

/** Greatest nesting of brackets outside strings; one pass, no recursion, so that a hostile body cannot overflow the stack. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      i = endOfString(text, i);
    } else if (c === 0x7b || c === 0x5b) {
      if (++depth > deepest) deepest = depth;
    } else if (c === 0x7d || c === 0x5d) {
      depth--;
    }
  }
  return deepest;
}

/** Index of the quote that ends the string which begins at `start`; the text's length where none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    // Each backslash is looked at once per quote behind it, and a quote ends the run: linear in all.
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** True for a JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
