import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const EXAMPLES = join(ROOT, 'node_modules/@octokit/webhooks-examples');
const FIXTURES = join(ROOT, 'test/fixtures/github');

/** A payload of one of GitHub's events. */
export interface SamplePayload {
  readonly event: string;
  readonly payload: unknown;
}

/** GitHub's own published examples, of github.com and of every Enterprise Server, and the fixtures of this project's tests. */
export function githubSamples(): readonly SamplePayload[] {
  const versions = readdirSync(EXAMPLES, { withFileTypes: true }).filter((each) => each.isDirectory());
  const published = versions.flatMap(({ name }) => {
    const events = readJson(join(EXAMPLES, name, 'index.json')) as { name: string; examples: unknown[] }[];
    return events.flatMap(({ name: event, examples }) => examples.map((payload) => ({ event, payload })));
  });
  const fixtures = readdirSync(FIXTURES).map((file) => readJson(join(FIXTURES, file)) as SamplePayload);
  return [...published, ...fixtures];
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The message of a source that is not GitHub: the envelope's members that its normalizer looks at, and a body. */
export interface SampleMessage {
  readonly source: string;
  readonly event: string;
  readonly subject?: string;
  readonly claims?: Readonly<Record<string, string | string[]>>;
  readonly body: unknown;
}

const SUBSCRIPTION = '/subscriptions/3f7b6d1e-9a54-4c1b-8f0e-2d6c5b4a3f21';
const ASSIGNMENT = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/9d2c4b1e-7a53-4f68-8b0d-1c3e5a7f9b24`;
const REQUEST = 'payments~5f0c9d7e-3b1a-8c2d-9e4f-a1b2c3d4e5f6';

/** What the normalizers of the other sources can fill, all of it. */
export const OTHER_SAMPLES: readonly SampleMessage[] = [
  {
    source: 'azure-activity',
    event: 'Microsoft.Resources.ResourceWriteFailure',
    body: {
      id: '1',
      eventType: 'Microsoft.Resources.ResourceWriteFailure',
      eventTime: '2026-11-23T06:00:00Z',
      topic: SUBSCRIPTION,
      subject: ASSIGNMENT,
      data: {
        authorization: {
          scope: ASSIGNMENT,
          action: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
          evidence: { role: 'Owner', roleAssignmentScope: SUBSCRIPTION, roleAssignmentId: '0f3c' },
        },
        claims: {
          'http://schemas.microsoft.com/identity/claims/objectidentifier': '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11',
          name: 'Mona Lisa',
          upn: 'mona@acme.example',
          ipaddr: '203.0.113.9',
          amr: 'pwd,mfa',
          tid: '6e2f',
          appid: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
        },
        httpRequest: { clientIpAddress: '203.0.113.7', clientRequestId: 'a5b3', method: 'PUT' },
        operationName: 'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
        resourceProvider: 'Microsoft.Authorization',
        resourceUri: ASSIGNMENT,
        correlationId: '7d1f',
        status: 'Failed',
        subStatus: 'Forbidden',
        tenantId: '8c1d',
        properties: {
          statusMessage: 'Not allowed.',
          requestBody: JSON.stringify({
            properties: {
              principalId: '77aa',
              principalType: 'User',
              requestType: 'SelfActivate',
              justification: 'Night duty',
              condition: "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'ledger'",
              description: 'For the night shift',
              scheduleInfo: { startDateTime: '2026-11-23T22:00:00Z', expiration: { duration: 'PT8H' } },
              ticketInfo: { ticketNumber: 'CHG-7', ticketSystem: 'ServiceNow' },
            },
          }),
        },
      },
    },
  },
  {
    source: 'azure-activity',
    event: 'Microsoft.Resources.ResourceDeleteSuccess',
    body: {
      eventType: 'Microsoft.Resources.ResourceDeleteSuccess',
      topic: SUBSCRIPTION,
      subject: `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Sql/servers/ledger`,
      data: { operationName: 'Microsoft.Sql/servers/delete' },
    },
  },
  {
    source: 'azure-activity',
    event: 'Microsoft.Resources.ResourceWriteSuccess',
    body: {
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      topic: SUBSCRIPTION,
      subject: `${SUBSCRIPTION}/resourceGroups/payments/providers/Microsoft.Resources/deployments/release-41`,
      data: { operationName: 'Microsoft.Resources/deployments/write', correlationId: '7d1f' },
    },
  },
  ...['requested', 'voted', 'withdrawn'].map((event) => ({
    source: 'approvals',
    event,
    subject: REQUEST,
    claims: { oid: '4f3e8b0c-5a77-4c55-8a86-0b5f8d3b1c11', name: 'Mona Lisa', roles: ['Approvals.Write'] },
    body: {
      cost: 'a lot',
      covers: [
        { kind: 'commit', id: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' },
        { kind: 'artifact', id: 'sha256:9f86d081' },
      ],
    },
  })),
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
