import { beforeEach, describe, expect, test } from 'vitest';

import type { SegmentContext } from '../../shared/seal/compose-segment.ts';
import { toFittingEntry } from '../../shared/seal/compose-segment.ts';
import type { NormalizedMessage } from '../../shared/seal/normalized-message.ts';
import { formatEnvelope } from '../../shared/wire/envelope.ts';
import { UNRECOGNIZED_TYPE, appendEvidence, parseRecord, recordId } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { MemoryHub } from '../fakes/memory-hub.ts';
import { checkTrail } from './check-trail.ts';
import { SealStage, TRAIL, pushBody, pushEnvelope } from './stage.ts';

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

const TOKEN = `ghp_${'aB3x'.repeat(9)}`;

/** More than a leaf holds. */
function manyClaims(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, k) => [`claim${k}`, 'x'.repeat(4_000)]));
}

/** An event as Event Grid writes it to the hub `azure` itself: its own id is all that names the delivery. */
function gridEvent(id: unknown): Buffer {
  const subject = '/subscriptions/s1/resourceGroups/g';
  const eventType = 'Microsoft.Resources.ResourceWriteSuccess';
  return Buffer.from(JSON.stringify({ id, eventType, subject, data: { operationName: 'Microsoft.Web/sites/write' } }));
}

describe('a message of Event Grid whose id is longer than a record may hold', () => {
  test.each([2_048, 2_049, 4_096, 4_097, 60_000, 70_000])(
    'by its %i characters stops its partition, or the index of it, for good',
    async (length) => {
      const hub = new MemoryHub({ name: 'azure', partitions: 1, clock: () => stage.now });
      const envelope = formatEnvelope({ source: 'azure-activity' });
      const published = [gridEvent('x'.repeat(length)), gridEvent('a\ud800b'), gridEvent('innocent')].map((body) => {
        stage.now += 1_000;
        return hub.enqueue('0', body, envelope);
      });
      await stage.sealer({ hub }).sealBatch(published);
      stage.now += 300_000;
      const later = hub.enqueue('0', gridEvent('later'), envelope);
      stage.now += 300_000;
      await stage.sealer({ hub }).sealTail();
      const log = `${TRAIL}/azure/0/0`;
      const messages = [...published, later];
      const { trail, evidence, tables, keys } = stage;
      expect(await checkTrail({ trail, evidence, tables, keys, logs: [{ log, messages }] })).toEqual([]);
      const types = (await stage.records(log)).map(({ type }) => type);
      expect(types).not.toContain(UNRECOGNIZED_TYPE);
      expect(await stage.tables.getProgress(log)).toBe(1);
    },
  );
});

