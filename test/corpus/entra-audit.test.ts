import { describe, expect, test } from 'vitest';

import { entraAuditNormalizer } from '../../shared/normalize/entra-audit.ts';
import { finished } from '../normalize/table-rows.ts';
import { HAS_CORPUS, corpusFiles } from './corpus-files.ts';
import { csvRows } from './csv-rows.ts';

/** What a reader of each payload says: type, who, on what, how it ended, when, and what became of somebody's access. */
type Read = readonly [
  payload: string,
  type: string,
  actor: string | undefined,
  target: string | undefined,
  outcome: string,
  time: string,
  grant?: string,
];
const READ: readonly Read[] = [
  [
    'entra-export-records/panther/azure_auth_methods_policy_oidc_change.0.json',
    'indelible.access.authentication_policy.updated',
    'human entra:admin-compromised-001',
    'policy entra:policy-auth-methods-123',
    'succeeded',
    '2025-01-15T14:20:35.456Z',
  ],
  [
    'entra-export-records/panther/azure_failed_signins.0.json',
    'indelible.access.sign_in.attempted',
    'service entra:b1c34143-e405-4058-8e29-84596ad737b8',
    'servicePrincipal entra:a225221f-8cc5-411a-9cc7-5e1394b8a5b8',
    'failed',
    '2023-07-26T22:58:30.983Z',
  ],
  [
    'entra-export-records/panther/azure_failed_signins.1.json',
    'indelible.access.sign_in.attempted',
    'service entra:4b6986ec-c49c-40c0-89ce-b2ac51213e39',
    'servicePrincipal entra:2acf8174-5e07-4ec4-9de8-08d880129ba5',
    'succeeded',
    '2023-07-27T13:59:53.691Z',
  ],
  [
    'entra-export-records/panther/azure_graph_session_multiple_ips.2.json',
    'indelible.access.sign_in.attempted',
    'human entra:user-456',
    'servicePrincipal entra-app:00000003-0000-0000-c000-000000000000',
    'succeeded',
    '2025-01-15T10:00:30.789Z',
  ],
  [
    'entra-export-records/panther/azure_invite_external_users.2.json',
    'indelible.access.invitation.sent',
    'human entra:123456789',
    'user entra:123456789',
    'failed',
    '2024-09-23T14:33:09.049Z',
  ],
  [
    'entra-export-records/panther/azure_invite_external_users.3.json',
    'indelible.access.invitation.sent',
    'human entra:123456789',
    'user entra:123456789',
    'succeeded',
    '2024-09-23T14:33:09.049Z',
  ],
  [
    'entra-export-records/panther/azure_legacyauth.2.json',
    'indelible.access.sign_in.attempted',
    'human entra:8105c513-d24b-4b8d-9035-f8d48854d703',
    'servicePrincipal entra:d8f787f8-7f22-40d4-b057-6fc59c49ca43',
    'succeeded',
    '2023-07-21T05:03:52.160Z',
  ],
  [
    'entra-export-records/panther/azure_policy_changed.1.json',
    'indelible.access.policy.deleted',
    'human entra:12345123',
    'policy entra:123451516',
    'succeeded',
    '2024-11-21T16:47:21.642Z',
  ],
  [
    'entra-export-records/panther/azure_risklevel_passthrough.1.json',
    'indelible.access.sign_in.attempted',
    'service entra:b1c34143-e405-4058-8e29-84596ad737b8',
    'servicePrincipal entra:a225221f-8cc5-411a-9cc7-5e1394b8a5b8',
    'failed',
    '2023-07-26T22:58:30.983Z',
  ],
  [
    'entra-export-records/panther/azure_risklevel_passthrough.3.json',
    'indelible.access.sign_in.attempted',
    'service entra:b1c34143-e405-4058-8e29-84596ad737b8',
    'servicePrincipal entra:a225221f-8cc5-411a-9cc7-5e1394b8a5b8',
    'failed',
    '2023-07-26T22:58:30.983Z',
  ],
  [
    'entra-export-records/panther/azure_role_changed_pim.0.json',
    'indelible.access.role_assignment.added',
    'human entra:12345',
    'user entra:12345',
    'succeeded',
    '2024-12-16T16:32:16.087Z',
    'granted',
  ],
  [
    'entra-export-records/panther/azure_role_changed_pim.1.json',
    'indelible.access.role_assignment.requested',
    'human entra:12345',
    'user entra:12345',
    'succeeded',
    '2024-12-16T16:32:16.087Z',
    'requested',
  ],
  [
    'entra-export-records/panther/azure_ropc_login_no_mfa.1.json',
    'indelible.access.sign_in.attempted',
    'human entra:user-attacker-999',
    'application entra-app:app-office-555',
    'failed',
    '2025-01-15T15:05:50.678Z',
  ],
  [
    'entra-export-records/panther/azure_service_principal_credentials_added.0.json',
    'indelible.access.application_credential.added',
    'human entra:admin-123',
    'servicePrincipal entra:sp-app-456',
    'succeeded',
    '2025-01-15T09:30:20.123Z',
  ],
  [
    'entra-export-records/panther/azure_vscode_oauth_phishing.1.json',
    'indelible.access.sign_in.attempted',
    'human entra:user-ghi-789',
    'servicePrincipal entra-app:499b84ac-1321-427f-aa17-267ca6975798',
    'succeeded',
    '2025-01-15T16:20:35.789Z',
  ],
  [
    'entra-graph-directoryAudit/graph-docs/directoryaudit-get.json',
    'indelible.access.group_member.added',
    'human entra:728309ae-1a37-4937-9afe-e35d964db09b',
    'user entra:1f0e98f5-3161-4c6b-9b50-d488572f2bb7',
    'succeeded',
    '2018-01-09T21:20:02.721Z',
    'granted',
  ],
  [
    'entra-graph-directoryAudit/graph-docs/directoryaudit-list.example1.json',
    'indelible.access.group_member.added',
    'human entra:728309ae-1a37-4937-9afe-e35d964db09b',
    'user entra:1f0e98f5-3161-4c6b-9b50-d488572f2bb7',
    'succeeded',
    '2018-01-09T21:20:02.721Z',
    'granted',
  ],
  [
    'entra-graph-directoryAudit/graph-docs/directoryaudit-list.example2.json',
    'indelible.access.group_management.read',
    undefined,
    undefined,
    'succeeded',
    '2024-12-27T10:01:19.579Z',
  ],
  [
    'log-analytics/sentinel-training-lab/AuditLogs_Hunting.csv#0',
    'indelible.access.application_credential.added',
    'human entra:34070915-82ff-492a-801f-e90484e79248',
    'application entra:020c2630-81fb-5678-9a9c-ce9984a45458',
    'succeeded',
    '2026-11-23T08:00:00.000Z',
  ],
  [
    'log-analytics/sentinel-training-lab/AuditLogs_Hunting.csv#1',
    'indelible.access.application_credential.added',
    'human entra:04dc7a40-2617-4044-b6e7-fdd8771b88a2',
    'application entra:a05db9f5-91e6-4bba-xxxx-cf38984e89fc',
    'succeeded',
    '2026-11-23T08:00:00.000Z',
  ],
  [
    'log-analytics/sentinel-training-lab/AuditLogs_Hunting.csv#2',
    'indelible.access.application_credential.added',
    'human entra:5a1c81ba-786d-41bc-a8f0-5e999da7b7c9',
    'application entra:a9929be8-b429-4918-ab41-0604fc9356b4',
    'succeeded',
    '2026-11-23T08:00:00.000Z',
  ],
  [
    'log-analytics/sentinel-training-lab/AuditLogs_Hunting.csv#3',
    'indelible.access.application_credential.added',
    'human entra:5a1c81ba-786d-41bc-a8f0-5e999da7b7c9',
    'application entra:20bdf178-f471-41bd-936f-2d4e0970b66c',
    'succeeded',
    '2026-11-23T08:00:00.000Z',
  ],
  [
    'log-analytics/sentinel-training-lab/AuditLogs_Hunting.csv#4',
    'indelible.access.application_credential.added',
    'human entra:5a1c81ba-786d-41bc-a8f0-5e999da7b7c9',
    'application entra:b89ea4f7-3fb2-4731-b1cf-a4ee5d5624b9',
    'succeeded',
    '2026-11-23T08:00:00.000Z',
  ],
];

