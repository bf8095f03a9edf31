import { describe, expect, test } from 'vitest';

import { cutMasked } from '../../shared/normalize/mask.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import type { Normalizer, RecordDraft } from '../../shared/normalize/normalizer.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import type { Envelope } from '../../shared/wire/envelope.ts';
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

test.each([
  'curl -u audit:Hunter2 https://hub.example',
  'curl -sSfuaudit:Hunter2 https://hub.example',
  'curl https://hub.example \\\n  --user "audit:Hunter2"',
  'deploy --password Hunter2 --yes',
  'New-Login -Password "Hunter2 or more"',
  'az login --client-secret Hunter2',
  'password: Hunter2 # of production',
  `hf_${'Hunter2a'.repeat(4)}`,
  `dckr_pat_${'Hunter2-'.repeat(4)}`,
  `glsa_${'Hunter2a'.repeat(4)}_0a1b2c3d`,
  `dop_v1_${'Hunter2a'.repeat(8)}`,
  `figd_${'Hunter2-'.repeat(5)}`,
  `ATATT3xFfGF0${'Hunter2_'.repeat(20)}=0A1B2C3D`,
  `SG.${'Hunter2a'.repeat(3)}.${'Hunter2a'.repeat(5)}`,
  `ya29.${'Hunter2a'.repeat(8)}`,
  'https://hooks.slack.com/services/T00000000/B00000000/Hunter2Hunter2',
  'https://discord.com/api/webhooks/123456789012345678/Hunter2',
  'https://acme.webhook.office.com/webhookb2/Hunter2@b/IncomingWebhook/Hunter2/c',
])('a credential in %j reaches a record', (text) => {
  expect(finished(draftOf({ summary: text }))?.data.summary).toMatch(/\[masked\]/);
  expect(finished(draftOf({ details: { reason: `see:\n${text}` } }))?.data.details?.['reason']).not.toContain(
    'Hunter2',
  );
});

test.each([
  'docker run -u 1000:1000 audit',
  'the token is kept, and so is -i',
  'Adds --password option to the installer',
  'https://github.com/acme/re-token/pull/7 - Token rotation',
  'hf_transformer_model_config_path_name',
  'https://api.github.com/repos/acme/pay/hooks/7',
  'curl --url https://hub.example:8443/x',
])('%j, which holds no credential, is masked', (text) => {
  expect(finished(draftOf({ summary: text }))?.data.summary).toBe(text);
});

