import { beforeEach, describe, expect, test } from 'vitest';

import { StoreError } from '../../shared/errors.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';
import { formatFrame } from '../../shared/wire/zstd-frame.ts';
import { message, TrailBuilder } from '../fixtures/trail-builder.ts';
import { MemorySigner } from '../fakes/memory-signer.ts';
import { FaultPlan, withFaults } from '../fakes/faults.ts';
import { SealStage, TRAIL, configurationOf } from './stage.ts';

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

/** What the next sealer of the partition writes, without its being written. */
async function nextSegment(of: SealStage, commits = 0): Promise<Buffer> {
  const trail = of.trail.copy();
  const number = (await of.segments()).length;
  await of.sealer({ trail, tabulate: () => Promise.resolve() }).sealBatch(of.push(2, commits));
  return (await trail.read(of.segmentBlob(number))) ?? Buffer.alloc(0);
}

/** Blobs that are not the segment that belongs there, by what they are. */
const FOREIGN: readonly (readonly [string, (stage: SealStage) => Promise<Buffer>])[] = [
  ['bytes that are no frame', () => Promise.resolve(Buffer.from('no segment'))],
  ['no bytes', () => Promise.resolve(Buffer.alloc(0))],
  ['a frame of no segment', () => Promise.resolve(formatFrame(Buffer.from('{"a":1}\n{"b":2}\n')))],
  [
    'a valid segment of another log',
    async (own) => {
      const other = await SealStage.open();
      const trail = other.trail;
      await own.sealer({ trail, tabulate: () => Promise.resolve() }, '1').sealBatch(own.push(1, 0, '1'));
      return (await trail.read(own.segmentBlob(0, own.logOf(0, '1')))) ?? Buffer.alloc(0);
    },
  ],
  [
    'the valid segment before it, once more',
    async (own) => (await own.trail.read(own.segmentBlob(0))) ?? Buffer.alloc(0),
  ],
  [
    'the next segment, signed by another key',
    async (own) => {
      const builder = new TrailBuilder(TRAIL);
      const log = builder.log('web', '0', 0);
      log.segment([message('a')]).segment([message('b')]);
      return (await builder.trail.read(own.segmentBlob(1))) ?? Buffer.alloc(0);
    },
  ],
  [
    'the next segment on our head, with another key’s signature under our key’s name',
    async (own) => {
      const stranger = new MemorySigner();
      const { sha256 } = await stranger.newest();
      const signer = {
        newest: () => own.signer.newest(),
        publicKey: (asked: string) => own.signer.publicKey(asked),
        sign: (_: string, text: Buffer) => stranger.sign(sha256, text),
      };
      const trail = own.trail.copy();
      await own.sealer({ trail, signer, tabulate: () => Promise.resolve() }).sealBatch(own.push(1));
      return (await trail.read(own.segmentBlob(1))) ?? Buffer.alloc(0);
    },
  ],
  [
    'a fork of ours: our key over the same leaves once more, and the next segment on that',
    async (own) => {
      const fork = Object.assign(await SealStage.open(), { signer: own.signer });
      await fork.sealer().sealBatch(fork.push(2));
      return nextSegment(fork);
    },
  ],
  [
    'a fork of ours: our key over other leaves, on another predecessor',
    async (own) => {
      const fork = Object.assign(await SealStage.open(), { signer: own.signer });
      await fork.sealer().sealBatch(fork.push(3, 1));
      return nextSegment(fork);
    },
  ],
];

