import type { SampleMessage, SourceDescription } from './source.ts';

/** What docs/sources.md says of what was read from the trail. */
export const READS_DESCRIPTION: SourceDescription = {
  authenticated: 'bearer token with the app role `Trail.Read`',
  intro:
    'What was asked of the trail, published before the answer goes out. The ids of the rows that were read are in the evidence, not in the record.',
  fills: new Map([
    ['source', '`urn:indelible:index`'],
    ['actor', "the token's object id"],
    ['target', 'table and key'],
    ['related', 'the project that was asked for'],
    ['time', 'when the API received it'],
  ]),
  details: new Map([
    ['table', 'table of the index'],
    ['key', 'what was looked for'],
    ['from', 'from this time on'],
    ['to', 'before this time'],
    ['rows', 'how many rows were handed out'],
  ]),
};

export const READS_SAMPLES: readonly SampleMessage[] = [
  {
    source: 'reads',
    event: 'read',
    claims: { oid: '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11' },
    body: {
      table: 'ByProject',
      key: 'payments',
      from: '2026-11-01T00:00:00Z',
      to: '2026-12-01T00:00:00Z',
      rows: 2,
    },
  },
];
