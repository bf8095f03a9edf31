import { hash } from 'node:crypto';

import type { Timestamp } from '../wire/timestamp.ts';

/**
 * Keys of the index, in one place for the writer and every reader. A key is its parts joined by `!`, each part escaped:
 *
 *     ByTarget   PartitionKey  =2Fsubscriptions=2F0f3c=2Fresourcegroups=2Fpayments!2026-11
 *                RowKey        2026-11-23T19:41:07.123Z!<id>!audit.example.com=2Ftrail=2Fweb=2F3=2F0!000000000041!000000104223
 *
 * `=` and two hex digits stand for one byte of UTF-8, as in quoted-printable. Not `%`: Table Storage takes it in a key but
 * decodes it twice wherever a key stands in a URL's path, so that single-entity calls reach another row than they name.
 * No escaped part holds a `!`, so the row keys whose first parts are known are one range.
 */

/** Table Storage: 1 KiB for each key, in UTF-16. */
const MAX_KEY_UNITS = 512;

/** Parts of a partition key that are not a month: 512 less `!2026-11`. */
const MAX_PARTITION_PART = 504;

/**
 * Parts of a row key without a length of their own: at most three (principal, grant, log) stand beside time (24), id (32),
 * two numbers (16 each at most) and six separators: 3 × 136 + 94 = 502.
 */
const MAX_ROW_PART = 136;

// What Table Storage forbids (/ \ # ? and control characters), what has no UTF-8 (lone surrogates), and our own two signs.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const ESCAPED = /[!=/\\#?\u0000-\u001f\u007f-\u009f\p{Cs}]/gu;

/** Two signs that no escaped text holds, so that a cut part never equals one that was not cut. */
const CUT = '=~';
const HASH_DIGITS = 64;

/**
 * A part of a key: escaped, and above `limit` UTF-16 units cut and followed by `=~` and SHA-256 of the whole, in hex. Two
 * different texts never give the same part.
 */
export function escapePart(text: string, limit: number = MAX_KEY_UNITS): string {
  const escaped = text.replaceAll(ESCAPED, escapeCharacter);
  if (escaped.length <= limit) return escaped;
  let end = limit - CUT.length - HASH_DIGITS;
  const last = escaped.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end--; // never through the middle of a surrogate pair
  // The escaped text is hashed: it is well-formed and differs wherever the texts do, lone surrogates included.
  return escaped.slice(0, end) + CUT + hash('sha256', escaped, 'hex');
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  // A lone surrogate is written as the three bytes that UTF-8 would have for its number.
  const bytes =
    code >= 0xd800 ? [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)] : Buffer.from(character);
  let text = '';
  for (const byte of bytes) text += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return text;
}

/** Stands where a record names no project or environment. */
export const NOWHERE = '-';

/** Partition of `Events`: sixteen, so that one busy hour does not fall on one partition. */
export function eventPartition(id: string): string {
  return hash('sha256', id, 'hex').slice(0, 1);
}

export function partitionOf(key: string): string {
  return escapePart(key, MAX_PARTITION_PART);
}

/** `month`: `2026-11`. */
export function monthPartition(key: string, month: string): string {
  return `${partitionOf(key)}!${month}`;
}

export function monthOf(time: Timestamp): string {
  return time.slice(0, 7);
}

/** Azure resource ids mean the same in any case, and Azure's own logs write one resource in several. */
export function targetKey(id: string): string {
  return /^\/(?:subscriptions|providers|tenants)\//i.test(id) ? id.toLowerCase() : id;
}

export function linkKey(kind: string, id: string): string {
  return `${kind}:${targetKey(id)}`;
}

/** A part of a row key that a record brings: principal, grant, request. */
export function rowPart(text: string): string {
  return escapePart(text, MAX_ROW_PART);
}

/** Begins all row keys whose first parts these are, and no others: the range from `rowPrefix(…)` to {@link afterPrefix} of it. */
export function rowPrefix(...parts: readonly string[]): string {
  return parts.map((part) => `${part}!`).join('');
}

/** The first text after all those that begin with `prefix`, which ends in `!`. */
export function afterPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}"`;
}

/** Nine's complement of a time's digits: text order is time descending. Its own inverse. */
export function descending(time: Timestamp): string {
  return time.replaceAll(/\d/g, (digit) => String(9 - Number(digit)));
}

/** Where a record lies: its segment, and the index of its leaf in the whole log. */
export interface Place {
  readonly log: string;
  readonly segment: number;
  readonly index: number;
}

/** What every row key ends with, so that each delivery has rows of its own. Twelve digits, as in the segments' names. */
export function placeKey(place: Place): string {
  return `${rowPart(place.log)}!${digits(place.segment)}!${digits(place.index)}`;
}

function digits(value: number): string {
  return String(value).padStart(12, '0');
}
