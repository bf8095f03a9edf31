import { FormatError } from '../errors.ts';
import type { NormalizedMessage } from '../seal/normalized-message.ts';
import { parseEnvelope, toDelivery, toRecordedEnvelope } from '../wire/envelope.ts';
import type { Envelope } from '../wire/envelope.ts';
import { UNRECOGNIZED_TYPE } from '../wire/record.ts';
import { projectOfRequest } from '../wire/request-id.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { describeStep } from './approvals.ts';
import { finishDraft, MAX_MESSAGE_CHARACTERS } from './finish-draft.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, RecordDraft } from './normalizer.ts';
import { HUB_SOURCES, NORMALIZERS } from './normalizers.ts';
import { textAt } from './read.ts';
import { tokenCallerOf, tokenOriginOf } from './token-caller.ts';

/** One message of a hub, with the bytes that its source sent. */
export interface MessageToNormalize {
  /** The property `envelope`, unparsed; undefined where it is missing. */
  readonly envelope: string | undefined;
  readonly body: Buffer;
  readonly enqueued: Timestamp;
}

/** More records than this from one message are sealed as one that says so. */
export const MAX_MESSAGE_RECORDS = 8_192;

/**
 * One message to its records: pure, and whatever the message holds, it returns. What fails in any way (an envelope that
 * cannot be read, a source that this hub must not bring, a body that its normalizer refuses or throws at, no draft, a draft
 * that does not fit the schema, too many or too large ones) gives exactly one draft of type `unrecognized`.
 */
export function normalizeMessage(
  hub: string,
  message: MessageToNormalize,
  normalizers: readonly Normalizer[] = NORMALIZERS,
): NormalizedMessage {
  let envelope: Envelope | undefined;
  let normalizer: Normalizer | undefined;
  try {
    envelope = readEnvelope(message.envelope);
    normalizer = normalizerFor(hub, envelope.source, normalizers);
    const drafts = normalizer.normalize({ envelope, body: message.body, enqueued: message.enqueued });
    for (const draft of drafts) refuseOurWords(normalizer.source, draft);
    return {
      normalizer: nameOf(normalizer),
      envelope,
      delivery: deliveryOf(envelope, normalizer, message.body),
      drafts: finishAll(drafts, envelope, message.enqueued),
    };
  } catch (error) {
    return unrecognized(message, envelope, normalizer, refusalOf(error));
  }
}

/**
 * The same for a message that its normalizer did not survive: as `normalizeMessage` gives it, without looking at the body.
 * A message that came without a delivery of its own therefore stays without.
 */
export function unrecognizedMessage(
  hub: string,
  message: MessageToNormalize,
  reason: string,
  normalizers: readonly Normalizer[] = NORMALIZERS,
): NormalizedMessage {
  let envelope: Envelope | undefined;
  let normalizer: Normalizer | undefined;
  try {
    envelope = readEnvelope(message.envelope);
    normalizer = normalizerFor(hub, envelope.source, normalizers);
  } catch (error) {
    if (!(error instanceof Unrecognized)) throw error;
  }
  return unrecognized(message, envelope, normalizer, new Unrecognized('normalizer', reason), false);
}

function unrecognized(
  message: MessageToNormalize,
  envelope: Envelope | undefined,
  normalizer: Normalizer | undefined,
  refusal: Unrecognized,
  lookAtBody = true,
): NormalizedMessage {
  const reason = cutMasked(refusal.message, 1_024);
  // Of a source that this hub must not bring, nothing is believed: neither claims nor delivery.
  const believed = normalizer === undefined ? undefined : envelope;
  const draft: RecordDraft = {
    part: '',
    type: UNRECOGNIZED_TYPE,
    source: 'urn:indelible:unrecognized',
    data: {
      action: 'normalize',
      outcome: 'failed',
      summary: `A message${envelope === undefined ? '' : ` of ${envelope.source}`} could not be read: ${reason}`,
      unrecognized: { code: refusal.code, reason },
    },
  };
  return {
    normalizer: normalizer === undefined ? 'none/1' : nameOf(normalizer),
    envelope,
    // Another source's delivery would give the record the id of the true one.
    delivery:
      envelope === undefined || normalizer === undefined
        ? undefined
        : deliveryOf(envelope, normalizer, lookAtBody ? message.body : undefined),
    drafts: finishAll([withAttested(draft, believed)], envelope, message.enqueued),
  };
}

/**
 * The draft of a message that the sealer had no records for (its body is lost, or they fit no segment), finished: with who
 * sent it and on which request as the envelope says, where the hub may bring its source. `draft` says what became of it.
 */
export function finishUnrecognized(
  hub: string,
  envelope: Envelope | undefined,
  enqueued: Timestamp,
  draft: RecordDraft,
): RecordDraft {
  const believed = envelope !== undefined && mayBring(hub, envelope.source) ? envelope : undefined;
  const times = { received: envelope?.received, enqueued };
  return finishDraft(withAttested(draft, believed), times, { characters: MAX_MESSAGE_CHARACTERS });
}

