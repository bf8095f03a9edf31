import { hash } from 'node:crypto';

import type { z } from 'zod';

import { FormatError } from '../errors.ts';
import { maskCredentials } from '../normalize/mask.ts';
import { finishUnrecognized } from '../normalize/normalize-message.ts';
import type { RecordDraft } from '../normalize/normalizer.ts';
import { toRecordedEnvelope, withTexts } from '../wire/envelope.ts';
import { formatEvidenceBlob } from '../wire/log-name.ts';
import {
  ADOPTION_TYPE,
  CATEGORIES,
  EVIDENCE_RESERVE,
  GAP_TYPE,
  SCHEMA_URI,
  SEAL_TYPE,
  UNRECOGNIZED_TYPE,
  appendEvidence,
  categoryOf,
  formatRecord,
  recordId,
  recordSchema,
} from '../wire/record.ts';
import type { Category, Evidence, Position, RecordData, Seal, TrailRecord } from '../wire/record.ts';
import { buildSegment } from '../wire/segment.ts';
import type { UnsignedSegment } from '../wire/segment.ts';
import { cutText } from '../wire/text.ts';
import { CODE } from '../version.ts';
import type { Gap } from './follow-on.ts';
import type { Head } from './head.ts';
import type { NormalizedMessage } from './normalized-message.ts';
import type { RawMessage } from './raw-body.ts';

/** What one segment may hold, the seal and the checkpoint apart. The format's limits; tests set lower ones. */
export interface SegmentLimits {
  readonly leaves: number;
  readonly bytes: number;
}

/** A segment has 64 MiB and 65,536 leaves; 256 KiB and 2 leaves are kept for adoption, seal and checkpoint. */
export const SEGMENT_LIMITS: SegmentLimits = { leaves: 65_536 - 2, bytes: 64 * 1024 * 1024 - 256 * 1024 };

/** A version of indelible.yaml, as far as sealing needs it. */
export interface SealedConfiguration {
  /** Of the file's bytes. */
  readonly sha256: string;
  readonly bytes: Buffer;
  readonly from: string;
  readonly previous: string | undefined;
  /** The commit that the file came from, where the package names one. */
  readonly commit?: string | undefined;
  /** Which project's trail an event belongs to; undefined where none claims it. */
  projectOf(source: string, objects: readonly string[]): string | undefined;
  /** How it differs from an earlier version, for people; undefined where that one is not known. */
  changesSince?(sha256: string): readonly ConfigurationChange[] | undefined;
}

export interface ConfigurationChange {
  readonly path: string;
  readonly from?: string;
  readonly to?: string;
}

/**
 * The judgement of one record's authority, under the version in force at its time; and the members of the record that
 * indelible.yaml knows more of (who the actor is, which environment the target lies in).
 */
export type JudgeAuthority = (record: {
  readonly type: string;
  readonly time: string;
  readonly source: string;
  readonly data: RecordData;
  readonly project: string | undefined;
  /** What the log has adopted by then, oldest first. */
  readonly adopted: Seal['configurations'];
}) => Pick<RecordData, 'actor' | 'target' | 'grant' | 'authority'>;

/** What the segment after `head` is made of, beside the messages. */
export interface SegmentContext {
  readonly head: Head;
  readonly partition: string;
  readonly hub: NonNullable<Seal['hub']>;
  /** Segment 0 alone: why this generation was opened, and on what. */
  readonly opened: Seal['opened'];
  readonly configuration: SealedConfiguration;
  readonly judge: JudgeAuthority;
  /** SHA-256 of the SPKI that signs the segment after this one. */
  readonly nextKey: string;
}

/** A gap, or a message with its lines: everything but the place of its evidence is decided. */
export type Entry = Gap | MessageEntry;

export interface MessageEntry {
  readonly kind: 'message';
  readonly raw: RawMessage;
  /** Lines without evidence. */
  readonly lines: readonly string[];
  readonly categories: readonly Category[];
}

const SEALER = { kind: 'service', id: 'indelible:seal', name: 'Indelible sealer' } as const;

