import { beforeEach, describe, expect, it } from 'vitest';

import { StoreError } from '../../shared/errors.ts';
import { compareIndex } from '../../shared/tabulate/compare-index.ts';
import { rebuildIndex } from '../../shared/tabulate/rebuild-index.ts';
import { tabulateLog } from '../../shared/tabulate/tabulate.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { formatRecord } from '../../shared/wire/record.ts';
import { FaultPlan, withFaults } from '../fakes/faults.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { ObservedTables } from './observed-tables.ts';
import { LOG, sampleRecord } from './sample-records.ts';
import { SampleLog, distinct } from './sample-trail.ts';

const NEXT_LOG = LOG.replace(/0$/, '1');

let trail: MemoryImmutableStore;
let calls: FaultPlan;
let tables: ObservedTables;
let log: SampleLog;
/** A record of this sample has 5 rows, a seal 2. */
const SAMPLE_ROWS = 5;
const SEAL_ROWS = 2;

beforeEach(() => {
  trail = new MemoryImmutableStore();
  calls = new FaultPlan();
  tables = new ObservedTables();
  log = new SampleLog(trail, LOG);
});

const deps = () => ({ trail: withFaults(trail, calls), tables });
const eventsOf = (segment: number) => tables.rows('Events').filter((row) => row.columns['Segment'] === segment);
const sealMany = async (segments: number, records = 3) => {
  for (let i = 0; i < segments; i++) await log.seal(distinct(sampleRecord(), records, String(i)));
};

describe('tabulating a log', () => {
  it('gives every sealed record its Events row, the seal too, at the index that its leaf has in the log', async () => {
    await sealMany(3);
    await tabulateLog(deps(), LOG, 2);
    const indexes = tables.rows('Events').map((row) => row.columns['Index']);
    expect(indexes.sort((a, b) => Number(a) - Number(b))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await tables.getProgress(LOG)).toBe(2);
  });

  it('writes the rows of many small segments in one go, not segment by segment', async () => {
    await sealMany(50);
    await tabulateLog(deps(), LOG, 49);
    expect(tables.writes).toEqual([50 * (3 * SAMPLE_ROWS + SEAL_ROWS)]);
  });

  it('reads and writes nothing where there is nothing new', async () => {
    await sealMany(2);
    await tabulateLog(deps(), LOG, 1);
    const reads = calls.count('read');
    await tabulateLog(deps(), LOG, 1);
    await tabulateLog(deps(), 'audit.example.com/trail/web/9/0', -1);
    expect(calls.count('read')).toBe(reads);
    expect(tables.writes).toHaveLength(1);
  });

  it('does not read back what was just sealed, and gives it the rows that reading back gives', async () => {
    const fresh = [await log.seal(distinct(sampleRecord(), 3)), await log.seal(distinct(sampleRecord(), 2, 'b'))];
    await tabulateLog(deps(), LOG, 1, fresh);
    expect(calls.count('read')).toBe(0);
    const other = new ObservedTables();
    await tabulateLog({ trail, tables: other }, LOG, 1);
    expect(tables.all()).toEqual(other.all());
  });

  it('fills the hole that an earlier crash left before the fresh segments', async () => {
    await sealMany(3);
    await tabulateLog(deps(), LOG, 0);
    const fresh = await log.seal(distinct(sampleRecord(), 1, 'fresh'));
    await tabulateLog(deps(), LOG, 3, [fresh]);
    for (const segment of [0, 1, 2, 3]) expect(eventsOf(segment).length).toBeGreaterThan(0);
  });

  it('comes back for the rest after a crash in the middle of a write, for Progress never runs ahead of rows', async () => {
    await sealMany(4, 10);
    for (let capacity = 0; capacity < 4 * (10 * SAMPLE_ROWS + SEAL_ROWS); capacity += 7) {
      tables = new ObservedTables();
      tables.capacity = capacity;
      await expect(tabulateLog(deps(), LOG, 3)).rejects.toMatchObject({ code: 'unavailable' });
      const noted = (await tables.getProgress(LOG)) ?? -1;
      for (let segment = 0; segment <= noted; segment++) expect(eventsOf(segment)).toHaveLength(11);
      tables.capacity = Number.POSITIVE_INFINITY;
      await tabulateLog(deps(), LOG, 3);
      expect(tables.all().length).toBe(4 * (10 * SAMPLE_ROWS + SEAL_ROWS));
    }
  });

  it('keeps the progress of a long catch-up, so that a crash does not start it over', async () => {
    await sealMany(4, 2_500);
    tables.capacity = 2 * (2_500 * SAMPLE_ROWS + SEAL_ROWS) + 1;
    await expect(tabulateLog(deps(), LOG, 3)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await tables.getProgress(LOG)).toBe(1);
    const reads = calls.count('read');
    tables.capacity = Number.POSITIVE_INFINITY;
    await tabulateLog(deps(), LOG, 3);
    expect(calls.count('read') - reads).toBe(2);
    expect(tables.all().length).toBe(4 * (2_500 * SAMPLE_ROWS + SEAL_ROWS));
  });

  it('never notes progress past a segment that is missing, and names it', async () => {
    await sealMany(4);
    trail.tamper(formatSegmentBlob(LOG, 2), undefined);
    await expect(tabulateLog(deps(), LOG, 3)).rejects.toThrow(`Segment 2 of ${LOG} is not there`);
    expect(await tables.getProgress(LOG)).toBeUndefined();
  });

  it('never takes a hole at the place where it goes on for a pruned prefix', async () => {
    await sealMany(4);
    await tabulateLog(deps(), LOG, 1);
    trail.tamper(formatSegmentBlob(LOG, 2), undefined);
    await expect(tabulateLog(deps(), LOG, 3)).rejects.toThrow('Segment 2');
    expect(await tables.getProgress(LOG)).toBe(1);
  });

  it('begins behind a pruned prefix, instead of waiting for segments that retention has removed', async () => {
    await sealMany(4);
    for (const number of [0, 1]) trail.tamper(formatSegmentBlob(LOG, number), undefined);
    await tabulateLog(deps(), LOG, 3);
    expect(await tables.getProgress(LOG)).toBe(3);
    expect(eventsOf(2)).toHaveLength(4);
  });

  it('writes what was just sealed even where a forged Progress says that it is there, and does not put Progress back', async () => {
    await tables.setProgress(LOG, 1_000);
    const fresh = await log.seal(distinct(sampleRecord(), 1));
    await tabulateLog(deps(), LOG, 0, [fresh]);
    expect(eventsOf(0)).toHaveLength(2);
    expect(await tables.getProgress(LOG)).toBe(1_000);
  });

  it('does not lose the last segments of a log that a new generation replaced within the batch', async () => {
    const before = await log.seal(distinct(sampleRecord(), 1));
    const after = await new SampleLog(trail, NEXT_LOG).seal(distinct(sampleRecord(), 1, 'b'));
    await tabulateLog(deps(), NEXT_LOG, 0, [before, after]);
    expect(await tables.getProgress(LOG)).toBe(0);
    expect(await tables.getProgress(NEXT_LOG)).toBe(0);
  });

  it('refuses a blob that holds another segment than its name says, with a domain error', async () => {
    await sealMany(2);
    trail.tamper(formatSegmentBlob(LOG, 1), await trail.read(formatSegmentBlob(LOG, 0)));
    await expect(tabulateLog(deps(), LOG, 1)).rejects.toMatchObject({ name: 'FormatError', code: 'segment' });
    trail.tamper(formatSegmentBlob(LOG, 1), Buffer.from('nonsense'));
    await expect(tabulateLog(deps(), LOG, 1)).rejects.toMatchObject({ name: 'FormatError', code: 'frame' });
  });
});

