import { hash } from 'node:crypto';

import pLimit from 'p-limit';

import { FormatError } from '../errors.ts';
import type { ImmutableStore } from '../seal/immutable-store.ts';
import { parsePublicKey } from '../wire/signed-note.ts';
import { parseFrame } from '../wire/zstd-frame.ts';
import { parseTrailBlob } from './trail-blobs.ts';
import { MAX_EVIDENCE_BYTES } from './verify-evidence.ts';
import { parseSegment } from '../wire/segment.ts';

/** Something that the copy shows to be wrong; it is copied all the same, for it is what an auditor has to see. */
export interface CopyFinding {
  readonly kind: 'blobWrong' | 'copyDiffers';
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

/**
 * Copies every blob of a container that the copy does not have yet, and checks each one, copied or kept, against its listed size
 * and against what its name says of its bytes. Stopped halfway, it is run again. Throws StoreError.
 */
export async function copyContainer(
  container: 'trail' | 'evidence',
  from: ImmutableStore,
  to: ImmutableStore,
  onProgress: (progress: CopyProgress) => void,
): Promise<{ progress: CopyProgress; findings: CopyFinding[] }> {
  const limit = pLimit(AT_ONCE);
  const findings: CopyFinding[] = [];
  const progress = { copied: 0, kept: 0, bytes: 0 };
  const copies = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const copy = async (name: string, size: number): Promise<void> => {
    const kept = await to.read(name);
    const bytes = kept ?? (await from.read(name));
    if (bytes === undefined) {
      findings.push({ kind: 'blobWrong', blob: name, message: 'The blob was listed and is not there.' });
      return;
    }
    const wrong =
      bytes.length === size ? wrongBytes(container, name, bytes) : `It has ${bytes.length} bytes; listed are ${size}.`;
    if (wrong !== undefined) {
      findings.push({ kind: kept === undefined ? 'blobWrong' : 'copyDiffers', blob: name, message: wrong });
    }
    if (kept === undefined) await to.create(name, bytes);
    progress[kept === undefined ? 'copied' : 'kept']++;
    progress.bytes += bytes.length;
    onProgress(progress);
  };

  for await (const { name, size } of from.list('')) {
    const running: Promise<void> = limit(() => copy(name, size))
      .catch((error: unknown) => void (failure ??= { error }))
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
