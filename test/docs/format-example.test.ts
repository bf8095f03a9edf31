import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { MAX_MESSAGE_CHARACTERS } from '../../shared/normalize/finish-draft.ts';
import { MAX_MESSAGE_RECORDS } from '../../shared/normalize/normalize-message.ts';
import { MAX_CONFIGURATIONS } from '../../shared/verify/check-seal.ts';
import { formatFinding } from '../../shared/verify/findings.ts';
import { MAX_EVIDENCE_BYTES } from '../../shared/verify/verify-evidence.ts';
import { collectFindings } from '../../shared/verify/verify-trail.ts';
import { MAX_DEPTH } from '../../shared/wire/json.ts';
import { MAX_LEAF_BYTES } from '../../shared/wire/record.ts';
import { MAX_SEGMENT_BYTES, MAX_SEGMENT_LEAVES } from '../../shared/wire/segment.ts';
import { formatPublicKey, parsePublicKey } from '../../shared/wire/signed-note.ts';
import { TEXT_LIMITS } from '../../shared/wire/text.ts';
import { formatFrame, parseFrame } from '../../shared/wire/zstd-frame.ts';
import type { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { TrailBuilder, makeKey, message } from '../fixtures/trail-builder.ts';
import type { DraftSegment } from '../fixtures/trail-builder.ts';
import { namedBlocks, readDocument } from './fenced-blocks.ts';
import { LOG, makeFormatExample } from './format-example.ts';
import type { FormatExample } from './format-example.ts';

const document = readDocument('docs/format.md');
const shown = namedBlocks(document);
const run = promisify(execFile);

let example: FormatExample;
let folder: string;
let copies = 0;

beforeAll(async () => {
  example = await makeFormatExample();
  folder = mkdtempSync(path.join(tmpdir(), 'indelible-format-'));
  writeFileSync(path.join(folder, 'verify.mjs'), shown.get('verifier') ?? '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const segment = (number: number) => `segments/${LOG}/${String(number).padStart(12, '0')}.jsonl.zst`;

async function linesOf(number: number): Promise<string[]> {
  const blob = (await example.trail.read(segment(number))) ?? Buffer.alloc(0);
  return parseFrame(blob, MAX_SEGMENT_BYTES).toString().split('\n').slice(0, -1);
}

/** Runs the document's own verifier on an export of the stores. */
async function verify(
  trail: MemoryImmutableStore,
  evidence: MemoryImmutableStore,
  key = example.publicKey,
): Promise<{ code: number; said: string }> {
  const home = path.join(folder, String(copies++));
  for (const [name, store] of Object.entries({ trail, evidence })) {
    for (const blob of store.names()) {
      const file = path.join(home, name, blob);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, (await store.read(blob)) ?? '');
    }
  }
  writeFileSync(path.join(home, 'key.pem'), key);
  const files = [path.join(folder, 'verify.mjs'), home, path.join(home, 'key.pem')];
  return run(process.execPath, files).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      said: error.stdout + error.stderr,
    }),
  );
}