test.each([
  ['curl -u a:', 64],
  ['--password ', 64],
  ['-', 64],
  ['-a', 64],
  ['SG.', 64],
  ["--password '", 64],
  ['hooks.slack.com/services/', 64],
  ['password: x # ', 64],
])('a text of %j over and over takes more than linear time', (unit, thousands) => {
  const text = unit.repeat((thousands * 1_024) / unit.length);
  // Once too slow, it would take minutes: the test's own limit tells.
  for (let i = 0; i < 16; i++) expect(cutMasked(`${text}${i}`, 'long').length).toBeLessThanOrEqual(4_096);
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

describe('a credential that the end of a text cuts in half reaches the record', () => {
  // Wherever it lies: one character at a time across every length at which something is cut.
  const across = (most: number, text: (before: string) => string): string[] =>
    Array.from({ length: TOKEN.length + 2 }, (_, i) => text('x'.repeat(Math.max(0, most - TOKEN.length - 8 + i))));
  const sealed = (source: string, hub: string, event: string, body: object, more: Partial<Envelope> = {}): string => {
    const message = {
      envelope: formatEnvelope({ source, event, delivery: 'd', ...more }),
      body: Buffer.from(JSON.stringify(body)),
      enqueued: '2026-11-23T06:00:00.000Z',
    };
    // A part is no member of a record: its id is a hash of it.
    return JSON.stringify(normalizeMessage(hub, message).drafts.map(({ part: _part, ...draft }) => draft));
  };
  const sender = { login: 'mona', id: 1001, type: 'User' };
  const claims = { oid: 'O-1', name: 'Bob' };
  const subject = 'payments~0123abcd-0000-8000-8000-00000000abcd';

  test.each<[string, number, (text: string) => string]>([
    [
      'a title in a summary',
      120,
      (title) => sealed('github', 'web', 'issues', { issue: { number: 1, title }, sender }),
    ],
    ['a title', 512, (title) => sealed('github', 'web', 'issues', { issue: { number: 1, title }, sender })],
    [
      'a body',
      4_096,
      (body) => sealed('github', 'web', 'issues', { action: 'opened', issue: { number: 1, body }, sender }),
    ],
    ['a summary', 512, (ref) => sealed('github', 'web', 'create', { ref, ref_type: 'branch', sender })],
    ['an action', 48, (action) => sealed('github', 'web', 'issues', { action, issue: { number: 1 }, sender })],
    [
      'a commit’s message',
      1_024,
      (message) => sealed('github', 'web', 'push', { ref: 'r', commits: [{ id: 'a'.repeat(40), message }] }),
    ],
    ['a commit’s hash', 12, (id) => sealed('github', 'web', 'push', { ref: 'r', commits: [{ id, message: 'm' }] })],
    ['a hash of a comment', 12, (id) => sealed('github', 'web', 'commit_comment', { comment: { commit_id: id } })],
    ['a status’s hash', 12, (sha) => sealed('github', 'web', 'status', { sha, state: 'success' })],
    [
      'an address',
      2_048,
      (url) => sealed('github', 'web', 'issues', { issue: { number: 1, html_url: `https://x/${url}` }, sender }),
    ],
    [
      'inputs',
      4_096,
      (text) => sealed('github', 'web', 'workflow_dispatch', { workflow: 'w', inputs: { a: text, b: text }, sender }),
    ],
    ['the name of an event', 64, (event) => sealed('github', 'web', event, {})],
    [
      'the name of an operation',
      512,
      (operationName) =>
        sealed('azure-activity', 'azure', '', {
          type: 'Microsoft.Resources.ResourceWriteSuccess',
          data: { operationName, resourceUri: '/subscriptions/1' },
        }),
    ],
    [
      'a resource',
      2_048,
      (name) =>
        sealed('azure-activity', 'azure', '', {
          type: 'Microsoft.Resources.ResourceWriteSuccess',
          data: { resourceUri: `/subscriptions/1/resourceGroups/${name}` },
        }),
    ],
    ['the type of an event', 512, (type) => sealed('azure-activity', 'azure', '', { type, data: {} })],
    [
      'the reason of a vote',
      4_096,
      (reason) => sealed('approvals', 'decisions', 'voted', { verdict: 'reject', reason }, { subject, claims }),
    ],
    ['what was read', 2_048, (key) => sealed('reads', 'reads', 'read', { table: 'ByActor', key, rows: 1 }, { claims })],
  ])('from %s', (_where, most, told) => {
    for (const text of [
      ...across(most, (before) => `${before} ${TOKEN}`),
      ...across(most, (before) => `${before} ${TOKEN} and more of it`),
    ]) {
      // Four characters of the random part, in any case: verbs are lower-case.
      expect(told(text)).not.toMatch(/ghp_?a|aB3x|ab3x/);
    }
  });

  test.each([
    ['title', 120],
    ['title', 512],
    ['resolution_comment', 4_096],
    ['resolution_comment', 64],
  ])('from the %s of an alert, which the payload itself names (%i)', (member, most) => {
    const secret = `Nobody-knows-this-${'form'.repeat(8)}`;
    for (let i = 0; i < secret.length + 2; i++) {
      const text = `${'x'.repeat(Math.max(0, most - secret.length - 8 + i))} ${secret} `;
      const alert = { number: 1, secret, secret_type_display_name: text, [member]: text };
      expect(sealed('github', 'web', 'secret_scanning_alert', { action: 'resolved', alert, sender })).not.toMatch(
        /Nobody|knows|form/,
      );
    }
  });

  test('from behind what is looked at of a text of megabytes', () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'k'.repeat(16_000)}\n-----END PRIVATE KEY-----`;
    for (let i = 0; i < TOKEN.length + 2; i++) {
      // All that is looked at but the end are keys: what is left of it is short, and would have room for the half.
      const text = `${key.repeat(4)}${'.'.repeat(65_536 - 4 * key.length - TOKEN.length - 1 + i)} ${TOKEN} ${'y'.repeat(99_999)}`;
      const cut = cutMasked(text, 'long');
      expect(cut).not.toContain('aB3x');
      expect(cut.endsWith('…[cut]')).toBe(true);
    }
  });
});

test.each([
  '{"password":"Hunter2hunter2"',
  'Hunter2hunter2',
  '{"token": Hunter2hunter2}',
  '{"Hunter2hunter2"}',
  '{"a":"Hunter2hunter2\u0001"}',
  '["\\Hunter2hunter2"]',
])('the reason why %j is no JSON quotes it', (body) => {
  const message = { body: Buffer.from(body), enqueued: '2026-11-23T06:00:00.000Z' };
  for (const [hub, source] of [
    ['web', 'github'],
    ['azure', 'azure-activity'],
  ] as const) {
    const [draft] = normalizeMessage(hub, { ...message, envelope: formatEnvelope({ source, event: 'push' }) }).drafts;
    expect(draft?.data.unrecognized?.code).toBe('json');
    expect(JSON.stringify(draft)).not.toMatch(/hunter/i);
    expect(draft?.data.unrecognized?.reason).toMatch(/position \d+/);
  }
});

test.each([
  '/subscriptions/0/resourceGroups/sk-learning-platform-prod-weu',
  '/subscriptions/0/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/sk-production-weu-01',
])('%s, a name of a resource, is taken for a key of an AI provider', (id) => {
  expect(finished(draftOf({ target: { kind: 'resource', id } }))?.data.target?.id).toBe(id);
});
