import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';

import { LOG_TABLES } from '../../shared/collect/log-query.ts';
import type { LogTable } from '../../shared/collect/log-query.ts';
import { makeCertificate } from './certificate.ts';
import { QueryError, parseQuery } from './query.ts';
import { COLUMNS, toCell, unknownColumns } from './tables.ts';
import type { StoredRow } from './tables.ts';

export interface LogAnalyticsOptions {
  /** Rows are kept here, a file a table. */
  readonly dataDir: string;
  readonly workspace: string;
  /** Of the tokens that are taken. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** Milliseconds since 1970; the machine's clock where absent. */
  readonly clock?: (() => number) | undefined;
  /** Of one answer; beyond it the answer is a part, and says so. The service's own 500,000 where absent. */
  readonly maxRows?: number | undefined;
}

export interface LogAnalytics {
  /** For the client: https, with {@link certificate} (PEM). */
  readonly endpoint: string;
  readonly certificate: string;
  /** For whoever plays the sources: `POST /tables/<table>` with an array of rows. Plain HTTP. */
  readonly admin: string;
  /** Puts rows into a table, as if they had been taken in at this time (milliseconds; now where absent). */
  ingest(table: LogTable, rows: readonly Readonly<Record<string, unknown>>[], at?: number): void;
  /** The next questions are answered so, one after the other. */
  failNext(...statuses: readonly number[]): void;
  stop(): Promise<void>;
}

export const AUDIENCE = 'https://api.loganalytics.io';
const MAX_ROWS = 500_000;

const questionSchema = z.object({
  query: z.string(),
  timespan: z
    .string()
    .regex(/^[^/]+\/[^/]+$/)
    .optional(),
});

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly inner: { code: string; message: string } | undefined;
  constructor(status: number, code: string, message: string, inner?: Refusal['inner']) {
    super(message);
    this.status = status;
    this.code = code;
    this.inner = inner;
  }
}

/**
 * Stands where the query API of Log Analytics stands in Azure: the three tables that the trail reads, over https, for the
 * real client; it refuses what the service refuses (no token, another workspace, a query that it cannot read).
 */
export async function startLogAnalytics(options: LogAnalyticsOptions): Promise<LogAnalytics> {
  const { dataDir, workspace, clock = Date.now, maxRows = MAX_ROWS } = options;
  mkdirSync(dataDir, { recursive: true });
  const tables = new Map(LOG_TABLES.map((table) => [table, readRows(dataDir, table)]));
  const keys = createRemoteJWKSet(new URL(options.jwksUri));
  const faults: number[] = [];

  function ingest(table: LogTable, rows: readonly Readonly<Record<string, unknown>>[], at = clock()): void {
    for (const row of rows) {
      const unknown = unknownColumns(table, row);
      if (unknown.length > 0)
        throw new Refusal(400, 'BadArgumentError', `${table} has no column ${unknown.join(', ')}.`);
      const stored = { ingested: at, row: { Type: table, TenantId: workspace, ...row } };
      appendFileSync(fileOf(dataDir, table), `${JSON.stringify(stored)}\n`);
      tables.get(table)?.push(stored);
    }
  }

  async function answerQuery(request: IncomingMessage): Promise<unknown> {
    await authenticate(request);
    const fault = faults.shift();
    if (fault !== undefined) throw new Refusal(fault, 'ThrottledError', 'This answer was asked for.');
    const { pathname } = new URL(request.url ?? '/', 'https://127.0.0.1');
    if (request.method !== 'POST' || pathname.toLowerCase() !== `/v1/workspaces/${workspace}/query`.toLowerCase()) {
      throw new Refusal(404, 'PathNotFoundError', `The requested path does not exist: ${pathname}`);
    }
    const question = questionSchema.safeParse(JSON.parse(await text(request)));
    if (!question.success) throw new Refusal(400, 'BadArgumentError', z.prettifyError(question.error));
    const { table, from, until } = parseQuery(question.data.query);
    const [earliest = -Infinity, latest = Infinity] = question.data.timespan?.split('/').map(Date.parse) ?? [];
    const found = (tables.get(table) ?? []).filter(({ ingested, row }) => {
      const generated = Date.parse(String(row['TimeGenerated']));
      return ingested >= from && ingested < until && generated >= earliest && generated <= latest;
    });
    found.sort((a, b) => a.ingested - b.ingested);
    return toAnswer(table, found, maxRows);
  }

  async function authenticate({ headers }: IncomingMessage): Promise<void> {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (token === undefined)
      throw new Refusal(401, 'AuthorizationRequiredError', 'Valid authentication was not provided');
    try {
      await jwtVerify(token, keys, { issuer: options.issuer, audience: AUDIENCE, algorithms: ['RS256', 'ES256'] });
    } catch {
      throw new Refusal(403, 'InvalidTokenError', 'The provided authentication is not valid for this resource');
    }
  }

  async function answerAdmin(request: IncomingMessage): Promise<unknown> {
    const [, folder, name] = (request.url ?? '').split('/');
    const table = LOG_TABLES.find((each) => each === name);
    if (request.method !== 'POST' || folder !== 'tables' || table === undefined) {
      throw new Refusal(404, 'PathNotFoundError', `POST /tables/<table>; tables are ${LOG_TABLES.join(', ')}.`);
    }
    const rows = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(await text(request)));
    ingest(table, rows);
    return { ingested: rows.length };
  }

  const { certificate, privateKey } = await makeCertificate();
  const queries = createHttpsServer({ cert: certificate, key: privateKey }, answering(answerQuery));
  const admin = createHttpServer(answering(answerAdmin));
  const [queryPort, adminPort] = await Promise.all([listen(queries), listen(admin)]);
  return {
    endpoint: `https://127.0.0.1:${queryPort}`,
    certificate,
    admin: `http://127.0.0.1:${adminPort}`,
    ingest,
    failNext: (...statuses) => void faults.push(...statuses),
    stop: async () => {
      await Promise.all(
        [queries, admin].map(async (server) => {
          const closed = new Promise((resolve) => server.close(resolve));
          server.closeAllConnections();
          await closed;
        }),
      );
    },
  };
}

