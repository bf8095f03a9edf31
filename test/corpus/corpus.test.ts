import { describe, expect, test } from 'vitest';

import { UNRECOGNIZED_TYPE } from '../../shared/wire/record.ts';
import type { TrailRecord } from '../../shared/wire/record.ts';
import { examplePayloads } from '../normalize/github-payloads.ts';
import { HAS_CORPUS, corpusFiles } from './corpus-files.ts';
import type { CorpusFile } from './corpus-files.ts';
import { FilledTable, lackOf } from './filled-table.ts';
import type { Sent } from './filled-table.ts';
import { githubStated, resourceStated } from './stated.ts';
import { githubRecords, hubRecords, triggerRecords } from './true-road.ts';

/** Folders of the corpus that a test of their own reads, beside this one. */
const ELSEWHERE = new Set([
  'activity-log-export',
  'activity-log-rest',
  'ai',
  'azure-devops',
  'entra-export-records',
  'entra-graph-directoryAudit',
  'log-analytics',
]);

async function githubSent(source: string, event: string, origin: string, body: Buffer): Promise<Sent> {
  const payload: unknown = JSON.parse(body.toString());
  return { source, event, origin, stated: githubStated(event, payload), records: await githubRecords(event, body) };
}

/** Both ways that Event Grid has into the trail; text that is no JSON can only be in the hub already. */
async function eventGridSent({ file, kind, read }: CorpusFile): Promise<readonly Sent[]> {
  const body = read();
  const event = parsedEvent(body);
  const aboutResource = kind.startsWith('Microsoft.Resources.');
  const stated = event === undefined || !aboutResource ? undefined : resourceStated(event);
  const common = { event: event === undefined ? 'no JSON' : kind, origin: file, stated };
  const byHub: Sent = { ...common, source: 'azure-activity, hub', records: hubRecords(body) };
  if (event === undefined) return [byHub];
  return [byHub, { ...common, source: 'azure-activity, trigger', records: await triggerRecords(event) }];
}

/** The documentation prints each event as an array of one, as Event Grid posts it; the host hands over the event. */
function parsedEvent(body: Buffer): unknown {
  try {
    const json: unknown = JSON.parse(body.toString());
    return Array.isArray(json) && json.length === 1 ? json[0] : json;
  } catch {
    return undefined;
  }
}

function codesOf(records: readonly TrailRecord[]): readonly (string | undefined)[] {
  return records.filter(({ type }) => type === UNRECOGNIZED_TYPE).map(({ data }) => data.unrecognized?.code);
}

function printed(title: string, sent: readonly Sent[]): void {
  process.stdout.write(`\n${title}\n${new FilledTable(sent).toString()}\n`);
}

describe.runIf(HAS_CORPUS)('every payload of the corpus ends as records that say what it states', () => {
  test('of GitHub', async () => {
    const files = corpusFiles().filter(({ source }) => source === 'github');
    const sent = await Promise.all(
      files.map(({ file, kind, read }) => githubSent('github', kind.slice('github:'.length), file, read())),
    );
    printed('Corpus, GitHub', sent);
    expect(sent.length).toBeGreaterThan(100);
    expect(sent.flatMap(lackOf)).toEqual([]);
    expect(sent.filter(({ records }) => codesOf(records).length > 0).map(({ origin }) => origin)).toEqual([]);
  });

  test('of Event Grid, by the trigger and straight from the hub; what is no resource event is sealed as unrecognized', async () => {
    const files = corpusFiles().filter(({ source }) => source === 'event-grid');
    const sent = (await Promise.all(files.map(eventGridSent))).flat();
    printed('Corpus, Event Grid', sent);
    expect(files.length).toBeGreaterThan(10);
    expect(sent.flatMap(lackOf)).toEqual([]);
    const expectedOf = ({ event }: Sent): readonly string[] =>
      event === 'no JSON' ? ['json'] : event.startsWith('Microsoft.Resources.') ? [] : ['event'];
    expect(sent.map((each) => [each.source, each.origin, codesOf(each.records)])).toEqual(
      sent.map((each) => [each.source, each.origin, expectedOf(each)]),
    );
  });

  test('of Event Grid under the same ids and with the same data by either road: a change of road must not double the trail', async () => {
    const files = corpusFiles().filter(({ source }) => source === 'event-grid');
    const roads = Map.groupBy((await Promise.all(files.map(eventGridSent))).flat(), ({ origin }) => origin);
    const both = [...roads.values()].filter((sent) => sent.length === 2);
    expect(both.length).toBeGreaterThan(10);
    const comparable = (sent: Sent | undefined): unknown =>
      sent?.records.map(({ id, type, source, subject, data: { collected: _c, evidence: _e, clock: _k, ...data } }) => ({
        id,
        type,
        source,
        subject,
        data,
      }));
    expect(both.map((sent) => comparable(sent[0]))).toEqual(both.map((sent) => comparable(sent[1])));
  });

  test('of a folder that no test reads fails here', () => {
    const sources = new Set(corpusFiles().map(({ source }) => source));
    for (const read of ['github', 'event-grid', ...ELSEWHERE]) sources.delete(read);
    expect([...sources]).toEqual([]);
  });
});

describe('the comparison notices', () => {
  const body = Buffer.from(
    JSON.stringify({
      action: 'completed',
      check_run: { id: 1, conclusion: 'failure', completed_at: '2026-03-01T12:00:00Z' },
      repository: { html_url: 'https://github.com/octo/repo', full_name: 'octo/repo' },
      sender: { login: 'mona', id: 1001, type: 'User' },
    }),
  );
  const other = { kind: 'human', id: 'github.com:9' } as const;

  test.each<[string, (record: TrailRecord) => TrailRecord]>([
    ['a lost actor', (record) => ({ ...record, data: { ...record.data, actor: undefined } })],
    ['another actor', (record) => ({ ...record, data: { ...record.data, actor: other, related: [] } })],
    ['a lost target', (record) => ({ ...record, data: { ...record.data, target: undefined } })],
    ['another place', (record) => ({ ...record, source: 'https://github.com', data: { ...record.data, related: [] } })],
    ['another time', (record) => ({ ...record, time: '2026-03-01T12:00:01.000Z' })],
    ['another action', (record) => ({ ...record, data: { ...record.data, action: 'check_run' } })],
    ['a failure told as success', (record) => ({ ...record, data: { ...record.data, outcome: 'succeeded' } })],
  ])('%s', async (_what, spoil) => {
    const sent = await githubSent('github', 'check_run', 'made up', body);
    expect(lackOf(sent)).toEqual([]);
    expect(lackOf({ ...sent, records: sent.records.map(spoil) })).not.toEqual([]);
  });

  test('a payload that left no record', async () => {
    const sent = await githubSent('github', 'check_run', 'made up', body);
    expect(lackOf({ ...sent, records: [] })).not.toEqual([]);
  });
});

test('every example of every version of GitHub ends as records that say what it states', async () => {
  const sent = await Promise.all(
    examplePayloads().map(({ origin, event, body }) =>
      githubSent(`github, ${origin.split('/')[0] ?? ''}`, event, origin, body),
    ),
  );
  printed('@octokit/webhooks-examples', sent);
  expect(sent.length).toBeGreaterThan(500);
  expect(sent.flatMap(lackOf)).toEqual([]);
  expect(sent.filter(({ records }) => codesOf(records).length > 0).map(({ origin }) => origin)).toEqual([]);
});
