import { describe, expect, it } from 'vitest';

import { MAX_LEAF_BYTES } from '../../shared/wire/record.ts';
import {
  MAX_LAST_LINE_BYTES,
  MAX_SEGMENT_LEAVES,
  PREFIX_SIZE,
  parseCanonicalRecord,
  parseLastLine,
  parseSegment,
} from '../../shared/wire/segment.ts';
import { formatFrame, parseFrame } from '../../shared/wire/zstd-frame.ts';
import { TrailBuilder, message } from '../fixtures/trail-builder.ts';

/** Lines of a segment that holds. */
async function sealedLines(): Promise<string[]> {
  const built = new TrailBuilder();
  const log = built.log().segment([message('a')]);
  const blob = (await built.trail.read(log.blob)) ?? Buffer.alloc(0);
  expect(parseSegment(blob).leaves).toHaveLength(3);
  return parseFrame(blob, 1 << 20)
    .toString()
    .split('\n')
    .slice(0, -1);
}

function blobOf(lines: readonly string[]): Buffer {
  return formatFrame(Buffer.from(lines.map((line) => `${line}\n`).join('')));
}

/** Some thousands of bytes as a frame, and gigabytes as values. */
const BRACKETS = `[${'{},'.repeat(1 << 20)}0]`;

describe('parsing a segment', () => {
  it('takes gigabytes for a last line of brackets: its length is looked at before it is parsed', async () => {
    const lines = await sealedLines();
    const blob = blobOf([...lines.slice(0, -1), BRACKETS]);
    expect(blob.length).toBeLessThan(8_000);
    expect(() => parseSegment(blob)).toThrow(`The last line of the segment has ${BRACKETS.length} bytes`);
  });

  it('takes gigabytes for a seal, or another leaf, of brackets', async () => {
    const lines = await sealedLines();
    for (const place of [0, 1, 2]) {
      const blob = blobOf(lines.map((line, i) => (i === place ? BRACKETS : line)));
      expect(() => parseSegment(blob)).toThrow(`A leaf of ${BRACKETS.length} bytes is larger than ${MAX_LEAF_BYTES}.`);
    }
    expect(() => parseCanonicalRecord(Buffer.from(BRACKETS))).toThrow(`at most ${MAX_LEAF_BYTES} are allowed`);
  });

  it('refuses the longest last line that a sealer can write', () => {
    const leafHashPrefixes = Buffer.alloc(MAX_SEGMENT_LEAVES * PREFIX_SIZE, 0xff).toString('base64');
    for (const character of ['"', '\\', '\ud800', '—']) {
      const line = Buffer.from(JSON.stringify({ checkpoint: character.repeat(16_384), leafHashPrefixes }));
      expect(line.length).toBeLessThanOrEqual(MAX_LAST_LINE_BYTES);
      expect(parseLastLine(line).prefixes).toHaveLength(MAX_SEGMENT_LEAVES * PREFIX_SIZE);
    }
  });
});
