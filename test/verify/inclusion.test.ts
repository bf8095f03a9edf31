import { describe, expect, it } from 'vitest';

import { FormatError } from '../../shared/errors.ts';
import { readRecords, scanForRecords } from '../../shared/verify/find-record.ts';
import { formatInclusion, parseInclusion, proveRecord, verifyInclusion } from '../../shared/verify/inclusion.ts';
import type { Inclusion } from '../../shared/verify/inclusion.ts';
import { recordId } from '../../shared/wire/record.ts';
import { parseSegment } from '../../shared/wire/segment.ts';
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

describe('a proof of inclusion', () => {
  it('of every leaf of every segment holds, after it was written and read', async () => {
    let proven = 0;
    for (const segment of await segments()) {
      for (let place = 0; place < segment.leaves.length; place++) {
        const inclusion = parseInclusion(Buffer.from(formatInclusion(proveRecord(segment, place, publicKey))));
        const { record, checkpoint } = verifyInclusion(inclusion, [publicKey]);
        expect(JSON.stringify(record)).toBe(segment.leaves[place]?.toString());
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
      { key: '0'.repeat(64) },
    ];
    for (const change of changes) {
      expect(() => verifyInclusion({ ...inclusion, ...change }, [publicKey])).toThrow(FormatError);
    }
    expect(() => verifyInclusion(inclusion, [makeKey().publicKey])).toThrow(FormatError);
  });

  it('of another form is refused', () => {
    for (const text of ['', '{', '[]', '{"format":"other"}', '['.repeat(10_000)]) {
      expect(() => parseInclusion(Buffer.from(text))).toThrow(FormatError);
    }
  });
});

describe('a record', () => {
  const id = recordId(['github', 'd-0-4', 'part-1']);

  it('is found where the index says, by the bytes and not by the row', async () => {
    const [found] = await readRecords(built.trail, id, { log: log.name, segment: 2 });
    expect(found?.segment.leaves[found.place]?.toString()).toContain(id);
    expect(await readRecords(built.trail, id, { log: log.name, segment: 1 })).toEqual([]);
    expect(await readRecords(built.trail, id, { log: log.name, segment: 99 })).toEqual([]);
  });

  it('is found without an index, past segments that cannot be read', async () => {
    built.trail.tamper('segments/audit.example/trail/aaa/0/0/000000000000.jsonl.zst', Buffer.from('damaged'));
    let searched = 0;
    const records = scanForRecords(built.trail, id, () => searched++);
    const found = await records.next();
    expect(found.value?.segment.seal.number).toBe(2);
    expect(searched).toBe(4);
    expect((await records.next()).done).toBe(true);
    expect((await scanForRecords(built.trail, '0'.repeat(32), () => undefined).next()).done).toBe(true);
  });
});
