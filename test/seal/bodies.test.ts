import { hash } from 'node:crypto';

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import { unrecognizedMessage } from '../../shared/normalize/normalize-message.ts';
import { formatEvidenceBlob } from '../../shared/wire/log-name.ts';
import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import { formatFrame } from '../../shared/wire/zstd-frame.ts';
import { SealStage, pushBody, pushEnvelope } from './stage.ts';

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

function sha256Of(bytes: Buffer): string {
  return hash('sha256', bytes, 'hex');
}

function manyDetails(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, k) => [`detail${k}`, 'x'.repeat(60)]));
}

const NEVER = new AbortController().signal;

describe('invariant 5: bodies that came through the spill container', () => {
  const body = pushBody('large', 5);
  const named = { body: { sha256: sha256Of(body), size: body.length } };

  test('a spilled body is not copied to evidence, or joined with what came through the hub', async () => {
    await stage.spill.putBody(sha256Of(body), body, NEVER);
    stage.push(1);
    stage.put(body, pushEnvelope('large', named), { from: 'spill' });
    stage.push(1);
    await stage.sealer().sealBatch(undefined);
    expect(await stage.check()).toEqual([]);
    const own = (await stage.records()).filter(({ data }) => data.collected?.sequenceNumber === 1);
    expect(own).toHaveLength(6);
    expect(own[0]?.data.evidence?.blob).toBe(formatEvidenceBlob('2026-11', sha256Of(body)));
    expect(own[0]?.data.collected?.envelope).not.toHaveProperty('body');
  });

  test('two messages with one spilled body stop each other', async () => {
    await stage.spill.putBody(sha256Of(body), body, NEVER);
    stage.put(body, pushEnvelope('large', named), { from: 'spill' });
    stage.put(body, pushEnvelope('larger', named), { from: 'spill' });
    await stage.sealer().sealBatch(undefined);
    stage.put(body, pushEnvelope('largest', named), { from: 'spill' });
    await stage.sealer().sealBatch(undefined);
    expect(await stage.check()).toEqual([]);
  });

  test.each([
    ['absent', undefined],
    ['otherBytes', Buffer.from('other bytes')],
    ['otherBytes', Buffer.concat([body, Buffer.from(' ')])],
    ['otherBytes', Buffer.alloc(0)],
  ] as const)('a body that is %s stops the partition, or passes as if it were there', async (from, found) => {
    if (found !== undefined) await stage.spill.putBody(sha256Of(body), found, NEVER);
    stage.push(1);
    stage.put(body, pushEnvelope('large', named), { from });
    stage.push(1);
    expect(await stage.sealer().sealBatch(undefined)).toMatchObject({ messages: 3 });
    expect(await stage.check({ notes: ['bodyMissing'] })).toEqual([]);
    const [record] = (await stage.records()).filter(({ data }) => data.collected?.sequenceNumber === 1);
    expect(record?.type).toBe(UNRECOGNIZED_TYPE);
    expect(record?.data.unrecognized?.code).toBe('body');
    expect(record?.data.evidence).toMatchObject({ missing: from, sha256: sha256Of(body) });
  });

  test('a body that arrives whole after it was missing conflicts with the record that said so', async () => {
    stage.put(body, pushEnvelope('large', named), { from: 'absent' });
    await stage.sealer().sealBatch(undefined);
    stage.put(body, pushEnvelope('large'));
    await stage.sealer().sealBatch(undefined);
    const ids = (await stage.records()).filter(({ data }) => data.collected !== undefined).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each([
    ['a time that is none', { received: 'yesterday' }],
    ['half a character', { subject: 'a\ud800b', claims: { ['\udc00']: ['\ud800'] } }],
    ['a name of the prototype', { claims: { constructor: 'x', toString: 'y' } }],
    ['empty texts', { subject: '', event: '', app: '' }],
  ])('a lost body whose envelope holds %s is sealed to a leaf that nobody can parse', async (_, more) => {
    stage.put(body, pushEnvelope('large', { ...named, ...more }), { from: 'absent' });
    stage.push(1);
    expect(await stage.sealer().sealBatch(undefined)).toMatchObject({ messages: 2 });
    expect(await stage.check({ notes: ['bodyMissing'] })).toEqual([]);
  });

  test('a spill container that does not answer makes a body absent', async () => {
    stage.put(body, pushEnvelope('large', named), { from: 'spill' });
    const spilled = { read: () => Promise.reject(new Error('away')) };
    await expect(stage.sealer({ spilled }).sealBatch(undefined)).rejects.toThrow('away');
    expect(stage.trail.names()).toEqual([]);
    await stage.spill.putBody(sha256Of(body), body, NEVER);
    await stage.sealer().sealBatch(undefined);
    expect(await stage.check()).toEqual([]);
  });
});

describe('invariant 5: nothing is dropped silently', () => {
  test('a message of no bytes is not sealed, or shifts the evidence of the others', async () => {
    stage.put(Buffer.alloc(0), pushEnvelope('nothing'));
    await stage.sealer().sealBatch(undefined);
    stage.push(1);
    stage.put(Buffer.alloc(0));
    stage.push(1);
    await stage.sealer().sealBatch(undefined);
    expect(await stage.check()).toEqual([]);
  });

  test('a message that its normalizer does not survive stops the partition', async () => {
    const batch = stage.push(3);
    const deps = stage.deps();
    const poison = stage.sealer({
      normalize: async (hub, raw) => {
        const good = await deps.normalize(hub, raw);
        return good.map((each, k) => {
          const one = raw[k];
          if (one === undefined || one.message.sequenceNumber !== 1) return each;
          const { envelope, enqueued } = one.message;
          return unrecognizedMessage(hub, { envelope, body: one.body, enqueued }, 'It did not end in time.');
        });
      },
    });
    expect(await poison.sealBatch(batch)).toMatchObject({ messages: 3 });
    const [, , record] = await stage.records();
    expect(record?.data.unrecognized).toEqual({ code: 'normalizer', reason: 'It did not end in time.' });
    expect(await stage.check()).toEqual([]);
  });

  test('a normalizer that cannot be had at all makes its messages unrecognized', async () => {
    const batch = stage.push(3);
    const broken = stage.sealer({ normalize: () => Promise.reject(new Error('the package is broken')) });
    await expect(broken.sealBatch(batch)).rejects.toThrow('the package is broken');
    expect(stage.trail.names()).toEqual([]);
  });

  test('an envelope as large as they come gives a record that fits no leaf, and stops the partition', async () => {
    const claims = Object.fromEntries(Array.from({ length: 23 }, (_, k) => [`claim${k}`, '\u00e9'.repeat(1_000)]));
    stage.put(pushBody('x', 1), pushEnvelope('large', { claims }));
    stage.put(Buffer.from('no JSON'), pushEnvelope('large', { claims }));
    stage.put(pushBody('y'), pushEnvelope('z', { claims, body: { sha256: '0'.repeat(64), size: 3 } }), {
      from: 'absent',
      body: Buffer.from('abc'),
    });
    expect(await stage.sealer().sealBatch(undefined)).toMatchObject({ messages: 3 });
    const [, , , body] = await stage.records();
    expect(body?.type).toBe(UNRECOGNIZED_TYPE);
  });

  test.each<readonly [string, object]>([
    ['one record that fits no leaf', { details: manyDetails(2_000) }],
    ['one whose shortening breaks it', { ai: { parameters: { ['']: 'x'.repeat(4_000), ...manyDetails(1_000) } } }],
  ])('a message of %s stops the partition', async (_, data) => {
    stage.push(3);
    const own = stage.deps();
    const sealer = stage.sealer({
      normalize: async (hub, raw) => {
        const [first, second, ...rest] = await own.normalize(hub, raw);
        if (first === undefined || second === undefined) return [];
        const drafts = second.drafts.map((draft) => ({ ...draft, data: { ...draft.data, ...data } }));
        return [first, { ...second, drafts }, ...rest];
      },
    });
    expect(await sealer.sealBatch(undefined)).toMatchObject({ messages: 3 });
    const [, , record] = await stage.records();
    expect(record?.type).toBe(UNRECOGNIZED_TYPE);
    expect(record?.data.collected).toMatchObject({ sequenceNumber: 1, envelope: { delivery: 'delivery-b1' } });
    expect(await stage.check()).toEqual([]);
  });

  test('a message whose envelope is repeated in thousands of records fits no segment, and stops the partition', async () => {
    const claims = Object.fromEntries(Array.from({ length: 22 }, (_, k) => [`claim${k}`, 'c'.repeat(2_000)]));
    stage.push(1);
    stage.put(pushBody('x', 2_000), pushEnvelope('large', { claims }));
    stage.push(1);
    expect(await stage.sealer().sealBatch(undefined)).toMatchObject({ messages: 3 });
    const [, , record] = await stage.records();
    expect(record?.data.unrecognized?.reason).toContain('2001 records');
    expect(await stage.check()).toEqual([]);
  });

  test('whatever may be sent to a hub is sealed to a leaf that is no record in its one form', async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 40, unit: 'binary' }),
      fc.constantFrom('\ud800', '', '__proto__', '"'),
    );
    const envelope = fc.record(
      {
        source: fc.oneof(fc.constantFrom('github', 'reads', 'approvals'), fc.string({ minLength: 1, maxLength: 64 })),
        event: fc.oneof(fc.constantFrom('push', 'ping', 'pull_request'), text),
        delivery: text,
        subject: text,
        received: fc.oneof(fc.constantFrom('2026-11-23T06:00:00Z', 'now'), fc.string({ maxLength: 32 })),
        authenticated: text,
        claims: fc.dictionary(
          fc.string({ maxLength: 20, unit: 'binary' }),
          fc.oneof(text, fc.array(text, { maxLength: 3 })),
        ),
      },
      { requiredKeys: ['source'] },
    );
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc.constantFrom(pushBody('random', 3), pushBody('other'), Buffer.alloc(0), Buffer.from('200'), Buffer.from('{}')),
    );
    const message = fc.record({
      body,
      envelope: fc.oneof(
        { arbitrary: envelope.map((each) => Buffer.from(JSON.stringify(each)).toString('base64url')), weight: 6 },
        { arbitrary: fc.string({ maxLength: 30 }), weight: 1 },
        { arbitrary: fc.constant(undefined), weight: 1 },
      ),
      spill: fc.constantFrom('no', 'no', 'no', 'absent', 'there'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (messages) => {
        const own = await SealStage.open();
        for (const [place, each] of messages.entries()) await publish(own, each, place);
        await own.sealer({ segmentLimits: { leaves: 8, bytes: 1 << 20 } }).sealBatch(undefined);
        expect(await own.check({ notes: ['bodyMissing'] })).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

interface RandomMessage {
  readonly body: Buffer;
  readonly envelope: string | undefined;
  readonly spill: string;
}

/** Spilled where the envelope can be read: only then does it say so. */
async function publish(own: SealStage, message: RandomMessage, place: number): Promise<void> {
  const { envelope, spill } = message;
  if (spill === 'no' || envelope === undefined || !envelope.startsWith('ey')) {
    own.put(message.body, envelope);
    return;
  }
  // Each its own: else another message's body would be there for one that is absent.
  const body = Buffer.concat([message.body, Buffer.from(` ${place}`)]);
  const said = JSON.parse(Buffer.from(envelope, 'base64url').toString()) as object;
  const named = { ...said, body: { sha256: sha256Of(body), size: body.length } };
  if (spill === 'there') await own.spill.putBody(sha256Of(body), body, NEVER);
  const text = Buffer.from(JSON.stringify(named)).toString('base64url');
  own.put(body, text, { from: spill === 'there' ? 'spill' : 'absent' });
}

describe('invariant 3: evidence is never overwritten', () => {
  test('an evidence blob that holds other bytes than its name says is overwritten, or passes as ours', async () => {
    const batch = stage.push(2);
    const joined = Buffer.concat(batch.map(({ body }) => body));
    const name = formatEvidenceBlob('2026-11', sha256Of(joined));
    for (const there of [formatFrame(Buffer.from('other')), Buffer.from('no frame'), Buffer.alloc(0)]) {
      stage.evidence.tamper(name, there);
      await expect(stage.sealer().sealBatch(batch)).rejects.toMatchObject({ name: 'SealError', code: 'foreignBlob' });
      expect(stage.trail.names('segments/')).toEqual([]);
      expect(await stage.evidence.read(name)).toEqual(there);
    }
  });

  test('evidence that was stored by a call that failed afterwards is stored twice, or refused', async () => {
    const batch = stage.push(2);
    const joined = Buffer.concat(batch.map(({ body }) => body));
    await stage.evidence.create(formatEvidenceBlob('2026-11', sha256Of(joined)), formatFrame(joined));
    await stage.sealer().sealBatch(batch);
    expect(await stage.check()).toEqual([]);
  });
});