/** What the app that checked a token wrote beside the body: who sent it, from where, and on which request. */
function withAttested(draft: RecordDraft, envelope: Envelope | undefined): RecordDraft {
  if (envelope === undefined) return draft;
  const isAttested = textAt(envelope.claims, 'oid') !== undefined;
  return {
    ...draft,
    ...(envelope.subject === undefined ? {} : { subject: envelope.subject }),
    data: {
      ...(isAttested ? { actor: tokenCallerOf(envelope), origin: tokenOriginOf(envelope) } : {}),
      ...describeStep(envelope),
      ...draft.data,
    },
  };
}

/** Whose records may be steps of requests that our own API took: ids of those are its to give out. */
const OF_OUR_REQUESTS: readonly string[] = ['approvals', 'baseline', 'verdicts'];
/** Whose records may say that something happened at one of our own APIs: those that take tokens, and our timers. */
const OF_OUR_PLACES: readonly string[] = [...OF_OUR_REQUESTS, 'reads', 'ai', 'coverage'];

/**
 * What a source sends is anybody's word: by an id of ours it would be found among the steps of a request that it has no part
 * in, and by a place of ours it would be of whichever project it names. Throws Unrecognized.
 */
function refuseOurWords(source: string, { source: place, data }: RecordDraft): void {
  const request = data.decision?.request;
  if (request !== undefined && projectOfRequest(request) !== undefined && !OF_OUR_REQUESTS.includes(source)) {
    throw new Unrecognized('shape', `The message tells of a decision on ${request}, a request of our own API.`);
  }
  if (place.startsWith('urn:indelible:') && !OF_OUR_PLACES.includes(source)) {
    throw new Unrecognized('shape', `The message says that it happened at ${place}, a place of our own.`);
  }
}

/** As it goes into the record. Throws Unrecognized. */
function readEnvelope(property: string | undefined): Envelope {
  if (property === undefined) throw new Unrecognized('envelope', 'The message has no envelope.');
  if (property === '') {
    throw new Unrecognized('envelope', 'The message has an envelope, but it is not base64url of a JSON object.');
  }
  try {
    return toRecordedEnvelope(parseEnvelope(property));
  } catch (error) {
    if (error instanceof FormatError) throw new Unrecognized('envelope', error.message);
    throw error;
  }
}

function normalizerFor(hub: string, source: string, normalizers: readonly Normalizer[]): Normalizer {
  if (!mayBring(hub, source)) {
    throw new Unrecognized('source', `The hub "${hub}" must not bring messages of the source "${source}".`);
  }
  const normalizer = normalizers.find((each) => each.source === source);
  if (normalizer === undefined) throw new Unrecognized('source', `No normalizer reads the source "${source}".`);
  return normalizer;
}

function mayBring(hub: string, source: string): boolean {
  return Object.hasOwn(HUB_SOURCES, hub) && HUB_SOURCES[hub]?.includes(source) === true;
}

function nameOf(normalizer: Normalizer): string {
  return `${normalizer.source}/${normalizer.version}`;
}

function deliveryOf(envelope: Envelope, normalizer: Normalizer, body: Buffer | undefined): string | undefined {
  if (envelope.delivery !== undefined && envelope.delivery !== '') return envelope.delivery;
  if (body === undefined) return undefined;
  try {
    const id = normalizer.deliveryOf?.(body);
    return id === undefined || id === '' ? undefined : toDelivery(id);
  } catch {
    // Its records are identified by their place in the log then; nothing is lost by that.
    return undefined;
  }
}

function finishAll(drafts: readonly RecordDraft[], envelope: Envelope | undefined, enqueued: Timestamp): RecordDraft[] {
  if (drafts.length === 0) throw new Unrecognized('normalizer', 'The normalizer found no event in the message.');
  if (drafts.length > MAX_MESSAGE_RECORDS) {
    throw new Unrecognized(
      'normalizer',
      `The message gave ${drafts.length} records; at most ${MAX_MESSAGE_RECORDS} are allowed.`,
    );
  }
  const times = { received: envelope?.received, enqueued };
  const budget = { characters: MAX_MESSAGE_CHARACTERS };
  const finished = new Map<string, RecordDraft>();
  for (const draft of drafts) {
    const each = finishDraft(draft, times, budget);
    const other = finished.get(each.part);
    if (other === undefined) finished.set(each.part, each);
    else if (JSON.stringify(other) !== JSON.stringify(each)) {
      throw new Unrecognized('normalizer', `Two different records of the message have the same part "${each.part}".`);
    }
  }
  return [...finished.values()];
}

function refusalOf(error: unknown): Unrecognized {
  if (error instanceof Unrecognized) return error;
  const said = error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no Error';
  return new Unrecognized('normalizer', `The normalizer failed with ${said}`);
}
