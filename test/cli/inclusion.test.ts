import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { recordId } from '../../shared/wire/record.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import { indelible, writeBuilt } from './running.ts';

describe('indelible inclusion', () => {
  let folder: string;
  let proof: string;
  const id = recordId(['github', 'd-0-3', 'part-1']);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-inclusion-'));
    const built = new TrailBuilder();
    const second = makeKey();
    const log = built.log().segment([message('a'), message('b')], { announce: second });
    log.segment([message('c'), message('d', { records: 3 })]).segment([message('e')]);
    await writeBuilt(built, folder);
    await writeFile(join(folder, 'second.pem'), formatPublicKey(second.publicKey));
    const { code, out, err } = await indelible(folder, 'inclusion', id, '--from', '.');
    if (code !== 0) throw new Error(err);
    proof = out;
    await writeFile(join(folder, 'proof.json'), proof);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('prints a proof that holds with nothing but the public key', async () => {
    const { code, out } = await indelible(folder, 'verify-inclusion', 'proof.json', '--key', 'second.pem');
    expect(code).toBe(0);
    expect(out).toContain('Holds: octocat opened pull request 3');
    expect(out).toContain('is leaf 6 of 9 in audit.example/trail/web/0/0');
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
    const changed: [object, number][] = [
      [{ ...(JSON.parse(proof) as object), index: 5 }, 1],
      [{ ...(JSON.parse(proof) as object), format: 'other' }, 2],
    ];
    for (const [change, expected] of changed) {
      await writeFile(join(folder, 'changed.json'), JSON.stringify(change));
      expect((await indelible(folder, 'verify-inclusion', 'changed.json', '--key', 'second.pem')).code).toBe(expected);
    }
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

  it('says so where no record has the id, and where it is no id', async () => {
    const absent = await indelible(folder, 'inclusion', '0'.repeat(32), '--from', '.');
    expect(absent).toMatchObject({ code: 1, out: '' });
    expect(absent.err).toContain('holds the record');
    expect((await indelible(folder, 'inclusion', 'x', '--from', '.')).code).toBe(2);
    expect(await readFile(join(folder, 'proof.json'), 'utf8')).toBe(proof);
  });
});
