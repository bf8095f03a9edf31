import { randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import { StoreError } from '../../shared/errors.ts';
import { compareIndex, compareProgress } from '../../shared/tabulate/compare-index.ts';
import type { IndexDifference, ProgressDifference } from '../../shared/tabulate/compare-index.ts';
import type { IndexRow } from '../../shared/tabulate/index-tables.ts';
import { rebuildIndex } from '../../shared/tabulate/rebuild-index.ts';
import { tabulateLog } from '../../shared/tabulate/tabulate.ts';
import { formatSegmentBlob } from '../../shared/wire/log-name.ts';
import { MemoryImmutableStore } from '../fakes/memory-immutable-store.ts';
import { ObservedTables, keyOf } from './observed-tables.ts';
import { LOG, anyRecord, sampleRecord } from './sample-records.ts';
import { SampleLog, distinct } from './sample-trail.ts';

const LOGS = [LOG, 'audit.example.com/trail/web/30/0', 'audit.example.com/trail/azure/0/2'];

let trail: MemoryImmutableStore;
let tables: ObservedTables;

beforeEach(async () => {
  trail = new MemoryImmutableStore();
  tables = new ObservedTables();
  for (const name of LOGS) {
    const log = new SampleLog(trail, name);
    for (let i = 0; i < 4; i++) await log.seal(distinct(sampleRecord({ project: 'payments' }), 5, `${name}${i}`));
    await tabulateLog({ trail, tables }, name, 3);
  }
});

async function differences(rowsInMemory?: number): Promise<IndexDifference[]> {
  const found: IndexDifference[] = [];
  const options = rowsInMemory === undefined ? {} : { rowsInMemory };
  for await (const each of compareIndex({ trail, tables, salt: randomBytes(16), ...options })) found.push(each);
  return found;
}

function someRow(at = 0.5): IndexRow {
  const rows = tables.all();
  const row = rows[Math.floor(at * (rows.length - 1))];
  if (row === undefined) throw new Error('no rows');
  return row;
}

describe('comparing the index with the trail', () => {
  it('finds nothing where the index is what the trail gives, whatever the order of columns', async () => {
    await tables.write(
      tables.all().map((row) => ({ ...row, columns: Object.fromEntries(Object.entries(row.columns).toReversed()) })),
    );
    expect(await differences()).toEqual([]);
  });

  it('names a row that was removed, with its log, segment and record', async () => {
    const row = someRow();
    await tables.remove([row]);
    expect(await differences()).toEqual([
      {
        kind: 'missing',
        table: row.table,
        partitionKey: row.partitionKey,
        rowKey: row.rowKey,
        log: row.columns['Log'],
        segment: row.columns['Segment'],
        index: row.columns['Index'],
        eventId: row.columns['EventId'],
      },
    ]);
  });

  it('names a row whose columns were changed, added to, taken from, or given another type', async () => {
    const row = someRow();
    for (const columns of [
      { ...row.columns, Actor: 'somebody else' },
      { ...row.columns, Note: 'x' },
      { ...row.columns, Index: String(row.columns['Index']) },
      { ...row.columns, Authorized: 'true' },
      { Log: 'x' },
    ]) {
      await tables.write([{ ...row, columns }]);
      expect(await differences()).toMatchObject([{ kind: 'changed', rowKey: row.rowKey, log: row.columns['Log'] }]);
    }
  });

  it('names a row that no record gives, even one that claims a segment yet to come', async () => {
    const model = someRow();
    for (const columns of [{ ...model.columns, Segment: 99 }, {}]) {
      const row = { ...model, rowKey: 'forged', columns };
      await tables.write([row]);
      expect(await differences()).toMatchObject([{ kind: 'added', rowKey: 'forged' }]);
    }
  });

  it('names a row that comes again under the same keys, also where its copies would cancel each other out', async () => {
    const row = someRow();
    for (const copies of [1, 2, 3]) {
      tables.scan = async function* (table) {
        for (const each of tables.rows(table)) {
          yield each;
          if (keyOf(each) === keyOf(row)) for (let i = 0; i < copies; i++) yield each;
        }
      };
      const found = await differences();
      expect(found.map(({ kind }) => kind)).toEqual(Array.from({ length: copies }, () => 'added'));
      expect(found[0]).toMatchObject({ table: row.table, rowKey: row.rowKey });
    }
  });

  it('sees two rows whose contents were exchanged', async () => {
    const [a, b] = [someRow(0.1), someRow(0.15)];
    await tables.write([
      { ...a, columns: b.columns },
      { ...b, columns: a.columns },
    ]);
    const found = await differences();
    expect(found.map((each) => each.kind)).toEqual(['changed', 'changed']);
  });

  it('finds every one of many differences while it holds few rows in memory', async () => {
    const before = new Set<string>();
    let kind = 0;
    for (const row of tables.all()) {
      switch (kind++ % 4) {
        case 0:
          await tables.remove([row]);
          before.add(`missing ${keyOf(row)}`);
          break;
        case 1:
          await tables.write([{ ...row, columns: { ...row.columns, Actor: 'x' } }]);
          before.add(`changed ${keyOf(row)}`);
          break;
        case 2: {
          const forged = { ...row, rowKey: `${row.rowKey}~` };
          await tables.write([forged]);
          before.add(`added ${keyOf(forged)}`);
          break;
        }
      }
    }
    const found = (await differences(50)).map((each) =>
      each.kind === 'unreadable' ? '' : `${each.kind} ${keyOf(each)}`,
    );
    expect(found.toSorted()).toEqual([...before].sort());
  });

  // Many records, so that what comes late falls into buckets that are looked at row by row.
  const BUSY = 600;

  it('does not call missing what is sealed while it looks, tabulated or not', async () => {
    const late = new SampleLog(trail, 'audit.example.com/trail/web/31/0');
    let rounds = 0;
    tables.afterScan = async (table) => {
      if (table !== 'Events') return;
      const fresh = await late.seal(distinct(sampleRecord(), BUSY, String(rounds++)));
      if (rounds === 1) await tabulateLog({ trail, tables }, late.log, 0, [fresh]);
    };
    expect(await differences()).toEqual([]);
    expect(rounds).toBe(2);
  });

  it('does not call missing what was sealed before and is tabulated while it looks', async () => {
    const late = new SampleLog(trail, 'audit.example.com/trail/web/31/0');
    for (const salt of ['a', 'b']) await late.seal(distinct(sampleRecord(), BUSY, salt));
    let rounds = 0;
    tables.afterScan = async (table) => {
      if (table === 'Events') await tabulateLog({ trail, tables }, late.log, rounds++);
    };
    expect(await differences()).toEqual([]);
    expect(rounds).toBe(2);
  });

  it('names a damaged segment and goes on with the others', async () => {
    trail.tamper(formatSegmentBlob(LOG, 1), Buffer.from('nonsense'));
    const removed = tables.all().find((row) => row.columns['Log'] === LOGS[2]) as IndexRow;
    await tables.remove([removed]);
    const found = await differences();
    expect(found.filter((each) => each.kind === 'unreadable')).toMatchObject([{ log: LOG, segment: 1 }]);
    expect(found.filter((each) => each.kind === 'missing')).toMatchObject([{ log: LOGS[2], rowKey: removed.rowKey }]);
    expect(found.filter((each) => each.kind === 'added').every((each) => each.log === LOG && each.segment === 1)).toBe(
      true,
    );
  });
});

describe('comparing Progress with the trail', () => {
  async function found(): Promise<ProgressDifference[]> {
    const all: ProgressDifference[] = [];
    for await (const each of compareProgress({ trail, tables })) all.push(each);
    return all;
  }

  it('finds nothing where it is as far as the log, behind it, or not there', async () => {
    expect(await found()).toEqual([]);
    await tables.setProgress(LOG, 0);
    expect(await found()).toEqual([]);
    tables = new ObservedTables();
    expect(await found()).toEqual([]);
  });

  it('names a log whose Progress was forged too high: what is sealed next would be left out of the index', async () => {
    await tables.setProgress(LOG, 4);
    expect(await found()).toEqual([{ kind: 'progressWrong', log: LOG, segment: 4, last: 3 }]);
    await rebuildIndex({ trail, tables, salt: randomBytes(16) });
    expect(await found()).toEqual([]);
  });

  it('names a log whose Progress is no number, instead of not looking at all', async () => {
    tables.getProgress = (log) =>
      log === LOG ? Promise.reject(new StoreError('unexpected', 'no segment number')) : Promise.resolve(3);
    expect(await found()).toEqual([{ kind: 'progressWrong', log: LOG, segment: undefined, last: 3 }]);
    tables.getProgress = () => Promise.reject(new StoreError('forbidden', 'no'));
    await expect(found()).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('does not accuse a sealer that goes on meanwhile', async () => {
    const late = new SampleLog(trail, 'audit.example.com/trail/web/31/0');
    await late.seal(distinct(sampleRecord(), 1));
    tables.getProgress = async (log) => {
      if (log !== late.log) return 3;
      await late.seal(distinct(sampleRecord(), 1, 'more'));
      return 1;
    };
    expect(await found()).toEqual([]);
  });
});

describe('rebuilding the index', () => {
  const rebuild = () => rebuildIndex({ trail, tables, salt: randomBytes(16) });

  it('gives the same rows after every table was dropped', async () => {
    const before = tables.all();
    tables = new ObservedTables();
    expect(await rebuild()).toEqual({ written: before.length, removed: 0, unreadable: [] });
    expect(tables.all()).toEqual(before);
    for (const log of LOGS) expect(await tables.getProgress(log)).toBe(3);
  });

  it('repairs what was changed and removes what no record gives', async () => {
    const before = tables.all();
    const row = someRow();
    await tables.write([{ ...row, columns: {} }]);
    await tables.write(Array.from({ length: 1_500 }, (_, i) => ({ ...row, rowKey: `forged ${i}` })));
    expect(await rebuild()).toMatchObject({ removed: 1_500 });
    expect(tables.all()).toEqual(before);
  });

  it('puts back a Progress that was forged too high, which had kept rows from being written', async () => {
    await tables.setProgress(LOG, 1_000_000);
    await rebuild();
    expect(await tables.getProgress(LOG)).toBe(3);
  });

  it('leaves the rows of a damaged segment alone, which may be all that is left of it', async () => {
    const size = tables.all().length;
    trail.tamper(formatSegmentBlob(LOG, 1), Buffer.from('nonsense'));
    expect(await rebuild()).toMatchObject({ removed: 0, unreadable: [{ log: LOG, segment: 1 }] });
    expect(tables.all()).toHaveLength(size);
  });

  it('takes any records, and compares as equal afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { maxLength: 6 }), async (records) => {
        trail = new MemoryImmutableStore();
        tables = new ObservedTables();
        await new SampleLog(trail, LOG).seal(records);
        await rebuild();
        expect(await differences()).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
