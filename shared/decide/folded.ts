import type { Decision } from '../wire/record.ts';
import type { Timestamp } from '../wire/timestamp.ts';

/**
 * What holds of a request, by its sealed steps and by the rules that were in force. Plain data: it goes out as JSON. Persons are
 * named by their identity in indelible.yaml, and by the id of their account where they have none.
 */
export interface FoldedRequest {
  readonly request: string;
  readonly project?: string;
  readonly kind?: NonNullable<Decision['kind']>;
  /** Of the matrix: what a vote on this kind is. */
  readonly action?: string;
  readonly title?: string;
  /** As of then: steps that happened later are not looked at. */
  readonly at: Timestamp;
  readonly status: RequestStatus;
  /** In order; the last one is not always {@link round}: a late step may have told of an earlier one. */
  readonly rounds: readonly FoldedRound[];
  /** Number of the round that `status` is of. Absent: nobody has asked. */
  readonly round?: number;
  /** Steps that changed nothing, and why. Votes stand with their round, if there is one. */
  readonly ignored: readonly IgnoredStep[];
}

/**
 * `unasked`: there are steps, but no request. `emergency`: in effect before it was decided; the votes are its review. `expired`:
 * it was approved, and that holds no longer, or its source let it lapse.
 */
export type RequestStatus = 'unasked' | 'open' | 'emergency' | 'approved' | 'rejected' | 'withdrawn' | 'expired';

export interface FoldedRound {
  readonly round: number;
  readonly status: Exclude<RequestStatus, 'unasked'>;
  /** The step that opened it. Its `received` is our receipt: what waiting is counted from. */
  readonly begun: StepOf;
  /** Who asked, in this round or an earlier one. */
  readonly requesters: readonly string[];
  /** What an approval binds to. */
  readonly covers: NonNullable<Decision['covers']>;
  /** What else the request states. */
  readonly stated: Pick<
    Decision,
    'reason' | 'neededBy' | 'baseline' | 'items' | 'cost' | 'workingDays' | 'securityImpact' | 'rollback' | 'insteadOf'
  >;
  /** Absent where the matrix says nothing of it: then no vote counts. */
  readonly quorum?: {
    readonly needed: number;
    readonly reached: number;
    /** Whose votes those are. */
    readonly by: readonly string[];
    /** Who has still to vote, where all must. */
    readonly missing?: readonly string[];
  };
  /** Whom the matrix keeps out although nothing says who that is. */
  readonly unknown?: readonly string[];
  /** SHA-256 of the version of indelible.yaml that decided, or would decide now. */
  readonly version?: string;
  readonly votes: readonly FoldedVote[];
  /** The step that closed the round, and who did that. */
  readonly decided?: StepOf;
  /** First time at which an approval holds no longer. */
  readonly until?: Timestamp;
  /** Times for which it was approved before, until votes were taken back. */
  readonly formerly?: readonly { readonly from: Timestamp; readonly until: Timestamp }[];
  readonly emergency?: FoldedEmergency;
}

export interface FoldedEmergency {
  /** Who went ahead, and when. */
  readonly invoked: StepOf;
  /** Absent: it was in effect from then on. */
  readonly why?: VoteRefusal;
  readonly reviewBy?: Timestamp;
  readonly reviewedAt?: Timestamp;
  /** True where it was not reviewed in time. */
  readonly overdue?: true;
}

/** A step: id of its record, when it happened, when we took it in, and who. */
export interface StepOf {
  readonly id: string;
  readonly at: Timestamp;
  readonly received: Timestamp;
  readonly by?: string;
}

export interface FoldedVote extends StepOf {
  readonly verdict?: NonNullable<Decision['verdict']>;
  readonly reason?: string;
  readonly counts: boolean;
  /** Why it does not, or not any more. */
  readonly why?: VoteRefusal;
  /** Whose vote it was to cast. */
  readonly delegatedBy?: string;
  /** Reject without the reason that is demanded: it counts all the same. */
  readonly lacks?: readonly string[];
  readonly covers?: NonNullable<Decision['covers']>;
}

/** Why a vote does not count. {@link VOTE_REFUSALS} has them in words. */
export type VoteRefusal = keyof typeof VOTE_REFUSALS;

export const VOTE_REFUSALS = {
  notOpen: 'the request was closed already',
  afterExpiry: 'the request had expired',
  otherRound: 'it is for another round',
  bypassed: 'the source says that a rule was passed over',
  noVerdict: 'it says neither yes nor no',
  voterUnknown: 'nothing says who voted',
  notAPerson: 'no person voted',
  noReason: 'it needs a reason',
  otherBytes: 'it is for other bytes than were asked for',
  coversTooLittle: 'the request does not say what the matrix wants it to bind to',
  noRule: 'the matrix says nothing of this decision',
  excludedAuthor: 'who made it does not decide on it',
  excludedRequester: 'who asked does not decide',
  excludedDeployer: 'who deploys does not decide on it',
  ownEmergency: 'who went ahead does not review that',
  noEmergency: 'the matrix lets nobody go ahead here',
  alreadyEmergency: 'somebody had gone ahead already',
  roleNotHeld: 'the voter did not hold the role',
  roleHeldRetroactively: 'the role was given afterwards',
  authorityUnknown: 'no version of the rules is known for that time',
  delegatedOn: 'a vote that was delegated is not delegated on',
  rightUsed: 'the one whose vote it was has voted',
  lapsed: 'the approval that it was part of has run out',
  superseded: 'the same person voted again later',
  revoked: 'it was taken back',
} as const;

export interface IgnoredStep extends StepOf {
  readonly step: Decision['step'];
  readonly why: StepRefusal;
}

/** Why a step that is no vote changed nothing, or a vote has no round to stand in. */
export type StepRefusal = keyof typeof STEP_REFUSALS;

export const STEP_REFUSALS = {
  notAsked: 'nobody had asked for a decision',
  askedAlready: 'the request was there already',
  notOpen: 'the request was closed already',
  stillOpen: 'the request was open still',
  notRequester: 'only who asked can take it back',
  notAPerson: 'no person did it',
  noDelegate: 'it does not say to whom, with which role or until when',
  noVote: 'there is no vote or delegation that it could take back',
  oneReviewer: 'it takes back the asking of one reviewer, not the request',
} as const;
