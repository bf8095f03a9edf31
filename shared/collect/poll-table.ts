import { hash } from 'node:crypto';

import pLimit from 'p-limit';

import { publishEvent } from '../publish/publish-event.ts';
import type { PublishDependencies } from '../publish/publish-event.ts';
import { formatTimestamp } from '../wire/timestamp.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import type { LogQuery, LogRow, LogTable } from './log-query.ts';

/** One source that a timer reads from Log Analytics. */
export interface PolledSource {
  /** Of the envelope. */
  readonly source: string;
  readonly table: LogTable;
  /** Name of the function. */
  readonly function: string;
  /** Column with the id of a row; the first that is there. */
  readonly ids: readonly string[];
  /** Columns, the first that is there: rows with one value stay in order. */
  readonly partitions: readonly string[];
}

export const ACTIVITY_LOG: PolledSource = {
  source: 'activity-log',
  table: 'AzureActivity',
  function: 'reconcile-azure-activity',
  ids: ['EventDataId', '_ItemId'],
  partitions: ['SubscriptionId', 'TenantId'],
};
export const ENTRA_AUDIT: PolledSource = {
  source: 'entra-audit',
  table: 'AuditLogs',
  function: 'observe-entra-audit',
  ids: ['Id', '_ItemId'],
  partitions: ['AADTenantId', 'TenantId'],
};
export const DEVOPS_AUDIT: PolledSource = {
  source: 'azure-devops-audit',
  table: 'AzureDevOpsAuditing',
  function: 'reconcile-azure-devops-audit',
  ids: ['Id', '_ItemId'],
  partitions: ['ProjectId', 'ScopeId', 'TenantId'],
};

export interface PollApp extends PublishDependencies {
  readonly logs: LogQuery;
  /** Milliseconds. A row can be asked for some time after it was taken in: what is younger is left for the next window. */
  readonly settling: number;
  /** Until when the source's windows are sealed, as the index says; undefined: none is. */
  readonly coveredUntil: (source: string) => Promise<Timestamp | undefined>;
}

const MINUTE = 60_000;
/** How far the first poll of a source looks back. */
const FIRST = 60 * MINUTE;
/** One question of at most so much: after a week's outage the rows of a week would not fit into one. */
const LONGEST = 60 * MINUTE;
/** A timer comes again; what is left is left to its next tick. */
const MOST_WINDOWS = 24;
const NIL = '00000000-0000-0000-0000-000000000000';
/** Messages under way at once. */
const AT_ONCE = 16;

/**
 * Reads the rows that the workspace took in since the last sealed window, publishes each, and behind them what was covered.
 * The cursor is the sealed record of the window before: where anything fails, it does not move, and the rows come again
 * under the same ids. Throws StoreError, RequestError `unavailable`.
 */
export async function pollTable(app: PollApp, polled: PolledSource): Promise<{ windows: number; rows: number }> {
  const end = app.clock() - app.settling;
  const covered = await app.coveredUntil(polled.source);
  let from = covered === undefined ? end - FIRST : Date.parse(covered);
  let rows = 0;
  let windows = 0;
  while (from < end && windows < MOST_WINDOWS) {
    const until = Math.min(from + LONGEST, end);
    rows += await pollWindow(app, polled, formatTimestamp(from), formatTimestamp(until));
    windows++;
    from = until;
  }
  return { windows, rows };
}

async function pollWindow(app: PollApp, polled: PolledSource, from: Timestamp, until: Timestamp): Promise<number> {
  const asked = formatTimestamp(app.clock());
  const rows = await app.logs.rowsIngested(polled.table, from, until);
  const limit = pLimit(AT_ONCE);
  await Promise.all(rows.map((row) => limit(() => publishRow(app, polled, row))));
  // Last: a window is not said to be covered before all that was in it is durable.
  const body = { source: polled.source, table: polled.table, workspace: app.logs.workspace, from, until, asked };
  await publishEvent(app, {
    source: 'coverage',
    event: 'window',
    delivery: app.newId(),
    partitionKey: polled.source,
    body: Buffer.from(JSON.stringify({ ...body, rows: rows.length })),
    authenticated: 'log-analytics',
    function: polled.function,
  });
  return rows.length;
}

async function publishRow(app: PollApp, polled: PolledSource, row: LogRow): Promise<void> {
  const body = Buffer.from(JSON.stringify(row));
  await publishEvent(app, {
    source: polled.source,
    event: polled.table,
    delivery: textOf(row, polled.ids) ?? `sha256:${hash('sha256', body, 'hex')}`,
    partitionKey: textOf(row, polled.partitions)?.toLowerCase() ?? polled.source,
    body,
    authenticated: 'log-analytics',
    function: polled.function,
  });
}

function textOf(row: LogRow, columns: readonly string[]): string | undefined {
  for (const column of columns) {
    const value = row[column];
    // Azure DevOps writes the nil id where something is of no project.
    if (typeof value === 'string' && value !== '' && value !== NIL) return value;
  }
  return undefined;
}
