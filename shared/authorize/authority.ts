import type { RecordData, Seal } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import type { History } from './history.ts';

/** A record whose authority is judged: that event alone, at its own time. */
export interface AuthorityQuestion {
  readonly type: string;
  readonly time: Timestamp;
  readonly data: RecordData;
  readonly project: string | undefined;
  /** What the log has adopted, oldest first; {@link History} holds the versions. */
  readonly adopted: Seal['configurations'];
  readonly history: History;
}

/**
 * Whether the actor held the role that the matrix in force demanded. Rejects nothing: the trail records what happened.
 * This version reads no roles and no matrix, so it knows nothing and says so.
 */
export function judgeAuthority(_question: AuthorityQuestion): NonNullable<RecordData['authority']> {
  return { basis: 'unknown' };
}
