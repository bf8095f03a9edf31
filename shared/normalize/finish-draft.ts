import { FormatError } from '../errors.ts';
import { ADOPTION_TYPE, categoryOf, GAP_TYPE, recordSchema, SCHEMA_URI, SEAL_TYPE } from '../wire/record.ts';
import type { RecordData } from '../wire/record.ts';
import { cutText, TEXT_LIMITS } from '../wire/text.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { maskCredentials } from './mask.ts';
import type { RecordDraft } from './normalizer.ts';

/** What the message says of the time of its drafts. */
export interface MessageTimes {
  readonly received: Timestamp | undefined;
  readonly enqueued: Timestamp;
}

/** More than this from one message is no event any more, but an attempt to stop the partition. Characters, all records together. */
export const MAX_MESSAGE_CHARACTERS = 16 * 1024 * 1024;

/** Counts down what the records of one message may still hold. */
export interface Budget {
  characters: number;
}

/** A valid id, in place of the one that only the sealer knows. */
const ANY_ID = '0'.repeat(32);
/** The sealer's own: a verifier reads them as such, so no source may bring one about. */
const SEALER_TYPES: readonly string[] = [SEAL_TYPE, GAP_TYPE, ADOPTION_TYPE];

/**
 * A draft as the sealer can write it: times filled in, texts well-formed and cut, credentials masked, empty members gone,
 * checked against the schema, and its members in the schema's order. That order is final: the sealer appends project,
 * authority, collection and evidence, and stringifies. Throws FormatError `record` where it does not fit, `recordTooLarge`
 * where the budget is spent.
 */
export function finishDraft(draft: RecordDraft, times: MessageTimes, budget: Budget): RecordDraft {
  const { category: _ignored, ...stated } = draft.data as RecordData;
  const { clock } = stated;
  const data = {
    category: categoryOf(draft.type),
    ...stated,
    clock: {
      ...clock,
      received: times.received === undefined ? undefined : { at: times.received, by: 'collector' },
      enqueued: { at: times.enqueued, by: 'hub' },
    },
  };
  if (
    SEALER_TYPES.includes(draft.type) ||
    data.seal !== undefined ||
    data.gap !== undefined ||
    data.adoption !== undefined
  ) {
    throw new FormatError('record', `The draft claims to be a record of the sealer's own, ${draft.type}.`);
  }
  const record = tidy(
    {
      specversion: '1.0',
      id: ANY_ID,
      type: draft.type,
      time: draft.time ?? times.received ?? times.enqueued,
      source: draft.source,
      subject: draft.subject,
      dataschema: SCHEMA_URI,
      data,
    },
    budget,
    false,
  );
  const { type, time, source, subject, data: checked } = check(record);
  const { category: _named, ...finished } = checked;
  return {
    part: cutText(draft.part, 'uri'),
    type: type as RecordDraft['type'],
    source,
    ...(subject === undefined ? {} : { subject }),
    time,
    data: finished,
  };
}

/** Most drafts pass at once; what is too long for its place alone (limits differ) is cut there, and checked once more. */
function check(record: unknown): ReturnType<typeof recordSchema.parse> {
  const first = recordSchema.safeParse(record);
  if (first.success) return first.data;
  for (const issue of first.error.issues) {
    if (issue.code === 'too_big' && issue.origin === 'string') cutAt(record, issue.path, Number(issue.maximum));
  }
  const second = recordSchema.safeParse(record);
  if (second.success) return second.data;
  const issue = second.error.issues[0];
  throw new FormatError(
    'record',
    `The draft does not fit the schema at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
  );
}

function cutAt(record: unknown, path: readonly PropertyKey[], most: number): void {
  let holder = record;
  for (const member of path.slice(0, -1)) holder = (holder as Record<PropertyKey, unknown>)[member];
  const last = path.at(-1);
  if (last === undefined) return;
  const container = holder as Record<PropertyKey, unknown>;
  const text = container[last];
  if (typeof text === 'string') container[last] = cutText(text, most);
}

/**
 * A copy without undefined and empty members; every text well-formed, cut to the longest length allowed, and without
 * credentials.
 * `keepEmpty`: within `changes` an empty text is a value, what a field was before or is now.
 */
function tidy(value: unknown, budget: Budget, keepEmpty: boolean): unknown {
  if (typeof value === 'string') {
    const cut = value.length <= TEXT_LIMITS.long && value.isWellFormed() ? value : cutText(value, 'long');
    // It may grow a little, where what it hides is short: the check by the schema cuts once more.
    const text = maskCredentials(cut);
    spend(budget, text.length + 2);
    return text;
  }
  if (typeof value !== 'object' || value === null) {
    spend(budget, 8);
    return value;
  }
  if (Array.isArray(value)) {
    const items = value.map((each) => tidy(each, budget, keepEmpty));
    return keepEmpty ? items : items.filter((each) => !isEmpty(each));
  }
  const copy: Record<string, unknown> = {};
  for (const [member, each] of Object.entries(value)) {
    spend(budget, member.length + 4);
    const tidied = tidy(each, budget, keepEmpty || member === 'changes');
    // `role` of a grant is required and may say nothing.
    if (isEmpty(tidied) && member !== 'role' && !(keepEmpty && tidied === '')) continue;
    if (member !== '__proto__') copy[member] = tidied;
  }
  return copy;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function spend(budget: Budget, characters: number): void {
  budget.characters -= characters;
  if (budget.characters < 0) {
    throw new FormatError('recordTooLarge', `The records of the message exceed ${MAX_MESSAGE_CHARACTERS} characters.`);
  }
}
