import { describe, expect, test } from 'vitest';

import { toTimestamp, toZonedTimestamp } from '../../shared/wire/timestamp.ts';

describe('a time of a source', () => {
  test.each([
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00:00.1239999Z', '2026-03-01T12:00:00.123Z'],
    ['2026-03-01t13:30:00+01:30', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T07:00:00-0500', '2026-03-01T12:00:00.000Z'],
    ['2018-04-25 20:42:10', '2018-04-25T20:42:10.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-02-28T23:30:00-01:00', '2026-03-01T00:30:00.000Z'],
    [1_772_366_400, '2026-03-01T12:00:00.000Z'],
  ])('%s is %s', (written, time) => {
    expect(toTimestamp(written)).toBe(time);
  });

  test.each([
    '2026-02-31T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T12:00:00+02:00',
    '2026-00-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T12:60:00Z',
    '2026-03-01T12:00:61Z',
    '2026-03-01T12:00:00+25:00',
    '2026-03-01',
    'yesterday',
    '',
    0,
    1.5,
    null,
  ])('%j is no time: an impossible one becomes that of another day', (written) => {
    expect(toTimestamp(written)).toBeUndefined();
  });
});

describe('a time that a person states', () => {
  test.each(['2026-03-05T09:00:00', '2026-03-05 09:00:00', 1_772_366_400, '2026-02-31T00:00:00Z'])(
    '%j names no zone, or no day: it is silently taken for UTC',
    (written) => {
      expect(toZonedTimestamp(written)).toBeUndefined();
    },
  );

  test('with its zone is read', () => {
    expect(toZonedTimestamp(' 2026-03-05T09:00:00+01:00 ')).toBe('2026-03-05T08:00:00.000Z');
  });
});
