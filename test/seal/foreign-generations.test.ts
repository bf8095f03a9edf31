import { beforeEach, describe, expect, test } from 'vitest';

import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import { MemorySigner } from '../fakes/memory-signer.ts';
import { message, TrailBuilder } from '../fixtures/trail-builder.ts';
import { MINUTE, SealStage, TRAIL, configurationOf } from './stage.ts';

let stage: SealStage;
let versions: string[];
beforeEach(async () => {
  stage = await SealStage.open();
  versions = [];
});

/** A new version with these orders. */
function order(...generations: readonly { log: string; first: number }[]): void {
  const ordered = generations.map((each) => ({ ...each, reason: 'ticket 4711' }));
  versions.push(stage.configuration.bytes.toString());
  stage.configuration = configurationOf({ text: JSON.stringify(ordered), before: versions, generations: ordered });
}

/** Segment 0 of a generation as a stranger with a key of its own would write it. */
async function strange(generation: number): Promise<Buffer> {
  const builder = new TrailBuilder(TRAIL);
  const predecessor = { log: stage.logOf(generation - 1) };
  builder.log('web', '0', generation, { opened: { reason: 'mine', predecessor } }).segment([message('a')]);
  stage.trail.tamper(`keys/${builder.key.publicKey.sha256}.pem`, Buffer.from(formatPublicKey(builder.key.publicKey)));
  return (await builder.trail.read(formatSegmentBlob(stage.logOf(generation), 0))) ?? Buffer.alloc(0);
}

/** Our own key, copied from the log, over what it never signed. */
async function forged(generation: number): Promise<Buffer> {
  const stranger = new MemorySigner();
  const { sha256 } = await stranger.newest();
  const signer = {
    newest: () => stage.signer.newest(),
    publicKey: (asked: string) => stage.signer.publicKey(asked),
    sign: (_: string, text: Buffer) => stranger.sign(sha256, text),
  };
  const other = Object.assign(await SealStage.open(), { generation });
  const generations = Array.from({ length: generation }, (_, k) => ({ log: `web/0/${k + 1}`, reason: 'x', first: 0 }));
  for (let k = 0; k <= generation; k++) {
    other.configuration = configurationOf({ text: `v${k}`, generations: generations.slice(0, k) });
    await other.sealer({ signer, trail: other.trail, tabulate: () => Promise.resolve() }).sealBatch(other.push(1));
  }
  return (await other.trail.read(formatSegmentBlob(stage.logOf(generation), 0))) ?? Buffer.alloc(0);
}

/** Blobs that whoever may write blobs can put, and that are no generation of ours. */
const FOREIGN: readonly (readonly [string, (generation: number) => Promise<readonly [string, Buffer]>])[] = [
  ['a file of another name', (g) => Promise.resolve([`segments/${stage.logOf(g)}/x`, Buffer.from('x')])],
  ['a segment 0 of no bytes', (g) => Promise.resolve([formatSegmentBlob(stage.logOf(g), 0), Buffer.alloc(0)])],
  ['a segment 7 of junk', (g) => Promise.resolve([formatSegmentBlob(stage.logOf(g), 7), Buffer.from('junk')])],
  [
    'a segment 0 of another generation of ours',
    async (g) => [
      formatSegmentBlob(stage.logOf(g), 0),
      (await stage.trail.read(stage.segmentBlob(0, stage.logOf(0)))) ?? Buffer.alloc(0),
    ],
  ],
];

