import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import { FormatError, SettingsError, StoreError } from '../../shared/errors.ts';
import { SegmentRunner } from '../../shared/verify/segment-runner.ts';
import { sourceOfFolders, sourceOfStores } from '../../shared/verify/segment-source.ts';
import type { SourceFolders } from '../../shared/verify/segment-source.ts';
import { segmentWorkerUrl } from '../../shared/verify/segment-worker-url.ts';
import { verifySegment } from '../../shared/verify/verify-segment.ts';
import type { SegmentChecks, SegmentJob, SegmentResult, SegmentSource } from '../../shared/verify/verify-segment.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { TrailBuilder, message } from '../fixtures/trail-builder.ts';
import { rewriteText } from './verifying.ts';

const built = new TrailBuilder();
const log = built.log().segment([message('a', { records: 2 }), message('b', { from: 'spill' })]);
const intact = built.trail.copy();
const checks: SegmentChecks = { keys: [built.key.publicKey], keptSizes: new Map([[log.name, [2]]]), whole: false };
const job: SegmentJob = {
  name: formatSegmentBlob(log.name, 0),
  log: log.name,
  number: 0,
  isFirst: true,
  evidenceKeys: [built.key.publicKey.sha256],
};

/** Verifies one segment again and again until a worker has taken part: how soon it does is not for a test to say. */
async function runUntilWorker(source: SegmentSource, folders: SourceFolders | undefined): Promise<unknown[]> {
  const runner = new SegmentRunner(source, checks, folders);
  const results: unknown[] = [];
  try {
    runner.grow(1);
    while (runner.byWorkers < 3) results.push(...(await Promise.all([1, 2, 3, 4].map(() => runner.verify(job)))));
  } finally {
    await runner.close();
  }
  return results;
}

describe('a worker thread', () => {
  let folder: string;
  let folders: { trail: string; evidence: string };

  beforeAll(async () => {
    await rewriteText(built.trail, job.name, (text) => text.replace('octocat', 'tacocat'));
    folder = await mkdtemp(join(tmpdir(), 'indelible-runner-'));
    folders = { trail: join(folder, 'trail'), evidence: join(folder, 'evidence') };
    for (const [store, path] of [
      [built.trail, folders.trail],
      [built.evidence, folders.evidence],
    ] as const) {
      const copy = new DirectoryImmutableStore(path);
      for (const name of store.names()) await copy.create(name, (await store.read(name)) ?? Buffer.alloc(0));
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('finds what this thread finds, in files that it reads itself', async () => {
    const source = sourceOfFolders(folders);
    const here = await verifySegment(job, source, checks);
    expect(here.findings.map(({ kind }) => kind)).toEqual(['rootMismatch']);
    for (const result of await runUntilWorker(source, folders)) expect(result).toEqual(here);
  });

  it('finds what this thread finds, in blobs that it asks for', async () => {
    const source = sourceOfStores(built.trail, built.evidence);
    const here = await verifySegment(job, source, checks);
    for (const result of await runUntilWorker(source, undefined)) expect(result).toEqual(here);
  });

  it('asks for a blob that is too large: a finding of its segment, not the end of the whole verification', async () => {
    const refuse = (): never => {
      throw new FormatError('frameTooLarge', 'The blob has 999999999 bytes; at most 67108864 are allowed.');
    };
    const source: SegmentSource = { trail: refuse, evidence: undefined };
    for (const result of (await runUntilWorker(source, undefined)) as SegmentResult[]) {
      expect(result.findings).toMatchObject([{ kind: 'frameDamaged', message: expect.stringContaining('999999999') }]);
    }
  });

  it('passes on that a file cannot be read, as an error and not as a finding', async () => {
    // Of a segment that was not changed: only its evidence is read.
    const source: SegmentSource = {
      ...sourceOfStores(intact, undefined),
      evidence: () => Promise.reject(new StoreError('forbidden', 'No.')),
    };
    await expect(runUntilWorker(source, undefined)).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('is said to be missing where a package was built without it, instead of one that never answers', () => {
    expect(() => segmentWorkerUrl(pathToFileURL(join(folder, 'bundle.js')).href)).toThrow(SettingsError);
  });
});
