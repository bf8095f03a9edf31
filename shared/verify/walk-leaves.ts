import { isUtf8 } from 'node:buffer';

import { FormatError } from '../errors.ts';
import { formatEvidenceBlob, parseLogName } from '../wire/log-name.ts';
import { isOpenedByItself } from '../wire/opening-reason.ts';
import { ADOPTION_TYPE, GAP_TYPE, MAX_LEAF_BYTES, SEAL_TYPE, recordId } from '../wire/record.ts';
import type { Category, RecordData, Seal, TrailRecord } from '../wire/record.ts';
import { parseCanonicalRecord } from '../wire/segment.ts';
import { checkOwnRecord } from './check-own-record.ts';
import type { FindingList, RecordPlace } from './findings.ts';
import { LeafTail, idAt, scanHead, typeAt } from './scan-leaf.ts';
import { lineAt, lineStart } from './segment-lines.ts';
import type { SegmentLines } from './segment-lines.ts';
import { isAnchorsLog } from './trail-blobs.ts';
import type { SegmentEvidence } from './verify-evidence.ts';
import { MessageWalk } from './walk-messages.ts';

/** What the leaves before the seal say, for the seal to be compared with. */
export interface LeafWalk {
  readonly messages: MessageWalk;
  /** Of the leaves that could be read. */
  readonly counts: Partial<Record<Category, number>>;
  readonly adoption: Adoption | undefined;
  /** The first leaf that is no record, or not in its one form: what it held is not in the counts and positions. */
  readonly damaged: RecordPlace | undefined;
  readonly evidence: SegmentEvidence;
}

export interface Adoption {
  readonly record: RecordPlace;
  readonly time: string;
  readonly adopted: NonNullable<RecordData['adoption']>;
}

export interface WalkOptions {
  /** Parses every leaf against the schema besides. */
  readonly whole: boolean;
  readonly withEvidence: boolean;
}

/** With what changed, which may have been shortened, and the commit that it came from. */
const ADOPTION_MEMBERS = ['changes', 'links', 'adoption', 'cut'] as const;

/** Reads the leaves in their order. Linear in the bytes. */
export function walkLeaves(lines: SegmentLines, seal: Seal, options: WalkOptions, findings: FindingList): LeafWalk {
  const walker = new LeafWalker(lines, seal, options, findings);
  for (let i = 0; i < lines.leaves - 1; i++) walker.leaf(i);
  return walker.finish();
}

class LeafWalker {
  readonly #lines: SegmentLines;
  readonly #seal: Seal;
  readonly #whole: boolean;
  readonly #findings: FindingList;
  readonly #messages: MessageWalk;
  readonly #counts: Partial<Record<Category, number>> = {};
  readonly #anchors: boolean;
  /** All of it at once, since that is cheap; only where it fails, leaf by leaf. */
  readonly #isUtf8: boolean;
  readonly #tail = new LeafTail();
  #adoption: Adoption | undefined;
  #damaged: RecordPlace | undefined;

  constructor(lines: SegmentLines, seal: Seal, { whole, withEvidence }: WalkOptions, findings: FindingList) {
    this.#lines = lines;
    this.#seal = seal;
    this.#whole = whole;
    this.#findings = findings;
    this.#isUtf8 = isUtf8(lines.bytes);
    this.#anchors = isAnchorsLog(seal.log);
    findings.nameRecords((index) =>
      index >= seal.first && index < seal.first + lines.leaves
        ? idAt(lines.bytes, lineStart(lines, index - seal.first))
        : undefined,
    );
    const partition = this.#anchors ? '' : parseLogName(seal.log).partition;
    const byItself = seal.opened === undefined || isOpenedByItself(seal.opened.reason);
    const start = byItself ? 0 : seal.from?.sequenceNumber;
    const before = seal.previous?.to;
    this.#messages = new MessageWalk(lines.bytes, { partition, before, start, withEvidence }, findings);
  }

