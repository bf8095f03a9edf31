import type { Timestamp } from '../wire/timestamp.ts';

/** Tables of a Log Analytics workspace that are sources of the trail. */
export const LOG_TABLES = ['AzureActivity', 'AuditLogs', 'AzureDevOpsAuditing'] as const;
export type LogTable = (typeof LOG_TABLES)[number];

/** Column name → value, as the service writes it: times as text with all their digits, dynamic columns mostly as JSON text. */
export type LogRow = Readonly<Record<string, unknown>>;

/**
 * Port: the workspace that the sources write to.
 *
 * `rowsIngested` gives all rows that the workspace took in within the half-open window, in that order, each with the column
 * `IngestionTime` beside its own. It is all or nothing: where the service answers in part, throttles or is away, it throws
 * StoreError, and the window has to be asked for again. Rows become visible some time after their ingestion time.
 */
export interface LogQuery {
  /** Id of the workspace. */
  readonly workspace: string;
  rowsIngested(table: LogTable, from: Timestamp, until: Timestamp): Promise<readonly LogRow[]>;
}
