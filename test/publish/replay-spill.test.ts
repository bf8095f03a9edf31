import { describe, expect, test } from 'vitest';

import { StoreError } from '../../shared/errors.ts';
import { publishEvent } from '../../shared/publish/publish-event.ts';
import { replaySpill } from '../../shared/publish/replay-spill.ts';
import { normalizeMessage } from '../../shared/normalize/normalize-message.ts';
import { fakePublishing } from './fake-publishing.ts';
import type { FakePublishing } from './fake-publishing.ts';

async function spill(
  deps: FakePublishing,
  delivery: string,
  partitionKey = delivery,
  body = Buffer.from('{}'),
): Promise<void> {
  const before = deps.publisher.mood;
  deps.publisher.mood = 'refuse';
  await publishEvent(deps, {
    source: 'github',
    delivery,
    partitionKey,
    body,
    authenticated: 'test',
    function: 'collect-github',
  });
  deps.publisher.mood = before;
}

const deliveries = (deps: FakePublishing): (string | undefined)[] =>
  deps.publisher.envelopes.map(({ delivery }) => delivery);

describe('replaying what was spilled', () => {
  test('brings every request to the hub once, oldest first, and marks each', async () => {
    const deps = fakePublishing();
    for (const delivery of ['a', 'b', 'c']) await spill(deps, delivery);
    expect(await replaySpill(deps)).toEqual({ replayed: 3, corrupt: 0, failed: 0, waiting: 0 });
    expect(deliveries(deps)).toEqual(['a', 'b', 'c']);
    expect(await replaySpill(deps)).toEqual({ replayed: 0, corrupt: 0, failed: 0, waiting: 0 });
    expect(deliveries(deps)).toEqual(['a', 'b', 'c']);
  });

  test('the receipt of the first attempt stays: a replayed event is not a later one', async () => {
    const deps = fakePublishing();
    await spill(deps, 'a');
    await replaySpill(deps);
    expect(deps.publisher.envelopes[0]?.received).toBe('2026-03-01T12:00:01.000Z');
  });

  test('a crash between publishing and marking gives a second delivery with the same id, never a loss', async () => {
    const deps = fakePublishing();
    await spill(deps, 'a');
    deps.spill.onWrite = () => {
      throw new StoreError('unavailable', 'crashed here');
    };
    expect(await replaySpill(deps)).toMatchObject({ replayed: 0, failed: 1 });
    deps.spill.onWrite = () => undefined;
    expect(await replaySpill(deps)).toMatchObject({ replayed: 1, failed: 0 });
    expect(deliveries(deps)).toEqual(['a', 'a']);
    expect(deps.publisher.taken[0]).toEqual(deps.publisher.taken[1]);
  });

  test('a hub that is still down ends the run instead of costing a time limit a request', async () => {
    const deps = fakePublishing();
    for (let i = 0; i < 20; i++) await spill(deps, `d${i}`);
    deps.publisher.mood = 'hang';
    deps.publisher.attempts = 0;
    expect(await replaySpill(deps)).toEqual({ replayed: 0, corrupt: 0, failed: 3, waiting: 17 });
    expect(deps.publisher.attempts).toBe(3);
    deps.publisher.mood = 'accept';
    expect(await replaySpill(deps)).toMatchObject({ replayed: 20 });
  });

  test('messages that the hub refuses for what they are do not block the others', async () => {
    const deps = fakePublishing();
    for (let i = 0; i < 10; i++) await spill(deps, `d${i}`);
    deps.publisher.dislikes = (message) => Number(message.partitionKey.slice(1)) < 5;
    expect(await replaySpill(deps)).toMatchObject({ replayed: 5, failed: 5, waiting: 0 });
    expect(deliveries(deps)).toEqual(['d5', 'd6', 'd7', 'd8', 'd9']);
  });

  test('a message that fails keeps back later ones of its own key, and no others', async () => {
    const deps = fakePublishing();
    await spill(deps, 'a1', 'a');
    await spill(deps, 'b1', 'b');
    await spill(deps, 'a2', 'a');
    deps.publisher.dislikes = (message) => message.partitionKey === 'a';
    expect(await replaySpill(deps)).toEqual({ replayed: 1, corrupt: 0, failed: 1, waiting: 1 });
    deps.publisher.dislikes = () => false;
    await replaySpill(deps);
    expect(deliveries(deps)).toEqual(['b1', 'a1', 'a2']);
  });

  test.each([
    ['empty', Buffer.alloc(0)],
    ['without a line end', Buffer.from('{"partitionKey":"a"}')],
    ['not JSON', Buffer.from('{"partitionKey":\n{}')],
    ['no object', Buffer.from('[]\n{}')],
    ['without partition key', Buffer.from('{"envelope":"eyJzb3VyY2UiOiJnaXRodWIifQ"}\n{}')],
    ['with an envelope that is none', Buffer.from('{"partitionKey":"a","envelope":"!!"}\n{}')],
    ['with a prototype', Buffer.from('{"__proto__":{"partitionKey":"a","envelope":"e30"}}\n{}')],
    ['nested 100,000 deep', Buffer.from('['.repeat(100_000))],
  ])(
    'a request that is %s is reported, sealed as unrecognized with its bytes, and does not block the next',
    async (_what, bytes) => {
      const deps = fakePublishing();
      deps.spill.requests.set('0-first', bytes);
      await spill(deps, 'good');
      expect(await replaySpill(deps)).toEqual({ replayed: 2, corrupt: 1, failed: 0, waiting: 0 });
      expect(deps.counted).toContain('corruptSpill collect');
      const [corrupt, good] = deps.publisher.taken;
      expect(corrupt?.body).toEqual(bytes);
      const sealed = normalizeMessage('web', {
        envelope: corrupt?.envelope,
        body: corrupt?.body ?? Buffer.alloc(0),
        enqueued: '2026-03-01T13:00:00.000Z',
      });
      expect(sealed.drafts.map((draft) => draft.data.unrecognized?.code)).toEqual(['source']);
      expect(sealed.envelope?.subject).toBe('requests/0-first');
      expect(good?.partitionKey).toBe('good');
      expect(await replaySpill(deps)).toMatchObject({ replayed: 0 });
    },
  );

  test('a request whose body is too large for the hub goes through bodies/', async () => {
    const deps = fakePublishing();
    await spill(deps, 'large', 'k', Buffer.alloc(5_000, 0x62));
    deps.publisher.limit = 1_000;
    expect(await replaySpill(deps)).toMatchObject({ replayed: 1 });
    const reference = deps.publisher.envelopes[0]?.body;
    expect(deps.spill.bodies.get(reference?.sha256 ?? '')).toEqual(Buffer.alloc(5_000, 0x62));
  });

  test('a request that the lifecycle rule removed while it was listed is passed over', async () => {
    const deps = fakePublishing();
    await spill(deps, 'a');
    deps.spill.getRequest = async () => undefined;
    expect(await replaySpill(deps)).toEqual({ replayed: 0, corrupt: 0, failed: 0, waiting: 0 });
  });
});