  leaf(i: number): void {
    const lines = this.#lines;
    const start = lineStart(lines, i);
    const end = lines.ends[i] as number;
    const index = this.#seal.first + i;
    // Before any expression looks at it: they are meant for leaves, not for 64 MiB without a line feed.
    if (end - start > MAX_LEAF_BYTES) {
      return this.#lose('leafMalformed', `The leaf has ${end - start} bytes; at most ${MAX_LEAF_BYTES} are allowed.`, {
        index,
      });
    }
    const record = { index };
    const category = scanHead(lines.bytes, start, end);
    if (category === undefined) return this.#lose('leafMalformed', 'The leaf does not begin as a record does.', record);
    if (!this.#isUtf8 && !isUtf8(lineAt(lines, i)))
      return this.#lose('leafMalformed', 'The leaf is not UTF-8.', record);
    // The sealer's own records are all of this category, so the type of the others need not be cut out.
    const type = category === 'trail' ? typeAt(lines.bytes, start) : '';
    if (type === SEAL_TYPE) return this.#lose('recordOrder', 'A seal stands before the end of its segment.', record);
    const isOwn = type === GAP_TYPE || type === ADOPTION_TYPE;
    const parsed = this.#whole || isOwn || this.#anchors ? this.#parse(i, record) : undefined;
    if (parsed === 'refused') return undefined;

    this.#counts[category] = (this.#counts[category] ?? 0) + 1;
    if (this.#anchors) return undefined;
    if (type === ADOPTION_TYPE) return this.#adopt(i, parsed, record);
    if (type === GAP_TYPE) return this.#gap(parsed, record);
    if (!this.#tail.read(lines.bytes, start, end))
      return this.#lose('leafMalformed', 'The leaf does not end as a record of a message does.', record);
    return this.#messages.record(start, this.#tail, record);
  }

  finish(): LeafWalk {
    const { first, to } = this.#seal;
    this.#messages.finish({ index: first + this.#lines.leaves - 1 });
    const adoption = this.#adoption;
    const at = this.#messages.lastEnqueued ?? to?.enqueued ?? '';
    return {
      messages: this.#messages,
      counts: this.#counts,
      adoption,
      damaged: this.#damaged,
      evidence: {
        messages: this.#messages.evidence,
        configuration:
          adoption === undefined || to === undefined
            ? undefined
            : {
                record: adoption.record,
                blob: formatEvidenceBlob(to.enqueued, adoption.adopted.sha256),
                previous: adoption.adopted.previous,
              },
        isComplete: this.#damaged === undefined,
        month: `${at.slice(0, 4)}/${at.slice(5, 7)}`,
      },
    };
  }

  #lose(kind: 'leafMalformed' | 'leafNotCanonical' | 'recordOrder', message: string, record: RecordPlace): void {
    this.#findings.add(kind, message, { record });
    this.#damaged ??= record;
    this.#messages.lost(record);
  }

  #parse(i: number, record: RecordPlace): TrailRecord | 'refused' {
    try {
      return parseCanonicalRecord(lineAt(this.#lines, i));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#lose('leafNotCanonical', error.message, record);
      return 'refused';
    }
  }

  #adopt(i: number, parsed: TrailRecord | undefined, record: RecordPlace): void {
    const adopted = parsed?.data.adoption;
    if (parsed === undefined || adopted === undefined) {
      return this.#lose('leafMalformed', 'The record of an adoption does not say what was adopted.', record);
    }
    this.#checkOwn(parsed, 'adoption', record);
    const { sha256 } = adopted;
    const own = {
      action: 'adopt configuration',
      subject: sha256,
      target: { kind: 'configuration', id: sha256 },
    } as const;
    checkOwnRecord(parsed, { ...own, members: ADOPTION_MEMBERS }, record, this.#findings);
    const strange = parsed.data.links?.find(
      ({ kind, id }) => kind !== 'commit' && !(kind === 'configuration' && id === sha256),
    );
    if (strange !== undefined) {
      const message = `The adoption is linked to ${strange.kind} ${strange.id}: only its file and a commit belong there.`;
      this.#findings.add('ownRecordWrong', message, { record });
    }
    if (i === 0) this.#adoption = { record, time: parsed.time, adopted };
    else
      this.#findings.add('adoptionWrong', 'A configuration is adopted behind the first leaf of the segment.', {
        record,
      });
  }

  #gap(parsed: TrailRecord | undefined, record: RecordPlace): void {
    const gap = parsed?.data.gap;
    if (parsed === undefined || gap === undefined) {
      return this.#lose('leafMalformed', 'The record of a gap does not say which numbers are gone.', record);
    }
    this.#checkOwn(parsed, `gap/${gap.first}`, record);
    const own = { action: 'seal gap', subject: `${gap.first}-${gap.last}` } as const;
    const target = { kind: 'log', id: this.#seal.log } as const;
    checkOwnRecord(parsed, { ...own, target, members: ['gap'] }, record, this.#findings);
    this.#messages.gap({ ...gap, enqueued: parsed.time }, record);
  }

  /** The sealer's own records have ids that follow from their place. */
  #checkOwn(parsed: TrailRecord, part: string, record: RecordPlace): void {
    const { log, number } = this.#seal;
    if (parsed.id === recordId([log, String(number), part]) && parsed.source === log) return;
    this.#findings.add('idWrong', `The record's id and source are not those of ${part} in this segment.`, { record });
  }
}
