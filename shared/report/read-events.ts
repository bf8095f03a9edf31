import { requireRole } from '../collect/tokens.ts';
import type { Caller } from '../collect/tokens.ts';
import { RequestError } from '../errors.ts';
import { publishEvent } from '../publish/publish-event.ts';
import type { PublishingApp } from '../publish/publishing-app.ts';
import type { ColumnValue, IndexRow, IndexTables } from '../tabulate/index-tables.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { formatContinue, isWithin, parseQuestion, toPartitions } from './question.ts';
import type { PageEnd, Question } from './question.ts';

/** App role that reading the trail needs. */
export const READ_ROLE = 'Trail.Read';
const READ_SOURCE = 'reads';

/** What the functions of the app `report` need. */
export type ReportApp = Pick<PublishingApp, 'verifyToken'> &
  Parameters<typeof publishEvent>[0] & { readonly tables: IndexTables };

export interface ReadRequest {
  readonly headers: { get(name: string): string | null };
  readonly query: URLSearchParams;
}

export interface EventsPage {
  /** The columns of the rows, one row a delivery: collapse them by EventId. */
  readonly rows: readonly Readonly<Record<string, ColumnValue>>[];
  /** Absent on the last page. A page may hold fewer rows than asked for, even none, and not be the last. */
  readonly continue?: string;
}

/** Rows that one call reads at most, where it drops those outside the times itself. */
const MAX_SCANNED = 10_000;

/**
 * Answers a question to the index, after what was asked and read is durable on its way into the trail: a read that leaves
 * no trace does not happen. Throws RequestError (`unavailable` where it cannot be recorded) and StoreError.
 */
export async function readEvents(app: ReportApp, request: ReadRequest): Promise<EventsPage> {
  const caller = await app.verifyToken(request.headers.get('authorization'));
  requireRole(caller, READ_ROLE);
  const question = parseQuestion(request.query);
  const { rows, end } = await readPage(app.tables, question);
  await recordRead(app, caller, 'read-events', traceOf(question, rows));
  return { rows: rows.map((row) => row.columns), ...(end === undefined ? {} : { continue: formatContinue(end) }) };
}

async function readPage(
  tables: IndexTables,
  question: Question,
): Promise<{ rows: IndexRow[]; end: PageEnd | undefined }> {
  const rows: IndexRow[] = [];
  let scanned = 0;
  let last: PageEnd | undefined;
  for (const { partitionKey, range } of toPartitions(question)) {
    for await (const row of tables.query(question.table, partitionKey, range)) {
      // There is one more: only now it is known that the page before it was not the last.
      if (rows.length === question.take || scanned === MAX_SCANNED) return { rows, end: last };
      scanned++;
      last = { partitionKey, rowKey: row.rowKey };
      if (isWithin(question, row.columns['Time'])) rows.push(row);
    }
  }
  return { rows, end: undefined };
}

/** What stays in the trail of a question and its answer, in the form that the normalizer of reads expects. */
export interface ReadTrace {
  readonly table: string;
  readonly key: string;
  readonly from?: Timestamp | undefined;
  readonly to?: Timestamp | undefined;
  readonly take: number;
  readonly continued: boolean;
  readonly rows: number;
  /** Ids of the records that were read. */
  readonly events: readonly string[];
}

function traceOf({ table, key, from, to, take, after }: Question, rows: readonly IndexRow[]): ReadTrace {
  const events = [...new Set(rows.flatMap(({ columns: { EventId: id } }) => (typeof id === 'string' ? [id] : [])))];
  return { table, key, from, to, take, continued: after !== undefined, rows: rows.length, events };
}

/**
 * Published before the answer: had the answer gone first, a crash between would leave a read that nobody knows of. Throws
 * RequestError `unavailable` where it cannot be recorded. `name`: of the function that was asked.
 */
export async function recordRead(app: ReportApp, caller: Caller, name: string, trace: ReadTrace): Promise<void> {
  try {
    await publishEvent(app, {
      source: READ_SOURCE,
      event: 'read',
      delivery: JSON.stringify([caller.tenant, caller.objectId, app.newId()]),
      // What one person reads lies in one partition, in order.
      partitionKey: `${caller.tenant}/${caller.objectId}`,
      body: Buffer.from(JSON.stringify(trace)),
      authenticated: 'bearer',
      claims: caller.claims,
      function: name,
    });
  } catch (cause) {
    throw new RequestError(
      'unavailable',
      'That you asked this cannot be recorded now, so it is not answered. Ask again later.',
      { cause },
    );
  }
}
