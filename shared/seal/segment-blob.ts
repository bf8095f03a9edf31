import { FormatError, StoreError } from '../errors.ts';
import { formatSegmentBlob } from '../wire/log-name.ts';
import { MAX_SEGMENT_BYTES, parseSegment } from '../wire/segment.ts';
import type { Segment } from '../wire/segment.ts';
import type { ImmutableStore } from './immutable-store.ts';

/**
 * The most bytes that a frame over so many bytes can have: Zstandard stores what it cannot make smaller, in blocks of 128 KiB
 * with three bytes of their own, behind a few of header.
 */
export function largestFrame(bytes: number): number {
  return bytes + Math.ceil(bytes / 256) + 1_024;
}

/**
 * As {@link ImmutableStore.read}; what is larger than `limit` bytes is none of ours and throws FormatError `frameTooLarge`:
 * whoever may write blobs could put terabytes where a sealer reads. Throws StoreError.
 */
export async function readWithin(store: ImmutableStore, name: string, limit: number): Promise<Buffer | undefined> {
  try {
    return await store.read(name, limit);
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.code !== 'tooLarge') throw cause;
    throw new FormatError('frameTooLarge', `${name} has more bytes than the ${limit} that it can have.`, { cause });
  }
}

/**
 * A segment by its name. undefined: there is no such blob. Throws StoreError, and FormatError where the blob is too large, is
 * no segment, or that of another name; who signed it is not judged here.
 */
export async function readSegmentBlob(
  trail: ImmutableStore,
  log: string,
  number: number,
): Promise<Segment | undefined> {
  const blob = await readWithin(trail, formatSegmentBlob(log, number), largestFrame(MAX_SEGMENT_BYTES));
  if (blob === undefined) return undefined;
  const segment = parseSegment(blob);
  if (segment.seal.log !== log || segment.seal.number !== number) {
    const holds = `${segment.seal.log} segment ${segment.seal.number}`;
    throw new FormatError('segment', `The blob of ${log} segment ${number} holds ${holds}.`);
  }
  return segment;
}
