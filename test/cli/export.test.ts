import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { formatFrame } from '../../shared/wire/zstd-frame.ts';
import { TrailBuilder, message } from '../fixtures/trail-builder.ts';
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
    built.evidence.tamper('2026/11/stray.zst', formatFrame(Buffer.from('stray')));
    await from();
    const { code, out } = await run();
    expect(code).toBe(1);
    expect(out).toContain(`WRONG blobWrong: blob trail/${name}, `);
    expect(out).toContain('WRONG blobWrong: blob evidence/2026/11/stray.zst, ');
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
    expect(await readFile(copy, 'utf8')).toBe('changed');
  });

  it('exits with 2 where there is nothing to copy from', async () => {
    expect((await run()).code).toBe(2);
  });
});
