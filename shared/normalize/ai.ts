import { hash } from 'node:crypto';

import { draftOf, senderOf } from './ai/draft.ts';
import type { Facts, Sender } from './ai/draft.ts';
import { deliveryNameOf, readBody, systemNameOf } from './ai/read-body.ts';
import type { Form, ReadBody, Told } from './ai/read-body.ts';
import type { Normalizer, RecordDraft } from './normalizer.ts';
import { warnOf } from './stated.ts';

/**
 * What AI systems put out, and what is decided by itself, as apps and people report it: in our own form, as OpenTelemetry's
 * spans and events for GenAI, or as OpenAI and Azure OpenAI answered. Who sent it is in the envelope; of what was asked and
 * answered the record holds sizes and counts, and commitments only where the sender made them with a key of its own: this code
 * has none, and a bare hash of a short text can be guessed. The evidence has the bytes.
 */
export const aiNormalizer: Normalizer = {
  source: 'ai',
  version: 1,
  normalize({ envelope, body }) {
    const read = readBody(body);
    const sender = senderOf(envelope);
    const [first] = read.told;
    if (first !== undefined && read.told.length === 1 && read.others === 0)
      return [draftOf(sender, first.facts, first.context)];
    return [draftOf(sender, batchFacts(read)), ...partsOf(sender, read.told)];
  },
};

/** The message as a whole, where it tells of several things, or of none of an AI's. */
function batchFacts({ form, told, others }: ReadBody): Facts {
  const [one, many] = form === 'telemetry' ? ['span', 'spans'] : ['entry', 'entries'];
  const all = told.length + others;
  return {
    object: 'batch',
    verb: 'reported',
    action: 'report',
    actor: 'caller',
    did: `reported ${all} ${all === 1 ? one : many}${others === 0 ? '' : `, ${others} of them of no AI`}`,
    details: { records: told.length, others },
    target: 'batch',
    inconsequential: true,
  };
}

/** Two things of one name are told apart by what they say, never by their place; what says the same is the same. */
function partsOf(sender: Sender, told: readonly Told[]): RecordDraft[] {
  const drafts = new Map<string, RecordDraft>();
  for (const { facts, context, part } of told) {
    const draft = draftOf(sender, facts, context, part);
    const said = JSON.stringify(draft);
    const isTaken = part === '' || (drafts.has(part) && JSON.stringify(drafts.get(part)) !== said);
    const own = isTaken ? `${part}/${hash('sha256', said, 'hex')}` : part;
    drafts.set(own, isTaken ? draftOf(sender, facts, context, own) : draft);
  }
  return [...drafts.values()];
}

/** What an app that collects needs to know of a body before it is sealed. */
export interface AiRoute {
  /** Absent where it is of no form that is known. */
  readonly form: Form | undefined;
  readonly partitionKey: string | undefined;
  /** The sender's own id of what the body tells of. */
  readonly name: string | undefined;
  /** Id under which people judge the one output that the body is; absent where it states none. */
  readonly output: string | undefined;
  readonly isOutput: boolean;
  readonly warning: string | undefined;
}

/** Never throws: what cannot be read is routed like anything else, and its sender is told. */
export function routeAi(bytes: Buffer): AiRoute {
  try {
    let read: ReadBody | undefined;
    const warning = warnOf(() => {
      read = readBody(bytes);
      const { incomplete = [], unreadable = [] } = read.statement ?? {};
      return { incomplete, unreadable };
    });
    const single = read?.told.length === 1 && read.others === 0 ? read.told[0]?.facts : undefined;
    return {
      form: read?.form,
      partitionKey: read === undefined ? undefined : systemNameOf(read),
      name: read === undefined ? undefined : deliveryNameOf(read),
      output: single?.isOutput === true ? single.id : undefined,
      isOutput: single?.isOutput === true,
      warning,
    };
  } catch {
    // A fault of the reading must lose no body: the sealer meets it too, and seals the bytes as unrecognized.
    return {
      form: undefined,
      partitionKey: undefined,
      name: undefined,
      output: undefined,
      isOutput: false,
      warning: undefined,
    };
  }
}
