import { hash } from 'node:crypto';

import { expect } from 'vitest';

import { observeAzureActivity } from '../../shared/collect/azure-activity.ts';
import { collectGithub } from '../../shared/collect/github.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { OutgoingMessage } from '../../shared/publish/publisher.ts';
import { toEntry } from '../../shared/seal/compose-segment.ts';
import type { SegmentContext } from '../../shared/seal/compose-segment.ts';
import { formatEnvelope, parseEnvelope } from '../../shared/wire/envelope.ts';
import { formatEvidenceBlob } from '../../shared/wire/log-name.ts';
import { appendEvidence, parseLeafFacts, parseRecord } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { requestOf, sign } from '../collect/requests.ts';
import { fakePublishing } from '../publish/fake-publishing.ts';

/**
 * A payload's way from the sender to its lines in a segment, by the code that runs in production; only the hub between
 * collector and sealer is a list in memory.
 */

/** Later than any time in the payloads: whatever has this time took it from us, not from its source. */
export const RECEIVED = '2099-01-01T00:00:00.000Z';
const ENQUEUED = '2099-01-01T00:00:07.000Z';
const SECRET = 'corpus';

/** As GitHub delivers it: a signed POST with the event's name in a header. */
export async function githubRecords(event: string, body: Buffer): Promise<readonly TrailRecord[]> {
  const app = { ...publishing(), githubSecrets: [SECRET] };
  const request = requestOf(body, {
    'x-github-event': event,
    'x-github-delivery': `delivery-of-${event}`,
    'x-hub-signature-256': sign(SECRET, body),
  });
  const { id } = await collectGithub(app, request);
  const records = sealed('web', body, app.publisher.taken);
  // What the collector answered must be found in the trail under that id.
  if (!records.some((record) => record.id === id)) expect(records.map((record) => record.id)).toContain(id);
  return records;
}

/** As the Event Grid trigger hands it over: one event, parsed by the host. */
export async function triggerRecords(event: unknown): Promise<readonly TrailRecord[]> {
  const app = publishing();
  await observeAzureActivity(app, event);
  return sealed('azure', Buffer.from(JSON.stringify(event)), app.publisher.taken);
}

/** As Event Grid writes it to the hub itself: the bytes, and the one envelope that its subscription is set to. */
export function hubRecords(body: Buffer): readonly TrailRecord[] {
  const envelope = formatEnvelope({ source: 'azure-activity', authenticated: 'event-grid' });
  return sealed('azure', body, [{ partitionKey: 'azure', envelope, body }]);
}

function publishing(): ReturnType<typeof fakePublishing> {
  return { ...fakePublishing(), clock: () => Date.parse(RECEIVED) };
}

const context = {
  head: {
    log: 'audit.example.com/trail/corpus/0/0',
    number: 0,
    to: { sequenceNumber: 6, enqueued: ENQUEUED },
    configurations: [],
  },
  partition: '0',
  hub: { namespace: 'example', name: 'corpus', created: ENQUEUED },
  configuration: { sha256: 'a'.repeat(64), from: ENQUEUED, projectOf: () => 'payments' },
  judge: () => ({ authority: { basis: 'unknown' } }),
} as unknown as SegmentContext;

/** The records of the one message, each read back from the bytes of its leaf. */
function sealed(hub: string, body: Buffer, messages: readonly OutgoingMessage[]): readonly TrailRecord[] {
  const [message] = messages;
  if (message === undefined || messages.length !== 1) throw new Error(`${messages.length} messages were published.`);
  if (!message.body.equals(body)) throw new Error('The published bytes are not those that came.');
  const normalized = normalizeMessage(hub, { ...message, enqueued: ENQUEUED });
  const sha256 = hash('sha256', body, 'hex');
  const raw = {
    message: { sequenceNumber: 7, enqueued: ENQUEUED, body, envelope: message.envelope },
    envelope: parseEnvelope(message.envelope),
    sha256,
    size: body.length,
    from: 'hub' as const,
    body,
  };
  const blob = formatEvidenceBlob(ENQUEUED, sha256);
  const evidence = JSON.stringify({ sha256, size: body.length, blob, offset: 0, length: body.length });
  return toEntry(context, raw, normalized).lines.map((line) => readBack(appendEvidence(line, evidence)));
}

function readBack(line: string): TrailRecord {
  const record = parseRecord(JSON.parse(line));
  if (JSON.stringify(record) !== line) throw new Error(`The leaf is not written in the schema's order: ${line}`);
  parseLeafFacts(Buffer.from(line));
  return record;
}
