import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TABLES } from '../../shared/tabulate/index-tables.ts';
import type { IndexRow } from '../../shared/tabulate/index-tables.ts';
import { toRows } from '../../shared/tabulate/rows.ts';
import { parseJson } from '../../shared/wire/json.ts';
import { formatRecord, parseRecord } from '../../shared/wire/record.ts';
import { MemoryIndexTables } from '../fakes/memory-index-tables.ts';
import { keyOf } from './observed-tables.ts';
import { LOG, anyRecord, sampleRecord } from './sample-records.ts';

const PLACE = { log: LOG, segment: 41, index: 104_223 };
const ID = sampleRecord().id;
const END = 'audit.example.com=2Ftrail=2Fweb=2F3=2F0!000000000041!000000104223';
const TIME = '2026-11-23T19:41:07.123Z';

function keysOf(rows: readonly IndexRow[], table: string): [string, string][] {
  return rows.filter((row) => row.table === table).map(({ partitionKey, rowKey }) => [partitionKey, rowKey]);
}

describe('the rows of a record', () => {
  it('can all be written: keys, columns and size are what Table Storage takes, whatever the record holds', () => {
    const tables = new MemoryIndexTables();
    return fc.assert(
      fc.asyncProperty(anyRecord, fc.nat(), async (record, index) => {
        const rows = toRows(record, { ...PLACE, index });
        await expect(tables.write(rows)).resolves.toBeUndefined();
        for (const { columns } of rows) {
          expect(Object.values(columns).every((value) => typeof value !== 'string' || value.isWellFormed())).toBe(true);
          expect(Buffer.byteLength(JSON.stringify(columns), 'utf16le')).toBeLessThan(1_048_576 - 2 * 1_024);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are the same whenever they are derived, from memory or from the leaf, and no row comes twice', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const rows = toRows(record, PLACE);
        expect(toRows(parseRecord(parseJson(Buffer.from(formatRecord(record)))), PLACE)).toEqual(rows);
        expect(new Set(rows.map(keyOf)).size).toBe(rows.length);
        expect(rows.filter((row) => row.table === 'Events')).toHaveLength(1);
        expect(rows.filter((row) => row.table === 'ByProject')).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });

  it('differ for each delivery of one event, so that none hides another', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const once = new Set(toRows(record, PLACE).map(keyOf));
        const again = toRows(record, { ...PLACE, index: PLACE.index + 1 }).map(keyOf);
        expect(again.filter((key) => once.has(key))).toEqual([]);
      }),
    );
  });

  it('stand where a reader looks for them', () => {
    const rows = toRows(
      sampleRecord({
        project: 'payments',
        actor: { kind: 'human', id: 'github:583231', name: 'octocat', resolved: 'mona' },
        target: { kind: 'pullRequest', id: 'pull/7', environment: 'production' },
        related: [
          { kind: 'repository', id: 'acme/payments', part: 'repository' },
          { kind: 'repository', id: 'acme/payments', part: 'head' },
        ],
        links: [
          { kind: 'commit', id: 'c0ffee' },
          { kind: 'pullRequest', id: '7' },
        ],
      }),
      PLACE,
    );
    const byTime = `${TIME}!${ID}!${END}`;
    expect(keysOf(rows, 'Events')).toEqual([[expect.stringMatching(/^[0-9a-f]$/), `${ID}!${END}`]]);
    expect(keysOf(rows, 'ByProject')).toEqual([['payments!2026-11', byTime]]);
    expect(keysOf(rows, 'ByActor')).toEqual([
      ['mona!2026-11', byTime],
      ['github:583231!2026-11', byTime],
      ['octocat!2026-11', byTime],
    ]);
    expect(keysOf(rows, 'ByTarget')).toEqual([
      ['pull=2F7!2026-11', byTime],
      ['acme=2Fpayments!2026-11', byTime],
      ['production!2026-11', byTime],
    ]);
    expect(keysOf(rows, 'ByLink')).toEqual([
      ['commit:c0ffee', byTime],
      ['pullRequest:7', byTime],
    ]);
    expect(
      rows
        .map((row) => row.table)
        .filter((table) => !['Events', 'ByProject', 'ByActor', 'ByTarget', 'ByLink'].includes(table)),
    ).toEqual([]);
  });

  it('give the steps of one request side by side, in the order of time', () => {
    const request = 'payments~7f6f1a3e-3c0d-4d6e-9a55-0d9f1a2b3c4d';
    const rows = toRows(
      sampleRecord({
        category: 'decision',
        project: 'payments',
        decision: { kind: 'deployment', request, step: 'voted', verdict: 'approve' },
      }),
      PLACE,
    );
    expect(keysOf(rows, 'Decisions')).toEqual([['payments', `${request}!${TIME}!${ID}!${END}`]]);
    expect(rows.find((row) => row.table === 'Decisions')?.columns).toMatchObject({
      DecisionId: request,
      Step: 'voted',
      Verdict: 'approve',
    });
  });

  it('put the newest deployment of an environment first, and keep one without environment', () => {
    const deployment = (environment: string | undefined): IndexRow[] =>
      toRows(sampleRecord({ category: 'deployment', target: { kind: 'deployment', id: '1', environment } }), PLACE);
    expect(keysOf(deployment('production'), 'Deployments')).toEqual([
      ['production', `7973-88-76T80:58:92.876Z!${ID}!${END}`],
    ]);
    expect(keysOf(deployment(undefined), 'Deployments').map(([partition]) => partition)).toEqual(['-']);
  });

  it('say who was granted what, by assignment or by scope and role', () => {
    const grant = {
      change: 'granted',
      principal: { kind: 'human', id: 'entra:1', name: 'Mona' },
      role: { name: 'Owner' },
      scope: '/subscriptions/A',
      until: TIME,
    } as const;
    const rowOf = (id: string | undefined): IndexRow | undefined =>
      toRows(
        sampleRecord({ category: 'access', grant: { ...grant, ...(id === undefined ? {} : { id }) } }),
        PLACE,
      ).find((row) => row.table === 'Access');
    expect(rowOf('assignment-1')).toMatchObject({
      partitionKey: '-',
      rowKey: `entra:1!assignment-1!${TIME}!${ID}!${END}`,
    });
    expect(rowOf(undefined)?.rowKey).toBe(`entra:1!=2Fsubscriptions=2Fa Owner!${TIME}!${ID}!${END}`);
    expect(rowOf(undefined)?.columns).toMatchObject({
      Principal: 'Mona',
      Change: 'granted',
      GrantedRole: 'Owner',
      Scope: '/subscriptions/A',
      Until: TIME,
    });
  });

  it('show a gap as what was not collected, and every record of the sealer as an event', () => {
    const gap = toRows(
      sampleRecord(
        { category: 'trail', gap: { first: 3, last: 9 } },
        { type: 'indelible.trail.gap.sealed', source: 'urn:hub:web' },
      ),
      PLACE,
    );
    expect(keysOf(gap, 'Coverage')).toEqual([['urn:hub:web', `${TIME}!${END}`]]);
    expect(gap.map((row) => row.table)).toContain('Events');
    const coverage = toRows(
      sampleRecord({
        category: 'coverage',
        clock: {
          started: { at: '2026-11-23T19:00:00.000Z', by: 'collector' },
          ended: { at: '2026-11-23T20:00:00.000Z', by: 'collector' },
        },
      }),
      PLACE,
    );
    expect(keysOf(coverage, 'Coverage')).toEqual([
      ['https://github.com=2Facme=2Fpayments'.replace('//', '=2F=2F'), `2026-11-23T19:00:00.000Z!${END}`],
    ]);
    expect(coverage.find((row) => row.table === 'Coverage')?.columns).toMatchObject({
      From: '2026-11-23T19:00:00.000Z',
      Until: '2026-11-23T20:00:00.000Z',
    });
  });
});

