import { spawnSync } from 'node:child_process';
import { sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { FormatError } from '../../shared/errors.ts';
import { findSigner, readRecords, scanForRecords } from '../../shared/verify/find-record.ts';
import type { SearchWatch } from '../../shared/verify/find-record.ts';
import {
  formatInclusion,
  isCheckpointOf,
  parseInclusion,
  proveRecord,
  verifyInclusion,
} from '../../shared/verify/inclusion.ts';
import type { Inclusion } from '../../shared/verify/inclusion.ts';
import { loadKeys } from '../../shared/verify/key-ring.ts';
import { formatCheckpoint, formatCheckpointText } from '../../shared/wire/checkpoint.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { hashLeaf } from '../../shared/wire/merkle.ts';
import { recordId } from '../../shared/wire/record.ts';
import { parseSegment } from '../../shared/wire/segment.ts';
import type { Segment } from '../../shared/wire/segment.ts';
import { formatPublicKey, parsePublicKey } from '../../shared/wire/signed-note.ts';
import type { PublicKey } from '../../shared/wire/signed-note.ts';
import { readDocument } from '../docs/fenced-blocks.ts';
import { LOG, makeFormatExample } from '../docs/format-example.ts';
import type { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';

const built = new TrailBuilder();
const log = built.log();
for (let i = 0; i < 7; i++)
  log.segment(Array.from({ length: i + 1 }, (_, k) => message(`${i}${k}`, { records: (k % 3) + 1 })));
const { publicKey } = built.key;

async function segments() {
  const names = built.trail.names('segments/');
  return Promise.all(names.map(async (name) => parseSegment((await built.trail.read(name)) ?? Buffer.alloc(0))));
}

async function segmentAt(trail: MemoryImmutableStore, of: string, number: number): Promise<Segment> {
  return parseSegment((await trail.read(formatSegmentBlob(of, number))) ?? Buffer.alloc(0));
}

describe('a proof of inclusion', () => {
  let lastProof: Inclusion;
  beforeAll(async () => {
    lastProof = proveRecord(await segmentAt(built.trail, log.name, 6), 3, publicKey);
  });

  it('of every leaf of every segment holds, after it was written and read', async () => {
    let proven = 0;
    for (const segment of await segments()) {
      for (let place = 0; place < segment.leaves.length; place++) {
        const inclusion = parseInclusion(Buffer.from(formatInclusion(proveRecord(segment, place, publicKey))));
        const { record, seal, checkpoint } = verifyInclusion(inclusion, [publicKey]);
        expect(JSON.stringify(record)).toBe(segment.leaves[place]?.toString());
        expect(seal).toEqual(segment.seal);
        expect(checkpoint.size).toBe(segment.checkpoint.size);
        proven++;
      }
    }
    expect(proven).toBe(log.size);
  });

  it('does not hold where any part of it was changed', async () => {
    const segment = (await segments()).at(-1);
    if (segment === undefined) throw new Error('No segment.');
    const inclusion = proveRecord(segment, 3, publicKey);
    const changes: Partial<Inclusion>[] = [
      { index: inclusion.index - 1 },
      { index: inclusion.size },
      { size: inclusion.size + 1 },
      { log: 'audit.example/trail/web/1/0' },
      { record: inclusion.record.replace('octocat', 'tacocat') },
      { record: `${inclusion.record} ` },
      { proof: inclusion.proof.slice(1) },
      { proof: [...inclusion.proof, '0'.repeat(64)] },
      { proof: inclusion.proof.map((each, i) => (i === 0 ? '0'.repeat(64) : each)) },
      { checkpoint: inclusion.checkpoint.replace(`\n${inclusion.size}\n`, `\n${inclusion.size + 1}\n`) },
      { checkpoint: 'hello' },
      { checkpoint: `${inclusion.checkpoint}${inclusion.checkpoint.split('\n').at(-2)}\n` },
      { key: '0'.repeat(64) },
      // The seal is what says which segment it is.
      { segment: inclusion.segment + 1 },
      { seal: inclusion.seal.replace('"number":6', '"number":5') },
      { seal: inclusion.record, sealProof: inclusion.proof },
      { sealProof: inclusion.sealProof.slice(1) },
      { sealProof: [] },
    ];
    for (const change of changes) {
      expect(() => verifyInclusion({ ...inclusion, ...change }, [publicKey])).toThrow(FormatError);
    }
    expect(() => verifyInclusion(inclusion, [makeKey().publicKey])).toThrow(FormatError);
  });

  it('names a leaf of an earlier segment as one of this segment, or a record of another partition', async () => {
    const first = await segmentAt(built.trail, log.name, 0);
    // Three leaves, the seal among them; with one leaf more, the tree over four has the path of leaf 2 in plain sight.
    expect(first.leaves).toHaveLength(3);
    const twisted = new TrailBuilder('audit.example/trail', built.key);
    const two = twisted.log().segment([message('a')]);
    two.segment([], { adopt: { bytes: 'version: 2\n' } });
    const second = await segmentAt(twisted.trail, two.name, 1);
    const inclusion = proveRecord(second, 0, publicKey);
    expect(inclusion).toMatchObject({ index: 3, size: 5 });
    const [pair = '', leaf2 = ''] = second.seal.frontier;
    expect(inclusion.proof.slice(0, 2)).toEqual([leaf2, pair]);
    const leaf3 = hashLeaf(Buffer.from(inclusion.record)).toString('hex');
    const sealOfFirst = (await segmentAt(twisted.trail, two.name, 0)).leaves[2]?.toString() ?? '';
    const earlier = { ...inclusion, index: 2, record: sealOfFirst, proof: [leaf3, ...inclusion.proof.slice(1)] };
    expect(() => verifyInclusion(earlier, [publicKey])).toThrow('Leaf 2 is not in segment 1, which begins at 3.');

    const other = new TrailBuilder('audit.example/trail', built.key);
    const mixed = other.log('web', '3').segment([message('a')], {
      twist: (draft) =>
        void (draft.lines = draft.lines.map((line) => line.replace('"partition":"3"', '"partition":"4"'))),
    });
    const wrong = proveRecord(await segmentAt(other.trail, mixed.name, 0), 1, publicKey);
    expect(() => verifyInclusion(wrong, [publicKey])).toThrow('of partition 4');
  });

  it('in any other form than its one is read: each program would find another record in it', async () => {
    const segment = await segmentAt(built.trail, log.name, 3);
    const inclusion = proveRecord(segment, 1, publicKey);
    const text = formatInclusion(inclusion);
    const { format, ...others } = inclusion;
    const forms = [
      '',
      '{',
      '[]',
      '{"format":"other"}',
      '['.repeat(10_000),
      JSON.stringify(inclusion),
      text.trimEnd(),
      `${text}\n`,
      `\ufeff${text}`,
      text.replaceAll('\n', '\r\n'),
      text.replace('"segment": 3,', '"segment": 1,\n  "segment": 3,'),
      text.replace('"segment": 3,', '"segment": 3.0,'),
      text.replace('"log": "a', '"log": "\\u0061'),
      text.replace('"segment": 3,', '"segment": 3,\n  "more": 1,'),
      formatInclusion({ ...others, format }),
      formatInclusion({ ...inclusion, proof: inclusion.proof.map((each) => each.toUpperCase()) }),
      formatInclusion({ ...inclusion, record: 'x'.repeat(65_536) }),
    ];
    expect(parseInclusion(Buffer.from(text))).toEqual(inclusion);
    for (const form of forms) {
      expect(form).not.toBe(text);
      expect(() => parseInclusion(Buffer.from(form))).toThrow(FormatError);
    }
  });

  it('of a tree that ends in no seal holds: a key signs nothing but segments', () => {
    const record = lastProof.record;
    const checkpoint = { origin: log.name, size: 1, root: hashLeaf(Buffer.from(record)) };
    const text = Buffer.from(formatCheckpointText(checkpoint));
    const signature = sign('sha256', text, { key: built.key.privateKey, dsaEncoding: 'ieee-p1363' });
    const note = formatCheckpoint(checkpoint, publicKey, signature);
    const alone = { index: 0, size: 1, segment: 0, record, proof: [], seal: record, sealProof: [], checkpoint: note };
    expect(() => verifyInclusion({ ...lastProof, ...alone }, [publicKey])).toThrow('is not its seal');
  });

  it('by whoever had the key once passes for the trail: a checkpoint kept elsewhere tells them apart', async () => {
    const forger = new TrailBuilder('audit.example/trail', built.key);
    const forged = forger.log();
    for (let i = 0; i < 7; i++)
      forged.segment(Array.from({ length: i + 1 }, (_, k) => message('', { records: (k % 3) + 1 })));
    expect(forged.size).toBe(log.size);
    const inclusion = proveRecord(await segmentAt(forger.trail, log.name, 6), 0, publicKey);
    const { checkpoint } = verifyInclusion(inclusion, [publicKey]);
    const keys = [makeKey().publicKey, publicKey];
    expect(isCheckpointOf(checkpoint, forged.checkpoint, keys)).toBe(true);
    expect(isCheckpointOf(checkpoint, log.checkpoint, keys)).toBe(false);
    const before = (await segmentAt(built.trail, log.name, 5)).checkpointNote;
    expect(isCheckpointOf(checkpoint, before, keys)).toBeUndefined();
    expect(() => isCheckpointOf(checkpoint, 'hello', keys)).toThrow(FormatError);
  });

  it('is vouched for by a kept checkpoint with its root that no key signed', () => {
    const { checkpoint } = verifyInclusion(lastProof, [publicKey]);
    const strangers = [makeKey().publicKey];
    expect(isCheckpointOf(checkpoint, lastProof.checkpoint, [publicKey])).toBe(true);
    expect(() => isCheckpointOf(checkpoint, lastProof.checkpoint, strangers)).toThrow(
      expect.objectContaining({ code: 'signature' }),
    );
    // Of another size it says nothing, whoever signed it.
    expect(isCheckpointOf({ ...checkpoint, size: 1 }, lastProof.checkpoint, strangers)).toBeUndefined();
  });
});

describe('a record', () => {
  const id = recordId(['github', 'd-0-4', 'part-1']);

  it('is found where the index says, by the bytes and not by the row', async () => {
    const [found] = await readRecords(built.trail, id, { log: log.name, segment: 2 });
    expect(found?.segment.leaves[found.place]?.toString()).toContain(id);
    expect(await readRecords(built.trail, id, { log: log.name, segment: 1 })).toEqual([]);
    expect(await readRecords(built.trail, id, { log: log.name, segment: 99 })).toEqual([]);
    expect(await readRecords(built.trail, id, { log: '../../evidence', segment: 2 })).toEqual([]);
  });

  it('is found without an index, past segments that cannot be read', async () => {
    const trail = built.trail.copy();
    trail.tamper('segments/audit.example/trail/aaa/0/0/000000000000.jsonl.zst', Buffer.from('damaged'));
    let searched = 0;
    const unreadable: string[] = [];
    const watch: SearchWatch = {
      onSegment: () => searched++,
      onUnreadable: (blob) => unreadable.push(blob),
    };
    const records = scanForRecords(trail, id, watch);
    const found = await records.next();
    expect(found.value?.segment.seal.number).toBe(2);
    expect(searched).toBe(4);
    expect(unreadable).toEqual(['segments/audit.example/trail/aaa/0/0/000000000000.jsonl.zst']);
    expect((await records.next()).done).toBe(true);
    expect((await scanForRecords(trail, '0'.repeat(32), watch).next()).done).toBe(true);
  });
});

describe('who signed a segment', () => {
  it('is believed where a given key leads to it, and not because it lies in the trail', async () => {
    const trail = new TrailBuilder();
    const [second, third, foreign] = [makeKey(), makeKey(), makeKey()];
    const rotated = trail
      .log()
      .segment([message('a')], { announce: second })
      .segment([message('b')], { announce: third })
      .segment([message('c')])
      .segment([message('d')]);
    // Behind the head, where whoever may write blobs can put two that follow on each other.
    const forged = rotated.fork().segment([message('e')], { announce: foreign, signWith: foreign });
    forged.segment([message('f')]);
    const signerOf = async (number: number, given: readonly PublicKey[]): Promise<string | undefined> => {
      const keys = await loadKeys(trail.trail, given, []);
      const signer = await findSigner(trail.trail, await segmentAt(trail.trail, rotated.name, number), keys);
      return 'key' in signer ? signer.key.sha256 : undefined;
    };
    const numbers = [0, 1, 2, 3, 4, 5];
    const signers = [trail.key, second, third, third, foreign, foreign].map((each) => each.publicKey.sha256);
    const believed = (given: readonly PublicKey[]) => Promise.all(numbers.map((number) => signerOf(number, given)));
    expect(await believed([])).toEqual(signers);
    expect(await believed([trail.key.publicKey])).toEqual([...signers.slice(0, 4), undefined, undefined]);
    expect(await believed([third.publicKey])).toEqual([
      undefined,
      undefined,
      signers[2],
      signers[3],
      undefined,
      undefined,
    ]);
    expect(await believed([makeKey().publicKey])).toEqual(numbers.map(() => undefined));
  });
});

describe('docs/format.md, on proofs of inclusion', () => {
  const document = readDocument('docs/format.md');
  const block = (name: string): string =>
    new RegExp(`<!-- proof: ${name} -->\\n\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\`\\n`).exec(document)?.[1] ?? '';

  it('shows the proof that the code makes, and names its members', async () => {
    const example = await makeFormatExample();
    const key = parsePublicKey(example.publicKey);
    const proof = formatInclusion(proveRecord(await segmentAt(example.trail, LOG, 0), 1, key));
    expect(block('example')).toBe(proof);
    expect(verifyInclusion(parseInclusion(Buffer.from(block('example'))), [key]).record.data.summary).toContain('mona');
    const section = document.slice(document.indexOf('## Proofs of inclusion'), document.indexOf('## A verifier'));
    const rows = [...section.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, row = '']) => row.match(/\w+/g) ?? []);
    expect(rows).toEqual(Object.keys(JSON.parse(proof) as object));
  });

  it('prints a script that takes every proof for one, and no changed one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'indelible-proof-'));
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('prove.mjs'), block('verifier'));
    writeFileSync(at('key.pem'), formatPublicKey(publicKey));
    const holds = (proof: string): boolean => {
      writeFileSync(at('proof.json'), proof);
      const { status, stdout } = spawnSync(process.execPath, [at('prove.mjs'), at('proof.json'), at('key.pem')]);
      return status === 0 && stdout.includes(' is leaf ');
    };
    const proofs = (await segments()).flatMap((segment) =>
      [0, segment.leaves.length - 1].map((place) => proveRecord(segment, place, publicKey)),
    );
    for (const proof of proofs) expect(holds(formatInclusion(proof))).toBe(true);
    const last = proofs.at(-2);
    if (last === undefined) throw new Error('There is no proof.');
    const changes: Partial<Inclusion>[] = [
      { index: last.index + 1 },
      { size: last.size + 1 },
      { segment: last.segment - 1 },
      { record: last.record.replace('octocat', 'tacocat') },
      { proof: last.proof.slice(1) },
      { sealProof: [...last.sealProof, '0'.repeat(64)] },
      { seal: last.record, sealProof: last.proof },
      { checkpoint: last.checkpoint.replace('web', 'webs') },
    ];
    for (const change of changes)
      expect({ change, holds: holds(formatInclusion({ ...last, ...change })) }).toEqual({ change, holds: false });
    expect(holds(JSON.stringify(last))).toBe(false);
    writeFileSync(at('key.pem'), formatPublicKey(makeKey().publicKey));
    expect(holds(formatInclusion(last))).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
