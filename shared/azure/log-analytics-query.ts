import { LogsQueryClient, LogsQueryResultStatus } from '@azure/monitor-query';

import type { LogQuery, LogRow, LogTable } from '../collect/log-query.ts';
import type { LogsConnection } from '../config.ts';
import { StoreError } from '../errors.ts';
import { textAt } from '../normalize/read.ts';
import { isObject } from '../wire/json.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { credentialOf } from './credential.ts';
import { withDeadline } from './deadline.ts';
import { toStoreError } from './http-error.ts';

/** Milliseconds. The service gives up after three minutes by itself, where nothing else is asked for. */
const TIME_LIMIT = 200_000;

/**
 * How long before its ingestion a row may say that it happened, in days: rows of a source that was just connected come days
 * late. Log Analytics wants a range of `TimeGenerated`, or it looks at everything that is kept.
 */
const LATEST_DAYS = 31;

/** Log Analytics, by the client that the project was given; the one file that knows it (it has a successor of the same shape). */
export class LogAnalyticsQuery implements LogQuery {
  readonly workspace: string;
  readonly #client: LogsQueryClient;

  /** Throws SettingsError. */
  constructor(connection: LogsConnection) {
    const { workspace, endpoint, clientId, local } = connection;
    this.workspace = workspace;
    this.#client = new LogsQueryClient(
      local === undefined ? credentialOf(clientId) : { getToken: async () => await Promise.resolve(local.token) },
      {
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(local === undefined ? {} : { tlsOptions: { ca: local.certificate } }),
        retryOptions: { maxRetries: 2, retryDelayInMs: 500, maxRetryDelayInMs: 10_000 },
      },
    );
  }

  async rowsIngested(table: LogTable, from: Timestamp, until: Timestamp): Promise<readonly LogRow[]> {
    const query = formatQuery(table, from, until);
    const timespan = {
      startTime: new Date(Date.parse(from) - LATEST_DAYS * 86_400_000),
      // A source whose clock is ahead of the service's.
      endTime: new Date(Date.parse(until) + 86_400_000),
    };
    const doing = `Reading ${table}, ${from} to ${until}, of the workspace ${this.workspace}`;
    let answer = '';
    try {
      const result = await withDeadline(TIME_LIMIT, (abortSignal) =>
        this.#client.queryWorkspace(this.workspace, query, timespan, {
          abortSignal,
          // The client makes a Date of each time and cuts off its last four digits; evidence is what was sent.
          onResponse: ({ bodyAsText }) => void (answer = bodyAsText ?? ''),
        }),
      );
      if (result.status !== LogsQueryResultStatus.Success) {
        const { code } = result.partialError;
        throw new StoreError('unavailable', `${doing} gave a part alone (${code}): none of it is taken. Ask again.`);
      }
    } catch (error) {
      throw toStoreError(error, doing);
    }
    return parseRows(answer, doing);
  }
}

/** Kusto. Half-open, so that windows that follow on each other share no row. */
export function formatQuery(table: LogTable, from: Timestamp, until: Timestamp): string {
  return [
    table,
    `| where ingestion_time() >= datetime(${from}) and ingestion_time() < datetime(${until})`,
    '| extend IngestionTime = ingestion_time()',
    '| order by IngestionTime asc',
  ].join('\n');
}

function parseRows(answer: string, doing: string): LogRow[] {
  const tables: unknown = (JSON.parse(answer) as { tables?: unknown }).tables;
  const table: unknown = Array.isArray(tables) ? tables[0] : undefined;
  if (!isObject(table) || !Array.isArray(table['columns']) || !Array.isArray(table['rows'])) {
    throw new StoreError('unexpected', `${doing} gave an answer without columns and rows.`);
  }
  const names = table['columns'].map((column) => textAt(column, 'name') ?? '');
  return table['rows'].map((row) => {
    if (!Array.isArray(row)) throw new StoreError('unexpected', `${doing} gave a row that is no array.`);
    // An empty column says nothing, and most are: AzureActivity alone has some sixty.
    return Object.fromEntries(names.map((name, i) => [name, row[i] as unknown]).filter(([, value]) => !isEmpty(value)));
  });
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}
