import { LOG_TABLES } from '../../shared/collect/log-query.ts';
import type { LogTable } from '../../shared/collect/log-query.ts';

/** The part of Kusto that Indelible asks in: one table, a window of ingestion times, its rows in their order. */
export interface ParsedQuery {
  readonly table: LogTable;
  /** Milliseconds since 1970, half-open. */
  readonly from: number;
  readonly until: number;
}

/** What the service answers with 400, in its words for the two kinds of fault. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: 'SyntaxError' | 'SemanticError';
  constructor(code: QueryError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const WINDOW = /^where ingestion_time\(\) >= datetime\(([^()]+)\) and ingestion_time\(\) < datetime\(([^()]+)\)$/;
const REST = ['extend IngestionTime = ingestion_time()', 'order by IngestionTime asc'];

/** Throws QueryError for whatever it does not know: a stand-in that ignored half of a query would prove nothing. */
export function parseQuery(text: string): ParsedQuery {
  const [name = '', window = '', ...rest] = text.split('|').map((part) => part.trim().replaceAll(/\s+/g, ' '));
  const table = LOG_TABLES.find((each) => each === name);
  if (table === undefined) {
    throw new QueryError('SemanticError', `Failed to resolve table or column expression named '${name}'`);
  }
  const [, from, until] = WINDOW.exec(window) ?? [];
  const times = [from, until].map((time) => Date.parse(time ?? ''));
  if (times.some(Number.isNaN) || rest.join('|') !== REST.join('|')) {
    throw new QueryError('SyntaxError', 'This stand-in knows only the query that Indelible sends.');
  }
  return { table, from: times[0] as number, until: times[1] as number };
}
