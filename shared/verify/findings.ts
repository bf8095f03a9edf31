/**
 * What verification says. A finding names where it was found as closely as the bytes allow, and says it in one sentence.
 * Kinds are a closed union: whoever reports them switches on it, and docs and tests list them all.
 */
export type FindingKind = FailureKind | NoteKind;

/** The trail is not what was sealed, or not what a sealer may seal. */
export type FailureKind =
  // A blob and its form
  /** The blob is not one Zstandard frame of the one form, or does not inflate. */
  | 'frameDamaged'
  /** Inflated, it is not lines of leaves, a seal and a checkpoint. */
  | 'segmentMalformed'
  /** The last leaf is not a seal that fits the schema, in its one form. */
  | 'sealMalformed'
  /** A leaf is no record: its ends are not as records have them, it is too long, or it is not UTF-8. */
  | 'leafMalformed'
  /** A leaf fits at both ends, but parsed whole it does not fit the schema or is not in its one form (`whole` only). */
  | 'leafNotCanonical'
  /** A blob that is no segment of the log in whose folder it lies, or no blob of a trail. */
  | 'segmentForeign'
  /** A number between two segments has no blob. */
  | 'segmentMissing'
  // The tree and its signature
  /** Frontier and leaves do not fold to the checkpoint: a byte of them was changed, added or removed. */
  | 'rootMismatch'
  | 'checkpointMalformed'
  /** The note names the right key, and the signature is not that key's over this checkpoint. */
  | 'signatureWrong'
  /** No key that was given, or that the trail carries, is the one that is needed. */
  | 'keyUnknown'
  /** Signed by another key than the predecessor announced. */
  | 'keyUnannounced'
  /** A key blob that does not hold the key that its name says. */
  | 'keyBlobWrong'
  // From segment to segment
  /** The seal's `previous` is not the predecessor's checkpoint: the log was forked, or the predecessor rewritten. */
  | 'previousMismatch'
  /** `first` is not the size of the tree before. */
  | 'firstMismatch'
  /** The frontier does not fold to the root in `previous`. */
  | 'frontierMismatch'
  /** `hub` differs from the predecessor's or from the one in the log's name, or is missing. */
  | 'hubWrong'
  /** An adoption in the wrong place, with the wrong times, or a list of configurations that does not follow from it. */
  | 'adoptionWrong'
  /** A generation that does not name its predecessor, whose predecessor ended elsewhere, or that was opened for no true reason. */
  | 'generationWrong'
  /** A segment that a log gained after its successor was opened. */
  | 'grownAfterSuccessor'
  /** A checkpoint that was kept elsewhere speaks of more leaves than the log has: its end was cut off. */
  | 'tailCut'
  /** A checkpoint that was kept elsewhere has another root for the same size: two histories were signed. */
  | 'forked'
  /** The beginning of a log, or a generation before it, is not there, and nobody allowed for that. */
  | 'pruned'
  /** A checkpoint that was kept elsewhere speaks of a size that what is left of the log cannot show. */
  | 'checkpointNotComparable'
  // The messages in it
  /** A number of the hub that is neither sealed nor in a gap: left out by the sealer, in a log or between two generations. */
  | 'messageMissing'
  /** A number that was sealed before, or lies in a gap. */
  | 'messageTwice'
  /** One of a message's records is not there. */
  | 'recordMissing'
  /** A record or a message that does not stand where its numbers say. */
  | 'recordOrder'
  /** A gap record with other numbers or another time than the messages around it, also across segments, leave open. */
  | 'gapWrong'
  /** The seal's counts are not those of its leaves. */
  | 'countsWrong'
  /** `from` or `to` is not what the leaves say, or a record names another partition. */
  | 'positionWrong'
  /** A time that is not the one that the format prescribes. */
  | 'timeWrong'
  /** A record of the sealer's own whose id is not the one that the format prescribes. */
  | 'idWrong'
  /** A record of the sealer's own that bears more than the format prescribes, or another actor, action or target. */
  | 'ownRecordWrong'
  // The evidence
  | 'evidenceMissing'
  /** An evidence blob whose bytes are not those that its name says. */
  | 'evidenceChanged'
  /** The range that a record names does not hold the bytes whose hash it names, or the ranges do not join. */
  | 'evidenceRangeWrong'
  /** Filed under another month than its segment's, so it is kept for another time than the trail. */
  | 'evidenceMisfiled'
  /** More does not hold than is listed. */
  | 'moreFailures';

