import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LeafTail, evidencePlace, idAt, scanHead, timeAt, typeAt } from '../../shared/verify/scan-leaf.ts';
import { CATEGORIES, SCHEMA_URI } from '../../shared/wire/record.ts';

/** What the scanner reads of a line, as a whole parse would have it; undefined where it refuses it. */
function scan(line: string) {
  // Lines around it, for the scanner must look at no other.
  const before = Buffer.from('{"specversion":"1.0"}\n');
  const leaf = Buffer.from(line);
  const bytes = Buffer.concat([before, leaf, Buffer.from('\n{"specversion":"1.0"}}}}\n')]);
  const start = before.length;
  const end = start + leaf.length;
  const category = scanHead(bytes, start, end);
  const tail = new LeafTail();
  if (category === undefined || !tail.read(bytes, start, end)) return undefined;
  const { sequenceNumber, record, of, missing } = tail;
  const { sha256, size, blob, offset, length } = evidencePlace(bytes, tail);
  return {
    category,
    type: typeAt(bytes, start),
    id: idAt(bytes, start),
    collected: {
      partition: bytes.toString('latin1', tail.partitionStart, tail.partitionEnd),
      sequenceNumber,
      enqueued: timeAt(bytes, tail.enqueuedAt),
      record,
      of,
    },
    evidence: missing === undefined ? { sha256, size, blob, offset, length } : { sha256, size, missing },
    evidenceText: bytes.toString('latin1', tail.evidenceStart, tail.evidenceEnd),
  };
}

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const count = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER));
const time = fc
  .date({ min: new Date('0000-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const text = fc.string({ unit: 'binary', minLength: 1 }).map((value) => value.toWellFormed());

const leaf = fc
  .record({
    id: hex(32),
    category: fc.constantFrom(...CATEGORIES),
    object: fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/),
    time,
    source: text,
    subject: fc.option(text, { nil: undefined }),
    summary: text,
    partition: fc.nat({ max: 999_999_999 }).map(String),
    sequenceNumber: count,
    enqueued: time,
    of: fc.integer({ min: 1, max: 99_999 }),
    evidence: fc.oneof(
      fc.record(
        {
          sha256: hex(64),
          size: count,
          blob: fc.tuple(hex(64), fc.constantFrom('2026/11', '0000/00')).map(([name, month]) => `${month}/${name}.zst`),
          offset: count,
          length: count,
        },
        { noNullPrototype: true },
      ),
      fc.record(
        { sha256: hex(64), size: count, missing: fc.constantFrom('absent', 'otherBytes') },
        { noNullPrototype: true },
      ),
    ),
  })
  .chain((parts) => fc.nat({ max: parts.of - 1 }).map((record) => ({ ...parts, record })));

type Parts = typeof leaf extends fc.Arbitrary<infer T> ? T : never;

function toRecord(parts: Parts) {
  const {
    id,
    category,
    object,
    time: at,
    source,
    subject,
    summary,
    partition,
    sequenceNumber,
    enqueued,
    record,
    of,
    evidence,
  } = parts;
  return {
    specversion: '1.0',
    id,
    type: `indelible.${category}.${object}.done`,
    time: at,
    source,
    subject,
    dataschema: SCHEMA_URI,
    data: {
      category,
      action: 'do',
      summary,
      collected: { normalizer: 'x/1', partition, sequenceNumber, enqueued, record, of },
      evidence,
    },
  };
}

describe('the scanner of leaves', () => {
  it('reads what a whole parse reads, whatever lies in between', () => {
    fc.assert(
      fc.property(leaf, (parts) => {
        const record = toRecord(parts);
        const { partition, sequenceNumber, enqueued, of } = record.data.collected;
        expect(scan(JSON.stringify(record))).toEqual({
          category: parts.category,
          type: record.type,
          id: record.id,
          collected: { partition, sequenceNumber, enqueued, record: parts.record, of },
          evidence: parts.evidence,
          evidenceText: JSON.stringify(parts.evidence).slice('{"sha256":"'.length),
        });
      }),
    );
  });

  it('refuses what JSON refuses, or what stands elsewhere than the format says', () => {
    const [parts] = fc.sample(
      leaf.filter(({ evidence, subject }) => 'blob' in evidence && subject === undefined),
      { numRuns: 1, seed: 1 },
    );
    if (parts === undefined) throw new Error('No sample.');
    const line = JSON.stringify(toRecord(parts));
    const { evidence, sequenceNumber, of, record } = parts;
    const edits: [string, string][] = [
      ['{"specversion"', '{ "specversion"'],
      ['"id":"', '"id":"A'],
      ['"type":"indelible.', '"type":"other.'],
      [`indelible.${parts.category}.`, 'indelible.fun.'],
      [`"data":{"category":"${parts.category}"`, '"data":{"category":"fun"'],
      [`"time":"${parts.time}"`, '"time":"2026-13-01T00:00:00.000Z"'],
      [`"time":"${parts.time}"`, '"time":"2026-11-23T24:00:00.000Z"'],
      [`"time":"${parts.time}"`, '"time":"2026-11-23T00:00:00Z"'],
      [`"enqueued":"${parts.enqueued}"`, '"enqueued":"2026-00-01T00:00:00.000Z"'],
      [`"dataschema":"${SCHEMA_URI}"`, '"dataschema":"urn:other"'],
      [`"sequenceNumber":${sequenceNumber}`, '"sequenceNumber":007'],
      [`"sequenceNumber":${sequenceNumber}`, '"sequenceNumber":-7'],
      [`"sequenceNumber":${sequenceNumber}`, '"sequenceNumber":9007199254740993'],
      [`"sequenceNumber":${sequenceNumber}`, '"sequenceNumber":12345678901234567890'],
      [`"sequenceNumber":${sequenceNumber}`, '"sequenceNumber":'],
      [`"record":${record},"of":${of}`, `"record":${of},"of":${of}`],
      [`"sha256":"${evidence.sha256}"`, `"sha256":"${evidence.sha256.slice(1)}X"`],
      ['.zst","offset"', '.gz","offset"'],
      ['"blob":"', '"blob":"../'],
      ['}}}', '}}} '],
      ['}}}', '}}'],
    ];
    expect(scan(line)).toBeDefined();
    for (const [from, to] of edits) {
      const edited = from === '}}}' ? line.slice(0, -3) + to : line.replace(from, () => to);
      expect(edited).not.toBe(line);
      expect({ edited: `${from} to ${to}`, read: scan(edited) }).toEqual({
        edited: `${from} to ${to}`,
        read: undefined,
      });
    }
  });

  it('reads no end that belongs to another line, however short its own is', () => {
    for (const line of ['x', '{', '}}}', '"}}}', ',"length":1}}}']) expect(scan(line)).toBeUndefined();
  });

  it('never fails on any bytes', () => {
    const tail = new LeafTail();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), fc.nat(), (bytes, a, b) => {
        const [start, end] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y) as [number, number];
        expect(scanHead(bytes, start, end)).toBeUndefined();
        expect(tail.read(bytes, start, end)).toBe(false);
      }),
    );
  });
});
