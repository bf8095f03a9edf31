import type { LogTable } from '../../shared/collect/log-query.ts';

export type ColumnType = 'string' | 'datetime' | 'dynamic' | 'long' | 'int';

const texts = (...names: readonly string[]): [string, ColumnType][] => names.map((name) => [name, 'string']);

/** Columns in the order of the service, as Microsoft's table reference lists them. */
export const COLUMNS: Readonly<Record<LogTable, ReadonlyMap<string, ColumnType>>> = {
  AzureActivity: new Map([
    ...texts('TenantId', 'SourceSystem'),
    ['TimeGenerated', 'datetime'],
    ...texts('CallerIpAddress', 'CategoryValue', 'CorrelationId', 'Authorization'),
    ['Authorization_d', 'dynamic'],
    ...texts('Claims'),
    ['Claims_d', 'dynamic'],
    ...texts('Level', 'OperationNameValue', 'Properties'),
    ['Properties_d', 'dynamic'],
    ...texts('Caller', 'EventDataId'),
    ['EventSubmissionTimestamp', 'datetime'],
    ...texts('HTTPRequest', 'OperationId', 'ResourceGroup', 'ResourceProviderValue', 'ActivityStatusValue'),
    ...texts('ActivitySubstatusValue', 'Hierarchy', 'SubscriptionId', 'OperationName', 'ActivityStatus'),
    ...texts('ActivitySubstatus', 'Category', 'ResourceId', 'ResourceProvider', 'Resource', 'Type', '_ResourceId'),
  ]),
  AuditLogs: new Map([
    ...texts('TenantId', 'SourceSystem'),
    ['TimeGenerated', 'datetime'],
    ...texts('ResourceId', 'OperationName', 'OperationVersion', 'Category', 'ResultType', 'ResultSignature'),
    ...texts('ResultDescription'),
    ['DurationMs', 'long'],
    ...texts('CorrelationId', 'Resource', 'ResourceGroup', 'ResourceProvider', 'Identity', 'Level', 'Location'),
    ['AdditionalDetails', 'dynamic'],
    ...texts('Id'),
    ['InitiatedBy', 'dynamic'],
    ...texts('LoggedByService', 'Result', 'ResultReason'),
    ['TargetResources', 'dynamic'],
    ...texts('AADTenantId', 'ActivityDisplayName'),
    ['ActivityDateTime', 'datetime'],
    ...texts('AADOperationType', 'Type'),
  ]),
  AzureDevOpsAuditing: new Map([
    ...texts('TenantId'),
    ['TimeGenerated', 'datetime'],
    ...texts('ActivityId', 'ActorClientId', 'ActorCUID', 'ActorDisplayName', 'ActorUPN', 'ActorUserId', 'Area'),
    ...texts('AuthenticationMechanism', 'Category', 'CategoryDisplayName', 'CorrelationId'),
    ['Data', 'dynamic'],
    ...texts('Details', 'Id', 'IpAddress', 'OperationName', 'ProjectId', 'ProjectName', 'ScopeDisplayName', 'ScopeId'),
    ...texts('ScopeType', 'SourceSystem', 'UserAgent', 'Type', '_ResourceId'),
  ]),
};

export interface StoredRow {
  /** Milliseconds since 1970. */
  readonly ingested: number;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Names of columns that the table does not have. */
export function unknownColumns(table: LogTable, row: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(row).filter((name) => !COLUMNS[table].has(name));
}

/** A value as the service sends it: dynamic ones as JSON text. */
export function toCell(value: unknown, type: ColumnType): unknown {
  if (value === undefined || value === null) return type === 'string' || type === 'dynamic' ? '' : null;
  return type === 'dynamic' && typeof value !== 'string' ? JSON.stringify(value) : value;
}
