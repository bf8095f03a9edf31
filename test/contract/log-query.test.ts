import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { AUDIENCE, startLogAnalytics } from '../../local/log-analytics/log-analytics.ts';
import type { LogAnalytics } from '../../local/log-analytics/log-analytics.ts';
import { startTokenIssuer } from '../../local/token-issuer/token-issuer.ts';
import type { TokenIssuer } from '../../local/token-issuer/token-issuer.ts';
import { LogAnalyticsQuery, formatQuery } from '../../shared/azure/log-analytics-query.ts';
import type { LogsConnection } from '../../shared/config.ts';

const WORKSPACE = '5f3c1c9e-2b7a-4a1c-9a53-1f6f1d0f7a11';
const AT = Date.parse('2026-11-23T06:00:00.000Z');
const FROM = '2026-11-23T06:00:00.000Z';
const UNTIL = '2026-11-23T06:05:00.000Z';

let folder: string;
let issuer: TokenIssuer;
let logs: LogAnalytics;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-query-'));
  issuer = await startTokenIssuer({ dataDir: join(folder, 'issuer') });
  token = await tokenFor(AUDIENCE);
  logs = await startLogAnalytics({
    dataDir: join(folder, 'logs'),
    workspace: WORKSPACE,
    issuer: issuer.issuer,
    jwksUri: issuer.jwksUri,
    maxRows: 3,
  });
});
afterAll(async () => {
  await logs.stop();
  await issuer.stop();
  await rm(folder, { recursive: true });
});

function tokenFor(audience: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return issuer.sign({ iss: issuer.issuer, aud: audience, iat: now, nbf: now, exp: now + 600 });
}

function open(change: Partial<LogsConnection> = {}, bearer = token): LogAnalyticsQuery {
  return new LogAnalyticsQuery({
    workspace: WORKSPACE,
    endpoint: logs.endpoint,
    clientId: undefined,
    settling: 0,
    local: {
      certificate: logs.certificate,
      token: { token: bearer, expiresOnTimestamp: Number.MAX_SAFE_INTEGER },
    },
    ...change,
  });
}

const row = (id: string, generated = '2026-11-23T05:58:12.1234567Z') => ({ Id: id, TimeGenerated: generated });

describe('reading a table of Log Analytics, with the real client over https', () => {
  test('gives a row of another window, twice, or out of the order in which they were taken in', async () => {
    logs.ingest('AuditLogs', [row('late')], AT + 299_999);
    logs.ingest('AuditLogs', [row('before')], AT - 1);
    logs.ingest('AuditLogs', [row('early')], AT);
    logs.ingest('AuditLogs', [row('after')], AT + 300_000);
    const rows = await open().rowsIngested('AuditLogs', FROM, UNTIL);
    expect(rows.map(({ Id }) => Id)).toEqual(['early', 'late']);
  });

  test('loses digits of a time, makes objects of dynamic columns, or keeps columns that say nothing', async () => {
    const at = Date.parse('2026-11-20T00:00:00Z');
    logs.ingest(
      'AuditLogs',
      [
        {
          ...row('exact', '2026-11-19T23:58:12.1234567Z'),
          InitiatedBy: { user: { id: '1' } },
          DurationMs: 0,
          ResultReason: '',
        },
      ],
      at,
    );
    const [found] = await open().rowsIngested('AuditLogs', '2026-11-20T00:00:00.000Z', '2026-11-20T00:00:01.000Z');
    expect(found).toEqual({
      TenantId: WORKSPACE,
      TimeGenerated: '2026-11-19T23:58:12.1234567Z',
      DurationMs: 0,
      Id: 'exact',
      InitiatedBy: '{"user":{"id":"1"}}',
      Type: 'AuditLogs',
      IngestionTime: '2026-11-20T00:00:00.0000000Z',
    });
  });

  test('takes a part for the whole where the answer was cut off', async () => {
    const at = Date.parse('2026-11-21T00:00:00Z');
    logs.ingest(
      'AzureActivity',
      ['1', '2', '3', '4'].map((id) => ({ EventDataId: id, TimeGenerated: '2026-11-21' })),
      at,
    );
    const asked = open().rowsIngested('AzureActivity', '2026-11-21T00:00:00.000Z', '2026-11-21T00:00:01.000Z');
    await expect(asked).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
    await expect(asked).rejects.toThrow(/part alone/);
  });

  test('gives up at the first throttling, or takes a lasting one for an empty window', async () => {
    logs.failNext(429);
    expect((await open().rowsIngested('AuditLogs', FROM, UNTIL)).length).toBe(2);
    logs.failNext(503, 503, 503);
    await expect(open().rowsIngested('AuditLogs', FROM, UNTIL)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('does not say that a token is refused, or which workspace is not there', async () => {
    const wrong = open({}, await tokenFor('api://another'));
    await expect(wrong.rowsIngested('AuditLogs', FROM, UNTIL)).rejects.toMatchObject({ code: 'forbidden' });
    const nowhere = open({ workspace: 'nowhere' }).rowsIngested('AuditLogs', FROM, UNTIL);
    await expect(nowhere).rejects.toThrow(/workspace nowhere failed: HTTP 404/);
  });

  test('trusts any certificate', async () => {
    const other = await startLogAnalytics({
      dataDir: join(folder, 'other'),
      workspace: WORKSPACE,
      issuer: issuer.issuer,
      jwksUri: issuer.jwksUri,
    });
    const impostor = open({ endpoint: other.endpoint });
    await expect(impostor.rowsIngested('AuditLogs', FROM, UNTIL)).rejects.toMatchObject({ code: 'unavailable' });
    await other.stop();
  });
});

describe('the stand-in', () => {
  const ask = (query: string, bearer?: string) => open({}, bearer).rowsIngested(query as 'AuditLogs', FROM, UNTIL);

  test('answers a query that it does not understand as if it did', async () => {
    await expect(ask('SigninLogs')).rejects.toThrow(/HTTP 400/);
    await expect(ask('AuditLogs | take 1')).rejects.toThrow(/HTTP 400/);
    expect(formatQuery('AuditLogs', FROM, UNTIL)).toContain('ingestion_time() >= datetime(2026-11-23T06:00:00.000Z)');
  });

  test('takes in what no table of Azure’s has, or forgets its rows', async () => {
    const put = (table: string, rows: unknown) =>
      fetch(`${logs.admin}/tables/${table}`, { method: 'POST', body: JSON.stringify(rows) });
    expect((await put('AuditLogs', [{ Wat: 1 }])).status).toBe(400);
    expect((await put('AuditLogs', 'x')).status).toBe(400);
    expect((await put('Nowhere', [])).status).toBe(404);
    expect(await (await put('AzureDevOpsAuditing', [row('kept')])).json()).toEqual({ ingested: 1 });
    const again = await startLogAnalytics({
      dataDir: join(folder, 'logs'),
      workspace: WORKSPACE,
      issuer: issuer.issuer,
      jwksUri: issuer.jwksUri,
    });
    const reader = open({
      endpoint: again.endpoint,
      local: { certificate: again.certificate, token: { token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER } },
    });
    const rows = await reader.rowsIngested(
      'AzureDevOpsAuditing',
      '2026-11-01T00:00:00.000Z',
      '2999-01-01T00:00:00.000Z',
    );
    await again.stop();
    expect(rows.map(({ Id }) => Id)).toEqual(['kept']);
  });
});
