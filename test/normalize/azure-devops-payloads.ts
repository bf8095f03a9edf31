import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { azureDevopsNormalizer } from '../../shared/normalize/azure-devops.ts';
import { finishDraft, MAX_MESSAGE_CHARACTERS } from '../../shared/normalize/finish-draft.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { categoryOf, parseRecord, recordId, SCHEMA_URI } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';

/** Made-up payloads in the shapes that Azure DevOps sends, each with the drafts that it must give. */
export interface Fixture {
  readonly event: string;
  readonly payload: Payload;
  readonly drafts: readonly RecordDraft[];
}

export interface Payload {
  readonly [member: string]: unknown;
  readonly resource: Readonly<Record<string, unknown>>;
}

const FOLDER = path.join(import.meta.dirname, '../fixtures/azure-devops');
const ENQUEUED = '2026-11-23T19:41:07.123Z';
const HASH = '0'.repeat(64);

export function fixtureNames(): readonly string[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => file.replace(/\.json$/, ''));
}

export function fixture(name: string): Fixture {
  return JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8')) as Fixture;
}

/** What a body gives, finished as every draft is, but without the times that the message adds. */
export function normalize(body: Buffer | string, event?: string): readonly RecordDraft[] {
  const envelope = { source: 'azure-devops', ...(event === undefined ? {} : { event }) };
  return azureDevopsNormalizer.normalize({ envelope, body: Buffer.from(body), enqueued: ENQUEUED }).map(finished);
}

function finished(draft: RecordDraft): RecordDraft {
  const times = { received: undefined, enqueued: ENQUEUED };
  const { time, data, ...rest } = finishDraft(draft, times, { characters: MAX_MESSAGE_CHARACTERS });
  const { clock: { enqueued: _enqueued, ...stated } = {}, ...told } = data;
  return {
    ...rest,
    ...(draft.time === undefined ? {} : { time }),
    data: { ...told, ...(Object.keys(stated).length === 0 ? {} : { clock: stated }) },
  };
}

export function normalizeObject(payload: unknown): readonly RecordDraft[] {
  return normalize(JSON.stringify(payload));
}

/** The drafts of a fixture whose payload, or whose resource, is changed. */
export function changed(
  name: string,
  resource: Readonly<Record<string, unknown>>,
  payload: Readonly<Record<string, unknown>> = {},
): readonly RecordDraft[] {
  const original = fixture(name).payload;
  return normalizeObject({ ...original, ...payload, resource: { ...original.resource, ...resource } });
}

/** The one draft that there is; throws for none and for more. */
export function only(drafts: readonly RecordDraft[]): RecordDraft {
  const [draft, ...more] = drafts;
  if (draft === undefined || more.length > 0) throw new Error(`There are ${drafts.length} drafts, not one.`);
  return draft;
}

export function message(text: string): Readonly<Record<string, unknown>> {
  return { message: { text, html: text, markdown: text } };
}

export function linked(draft: RecordDraft, kind: string): readonly string[] {
  return (draft.data.links ?? []).filter((each) => each.kind === kind).map(({ id }) => id);
}

export function related(draft: RecordDraft, part: string): readonly string[] {
  return (draft.data.related ?? []).filter((each) => each.part === part).map(({ id }) => id);
}

/** The record that the sealer would make of a draft; throws where the draft does not fit the schema. */
export function recordOf(draft: RecordDraft): TrailRecord {
  return parseRecord({
    specversion: '1.0',
    id: recordId(['azure-devops', 'd', draft.part]),
    type: draft.type,
    time: draft.time ?? ENQUEUED,
    source: draft.source,
    ...(draft.subject === undefined ? {} : { subject: draft.subject }),
    dataschema: SCHEMA_URI,
    data: {
      category: categoryOf(draft.type),
      ...draft.data,
      collected: {
        normalizer: 'azure-devops/1',
        partition: '0',
        sequenceNumber: 0,
        enqueued: ENQUEUED,
        record: 0,
        of: 1,
      },
      evidence: { sha256: HASH, size: 1, blob: `2026/11/${HASH}.zst`, offset: 0, length: 1 },
    },
  });
}
