import { describe, expect, it } from 'vitest';

import { azureDevopsAuditNormalizer } from '../../shared/normalize/azure-devops-audit.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { finished } from '../normalize/table-rows.ts';
import { HAS_CORPUS, corpusFiles } from './corpus-files.ts';

/** What a reader finds in the entries of each file. */
const EXPECTED: ReadonlyMap<string, readonly unknown[]> = new Map([
  [
    'azure-devops/audit/GET__AuditLog_QueryLog_by_date.json',
    [
      {
        part: '86fbe369-3f5d-4f52-9ab0-3be7db271948',
        type: 'indelible.access.audit_log.read',
        time: '2019-03-05T14:05:02.146Z',
        source: 'https://dev.azure.com/fabrikam',
        actor: 'human azure-devops:d6a98b6c-6932-485c-a986-aea9fc981df0',
        target: 'organization https://dev.azure.com/fabrikam',
        outcome: 'succeeded',
      },
      {
        part: '198b13cf-5201-48e8-acef-0d8bb2d9e815',
        type: 'indelible.access.project.created',
        time: '2019-03-05T14:00:35.503Z',
        source: 'https://dev.azure.com/fabrikam/fabrikam-fiber-git',
        actor: 'service azure-devops:00000002-0000-8888-8000-000000000000',
        target: 'project https://dev.azure.com/fabrikam/fabrikam-fiber-git',
        outcome: 'succeeded',
      },
    ],
  ],
]);

function told({ part, type, time, source, data }: RecordDraft): unknown {
  const { actor, target, outcome } = data;
  return {
    part,
    type,
    time,
    source,
    actor: `${actor?.kind ?? ''} ${actor?.id ?? ''}`,
    target: `${target?.kind ?? ''} ${target?.id ?? ''}`,
    outcome,
  };
}

/** The answer of the API: the file holds the request beside it. */
function answerOf(body: Buffer): unknown {
  return (JSON.parse(body.toString()) as { responses: { 200: { body: unknown } } }).responses[200].body;
}

describe.runIf(HAS_CORPUS)('every published entry of an audit log is the record that a reader agrees with', () => {
  const files = HAS_CORPUS ? corpusFiles().filter(({ file }) => file.startsWith('azure-devops/audit/')) : [];

  it('and none of them is left out', () => {
    expect(files.map(({ file }) => file)).toEqual([...EXPECTED.keys()]);
  });

  it.each([...EXPECTED])('%s', (name, records) => {
    const body = files.find(({ file }) => file === name)?.read() ?? Buffer.alloc(0);
    expect(finished(azureDevopsAuditNormalizer, 'any', answerOf(body)).map(told)).toEqual(records);
  });
});
