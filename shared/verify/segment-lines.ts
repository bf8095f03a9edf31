import { MAX_SEGMENT_LEAVES } from '../wire/segment.ts';
import type { FindingList } from './findings.ts';

/** The inflated bytes, and where their lines end: the leaves, then the checkpoint's. */
export interface SegmentLines {
  readonly bytes: Buffer;
  /** Offset of the line feed that ends each line. */
  readonly ends: readonly number[];
  /** Lines but the last. */
  readonly leaves: number;
}

const LF = 0x0a;

/**
 * Cuts inflated bytes into lines, without the copy that `inflateSegment` of the wire format makes. undefined, and a finding,
 * where they are not lines, or too many.
 */
export function cutLines(bytes: Buffer, findings: FindingList): SegmentLines | undefined {
  const ends: number[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LF, start);
    const why =
      end === -1
        ? 'does not end in a line feed'
        : end === start
          ? 'is empty'
          : ends.length > MAX_SEGMENT_LEAVES
            ? `is one more than the ${MAX_SEGMENT_LEAVES} leaves allowed`
            : undefined;
    if (why !== undefined) {
      findings.add('segmentMalformed', `Line ${ends.length} of the segment ${why}.`);
      return undefined;
    }
    ends.push(end);
    start = end + 1;
  }
  if (ends.length < 2) {
    findings.add('segmentMalformed', 'The segment has no seal and checkpoint.');
    return undefined;
  }
  return { bytes, ends, leaves: ends.length - 1 };
}

export function lineStart({ ends }: SegmentLines, i: number): number {
  return i === 0 ? 0 : (ends[i - 1] as number) + 1;
}

/** Bytes of a line without its line feed. */
export function lineAt(lines: SegmentLines, i: number): Buffer {
  return lines.bytes.subarray(lineStart(lines, i), lines.ends[i]);
}
