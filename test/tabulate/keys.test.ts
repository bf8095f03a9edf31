import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  afterPrefix,
  descending,
  escapePart,
  linkKey,
  monthPartition,
  placeKey,
  rowPart,
  rowPrefix,
  targetKey,
} from '../../shared/tabulate/keys.ts';
import { LOG, hostileText } from './sample-records.ts';

const FORBIDDEN = /[!%/\\#?\u0000-\u001f\u007f-\u009f]/; // oxlint-disable-line no-control-regex

describe('escaping a part of a key', () => {
  it('leaves no character that Table Storage refuses or decodes twice', () => {
    expect(escapePart('/subscriptions/a b#c?d\\e!f=g\u0000\u0085')).toBe(
      '=2Fsubscriptions=2Fa b=23c=3Fd=5Ce=21f=3Dg=00=C2=85',
    );
    fc.assert(
      fc.property(hostileText, (text) => {
        const key = escapePart(text.replaceAll('%', ''));
        expect(key).not.toMatch(FORBIDDEN);
        expect(key.isWellFormed()).toBe(true);
        expect(key.length).toBeLessThanOrEqual(512);
      }),
    );
  });

  it('never gives two texts one key, whether cut or not, lone surrogates included', () => {
    const near = fc
      .tuple(hostileText, hostileText)
      .chain(([a, b]) =>
        fc.constantFrom(
          [a, b],
          [a, `${a}${b.charAt(0)}`],
          [a, escapePart(a)],
          [a, escapePart(a, 136)],
          [`${a}\ud800`, `${a}\ud801`],
        ),
      );
    fc.assert(
      fc.property(near, fc.constantFrom(136, 504, 512), ([a, b], limit) => {
        expect(escapePart(a ?? '', limit) === escapePart(b ?? '', limit)).toBe(a === b);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not take a short text that looks like a cut one for it', () => {
    const cut = escapePart('x'.repeat(600));
    expect(cut).toMatch(/^x{446}=~[0-9a-f]{64}$/);
    expect(escapePart(cut)).not.toBe(cut);
  });

  it('never cuts through a surrogate pair, which would leave a key that no client can send', () => {
    for (let shift = 0; shift < 2; shift++) {
      const key = escapePart('a'.repeat(shift) + '😀'.repeat(400));
      expect(key.isWellFormed()).toBe(true);
      expect(key.length).toBeLessThanOrEqual(512);
    }
  });
});

describe('the parts of a row key', () => {
  it('keeps the keys that begin with a part in one range, with no others in it', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (asked, other) => {
        const prefix = rowPrefix(rowPart(asked));
        const key = `${rowPrefix(rowPart(other))}rest`;
        expect(key >= prefix && key < afterPrefix(prefix)).toBe(rowPart(asked) === rowPart(other));
      }),
    );
  });

  it('sorts times descending where the newest is asked for first', () => {
    const times = [
      '0001-01-01T00:00:00.000Z',
      '2026-09-30T23:59:59.999Z',
      '2026-10-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ];
    expect(times.map(descending).sort().map(descending)).toEqual(times.toReversed());
  });

  it('sorts segments and indexes by number, not by text', () => {
    expect(placeKey({ log: LOG, segment: 9, index: 99 }) < placeKey({ log: LOG, segment: 10, index: 100 })).toBe(true);
    expect(placeKey({ log: LOG, segment: 41, index: 104_223 })).toBe(
      'audit.example.com=2Ftrail=2Fweb=2F3=2F0!000000000041!000000104223',
    );
  });
});

describe('what is asked by', () => {
  it('finds an Azure resource however its id is cased, and tells other ids apart by case', () => {
    expect(targetKey('/subscriptions/0F3C/resourceGroups/Payments')).toBe(
      '/subscriptions/0f3c/resourcegroups/payments',
    );
    expect(linkKey('deployment', '/Subscriptions/0F3C')).toBe('deployment:/subscriptions/0f3c');
    expect(targetKey('https://github.com/Acme/Payments')).toBe('https://github.com/Acme/Payments');
  });

  it('leaves room for the month behind the longest key', () => {
    expect(monthPartition('x'.repeat(2_048), '2026-11')).toHaveLength(512);
  });
});
