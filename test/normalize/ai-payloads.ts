import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { aiNormalizer } from '../../shared/normalize/ai.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';

/** What apps report of AI: our own payloads, in the shapes of those who publish them. */

export const ENQUEUED = '2099-01-01T00:00:07.000Z';
/** Later than any time in the payloads. */
export const RECEIVED = '2099-01-01T00:00:00.000Z';
export const DELIVERY = '["t-1","o-1","reported","id","x"]';
/** Stands wherever a payload holds what a person wrote, what a model answered, or a name: no record may hold it. */
export const CONTENT = 'marmalade';

const FOLDER = path.join(import.meta.dirname, '../fixtures/ai');

interface Fixture {
  readonly form: string;
  readonly body: unknown;
}

export const FIXTURES: readonly string[] = readdirSync(FOLDER)
  .map((file) => file.replace(/\.json$/, ''))
  .sort();

export function fixture(name: string): Fixture {
  return JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8')) as Fixture;
}

/** The bytes that the app would send: text as it is, all else as JSON. */
export function bytesOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** What a message becomes on its whole way. */
export function recordsOf(body: unknown, changes: Partial<Envelope> = {}): readonly RecordDraft[] {
  const envelope = formatEnvelope({
    source: 'ai',
    delivery: DELIVERY,
    received: RECEIVED,
    claims: { oid: 'o-1', name: 'Claims desk', idtyp: 'app', azp: 'app-1' },
    ...changes,
  });
  return normalizeMessage('web', { envelope, body: bytesOf(body), enqueued: ENQUEUED }, [aiNormalizer]).drafts;
}

/** The one record of a body. */
export function recordOf(body: unknown, changes: Partial<Envelope> = {}): RecordDraft {
  const [draft, ...others] = recordsOf(body, changes);
  if (draft === undefined || others.length > 0) throw new Error(`${others.length + 1} records, not one`);
  return draft;
}
