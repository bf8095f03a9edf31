import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ACTIVITY_LOG_DESCRIPTION, ACTIVITY_LOG_SAMPLES } from '../../cli/sources/activity-log.ts';
import { activityLogNormalizer } from '../../shared/normalize/activity-log.ts';
import { azureActivityNormalizer } from '../../shared/normalize/azure-activity.ts';
import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { ODD_BODIES } from '../collect/requests.ts';
import { mutated } from './mutated.ts';
import { outcomeOf } from './outcome-of.ts';
import { finished, fixture, fixtureNames, only, renamed } from './table-rows.ts';

const SUBSCRIPTION = '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21';
const fixtures = fixtureNames('activity-log').map((name) => fixture('activity-log', name));

function recordOf(body: unknown): RecordDraft {
  return only(finished(activityLogNormalizer, 'AzureActivity', body));
}

/** A row of the fixtures with other columns. */
function rowWith(columns: Record<string, unknown>, name = 'delete-accept'): Record<string, unknown> {
  return { ...fixture('activity-log', name), ...columns };
}

describe('an operation that Event Grid reports, too', () => {
  const row = fixture('activity-log', 'role-assignment-success');
  const properties = JSON.parse(String(row['Properties_d'])) as Record<string, string>;
  const event = {
    id: 'another id than the row has',
    topic: SUBSCRIPTION,
    subject: properties['entity'],
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    eventTime: '2026-11-23T06:00:00.1234567Z',
    data: {
      authorization: row['Authorization'],
      claims: row['Claims'],
      httpRequest: row['HTTPRequest'],
      correlationId: String(row['CorrelationId']).toLowerCase(),
      resourceUri: properties['entity'],
      operationName: 'Microsoft.Authorization/roleAssignments/write',
      resourceProvider: 'Microsoft.Authorization',
      status: 'Succeeded',
      tenantId: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10',
      properties: { requestbody: properties['requestbody'] },
    },
  };

  it('is another record of the same type, target and grant, joined by the same links', () => {
    const fromGrid = only(finished(azureActivityNormalizer, 'Microsoft.Resources.ResourceWriteSuccess', event));
    const fromLog = recordOf(row);
    expect(fromLog.data.links?.map(({ kind }) => kind)).toEqual(['correlation', 'operation']);
    for (const record of [fromGrid, fromLog]) {
      expect(record).toMatchObject({
        type: fromLog.type,
        source: fromLog.source,
        subject: fromLog.subject,
        time: fromLog.time,
        data: {
          actor: fromLog.data.actor,
          outcome: 'succeeded',
          target: fromLog.data.target,
          grant: fromLog.data.grant,
          links: fromLog.data.links,
          summary: fromLog.data.summary,
        },
      });
    }
    expect(fromLog.data.grant).toMatchObject({
      change: 'granted',
      principal: { kind: 'human', id: 'entra:77aa1c2e-6b0d-4b1f-9c3e-1d2f3a4b5c6d' },
    });
  });

  it('is granted once it succeeded, not when it began: the rows of one operation are joined, and each has its own outcome', () => {
    const began = recordOf(fixture('activity-log', 'role-assignment-start'));
    const ended = recordOf(row);
    expect([began, ended].map(({ data }) => [data.outcome, data.grant?.change])).toEqual([
      ['pending', 'requested'],
      ['succeeded', 'granted'],
    ]);
    expect(began.data.links).toEqual(ended.data.links);
    expect(began.data.clock).toMatchObject({ started: { at: '2026-11-23T05:59:58.000Z' } });
    expect(began.data.clock).not.toHaveProperty('effective');
  });
});

describe('the same entry in another spelling is the same record', () => {
  const row = fixture('activity-log', 'delete-denied');
  const parsedColumns = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && value.startsWith('{') ? (JSON.parse(value) as unknown) : value,
    ]),
  );
  it.each<[string, Record<string, unknown>]>([
    ['dynamic columns parsed', parsedColumns],
    ['dynamic columns under their old names', { ...row, Properties: row['Properties_d'], Properties_d: null }],
    ['names in lower case', renamed(row, (name) => name.toLowerCase())],
    [
      'as the portal exports it, with its times',
      {
        ...renamed(row, (name) => (name === 'TimeGenerated' ? 'TimeGenerated [UTC]' : name)),
        'TimeGenerated [UTC]': '11/23/2026, 6:00:00.1234567 AM',
      },
    ],
    ['in a list of one', { records: [row] }],
    [
      'status as an object, as PowerShell writes it',
      { ...row, ActivityStatusValue: '', Status: { Value: 'Failure', LocalizedValue: 'Fehler' } },
    ],
  ])('%s', (_how, body) => {
    expect(recordOf(body)).toEqual(recordOf(row));
  });

  it.each([
    ['4/28/2021, 12:05:01 AM', '2021-04-28T00:05:01.000Z'],
    ['4/28/2021, 12:05:01.5 PM', '2021-04-28T12:05:01.500Z'],
    ['12/1/2021, 11:59:59 PM', '2021-12-01T23:59:59.000Z'],
  ])('%s in a column of UTC is %s: noon and midnight are not twelve hours off', (text, time) => {
    expect(recordOf(rowWith({ TimeGenerated: null, 'TimeGenerated [UTC]': text })).time).toBe(time);
  });
});

