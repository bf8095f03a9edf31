import { hash } from 'node:crypto';

import { beforeEach, describe, expect, test } from 'vitest';

import { formatEvidenceBlob, formatKeyBlob } from '../../shared/wire/log-name.ts';
import { ADOPTION_TYPE } from '../../shared/wire/record.ts';
import { parseFrame } from '../../shared/wire/zstd-frame.ts';
import { MemorySigner } from '../fakes/memory-signer.ts';
import { MINUTE, SealStage, configurationOf } from './stage.ts';

let stage: SealStage;
beforeEach(async () => {
  stage = await SealStage.open();
});

function sha256Of(text: string): string {
  return hash('sha256', text, 'hex');
}

describe('configurations', () => {
  test('the first leaf of a log does not adopt, or adopts from before the hub was', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    const { created } = await stage.hub.properties();
    const [adoption] = await stage.records();
    expect(adoption).toMatchObject({ type: ADOPTION_TYPE, time: created });
    expect(adoption?.data.adoption).toEqual({
      sha256: sha256Of('one'),
      from: '2026-01-01T00:00:00.000Z',
      effective: created,
    });
    const [seal] = await stage.seals();
    expect(seal?.configurations).toEqual([{ sha256: sha256Of('one'), effective: created }]);
    const blob = await stage.evidence.read(formatEvidenceBlob(seal?.to?.enqueued ?? '', sha256Of('one')));
    expect(parseFrame(blob ?? Buffer.alloc(0), 100).toString()).toBe('one');
    expect(await stage.check()).toEqual([]);
  });

  test('a version is effective before it was adopted, or before it says', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    const last = (await stage.seals()).at(-1)?.to?.enqueued;
    stage.configuration = configurationOf({ text: 'two', before: ['one'] });
    await stage.sealer().sealBatch(stage.push(2));
    const from = '2027-01-01T00:00:00.000Z';
    stage.configuration = configurationOf({ text: 'three', before: ['one', 'two'], from });
    await stage.sealer().sealBatch(stage.push(2));
    await stage.sealer().sealBatch(stage.push(2));
    const seals = await stage.seals();
    expect(seals.at(-1)?.configurations).toEqual([
      { sha256: sha256Of('one'), effective: (await stage.hub.properties()).created },
      { sha256: sha256Of('two'), effective: last },
      { sha256: sha256Of('three'), effective: from },
    ]);
    expect(seals.at(-1)?.counts.trail).toBeUndefined();
    const adoptions = (await stage.records()).filter(({ type }) => type === ADOPTION_TYPE);
    expect(adoptions.map(({ data }) => data.adoption?.previous)).toEqual([undefined, sha256Of('one'), sha256Of('two')]);
    expect(await stage.check()).toEqual([]);
  });

  test('a version whose predecessors another process never ran with is refused', async () => {
    await stage.sealer().sealBatch(stage.push(1));
    stage.configuration = configurationOf({ text: 'four', before: ['one', 'two', 'three'] });
    await stage.sealer().sealBatch(stage.push(1));
    expect(await stage.check()).toEqual([]);
  });

  test('a rollback is adopted, or costs a message', async () => {
    await stage.sealer().sealBatch(stage.push(1));
    const old = stage.configuration;
    stage.configuration = configurationOf({ text: 'two', before: ['one'] });
    await stage.sealer().sealBatch(stage.push(1));
    stage.configuration = old;
    const before = stage.trail.names();
    const batch = stage.push(1);
    const refused = { name: 'SealError', code: 'configurationRolledBack' };
    await expect(stage.sealer().sealBatch(batch)).rejects.toMatchObject(refused);
    await expect(stage.sealer().sealTail()).rejects.toMatchObject(refused);
    expect(stage.trail.names()).toEqual(before);
    stage.configuration = configurationOf({ text: 'one again', before: ['one', 'two'] });
    await stage.sealer().sealBatch(batch);
    expect(await stage.check()).toEqual([]);
  });

  test('an idle partition never adopts, or adopts again every minute', async () => {
    await stage.sealer().sealBatch(stage.push(3));
    stage.configuration = configurationOf({ text: 'two', before: ['one'] });
    const sealer = stage.sealer();
    expect(await sealer.sealTail()).toMatchObject({ segments: 1, messages: 0 });
    const [, announced] = await stage.segments();
    expect(announced?.leaves).toHaveLength(2);
    expect(announced?.seal.from).toEqual(announced?.seal.to);
    expect(announced?.seal.to?.sequenceNumber).toBe(2);
    for (let k = 0; k < 3; k++) {
      stage.now += MINUTE;
      expect(await sealer.sealTail()).toMatchObject({ segments: 0 });
      expect(await stage.sealer().sealTail()).toMatchObject({ segments: 0 });
    }
    expect(await stage.check()).toEqual([]);
  });

  test('a partition without a log opens one to adopt', async () => {
    expect(await stage.sealer().sealTail()).toMatchObject({ segments: 0 });
    expect(stage.trail.names()).toEqual([]);
  });

  test('more versions than a seal lists stop the partition', async () => {
    const before: string[] = [];
    for (let k = 0; k < 259; k++) {
      stage.configuration = configurationOf({ text: `v${k}`, before });
      await stage.sealer().sealBatch(k % 3 === 0 ? stage.push(1) : []);
      await stage.sealer().sealTail();
      before.push(`v${k}`);
    }
    const seal = (await stage.seals()).at(-1);
    expect(seal?.configurations).toHaveLength(256);
    expect(seal?.configurations[0]?.sha256).toBe(sha256Of('v3'));
    expect(await stage.check()).toEqual([]);
  });
});

