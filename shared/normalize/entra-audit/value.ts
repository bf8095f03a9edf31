import { hash } from 'node:crypto';

import { isObject } from '../../wire/json.ts';
import type { Change } from '../../wire/record.ts';
import { cutMasked, isSecretField, maskCredentials, maskedJson } from '../mask.ts';
import { parsedOrUndefined } from '../table-row.ts';

/** JSON text within JSON text: a policy is the text of an object in a list of one, itself a text. */
const DEEPEST_WRAPPING = 4;

/**
 * A value of `modifiedProperties` without its wrapping: `"\"Reader\""` is `Reader`, `"[true]"` is `true`. Undefined for what
 * says nothing: null, empty text, empty list. Numbers stay as they are written, for JSON may hold more digits than we can.
 */
export function unwrap(value: unknown): unknown {
  let current = value;
  for (let depth = 0; depth < DEEPEST_WRAPPING; depth++) {
    if (typeof current === 'string' && /^\s*(?:["[{]|true\s*$|false\s*$|null\s*$)/.test(current)) {
      const parsed = parsedOrUndefined(current);
      if (parsed === undefined) break;
      current = parsed;
    } else if (Array.isArray(current) && current.length === 1) {
      current = current[0];
    } else break;
  }
  if (current === null || current === '' || (Array.isArray(current) && current.length === 0)) return undefined;
  return current;
}

/** Names of properties that say nothing of a change: lists of the others, and what identifies the objects. */
const NO_CHANGE =
  /^(?:Included Updated Properties|Action Client Name|TargetId\..*|ActorId\..*|Actor\..*|MethodExecutionResult\..*)$/i;
/** Change with every edit, or never. */
const NO_FIELD = new Set(['modifieddatetime', 'createddatetime', 'lastmodifieddatetime']);
/** Hold credentials or what they are made of, under names that do not give it away. */
const CREDENTIALS =
  /^(?:keydescription|credential|searchabledevicekey|devicekey|strongauthentication\w*)$|keymaterial/i;
/** Named like a secret, but a time. */
const TIMES = /(?:ValidFrom|DateTime|TimeStamp)$/i;

const MOST_CHANGES = 64;
const DEEPEST_FIELD = 6;
/** Longer values are told by hash and size: two of them side by side would fill the record. */
const LONGEST_VALUE = 1_024;

/** Whether a property is a change at all, rather than the description of one. */
export function isChange(name: string): boolean {
  return !NO_CHANGE.test(name);
}

/** One property as changes: where it is a whole object (a policy), those of its fields that differ, each by its path. */
export function changesOf(field: string, from: unknown, to: unknown): readonly Change[] {
  const changes: Change[] = [];
  walk(field, from, to, 0);
  return changes;

  function walk(path: string, before: unknown, after: unknown, depth: number): void {
    if (changes.length >= MOST_CHANGES || same(before, after)) return;
    const objects = [before, after].filter(isObject);
    const others = [before, after].some((each) => each !== undefined && each !== null && !isObject(each));
    if (objects.length > 0 && !others && depth < DEEPEST_FIELD && !isSecret(path)) {
      for (const name of new Set(objects.flatMap((each) => Object.keys(each)))) {
        if (!NO_FIELD.has(name.toLowerCase())) walk(`${path}.${name}`, own(before, name), own(after, name), depth + 1);
      }
      return;
    }
    const change = changeOf(path, before, after);
    if (change !== undefined) changes.push(change);
  }
}

function own(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function same(before: unknown, after: unknown): boolean {
  return before === after || JSON.stringify(before ?? null) === JSON.stringify(after ?? null);
}

function isSecret(path: string): boolean {
  const field = path.slice(path.lastIndexOf('.') + 1);
  return CREDENTIALS.test(field) || (isSecretField(field) && !TIMES.test(field));
}

function changeOf(path: string, before: unknown, after: unknown): Change | undefined {
  const field = cutMasked(path) || 'unnamed';
  if (isSecret(path)) return { field, masked: true };
  const from = valueOf(before);
  const to = valueOf(after);
  if (from === undefined && to === undefined) return undefined;
  return { field, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function valueOf(value: unknown): Change['from'] {
  const text = textOfValue(value);
  if (text === undefined) return undefined;
  if (text.length <= LONGEST_VALUE) return cutMasked(maskCredentials(text), 'long');
  const bytes = Buffer.from(text);
  return { sha256: hash('sha256', bytes, 'hex'), size: bytes.length };
}

/** A value as one text: lists and objects as JSON without what is secret in them. */
export function textOfValue(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'object' && value !== null ? maskedJson(value) : undefined;
}
