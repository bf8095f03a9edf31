import { hash } from 'node:crypto';

import { beforeEach, describe, expect, it } from 'vitest';

import { MAX_EVIDENCE_BYTES } from '../../shared/verify/verify-evidence.ts';
import type { Evidence, TrailRecord } from '../../shared/wire/record.ts';
import type { VerifyOptions } from '../../shared/verify/verify-trail.ts';
import { formatFrame } from '../../shared/wire/zstd-frame.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import type { SegmentOptions } from '../fixtures/trail-builder.ts';
import { briefs, replaceOnce, rewrite, rewriteText, verifyBuilt } from './verifying.ts';

const BODIES = ['first body', 'second body', 'a body of its own', 'third body'];
const blobOf = (text: string, month = '2026/11') => `${month}/${hash('sha256', text, 'hex')}.zst`;
/** The bodies that came through the hub are joined, the third was spilled. */
const JOINED = blobOf('first bodysecond bodythird body');
const SPILLED = blobOf('a body of its own');

function build(options: SegmentOptions = {}): TrailBuilder {
  const built = new TrailBuilder();
  const [a = '', b = '', c = '', d = ''] = BODIES;
  built.log().segment([message(a), message(b, { records: 2 }), message(c, { from: 'spill' }), message(d)], options);
  return built;
}

/** Changes what all records say of their evidence. */
function withEvidence(edit: (evidence: Evidence, record: number) => object): SegmentOptions {
  return {
    twist: (draft) => {
      draft.lines = draft.lines.map((line, i) => {
        const record = JSON.parse(line) as TrailRecord;
        const { evidence } = record.data;
        if (evidence !== undefined) record.data.evidence = { ...evidence, ...edit(evidence, i) };
        return JSON.stringify(record);
      });
    },
  };
}

describe('evidence', () => {
  let built: TrailBuilder;
  beforeEach(() => {
    built = build();
  });

  it('that is whole is counted, each blob once', async () => {
    const { findings, summary } = await verifyBuilt(built);
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({
      evidenceBlobs: 3,
      evidenceBytes: BODIES.join('').length + 'projects: []\n'.length,
    });
  });

  it('that is missing is named, with the first record that needs it', async () => {
    built.evidence.tamper(JOINED, undefined);
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['evidenceMissing 0/1']);
    expect(failures[0]?.blob).toBe(JOINED);
    built.evidence.tamper(SPILLED, undefined);
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['evidenceMissing 0/1', 'evidenceMissing 0/4']);
  });

  it('of a configuration that is missing is named', async () => {
    built.evidence.tamper(blobOf('projects: []\n'), undefined);
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['evidenceMissing 0/0']);
  });

  it('with a byte changed is found wherever it lies, and its record named', async () => {
    const bodies = [
      ['first body', 1],
      ['second body', 2],
      ['third body', 5],
    ] as const;
    const expected = bodies.flatMap(([body, index]) => Array<number>(body.length).fill(index));
    const named: (number | undefined)[] = [];
    for (let at = 0; at < expected.length; at++) {
      built = build();
      await rewrite(built.evidence, JOINED, (bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ 0x01;
        return bytes;
      });
      const { failures } = await verifyBuilt(built);
      expect(failures.map(({ kind }) => kind)).toEqual(['evidenceChanged']);
      named.push(failures[0]?.record?.index);
    }
    expect(named).toEqual(expected);
  });

  it('that was made longer or shorter is found', async () => {
    await rewrite(built.evidence, JOINED, (bytes) => Buffer.concat([bytes, Buffer.from('!')]));
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['evidenceChanged 0/1']);
    await rewrite(built.evidence, JOINED, (bytes) => bytes.subarray(0, -2));
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['evidenceChanged 0/5']);
    await rewrite(built.evidence, JOINED, () => Buffer.alloc(0));
    expect(new Set((await verifyBuilt(built)).failures.map(({ kind }) => kind))).toEqual(new Set(['evidenceChanged']));
  });

  it('that was swapped for another blob is found', async () => {
    const spilled = await built.evidence.read(SPILLED);
    built.evidence.tamper(JOINED, spilled);
    const { failures } = await verifyBuilt(built);
    expect(new Set(failures.map(({ kind }) => kind))).toEqual(new Set(['evidenceChanged']));
    expect(failures.map(({ record }) => record?.index)).toEqual([1, 2, 5]);
  });

  it('that is no frame, or one that claims too much, is found before it takes memory', async () => {
    built.evidence.tamper(SPILLED, Buffer.from('hello'));
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['evidenceChanged 0/4']);
    const bomb = formatFrame(Buffer.alloc(1024));
    // The content size of a frame of 256 to 65,791 bytes is a 16-bit number; claim the largest in a header of eight bytes.
    const claim = Buffer.alloc(8);
    claim.writeBigUInt64LE(BigInt(MAX_EVIDENCE_BYTES) + 1n);
    built.evidence.tamper(SPILLED, Buffer.concat([bomb.subarray(0, 4), Buffer.from([0xe4]), claim, bomb.subarray(7)]));
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures)).toEqual(['evidenceChanged 0/4']);
    expect(failures[0]?.message).toContain('at most');
  });

  it('that nothing refers to is noted', async () => {
    built.evidence.tamper(blobOf('stray'), formatFrame(Buffer.from('stray')));
    const { findings, failures } = await verifyBuilt(built);
    expect(failures).toEqual([]);
    expect(findings.map(({ kind, blob }) => [kind, blob])).toEqual([['evidenceUnreferenced', blobOf('stray')]]);
  });
});