/** What the log has adopted with the next segment: the configuration of this process, where it is not there yet. */
function adopt({ head, hub, configuration }: SegmentContext): {
  adopted: boolean;
  seen: string;
  effective: string;
  configurations: Seal['configurations'];
} {
  const adopted = head.configurations.at(-1)?.sha256 !== configuration.sha256;
  // In force from the later of what the version says and what the log had seen before it (segment 0: the hub's creation).
  const seen = head.number === -1 ? hub.created : head.to.enqueued;
  const effective = configuration.from > seen ? configuration.from : seen;
  const configurations = adopted
    ? [...head.configurations, { sha256: configuration.sha256, effective }].slice(-256)
    : head.configurations;
  return { adopted, seen, effective, configurations };
}

/** What the sealer writes itself, or adds to: all else was checked when its draft was finished. */
const sealerMembers = recordSchema.shape.data
  .pick({ actor: true, target: true, grant: true, project: true, authority: true, collected: true })
  .strict();

/** Unchecked, one text too long would make a leaf that is no record. Throws FormatError `record`. */
function checkAdded(added: z.input<typeof sealerMembers>): void {
  const checked = sealerMembers.safeParse(added);
  if (checked.success) return;
  const path = checked.error.issues[0]?.path.join('.') ?? '';
  throw new FormatError('record', `What the sealer adds to a record does not fit the schema at ${path}.`);
}

/**
 * Records of one message, each a line that lacks its evidence. Throws FormatError `record` or `recordTooLarge` where one would
 * be none.
 */
export function toEntry(context: SegmentContext, raw: RawMessage, normalized: NormalizedMessage): MessageEntry {
  const { message } = raw;
  const log = context.head.log;
  const { envelope, delivery, drafts } = normalized;
  const { configurations } = adopt(context);
  const categories = drafts.map((draft) => categoryOf(draft.type));
  const collected: NonNullable<RecordData['collected']> = {
    ...(envelope === undefined ? {} : { envelope: collectedEnvelope(envelope, delivery) }),
    normalizer: normalized.normalizer,
    partition: context.partition,
    sequenceNumber: message.sequenceNumber,
    enqueued: message.enqueued,
    record: 0,
    of: drafts.length,
  };
  checkAdded({ collected });
  const lines = drafts.map((draft, k) => {
    const category = categories[k] as Category;
    const project = context.configuration.projectOf(draft.source, objectsOf(draft.data));
    const time = draft.time ?? message.enqueued;
    const data: RecordData = { category, ...draft.data };
    const { authority, ...known } = context.judge({
      type: draft.type,
      time,
      source: draft.source,
      data,
      project,
      adopted: configurations,
    });
    checkAdded({ ...known, project, authority });
    const record: TrailRecord = {
      specversion: '1.0',
      id: recordId(
        delivery === undefined || envelope === undefined
          ? [log, String(message.sequenceNumber), draft.part]
          : [envelope.source, delivery, draft.part],
      ),
      type: draft.type,
      time,
      source: draft.source,
      ...(draft.subject === undefined ? {} : { subject: draft.subject }),
      dataschema: SCHEMA_URI,
      data: {
        ...data,
        // Each in the place of what the normalizer said of it.
        ...known,
        project,
        authority,
        collected: { ...collected, record: k },
      },
    };
    return formatRecord(record, EVIDENCE_RESERVE);
  });
  return { kind: 'message', raw, lines, categories };
}

/**
 * As {@link toEntry}; where the records fit no leaf even shortened, or all together no segment, the message is sealed as one
 * that says so, in the end without a word of its own: whoever may send to a hub could otherwise stop its partition for good.
 */
