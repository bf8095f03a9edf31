import { parseKeyBlob, parseSegmentBlob, parseTrailName } from '../wire/log-name.ts';

/** What the name of a blob in the container `trail` says that it is. */
export type TrailBlob =
  | { readonly kind: 'segment'; readonly log: string; readonly number: number }
  | { readonly kind: 'key'; readonly sha256: string }
  | { readonly kind: 'foreign' };

const ANCHOR_BLOB = /^segments\/((.+)\/anchors)\/(\d{12})\.jsonl\.zst$/;

export function parseTrailBlob(name: string): TrailBlob {
  const segment = parseSegmentBlob(name);
  if (segment !== undefined) return { kind: 'segment', ...segment };
  const [, anchors, trail, number] = ANCHOR_BLOB.exec(name) ?? [];
  if (anchors !== undefined && trail !== undefined && isTrailName(trail)) {
    return { kind: 'segment', log: anchors, number: Number(number) };
  }
  const sha256 = parseKeyBlob(name);
  return sha256 === undefined ? { kind: 'foreign' } : { kind: 'key', sha256 };
}

/** True for `<yyyy>/<mm>/<SHA-256>.zst`, the name of every blob in the container `evidence`. */
export function isEvidenceBlob(name: string): boolean {
  return /^\d{4}\/\d{2}\/[0-9a-f]{64}\.zst$/.test(name);
}

/** `<trail>/anchors` seals the roots of the other logs: it has no hub, no messages and no positions. */
export function isAnchorsLog(log: string): boolean {
  return log.endsWith('/anchors') && isTrailName(log.slice(0, -'/anchors'.length));
}

function isTrailName(text: string): boolean {
  try {
    parseTrailName(text);
    return true;
  } catch {
    return false;
  }
}