describe('keys', () => {
  test('a segment is signed by a key that its predecessor did not announce', async () => {
    const [old] = stage.keys;
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(1));
    const fresh = stage.signer.rotate();
    await sealer.sealBatch(stage.push(1));
    await sealer.sealBatch(stage.push(1));
    await stage.sealer().sealBatch(stage.push(1));
    const seals = await stage.seals();
    expect(seals.map(({ nextKey }) => nextKey)).toEqual([old, fresh, fresh, fresh].map((key) => key?.sha256));
    const ids = (await stage.segments()).map(({ note }) => note.signatures.map(({ keyId }) => keyId.toString('hex')));
    expect(ids[0]).toEqual(ids[1]);
    expect(ids[1]).not.toEqual(ids[2]);
    expect(ids[2]).toEqual(ids[3]);
    expect(stage.trail.names('keys/').sort()).toEqual(
      [old, fresh].map((key) => formatKeyBlob(key?.sha256 ?? '')).sort(),
    );
    expect(await stage.check()).toEqual([]);
  });

  test('the old version, switched off once all logs have passed it, is needed again', async () => {
    const [old] = stage.keys;
    await stage.sealer().sealBatch(stage.push(1));
    stage.signer.rotate();
    expect(await stage.sealer().sealTail()).toMatchObject({ segments: 1, messages: 0 });
    // Announced, and signed by the old one: a restart reads that head, whose key is switched off by now.
    await stage.sealer().sealBatch(stage.push(1));
    stage.signer.setEnabled(old?.sha256 ?? '', false);
    await stage.sealer().sealBatch(stage.push(1));
    stage.now += 5 * MINUTE;
    expect(await stage.sealer().sealTail()).toMatchObject({ segments: 0 });
    expect(await stage.check()).toEqual([]);
  });

  test('an idle partition never announces a key, or announces it again every minute', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(3));
    const fresh = stage.signer.rotate();
    expect(await sealer.sealTail()).toMatchObject({ segments: 1, messages: 0, gaps: 0 });
    const [, announced] = await stage.segments();
    expect(announced?.leaves).toHaveLength(1);
    expect(announced?.seal.nextKey).toBe(fresh.sha256);
    for (let k = 0; k < 3; k++) {
      stage.now += MINUTE;
      expect(await sealer.sealTail()).toMatchObject({ segments: 0 });
      expect(await stage.sealer().sealTail()).toMatchObject({ segments: 0 });
    }
    expect(await stage.check()).toEqual([]);
  });

  test('two rotations between two segments lose the one in between, and the log with it', async () => {
    const sealer = stage.sealer();
    await sealer.sealBatch(stage.push(1));
    stage.signer.rotate();
    await sealer.sealBatch(stage.push(1));
    stage.signer.rotate();
    stage.signer.rotate();
    await sealer.sealBatch(stage.push(1));
    await sealer.sealBatch(stage.push(1));
    expect(await stage.check()).toEqual([]);
  });

  /** A log of three segments: the last announces a new key, and retention has taken all before it. */
  async function pruneToAnnouncement(): Promise<void> {
    await stage.sealer().sealBatch(stage.push(1));
    await stage.sealer().sealBatch(stage.push(1));
    stage.signer.rotate();
    await stage.sealer().sealTail();
    for (const number of [0, 1]) stage.trail.tamper(stage.segmentBlob(number), undefined);
  }

  test('a log that was pruned up to the segment that announces a new key cannot go on', async () => {
    const [old] = stage.keys;
    await pruneToAnnouncement();
    const [announcement] = await stage.segments();
    expect(announcement?.note.signatures[0]?.keyId.toString('hex')).toBe(old?.sha256.slice(0, 8));
    expect(announcement?.seal.nextKey).not.toBe(old?.sha256);
    expect(await stage.sealer().sealBatch(stage.push(1))).toMatchObject({ segments: 1, messages: 1 });
    const [, next] = await stage.segments();
    expect(next?.seal.previous?.checkpoint).toBe(announcement?.checkpointNote);
    expect(next?.note.signatures[0]?.keyId.toString('hex')).toBe(announcement?.seal.nextKey.slice(0, 8));
  });

  test('a key that lies under keys/, but is none of ours, vouches for the first segment of a pruned log', async () => {
    const foreign = stage.signer;
    await pruneToAnnouncement();
    const signer = new MemorySigner();
    expect(stage.trail.names('keys/')).toContain(formatKeyBlob((await foreign.newest()).sha256));
    const batch = stage.push(1);
    await expect(stage.sealer({ signer }).sealBatch(batch)).rejects.toMatchObject({
      name: 'SealError',
      code: 'keyUnavailable',
    });
    // Nor does one that is gone from there: then the announced key is asked for, and did not sign.
    for (const name of stage.trail.names('keys/')) stage.trail.tamper(name, undefined);
    await expect(stage.sealer().sealBatch(batch)).rejects.toMatchObject({ name: 'SealError', code: 'badHead' });
  });

  test('a rotation in the middle of the first segment leaves a log whose head nobody can check', async () => {
    let asked = 0;
    const own = stage.signer;
    const signer = {
      newest: async () => {
        // The vault gets a new version between two questions of one call.
        if (++asked === 2) stage.signer.rotate();
        return own.newest();
      },
      publicKey: (sha256: string) => own.publicKey(sha256),
      sign: (sha256: string, text: Buffer) => own.sign(sha256, text),
    };
    await stage.sealer({ signer }).sealBatch(stage.push(1));
    await stage.sealer().sealBatch(stage.push(1));
    stage.keys.push(await own.newest());
    expect(asked).toBeGreaterThan(1);
    expect(await stage.check()).toEqual([]);
  });

  test('a signature that the signer gives with high s is sealed as it is', async () => {
    const { signer } = stage;
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
    const high = {
      newest: () => signer.newest(),
      publicKey: (sha256: string) => signer.publicKey(sha256),
      sign: async (sha256: string, text: Buffer) => {
        const signature = await signer.sign(sha256, text);
        const s = BigInt(`0x${signature.toString('hex', 32)}`);
        const other = s > order / 2n ? s : order - s;
        return Buffer.concat([signature.subarray(0, 32), Buffer.from(other.toString(16).padStart(64, '0'), 'hex')]);
      },
    };
    await stage.sealer({ signer: high }).sealBatch(stage.push(1));
    await stage.sealer().sealBatch(stage.push(1));
    expect(await stage.check()).toEqual([]);
  });
});