describe('the worked example of docs/format.md', () => {
  it('is what the code writes, byte for byte', () => {
    const written = Object.fromEntries([...shown].filter(([name]) => name !== 'verifier'));
    expect(written, 'run node test/docs/write-format-example.ts').toEqual(Object.fromEntries(example.blocks));
  });

  it('holds for the verifier of this project, every record parsed whole', async () => {
    const { trail, evidence } = example;
    const keys = [parsePublicKey(shown.get('key') ?? '')];
    const { findings, summary } = await collectFindings({ trail, evidence, keys, whole: true, parallel: 1 });
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ segments: 2, records: 6, messages: 2, gone: 2 });
  });

  it('that was changed gives the finding that docs/threat-model.md opens with', async () => {
    const { evidence } = example;
    const trail = example.trail.copy();
    const text = (await linesOf(0)).map((line) => `${line}\n`).join('');
    trail.tamper(segment(0), formatFrame(Buffer.from(text.replace('mona deleted', 'mona created'))));
    const keys = [parsePublicKey(example.publicKey)];
    const { findings } = await collectFindings({ trail, evidence, keys, parallel: 1 });
    const lines = findings.map((finding) => `WRONG ${formatFinding(finding)}\n`).join('');
    expect(namedBlocks(readDocument('docs/threat-model.md')).get('finding')).toBe(lines);
  });

  it('has the roots that its formulas give', () => {
    const bytes = (hex: string) => Buffer.from(hex, 'hex');
    const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
    const node = (left: Buffer, right: Buffer) => sha256(Buffer.of(1), left, right);
    const text = ['leaf hashes 0', 'leaf hashes 1'].map((name) => shown.get(name)).join('');
    const leaves = text.match(/[0-9a-f]{64}/g)?.map(bytes) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
    expect(node(node(leaves[0], leaves[1]), leaves[2]).toString('hex')).toBe(shown.get('root 0')?.trim());
    const four = node(node(leaves[0], leaves[1]), node(leaves[2], leaves[3]));
    expect(node(four, node(leaves[4], leaves[5])).toString('hex')).toBe(shown.get('root 1')?.trim());
    const lines = `${shown.get('segment 0')}`.split('\n');
    expect(sha256(Buffer.of(0), Buffer.from(lines[0] ?? '')).equals(leaves[0])).toBe(true);
    const id = sha256(Buffer.from(shown.get('id')?.trim() ?? '')).toString('hex');
    expect(lines[1]).toContain(`"id":"${id.slice(0, 32)}"`);
  });
});

describe('the verifier printed in docs/format.md', () => {
  it('finds the example to hold', async () => {
    const { trail, evidence } = example;
    expect(await verify(trail, evidence)).toEqual({ code: 0, said: `${LOG}: 2 segments, 6 leaves, all hold\n` });
  });

  it('finds everything to hold that a sealer may write, and what an evil one signs not', async () => {
    const built = new TrailBuilder();
    const second = makeKey();
    const log = built
      .log('web', '3')
      .segment([message('a'), message('b', { records: 3 })])
      .segment([{ gap: 3 }, message('c', { from: 'spill' }), message('')], { announce: second })
      .segment([], { adopt: { bytes: 'version: 2\n' } })
      .segment([message('e', { from: 'absent' }), message('f', { after: -60_000 }), message('g', { records: 2 })]);
    const { trail, evidence } = built;
    const key = formatPublicKey(built.key.publicKey);
    expect((await verify(trail, evidence, key)).said).toBe(`${log.name}: 4 segments, 17 leaves, all hold\n`);

    for (const [twist, why] of [
      [(draft: DraftSegment) => draft.lines.splice(0, 1), 'is missing'],
      [(draft: DraftSegment) => draft.lines.splice(2, 1), 'a record is missing'],
      [(draft: DraftSegment) => draft.lines.splice(1, 1), 'a record out of order'],
      [(draft: DraftSegment) => draft.lines.push(draft.lines[0] as string), 'is missing'],
      [(draft: DraftSegment) => (draft.seal = { ...draft.seal, counts: {} }), 'the counts are wrong'],
      [(draft: DraftSegment) => (draft.seal = { ...draft.seal, number: 5 }), 'of another place'],
      [(draft: DraftSegment) => draft.evidence.clear(), 'no such file'],
    ] as const) {
      const evil = new TrailBuilder('audit.example/trail', built.key);
      evil.log('web', '3').segment([message('x'), message('y', { records: 2 })]);
      const good = evil.log('web', '4').segment([message('x')]);
      good.segment([message('n'), message('o', { records: 2 }), message('p')], { twist: (draft) => void twist(draft) });
      expect((await verify(evil.trail, evil.evidence, key)).said).toContain(why);
    }
    const impostor = built.trail.copy();
    log.segment([message('h')], { signWith: built.key });
    impostor.tamper(log.blob, (await built.trail.read(log.blob)) ?? Buffer.alloc(0));
    expect((await verify(impostor, built.evidence, key)).said).toContain('signed by another key than announced');
  });

  it('notices one changed byte in any line of any segment', async () => {
    for (const number of [0, 1]) {
      const lines = await linesOf(number);
      for (const i of lines.keys()) {
        const trail = example.trail.copy();
        const changed = lines.map((line, k) => (k === i ? line.replace(/audit\.e|acme|hello|none/, 'other') : line));
        expect(changed[i], `line ${i} of segment ${number} is changed`).not.toBe(lines[i]);
        trail.tamper(segment(number), formatFrame(Buffer.from(`${changed.join('\n')}\n`)));
        const { code, said } = await verify(trail, example.evidence);
        expect(`${code} ${said}`, `line ${i} of segment ${number}`).toMatch(/^1 .*\.zst: /);
      }
    }
  });

  it('notices a removed record, a missing predecessor behind the first, a foreign frame and swapped evidence', async () => {
    const lines = await linesOf(1);
    const without = example.trail.copy();
    without.tamper(segment(1), formatFrame(Buffer.from(`${lines.slice(1).join('\n')}\n`)));
    expect((await verify(without, example.evidence)).code).toBe(1);

    const twoFrames = example.trail.copy();
    const blob = (await example.trail.read(segment(1))) ?? Buffer.alloc(0);
    twoFrames.tamper(segment(1), Buffer.concat([blob, formatFrame(Buffer.from('more'))]));
    expect((await verify(twoFrames, example.evidence)).said).toMatch(/follow the frame/);

    const swapped = example.evidence.copy();
    const [, hello = ''] = swapped.names();
    swapped.tamper(hello, formatFrame(Buffer.from('jello')));
    expect((await verify(example.trail, swapped)).said).toMatch(/other evidence/);

    const moved = example.trail.copy();
    moved.tamper(segment(2), blob);
    moved.tamper(segment(1), undefined);
    expect((await verify(moved, example.evidence)).code).toBe(1);
  });
});