/** Worth knowing, and no failure. */
export type NoteKind =
  /** As `pruned`, and all that is gone is older than what the verifier was told may be. */
  | 'prunedAllowed'
  /** A checkpoint that was kept elsewhere speaks of nothing but leaves whose pruning was allowed. */
  | 'checkpointPruned'
  /** A generation that does not begin at number 0 or where its predecessor ended, or whose predecessor cannot be compared. */
  | 'generationNoted'
  /** A gap opens a segment behind one that ends with a gap: the message between them was lost before it was sealed. */
  | 'gapNoted'
  /** A body that was lost before it was sealed; the record says so itself. */
  | 'bodyMissing'
  /** A blob among the evidence that no record names: left behind by a crash, by pruning, or put there. */
  | 'evidenceUnreferenced'
  /** More is worth knowing than is listed. */
  | 'more';

/** A leaf of a log. */
export interface RecordPlace {
  /** Index in the log, where the segment's `first` could be read. */
  readonly index: number;
  readonly id?: string | undefined;
}

export interface Finding {
  readonly kind: FindingKind;
  readonly log?: string | undefined;
  readonly segment?: number | undefined;
  readonly record?: RecordPlace | undefined;
  /** Name within its container, where the finding is about a blob that is no segment. */
  readonly blob?: string | undefined;
  /** One sentence for people. */
  readonly message: string;
}

const NOTES: ReadonlySet<FindingKind> = new Set<NoteKind>([
  'prunedAllowed',
  'checkpointPruned',
  'generationNoted',
  'gapNoted',
  'bodyMissing',
  'evidenceUnreferenced',
  'more',
]);

/** False for what is only worth knowing. */
export function isFailure(finding: Finding): boolean {
  return !NOTES.has(finding.kind);
}

/** One line: kind, log, segment, record, sentence. */
export function formatFinding(finding: Finding): string {
  const { kind, log, segment, record, blob, message } = finding;
  const place = [
    log === undefined ? '' : `log ${log}`,
    segment === undefined ? '' : `segment ${segment}`,
    record === undefined ? '' : `record ${record.index}${record.id === undefined ? '' : ` (${record.id})`}`,
    blob === undefined ? '' : `blob ${blob}`,
  ].filter((each) => each !== '');
  return `${kind}: ${[...place, message].join(', ')}`;
}

/** A hostile segment has up to 65,536 leaves, each of which may be wrong: beyond this, findings are only counted. */
const MOST_PER_SEGMENT = 64;

/** The findings of one segment. */
export class FindingList {
  readonly #place: Pick<Finding, 'log' | 'segment'>;
  readonly #list: Finding[] = [];
  readonly #kinds = new Set<FindingKind>();
  #notes = 0;
  #failures = 0;
  #notesLeftOut = 0;
  #failuresLeftOut = 0;
  #idOf: (index: number) => string | undefined = () => undefined;

  constructor(log: string, segment: number) {
    this.#place = { log, segment };
  }

  /** From here on, a record that is found by its index gets its id too: cut out of the bytes only where it is told. */
  nameRecords(idOf: (index: number) => string | undefined): void {
    this.#idOf = idOf;
  }

  add(kind: FindingKind, message: string, where: Pick<Finding, 'record' | 'blob'> = {}): void {
    if (!this.#hasRoom(kind)) return;
    const { record, blob } = where;
    const id = record === undefined ? undefined : this.#idOf(record.index);
    this.#list.push({
      kind,
      ...this.#place,
      ...(record === undefined ? {} : { record: id === undefined ? record : { ...record, id } }),
      ...(blob === undefined ? {} : { blob }),
      message,
    });
  }

  /**
   * Notes and failures are counted apart, and the first of each kind is always listed: whoever can make many notes could
   * otherwise push what does not hold out of sight.
   */
  #hasRoom(kind: FindingKind): boolean {
    const isNote = NOTES.has(kind);
    const isFirst = !this.#kinds.has(kind);
    this.#kinds.add(kind);
    if (isFirst || (isNote ? this.#notes : this.#failures) < MOST_PER_SEGMENT) {
      if (isNote) this.#notes++;
      else this.#failures++;
      return true;
    }
    if (isNote) this.#notesLeftOut++;
    else this.#failuresLeftOut++;
    return false;
  }

  all(): Finding[] {
    const more = (kind: FindingKind, leftOut: number): Finding[] =>
      leftOut === 0 ? [] : [{ kind, ...this.#place, message: `${leftOut} more of this segment are not listed.` }];
    return [...this.#list, ...more('moreFailures', this.#failuresLeftOut), ...more('more', this.#notesLeftOut)];
  }
}