describe('the step of an operation', () => {
  it.each<[string, string, string]>([
    ['Start', '', 'pending'],
    ['Started', '', 'pending'],
    ['Accept', 'Accepted', 'pending'],
    ['Accepted', '', 'pending'],
    ['In Progress', '', 'pending'],
    ['Success', 'OK', 'succeeded'],
    ['Succeeded', 'Created', 'succeeded'],
    ['Failure', 'Conflict', 'failed'],
    ['Failed', 'Forbidden (HTTP Status Code: 403)', 'denied'],
    ['Failed', '403', 'denied'],
    ['Canceled', '', 'failed'],
    ['Something new', '', 'unknown'],
    ['', 'Succeeded.Created', 'succeeded'],
    ['', '', 'unknown'],
  ])('%s (%s) is %s', (status, subStatus, outcome) => {
    const record = recordOf(rowWith({ ActivityStatusValue: status, ActivitySubstatusValue: subStatus }));
    expect(record.data.outcome).toBe(outcome);
    expect(record.data.clock?.effective !== undefined).toBe(outcome === 'succeeded');
  });

  it.each([
    ['MICROSOFT.COMPUTE/DISKS/WRITE', 'indelible.infrastructure.resource.written', undefined],
    ['MICROSOFT.COMPUTE/DISKS/DELETE', 'indelible.infrastructure.resource.deleted', undefined],
    ['MICROSOFT.COMPUTE/VIRTUALMACHINES/RUNCOMMAND/ACTION', 'indelible.infrastructure.resource.acted', undefined],
    ['MICROSOFT.COMPUTE/VIRTUALMACHINES/READ', 'indelible.infrastructure.resource.read', true],
    ['MICROSOFT.AUTHORIZATION/LOCKS/DELETE', 'indelible.access.lock.deleted', undefined],
    ['MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION', 'indelible.access.credential.acted', undefined],
    ['MICROSOFT.AUTHORIZATION/ELEVATEACCESS/ACTION', 'indelible.access.elevation.acted', undefined],
    ['SecretGet', 'indelible.infrastructure.resource.read', undefined],
    ['KeyDelete', 'indelible.infrastructure.resource.deleted', undefined],
    ['VaultPatch', 'indelible.infrastructure.resource.acted', undefined],
  ])('%s is of type %s', (operation, type, inconsequential) => {
    const record = recordOf(rowWith({ OperationNameValue: operation, ActivityStatusValue: 'Success' }));
    expect([record.type, record.data.inconsequential]).toEqual([type, inconsequential]);
  });

  it('that reads and was refused is an attempt, and not put aside with the reads that changed nothing', () => {
    const refused = { OperationNameValue: 'MICROSOFT.COMPUTE/VIRTUALMACHINES/READ' };
    expect(recordOf(rowWith(refused, 'delete-denied')).data).not.toHaveProperty('inconsequential');
  });
});

