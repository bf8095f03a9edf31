import { hash } from 'node:crypto';

import { parseConfiguration } from '../shared/authorize/configuration.ts';
import type { Configuration } from '../shared/authorize/configuration.ts';
import { authorsIn } from '../shared/decide/judge-request.ts';
import type { SealedRecord } from '../shared/decide/sealed-steps.ts';
import { FormatError, SettingsError, StoreError } from '../shared/errors.ts';
import type { ImmutableStore } from '../shared/seal/immutable-store.ts';
import { parseTrailBlob } from '../shared/verify/trail-blobs.ts';
import { parseJson } from '../shared/wire/json.ts';
import { formatEvidenceBlob, parseLogName } from '../shared/wire/log-name.ts';
import { ADOPTION_TYPE, parseRecord } from '../shared/wire/record.ts';
import type { Principal, Seal } from '../shared/wire/record.ts';
import { projectOfRequest } from '../shared/wire/request-id.ts';
import { MAX_SEGMENT_BLOB_BYTES, parseSegment } from '../shared/wire/segment.ts';
import { parseFrame } from '../shared/wire/zstd-frame.ts';

/** What a trail holds of some things, found in its bytes: an index could leave a vote out. */
export interface Scan {
  readonly records: readonly SealedRecord[];
  readonly seals: readonly Seal[];
  /** Hash of each adopted version to the blob of the evidence that holds its bytes. */
  readonly versions: ReadonlyMap<string, string>;
}

export interface ScanWatch {
  readonly onSegment: () => void;
  readonly onUnreadable: (blob: string, why: string) => void;
}

/** Of a version of indelible.yaml and of its blob; the one is never larger (authorize/yaml.ts), the other hardly. */
const MAX_VERSION_BYTES = 1024 * 1024;
const MAX_VERSION_BLOB_BYTES = 2 * MAX_VERSION_BYTES;

/** The hub that alone may bring steps of requests of our own API. */
const DECISIONS = 'decisions';

/**
 * Looks through the trail for records that hold one of the texts, and for what its logs have adopted. Steps of a request of
 * our own API can lie in the hub `decisions` alone, so `request` says where to look. Throws StoreError.
 */
export async function scanFor(
  trail: ImmutableStore,
  texts: readonly string[],
  request: string | undefined,
  watch: ScanWatch,
): Promise<Scan> {
  const needles = texts.map((text) => Buffer.from(JSON.stringify(text).slice(1, -1)));
  const isOurs = request !== undefined && projectOfRequest(request) !== undefined;
  const records: SealedRecord[] = [];
  const seals: Seal[] = [];
  const versions = new Map<string, string>();
  for await (const { name } of trail.list('segments/')) {
    const blob = parseTrailBlob(name);
    if (blob.kind !== 'segment' || isAnchors(blob.log) || (isOurs && hubOf(blob.log) !== DECISIONS)) continue;
    watch.onSegment();
    try {
      const bytes = await trail.read(name, MAX_SEGMENT_BLOB_BYTES);
      if (bytes === undefined) continue;
      const { seal, leaves } = parseSegment(bytes);
      seals.push(seal);
      for (const [i, leaf] of leaves.entries()) {
        const isAdoption = leaf.includes(ADOPTION_TYPE);
        if (!isAdoption && !needles.some((needle) => leaf.includes(needle))) continue;
        const record = parseRecord(parseJson(leaf));
        records.push({ record, log: seal.log, index: seal.first + i });
        const { adoption } = record.data;
        if (adoption !== undefined && seal.to !== undefined)
          versions.set(adoption.sha256, formatEvidenceBlob(seal.to.enqueued, adoption.sha256));
      }
    } catch (error) {
      const isAboutBlob = error instanceof FormatError || (error instanceof StoreError && error.code === 'tooLarge');
      if (!isAboutBlob) throw error;
      watch.onUnreadable(name, error.message);
    }
  }
  return { records, seals, versions };
}

/** Who made these commits, as the records of code that name them say. Throws StoreError. */
export async function findAuthors(
  trail: ImmutableStore,
  commits: readonly string[],
  watch: ScanWatch,
): Promise<readonly Principal[]> {
  if (commits.length === 0) return [];
  const { records } = await scanFor(trail, commits, undefined, watch);
  return authorsIn(
    records.map(({ record }) => record),
    commits,
  );
}

function hubOf(log: string): string {
  return parseLogName(log).hub;
}

/** The log of the anchors has no hub, and no records of anybody's. */
function isAnchors(log: string): boolean {
  return log.endsWith('/anchors');
}

/**
 * The versions that a trail's logs have adopted, from the evidence: each where its bytes hash to its name and can be parsed.
 * Throws StoreError.
 */
export async function readVersions(
  evidence: ImmutableStore,
  versions: Scan['versions'],
): Promise<ReadonlyMap<string, Configuration>> {
  const read = new Map<string, Configuration>();
  for (const [sha256, name] of versions) {
    try {
      const blob = await evidence.read(name, MAX_VERSION_BLOB_BYTES);
      if (blob === undefined) continue;
      const bytes = parseFrame(blob, MAX_VERSION_BYTES);
      if (hash('sha256', bytes, 'hex') === sha256) read.set(sha256, parseConfiguration(bytes, `${sha256}.yaml`));
    } catch (error) {
      // One that this version of the program cannot read says nothing to it; that it was adopted is told.
      const isTooLarge = error instanceof StoreError && error.code === 'tooLarge';
      if (!(error instanceof FormatError || error instanceof SettingsError || isTooLarge)) throw error;
    }
  }
  return read;
}
