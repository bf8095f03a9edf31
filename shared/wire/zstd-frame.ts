import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { FormatError } from '../errors.ts';

/**
 * The container of segments and evidence: exactly one Zstandard frame (RFC 8878 section 3.1.1), with content size and
 * checksum, without dictionary, nothing before or after it. Decompressors take more than that (several frames,
 * skippable ones) and differ in what they make of it, so the headers are walked before anything is inflated.
 */

const MAGIC = 0xfd2fb528;

/** Inflated bytes to one frame, at Zstandard's level 1. */
export function formatFrame(bytes: Uint8Array): Buffer {
  return zstdCompressSync(bytes, {
    pledgedSrcSize: bytes.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}

/**
 * One frame to its inflated bytes. `limit`: the most it may inflate to, in bytes; the size that the frame claims is
 * checked before memory is taken, and the inflater stops there. Throws FormatError `frame` or `frameTooLarge`.
 */
export function parseFrame(frame: Uint8Array, limit: number): Buffer {
  const size = contentSize(frame);
  if (size > limit) {
    throw new FormatError(
      'frameTooLarge',
      `The frame says that it inflates to ${size} bytes; at most ${limit} are allowed.`,
    );
  }
  let bytes: Buffer;
  try {
    // One chunk of the whole size spares the copy that joining chunks would take; where it is full to the last byte, zlib
    // makes another one of that size.
    bytes = zstdDecompressSync(frame, { maxOutputLength: Math.max(size, 1), chunkSize: size + 64 });
  } catch (cause) {
    throw new FormatError('frame', 'The Zstandard frame does not inflate: its bytes are damaged.', { cause });
  }
  if (bytes.length !== size) {
    throw new FormatError('frame', `The frame inflates to ${bytes.length} bytes but says ${size}.`);
  }
  return bytes;
}

/**
 * Gives back at once the memory of bytes that `parseFrame` returned; they are of no use afterwards. V8 counts what lies
 * outside its heap as well, and marks the whole heap again and again as it grows: a third of all that verifying takes.
 */
export function releaseInflated(bytes: Buffer): void {
  // Smaller ones may lie in the memory that Node's Buffers share.
  if (bytes.length > Buffer.poolSize && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

/** Walks frame header and block headers (RFC 8878 sections 3.1.1.1 and 3.1.1.2); returns the content size in bytes. */
function contentSize(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const refuse = (why: string): never => {
    throw new FormatError('frame', `Not one Zstandard frame as this format allows it: ${why}.`);
  };
  if (frame.length < 6 || view.getUint32(0, true) !== MAGIC) refuse('it does not begin with the magic number');
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x18) !== 0) refuse('a reserved bit is set');
  if ((descriptor & 0x04) === 0) refuse('it has no checksum');
  if ((descriptor & 0x03) !== 0) refuse('it names a dictionary');
  const sizeFlag = descriptor >> 6;
  if (sizeFlag === 0 && !singleSegment) refuse('it has no content size');
  let at = 5 + (singleSegment ? 0 : 1);
  const sizeLength = [1, 2, 4, 8][sizeFlag] as number;
  if (frame.length < at + sizeLength) refuse('it ends inside its header');
  let size: number;
  switch (sizeFlag) {
    case 0:
      size = view.getUint8(at);
      break;
    case 1:
      size = view.getUint16(at, true) + 256;
      break;
    case 2:
      size = view.getUint32(at, true);
      break;
    default:
      size = Number(view.getBigUint64(at, true));
  }
  at += sizeLength;
  for (let lastBlock = false; !lastBlock;) {
    if (frame.length < at + 3) refuse('it ends inside a block header');
    const header = view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
    lastBlock = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    if (kind === 3) refuse('a block has the reserved type');
    at += 3 + (kind === 1 ? 1 : header >> 3);
  }
  if (frame.length !== at + 4) refuse('bytes are missing or follow the frame');
  return size;
}