function toAnswer(table: LogTable, found: readonly StoredRow[], maxRows: number): unknown {
  const columns = [...COLUMNS[table]];
  const rows = found.slice(0, maxRows).map(({ ingested, row }) => [
    ...columns.map(([name, type]) => toCell(row[name], type)),
    // The service has seven digits behind the second.
    new Date(ingested).toISOString().replace('Z', '0000Z'),
  ]);
  const answer = {
    tables: [
      {
        name: 'PrimaryResult',
        columns: [...columns.map(([name, type]) => ({ name, type })), { name: 'IngestionTime', type: 'datetime' }],
        rows,
      },
    ],
  };
  if (found.length <= maxRows) return answer;
  const message = `The results of this query exceed the set limit of ${maxRows} records`;
  return {
    ...answer,
    error: {
      code: 'PartialError',
      message: 'There were some errors when processing your query.',
      details: [{ code: 'EngineError', message, innererror: { code: '-2133196797', message } }],
    },
  };
}

function answering(answer: (request: IncomingMessage) => Promise<unknown>) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const send = (status: number, body: unknown): void => {
      // A body that was not read would be taken for the next request.
      request.resume();
      response.writeHead(status, { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) });
      response.end(JSON.stringify(body));
    };
    answer(request).then(
      (body) => send(200, body),
      (error: unknown) => {
        const { status, code, message, inner } = toRefusal(error);
        send(status, { error: { message, code, correlationId: randomUUID(), ...(inner && { innererror: inner }) } });
      },
    );
  };
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const message = error instanceof Error ? error.message : String(error);
  const inner = error instanceof QueryError ? { code: error.code, message } : undefined;
  if (inner !== undefined) {
    return new Refusal(400, 'BadArgumentError', 'The request had some invalid properties', inner);
  }
  const isInput = error instanceof SyntaxError || error instanceof z.ZodError;
  return new Refusal(isInput ? 400 : 500, isInput ? 'BadArgumentError' : 'GeneralError', message);
}

function fileOf(dataDir: string, table: LogTable): string {
  return join(dataDir, `${table}.jsonl`);
}

function readRows(dataDir: string, table: LogTable): StoredRow[] {
  const file = fileOf(dataDir, table);
  if (!existsSync(file)) return [];
  // A crash may have cut the last line off: it was not acknowledged.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as StoredRow);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
