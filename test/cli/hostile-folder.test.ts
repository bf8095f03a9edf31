import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatKeyBlob } from '../../shared/wire/log-name.ts';
import { TrailBuilder, message } from '../fixtures/trail-builder.ts';
import type { LogBuilder } from '../fixtures/trail-builder.ts';
import { indelible, writeBuilt } from './running.ts';

/** What somebody may do to a folder that an auditor is handed. */
describe('a folder in which something hides', () => {
  let folder: string;
  let log: LogBuilder;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-hostile-'));
    const built = new TrailBuilder();
    built.log('azure').segment([message('z')]);
    log = built.log().segment([message('a')]);
    log.segment([message('b')]);
    await writeBuilt(built, folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const at = (name: string): string => join(folder, 'trail', name);
  const verify = (...args: string[]) => indelible(folder, 'verify', '.', '--key', 'key.pem', '--no-evidence', ...args);

  const WEB = 'segments/audit.example/trail/web';

  it('a whole log behind a link is told, and not followed, also where it is asked for', async () => {
    const outside = join(folder, 'outside');
    await rename(at(WEB), outside);
    await symlink(outside, at(WEB));
    const all = await verify();
    expect(all.out).toContain(`WRONG segmentForeign: blob ${WEB}, `);
    const asked = await verify('--log', log.name, 'audit.example/trail/azure/0/0');
    for (const { code, out } of [all, asked]) {
      expect(code).not.toBe(0);
      expect(out).not.toContain(`${log.name}: `);
    }
  });

  it('a whole log under a name with a dot is told', async () => {
    const hidden = WEB.replace('web', '.web');
    await rename(at(WEB), at(hidden));
    const { code, out } = await verify();
    expect(code).toBe(1);
    for (const number of [0, 1]) {
      expect(out).toContain(`WRONG segmentForeign: blob ${hidden}/0/0/00000000000${number}.jsonl.zst, `);
    }
  });

  it('a segment or a piece of evidence behind a link is told, and not read', async () => {
    const outside = join(folder, 'outside');
    await rename(at(log.blob), outside);
    await symlink(outside, at(log.blob));
    const { code, out } = await verify();
    expect(code).toBe(1);
    expect(out).toContain(`WRONG frameDamaged: log ${log.name}, segment 1, What lies there is no regular file`);
    await unlink(at(log.blob));
    await rename(outside, at(log.blob));

    await rename(join(folder, 'evidence'), outside);
    await mkdir(join(folder, 'evidence'));
    await symlink(join(outside, '2026'), join(folder, 'evidence', '2026'));
    const withEvidence = await indelible(folder, 'verify', '.', '--key', 'key.pem');
    expect(withEvidence.code).toBe(1);
    expect(withEvidence.out).toMatch(/^WRONG evidenceChanged: .*no regular file/m);
  });

  it('a socket in place of a segment, or beside it, is told', async () => {
    await unlink(at(log.blob));
    const inPlace = createServer().listen(at(log.blob));
    const beside = createServer().listen(at('segments/socket'));
    await Promise.all([once(inPlace, 'listening'), once(beside, 'listening')]);
    const { code, out } = await verify();
    expect(code).toBe(1);
    expect(out).toContain(`WRONG frameDamaged: log ${log.name}, segment 1, `);
    expect(out).toContain('WRONG segmentForeign: blob segments/socket, ');
    for (const server of [inPlace, beside]) await new Promise((resolve) => server.close(resolve));
  });

  it('a file with a name of any kind is told, and the rest is verified', async () => {
    const names = [
      '.x',
      '.preparing/x',
      'keys/.x',
      'segments/.x',
      `segments/${'x'.repeat(250)}`,
      '\uff5e',
      '\u{1f600}',
    ];
    for (const name of names) {
      await mkdir(dirname(at(name)), { recursive: true });
      await writeFile(at(name), 'x');
    }
    const { code, out } = await verify();
    expect(code).toBe(1);
    for (const name of names) expect(out).toContain(`WRONG segmentForeign: blob ${name}, `);
    expect(out).toContain(`${log.name}: 2 segments`);
    expect(out).toContain(`${names.length} things do not hold.`);
  });

  it('what an export that was killed left behind is no failure', async () => {
    await mkdir(at('.preparing'), { recursive: true });
    await writeFile(at('.preparing/5b1e7f5c-1111-4222-8333-444455556666'), 'half a segm');
    expect((await verify()).code).toBe(0);
  });

  it('a key of eight gigabytes is a finding, and so is a segment: neither is taken into memory', async () => {
    const key = formatKeyBlob('0'.repeat(64));
    await writeFile(at(key), '');
    await chmod(at(log.blob), 0o644);
    for (const name of [key, log.blob]) await truncate(at(name), 8 * 1024 ** 3);
    const { code, out } = await verify();
    expect(code).toBe(1);
    expect(out).toContain(`WRONG keyBlobWrong: blob ${key}, `);
    expect(out).toContain(`WRONG frameDamaged: log ${log.name}, segment 1, `);
    const exported = await indelible(folder, 'export', '.', 'copy');
    expect(exported.code).toBe(1);
    for (const name of [key, log.blob]) expect(exported.out).toContain(`WRONG notCopied: blob trail/${name}, `);
  });

  it('a proof, a checkpoint or a key that is huge, endless or a folder ends in one line', async () => {
    await writeFile(join(folder, 'huge'), '');
    await truncate(join(folder, 'huge'), 8 * 1024 ** 3);
    const cases: [string[], string][] = [
      [['verify', '.', '--key', 'huge'], 'The key huge has more than'],
      [['verify', '.', '--key', '/dev/zero'], 'The key /dev/zero has more than'],
      [['verify', '.', '--key', 'trail'], 'The key trail cannot be read: it is a folder.'],
      [['verify', '.', '--key', 'key.pem', '--checkpoint', 'huge'], 'The checkpoint huge has more than'],
      [['verify-inclusion', 'huge', '--key', 'key.pem'], 'The proof huge has more than'],
    ];
    for (const [args, said] of cases) {
      const { code, out, err } = await indelible(folder, ...args);
      expect({ args, code, out }).toEqual({ args, code: 2, out: '' });
      expect(err).toContain(said);
      expect(err.trim().split('\n')).toHaveLength(1);
    }
  });

  it('what is copied from it holds without what hid', async () => {
    await symlink(at('segments'), at('segments/link'));
    await writeFile(at('.x'), 'x');
    const { code, out } = await indelible(folder, 'export', '.', 'copy');
    expect(code).toBe(1);
    for (const name of ['.x', 'segments/link']) expect(out).toContain(`WRONG blobForeign: blob trail/${name}, `);
    expect((await indelible(folder, 'verify', 'copy', '--key', 'key.pem')).code).toBe(0);
    await cp(join(folder, 'copy'), join(folder, 'copy2'), { recursive: true });
    expect((await indelible(folder, 'verify', 'copy2', '--key', 'key.pem')).code).toBe(0);
  });
});
