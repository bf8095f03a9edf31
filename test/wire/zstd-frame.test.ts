import { constants, zstdCompressSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { FormatError } from '../../shared/errors.ts';
import { formatFrame, parseFrame } from '../../shared/wire/zstd-frame.ts';

const bytes = Buffer.from('{"a":1}\n'.repeat(1_000));
const frame = formatFrame(bytes);
const LIMIT = 1 << 20;

function compress(data: Buffer, params: Record<number, number>, pledgedSrcSize?: number): Buffer {
  return zstdCompressSync(data, { params, ...(pledgedSrcSize === undefined ? {} : { pledgedSrcSize }) });
}

describe('Zstandard frame', () => {
  test.each([0, 1, 255, 256, 257, 65_791, 65_792, 200_000])('%i bytes that do not come back', (size) => {
    const data = Buffer.alloc(size, 'abc');
    expect(parseFrame(formatFrame(data), LIMIT)).toEqual(data);
  });

  test('bytes before, after and between: what other decompressors skip or append', () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0x01, 0, 0, 0, 0x00]);
    for (const bad of [
      Buffer.concat([frame, Buffer.from([0])]),
      Buffer.concat([frame, frame]),
      Buffer.concat([frame, skippable]),
      Buffer.concat([skippable, frame]),
      frame.subarray(0, -1),
      frame.subarray(0, 3),
      Buffer.alloc(0),
    ]) {
      expect(() => parseFrame(bad, LIMIT)).toThrow(FormatError);
    }
  });

  test('a frame without checksum or without content size', () => {
    const { ZSTD_c_checksumFlag: checksum, ZSTD_c_contentSizeFlag: size } = constants;
    expect(() => parseFrame(compress(bytes, { [checksum]: 0, [size]: 1 }, bytes.length), LIMIT)).toThrow(/checksum/);
    expect(() => parseFrame(compress(bytes, { [checksum]: 1, [size]: 0 }), LIMIT)).toThrow(/content size/);
  });

  test('a bomb: refused by the size it claims, before memory is taken', () => {
    const bomb = formatFrame(Buffer.alloc(LIMIT + 1));
    expect(bomb.length).toBeLessThan(1_000);
    expect(() => parseFrame(bomb, LIMIT)).toThrow(expect.objectContaining({ code: 'frameTooLarge' }));
  });

  test('a bomb that lies about its size', () => {
    const bomb = Buffer.from(formatFrame(Buffer.alloc(LIMIT * 4)));
    bomb.writeUInt32LE(10, bomb[4] === 0xa4 ? 5 : 6);
    expect(() => parseFrame(bomb, LIMIT)).toThrow(FormatError);
  });

  test('a changed byte anywhere that yields other bytes, or an error that is not ours', () => {
    for (let i = 0; i < frame.length; i++) {
      const mangled = Buffer.from(frame);
      mangled[i] = (mangled[i] as number) ^ 0x10;
      let outcome: unknown;
      try {
        outcome = parseFrame(mangled, LIMIT).equals(bytes);
      } catch (error) {
        outcome = error instanceof FormatError || error;
      }
      expect(outcome, `byte ${i}`).toBe(true);
    }
  });
});