describe('the columns of a row', () => {
  it('are the same in every table, and leave out what the record does not say', () => {
    const rows = toRows(sampleRecord(), PLACE);
    for (const row of rows) {
      expect(row.columns).toEqual({
        Time: TIME,
        Category: 'code',
        Kind: 'indelible.code.pull_request.merged',
        Action: 'merge',
        Outcome: 'succeeded',
        Actor: 'octocat',
        ActorKind: 'human',
        Target: 'https://github.com/acme/payments/pull/7',
        Summary: 'octocat merged pull request 7',
        EventId: ID,
        Log: LOG,
        Segment: 41,
        Index: 104_223,
        RowVersion: 1,
      });
    }
  });

  it('name the authority only where it was judged', () => {
    const [row] = toRows(
      sampleRecord({ authority: { basis: 'inForce', role: 'release-manager', held: false } }),
      PLACE,
    );
    expect(row?.columns).toMatchObject({ Role: 'release-manager', Authorized: false, Basis: 'inForce' });
  });

  it('never bear a name that Table Storage keeps for itself', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        for (const row of toRows(record, PLACE)) {
          for (const name of Object.keys(row.columns))
            expect(['PartitionKey', 'RowKey', 'Timestamp']).not.toContain(name);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('know every table', () => {
    const tables = new Set(
      fc
        .sample(anyRecord, { numRuns: 300, seed: 7 })
        .flatMap((record) => toRows(record, PLACE).map((row) => row.table)),
    );
    expect([...tables].sort()).toEqual([...TABLES].sort());
  });
});
