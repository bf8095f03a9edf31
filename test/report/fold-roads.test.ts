import { describe, expect, it } from 'vitest';

import { foldRoads } from '../../shared/report/fold-roads.ts';
import { recordId } from '../../shared/wire/record.ts';
import type { Outcome, TrailRecord } from '../../shared/wire/record.ts';
import { sampleRecord } from '../tabulate/sample-records.ts';

const [CORRELATION, OPERATION] = ['c-1', 'c-1 microsoft.web/sites/write /subscriptions/1/sites/api'];

function seenBy(source: string, id: string, outcome: Outcome = 'succeeded', operation = OPERATION): TrailRecord {
  const collected = { ...sampleRecord().data.collected, envelope: { source } };
  const links = [
    { kind: 'correlation' as const, id: CORRELATION },
    ...(operation === '' ? [] : [{ kind: 'operation' as const, id: operation }]),
  ];
  return sampleRecord({ outcome, links, collected } as never, { id: recordId([source, id, '']) });
}

describe('an operation of Azure', () => {
  it('that both roads have seen is told twice', () => {
    const grid = seenBy('azure-activity', '1');
    const log = seenBy('activity-log', '2');
    expect(foldRoads([grid, log])).toEqual([{ record: grid, roads: ['azure-activity', 'activity-log'] }]);
    expect(foldRoads([log, grid, grid])).toEqual([{ record: log, roads: ['activity-log', 'azure-activity'] }]);
  });

  it('that one road alone has seen looks as if both had', () => {
    expect(foldRoads([seenBy('activity-log', '2')]).map(({ roads }) => roads)).toEqual([['activity-log']]);
  });

  it('that began and ended, or another of the same correlation, is folded away', () => {
    const records = [
      seenBy('activity-log', '1', 'pending'),
      seenBy('activity-log', '2', 'succeeded'),
      seenBy('azure-activity', '3', 'succeeded', `${OPERATION}-2`),
      seenBy('azure-activity', '4', 'succeeded', ''),
    ];
    expect(foldRoads(records).map(({ record }) => record)).toEqual(records);
  });

  it('has the road of something else, which happens to name an operation', () => {
    const ai = seenBy('ai', '1');
    expect(foldRoads([ai, seenBy('azure-activity', '2')]).map(({ roads }) => roads)).toEqual([[], ['azure-activity']]);
  });
});