describe('what the sealer adds to a record', () => {
  const enqueued = '2026-11-23T06:00:05.000Z';
  const HASH = '0'.repeat(64);
  const context = (project?: string, role?: string): SegmentContext =>
    ({
      head: {
        log: `${TRAIL}/web/0/0`,
        number: 0,
        to: { sequenceNumber: 6, enqueued },
        configurations: [],
      },
      partition: '0',
      hub: { namespace: 'n', name: 'web', created: enqueued },
      configuration: {
        sha256: HASH,
        from: enqueued,
        projectOf: (source: string) => (source.startsWith('http') ? project : undefined),
      },
      judge: ({ type }: { type: string }) => ({
        authority: { ...(role === undefined || type === UNRECOGNIZED_TYPE ? {} : { role }), basis: 'unknown' },
      }),
    }) as unknown as SegmentContext;
  const raw = {
    message: { sequenceNumber: 7, enqueued, body: Buffer.alloc(0), envelope: 'unparsed' },
    envelope: undefined,
    sha256: HASH,
    size: 3,
    from: 'hub',
    body: Buffer.from('{}'),
  } as const;
  const draft = {
    part: '',
    type: 'indelible.code.push.pushed',
    source: 'https://github.com/octo/repo',
    time: enqueued,
    data: { action: 'push', outcome: 'succeeded', summary: 'somebody pushed' },
  } as const;
  const sealed = (of: SegmentContext, normalized: NormalizedMessage): TrailRecord[] =>
    toFittingEntry(of, raw, normalized).lines.map((line) => {
      const leaf = appendEvidence(line, JSON.stringify({ sha256: HASH, size: 3, missing: 'absent' }));
      const record = parseRecord(JSON.parse(leaf));
      expect(JSON.stringify(record)).toBe(leaf);
      return record;
    });

  test.each<[string, SegmentContext, Partial<NormalizedMessage>]>([
    ['a claim', context(), { envelope: { source: 'github', claims: manyClaims(20) } }],
    ['the normalizer’s name', context(), { normalizer: 'x'.repeat(5_000) }],
    ['a project', context('x'.repeat(5_000)), {}],
    ['a role', context('payments', 'x'.repeat(5_000)), {}],
  ])('makes a leaf that is no record, or nothing at all, where %s is too long for the schema', (_, of, more) => {
    const [record, ...others] = sealed(of, { normalizer: 'github/1', drafts: [draft], ...more });
    expect(others).toEqual([]);
    expect(record?.type).toBe(UNRECOGNIZED_TYPE);
    expect(record?.data.unrecognized?.reason.length).toBeLessThan(300);
    expect(record?.data.collected).toMatchObject({ sequenceNumber: 7, record: 0, of: 1 });
  });

  test.each<[string, Partial<NormalizedMessage>]>([
    ['a delivery', { envelope: { source: 'github' }, delivery: 'x'.repeat(5_000) }],
    ['a delivery that would fill the leaf', { envelope: { source: 'github' }, delivery: 'x'.repeat(70_000) }],
    ['an envelope’s subject', { envelope: { source: 'github', subject: 'x'.repeat(5_000) } }],
    ['an envelope’s source', { envelope: { source: 'x'.repeat(70_000) } }],
  ])('makes a leaf that is no record, or loses the others, where %s is too long', (_, more) => {
    expect(sealed(context(), { normalizer: 'github/1', drafts: [draft], ...more })[0]?.type).toBe(draft.type);
  });

  test('is dropped with what it is of: a message that fits keeps its records', () => {
    const [record] = sealed(context('payments', 'owner'), { normalizer: 'github/1', drafts: [draft] });
    expect(record).toMatchObject({ type: draft.type, data: { project: 'payments', authority: { role: 'owner' } } });
  });
});

describe('a credential that a sender puts into its envelope', () => {
  test('reaches the record, or changes the ids that are computed from it', async () => {
    const delivery = `retry-${TOKEN}`;
    const more = { event: 'push', subject: `password=Hunter2`, function: TOKEN, app: TOKEN };
    stage.put(pushBody('b'), pushEnvelope(delivery, { ...more, claims: { oid: 'O-1', note: [`Bearer ${TOKEN}`] } }));
    await stage.sealer().sealBatch(undefined);
    const leaves = (await stage.segments()).flatMap((segment) => segment.leaves.map(String));
    expect(leaves.join('\n')).not.toMatch(/ghp_|Hunter2/);
    const record = (await stage.records()).find(({ data }) => data.collected !== undefined);
    expect(record?.data.collected?.envelope).toMatchObject({
      source: 'github',
      event: 'push',
      delivery: 'retry-[masked]',
      subject: 'password=[masked]',
      claims: { oid: 'O-1' },
    });
    expect(record?.id).toBe(recordId(['github', delivery, '']));
    expect(await stage.check()).toEqual([]);
  });

  test('makes the envelope longer than a record may hold it', async () => {
    const subject = '://a:b@'.repeat(292);
    stage.put(pushBody('b'), pushEnvelope('d', { subject, claims: { ['://a:b@']: '://a:b@'.repeat(292) } }));
    await stage.sealer().sealBatch(undefined);
    expect(await stage.check()).toEqual([]);
    expect(JSON.stringify(await stage.records())).not.toContain(':b@');
  });
});