describe('invariant 3: a foreign blob where the next segment belongs', () => {
  test.each(FOREIGN)('%s is overwritten, or sealed upon by a sealer that meets it', async (_, make) => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(2));
    const bytes = await make(stage);
    const name = stage.segmentBlob(1);
    stage.trail.tamper(name, bytes);
    const before = stage.trail.names();
    const batch = stage.push(2);
    await expect(sealer.sealBatch(batch)).rejects.toMatchObject({ name: 'SealError', code: 'foreignBlob' });
    // And a process that starts anew, which takes it for the head.
    await expect(stage.sealer().sealBatch(batch)).rejects.toMatchObject({ name: 'SealError' });
    await expect(stage.sealer().sealTail()).rejects.toMatchObject({ name: 'SealError' });
    expect(stage.trail.names()).toEqual(before);
    expect(await stage.trail.read(name)).toEqual(bytes);
  });

  test.each(FOREIGN)(
    'after %s no operator’s generation goes on, or it forgets where the log ended',
    async (_, make) => {
      await stage.sealer().sealBatch(stage.push(2));
      const [sound] = await stage.segments();
      stage.trail.tamper(stage.segmentBlob(1), await make(stage));
      const sealed = stage.published.get(stage.logOf())?.length ?? 0;
      const first = 2;
      const generations = [{ log: 'web/0/1', reason: 'a foreign blob', first }];
      stage.configuration = configurationOf({ text: 'two', before: ['one'], generations });
      const sealer = stage.sealer();
      const batch = stage.push(3);
      await sealer.sealBatch(batch);
      await stage.sealer().sealBatch(stage.push(1));
      const seals = await stage.seals(stage.logOf(1));
      expect(seals[0]?.opened).toEqual({
        reason: 'a foreign blob',
        predecessor: { log: stage.logOf(0), checkpoint: sound?.checkpointNote },
      });
      expect(seals[0]?.from?.sequenceNumber).toBe(first);
      expect(seals.at(-1)?.to?.sequenceNumber).toBe(sealed + 3);
    },
  );

  test('segment 0 that a stranger wrote into a log that nobody opened is gone on with', async () => {
    const builder = new TrailBuilder(TRAIL);
    builder.log('web', '0', 0).segment([message('a')]);
    stage.trail.tamper(stage.segmentBlob(0), (await builder.trail.read(stage.segmentBlob(0))) ?? Buffer.alloc(0));
    const batch = stage.push(2);
    await expect(stage.sealer().sealBatch(batch)).rejects.toMatchObject({ name: 'SealError', code: 'keyUnavailable' });
    // Its own word on its key must not do either, even where the signer has that version.
    expect(stage.trail.names('segments/')).toHaveLength(1);
  });

  test('a blob of another name under the log’s prefix is taken for the head, or stops a log', async () => {
    stage.trail.tamper(`segments/${stage.logOf()}/000000000000.a`, Buffer.from('x'));
    await stage.sealer().sealBatch(stage.push(1));
    stage.tables.drop();
    await stage.sealer().sealBatch(stage.push(1));
    expect(stage.trail.names(`segments/${stage.logOf()}/`)).toHaveLength(3);
  });

  test('a pruned log with blobs of other names goes on at number 0', async () => {
    const sealer = stage.sealer({ segmentLimits: { leaves: 2, bytes: 1 << 20 } });
    await sealer.sealBatch(stage.push(6));
    for (const number of [0, 1]) stage.trail.tamper(stage.segmentBlob(number), undefined);
    stage.trail.tamper(`segments/${stage.logOf()}/000000000000.a`, Buffer.from('x'));
    stage.tables.drop();
    const plan = new FaultPlan({ call: 1, method: 'list', how: 'notDone' });
    const faulty = stage.sealer({ trail: withFaults(stage.trail, plan) });
    await expect(faulty.sealBatch(stage.push(1))).rejects.toBeInstanceOf(StoreError);
    expect(plan.pending()).toEqual([]);
    await stage.sealer().sealBatch(undefined);
    const names = stage.trail.names(`segments/${stage.logOf()}/`);
    expect(names.filter((name) => name.endsWith('.zst'))).toEqual([2, 3].map((number) => stage.segmentBlob(number)));
  });

  test('a blob that is larger than any segment fills the memory of the sealer', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(2));
    const large = Buffer.alloc(68 * 1024 * 1024);
    stage.trail.tamper(stage.segmentBlob(1), large);
    const { trail } = stage;
    const limits: (number | undefined)[] = [];
    const store: ImmutableStore = {
      create: (name, bytes) => trail.create(name, bytes),
      read: (name, limit) => {
        limits.push(limit);
        return trail.read(name, limit);
      },
      exists: (name) => trail.exists(name),
      list: (prefix) => trail.list(prefix),
      listPrefixes: (prefix) => trail.listPrefixes(prefix),
    };
    const batch = stage.push(2);
    // Met where the next segment is written, and found as the head.
    for (const own of [sealer, stage.sealer({ trail: store })]) {
      await expect(own.sealBatch(batch)).rejects.toMatchObject({ name: 'SealError', code: 'foreignBlob' });
    }
    expect(limits).not.toContain(undefined);
    const generations = [{ log: 'web/0/1', reason: 'a foreign blob', first: 2 }];
    stage.configuration = configurationOf({ text: 'two', before: ['one'], generations });
    expect(await stage.sealer().sealBatch(batch)).toMatchObject({ log: stage.logOf(1), messages: 2 });
  });

  test('evidence that is larger than what belongs there fills the memory of the sealer', async () => {
    const batch = stage.push(2);
    await stage.sealer({ trail: stage.trail.copy(), tabulate: () => Promise.resolve() }).sealBatch(batch);
    const [name = ''] = stage.evidence.names().slice(-1);
    stage.evidence.tamper(name, Buffer.alloc(1 << 20));
    const evidence: ImmutableStore = {
      create: (blob, bytes) => stage.evidence.create(blob, bytes),
      read: async (blob, limit = Infinity) => {
        expect(limit).toBeLessThan(1 << 20);
        return stage.evidence.read(blob, limit);
      },
      exists: (blob) => stage.evidence.exists(blob),
      list: (prefix) => stage.evidence.list(prefix),
      listPrefixes: (prefix) => stage.evidence.listPrefixes(prefix),
    };
    await expect(stage.sealer({ evidence }).sealBatch(batch)).rejects.toMatchObject({ code: 'foreignBlob' });
  });

  test('folders that are no generation of ours stop the partition', async () => {
    stage.trail.tamper(`segments/${TRAIL}/web/0/latest/000000000000.jsonl.zst`, Buffer.from('x'));
    stage.trail.tamper(`segments/${TRAIL}/web/0/01/000000000000.jsonl.zst`, Buffer.from('x'));
    await stage.sealer().sealBatch(stage.push(1));
    expect(await stage.segments()).toHaveLength(1);
  });

  test('a log that lost its end goes on from what is left without notice of the verifier', async () => {
    const sealer = stage.sealer({ segmentLimits: { leaves: 2, bytes: 1 << 20 } });
    await sealer.sealBatch(stage.push(8));
    stage.trail.tamper(stage.segmentBlob(2), undefined);
    // A hole is not the head: the number after it is.
    await stage.sealer({ hint: () => Promise.resolve(3) }).sealBatch(stage.push(1));
    const found = await stage.check();
    expect(found.some((line) => line.startsWith('segmentMissing'))).toBe(true);
  });
});

