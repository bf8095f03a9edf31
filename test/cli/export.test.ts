import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import type { ImmutableStore } from '../../shared/seal/immutable-store.ts';
import { copyContainer } from '../../shared/verify/copy-container.ts';
import { formatEvidenceBlob, formatKeyBlob, formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { formatFrame } from '../../shared/wire/zstd-frame.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import { FaultPlan, withFaults } from '../fakes/faults.ts';
import { indelible, writeBuilt } from './running.ts';

describe('indelible export', () => {
  let folder: string;
  let built: TrailBuilder;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-export-'));
    built = new TrailBuilder();
    built
      .log()
      .segment([message('a')])
      .segment([message('b', { from: 'spill' })]);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const from = () => writeBuilt(built, join(folder, 'from'));
  const run = (...args: string[]) => indelible(folder, 'export', 'from', 'to', ...args);

  it('copies all, and what it copied verifies', async () => {
    await from();
    const { code, out } = await run();
    expect({ code, out }).toEqual({
      code: 0,
      out: 'trail: 3 copied, 0 there already.\nevidence: 3 copied, 0 there already.\n',
    });
    expect((await indelible(folder, 'verify', 'to', '--key', join('from', 'key.pem'))).code).toBe(0);
  });

  it('goes on where it was stopped, and fetches what is new', async () => {
    await from();
    await run();
    await rm(join(folder, 'to', 'evidence'), { recursive: true });
    const { code, out } = await run('--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      complete: true,
      trail: { copied: 0, kept: 3 },
      evidence: { copied: 3, kept: 0 },
    });
  });

  it('says which blob is damaged where it comes from, and copies it as it is', async () => {
    const name = formatSegmentBlob('audit.example/trail/web/0/0', 1);
    built.trail.tamper(name, Buffer.from('damaged'));
    const stray = formatEvidenceBlob('2026-11', '0'.repeat(64));
    built.evidence.tamper(stray, formatFrame(Buffer.from('stray')));
    await from();
    const { code, out } = await run();
    expect(code).toBe(1);
    expect(out).toContain(`WRONG blobWrong: blob trail/${name}, `);
    expect(out).toContain(`WRONG blobWrong: blob evidence/${stray}, `);
    expect(await readFile(join(folder, 'to', 'trail', name), 'utf8')).toBe('damaged');
  });

  it('says which blob of the copy is not what it was, and does not replace it', async () => {
    await from();
    await run();
    const copy = join(folder, 'to', 'trail', formatSegmentBlob('audit.example/trail/web/0/0', 0));
    await chmod(copy, 0o644);
    await writeFile(copy, 'changed');
    const { code, out } = await run();
    expect(code).toBe(1);
    expect(out).toContain('WRONG copyDiffers: blob trail/segments/');
    expect(out).toMatch(
      /That is the file of the copy, which was changed since it was made: remove it and export again\.$/m,
    );
    expect(out).toContain('trail: 0 copied, 2 there already, 1 damaged in the copy.');
    expect(await readFile(copy, 'utf8')).toBe('changed');
    await rm(copy);
    expect((await run()).code).toBe(0);
  });

  it('blames the copy for what is damaged where it comes from', async () => {
    built.trail.tamper(formatSegmentBlob('audit.example/trail/web/0/0', 1), Buffer.from('damaged'));
    await from();
    expect((await run()).out).toContain('It was copied as it lies in the trail.');
    const { code, out } = await run();
    expect(code).toBe(1);
    expect(out).toContain('It lies so in the trail too: the copy is a true one of what is damaged there.');
    expect(out).not.toContain('remove it');
  });

  it('exits with 2 where there is nothing to copy from', async () => {
    expect((await run()).code).toBe(2);
  });

  it('mixes no two trails in one folder: neither of other keys, nor of other logs under the same key', async () => {
    await from();
    expect((await run()).code).toBe(0);
    const others: [TrailBuilder, string][] = [
      [new TrailBuilder('audit.example/trail', makeKey()), `the key ${built.key.publicKey.sha256} lies in it`],
      [new TrailBuilder('other.example/trail', built.key), 'logs of audit.example/trail lie in it'],
    ];
    for (const [i, [other, said]] of others.entries()) {
      other.log('web', '1').segment([message('x')]);
      await writeBuilt(other, join(folder, `other-${i}`));
      const { code, out, err } = await indelible(folder, 'export', `other-${i}`, 'to');
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain(`to holds another trail than other-${i}: ${said}`);
    }
    expect((await indelible(folder, 'verify', 'to', '--key', join('from', 'key.pem'))).code).toBe(0);
  });

  it('takes a trail for another one whose first generation is gone by retention, and which has one more key', async () => {
    await from();
    await run();
    const later = new TrailBuilder('audit.example/trail', built.key);
    later.log('web', '0', 1, { opened: { reason: 'ticket 1' } }).segment([message('x')], { announce: makeKey() });
    await writeBuilt(later, join(folder, 'later'));
    expect((await indelible(folder, 'export', 'later', 'to')).code).toBe(0);
  });
});

