import { z } from 'zod';

import { FormatError } from '../errors.ts';
import { ADOPTION_TYPE, categoryOf, GAP_TYPE, recordSchema, SEAL_TYPE } from '../wire/record.ts';
import type { RecordData } from '../wire/record.ts';
import { cutText } from '../wire/text.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import type { RecordDraft } from './normalizer.ts';
import { compileTidy } from './tidy.ts';
import type { Budget, Schema } from './tidy.ts';

/** What the message says of the time of its drafts. */
export interface MessageTimes {
  readonly received: Timestamp | undefined;
  readonly enqueued: Timestamp;
}

/** More than this from one message is no event any more, but an attempt to stop the partition. Characters, all records together. */
export const MAX_MESSAGE_CHARACTERS = 16 * 1024 * 1024;

/** The sealer's own: a verifier reads them as such, so no source may bring one about. */
const SEALER_TYPES: readonly string[] = [SEAL_TYPE, GAP_TYPE, ADOPTION_TYPE];
const SEALER_MEMBERS: readonly string[] = [
  'category',
  'seal',
  'gap',
  'adoption',
  'cut',
  'project',
  'authority',
  'collected',
  'evidence',
];

const { type, time, source, subject, data } = z.toJSONSchema(recordSchema).properties as Readonly<
  Record<string, Schema>
>;

/** What a draft says of a record, in the schema's order. */
const tidyDraft = compileTidy(
  {
    type: 'object',
    properties: {
      type,
      time,
      source,
      subject,
      data: {
        ...data,
        properties: Object.fromEntries(
          Object.entries(data?.properties ?? {}).filter(([name]) => !SEALER_MEMBERS.includes(name)),
        ),
        required: (data?.required ?? []).filter((name) => !SEALER_MEMBERS.includes(name)),
      },
    } as Record<string, Schema>,
    required: ['type', 'time', 'source', 'data'],
  },
  'draft',
);

/**
 * A draft as the sealer can write it: times filled in, tidied and checked against the schema, and its members in the schema's
 * order. That order is final: the sealer appends project, authority, collection and evidence, and stringifies. Throws
 * FormatError `record` where it does not fit, `recordTooLarge` where the budget is spent.
 */
export function finishDraft(draft: RecordDraft, times: MessageTimes, budget: Budget): RecordDraft {
  categoryOf(draft.type);
  if (SEALER_TYPES.includes(draft.type)) {
    throw new FormatError('record', `The draft claims to be a record of the sealer's own, ${draft.type}.`);
  }
  const { category: _ignored, ...stated } = draft.data as RecordData;
  const { received, enqueued } = times;
  const finished = tidyDraft(
    {
      type: draft.type,
      time: draft.time ?? received ?? enqueued,
      source: draft.source,
      subject: draft.subject,
      data: {
        ...stated,
        clock: {
          ...stated.clock,
          received: received === undefined ? undefined : { at: received, by: 'collector' },
          enqueued: { at: enqueued, by: 'hub' },
        },
      },
    },
    budget,
  );
  return { part: cutText(draft.part, 'uri'), ...(finished as Omit<RecordDraft, 'part'>) };
}
