import { beforeAll, describe, expect, it } from 'vitest';

import { hashLeaf } from '../../shared/wire/merkle.ts';
import { parseSegment } from '../../shared/wire/segment.ts';
import { formatFrame, parseFrame } from '../../shared/wire/zstd-frame.ts';
import { TrailBuilder, message } from '../fixtures/trail-builder.ts';
import { briefs, replaceOnce, rewriteText, told, verifyBuilt } from './verifying.ts';

const LF = 0x0a;

describe('a byte of a segment that was changed', () => {
  const built = new TrailBuilder();
  let name: string;
  let sealed: Buffer;
  let leaves: number;
  let first: number;

  beforeAll(async () => {
    const log = built.log().segment([message('one')]);
    log.segment([message('two', { records: 2 }), message('three')]);
    name = log.blob;
    const blob = (await built.trail.read(name)) ?? Buffer.alloc(0);
    sealed = parseFrame(blob, 1 << 20);
    const segment = parseSegment(blob);
    leaves = segment.leaves.length;
    first = segment.seal.first;
  });

  /** Verifies with one byte of the last segment changed. */
  async function mangle(at: number) {
    const bytes = Buffer.from(sealed);
    bytes[at] = (bytes[at] ?? 0) ^ 0x01;
    const copy = new TrailBuilder(built.name, built.key);
    for (const each of built.trail.names()) copy.trail.tamper(each, (await built.trail.read(each)) ?? Buffer.alloc(0));
    copy.trail.tamper(name, formatFrame(bytes));
    return verifyBuilt(copy, { evidence: undefined });
  }

  const lineOf = (at: number) => sealed.subarray(0, at).filter((byte) => byte === LF).length;

  it('is found wherever it lies, and its log, segment and record are named', async () => {
    const seal = leaves - 1;
    const silent: string[] = [];
    for (let at = 0; at < sealed.length; at++) {
      const { failures } = await mangle(at);
      const line = lineOf(at);
      const where = `byte ${at} of ${sealed.length}, line ${line}`;
      const here = failures.filter((each) => each.segment === 1 && each.log?.startsWith(built.name) === true);
      if (here.length === 0) silent.push(`${where}: nothing found`);
      // The seal may be so damaged that it cannot say which record it is, and the checkpoint is no record.
      // A line feed parts two records: without it, one of them is named.
      const lines = sealed[at] === LF ? [line, line + 1] : [line];
      const named = line >= seal || here.some((each) => lines.includes((each.record?.index ?? -1) - first));
      if (!named) silent.push(`${where}: ${told(failures)}`);
    }
    expect(silent).toEqual([]);
  });

  it('in the checkpoint is told apart from one in the records', async () => {
    const kinds = new Set<string>();
    const start = sealed.lastIndexOf(LF, sealed.length - 2) + 1;
    for (let at = start; at < sealed.length; at++) {
      const { failures } = await mangle(at);
      for (const { kind } of failures) kinds.add(kind);
    }
    const allowed = ['checkpointMalformed', 'keyUnannounced', 'rootMismatch', 'segmentMalformed', 'signatureWrong'];
    expect([...kinds].sort()).toEqual(allowed);
  });

  it('of the compressed blob is found, or changes nothing in the inflated bytes', async () => {
    const blob = (await built.trail.read(name)) ?? Buffer.alloc(0);
    const silent: number[] = [];
    for (let at = 0; at < blob.length; at++) {
      const bytes = Buffer.from(blob);
      bytes[at] = (bytes[at] ?? 0) ^ 0x01;
      built.trail.tamper(name, bytes);
      const { failures } = await verifyBuilt(built, { evidence: undefined });
      if (failures.length === 0 && !parseFrame(bytes, 1 << 20).equals(sealed)) silent.push(at);
    }
    built.trail.tamper(name, blob);
    expect(silent).toEqual([]);
  });
});

describe('the last line of a segment, which nothing signs,', () => {
  /** Changes leaf `changed` of segment 1, and the hash prefixes so that they point at leaf `blamed`. */
  async function blame(change: (text: string) => string, blamed: number | undefined) {
    const built = new TrailBuilder();
    const log = built.log().segment([message('one')]);
    log.segment([message('two'), message('three')]);
    const { first } = parseSegment((await built.trail.read(log.blob)) ?? Buffer.alloc(0)).seal;
    await rewriteText(built.trail, log.blob, (text) => {
      const lines = change(text).split('\n').slice(0, -2);
      const prefixes = lines.map((line) => hashLeaf(Buffer.from(line)).subarray(0, 4));
      if (blamed !== undefined) prefixes[blamed] = Buffer.from('fake');
      const last = JSON.parse(text.split('\n').at(-2) ?? '') as object;
      const edited = { ...last, leafHashPrefixes: Buffer.concat(prefixes).toString('base64') };
      return [...lines, JSON.stringify(edited), ''].join('\n');
    });
    const { failures } = await verifyBuilt(built, { evidence: undefined });
    return { failures, first };
  }
  const quietly = (text: string) => replaceOnce(text, 'octocat opened pull request 1', 'mallory opened pull request 1');
  const visibly = (text: string) => replaceOnce(text, '"project":"shop"', '"project": "shop"');

  it('blames an innocent record for certain, where whoever changed another one edits it too', async () => {
    const { failures, first } = await blame(quietly, 1);
    expect(briefs(failures)).toEqual([`rootMismatch 1/${first + 1}`]);
    expect(failures[0]?.message).toBe(
      'this segment is not the one that was sealed: frontier and leaves do not fold to the root of the checkpoint. According to its last line, which is not signed, this record was changed.',
    );
  });

  it('blames an innocent record, although another one is no record by itself', async () => {
    const { failures, first } = await blame(visibly, 1);
    expect(briefs(failures)).toEqual([`leafNotCanonical 1/${first}`, `rootMismatch 1/${first + 1}`]);
    expect(failures[1]?.message).toContain(`but record ${first} is what no sealer writes, whatever that line says.`);
  });

  it('blames nobody, where whoever changed a record edits it too: the segment is named all the same', async () => {
    const { failures } = await blame(quietly, undefined);
    expect(briefs(failures)).toEqual(['rootMismatch 1']);
    expect(failures[0]?.message).toContain('the segment alone cannot tell');
    const shown = await blame(visibly, undefined);
    expect(briefs(shown.failures)).toEqual([`leafNotCanonical 1/${shown.first}`, `rootMismatch 1/${shown.first}`]);
    expect(shown.failures[1]?.message).toContain('the first of it that no sealer writes so');
  });
});
