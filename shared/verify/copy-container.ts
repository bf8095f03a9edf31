import { hash } from 'node:crypto';

import pLimit from 'p-limit';

import { FormatError, StoreError } from '../errors.ts';
import type { StoreErrorCode } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { MAX_SEGMENT_BLOB_BYTES, parseSegment } from '../wire/segment.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import { parseFrame } from '../wire/zstd-frame.ts';
import { MAX_KEY_BYTES } from './key-ring.ts';
import { isEvidenceBlob, parseTrailBlob } from './trail-blobs.ts';
import { MAX_EVIDENCE_BYTES } from './verify-evidence.ts';
import { MAX_EVIDENCE_BLOB_BYTES } from './verify-segment.ts';

/** Something that the copy shows to be wrong. */
export interface CopyFinding {
  readonly kind:
    /** It is not what its name says; copied all the same, for it is what an auditor has to see. */
    | 'blobWrong'
    /** What the copy held already is not what its name says; it is not replaced. */
    | 'copyDiffers'
    /** Its name is none of a trail. Not copied: as a file, it could stand where a folder of the trail belongs. */
    | 'blobForeign'
    /** Larger than any of its kind, not readable, or nothing that the copy can take. */
    | 'notCopied';
  readonly blob: string;
  readonly message: string;
}

export interface CopyProgress {
  readonly copied: number;
  /** Were there already, with the right bytes. */
  readonly kept: number;
  readonly bytes: number;
}

/** On their way at once: enough to hide the way to a store, few enough to hold in memory. */
const AT_ONCE = 8;
/** Bytes; larger ones come one after the other. */
const LARGE = 16 * 1024 * 1024;

/** What is about the store, not about one blob: going on would only say it of every other one too. */
const STOPS: readonly StoreErrorCode[] = ['unavailable', 'forbidden'];

/**
 * Copies every blob of a container that the copy does not have yet, and checks each one, copied or kept, against its listed size
 * and against what its name says of its bytes. One blob that cannot be copied is a finding and keeps none from the others.
 * Stopped halfway, it is run again. Throws StoreError.
 */
export async function copyContainer(
  container: 'trail' | 'evidence',
  from: ImmutableStore,
  to: ImmutableStore,
  onProgress: (progress: CopyProgress) => void,
): Promise<{ progress: CopyProgress; findings: CopyFinding[] }> {
  const [many, one] = [pLimit(AT_ONCE), pLimit(1)];
  const findings: CopyFinding[] = [];
  const progress = { copied: 0, kept: 0, bytes: 0 };
  const copies = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const report = (kind: CopyFinding['kind'], blob: string, message: string): void =>
    void findings.push({ kind, blob, message });

  const copy = async (name: string, size: number, limit: number): Promise<void> => {
    const kept = await to.read(name, limit);
    const bytes = kept ?? (await from.read(name, limit));
    if (bytes === undefined) return report('notCopied', name, 'The blob was listed and cannot be read.');
    const wrong =
      bytes.length === size ? wrongBytes(container, name, bytes) : `It has ${bytes.length} bytes; listed are ${size}.`;
    if (wrong !== undefined) report(kept === undefined ? 'blobWrong' : 'copyDiffers', name, wrong);
    if (kept === undefined) await to.create(name, bytes);
    progress[kept === undefined ? 'copied' : 'kept']++;
    progress.bytes += bytes.length;
    onProgress(progress);
  };
  const failed = (name: string, error: unknown): void => {
    if (error instanceof StoreError && !STOPS.includes(error.code)) report('notCopied', name, error.message);
    else failure ??= { error };
  };

  for await (const { name, size } of from.list('')) {
    const limit = limitOf(container, name);
    if (limit === undefined) {
      report('blobForeign', name, 'No blob of a trail has such a name: it is not copied.');
      continue;
    }
    if (size > limit) {
      report('notCopied', name, `It has ${size} bytes; no blob of its kind has more than ${limit}.`);
      continue;
    }
    const running: Promise<void> = (size > LARGE ? one : many)(() => copy(name, size, limit))
      .catch((error: unknown) => failed(name, error))
      .finally(() => copies.delete(running));
    copies.add(running);
    // The listing must not run ahead of the copying by a whole trail.
    if (copies.size >= 2 * AT_ONCE) await Promise.race(copies);
    if (failure !== undefined) break;
  }
  await Promise.all(copies);
  if (failure !== undefined) throw failure.error;
  return { progress, findings };
}

/** Bytes that a blob of this name may have; undefined where it has no place in the container. */
function limitOf(container: 'trail' | 'evidence', name: string): number | undefined {
  if (container === 'evidence') return isEvidenceBlob(name) ? MAX_EVIDENCE_BLOB_BYTES : undefined;
  switch (parseTrailBlob(name).kind) {
    case 'segment':
      return MAX_SEGMENT_BLOB_BYTES;
    case 'key':
      return MAX_KEY_BYTES;
    case 'foreign':
      return undefined;
  }
}

/** What the name says of the bytes and is not so; undefined where they agree, or the name says nothing. */
function wrongBytes(container: 'trail' | 'evidence', name: string, bytes: Buffer): string | undefined {
  try {
    return container === 'evidence' ? wrongEvidence(name, bytes) : wrongTrailBlob(name, bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return error.message;
  }
}

function wrongEvidence(name: string, bytes: Buffer): string | undefined {
  const sha256 = hash('sha256', parseFrame(bytes, MAX_EVIDENCE_BYTES), 'hex');
  return name.endsWith(`/${sha256}.zst`) ? undefined : `Its inflated bytes have the hash ${sha256}.`;
}

function wrongTrailBlob(name: string, bytes: Buffer): string | undefined {
  const blob = parseTrailBlob(name);
  switch (blob.kind) {
    case 'segment': {
      const { seal } = parseSegment(bytes);
      const isThis = seal.log === blob.log && seal.number === blob.number;
      return isThis ? undefined : `It holds segment ${seal.number} of ${seal.log}.`;
    }
    case 'key':
      return parsePublicKey(bytes.toString('latin1')).sha256 === blob.sha256 ? undefined : 'It holds another key.';
    case 'foreign':
      return 'It is no segment and no key.';
  }
}
