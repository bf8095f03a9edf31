import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import type { LogBuilder } from '../fixtures/trail-builder.ts';
import { rewriteText } from '../verify/verifying.ts';
import { indelible, writeBuilt } from './running.ts';

describe('indelible verify', () => {
  let folder: string;
  let built: TrailBuilder;
  let log: LogBuilder;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-cli-'));
    built = new TrailBuilder();
    log = built
      .log()
      .segment([message('a'), message('b')])
      .segment([message('c')]);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = () => writeBuilt(built, folder);

  it('exits with 0 where all holds, and says what it looked at', async () => {
    await write();
    const { code, out, err } = await indelible(folder, 'verify', '.', '--key', 'key.pem');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(
      'audit.example/trail/web/0/0: 2 segments, 6 leaves, 3 messages, up to 2026-11-23T06:00:03.000Z',
    );
    expect(out).toContain('All holds.');
  });

  it('prints one JSON object where it is asked to', async () => {
    await write();
    const { code, out } = await indelible(
      folder,
      'verify',
      '.',
      '--key',
      'key.pem',
      '--json',
      '--whole',
      '--parallel',
      '1',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      holds: true,
      findings: [],
      summary: { segments: 2, records: 6, failures: 0 },
    });
  });

  it('exits with 1 where anything does not hold, and names kind, log, segment and record', async () => {
    await rewriteText(built.trail, log.blob, (text) => text.replace('"sequenceNumber":2,', '"sequenceNumber":3,'));
    await write();
    const { code, out } = await indelible(folder, 'verify', '.', '--key', 'key.pem');
    expect(code).toBe(1);
    expect(out).toMatch(
      /^WRONG messageMissing: log audit\.example\/trail\/web\/0\/0, segment 1, record 4 \([0-9a-f]{32}\), /m,
    );
    expect(out).toMatch(/^WRONG rootMismatch: log audit\.example\/trail\/web\/0\/0, segment 1, /m);
    const { findings, holds } = JSON.parse(
      (await indelible(folder, 'verify', '.', '--key', 'key.pem', '--json')).out,
    ) as {
      findings: object[];
      holds: boolean;
    };
    expect(holds).toBe(false);
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: 'messageMissing', segment: 1, record: expect.objectContaining({ index: 4 }) }),
    );
  });

  const SAVE = ['verify', '.', '--key', 'key.pem', '--save-checkpoints', 'kept'];

  it('saves checkpoints that show a cut end next time, and says that without one it would not show', async () => {
    await write();
    const first = await indelible(folder, ...SAVE);
    expect(first.out).toContain('an end that was cut off would not show');
    const [kept = ''] = await readdir(join(folder, 'kept'));
    await rm(join(folder, 'trail', log.blob));
    const cut = ['verify', '.', '--key', 'key.pem'];
    expect((await indelible(folder, ...cut)).code).toBe(0);
    const { code, out } = await indelible(folder, ...cut, '--checkpoint', join('kept', kept));
    expect({ code, says: out.includes('WRONG tailCut') }).toEqual({ code: 1, says: true });
    expect(out).not.toContain('would not show');
  });

  it('replaces the checkpoint that would show a cut end by one of what was left', async () => {
    await write();
    await indelible(folder, ...SAVE);
    const file = join(folder, 'kept', 'audit.example~trail~web~0~0.checkpoint');
    const kept = await readFile(file, 'utf8');
    expect(kept).toBe(log.checkpoint);
    await rm(join(folder, 'trail', log.blob));
    for (const more of [[], ['--log', log.name]]) {
      const { code, out } = await indelible(folder, ...SAVE, ...more);
      expect({ code, says: out.includes('WRONG tailCut') }).toEqual({ code: 1, says: true });
      expect(await readFile(file, 'utf8')).toBe(kept);
    }
    await rm(join(folder, 'trail', 'segments'), { recursive: true });
    expect((await indelible(folder, ...SAVE)).code).toBe(1);
    expect(await readFile(file, 'utf8')).toBe(kept);
  });

  it('replaces the checkpoint of another history, or of another log, or what is no checkpoint', async () => {
    await write();
    const file = join(folder, 'kept', 'audit.example~trail~web~0~0.checkpoint');
    await mkdir(join(folder, 'kept'));
    const fork = new TrailBuilder(built.name, built.key).log().segment([message('x'), message('y')]);
    fork.segment([message('z')]);
    const other = built.log('web', '1').segment([message('x')]);
    for (const [content, expected] of [
      [fork.checkpoint, 1],
      ['hello', 2],
      [other.checkpoint, 1],
    ] as const) {
      await writeFile(file, content);
      expect((await indelible(folder, ...SAVE)).code).toBe(expected);
      expect(await readFile(file, 'utf8')).toBe(content);
    }
    await writeBuilt(built, folder);
    const { code, err } = await indelible(folder, ...SAVE);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('it is not replaced') as string });
    expect(await readFile(file, 'utf8')).toBe(other.checkpoint);
  });

  it('keeps no newer checkpoint where the log has grown, or one of two logs with like names', async () => {
    await write();
    await indelible(folder, ...SAVE);
    log.segment([message('d')]);
    // Hubs and trails may hold hyphens and underscores.
    built.log('web-0', '0').segment([message('e')]);
    await write();
    expect((await indelible(folder, ...SAVE)).code).toBe(0);
    expect((await readdir(join(folder, 'kept'))).toSorted()).toEqual([
      'audit.example~trail~web-0~0~0.checkpoint',
      'audit.example~trail~web~0~0.checkpoint',
    ]);
    expect(await readFile(join(folder, 'kept', 'audit.example~trail~web~0~0.checkpoint'), 'utf8')).toBe(log.checkpoint);
  });

  it('exits with 1 where a checkpoint that was kept shows a cut log', async () => {
    await writeFile(join(folder, 'kept.txt'), log.checkpoint);
    built.trail.tamper(log.blob, undefined);
    await write();
    expect((await indelible(folder, 'verify', '.', '--key', 'key.pem')).code).toBe(0);
    const { code, out } = await indelible(folder, 'verify', '.', '--key', 'key.pem', '--checkpoint', 'kept.txt');
    expect(code).toBe(1);
    expect(out).toContain('WRONG tailCut: log audit.example/trail/web/0/0');
  });

  it('exits with 1 where the beginning of a log was removed, and with 0 where that may be gone', async () => {
    built.trail.tamper(formatSegmentBlob(log.name, 0), undefined);
    await write();
    const verify = ['verify', '.', '--key', 'key.pem'];
    const { code, out } = await indelible(folder, ...verify);
    expect(code).toBe(1);
    expect(out).toMatch(/^WRONG pruned: log audit\.example\/trail\/web\/0\/0, segment 1, /m);
    const early = await indelible(folder, ...verify, '--pruned-before', '2026-11-23T07:00:00+01:00');
    expect({ code: early.code, says: early.out.includes('WRONG pruned:') }).toEqual({ code: 1, says: true });
    const later = await indelible(folder, ...verify, '--pruned-before', '2026-11-24T00:00:00Z');
    expect({ code: later.code, says: later.out.includes('note  prunedAllowed:') }).toEqual({ code: 0, says: true });
  });

  it('says of which logs no checkpoint was given, and of a checkpoint whose log it did not look at', async () => {
    const other = built.log('web', '1').segment([message('x')]);
    await writeFile(join(folder, 'kept.txt'), log.checkpoint);
    await write();
    const verify = ['verify', '.', '--key', 'key.pem', '--checkpoint', 'kept.txt'];
    const { code, out } = await indelible(folder, ...verify);
    expect(code).toBe(0);
    expect(out).toContain('Of 1 log no checkpoint was given');
    const one = await indelible(folder, ...verify, '--log', other.name);
    expect(one.out).toContain(`The checkpoint kept.txt is of ${log.name}, which was not looked at`);
  });

  it('exits with 1 where a kept checkpoint is signed by a stranger, and with 2 where the file is none', async () => {
    await write();
    const stranger = new TrailBuilder(built.name, makeKey()).log().segment([message('z')]);
    await writeFile(join(folder, 'kept.txt'), stranger.checkpoint);
    const verify = ['verify', '.', '--key', 'key.pem', '--checkpoint'];
    const signed = await indelible(folder, ...verify, 'kept.txt');
    expect({ code: signed.code, says: signed.out.includes('WRONG signatureWrong') }).toEqual({ code: 1, says: true });
    const { code, out, err } = await indelible(folder, ...verify, 'key.pem');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('key.pem is no checkpoint.');
  });

  it('exits with 2 where a log is asked for that is not there, unless a kept checkpoint shows that it is gone', async () => {
    await writeFile(join(folder, 'kept.txt'), log.checkpoint);
    const other = built.log('web', '1').segment([message('x')]);
    for (const number of [0, 1]) built.trail.tamper(formatSegmentBlob(log.name, number), undefined);
    await write();
    const verify = ['verify', '.', '--key', 'key.pem', '--log', other.name, log.name];
    const { code, out, err } = await indelible(folder, ...verify);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`There is no log ${log.name} in .: nothing was verified. There is ${other.name}.`);
    const kept = await indelible(folder, ...verify, '--checkpoint', 'kept.txt');
    expect({ code: kept.code, says: kept.out.includes('WRONG tailCut') }).toEqual({ code: 1, says: true });
  });

  it('exits with 1 where another key signed, and with 0 where several are given', async () => {
    await write();
    await writeFile(join(folder, 'other.pem'), formatPublicKey(makeKey().publicKey));
    expect((await indelible(folder, 'verify', '.', '--key', 'other.pem')).out).toContain('WRONG keyUnknown');
    expect((await indelible(folder, 'verify', '.', '--key', 'other.pem', 'key.pem')).code).toBe(0);
  });

  it('shows no control character of a hostile blob name', async () => {
    await write();
    await writeFile(join(folder, 'trail', 'segments', '\u001b[2K\u202eAll holds.'), 'x');
    const { code, out } = await indelible(folder, 'verify', '.', '--key', 'key.pem');
    expect(code).toBe(1);
    expect(out).toContain('WRONG segmentForeign: blob segments/\\u001b[2K\\u202eAll holds., ');
    // oxlint-disable-next-line no-control-regex -- they are what must not be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('exits with 2 and one line where it could not look', async () => {
    await write();
    await writeFile(join(folder, 'private.pem'), built.key.privateKey.export({ format: 'der', type: 'pkcs8' }));
    const cases: [string[], string][] = [
      [['verify', 'nowhere-at-all/', '--key', 'key.pem'], 'is no folder'],
      [['verify', join(folder, 'trail'), '--key', 'key.pem'], 'holds no folder "trail"'],
      [['verify', '.'], 'Give the public key'],
      [['verify', '.', '--key', 'none.pem'], 'does not exist'],
      [['verify', '.', '--key', 'private.pem'], 'no key that can be used'],
      [['verify', 'local'], 'No stack runs'],
      [['verify', 'http://127.0.0.1:1/'], 'is not the https address'],
      [['verify', '.', '--key', 'key.pem', '--log', 'audit.example/trail/web/9/0'], 'nothing was verified'],
      [['verify', '.', '--key', 'key.pem', '--log', '../..'], 'There is no log ../..'],
      [['verify', '.', '--key', 'key.pem', '--log', 'audit.example/trail/web/0'], 'There is no log'],
      [['verify', '.', '--key', 'key.pem', '--parallel', 'many'], 'number of threads'],
      [['verify', '.', '--key', 'key.pem', '--pruned-before', '2019-12-31'], 'a time with its zone'],
      [['verify', '.', '--key', 'key.pem', '--checkpoint', 'none.txt'], 'does not exist'],
      [['verify', '.', '--kee'], 'unknown option'],
      [['verify'], 'missing required argument'],
      [['nonsense'], 'unknown command'],
    ];
    for (const [args, said] of cases) {
      const { code, out, err } = await indelible(folder, ...args);
      expect({ args, code, out }).toEqual({ args, code: 2, out: '' });
      expect(err).toContain(said);
      expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
    }
  });

  it('exits with 2 where there is no folder of evidence, instead of calling all of it missing', async () => {
    await write();
    await rm(join(folder, 'evidence'), { recursive: true });
    const without = await indelible(folder, 'verify', '.', '--key', 'key.pem', '--json');
    expect(without.code).toBe(2);
    expect(JSON.parse(without.out)).toEqual({ error: expect.stringContaining('--no-evidence') as string });
    expect((await indelible(folder, 'verify', '.', '--key', 'key.pem', '--no-evidence')).code).toBe(0);
  });

  it('says how it is called', async () => {
    const { code, out } = await indelible(folder, '--help');
    expect(code).toBe(0);
    for (const command of [
      'verify',
      'export',
      'inclusion',
      'verify-inclusion',
      'query',
      'rebuild-index',
      'keys',
      'send',
      'token',
    ]) {
      expect(out).toContain(`  ${command}`);
    }
  });
});
