import { describe, expect, it } from 'vitest';

import { Chain, MOST_JOINED, joinsOf } from '../../shared/report/chain.ts';
import { recordId } from '../../shared/wire/record.ts';
import type { RecordData, TrailRecord } from '../../shared/wire/record.ts';
import { sampleRecord } from '../tabulate/sample-records.ts';

const SITE = '/subscriptions/3f7b/resourcegroups/rg/providers/microsoft.web/sites/api';
const record = (name: string, data: Partial<RecordData>, time = '2026-11-23T06:00:00.000Z'): TrailRecord =>
  sampleRecord({ target: { kind: 'thing', id: name }, ...data }, { id: recordId(['test', name, '']), time });

/** Ids of what is found from `start` on, as a search through a trail goes. */
function chainFrom(start: string, all: readonly TrailRecord[]): string[] {
  const chain = new Chain(start);
  for (let open = chain.takeOpen(); open.length > 0; open = chain.takeOpen()) chain.add(all);
  return chain.records().map(({ data }) => data.target?.id ?? '');
}

describe('a chain', () => {
  const request = 'payments~5f0c9d7e-3b1a-8c2d-9e4f-a1b2c3d4e5f6';
  const all = [
    record('grant', { grant: { change: 'granted', principal: { kind: 'human', id: 'p' }, role: {}, scope: SITE } }),
    record('site', { target: { kind: 'site', id: SITE }, links: [{ kind: 'correlation', id: 'c-1' }] }),
    record('gate', {
      links: [
        { kind: 'correlation', id: 'c-1' },
        { kind: 'commit', id: 'a'.repeat(40) },
      ],
    }),
    record('output', {
      links: [
        { kind: 'commit', id: 'a'.repeat(40) },
        { kind: 'request', id: request },
      ],
    }),
    record('vote', { decision: { request, step: 'voted', verdict: 'approve' } }),
    record('other', { links: [{ kind: 'commit', id: 'b'.repeat(40) }] }),
  ];

  it('loses what is several links away, whichever end it is entered from, or takes in what nothing joins', () => {
    const expected = new Set(['grant', SITE, 'gate', 'output', 'vote']);
    expect(new Set(chainFrom(request, all))).toEqual(expected);
    expect(new Set(chainFrom(SITE, [...all].reverse()))).toEqual(expected);
    expect(chainFrom('nothing', all)).toEqual([]);
  });

  it('is told in another order than that in which it happened, or tells a redelivery twice', () => {
    const links = [{ kind: 'commit', id: 'c'.repeat(40) }] as const;
    const late = record('late', { links: [...links] }, '2026-11-23T07:00:00.000Z');
    const early = record('early', { links: [...links] }, '2026-11-23T05:00:00.000Z');
    expect(chainFrom('c'.repeat(40), [late, early, late])).toEqual(['early', 'late']);
  });

  it('of a subscription or a group joins all that happened there', () => {
    const group = '/subscriptions/3f7b/resourcegroups/rg';
    expect([...joinsOf(record('x', { target: { kind: 'resourceGroup', id: group } }))]).toEqual([]);
    expect([...joinsOf(record('x', { target: { kind: 'site', id: SITE } }))]).toEqual([SITE]);
  });

  it('grows without end where one link joins everything', () => {
    const chain = new Chain('c');
    chain.add(
      Array.from({ length: MOST_JOINED + 1 }, (_, i) =>
        record(String(i), { links: [{ kind: 'correlation', id: 'c' }] }),
      ),
    );
    expect(chain.isTooLong).toBe(true);
  });
});
