import { expect, test } from 'vitest';

import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { Normalizer, RecordDraft } from '../../shared/normalize/normalizer.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';

const TOKEN = `ghp_${'aB3x'.repeat(9)}`;
const ADDRESS = 'amqps://audit:hunter2@hub.example';

/** What a message becomes whose normalizer gives this draft, and knows nothing of credentials. */
function finished(draft: RecordDraft): RecordDraft | undefined {
  const normalizer: Normalizer = { source: 'approvals', version: 1, normalize: () => [draft] };
  const message = {
    envelope: formatEnvelope({ source: 'approvals', delivery: 'd' }),
    body: Buffer.from('{}'),
    enqueued: '2026-11-23T06:00:00.000Z',
  };
  return normalizeMessage('decisions', message, [normalizer]).drafts[0];
}

function draftOf(data: Partial<RecordDraft['data']>): RecordDraft {
  return {
    part: '',
    type: 'indelible.infrastructure.resource.written',
    source: 'https://azure.example',
    data: { action: 'write', outcome: 'succeeded', summary: 'Something was written', ...data },
  };
}

test('a credential reaches a record of a source whose normalizer does not look for any', () => {
  const draft = finished({
    ...draftOf({
      summary: `Deployed with ${TOKEN}`,
      target: { kind: 'hub', id: ADDRESS, name: TOKEN },
      changes: [{ field: 'address', from: ADDRESS, to: `${ADDRESS}?sig=abc` }],
      details: { reason: `see ${ADDRESS}`, port: 5671 },
      links: [{ kind: 'build', id: `https://ci.example/1?token=${TOKEN}` }],
    }),
    subject: `builds/${TOKEN}`,
  });
  expect(draft?.type).toBe('indelible.infrastructure.resource.written');
  expect(JSON.stringify(draft)).not.toMatch(/ghp_|hunter2|sig=abc/);
  expect(draft?.subject).toBe('builds/[masked]');
  expect(draft?.data.details).toEqual({ reason: 'see amqps://audit:[masked]@hub.example', port: 5671 });
});

test('a text that grows by its mask becomes too long for the schema, and the message unrecognized', () => {
  const summary = 'x'.repeat(4_096 - 10) + '://a:b1c@d';
  const draft = finished(draftOf({ summary, details: { reason: summary } }));
  expect(draft?.type).not.toBe(UNRECOGNIZED_TYPE);
  expect(JSON.stringify(draft)).not.toContain('b1c');
});

test('the reason why a message is unrecognized quotes a credential from its body', () => {
  const normalizer: Normalizer = {
    source: 'approvals',
    version: 1,
    normalize: () => {
      throw new Error(`cannot read ${TOKEN}`);
    },
  };
  const envelope = formatEnvelope({ source: 'approvals' });
  const message = { envelope, body: Buffer.from('x'), enqueued: '2026-11-23T06:00:00.000Z' };
  const told = JSON.stringify(normalizeMessage('decisions', message, [normalizer]));
  expect(told).toContain('cannot read [masked]');
  expect(told).not.toContain(TOKEN);
});

test.each([
  '/subscriptions/0/resourceGroups/sk-learning-platform-prod-weu',
  '/subscriptions/0/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/sk-production-weu-01',
])('%s, a name of a resource, is taken for a key of an AI provider', (id) => {
  expect(finished(draftOf({ target: { kind: 'resource', id } }))?.data.target?.id).toBe(id);
});
