import type { SampleMessage, SourceDescription } from './source.ts';

/** What docs/sources.md says of the windows that timers collect. */
export const COVERAGE_DESCRIPTION: SourceDescription = {
  authenticated: 'published by the app `observe` itself, behind the rows of the window',
  intro:
    'What a timer read from Log Analytics: which window, by the time at which the workspace took a row in, and how many rows were in it. The next window begins where the last sealed one ended.',
  fills: new Map([
    ['source', '`urn:indelible:source:<source>`'],
    ['actor', 'the observing app'],
    ['target', 'the source'],
    ['related', 'the workspace'],
    ['clock', 'begin and end of the window, half-open'],
    ['time', 'when the workspace was asked'],
  ]),
  details: new Map([
    ['rows', 'how many rows came in within the window'],
    ['table', 'table of the workspace'],
  ]),
};

export const COVERAGE_SAMPLES: readonly SampleMessage[] = [
  {
    source: 'coverage',
    event: 'window',
    body: {
      source: 'entra-audit',
      table: 'AuditLogs',
      workspace: '5f3c1c9e-2b7a-4a1c-9a53-1f6f1d0f7a11',
      from: '2026-11-23T06:00:00.000Z',
      until: '2026-11-23T06:05:00.000Z',
      asked: '2026-11-23T06:10:02.113Z',
      rows: 17,
    },
  },
];