export function toFittingEntry(context: SegmentContext, raw: RawMessage, normalized: NormalizedMessage): MessageEntry {
  const { envelope, drafts, ...rest } = normalized;
  const unrecognized = (of: NormalizedMessage['envelope'], draft: RecordDraft): RecordDraft =>
    finishUnrecognized(context.hub.name, of, raw.message.enqueued, draft);
  const whole = tryEntry(context, raw, {
    ...normalized,
    drafts: normalized.normalizer === UNREAD ? drafts.map((draft) => unrecognized(envelope, draft)) : drafts,
  });
  if (typeof whole !== 'string') return whole;
  const draft = unrecognizedDraft('normalize', 'normalizer', whole);
  // Claims are the one part of the envelope that is large; they stay in no record of this message.
  const { claims: _claims, ...small } = envelope ?? {};
  const told = tryEntry(context, raw, {
    ...rest,
    envelope: envelope === undefined ? undefined : { ...small, source: envelope.source },
    drafts: [unrecognized(envelope, draft)],
  });
  if (typeof told !== 'string') return told;
  // Nothing of this was written outside, so that it fits whatever the message holds. Identified by its place in the log.
  return toEntry(context, raw, { normalizer: UNREAD, drafts: [unrecognized(undefined, draft)] });
}

/** Else, for people, why the message's records cannot be sealed. */
function tryEntry(context: SegmentContext, raw: RawMessage, normalized: NormalizedMessage): MessageEntry | string {
  try {
    const entry = toEntry(context, raw, normalized);
    const bytes = sizeOfEntry(entry);
    if (bytes <= SEGMENT_LIMITS.bytes && entry.lines.length <= SEGMENT_LIMITS.leaves) return entry;
    return `The ${entry.lines.length} records of the message take ${bytes} bytes, more than a segment holds.`;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return error.code === 'recordTooLarge'
      ? 'A record of the message does not fit into a leaf, even shortened.'
      : `A record of the message would be none. ${error.message}`;
  }
}

function unrecognizedDraft(action: string, code: string, reason: string): RecordDraft {
  return {
    part: '',
    type: UNRECOGNIZED_TYPE,
    source: 'urn:indelible:unrecognized',
    data: { action, outcome: 'failed', summary: reason, unrecognized: { code, reason } },
  };
}

/** Bytes of an entry's lines, once their evidence is named. */
function sizeOfEntry(entry: Entry): number {
  const lines = entry.kind === 'gap' ? [''] : entry.lines;
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 2 * EVIDENCE_RESERVE, 0);
}

/**
 * The body's place is the evidence's to say. Without credentials, which senders put into ids and names too; the record's own id
 * is made from the delivery as it came.
 */
function collectedEnvelope(
  envelope: NonNullable<NormalizedMessage['envelope']>,
  delivery: string | undefined,
): NonNullable<RecordData['collected']>['envelope'] {
  const { source, event, subject, received, app, function: name, authenticated, claims } = envelope;
  const recorded = {
    source,
    event,
    delivery: delivery ?? envelope.delivery,
    subject,
    received,
    app,
    function: name,
    authenticated,
    claims,
  };
  return withTexts(recorded, maskedText);
}

/** A mask may be longer than what it stands for. */
function maskedText(text: string): string {
  return cutText(maskCredentials(text), 'long');
}

function objectsOf(data: {
  target?: RecordData['target'];
  related?: RecordData['related'];
  decision?: RecordData['decision'];
}): string[] {
  const ids = data.target === undefined ? [] : [data.target.id];
  for (const each of data.related ?? []) ids.push(each.id);
  if (data.decision !== undefined) ids.push(data.decision.request);
  return ids;
}

/** How many of the entries, at least one, fill the next segment; the records of one message stay together. */
export function fillSegment(entries: readonly Entry[], limits: SegmentLimits): number {
  let leaves = 0;
  let bytes = 0;
  let taken = 0;
  for (const entry of entries) {
    leaves += entry.kind === 'gap' ? 1 : entry.lines.length;
    bytes += sizeOfEntry(entry);
    if (taken > 0 && (leaves > limits.leaves || bytes > limits.bytes)) break;
    taken++;
  }
  return taken;
}