describe('one blob of a stranger in a folder of a generation that we did not open', () => {
  test.each(FOREIGN.flatMap(([what, make]) => [1, 2, 50, 999_999_999].map((g) => [what, g, make] as const)))(
    '%s, as generation %i, stops the log',
    async (_what, generation, make) => {
      const running = stage.sealer();
      await running.sealBatch(stage.push(2));
      stage.trail.tamper(...(await make(generation)));
      await running.sealBatch(stage.push(1));
      await stage.sealer().sealBatch(stage.push(1));
      expect(await stage.seals(stage.logOf(0))).toHaveLength(3);
    },
  );

  test.each(FOREIGN)('%s before the partition is first sealed keeps it from being opened', async (_what, make) => {
    if (_what.includes('of ours')) await stage.sealer().sealBatch(stage.push(1));
    for (const generation of [3, 999_999_999]) stage.trail.tamper(...(await make(generation)));
    await stage.sealer().sealBatch(stage.push(1));
    expect((await stage.seals(stage.logOf(0)))[0]?.number).toBe(0);
  });

  test('a copy of our key’s name over a signature of another key passes for a successor', async () => {
    const running = stage.sealer();
    await running.sealBatch(stage.push(2));
    stage.trail.tamper(formatSegmentBlob(stage.logOf(1), 0), await forged(1));
    await running.sealBatch(stage.push(1));
    await stage.sealer().sealBatch(stage.push(1));
    expect(await stage.seals(stage.logOf(0))).toHaveLength(3);
  });

  const goesOn = async (): Promise<string> => (await stage.sealer().sealBatch(stage.push(1))).log;

  test.each([3, 100, 101, 999_999_999])(
    'a whole segment of a stranger, as generation %i, stops the log, or uses up the numbers of later ones',
    async (generation) => {
      await stage.sealer().sealBatch(stage.push(2));
      stage.trail.tamper(formatSegmentBlob(stage.logOf(generation), 0), await strange(generation));
      expect(await goesOn()).toBe(stage.logOf(0));
      order({ log: 'web/0/1', first: 3 });
      expect(await goesOn()).toBe(stage.logOf(1));
      expect(await goesOn()).toBe(stage.logOf(1));
    },
  );

  test('a whole segment of a stranger where our next log would be is passed over, or stops the partition beyond repair', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    stage.trail.tamper(formatSegmentBlob(stage.logOf(2), 0), await strange(2));
    order({ log: 'web/0/1', first: 2 });
    expect(await goesOn()).toBe(stage.logOf(1));
    // It may be ours, signed by a key that is gone: only an operator can tell.
    await expect(stage.sealer().sealBatch(stage.push(1))).rejects.toMatchObject({ code: 'keyUnavailable' });
    await expect(stage.sealer().sealTail()).rejects.toMatchObject({ code: 'keyUnavailable' });
    order({ log: 'web/0/1', first: 2 }, { log: 'web/0/3', first: 3 });
    expect(await goesOn()).toBe(stage.logOf(3));
    expect(await goesOn()).toBe(stage.logOf(3));
  });

  test('a stranger’s whole segment stops a partition that has no log yet beyond repair', async () => {
    stage.trail.tamper(formatSegmentBlob(stage.logOf(7), 0), await strange(7));
    await expect(stage.sealer().sealBatch(stage.push(1))).rejects.toMatchObject({ code: 'keyUnavailable' });
    order({ log: 'web/0/8', first: 0 });
    expect(await stage.sealer().sealBatch(stage.push(1))).toMatchObject({ log: stage.logOf(8) });
  });

  test('junk at the number that an operator ordered stops the partition beyond repair', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    stage.trail.tamper(formatSegmentBlob(stage.logOf(1), 0), Buffer.from('junk'));
    order({ log: 'web/0/1', first: 2 });
    const batch = stage.push(1);
    await expect(stage.sealer().sealBatch(batch)).rejects.toMatchObject({ code: 'foreignBlob' });
    order({ log: 'web/0/1', first: 2 }, { log: 'web/0/2', first: 2 });
    await stage.sealer().sealBatch(batch);
    const [seal] = await stage.seals(stage.logOf(2));
    expect(seal?.opened?.predecessor).toEqual({ log: stage.logOf(1) });
    expect(seal?.from?.sequenceNumber).toBe(2);
  });

  test('an order has to open a generation where somebody’s junk lies, or the rows before it are never tabulated', async () => {
    const failing = stage.sealer({ tabulate: () => Promise.reject(new Error('away')) });
    await expect(failing.sealBatch(stage.push(2))).rejects.toThrow('away');
    for (const generation of [1, 2]) {
      stage.trail.tamper(formatSegmentBlob(stage.logOf(generation), 0), Buffer.from('junk'));
    }
    const batch = stage.push(2);
    order({ log: 'web/0/4', first: 2 });
    await expect(stage.sealer().sealBatch(batch)).rejects.toThrow('the next generation of that partition is 3');
    order({ log: 'web/0/3', first: 2 });
    await stage.sealer().sealBatch(batch);
    // Also without the entry, and by a process that knew the log before it.
    stage.configuration = configurationOf({ text: 'last', before: [stage.configuration.bytes.toString()] });
    expect(await stage.sealer().sealBatch(stage.push(1))).toMatchObject({ log: stage.logOf(3) });
    expect(await stage.tables.getProgress(stage.logOf(0))).toBe(0);
  });

  test('a log grows behind its successor, because junk lies between the two', async () => {
    const running = stage.sealer();
    await running.sealBatch(stage.push(2));
    stage.trail.tamper(formatSegmentBlob(stage.logOf(1), 0), Buffer.from('junk'));
    await running.sealBatch(stage.push(1));
    order({ log: 'web/0/2', first: 3 });
    await stage.sealer().sealBatch(stage.push(1));
    await expect(running.sealBatch(stage.push(1))).rejects.toMatchObject({ code: 'superseded' });
  });

  test('a log grows behind a successor whose key is gone', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    const [first] = stage.keys;
    stage.signer.rotate();
    const second = await stage.signer.newest();
    stage.hub.recreate();
    stage.now += 5 * MINUTE;
    await stage.sealer().sealBatch(stage.push(1));
    expect(await stage.trail.exists(formatSegmentBlob(stage.logOf(1), 0))).toBe(true);
    stage.signer.setEnabled(second.sha256, false);
    await expect(stage.sealer().sealBatch(stage.push(1))).rejects.toMatchObject({ code: 'keyUnavailable' });
    expect(await stage.seals(stage.logOf(0))).toHaveLength(1);
    expect(first?.sha256).not.toBe(second.sha256);
  });

  test('junk under the name of a key stops an operator’s generation', async () => {
    await stage.sealer().sealBatch(stage.push(2));
    const [key] = stage.keys;
    const { sha256 = '' } = key ?? {};
    stage.signer.rotate();
    stage.signer.setEnabled(sha256, false);
    order({ log: 'web/0/1', first: 2 });
    for (const junk of [Buffer.from('junk'), Buffer.alloc(1 << 20), Buffer.alloc(0)]) {
      const trail = stage.trail.copy();
      trail.tamper(`keys/${sha256}.pem`, junk);
      const sealed = await stage.sealer({ trail, tabulate: () => Promise.resolve() }).sealBatch(stage.push(1));
      expect(sealed).toMatchObject({ log: stage.logOf(1) });
    }
  });
});
