import type { Envelope } from '../wire/envelope.ts';
import type { JsonObject } from '../wire/json.ts';
import type { Actor, Ai, Link } from '../wire/record.ts';
import { PROJECT_NAME } from '../wire/request-id.ts';
import { toTimestamp, toZonedTimestamp } from '../wire/timestamp.ts';
import { parseBody } from './body.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import type { DraftData, Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';
import {
  assuranceOf,
  claimTexts,
  defined,
  faultsOf,
  link,
  listOf,
  longText,
  oneOf,
  sha256,
  shortText,
  statedIn,
  warnOf,
} from './stated.ts';
import { tokenCallerOf, tokenOriginOf } from './token-caller.ts';

/**
 * What people say of what machines decide: a verdict on one output of an AI, and that a version of a decision logic was
 * verified. Who and when come from the token and our clock. What a body states wrongly is sealed all the same, and named.
 */
export const verdictsNormalizer: Normalizer = {
  source: 'verdicts',
  version: 1,
  normalize({ envelope, body }: NormalizerInput) {
    const event = EVENTS.find((each) => each === envelope.event);
    if (event === undefined)
      throw new Unrecognized('event', `The envelope names no event of verdicts: ${EVENTS.join(', ')}.`);
    const { subject } = envelope;
    if (subject === undefined || subject === '')
      throw new Unrecognized('envelope', 'The envelope does not say what the verdict is on.');
    const stated = readVerdict(parseBody(body), event);
    const actor = tokenCallerOf(envelope);
    return [
      event === 'given' ? outputDraft(envelope, subject, actor, stated) : logicDraft(envelope, subject, actor, stated),
    ];
  },
};

const EVENTS = ['given', 'verified'] as const;
export type VerdictEvent = (typeof EVENTS)[number];

interface StatedVerdict {
  readonly project: string | undefined;
  readonly verdict: Ai['verdict'];
  readonly review: NonNullable<Ai['review']>;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly links: readonly Link[];
  readonly incomplete: readonly string[];
  readonly unreadable: readonly string[];
}

function readVerdict(body: JsonObject, event: VerdictEvent): StatedVerdict {
  const isOutput = event === 'given';
  const { read, unreadable } = statedIn(body);
  const project = read('project', (value) =>
    typeof value === 'string' && PROJECT_NAME.test(value) ? value : undefined,
  );
  const verdict = isOutput
    ? read('verdict', oneOf(['accepted', 'edited', 'overridden', 'rejected'] as const))
    : undefined;
  const review = defined({
    reason: read('reason', longText),
    shown: read('shown', sha256),
    openedAt: read('openedAt', toZonedTimestamp),
    edit: isOutput ? read('edit', sha256) : undefined,
    effect: isOutput ? read('effect', oneOf(['before', 'after'] as const)) : undefined,
    result: isOutput ? undefined : read('result', oneOf(['passed', 'failed', 'limited'] as const)),
  });
  const missing = isOutput ? missingInVerdict(verdict, review) : review.result === undefined ? ['result'] : [];
  return {
    project,
    verdict,
    review,
    name: isOutput ? undefined : read('name', shortText),
    version: isOutput ? undefined : read('version', shortText),
    links: read('links', listOf(link)) ?? [],
    incomplete: [...(project === undefined ? ['project'] : []), ...missing],
    unreadable,
  };
}

function missingInVerdict(verdict: Ai['verdict'], { reason, edit, effect }: NonNullable<Ai['review']>): string[] {
  const missing: string[] = [];
  if (verdict === undefined) missing.push('verdict');
  if (verdict === 'edited' && edit === undefined) missing.push('edit');
  if (effect === undefined) missing.push('effect');
  if ((verdict === 'overridden' || verdict === 'rejected') && reason === undefined) missing.push('reason');
  return missing;
}

function outputDraft(envelope: Envelope, output: string, actor: Actor, stated: StatedVerdict): RecordDraft {
  const { verdict, review } = stated;
  const why = review.reason === undefined ? '' : `: ${review.reason}`;
  return {
    ...shared(envelope, output, stated),
    type: `indelible.ai.output.${verdict ?? 'judged'}`,
    data: {
      ...sharedData(envelope, actor, stated),
      action: 'ai.review',
      summary: cutMasked(`${actor.name ?? actor.id} ${verdict ?? 'judged'} the AI output ${output}${why}`, 'long'),
      target: { kind: 'aiOutput', id: output },
      ai: { ...(verdict === undefined ? {} : { verdict }), review: reviewOf(envelope, review) },
      links: withFirst({ kind: 'aiOutput', id: output }, stated.links),
    },
  };
}

function logicDraft(envelope: Envelope, hash: string, actor: Actor, stated: StatedVerdict): RecordDraft {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new Unrecognized('envelope', 'The envelope names no SHA-256 of a logic.');
  const { review, name, version } = stated;
  const id = `sha256:${hash}`;
  const what = `${name ?? id}${version === undefined ? '' : ` ${version}`}`;
  return {
    ...shared(envelope, hash, stated),
    type: 'indelible.ai.logic.verified',
    data: {
      ...sharedData(envelope, actor, stated),
      action: 'logic.verify',
      summary: cutMasked(
        `${actor.name ?? actor.id} verified the logic ${what}: ${review.result ?? 'no result'}`,
        'long',
      ),
      target: { kind: 'logic', id, ...(name === undefined ? {} : { name }) },
      ai: {
        // Whoever verified it need not repeat its name: the hash says which it is.
        logic: { name: name ?? id, ...(version === undefined ? {} : { version }), sha256: hash },
        review: reviewOf(envelope, review),
      },
      links: [...stated.links],
    },
  };
}

function shared(envelope: Envelope, subject: string, { project }: StatedVerdict) {
  return {
    part: '',
    source: project === undefined ? 'urn:indelible:ai' : `urn:indelible:project:${project}`,
    subject,
    time: toTimestamp(envelope.received),
  } as const;
}

function sharedData(
  envelope: Envelope,
  actor: Actor,
  { review, incomplete, unreadable }: StatedVerdict,
): Pick<DraftData, 'actor' | 'outcome' | 'details' | 'origin' | 'clock'> {
  const received = toTimestamp(envelope.received);
  return {
    actor,
    outcome: 'succeeded',
    details: faultsOf(incomplete, unreadable),
    origin: tokenOriginOf(envelope),
    clock: {
      ...(review.openedAt === undefined ? {} : { opened: { at: review.openedAt, by: 'source' } }),
      ...(received === undefined ? {} : { decided: { at: received, by: 'collector' } }),
    },
  };
}

function reviewOf(envelope: Envelope, review: NonNullable<Ai['review']>): NonNullable<Ai['review']> {
  return { ...review, ...defined({ roles: claimTexts(envelope, 'roles'), assurance: assuranceOf(envelope) }) };
}

function withFirst(first: Link, others: readonly Link[]): Link[] {
  return [first, ...others.filter(({ kind, id }) => kind !== first.kind || id !== first.id)];
}

/** What the sender should know; undefined where nothing is amiss. */
export function warnOfVerdict(bytes: Buffer, event: VerdictEvent): string | undefined {
  return warnOf(() => readVerdict(parseBody(bytes), event));
}
