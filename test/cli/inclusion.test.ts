import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { formatKeyBlob, formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { recordId } from '../../shared/wire/record.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import { indelible, writeBuilt } from './running.ts';

describe('indelible inclusion', () => {
  let folder: string;
  let proof: string;
  const id = recordId(['github', 'd-0-3', 'part-1']);
  const proven = new TrailBuilder();
  const second = makeKey();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-inclusion-'));
    const log = proven.log().segment([message('a'), message('b')], { announce: second });
    log.segment([message('c'), message('d', { records: 3 })]).segment([message('e')]);
    await writeBuilt(proven, folder);
    await writeFile(join(folder, 'second.pem'), formatPublicKey(second.publicKey));
    await writeFile(join(folder, 'last.checkpoint'), log.checkpoint);
    const { code, out, err } = await indelible(folder, 'inclusion', id, '--from', '.');
    if (code !== 0) throw new Error(err);
    proof = out;
    await writeFile(join(folder, 'proof.json'), proof);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('prints a proof that holds with nothing but the public key, and says which key was trusted', async () => {
    const { code, out } = await indelible(folder, 'verify-inclusion', 'proof.json', '--key', 'second.pem');
    expect(code).toBe(0);
    expect(out).toContain('Holds: octocat opened pull request 3');
    expect(out).toContain('is leaf 6 of 9 in audit.example/trail/web/0/0, in segment 1, ');
    const { key } = JSON.parse(proof) as { key: string };
    expect(out).toContain(`signed by the key ${key}.`);
    expect(out).toMatch(/^note {2}Whoever has this key, or had it before it was retired, can make such a proof/m);
    const json = JSON.parse(
      (await indelible(folder, 'verify-inclusion', 'proof.json', '--key', 'second.pem', '--json')).out,
    ) as object;
    expect(json).toMatchObject({ holds: true, index: 6, size: 9, record: { id } });
  });

  it('prints the leaf byte for byte', () => {
    const { record } = JSON.parse(proof) as { record: string };
    expect(JSON.parse(record)).toMatchObject({ id, data: { collected: { record: 1, of: 3 } } });
    expect(record).toContain('“Größe – ✓”');
  });

  it('does not hold where it was changed, and is none where it is of another form', async () => {
    const changed: [string, number][] = [
      [proof.replace('"index": 6', '"index": 5'), 1],
      [proof.replace('"segment": 1', '"segment": 0'), 1],
      [proof.replace('inclusion:1', 'inclusion:2'), 2],
      [proof.replace('"index": 6', '"index": 5, "index": 6'), 2],
      [JSON.stringify(JSON.parse(proof)), 2],
    ];
    for (const [text, expected] of changed) {
      expect(text).not.toBe(proof);
      await writeFile(join(folder, 'changed.json'), text);
      expect((await indelible(folder, 'verify-inclusion', 'changed.json', '--key', 'second.pem')).code).toBe(expected);
    }
  });

  describe('compared with checkpoints that were kept', () => {
    const given = (...files: string[]) =>
      indelible(folder, 'verify-inclusion', 'proof.json', '--key', 'second.pem', 'key.pem', '--checkpoint', ...files);
    beforeAll(async () => {
      const { checkpoint } = JSON.parse(proof) as { checkpoint: string };
      await writeFile(join(folder, 'kept.checkpoint'), checkpoint);
      // The same keys signed another history of the same length.
      const fork = new TrailBuilder(proven.name, proven.key);
      const log = fork.log().segment([message('x'), message('y')], { announce: second });
      log.segment([message('c'), message('d', { records: 3 })]);
      await writeFile(join(folder, 'forked.checkpoint'), log.checkpoint);
      const [signed = '', signature = ''] = checkpoint.split(/(?<=\n)(?=— )/);
      const bytes = Buffer.from(signature.trim().split(' ').at(-1) ?? '', 'base64');
      bytes.fill(7, 10);
      const unsigned = signature.replace(/ [^ ]+\n$/, ` ${bytes.toString('base64')}\n`);
      await writeFile(join(folder, 'unsigned.checkpoint'), signed + unsigned);
    });

    it('does not name the file that has its own, or goes on with files that say nothing of it', async () => {
      const same = await given('last.checkpoint', 'kept.checkpoint');
      expect(same.code).toBe(0);
      expect(same.out).toContain('The checkpoint is the one kept in kept.checkpoint.');
      expect(same.out).not.toContain('note');
      const other = await given('last.checkpoint');
      expect(other).toMatchObject({ code: 2, out: '' });
      expect(other.err).toContain('None of the checkpoints given is over 9 leaves');
      expect(await given('key.pem')).toMatchObject({ code: 2, out: '' });
    });

    it('holds by the order of the files: the first that agrees hides one that contradicts', async () => {
      for (const files of [
        ['forked.checkpoint'],
        ['forked.checkpoint', 'kept.checkpoint'],
        ['kept.checkpoint', 'forked.checkpoint'],
      ]) {
        const { code, out } = await given(...files);
        expect({ files, code }).toEqual({ files, code: 1 });
        expect(out).toContain('forked.checkpoint is over the same 9 leaves and has another root: two histories were');
      }
    });

    it('is vouched for by a checkpoint that nobody signed', async () => {
      for (const files of [['unsigned.checkpoint'], ['kept.checkpoint', 'unsigned.checkpoint']]) {
        const { code, out } = await given(...files);
        expect({ files, code }).toEqual({ files, code: 1 });
        expect(out).toContain('unsigned.checkpoint is over the same 9 leaves, and none of the keys given signed it');
      }
    });
  });

  it('does not hold under another key', async () => {
    expect((await indelible(folder, 'verify-inclusion', 'proof.json', '--key', 'key.pem')).code).toBe(1);
  });

  it('says how many more records have the id, and where: redeliveries share it, and one proof would pass for all', async () => {
    const twice = await mkdtemp(join(tmpdir(), 'indelible-twice-'));
    const built = new TrailBuilder();
    // The builder names deliveries by partition and number: these two logs hold the same ones.
    for (const hub of ['azure', 'web']) built.log(hub).segment([message('a'), message('b')]);
    await writeBuilt(built, twice);
    const { code, out, err } = await indelible(twice, 'inclusion', recordId(['github', 'd-0-1', '']), '--from', '.');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ log: 'audit.example/trail/azure/0/0' });
    expect(err).toMatch(
      /^note: 1 more record has this id: leaf \d+ of audit\.example\/trail\/web\/0\/0 \(segment 0\)\. .*\n$/,
    );
    await rm(twice, { recursive: true });
  });

  it('is not kept from the record by a forged log with the same id, with its key in the trail or without', async () => {
    const hostile = await mkdtemp(join(tmpdir(), 'indelible-forged-'));
    const built = new TrailBuilder();
    const forger = makeKey();
    built.log('web').segment([message('a'), message('b')]);
    const forged = new TrailBuilder(built.name, forger);
    forged.log('azure').segment([message('a'), message('b')]);
    for (const name of forged.trail.names('segments/')) {
      built.trail.tamper(name, (await forged.trail.read(name)) ?? Buffer.alloc(0));
    }
    built.trail.tamper(formatSegmentBlob('audit.example/trail/aaa/0/0', 0), Buffer.from('damaged'));
    await writeBuilt(built, hostile);
    const asked = ['inclusion', recordId(['github', 'd-0-1', '']), '--from', '.'];
    const unknown = await indelible(hostile, ...asked);
    expect(unknown.code).toBe(0);
    expect(JSON.parse(unknown.out)).toMatchObject({ log: 'audit.example/trail/web/0/0' });
    expect(unknown.err).toMatch(
      /^note: 1 was passed over: leaf \d+ of audit\.example\/trail\/azure\/0\/0 \(segment 0\): no key that was given/m,
    );

    await writeFile(join(hostile, 'trail', formatKeyBlob(forger.publicKey.sha256)), formatPublicKey(forger.publicKey));
    const known = await indelible(hostile, ...asked, '--key', 'key.pem');
    expect(JSON.parse(known.out)).toMatchObject({ log: 'audit.example/trail/web/0/0' });
    expect(known.err).toContain(`the key ${forger.publicKey.sha256} signed the segment: it was not given`);

    await writeFile(join(hostile, 'stranger.pem'), formatPublicKey(makeKey().publicKey));
    const nobody = await indelible(hostile, ...asked, '--key', 'stranger.pem');
    expect(nobody).toMatchObject({ code: 1, out: '' });
    expect(nobody.err).toMatch(/^note: 2 were passed over: /m);
    expect(nobody.err).toMatch(/^note: 1 cannot be read: segments\/audit\.example\/trail\/aaa\/0\/0\/0{12}/m);
    expect(nobody.err).toContain('in no segment whose signature could be checked');
    await rm(hostile, { recursive: true });
  });

  it('says so where no record has the id, and where it is no id', async () => {
    const absent = await indelible(folder, 'inclusion', '0'.repeat(32), '--from', '.');
    expect(absent).toMatchObject({ code: 1, out: '' });
    expect(absent.err).toContain('holds the record');
    expect((await indelible(folder, 'inclusion', 'x', '--from', '.')).code).toBe(2);
    expect(await readFile(join(folder, 'proof.json'), 'utf8')).toBe(proof);
  });
});
