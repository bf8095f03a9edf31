import { describe, expect, test } from 'vitest';

import { coverageNormalizer } from '../../shared/normalize/coverage.ts';
import { Unrecognized } from '../../shared/normalize/normalizer.ts';
import { coveredUntil } from '../../shared/report/covered-until.ts';
import { toRows } from '../../shared/tabulate/rows.ts';
import { parseRecord } from '../../shared/wire/record.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { MemoryIndexTables } from '../fakes/memory-index-tables.ts';
import { sampleRecord } from '../tabulate/sample-records.ts';

const window = {
  source: 'entra-audit',
  table: 'AuditLogs',
  workspace: '5f3c1c9e-2b7a-4a1c-9a53-1f6f1d0f7a11',
  from: '2026-11-23T06:00:00.000Z',
  until: '2026-11-23T06:05:00.000Z',
  asked: '2026-11-23T06:10:00.000Z',
  rows: 1,
};
const normalize = (body: unknown, event = 'window') =>
  coverageNormalizer.normalize({
    envelope: { source: 'coverage', event },
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
    enqueued: '2026-11-23T06:10:01.000Z',
  });

describe('a window that was collected', () => {
  test('is sealed with its source, its ends and what was in it', () => {
    expect(normalize(window)).toEqual([
      {
        part: '',
        type: 'indelible.coverage.window.collected',
        source: 'urn:indelible:source:entra-audit',
        subject: '2026-11-23T06:00:00.000Z',
        time: '2026-11-23T06:10:00.000Z',
        data: {
          actor: { kind: 'service', id: 'indelible:observe', name: 'Indelible observer' },
          action: 'collect window',
          outcome: 'succeeded',
          summary:
            'Collected 1 row of entra-audit that came in from 2026-11-23T06:00:00.000Z to 2026-11-23T06:05:00.000Z',
          target: { kind: 'source', id: 'urn:indelible:source:entra-audit', name: 'entra-audit' },
          related: [{ kind: 'workspace', id: '5f3c1c9e-2b7a-4a1c-9a53-1f6f1d0f7a11', part: 'workspace' }],
          details: { rows: 1, table: 'AuditLogs' },
          clock: {
            started: { at: '2026-11-23T06:00:00.000Z', by: 'source' },
            ended: { at: '2026-11-23T06:05:00.000Z', by: 'source' },
          },
        },
      },
    ]);
  });

  test.each<[string, unknown, string]>([
    ['no window', { source: 'entra-audit', rows: 1 }, 'window'],
    ['rows that are no number', { ...window, rows: '1' }, 'window'],
    ['another event', window, 'windows'],
    ...ODD_BODIES.map(([what, body]) => [what, body, 'window'] as [string, unknown, string]),
  ])('is a record of a window although the body is %s', (_what, body, event) => {
    expect(() => normalize(body, event)).toThrow(Unrecognized);
  });
});

describe('the cursor of a source', () => {
  const NOW = Date.parse('2026-11-23T12:00:00.000Z');
  async function sealed(...windows: [from: string, until: string][]): Promise<MemoryIndexTables> {
    const tables = new MemoryIndexTables();
    for (const [i, [from, until]] of windows.entries()) {
      const [draft] = normalize({ ...window, from, until });
      const { data, ...top } = draft ?? { data: undefined };
      const { part: _part, ...rest } = top as { part: string };
      const record = parseRecord(sampleRecord({ ...data, category: 'coverage' }, rest));
      await tables.write(toRows(record, { log: 'audit.example.com/trail/azure/0/0', segment: i, index: i }));
    }
    return tables;
  }

  test('is that of another source, or of a window before the last', async () => {
    const tables = await sealed(
      ['2026-11-23T11:00:00.000Z', '2026-11-23T11:30:00.000Z'],
      ['2026-11-23T11:30:00.000Z', '2026-11-23T11:55:00.000Z'],
    );
    expect(await coveredUntil(tables, 'entra-audit', NOW)).toBe('2026-11-23T11:55:00.000Z');
    expect(await coveredUntil(tables, 'activity-log', NOW)).toBeUndefined();
  });

  test('is lost where the last window is months old', async () => {
    const tables = await sealed(['2026-06-01T00:00:00.000Z', '2026-06-01T01:00:00.000Z']);
    expect(await coveredUntil(tables, 'entra-audit', NOW)).toBe('2026-06-01T01:00:00.000Z');
  });
});