describe('a record that says of its evidence', () => {
  const cases: Record<string, [SegmentOptions, string[]]> = {
    'another hash': [withEvidence((_, i) => (i === 1 ? { sha256: '0'.repeat(64) } : {})), ['evidenceRangeWrong 0/1']],
    'another offset': [withEvidence((_, i) => (i === 5 ? { offset: 20 } : {})), ['evidenceRangeWrong 0/5']],
    'another length': [withEvidence((_, i) => (i === 5 ? { length: 9 } : {})), ['evidenceRangeWrong 0/5']],
    'another size and length': [
      withEvidence((_, i) => (i === 5 ? { length: 9, size: 9 } : {})),
      ['evidenceRangeWrong 0/5'],
    ],
    'a range beyond the blob': [
      withEvidence((_, i) => (i === 5 ? { length: 999, size: 999 } : {})),
      ['evidenceRangeWrong 0/5'],
    ],
    'the blob of another message': [
      withEvidence((_, i) => (i === 4 ? { blob: JOINED } : {})),
      ['evidenceRangeWrong 0/4'],
    ],
    'a blob that is not there': [
      withEvidence((_, i) => (i === 4 ? { blob: blobOf('nothing') } : {})),
      ['evidenceMissing 0/4'],
    ],
    'a blob of another month': [
      withEvidence(() => ({ blob: blobOf('x', '2026/10') })),
      ['evidenceMisfiled 0/1', 'evidenceMissing 0/1'],
    ],
  };
  for (const [what, [options, expected]] of Object.entries(cases)) {
    it(`${what} is found out`, async () => {
      expect(briefs((await verifyBuilt(build(options))).failures)).toEqual(expected);
    });
  }

  it('that it was missing, although something was read from it, is found out', async () => {
    const built = build({
      twist: (draft) => {
        draft.lines[5] = (draft.lines[5] ?? '').replace(/,"blob":.*$/, ',"missing":"absent"}}}');
      },
    });
    expect(briefs((await verifyBuilt(built)).failures)).toEqual(['evidenceMissing 0/5', 'evidenceRangeWrong 0/1']);
  });

  it('bodies are missing does not push a changed record out of sight, however many notes that makes', async () => {
    const built = new TrailBuilder();
    const log = built.log().segment(Array.from({ length: 70 }, () => message('x', { from: 'absent' })));
    await rewriteText(built.trail, log.blob, (text) => replaceOnce(text, 'Größe', 'Kürze'));
    const { findings, failures } = await verifyBuilt(built);
    expect(findings.filter(({ kind }) => kind === 'bodyMissing')).toHaveLength(64);
    expect(findings.at(-1)).toMatchObject({ kind: 'more', message: '6 more of this segment are not listed.' });
    expect(briefs(failures)).toContain('rootMismatch 0/1');
  });

  it('a body that was spilled and has the bytes of all joined ones is no wrong range: anyone who may vote could make it', async () => {
    const built = new TrailBuilder();
    const [x, y] = ['x'.repeat(700), 'y'.repeat(700)];
    built.log().segment([message(x), message(`${x}${y}`, { from: 'spill' }), message(y)]);
    expect(briefs((await verifyBuilt(built)).findings)).toEqual([]);
  });

  it('ranges that overlap is refused unread, so that hashing them cannot take forever', async () => {
    const built = new TrailBuilder();
    const text = 'x'.repeat(100_000);
    const bodies = Array.from({ length: 2_000 }, (_, i) => message(i === 0 ? text : ''));
    // Each of 2,000 records claims all of the blob but its last byte.
    built.log().segment(
      bodies,
      withEvidence((_, i) => (i > 1 ? { offset: 0, length: 99_999, size: 99_999 } : {})),
    );
    const { failures } = await verifyBuilt(built);
    expect(briefs(failures).slice(0, 2)).toEqual(['evidenceRangeWrong 0/2', 'evidenceRangeWrong 0/3']);
    expect(failures).toHaveLength(65);
    expect(failures.at(-1)?.kind).toBe('moreFailures');
  });
});

