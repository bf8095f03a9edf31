import { hash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { RequestError } from '../../shared/errors.ts';
import { publishEvent, TIME_LIMITS } from '../../shared/publish/publish-event.ts';
import type { CollectedEvent } from '../../shared/publish/publish-event.ts';
import { parseSpilledRequest } from '../../shared/publish/spilled-request.ts';
import { recordId } from '../../shared/wire/record.ts';
import { fakePublishing } from './fake-publishing.ts';
import type { HubMood } from './fake-publishing.ts';

const body = Buffer.from([0x7b, 0x0a, 0xff, 0x00, 0x7d]);
const event: CollectedEvent = {
  source: 'github',
  event: 'push',
  delivery: 'd-1',
  partitionKey: 'octo/repo',
  body,
  authenticated: 'hmac-sha256/current',
  claims: { oid: 'o', roles: ['a', 'b'] },
  function: 'collect-github',
};

describe('publishing one event', () => {
  test('the hub gets the bytes as they came, with who brought them and when beside', async () => {
    const deps = fakePublishing();
    await publishEvent(deps, event);
    expect(deps.publisher.taken).toHaveLength(1);
    expect(deps.publisher.taken[0]?.body).toEqual(body);
    expect(deps.publisher.taken[0]?.partitionKey).toBe('octo/repo');
    expect(deps.publisher.envelopes[0]).toEqual({
      source: 'github',
      event: 'push',
      delivery: 'd-1',
      received: '2026-03-01T12:00:01.000Z',
      app: 'collect',
      function: 'collect-github',
      authenticated: 'hmac-sha256/current',
      claims: { oid: 'o', roles: ['a', 'b'] },
    });
    expect(deps.spill.requests.size + deps.spill.bodies.size).toBe(0);
  });

  test('a body too large for the hub is durable under its hash before the message that names it is published', async () => {
    const deps = fakePublishing();
    deps.publisher.limit = 1_000;
    const large = Buffer.alloc(5_000, 0x61);
    const order: string[] = [];
    deps.spill.onWrite = (name) => order.push(`${name} with ${deps.publisher.taken.length} published`);
    await publishEvent(deps, { ...event, body: large });
    const sha256 = hash('sha256', large, 'hex');
    expect(order).toEqual([`bodies/${sha256} with 0 published`]);
    expect(deps.spill.bodies.get(sha256)).toEqual(large);
    expect(deps.publisher.taken[0]?.body.toString()).toBe(`bodies/${sha256}`);
    expect(deps.publisher.envelopes[0]?.body).toEqual({ sha256, size: 5_000 });
  });

  test.each<[HubMood, number]>([
    ['refuse', 0],
    ['hang', 0],
    ['bug', 0],
    // Taken, but we cannot know: it is spilled besides, and arrives twice rather than never.
    ['takeThenFail', 1],
    ['takeThenHang', 1],
  ])('a hub in the mood "%s" costs no event: the whole message waits in the spill container', async (mood, taken) => {
    const deps = fakePublishing();
    deps.publisher.mood = mood;
    await publishEvent(deps, event);
    expect(deps.publisher.taken).toHaveLength(taken);
    const [name, bytes] = [...deps.spill.requests][0] ?? ['', Buffer.alloc(0)];
    expect(name).toBe('20260301T120002.000Z-00000000-0000-4000-8000-000000000001');
    const { message, envelope } = parseSpilledRequest(bytes);
    expect(message.partitionKey).toBe('octo/repo');
    expect(message.body).toEqual(body);
    expect(envelope.delivery).toBe('d-1');
    expect(envelope.received).toBe('2026-03-01T12:00:01.000Z');
    expect(deps.counted).toEqual(['spilled collect collect-github']);
  });

  test('where a large body was put aside and the hub fails then, what waits names the body instead of holding it again', async () => {
    const deps = fakePublishing();
    deps.publisher.limit = 1_000;
    deps.spill.onWrite = (name) => {
      if (name.startsWith('bodies/')) deps.publisher.mood = 'refuse';
    };
    await publishEvent(deps, { ...event, body: Buffer.alloc(5_000) });
    const { message, envelope } = parseSpilledRequest([...deps.spill.requests.values()][0] ?? Buffer.alloc(0));
    expect(envelope.body?.size).toBe(5_000);
    expect(message.body.toString()).toBe(`bodies/${envelope.body?.sha256}`);
  });

  test('a large body that the spill container does not take is not lost in silence: the whole message is tried, then refused', async () => {
    const deps = fakePublishing();
    deps.publisher.limit = 1_000;
    deps.spill.mood = 'refuse';
    await expect(publishEvent(deps, { ...event, body: Buffer.alloc(5_000) })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(deps.publisher.taken).toHaveLength(0);
  });

  test.each(['refuse', 'hang'] as const)(
    'nothing is acknowledged where hub and spill container (%s) both fail',
    async (mood) => {
      const deps = fakePublishing();
      deps.publisher.mood = 'refuse';
      deps.spill.mood = mood;
      const refusal = await publishEvent(deps, event).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(RequestError);
      expect(refusal).toMatchObject({ code: 'unavailable' });
      expect(deps.spill.requests.size).toBe(0);
      expect(deps.logged.join()).toContain('the hub refuses');
    },
  );

  test('the time limits together leave GitHub its answer within ten seconds', () => {
    expect(TIME_LIMITS.hub + TIME_LIMITS.spill).toBeLessThan(10_000);
  });

  test('spilled requests sort by time and never share a name', async () => {
    const deps = fakePublishing();
    deps.publisher.mood = 'refuse';
    for (const delivery of ['a', 'b', 'c']) await publishEvent(deps, { ...event, delivery });
    const names = [...deps.spill.requests.keys()];
    expect(new Set(names).size).toBe(3);
    expect([...names].sort()).toEqual(names);
  });

  test.each([
    ['a repository name longer than a partition key may be', { partitionKey: `${'a'.repeat(39)}/${'b'.repeat(100)}` }],
    ['an event header of 10,000 characters', { event: 'e'.repeat(10_000) }],
    ['lone surrogates', { event: '\ud800', delivery: '\udfff', partitionKey: '\ud800' }],
    ['an empty body', { body: Buffer.alloc(0) }],
  ])('%s is published all the same', async (_what, odd) => {
    const deps = fakePublishing();
    await publishEvent(deps, { ...event, ...odd });
    expect(deps.publisher.taken).toHaveLength(1);
    expect(deps.publisher.taken[0]?.partitionKey.length).toBeLessThanOrEqual(128);
    expect(deps.publisher.taken[0]?.partitionKey.isWellFormed()).toBe(true);
    expect(deps.publisher.envelopes).toHaveLength(1);
  });

  test('delivery ids too long for the envelope stay apart instead of being cut to the same', async () => {
    const deps = fakePublishing();
    const one = await publishEvent(deps, { ...event, delivery: `${'d'.repeat(3_000)}1` });
    const two = await publishEvent(deps, { ...event, delivery: `${'d'.repeat(3_000)}2` });
    expect(one.id).not.toBe(two.id);
    // The id that was promised is the one that the sealer derives from the envelope.
    expect(deps.publisher.envelopes.map(({ source, delivery = '' }) => recordId([source, delivery, '']))).toEqual([
      one.id,
      two.id,
    ]);
  });
});