const FOLDERS = new Set(['entra-export-records', 'entra-graph-directoryAudit']);

/** Every payload of the source; the rows of a CSV file are one each, as a query returns them. */
function payloads(): readonly (readonly [name: string, body: unknown])[] {
  return corpusFiles()
    .filter(({ file, source }) => FOLDERS.has(source) || file.endsWith('/AuditLogs_Hunting.csv'))
    .flatMap(({ file, read }): (readonly [string, unknown])[] =>
      file.endsWith('.csv')
        ? csvRows(read().toString()).map((row, index) => [`${file}#${index}`, row] as const)
        : [[file, read()] as const],
    );
}

describe.runIf(HAS_CORPUS)('the entries of the Entra audit log that others published', () => {
  test('each gives the record that a reader agrees with', () => {
    const found = payloads().flatMap(([name, body]) =>
      finished(entraAuditNormalizer, 'AuditLogs', body).map(
        ({ type, time, data: { actor, target, outcome, grant } }) => [
          name,
          type,
          actor === undefined ? undefined : `${actor.kind} ${actor.id}`,
          target === undefined ? undefined : `${target.kind} ${target.id}`,
          outcome,
          time,
          ...(grant === undefined ? [] : [grant.change]),
        ],
      ),
    );
    expect(found).toEqual(READ);
  });

  test('none is left out: a payload that nobody read fails here', () => {
    expect(payloads().map(([name]) => name)).toEqual([...new Set(READ.map(([name]) => name))]);
  });
});