describe('traps of the Activity Log', () => {
  it('does not take the id of the workspace for the tenant', () => {
    const record = recordOf(fixture('activity-log', 'delete-accept'));
    expect(record.data.details).toMatchObject({ tenant: '9f1c7a52-3b64-4e0d-8a17-5c2d9e6f4b10' });
    expect(JSON.stringify(record)).not.toContain('1b2c3d4e-0000-4000-8000-000000000abc');
  });

  it('does not take the phrase for people for the operation', () => {
    const record = recordOf(rowWith({ OperationName: 'Delete Virtual Machine' }));
    expect(record.data.action).toBe('MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE');
    expect(recordOf(fixture('activity-log', 'rest-deployment')).data.action).toBe(
      'Microsoft.Resources/deployments/write',
    );
  });

  it('does not take the scope of the role for the resource, which may be another', () => {
    const record = recordOf(
      rowWith({ Authorization: JSON.stringify({ scope: `${SUBSCRIPTION}/resourceGroups/other` }) }),
    );
    expect(record.data.target?.id).toMatch(/\/virtualmachines\/batch01$/);
  });

  it.each([
    ['a managed identity', 'export-list-keys', 'service'],
    ['a person', 'role-assignment-success', 'human'],
    ['autoscale', 'autoscale', 'service'],
    ['an alert rule', 'alert', 'service'],
  ])('%s is never of another kind than it is', (_who, name, kind) => {
    expect(recordOf(fixture('activity-log', name)).data.actor?.kind).toBe(kind);
  });

  it.each([
    [
      'an object id without claims',
      'bdefcbb6-d8b2-497d-a944-b683d9a36b0c',
      'unknown',
      'entra:bdefcbb6-d8b2-497d-a944-b683d9a36b0c',
    ],
    ['a provider', 'Microsoft.RecoveryServices', 'service', 'azure-service:microsoft.recoveryservices'],
    ['a login', 'Jane@acme.example', 'human', 'upn:jane@acme.example'],
    ['a name of no known form', 'backupmgmt', 'unknown', 'azure-service:backupmgmt'],
  ])('%s as the caller is a person only where it is a login', (_what, Caller, kind, id) => {
    const none = { Claims: '', Authorization: '', HTTPRequest: '' };
    const row = rowWith({ ...none, Caller });
    row['Properties_d'] = JSON.stringify({ entity: SUBSCRIPTION });
    expect(recordOf(row).data.actor).toMatchObject({ kind, id });
  });

  it('names nobody where the entry names nobody', () => {
    const record = recordOf(fixture('activity-log', 'security-alert'));
    expect(record.data).not.toHaveProperty('actor');
  });

  it('tells a request that a policy denied from the success that policies report of themselves', () => {
    const row = fixture('activity-log', 'policy-deny');
    expect(recordOf({ ...row, ActivityStatusValue: 'Success' }).data.outcome).toBe('denied');
    const properties = { ...(JSON.parse(String(row['Properties_d'])) as object), isComplianceCheck: 'True' };
    const scan = recordOf({ ...row, ActivityStatusValue: 'Success', Properties_d: JSON.stringify(properties) });
    expect([scan.data.outcome, scan.data.details?.['complianceCheck']]).toEqual(['succeeded', true]);
  });

  it('reads what a policy did where an export files it under Administrative', () => {
    const record = recordOf(rowWith({ CategoryValue: 'Administrative' }, 'policy-deny'));
    expect(record.type).toBe('indelible.infrastructure.policy.evaluated');
  });

  it('keeps the signature out of the record that opens the storage account to whoever reads it', () => {
    const record = recordOf(fixture('activity-log', 'storage-delete'));
    expect(record.data.target?.id).toBe('https://ledger.blob.core.windows.net/books/2026.csv');
    expect(JSON.stringify(record)).not.toMatch(/sig=|bm90IGE/);
    expect(record.data).not.toHaveProperty('actor');
  });

  it.each<[string, object, object | undefined]>([
    ['OAuth', { objectId: 'O-1', upn: 'mona@acme.example' }, { kind: 'human', id: 'entra:o-1' }],
    ['OAuth', { objectId: 'O-1', appId: 'a-1' }, { kind: 'unknown', id: 'entra:o-1' }],
    ['OAuth', { appId: 'A-1' }, { kind: 'unknown', id: 'entra-app:a-1' }],
    ['AccountKey', {}, undefined],
  ])('access to data by %s of %j is by %j', (type, requester, actor) => {
    const body = { ...fixture('activity-log', 'storage-delete'), identity: { type, requester } };
    expect({ actor: recordOf(body).data.actor }).toMatchObject({ actor });
  });

  it.each([
    [200, 'succeeded'],
    [403, 'denied'],
    ['401', 'denied'],
    [404, 'failed'],
  ])('access to data that ended with %s is %s', (statusCode, outcome) => {
    expect(recordOf({ ...fixture('activity-log', 'storage-delete'), statusCode }).data.outcome).toBe(outcome);
  });

  it('writes a summary on one line, whatever a title holds', () => {
    const row = fixture('activity-log', 'service-health');
    const properties = { entity: SUBSCRIPTION, eventProperties: { title: 'SQL\r\nDatabase\u2028down' } };
    expect(recordOf({ ...row, Properties_d: properties }).data.summary).toBe(
      'Service health reported for 3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21: SQL Database down',
    );
  });
});

describe('several entries together', () => {
  const first = fixture('activity-log', 'delete-accept');
  const second = fixture('activity-log', 'delete-denied');

  it('are a record each, under the id of the entry', () => {
    const drafts = finished(activityLogNormalizer, 'AzureActivity', { records: [first, second] });
    expect(drafts.map(({ part, data }) => [part, data.outcome])).toEqual([
      ['e0000002-0000-4000-8000-000000000002', 'pending'],
      ['e0000002-0000-4000-8000-000000000003', 'denied'],
    ]);
    expect(finished(activityLogNormalizer, 'AzureActivity', [first, second])).toEqual(drafts);
  });

  it('are told apart where two have the same id, and the same one twice is one', () => {
    const other = { ...second, EventDataId: first['EventDataId'], Properties_d: '{}' };
    expect(finished(activityLogNormalizer, 'AzureActivity', [first, other])).toHaveLength(2);
    expect(finished(activityLogNormalizer, 'AzureActivity', [first, first])).toHaveLength(1);
  });
});

