import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import { StoreError } from '../../shared/errors.ts';
import { collectFindings, verifyTrail } from '../../shared/verify/verify-trail.ts';
import { formatKeyBlob } from '../../shared/wire/log-name.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import { briefs, rewriteText, verifyBuilt } from './verifying.ts';

/** Everything that a sealer may write: two logs, gaps, adoptions, an idle segment, rotated keys, spilled and lost bodies. */
function buildAll(): TrailBuilder {
  const built = new TrailBuilder();
  const [second, third] = [makeKey(), makeKey()];
  built
    .log('web', '0')
    .segment([message('a'), message('b', { records: 3 })])
    .segment([{ gap: 3 }, message('c', { from: 'spill' }), message('d')], { announce: second })
    .segment([], { adopt: { bytes: 'version: 2\n' } })
    .segment([message('e', { from: 'absent' }), message('f', { after: -60_000 }), message('')], { announce: third })
    .segment([])
    .segment([message('g'), message('g'), { gap: 1 }, message('h')], {
      adopt: { bytes: 'version: 3\n', from: '2027-01-01T00:00:00.000Z' },
    });
  built.log('decisions', '11').segment([{ gap: 5 }, message('x', { type: 'indelible.decision.approval.voted' })]);
  return built;
}

describe('a trail that holds', () => {
  it('is found to hold, in all its forms', async () => {
    const { failures, findings, summary } = await verifyBuilt(buildAll());
    expect(failures).toEqual([]);
    expect(briefs(findings)).toEqual(['bodyMissing 3/12']);
    expect(summary).toMatchObject({ segments: 7, records: 27, messages: 11, gaps: 3, gone: 9, failures: 0, notes: 1 });
    expect(summary.logs.map(({ log, segments, size }) => [log, segments, size])).toEqual([
      ['audit.example/trail/decisions/11/0', 1, 4],
      ['audit.example/trail/web/0/0', 6, 23],
    ]);
    expect(summary.logs[1]).toMatchObject({
      from: { sequenceNumber: 0, enqueued: '2026-11-23T06:00:01.000Z' },
      to: { sequenceNumber: 13 },
    });
  });

  it('holds also where every record is parsed whole', async () => {
    expect((await verifyBuilt(buildAll(), { whole: true })).failures).toEqual([]);
  });

  it('is verified alike by worker threads, from folders and from stores', async () => {
    const built = buildAll();
    const log = built.log('many', '0');
    for (let i = 0; i < 40; i++) log.segment([message(`m${i}`), message('n', { records: 2 })]);
    await rewriteText(built.trail, log.blob, (text) => text.replace('pull/79', 'pull/97'));
    const folder = await mkdtemp(join(tmpdir(), 'indelible-verify-'));
    try {
      const folders = { trail: join(folder, 'trail'), evidence: join(folder, 'evidence') };
      await copyTo(built.trail, new DirectoryImmutableStore(folders.trail));
      await copyTo(built.evidence, new DirectoryImmutableStore(folders.evidence));
      const alone = await verifyBuilt(built);
      const pooled = await verifyBuilt(built, { parallel: 3 });
      const fromFolders = await verifyBuilt(built, { parallel: 3, folders });
      expect(briefs(alone.failures)).toEqual(['rootMismatch 39/158']);
      expect(pooled).toEqual(alone);
      expect(fromFolders).toEqual(alone);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is not found to hold where nothing is there to be verified with', async () => {
    const built = buildAll();
    const { failures } = await verifyBuilt(built, { keys: [] });
    expect(new Set(failures.map(({ kind }) => kind))).toEqual(new Set(['keyUnknown']));
  });

  it('is looked at only as far as asked', async () => {
    const { summary } = await verifyBuilt(buildAll(), { logs: ['audit.example/trail/decisions/11/0'] });
    expect(summary.logs.map(({ log }) => log)).toEqual(['audit.example/trail/decisions/11/0']);
  });

  it('needs no evidence to be joined, and says less without', async () => {
    const { failures, summary } = await verifyBuilt(buildAll(), { evidence: undefined });
    expect(failures).toEqual([]);
    expect(summary.evidenceBlobs).toBe(0);
  });

  it('reports its progress segment by segment', async () => {
    const seen: number[] = [];
    await verifyBuilt(buildAll(), { onProgress: ({ segments }) => seen.push(segments) });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('what cannot be looked at', () => {
  it('throws instead of saying that all is well: a store that fails', async () => {
    const built = buildAll();
    const failing = Object.assign(new MemoryImmutableStore(), {
      read: () => Promise.reject(new StoreError('unavailable', 'The store is away.')),
    });
    await expect(verifyBuilt(built, { evidence: failing })).rejects.toMatchObject({ code: 'unavailable' });
    await expect(verifyBuilt(built, { evidence: failing, parallel: 3 })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('throws instead of saying that all is well: a folder that is not there', async () => {
    const folders = { trail: join(tmpdir(), 'indelible-nothing-here', 'trail'), evidence: undefined };
    await expect(verifyBuilt(buildAll(), { folders })).rejects.toBeInstanceOf(StoreError);
  });

  it('leaves no worker behind where the reader stops early', async () => {
    const built = new TrailBuilder();
    const log = built.log();
    for (let i = 0; i < 40; i++) log.segment([message(`m${i}`)]);
    const run = verifyTrail({ trail: built.trail, evidence: undefined, keys: [], parallel: 2 });
    expect((await run.next()).done).toBe(false);
    await run.return(undefined as never);
    expect((await run.next()).done).toBe(true);
  });
});

describe('blobs that do not belong', () => {
  let built: TrailBuilder;
  beforeAll(() => {
    built = buildAll();
    built.trail.tamper('notes.txt', Buffer.from('hello'));
    built.trail.tamper('segments/audit.example/trail/web/0/0/5.jsonl.zst', Buffer.from('hello'));
    built.trail.tamper('segments/audit.example/trail/web/0/0/000000000006.jsonl.zst', Buffer.from('hello'));
    built.trail.tamper(formatKeyBlob('0'.repeat(64)), Buffer.from('not a key'));
    built.evidence.tamper('2026/11/stray.zst', Buffer.from('hello'));
  });

  it('are named: in the trail as failures, among the evidence as a note', async () => {
    const { findings } = await verifyBuilt(built);
    const named = findings.filter(({ kind }) => kind !== 'bodyMissing');
    expect(named.map(({ kind, blob, segment }) => [kind, blob ?? segment])).toEqual([
      ['keyBlobWrong', formatKeyBlob('0'.repeat(64))],
      ['segmentForeign', 'notes.txt'],
      ['frameDamaged', 6],
      ['segmentForeign', 'segments/audit.example/trail/web/0/0/5.jsonl.zst'],
      ['evidenceUnreferenced', '2026/11/stray.zst'],
    ]);
  });

  it('do not keep the rest from being verified', async () => {
    expect(
      (await collectFindings({ trail: built.trail, evidence: undefined, keys: [built.key.publicKey] })).summary,
    ).toMatchObject({
      segments: 8,
      messages: 11,
    });
  });
});

async function copyTo(from: MemoryImmutableStore, to: DirectoryImmutableStore): Promise<void> {
  for (const name of from.names()) await to.create(name, (await from.read(name)) ?? Buffer.alloc(0));
}