describe('copying a container', () => {
  let folder: string;
  let built: TrailBuilder;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-copy-'));
    built = new TrailBuilder();
    built.log().segment([message('a')]);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const copyTrail = (from: ImmutableStore = built.trail) =>
    copyContainer('trail', from, new DirectoryImmutableStore(folder), () => undefined);

  it('is stopped by one foreign name, or leaves it out without a word', async () => {
    const own = built.trail.names();
    const foreign = [
      '.x',
      '.preparing/x',
      'keys',
      'segments',
      'segments/audit.example/trail/web/1',
      `${formatSegmentBlob('audit.example/trail/web/0/0', 1)}/x`,
      `segments/${'x'.repeat(300)}`,
      'segments/back\\slash',
      '\uff5e',
      '\u{1f600}',
    ];
    for (const name of foreign) built.trail.tamper(name, Buffer.from(name));
    const { progress, findings } = await copyTrail();
    expect(findings.map(({ kind, blob }) => `${kind} ${blob}`).toSorted()).toEqual(
      foreign.map((name) => `blobForeign ${name}`).toSorted(),
    );
    expect(progress.copied).toBe(own.length);
    const copy = new DirectoryImmutableStore(folder, { readOnly: true });
    for (const name of own) expect(await copy.read(name)).toEqual(await built.trail.read(name));
    // What comes later is not kept out by it either.
    built.log('web', '1').segment([message('b')]);
    expect((await copyTrail()).progress).toMatchObject({ copied: 1, kept: own.length });
  });

  it('is stopped by one blob that the copy cannot take', async () => {
    const names = built.trail.names();
    await mkdir(join(folder, names[0] ?? ''), { recursive: true });
    const { progress, findings } = await copyTrail();
    expect(findings).toEqual([expect.objectContaining({ kind: 'notCopied', blob: names[0] })]);
    expect(progress.copied).toBe(names.length - 1);
  });

  it('takes a blob into memory that is larger than any of its kind, listed as such or not', async () => {
    const huge = formatKeyBlob('0'.repeat(64));
    built.trail.tamper(huge, Buffer.alloc(20_000));
    const lying: ImmutableStore = {
      create: (name, bytes) => built.trail.create(name, bytes),
      read: (name, limit) => built.trail.read(name, limit),
      exists: (name) => built.trail.exists(name),
      listPrefixes: (prefix) => built.trail.listPrefixes(prefix),
      list: async function* (prefix) {
        for await (const each of built.trail.list(prefix)) yield each.name === huge ? { ...each, size: 100 } : each;
      },
    };
    for (const from of [built.trail, lying]) {
      const { findings } = await copyTrail(from);
      expect(findings).toEqual([expect.objectContaining({ kind: 'notCopied', blob: huge })]);
    }
  });

  it('goes on where the store does not answer: every blob would be a finding', async () => {
    const plan = new FaultPlan({ call: 2, method: 'read', how: 'notDone' });
    await expect(copyTrail(withFaults(built.trail, plan))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