describe('the delivery', () => {
  const deliveryOf = (body: unknown): string | undefined =>
    activityLogNormalizer.deliveryOf?.(Buffer.from(JSON.stringify(body)));

  it('is the id of the entry, however often and by whichever export it arrives', () => {
    const row = fixture('activity-log', 'delete-accept');
    expect(deliveryOf(row)).toBe('e0000002-0000-4000-8000-000000000002');
    expect(deliveryOf({ ...row, EventDataId: '', IngestionTime: 'later' })).toBe(
      'e0000002-0000-4000-8000-000000000002',
    );
    expect(deliveryOf(fixture('activity-log', 'rest-deployment'))).toBe('e000000a-0000-4000-8000-00000000000a');
  });

  it('is that of the bytes where the entry has none, and never that of another', () => {
    const row = rowWith({ EventDataId: null, Properties_d: {} });
    expect(deliveryOf(row)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(deliveryOf(row)).toBe(deliveryOf(row));
    expect(deliveryOf({ ...row, Level: 'Warning' })).not.toBe(deliveryOf(row));
  });
});

describe('what is no entry', () => {
  it.each<[string, unknown, string]>([
    ['text', 'hello', 'json'],
    ['a number', '7', 'shape'],
    ['an empty list', [], 'shape'],
    ['no entry among entries', { records: [fixture('activity-log', 'alert'), 'x'] }, 'shape'],
    ['an object without an operation', { TimeGenerated: '2026-11-23T06:00:00Z' }, 'shape'],
  ])('is unrecognized with its reason: %s', (_what, body, code) => {
    const [draft] = finished(activityLogNormalizer, 'AzureActivity', body);
    expect([draft?.type, draft?.data.unrecognized?.code]).toEqual(['indelible.trail.message.unrecognized', code]);
  });

  it.each(ODD_BODIES)('ends in a reason or a record, not a crash, where the body is or has %s', (_what, body) => {
    const normalize = () =>
      activityLogNormalizer.normalize({
        envelope: { source: 'activity-log' },
        body,
        enqueued: '2026-11-23T08:00:00.000Z',
      });
    expect(['record', 'reason']).toContain(outcomeOf(normalize));
    expect(() => activityLogNormalizer.deliveryOf?.(body)).not.toThrow();
  });
});

describe('broken entries end as records or as unrecognized, never as a crash', () => {
  it('whose address is its query alone, which may be a signature', () => {
    const entry = { ...fixture('activity-log', 'storage-delete'), uri: '?sig=secret' };
    const [record] = finished(activityLogNormalizer, 'AzureActivity', Buffer.from(JSON.stringify(entry)));
    expect(record?.type).toBe('indelible.infrastructure.stored_data.deleted');
    expect(JSON.stringify(record)).not.toContain('secret');
  });

  it('whatever members are replaced, removed or added', () => {
    fc.assert(
      fc.property(mutated(fixtures), (payload) => {
        const body = Buffer.from(JSON.stringify(payload) ?? 'null');
        const input = { envelope: { source: 'activity-log' }, body, enqueued: '2026-11-23T08:00:00.000Z' };
        // Any other error than Unrecognized is thrown on, and fails the test.
        if (outcomeOf(() => activityLogNormalizer.normalize(input)) === 'reason') return;
        const drafts = activityLogNormalizer.normalize(input);
        expect(drafts.length).toBeGreaterThan(0);
        const records = finished(activityLogNormalizer, 'AzureActivity', body);
        // Sealed as what it is: a draft that does not fit the schema would end as unrecognized here.
        expect(records.map(({ type }) => type)).toEqual(
          expect.arrayContaining([...new Set(drafts.map(({ type }) => type))]),
        );
        expect(JSON.stringify(finished(activityLogNormalizer, 'AzureActivity', body))).toBe(JSON.stringify(records));
        for (const { data } of records) expect(data.summary).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('the description of the source', () => {
  it('names every detail that the samples have, and none that they lack', () => {
    const details = ACTIVITY_LOG_SAMPLES.flatMap(({ event, body }) =>
      finished(activityLogNormalizer, event, body),
    ).flatMap(({ data }) => Object.keys(data.details ?? {}));
    expect([...new Set(details)].sort()).toEqual([...ACTIVITY_LOG_DESCRIPTION.details.keys()].sort());
  });
});