/** One evidence blob, before it is compressed. */
export interface EvidenceBlob {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface ComposedSegment {
  readonly segment: UnsignedSegment;
  /** Everything that the segment's records refer to and that must be stored before it. */
  readonly evidence: readonly EvidenceBlob[];
}

/**
 * The next segment of a log, from decided entries. A pure function of its arguments: no clock, nothing random, so that the
 * same messages on the same predecessor give the same leaves and the same root (invariant 6).
 */
export function composeSegment(context: SegmentContext, entries: readonly Entry[]): ComposedSegment {
  const { head, configuration } = context;
  const number = head.number + 1;
  const from = entries[0] === undefined ? head.to : firstPosition(entries[0]);
  const to = lastPosition(entries, head.to);
  const counts: Partial<Record<Category, number>> = {};
  const lines: string[] = [];

  const { adopted, seen, effective, configurations } = adopt(context);
  const evidence: EvidenceBlob[] = [];
  if (adopted) {
    lines.push(formatAdoption(head, configuration, seen, effective));
    counts.trail = 1;
    evidence.push({ name: formatEvidenceBlob(to.enqueued, configuration.sha256), bytes: configuration.bytes });
  }

  const places = placeEvidence(entries, evidence);
  for (const entry of entries) {
    if (entry.kind === 'gap') {
      lines.push(formatGap(head.log, number, entry));
      counts.trail = (counts.trail ?? 0) + 1;
    } else {
      const place = places.get(entry) as string;
      for (const line of entry.lines) lines.push(appendEvidence(line, place));
      for (const category of entry.categories) counts[category] = (counts[category] ?? 0) + 1;
    }
  }

  const seal: Seal = {
    log: head.log,
    number,
    first: head.size,
    previous: head.checkpoint === undefined ? null : { checkpoint: head.checkpoint, to: head.to },
    ...(context.opened === undefined ? {} : { opened: context.opened }),
    frontier: head.frontier.map((subtree) => subtree.toString('hex')),
    hub: context.hub,
    from,
    to,
    counts: Object.fromEntries(
      CATEGORIES.filter((each) => counts[each] !== undefined).map((each) => [each, counts[each]]),
    ),
    configurations,
    code: CODE,
    nextKey: context.nextKey,
  };
  const segment = buildSegment(seal, lines, formatSeal(seal, to.enqueued, lines.length));
  return { segment, evidence };
}

function firstPosition(entry: Entry): Position {
  return entry.kind === 'gap'
    ? { sequenceNumber: entry.first, enqueued: entry.enqueued }
    : { sequenceNumber: entry.raw.message.sequenceNumber, enqueued: entry.raw.message.enqueued };
}

/** The enqueued time never falls back: a hub whose clock stepped back must not make old messages look new. */
function lastPosition(entries: readonly Entry[], before: Position): Position {
  let { sequenceNumber, enqueued } = before;
  for (const entry of entries) {
    const time = entry.kind === 'gap' ? entry.enqueued : entry.raw.message.enqueued;
    if (time > enqueued) enqueued = time;
    sequenceNumber = entry.kind === 'gap' ? entry.last : entry.raw.message.sequenceNumber;
  }
  return { sequenceNumber, enqueued };
}

/** Joins the bodies that came through the hub into one blob; a body that was spilled has its own. Fills `blobs`. */
function placeEvidence(entries: readonly Entry[], blobs: EvidenceBlob[]): Map<MessageEntry, string> {
  const messages = entries.filter((entry): entry is MessageEntry => entry.kind === 'message');
  const last = messages.at(-1);
  const places = new Map<MessageEntry, string>();
  if (last === undefined) return places;
  const month = last.raw.message.enqueued;
  const joined = Buffer.concat(messages.flatMap(({ raw }) => (raw.from === 'hub' ? [raw.body] : [])));
  const joinedName = formatEvidenceBlob(month, hash('sha256', joined, 'hex'));
  let offset = 0;
  let usesJoined = false;
  for (const entry of messages) {
    const { sha256, size, from, body } = entry.raw;
    let place: Evidence;
    switch (from) {
      case 'hub':
        place = { sha256, size, blob: joinedName, offset, length: size };
        offset += size;
        usesJoined = true;
        break;
      case 'spill':
        place = { sha256, size, blob: formatEvidenceBlob(month, sha256), offset: 0, length: size };
        blobs.push({ name: formatEvidenceBlob(month, sha256), bytes: body });
        break;
      case 'absent':
      case 'otherBytes':
        place = { sha256, size, missing: from };
    }
    places.set(entry, JSON.stringify(place));
  }
  if (usesJoined) blobs.push({ name: joinedName, bytes: joined });
  return places;
}

function formatGap(log: string, number: number, gap: Gap): string {
  const count = gap.last - gap.first + 1;
  const record: TrailRecord = {
    specversion: '1.0',
    id: recordId([log, String(number), `gap/${gap.first}`]),
    type: GAP_TYPE,
    time: gap.enqueued,
    source: log,
    subject: `${gap.first}-${gap.last}`,
    dataschema: SCHEMA_URI,
    data: {
      category: 'trail',
      actor: SEALER,
      action: 'seal gap',
      outcome: 'succeeded',
      summary: `${count} ${count === 1 ? 'message is' : 'messages are'} gone from the hub: numbers ${gap.first} to ${gap.last}`,
      target: { kind: 'log', id: log },
      gap: { first: gap.first, last: gap.last },
    },
  };
  return formatRecord(record);
}

/** Compared with what the log had adopted before, which may be older than the version before. */
function formatAdoption(head: Head, configuration: SealedConfiguration, time: string, effective: string): string {
  const { log } = head;
  const { sha256, previous, from, commit } = configuration;
  const before = head.configurations.at(-1)?.sha256 ?? previous;
  const changes = before === undefined ? undefined : configuration.changesSince?.(before);
  const links: NonNullable<RecordData['links']> = [{ kind: 'configuration', id: sha256 }];
  if (commit !== undefined) links.push({ kind: 'commit', id: commit });
  const record: TrailRecord = {
    specversion: '1.0',
    id: recordId([log, String(head.number + 1), 'adoption']),
    type: ADOPTION_TYPE,
    time,
    source: log,
    subject: sha256,
    dataschema: SCHEMA_URI,
    data: {
      category: 'trail',
      actor: SEALER,
      action: 'adopt configuration',
      outcome: 'succeeded',
      summary: `Configuration ${sha256.slice(0, 12)} adopted, in force from ${effective}`,
      target: { kind: 'configuration', id: sha256 },
      ...(changes === undefined || changes.length === 0
        ? {}
        : { changes: changes.map(({ path, ...values }) => ({ field: path, ...values })) }),
      links,
      adoption: {
        sha256,
        ...(previous === undefined ? {} : { previous }),
        from,
        effective,
        ...(changes === undefined ? {} : { comparedWith: before }),
      },
    },
  };
  return formatRecord(record);
}

function formatSeal(seal: Seal, time: string, leaves: number): string {
  const record: TrailRecord = {
    specversion: '1.0',
    id: recordId([seal.log, String(seal.number), 'seal']),
    type: SEAL_TYPE,
    time,
    source: seal.log,
    subject: String(seal.number),
    dataschema: SCHEMA_URI,
    data: {
      category: 'trail',
      actor: SEALER,
      action: 'seal segment',
      outcome: 'succeeded',
      summary: `Segment ${seal.number} sealed with ${leaves} ${leaves === 1 ? 'record' : 'records'}`,
      target: { kind: 'log', id: seal.log },
      seal,
    },
  };
  return JSON.stringify(record);
}

/** What stands for a normalizer's name where none was asked. */
const UNREAD = 'seal/1';

/**
 * A message whose normalizer cannot be had: its bytes are missing. What its envelope says of it, {@link toFittingEntry} adds,
 * which knows what the hub may bring.
 */
export function unrecognizedBody(raw: RawMessage): NormalizedMessage {
  const reason =
    raw.from === 'absent'
      ? `The body was too large for the hub, and the spill container holds no blob ${raw.sha256}.`
      : `The body was too large for the hub, and the spill container holds other bytes than those with hash ${raw.sha256}.`;
  return {
    normalizer: UNREAD,
    // Without its delivery: when the same delivery arrives whole, it is another record, not a conflict.
    envelope: raw.envelope === undefined ? undefined : toRecordedEnvelope(raw.envelope),
    drafts: [unrecognizedDraft('read body', 'body', reason)],
  };
}