describe('what docs/format.md says of the code', () => {
  it('names every kind of failure that the verifier knows, and none that it does not', () => {
    const source = readFileSync(new URL('../../shared/verify/findings.ts', import.meta.url), 'utf8');
    const unions = source.slice(
      source.indexOf('export type FailureKind'),
      source.indexOf('export interface RecordPlace'),
    );
    const kinds = [...unions.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, kind]) => kind);
    const failures = [...unions.slice(0, unions.indexOf('export type NoteKind')).matchAll(/^ {2}\| '(\w+)'/gm)];
    const rules = document.slice(document.indexOf('## What a verifier checks'), document.indexOf('## Limits'));
    expect(failures.length).toBeGreaterThan(25);
    for (const [, kind] of failures) expect(document, `${kind} is in docs/format.md`).toContain(`\`${kind}\``);
    // Members of the seal are written so too.
    const named = [...rules.matchAll(/`([a-z]+[A-Z][A-Za-z]+)`/g)].flatMap(([, name = '']) =>
      name === 'nextKey' ? [] : name,
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((kind) => !kinds.includes(kind))).toEqual([]);
  });

  it('has the limits of the code', () => {
    const limits = document
      .slice(document.indexOf('## Limits'), document.indexOf('## The worked example'))
      .replaceAll(/ +/g, ' ');
    const mebi = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
    for (const limit of [
      MAX_LEAF_BYTES.toLocaleString('en-US'),
      MAX_SEGMENT_LEAVES.toLocaleString('en-US'),
      mebi(MAX_SEGMENT_BYTES),
      mebi(MAX_EVIDENCE_BYTES),
      MAX_MESSAGE_RECORDS.toLocaleString('en-US'),
      `${MAX_MESSAGE_CHARACTERS / 1024 / 1024} Mi characters`,
      `| ${MAX_CONFIGURATIONS} |`,
      `${MAX_DEPTH} levels`,
      `${TEXT_LIMITS.long.toLocaleString('en-US')} UTF-16`,
      TEXT_LIMITS.uri.toLocaleString('en-US'),
    ]) {
      expect(limits).toContain(limit);
    }
  });
});