describe('evidence that a segment names which no trusted key signed', () => {
  /** The trail as before, and the names of the blobs of evidence that verifying it reads. */
  async function readBy(built: TrailBuilder, options: Partial<VerifyOptions> = {}) {
    const read: string[] = [];
    const evidence = Object.assign(built.evidence.copy(), {
      read: (name: string) => {
        read.push(name);
        return built.evidence.read(name);
      },
    });
    const { findings } = await verifyBuilt(built, { evidence, ...options });
    return { read, found: briefs(findings) };
  }

  it('is inflated, so that whoever can write blobs makes a verifier inflate all of it a thousand times', async () => {
    const built = new TrailBuilder();
    const log = built.log().segment([message('a')]);
    const honest = (await readBy(built)).read;
    log.segment([message('b', { from: 'spill' })], { signWith: makeKey() });
    expect(await readBy(built)).toEqual({ read: honest, found: ['keyUnannounced 1'] });
  });

  it('is inflated, where a forged segment announces the forger’s key to those behind it', async () => {
    const built = new TrailBuilder();
    const log = built.log().segment([message('a')]);
    const honest = (await readBy(built)).read;
    const forger = makeKey();
    log.segment([message('b')], { signWith: forger, announce: forger }).segment([message('c')]);
    expect(await readBy(built)).toEqual({ read: honest, found: ['keyUnannounced 1'] });
  });

  it('is inflated, or called left behind, where the leaves are not those that were signed', async () => {
    const built = build();
    await rewriteText(built.trail, built.trail.names('segments/')[0] ?? '', (text) =>
      replaceOnce(text, 'octo', 'taco'),
    );
    expect(await readBy(built)).toEqual({ read: [], found: ['rootMismatch 0/1'] });
  });

  it('is not looked at any more, although its key was announced while its segment was under way', async () => {
    const built = new TrailBuilder();
    const [second, third] = [makeKey(), makeKey()];
    const log = built.log().segment([message('a')], { announce: second });
    log.segment([message('b')]).segment([message('c')], { announce: third });
    for (let i = 0; i < 100; i++) log.segment([message(`m${i}`)]);
    built.evidence.tamper(blobOf('m0'), undefined);
    for (const parallel of [1, 2]) {
      const { read, found } = await readBy(built, { parallel });
      expect(found).toEqual(['evidenceMissing 3/7']);
      expect(new Set(read)).toEqual(new Set([...built.evidence.names(), blobOf('m0')]));
    }
  });
});