describe('a sealed leaf that is no record', () => {
  const salt = Buffer.alloc(16, 7);
  const lines = (salted: string): string[] => distinct(sampleRecord(), 2, salted).map((record) => formatRecord(record));
  const differences = async () => {
    const kinds: string[] = [];
    for await (const { kind } of compareIndex({ trail, tables, salt })) kinds.push(kind);
    return kinds;
  };

  it.each([
    ['no JSON', 'x'],
    ['JSON of another form', '{"id":1}'],
    [
      'a record of an overlong text',
      formatRecord(sampleRecord()).replace('"action":"', `"action":"${'x'.repeat(3_000)}`),
    ],
  ])('that is %s keeps what follows out of the index for good, or is passed over without a word', async (_, bad) => {
    const fresh = [await log.sealLines([...lines('a'), bad, ...lines('b')])];
    const said: string[] = [];
    await tabulateLog({ ...deps(), warn: (line) => void said.push(line) }, LOG, 0, fresh);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(
      `${LOG} segment 0: 1 leaf of the segment is no record and not in the index: the first is leaf 2`,
    );
    expect(await tables.getProgress(LOG)).toBe(0);
    expect(new Set(eventsOf(0).map((row) => row.columns['Index']))).toEqual(new Set([0, 1, 3, 4, 5]));
    await log.sealLines(['x', 'y', ...lines('c')]);
    await tabulateLog(deps(), LOG, 1);
    expect(eventsOf(1)).toHaveLength(3);
    expect(await tables.getProgress(LOG)).toBe(1);
  });

  it('makes the rows of the others look added, or a rebuilt index lack them', async () => {
    await log.sealLines(['x', ...lines('a')]);
    await tabulateLog(deps(), LOG, 0);
    expect(await differences()).toEqual(['unreadable']);
    const there = tables.all();
    tables.drop();
    const rebuilt = await rebuildIndex({ trail, tables, salt });
    expect(rebuilt.unreadable.map(({ segment }) => segment)).toEqual([0]);
    expect(tables.all()).toEqual(there);
  });
});

it('a blob that is larger than any segment fills the memory, or is taken for a failure that passes', async () => {
  await sealMany(2);
  const limits: (number | undefined)[] = [];
  const large = {
    create: () => Promise.resolve('exists' as const),
    exists: (name: string) => trail.exists(name),
    list: (prefix: string) => trail.list(prefix),
    listPrefixes: (prefix: string) => trail.listPrefixes(prefix),
    read: (name: string, limit?: number) => {
      limits.push(limit);
      return Promise.reject(new StoreError('tooLarge', `${name} has a terabyte.`));
    },
  };
  await expect(tabulateLog({ trail: large, tables }, LOG, 1)).rejects.toMatchObject({ name: 'FormatError' });
  expect(limits).toEqual([expect.any(Number)]);
  expect(limits[0]).toBeLessThan(70 * 1024 * 1024);
});
