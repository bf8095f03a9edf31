import { beforeEach, describe, expect, test } from 'vitest';

import { MINUTE, SealStage, configurationOf } from './stage.ts';

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

const ORDER = { log: 'web/0/1', reason: 'the namespace failed over', first: 3 };

describe('generations', () => {
  test('the first one does not say that it is', async () => {
    await stage.sealer().sealBatch(stage.push(1));
    expect((await stage.seals())[0]).toMatchObject({ number: 0, previous: null, opened: { reason: 'first' } });
  });

  test.each([
    ['a batch that begins at 0', 0, 'same'],
    ['a batch whose beginning failed', 2, 'same'],
    ['a process that starts anew', 0, 'new'],
    ['seal-tail', -1, 'same'],
  ])('a hub that was created anew goes on in the old log, seen by %s', async (_, from, which) => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(5));
    const [head] = (await stage.segments()).slice(-1);
    stage.hub.recreate();
    stage.generation = 1;
    const fresh = stage.push(4, 1);
    stage.now += 5 * MINUTE;
    const own = which === 'new' ? stage.sealer() : sealer;
    const sealed = await (from < 0 ? own.sealTail() : own.sealBatch(fresh.slice(from)));
    expect(sealed).toMatchObject({ log: stage.logOf(1), messages: 4, gaps: 0 });
    const [first] = await stage.seals();
    expect(first?.opened?.predecessor).toEqual({ log: stage.logOf(0), checkpoint: head?.checkpointNote });
    expect(first?.from?.sequenceNumber).toBe(0);
    expect(first?.hub?.created).toBe((await stage.hub.properties()).created);
    expect(await stage.check()).toEqual([]);
  });

  test('a hub created anew whose first messages are gone has no gap at its start', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(5));
    stage.hub.recreate();
    stage.generation = 1;
    stage.push(4);
    stage.expire(2, [0, 1]);
    stage.now += 5 * MINUTE;
    expect(await sealer.sealTail()).toMatchObject({ messages: 2, gaps: 1 });
    expect(await stage.check()).toEqual([]);
  });

  test('a hub created anew three times loses a generation', async () => {
    const sealer = stage.sealer();
    for (let generation = 0; generation < 4; generation++) {
      stage.generation = generation;
      await sealer.sealBatch(stage.push(3));
      stage.now += 2 * MINUTE;
      stage.hub.recreate();
    }
    expect(await stage.check()).toEqual([]);
  });

  test('a hub created anew twice, the second time before anything was sealed, is opened for the first time', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(3));
    stage.hub.recreate();
    stage.now += 2 * MINUTE;
    // It finds that a generation is due, and nothing to seal.
    await sealer.sealTail();
    stage.hub.recreate();
    stage.generation = 1;
    stage.now += 2 * MINUTE;
    await sealer.sealBatch(stage.push(3));
    const [first] = await stage.seals();
    const { created } = await stage.hub.properties();
    expect(first?.hub?.created).toBe(created);
    expect(first?.opened?.reason).toContain(created);
    expect(await stage.check()).toEqual([]);
  });

  test('what was sealed before a hub was created anew, and failed before its rows were written, is never tabulated', async () => {
    const failing = stage.sealer({ tabulate: () => Promise.reject(new Error('away')) });
    await expect(failing.sealBatch(stage.push(3))).rejects.toThrow('away');
    stage.hub.recreate();
    stage.generation = 1;
    stage.now += 2 * MINUTE;
    await stage.sealer().sealBatch(stage.push(3));
    expect(await stage.check()).toEqual([]);
  });

  test('numbers used again without a new hub are sealed, or dropped as sealed', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(5));
    const before = stage.trail.names();
    stage.hub.reuseNumbers();
    const again = stage.push(3);
    for (const own of [sealer, stage.sealer()]) {
      await expect(own.sealBatch(again)).rejects.toMatchObject({ name: 'SealError', code: 'sequenceReused' });
    }
    stage.now += 5 * MINUTE;
    for (const own of [sealer, stage.sealer()]) {
      await expect(own.sealTail()).rejects.toMatchObject({ code: 'sequenceReused' });
    }
    // Past the cursor too: the first of them were never sealed.
    const more = stage.push(6);
    await expect(sealer.sealBatch([...again, ...more])).rejects.toMatchObject({ code: 'sequenceReused' });
    expect(stage.trail.names()).toEqual(before);
  });

  test('an operator’s generation does not begin at the number that was ordered, or drops what came before silently', async () => {
    await stage.sealer().sealBatch(stage.push(5));
    const [head] = (await stage.segments()).slice(-1);
    stage.hub.reuseNumbers();
    stage.generation = 1;
    stage.first.set(stage.logOf(), 3);
    const again = stage.push(6);
    stage.configuration = configurationOf({ text: 'two', before: ['one'], generations: [ORDER] });
    expect(await stage.sealer().sealBatch(again)).toMatchObject({ messages: 3, alreadySealed: 3 });
    const [first] = await stage.seals();
    expect(first?.opened).toEqual({
      reason: ORDER.reason,
      predecessor: { log: stage.logOf(0), checkpoint: head?.checkpointNote },
    });
    expect(first?.from?.sequenceNumber).toBe(3);
    await stage.sealer().sealBatch(stage.push(2));
    expect(await stage.check({ notes: ['generationNoted'] })).toEqual([]);
  });

  test('a generation after a lost key forgets where the log ended', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    const [sound] = await stage.segments();
    const [key] = stage.keys;
    stage.signer.rotate();
    stage.signer.setEnabled(key?.sha256 ?? '', false);
    const generations = [{ log: 'web/0/1', reason: 'the key is lost', first: 2 }];
    stage.configuration = configurationOf({ text: 'two', before: ['one'], generations });
    stage.generation = 1;
    await stage.sealer().sealBatch(stage.push(1));
    const [first] = await stage.seals();
    expect(first?.opened?.predecessor).toEqual({ log: stage.logOf(0), checkpoint: sound?.checkpointNote });
  });

  test('an order that skips a number opens a generation all the same', async () => {
    await stage.sealer().sealBatch(stage.push(5));
    const generations = [{ ...ORDER, log: 'web/0/2' }];
    stage.configuration = configurationOf({ text: 'two', before: ['one'], generations });
    await expect(stage.sealer().sealBatch(stage.push(1))).rejects.toMatchObject({ name: 'SettingsError' });
    expect(stage.trail.names('segments/')).toHaveLength(1);
  });

  test('an order that was carried out is carried out again', async () => {
    await stage.sealer().sealBatch(stage.push(3));
    stage.configuration = configurationOf({ text: 'two', before: ['one'], generations: [ORDER] });
    stage.generation = 1;
    stage.first.set(stage.logOf(), 3);
    stage.published.set(stage.logOf(), []);
    await stage.sealer().sealBatch(stage.push(3));
    await stage.sealer().sealBatch(stage.push(3));
    expect(stage.trail.names('segments/')).toHaveLength(3);
    expect(await stage.check({ notes: ['generationNoted'] })).toEqual([]);
  });

  test('a log goes on after its successor was opened', async () => {
    const old = stage.sealer();
    await old.sealBatch(stage.push(3));
    const before = stage.configuration;
    stage.configuration = configurationOf({ text: 'two', before: ['one'], generations: [ORDER] });
    stage.generation = 1;
    stage.first.set(stage.logOf(), 3);
    await stage.sealer().sealBatch(stage.push(2));
    const names = stage.trail.names(`segments/${stage.logOf(0)}/`);
    await expect(old.sealBatch(stage.push(1))).rejects.toMatchObject({ name: 'SealError', code: 'superseded' });
    expect(stage.trail.names(`segments/${stage.logOf(0)}/`)).toEqual(names);
    // The old process now finds the new log, and is refused there for its configuration.
    expect(before.generations).toEqual([]);
    await expect(old.sealBatch(stage.push(1))).rejects.toMatchObject({ code: 'configurationRolledBack' });
    await stage.sealer().sealBatch(undefined);
    expect(await stage.check({ notes: ['generationNoted'], orphans: true })).toEqual([]);
  });
});
