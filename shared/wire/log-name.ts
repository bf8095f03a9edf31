import { FormatError } from '../errors.ts';

/**
 * A log is `<trail>/<hub>/<partition>/<generation>`: the checkpoint's origin, the note's key name and the folder of its
 * segments, one text for all three. `<trail>` is a schemeless URL that names the deployment: `audit.example.com/trail`.
 */
export interface LogName {
  readonly trail: string;
  readonly hub: string;
  readonly partition: string;
  readonly generation: number;
}

// C2SP signed-note forbids spaces and plus signs in key names; dots alone would climb in a directory.
const TRAIL = /^[a-z0-9][a-z0-9.-]{0,252}(?:\/[a-z0-9][a-z0-9._-]{0,62}){0,4}$/;
const HUB = /^[a-z][a-z0-9-]{0,48}$/;
const NUMBER = /^(?:0|[1-9]\d{0,8})$/;

/** Throws FormatError `logName`. */
export function parseTrailName(trail: string): string {
  if (!TRAIL.test(trail)) {
    throw new FormatError(
      'logName',
      `"${trail.slice(0, 300)}" is no trail name: write a URL without scheme, like audit.example.com/trail.`,
    );
  }
  return trail;
}

export function formatLogName(log: LogName): string {
  const text = `${log.trail}/${log.hub}/${log.partition}/${log.generation}`;
  parseLogName(text);
  return text;
}

/** Throws FormatError `logName`. */
export function parseLogName(text: string): LogName {
  const parts = text.split('/');
  const generation = parts.pop() ?? '';
  const partition = parts.pop() ?? '';
  const hub = parts.pop() ?? '';
  if (!HUB.test(hub) || !NUMBER.test(partition) || !NUMBER.test(generation)) {
    throw new FormatError('logName', `"${text.slice(0, 400)}" is no log name: <trail>/<hub>/<partition>/<generation>.`);
  }
  return { trail: parseTrailName(parts.join('/')), hub, partition, generation: Number(generation) };
}

const SEGMENT_BLOB = /^segments\/(.+)\/(\d{12})\.jsonl\.zst$/;

/** Folder of a log's segments within the container `trail`, ending in a slash. */
export function segmentPrefix(log: string): string {
  return `segments/${log}/`;
}

export function formatSegmentBlob(log: string, number: number): string {
  return `${segmentPrefix(log)}${String(number).padStart(12, '0')}.jsonl.zst`;
}

/** undefined where the name is not a segment's. */
export function parseSegmentBlob(blob: string): { log: string; number: number } | undefined {
  const match = SEGMENT_BLOB.exec(blob);
  if (match === null) return undefined;
  const [, log, number] = match as unknown as [string, string, string];
  try {
    parseLogName(log);
  } catch {
    return undefined;
  }
  return { log, number: Number(number) };
}

/** Name within the container `evidence`: filed by month (UTC), named by the hash of the inflated bytes. `at`: a timestamp. */
export function formatEvidenceBlob(at: string, sha256: string): string {
  return `${at.slice(0, 4)}/${at.slice(5, 7)}/${sha256}.zst`;
}

/** Name of a public key within the container `trail`. */
export function formatKeyBlob(spkiSha256: string): string {
  return `keys/${spkiSha256}.pem`;
}

/** SHA-256 of the SPKI, hex; undefined where the name is not a key's. */
export function parseKeyBlob(blob: string): string | undefined {
  return /^keys\/([0-9a-f]{64})\.pem$/.exec(blob)?.[1];
}