describe('invariant 2: a write that took effect, yet failed', () => {
  test.each(['sealBatch', 'sealTail'] as const)('is written again, or taken for foreign, by %s', async (method) => {
    const plan = new FaultPlan({ call: 3, method: 'create', how: 'doneYetError' });
    const sealer = stage.sealer({
      trail: withFaults(stage.trail, plan),
      evidence: withFaults(stage.evidence, new FaultPlan()),
    });
    await sealer.sealBatch(stage.push(1));
    const batch = stage.push(2);
    stage.now += 600_000;
    await expect(sealer.sealBatch(batch)).rejects.toBeInstanceOf(StoreError);
    expect(plan.pending()).toEqual([]);
    await (method === 'sealTail' ? sealer.sealTail() : sealer.sealBatch(batch));
    expect(await stage.segments()).toHaveLength(2);
    expect(await stage.check()).toEqual([]);
  });

  test('within one call, where the client’s own retry meets what its first try wrote', async () => {
    const { trail } = stage;
    const store: ImmutableStore = {
      create: async (blob, bytes) => {
        await trail.create(blob, bytes);
        return 'exists';
      },
      read: (blob) => trail.read(blob),
      exists: (blob) => trail.exists(blob),
      list: (prefix) => trail.list(prefix),
      listPrefixes: (prefix) => trail.listPrefixes(prefix),
    };
    const sealer = stage.sealer({ trail: store });
    expect(await sealer.sealBatch(stage.push(2))).toMatchObject({ messages: 2 });
    expect(await sealer.sealBatch(stage.push(2))).toMatchObject({ messages: 2 });
    expect(await stage.check()).toEqual([]);
  });

  test('a store that says "exists" and then has nothing is believed', async () => {
    const store = {
      create: () => Promise.resolve('exists' as const),
      read: () => Promise.resolve(undefined),
      exists: () => Promise.resolve(false),
      list: (prefix: string) => stage.trail.list(prefix),
      listPrefixes: (prefix: string) => stage.trail.listPrefixes(prefix),
    };
    await expect(stage.sealer({ trail: store }).sealBatch(stage.push(1))).rejects.toMatchObject({
      code: 'foreignBlob',
    });
  });
});

describe('invariant 3: a valid successor by another sealer', () => {
  test('with other leaves is taken for foreign, or our messages in it are sealed again', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(2));
    const all = stage.push(5);
    await stage.sealer().sealBatch(all.slice(0, 3));
    expect(await sealer.sealBatch(all)).toMatchObject({ messages: 2, segments: 1 });
    expect(await stage.check({ orphans: true })).toEqual([]);
  });

  test('whose key the vault took away is gone on with', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    const [key] = stage.keys;
    stage.signer.rotate();
    stage.signer.setEnabled(key?.sha256 ?? '', false);
    await expect(stage.sealer().sealBatch(stage.push(1))).rejects.toMatchObject({ code: 'keyUnavailable' });
    const other = new MemorySigner();
    await expect(stage.sealer({ signer: other }).sealBatch(stage.push(1))).rejects.toMatchObject({
      code: 'keyUnavailable',
    });
    expect(await stage.segments()).toHaveLength(1);
    stage.signer.setEnabled(key?.sha256 ?? '', true);
    await stage.sealer().sealBatch(stage.push(1));
    expect(await stage.check()).toEqual([]);
  });
});
