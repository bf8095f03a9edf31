import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

import { finishDraft, MAX_MESSAGE_CHARACTERS } from '../../shared/normalize/finish-draft.ts';
import { githubNormalizer } from '../../shared/normalize/github.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { categoryOf, parseRecord, recordId, SCHEMA_URI } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { HAS_CORPUS, corpusFiles } from '../corpus/corpus-files.ts';

/** Payloads that other projects wrote down: the npm package of GitHub's examples, and the corpus. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLES = path.join(ROOT, 'node_modules/@octokit/webhooks-examples');

export interface Payload {
  readonly origin: string;
  readonly event: string;
  readonly body: Buffer;
}

interface Examples {
  readonly name: string;
  readonly examples: readonly unknown[];
}

export function examplePayloads(): readonly Payload[] {
  const versions = readdirSync(EXAMPLES, { withFileTypes: true }).filter((each) => each.isDirectory());
  return versions.flatMap(({ name: version }) => {
    const events = JSON.parse(readFileSync(path.join(EXAMPLES, version, 'index.json'), 'utf8')) as readonly Examples[];
    return events.flatMap(({ name, examples }) =>
      examples.map((example, index) => ({
        origin: `${version}/${name}/${index}`,
        event: name,
        body: Buffer.from(JSON.stringify(example)),
      })),
    );
  });
}

/** None on a machine without the corpus; throws where it must be there. */
export function corpusPayloads(): readonly Payload[] {
  if (!HAS_CORPUS) return [];
  return corpusFiles()
    .filter(({ source }) => source === 'github')
    .map(({ file, kind, read }) => ({ origin: file, event: kind.slice('github:'.length), body: read() }));
}

const ENQUEUED = '2026-11-23T19:41:07.123Z';
const HASH = '0'.repeat(64);

/** What the payload gives, finished as every draft is, but without the times that the message adds. */
export function normalize(event: string | undefined, body: Buffer): readonly RecordDraft[] {
  const envelope = { source: 'github', delivery: 'd', ...(event === undefined ? {} : { event }) };
  return githubNormalizer.normalize({ envelope, body, enqueued: ENQUEUED }).map(finished);
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

export function normalizeObject(event: string, payload: unknown): readonly RecordDraft[] {
  return normalize(event, Buffer.from(JSON.stringify(payload)));
}

/** The record that the sealer would make of a draft; throws where the draft does not fit the schema. */
export function recordOf(draft: RecordDraft): TrailRecord {
  return parseRecord({
    specversion: '1.0',
    id: recordId(['github', 'd', draft.part]),
    type: draft.type,
    time: draft.time ?? ENQUEUED,
    source: draft.source,
    ...(draft.subject === undefined ? {} : { subject: draft.subject }),
    dataschema: SCHEMA_URI,
    data: {
      category: categoryOf(draft.type),
      ...draft.data,
      collected: { normalizer: 'github/1', partition: '0', sequenceNumber: 0, enqueued: ENQUEUED, record: 0, of: 1 },
      evidence: { sha256: HASH, size: 1, blob: `2026/11/${HASH}.zst`, offset: 0, length: 1 },
    },
  });
}
