import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { Normalizer, RecordDraft } from '../../shared/normalize/normalizer.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';

/** Rows and records of logs, as the sources that read tables get them. */

export const ENQUEUED = '2026-11-23T08:00:00.000Z';

const FIXTURES = path.join(import.meta.dirname, '../fixtures');

export function fixtureNames(source: string): readonly string[] {
  return readdirSync(path.join(FIXTURES, source)).map((file) => file.replace(/\.json$/, ''));
}

export function fixture(source: string, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path.join(FIXTURES, source, `${name}.json`), 'utf8')) as Record<string, unknown>;
}

/**
 * What a message becomes on its whole way. Under the name of a source that the hub brings whatever the registry says: which
 * hub may bring which source is another test's matter.
 */
export function finished(normalizer: Normalizer, event: string, body: unknown): readonly RecordDraft[] {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const envelope = formatEnvelope({ source: 'azure-activity', event });
  return normalizeMessage('azure', { envelope, body: bytes, enqueued: ENQUEUED }, [
    { ...normalizer, source: 'azure-activity' },
  ]).drafts;
}

/** The one record of a message, without the clock that the hub adds. */
export function only(drafts: readonly RecordDraft[]): RecordDraft {
  const [draft] = drafts;
  if (draft === undefined || drafts.length > 1) throw new Error(`${drafts.length} drafts, not one`);
  return draft;
}

/** Shapes that differ only in how they are written: text for objects, other spellings of the members. */
export function renamed(value: Record<string, unknown>, rename: (name: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [rename(name), each]));
}
