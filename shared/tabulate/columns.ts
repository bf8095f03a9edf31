import type { TrailRecord } from '../wire/record.ts';
import { cutText } from '../wire/text.ts';
import type { ColumnValue } from './index-tables.ts';
import type { Place } from './keys.ts';

/** Raised whenever the same record would give other rows: `rebuild-index` is needed then. */
const ROW_VERSION = 1;

/** UTF-16 units: it stands in every row of a record, and people read one line of it. The record has the whole. */
const MAX_SUMMARY = 512;

/** A table's cells before the absent ones are left out. */
export type Cells = Readonly<Record<string, ColumnValue | undefined>>;
export type Columns = Readonly<Record<string, ColumnValue>>;

/**
 * The columns that every row of a record has, in every table; what the record does not say is left out, never empty. Role
 * is the one that the matrix demands; Authorized whether the actor held it.
 */
export function toColumns(record: TrailRecord, place: Place): Columns {
  const { data } = record;
  return presentOf({
    Time: record.time,
    Received: data.clock?.received?.at ?? data.collected?.envelope?.received,
    Project: data.project,
    Category: data.category,
    Kind: record.type,
    Action: data.action,
    Outcome: data.outcome,
    Actor: data.actor === undefined ? undefined : (data.actor.resolved ?? data.actor.name ?? data.actor.id),
    ActorKind: data.actor?.kind,
    Target: data.target?.id,
    Environment: data.target?.environment ?? data.related?.find((each) => each.environment !== undefined)?.environment,
    Role: data.authority?.role,
    Authorized: data.authority?.held,
    Basis: data.authority?.basis,
    DecisionId: data.decision?.request,
    Summary: cutText(data.summary, MAX_SUMMARY),
    EventId: record.id,
    Log: place.log,
    Segment: place.segment,
    Index: place.index,
    RowVersion: ROW_VERSION,
  });
}

/** Of the table Decisions: which step of the request this is. */
export function toDecisionColumns({ data: { decision } }: TrailRecord): Columns {
  return presentOf({ DecisionKind: decision?.kind, Step: decision?.step, Verdict: decision?.verdict });
}

/** Of the table Access: who got what, on what, for how long. */
export function toGrantColumns({ data: { grant } }: TrailRecord): Columns {
  return presentOf({
    Principal: grant?.principal.name ?? grant?.principal.id,
    Change: grant?.change,
    GrantedRole: grant?.role.name ?? grant?.role.id,
    RoleBefore: grant?.role.from,
    Scope: grant?.scope,
    From: grant?.from,
    Until: grant?.until,
  });
}

/** Of the table Coverage: the window, half-open. */
export function toWindowColumns({ time, data: { clock } }: TrailRecord): Columns {
  return presentOf({ From: clock?.started?.at ?? time, Until: clock?.ended?.at });
}

/** Text that is not Unicode has no UTF-8 to be sent in; JSON lets a record hold it nevertheless. */
function presentOf(cells: Cells): Columns {
  const columns: Record<string, ColumnValue> = {};
  for (const [name, value] of Object.entries(cells)) {
    if (value === undefined || value === '') continue;
    columns[name] = typeof value === 'string' ? value.toWellFormed() : value;
  }
  return columns;
}
