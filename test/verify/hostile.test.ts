import { zstdCompressSync } from 'node:zlib';

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import { MAX_LEAF_BYTES } from '../../shared/wire/record.ts';
import { MAX_LAST_LINE_BYTES, MAX_SEGMENT_LEAVES } from '../../shared/wire/segment.ts';
import { formatFrame, parseFrame } from '../../shared/wire/zstd-frame.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import type { LogBuilder } from '../fixtures/trail-builder.ts';
import { briefs, replaceOnce, rewrite, rewriteText, verifyBuilt } from './verifying.ts';

describe('a hostile segment', () => {
  let built: TrailBuilder;
  let log: LogBuilder;
  beforeEach(() => {
    built = new TrailBuilder();
    log = built
      .log()
      .segment([message('a')])
      .segment([message('b'), message('c')]);
  });

  /** Kinds that are found where the last segment holds these bytes, inflated. */
  async function found(inflated: Buffer | string): Promise<string[]> {
    built.trail.tamper(log.blob, formatFrame(Buffer.from(inflated)));
    return briefs((await verifyBuilt(built, { evidence: undefined })).failures);
  }

  it('of no bytes, of one line, of empty lines, without a last line feed ends in a finding', async () => {
    for (const bytes of ['', '\n', '{}\n', '\n\n\n', '{}\n{}', '{}\n\n{}\n']) {
      expect(await found(bytes)).toEqual(['segmentMalformed 1']);
    }
  });

  it('of more leaves than allowed ends in a finding', async () => {
    expect(await found('x\n'.repeat(MAX_SEGMENT_LEAVES + 2))).toEqual(['segmentMalformed 1']);
  });

  it('of lines that are no JSON ends in findings', async () => {
    expect(await found('hello\nworld\n')).toEqual(['checkpointMalformed 1', 'sealMalformed 1']);
  });

  it('with a leaf of many megabytes ends in a finding, and not in an expression that never ends', async () => {
    await rewriteText(built.trail, log.blob, (text) =>
      replaceOnce(text, '"source":"', `"source":"${'x'.repeat(5_000_000)}`),
    );
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['leafMalformed 1/3', 'rootMismatch 1/3']);
    expect(failures[0]?.message).toContain(String(MAX_LEAF_BYTES));
  });

  it('with a seal of many megabytes ends in a finding', async () => {
    await rewriteText(built.trail, log.blob, (text) =>
      replaceOnce(text, '"frontier":[', `"frontier":["${'x'.repeat(5_000_000)}",`),
    );
    expect(briefs((await verifyBuilt(built, { evidence: undefined })).failures)).toEqual(['sealMalformed 1/5']);
  });

  it('with a last line of megabytes of brackets is refused before it takes gigabytes to parse', async () => {
    for (const unit of ['{},', '[],', '"",']) {
      await rewriteText(built.trail, log.blob, (text) => {
        const lines = text.split('\n').slice(0, -2);
        return `${lines.join('\n')}\n[${unit.repeat(200_000)}0]\n`;
      });
      const { failures } = await verifyBuilt(built, { evidence: undefined });
      expect(briefs(failures)).toEqual(['checkpointMalformed 1']);
      expect(failures[0]?.message).toContain(`at most ${MAX_LAST_LINE_BYTES} are allowed`);
    }
  });

  it('with JSON nested 30,000 levels deep ends in findings', async () => {
    const deep = '['.repeat(30_000);
    expect(await found(`${deep}\n${deep}\n`)).toEqual(['checkpointMalformed 1', 'sealMalformed 1']);
    built = new TrailBuilder();
    log = built
      .log()
      .segment([message('a')])
      .segment([message('b')], {
        twist: (draft) => {
          draft.lines[0] = (draft.lines[0] ?? '').replace('"summary":"', `"summary":${deep}"`);
        },
      });
    expect(briefs((await verifyBuilt(built, { evidence: undefined, whole: true })).failures)).toEqual([
      'leafNotCanonical 1/3',
    ]);
  });

  it('with bytes that are no UTF-8 names the record', async () => {
    await rewrite(built.trail, log.blob, (bytes) => {
      bytes[bytes.lastIndexOf('Größe') + 2] = 0xff;
      return bytes;
    });
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    expect(briefs(failures)).toEqual(['leafMalformed 1/4', 'rootMismatch 1/4']);
  });

  it('with a frontier that fits no tree, or a size that no log has, ends in a finding', async () => {
    await rewriteText(built.trail, log.blob, (text) => text.replace(/"frontier":\[[^\]]*\]/, '"frontier":[]'));
    expect(briefs((await verifyBuilt(built, { evidence: undefined })).failures)).toEqual(['frontierMismatch 1/5']);
    await rewriteText(built.trail, log.blob, (text) =>
      replaceOnce(text, '"first":3,', `"first":${Number.MAX_SAFE_INTEGER},`),
    );
    expect((await verifyBuilt(built, { evidence: undefined })).failures.map(({ kind }) => kind)).toEqual([
      'firstMismatch',
    ]);
  });

  it('with 10,000 wrong leaves is told in a bounded list', async () => {
    built = new TrailBuilder();
    built.log().segment(
      Array.from({ length: 10_000 }, () => message('')),
      {
        twist: (draft) =>
          void (draft.lines = draft.lines.map((line) => line.replace('"category":"code"', '"category":"ai"'))),
      },
    );
    const { findings } = await verifyBuilt(built, { evidence: undefined });
    expect(findings).toHaveLength(65);
    expect(findings.at(-1)).toMatchObject({
      kind: 'moreFailures',
      message: '9936 more of this segment are not listed.',
    });
  });

  it('that nobody trusted signed, and others like it, do not fill the memory with names of evidence', async () => {
    const stranger = makeKey();
    const names = 33_500;
    for (let i = 0; i < 2; i++) {
      log.segment([message('x')], {
        signWith: stranger,
        twist: (draft) => {
          const [line = ''] = draft.lines;
          const short = line.replace(/"actor".*"project":"shop",/, '"action":"a","outcome":"unknown","summary":"s",');
          draft.lines = Array.from({ length: names }, (_, k) =>
            short
              .replace(/"sequenceNumber":\d+/, `"sequenceNumber":${k}`)
              .replace(/2026\/11\/[0-9a-f]{8}/, `2026/11/${(i * names + k).toString(16).padStart(8, '0')}`),
          );
        },
      });
    }
    const { summary } = await verifyBuilt(built);
    expect(summary.evidenceBlobs).toBeGreaterThan(names);
    expect(summary.evidenceBlobs).toBeLessThan(66_000);
  });

  it('in any other container than one frame of the one form ends in a finding', async () => {
    const sealed = (await built.trail.read(log.blob)) ?? Buffer.alloc(0);
    const frames: Record<string, Buffer> = {
      'two frames': Buffer.concat([sealed, formatFrame(Buffer.from('x'))]),
      'a byte behind': Buffer.concat([sealed, Buffer.from([0])]),
      'no checksum': zstdCompressSync(Buffer.from('hello')),
      'cut short': sealed.subarray(0, -5),
      empty: Buffer.alloc(0),
    };
    for (const frame of Object.values(frames)) {
      built.trail.tamper(log.blob, frame);
      expect(briefs((await verifyBuilt(built, { evidence: undefined })).failures)).toEqual(['frameDamaged 1']);
    }
  });

  it('made of anything ends in findings, and never in another error', async () => {
    const sealed = (await built.trail.read(log.blob)) ?? Buffer.alloc(0);
    const lines = parseFrame(sealed, 1 << 20)
      .toString()
      .split('\n')
      .slice(0, -1);
    const piece = fc.oneof(
      fc.constantFrom(...lines),
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.tuple(fc.constantFrom(...lines), fc.nat(), fc.string()).map(([line, at, text]) => {
        const i = at % line.length;
        return line.slice(0, i) + text + line.slice(i + text.length);
      }),
    );
    const property = fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), fc.boolean(), async (pieces, whole) => {
        const text = pieces.map((each) => `${each}\n`).join('');
        built.trail.tamper(log.blob, formatFrame(Buffer.from(text)));
        const { failures } = await verifyBuilt(built, { whole });
        return failures.length > 0 || text === lines.map((line) => `${line}\n`).join('');
      }),
      { numRuns: 300 },
    );
    await expect(property).resolves.toBeUndefined();
  });
});
