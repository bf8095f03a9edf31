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
  if (mayBeDeep(text) && depthOf(text) > MAX_DEPTH) {
    throw new FormatError('json', `The JSON is nested more than ${MAX_DEPTH} levels deep.`);
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Without the cause: it quotes the text, which may hold a credential, and errors end in logs and records.
    throw new FormatError('json', `The text is not JSON: ${faultOf(text)}.`);
  }
}

/** Text with no more opening brackets than levels are allowed is not too deep; most has a few dozen, and is soon searched. */
function mayBeDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false;
  let brackets = 0;
  for (const bracket of '{[') {
    for (let i = text.indexOf(bracket); i !== -1; i = text.indexOf(bracket, i + 1)) {
      if (++brackets > MAX_DEPTH) return true;
    }
  }
  return false;
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

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** All from the space on but the quote and the backslash. */
const CHARACTERS = /[ !#-[\]-\uffff]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;

/** Index behind what a sticky expression matches at `start`; -1 where it does not. */
function behind(expression: RegExp, text: string, start: number): number {
  expression.lastIndex = start;
  return expression.test(text) ? expression.lastIndex : -1;
}

/**
 * What is wrong with a text that JSON.parse refuses, and where, in characters from 0: of its own messages some quote the text
 * instead of saying where, and all may read differently in the next version. At most {@link MAX_DEPTH} levels deep.
 */
function faultOf(text: string): string {
  const open: string[] = [];
  let expected: 'a value' | 'a name' | '":"' | 'an end' = 'a value';
  let isFirst = false;
  let i = 0;
  for (;;) {
    i = behind(SPACE, text, i);
    const c = text[i];
    const last = open.at(-1);
    if (expected === 'an end' && last === undefined) return `there is more at position ${i}, behind its end`;
    if (c === undefined) return `it ends at position ${i}, where ${saidOf(expected, last)} is expected`;
    const closes = last !== undefined && c === last && (expected === 'an end' || isFirst);
    const opens: boolean = expected === 'a value' && (c === '{' || c === '[');
    let next = i + 1;
    if (closes) {
      open.pop();
      expected = 'an end';
    } else if (opens) {
      open.push(c === '{' ? '}' : ']');
      expected = c === '{' ? 'a name' : 'a value';
    } else if (expected === 'an end' && c === ',') {
      expected = last === '}' ? 'a name' : 'a value';
    } else if (expected === '":"' && c === ':') {
      expected = 'a value';
    } else if (c === '"' && (expected === 'a value' || expected === 'a name')) {
      const fault = faultOfString(text, i);
      if (fault !== undefined) return fault;
      next = endOfString(text, i) + 1;
      expected = expected === 'a name' ? '":"' : 'an end';
    } else {
      const end = expected === 'a value' ? behind(SCALAR, text, i) : -1;
      if (end === -1) return `at position ${i} there is something else than ${saidOf(expected, last)}`;
      next = end;
      expected = 'an end';
    }
    isFirst = opens;
    i = next;
  }
}

function saidOf(expected: string, last: string | undefined): string {
  return expected === 'an end' ? `"," or "${last ?? ''}"` : expected;
}

/** undefined where the string that begins at `start` is whole. */
function faultOfString(text: string, start: number): string | undefined {
  let i = start + 1;
  for (;;) {
    i = behind(CHARACTERS, text, i);
    if (text[i] === '"') return undefined;
    if (i === text.length) return `the string that begins at position ${start} does not end`;
    const escaped = behind(ESCAPE, text, i);
    if (escaped === -1)
      return `the string that begins at position ${start} holds at ${i} what must be escaped otherwise`;
    i = escaped;
  }
}
