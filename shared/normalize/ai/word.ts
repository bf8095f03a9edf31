import { at } from '../read.ts';

/**
 * Payloads of AI carry what people wrote and what was answered. Of them a record takes names, numbers and sizes, and nothing that
 * could be a sentence: a name of a model, a tool or a reason has no spaces, and is ASCII.
 */
const WORD = /^[\x21-\x7e]{1,256}$/;

/** A name that a machine was given; undefined for anything that may be text. */
export function wordAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' && WORD.test(found) ? found : undefined;
}

/** Names, each once, as one text: `stop,length`; undefined where there is none. */
export function joinedWords(values: readonly unknown[]): string | undefined {
  const words = new Set(values.flatMap((value) => wordAt(value) ?? []));
  return words.size === 0 ? undefined : [...words].slice(0, 32).join(',');
}

const LONGEST_LABEL = 128;

/** A name for people, as an app gives it to its agent: one short line. */
export function labelAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' && /^[^\p{Cc}\u2028\u2029]+$/u.test(found) && found.length <= LONGEST_LABEL
    ? found
    : undefined;
}

/** A whole number from 0, also as text: that is how OTLP writes 64-bit integers. */
export function countAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  const count = typeof found === 'string' && /^\d{1,16}$/.test(found) ? Number(found) : found;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/** Names of settings to their values, as far as these are numbers, switches or words; undefined where none is. */
export function settingsOf(
  values: Iterable<readonly [name: string, value: unknown]>,
): Record<string, string | number | boolean> | undefined {
  const settings: Record<string, string | number | boolean> = {};
  let isEmpty = true;
  for (const [name, value] of values) {
    const setting = settingOf(value);
    if (setting === undefined) continue;
    settings[name] = setting;
    isEmpty = false;
  }
  return isEmpty ? undefined : settings;
}

/** A whole number that JSON.parse could not hold (a `seed` of 19 digits) would be another one: left out. */
function settingOf(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : undefined;
  }
  return wordAt(value);
}

/** Methods of the Model Context Protocol by which client and server come to terms: no tool, file or model is touched. */
export function isHandshake(method: string | undefined): boolean {
  return (
    method !== undefined && /^(?:initialize|ping|notifications\/.*|logging\/.*|completion\/.*|.*\/list)$/.test(method)
  );
}

/** Bytes of UTF-8. */
export function sizeOf(text: unknown): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}

/** Scheme and host alone: the path of an address may be a file's name, and its query somebody's question. */
export function hostOf(address: unknown): string | undefined {
  if (typeof address !== 'string' || address.length > 8_192) return undefined;
  return /^(https?:\/\/)(?:[^\s/?#@]*@)?([A-Za-z0-9.-]{1,253}(?::\d{1,5})?)(?:[/?#]|$)/
    .exec(address)
    ?.slice(1)
    .join('')
    .toLowerCase();
}
