import { hash } from 'node:crypto';

import { z } from 'zod';

import { FormatError } from '../errors.ts';
import { cutText, TEXT_LIMITS } from './text.ts';

/**
 * The one schema of the trail: a CloudEvents 1.0 event in JSON. The order of the members here is the order of the bytes
 * (docs/format.md): what a verifier needs lies at both ends, in a fixed form, so that it need not trust what is between.
 */

export const SCHEMA_URI = 'urn:indelible:record:1';

/** A leaf is 1 to 65,535 bytes, so that C2SP's entry bundles can carry it (tlog-tiles: uint16 length). */
export const MAX_LEAF_BYTES = 65_535;

export const CATEGORIES = [
  'code',
  'infrastructure',
  'ai',
  'deployment',
  'access',
  'decision',
  'baseline',
  'coverage',
  'finding',
  'trail',
] as const;
export type Category = (typeof CATEGORIES)[number];

const timestamp = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Lengths as `text.ts` cuts them: a normalizer cuts, the schema refuses what was not cut. */
const text = z.string().max(TEXT_LIMITS.long);
const name = z.string().min(1).max(TEXT_LIMITS.uri);

/** Somebody or something that acts. `unknown`: the source does not say which. */
const named = z.strictObject({
  kind: z.enum(['human', 'service', 'ai', 'unknown']),
  /** Stable, with the system that issued it before the colon: `github:583231`, `entra:<object id>`. */
  id: name,
  /** As the source names it. */
  name: text.optional(),
  address: text.optional().describe('E-mail address or user principal name, where the source gives one.'),
});
/** Last in `data.actor`, `onBehalfOf` and `grant.principal`: the sealer adds it to what the normalizer says. */
const resolved = text.optional().describe('The identity in indelible.yaml that this was found to be.');
const principal = named.extend({ resolved });
const actor = named.extend({
  onBehalfOf: principal.optional().describe('For whom the actor acted, where somebody else caused the act.'),
  resolved,
});

/** An object that something was done to. */
const target = z.strictObject({
  kind: name,
  id: name,
  name: text.optional(),
  environment: text.optional(),
  dataClasses: z.array(name).optional().describe('What the environment holds, e.g. PHI, cardholder data.'),
});
const related = target.extend({
  part: name.describe('The part that this object plays: author, reviewer, repository …'),
});

const changeValue = z.union([text, z.strictObject({ sha256, size: count })]);
const change = z.strictObject({
  field: name,
  from: changeValue.optional(),
  to: changeValue.optional(),
  masked: z.literal(true).optional().describe('The values are secret and not in the record.'),
});

const origin = z.strictObject({
  address: text.optional(),
  client: text.optional(),
  application: text.optional(),
  session: text.optional(),
});

const authority = z.strictObject({
  action: text.optional().describe('What the matrix was asked for; absent where the event is none of its actions.'),
  environment: text.optional().describe('The environment in indelible.yaml that it was judged for.'),
  role: text.optional().describe('The role that the matrix demands for the action.'),
  held: z.boolean().optional().describe('Absent where no role is demanded, or the source does not say who acted.'),
  heldBy: text.optional().describe('The identity that held it, where that is not the actor but for whom it acted.'),
  basis: z
    .enum(['inForce', 'retroactive', 'unknown'])
    .describe(
      'inForce: the version in force at that time. retroactive: a version or grant adopted after the event. unknown: ' +
        'nothing in force said anything about it.',
    ),
  delegatedBy: text.optional().describe('The identity that delegated the role.'),
  version: sha256.optional().describe('Hash of the version of indelible.yaml that was judged by.'),
});

/** What a decision binds to: bytes, never a name that can be moved. */
const covered = z.strictObject({
  kind: z.enum(['commit', 'artifact', 'plan', 'environment', 'snapshot']),
  id: name,
});
const money = z.strictObject({
  amount: z.string().regex(/^-?\d{1,18}(\.\d{1,6})?$/),
  currency: z.string().regex(/^[A-Z]{3}$/),
});

export const DECISION_KINDS = [
  'scopeChange',
  'architecture',
  'infrastructure',
  'deployment',
  'codeReview',
  'aiReview',
  'access',
  'accessReview',
  'riskAcceptance',
  'emergency',
  'policy',
  'baseline',
  'review',
] as const;

/** How the person was signed in, where the token says so. */
const assurance = z.strictObject({
  issuer: text.optional(),
  authenticatedAt: timestamp.optional(),
  methods: z.array(name).optional().describe('How the person proved who they are: `pwd`, `mfa`.'),
  contexts: z.array(name).optional().describe('Authentication contexts that the sign-in met: `c1`.'),
});

const decision = z.strictObject({
  kind: z.enum(DECISION_KINDS).optional().describe("Absent where the step states none: its request's kind holds."),
  request: name.describe('Id of the request that all steps share.'),
  round: count.optional(),
  step: z.enum(['requested', 'voted', 'withdrawn', 'expired', 'reopened', 'delegated', 'revoked']),
  verdict: z.enum(['approve', 'reject', 'override']).optional(),
  reason: text.optional(),
  title: text.optional(),
  covers: z.array(covered).optional(),
  shown: sha256.optional().describe('Hash of what the decider saw.'),
  openedAt: timestamp.optional(),
  neededBy: timestamp.optional(),
  assurance: assurance.optional(),
  roles: z.array(name).optional().describe('The roles that the decider held, as the token or the source says.'),
  delegatedBy: text.optional(),
  delegation: z
    .strictObject({
      to: name.describe('Who votes in place of the actor: the id of an account.'),
      role: name.optional().describe('Whatever is voted with this role; absent: on this request alone.'),
      until: timestamp.optional().describe('Absent: until the request is closed.'),
    })
    .optional()
    .describe(
      'Of the steps delegated and revoked: whose vote goes to whom. A step revoked without it takes back a vote.',
    ),
  insteadOf: z.enum(DECISION_KINDS).optional().describe('Of an emergency: the kind of decision that it goes ahead of.'),
  automated: z.boolean().optional().describe('True where no person decided.'),
  bypassed: z.boolean().optional().describe('True where the source itself says that a rule was overridden.'),
  baseline: sha256.optional(),
  items: z
    .array(
      z.strictObject({
        change: z.enum(['add', 'change', 'remove']),
        id: name,
        title: text.optional(),
        cost: money.optional(),
        days: z.number().optional(),
      }),
    )
    .optional(),
  cost: money.optional(),
  workingDays: z.number().optional(),
  securityImpact: text.optional(),
  rollback: text.optional(),
});

const grant = z.strictObject({
  id: text.optional().describe('Id of the assignment itself, where the source has one.'),
  change: z
    .enum(['granted', 'revoked', 'changed', 'requested', 'revocationRequested', 'withdrawn'])
    .describe(
      'What came about: granted, revoked and changed did. requested, revocationRequested: only asked for or tried, see ' +
        'the outcome. withdrawn: a request was taken back.',
    ),
  principal: principal.partial({ id: true }),
  role: z.strictObject({ id: text.optional(), name: text.optional(), from: text.optional() }),
  scope: name.describe('On what: resource, repository, team or organization.'),
  from: timestamp.optional(),
  until: timestamp.optional(),
});

/** Days of a plan, as it is written: a day has no zone of its own. */
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const decimal = z.string().regex(/^-?\d{1,18}(\.\d{1,6})?$/);

export const BASELINE_FILES = ['scope', 'risks', 'decisions', 'plan.json'] as const;

const baseline = z.strictObject({
  file: z.enum(BASELINE_FILES),
  sha256,
  size: count,
  plan: z
    .strictObject({
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/)
        .optional(),
      budget: decimal.optional(),
      start: day.optional(),
      end: day.optional(),
      calendar: z
        .strictObject({
          zone: name.optional(),
          week: z.array(z.number().int().min(1).max(7)).optional().describe('Days on which work is done; 1: Monday.'),
          holidays: count.optional().describe('How many days off the calendar names.'),
        })
        .optional(),
      workingDays: count.optional().describe('From start to end, both included, by the calendar.'),
      cost: decimal.optional().describe('Of all items together; absent where one states none.'),
      days: z.number().optional().describe('Likewise.'),
      count: count.optional().describe('How many items the plan has.'),
      items: z
        .array(
          z.strictObject({
            id: name,
            title: text.optional(),
            cost: decimal.optional(),
            days: z.number().optional(),
            acceptance: sha256.optional().describe('Hash of the words by which the item is accepted.'),
          }),
        )
        .optional(),
    })
    .optional()
    .describe('What plan.json says, as far as it can be read.'),
});

const commitment = z.strictObject({
  algorithm: z.enum(['hmac-sha256', 'sha256']),
  value: sha256,
  size: count.optional(),
  form: text.optional().describe('What was hashed: bytes, or RFC 8785 JSON.'),
});
const ai = z.strictObject({
  system: text.optional(),
  provider: text.optional(),
  part: text.optional(),
  riskClass: text.optional(),
  purpose: text.optional(),
  model: text.optional(),
  version: text.optional(),
  deployment: text.optional(),
  parameters: z.record(z.string(), z.union([text, z.number(), z.boolean()])).optional(),
  instructions: commitment.optional(),
  started: timestamp.optional(),
  ended: timestamp.optional(),
  inputs: z.array(commitment).optional(),
  outputs: z.array(commitment).optional(),
  references: z
    .array(z.strictObject({ name, version: text.optional(), asOf: timestamp.optional(), sha256: sha256.optional() }))
    .optional(),
  toolCalls: z.array(z.strictObject({ name, id: text.optional(), arguments: commitment.optional() })).optional(),
  guardrail: text.optional(),
  error: text.optional(),
  requester: principal.optional(),
  usage: z.strictObject({ input: count.optional(), output: count.optional() }).optional(),
  logic: z.strictObject({ name, version: text.optional(), sha256: sha256.optional() }).optional(),
  verdict: z.enum(['accepted', 'edited', 'overridden', 'rejected']).optional(),
  review: z
    .strictObject({
      reason: text.optional(),
      shown: sha256.optional().describe('Hash of what the person saw.'),
      openedAt: timestamp.optional(),
      edit: sha256.optional().describe('Hash of what the person made of the output.'),
      effect: z.enum(['before', 'after']).optional().describe('Whether the output had taken effect by then.'),
      result: z.enum(['passed', 'failed', 'limited']).optional().describe('Of a verification of the logic.'),
      roles: z.array(name).optional(),
      assurance: assurance.optional(),
    })
    .optional()
    .describe("A person's judgement of the output that the record links to, or of the logic."),
});

/** One time of the event, and whose clock showed it. */
const clockTime = z.strictObject({ at: timestamp, by: z.enum(['source', 'collector', 'hub']) });
const clock = z.strictObject({
  requested: clockTime.optional(),
  opened: clockTime.optional(),
  started: clockTime.optional(),
  decided: clockTime.optional(),
  ended: clockTime.optional(),
  effective: clockTime.optional(),
  received: clockTime.optional(),
  enqueued: clockTime.optional(),
});

export const LINK_KINDS = [
  'commit',
  'pullRequest',
  'issue',
  'build',
  'artifact',
  'deployment',
  'release',
  'request',
  'workItem',
  'aiOutput',
  'correlation',
  'operation',
  'configuration',
] as const;
const link = z.strictObject({ kind: z.enum(LINK_KINDS), id: name });

const head = z.strictObject({ sequenceNumber: z.number().int().min(-1), enqueued: timestamp });
const seal = z.strictObject({
  log: name,
  number: count,
  first: count,
  previous: z.strictObject({ checkpoint: name, to: head }).nullable(),
  opened: z
    .strictObject({
      reason: name,
      predecessor: z.strictObject({ log: name, checkpoint: text.optional() }).optional(),
    })
    .optional(),
  frontier: z.array(sha256),
  hub: z.strictObject({ namespace: name, name, created: timestamp }).optional(),
  from: head.optional(),
  to: head.optional(),
  counts: z.strictObject(
    Object.fromEntries(CATEGORIES.map((c) => [c, count.optional()])) as Record<Category, z.ZodOptional<typeof count>>,
  ),
  configurations: z.array(z.strictObject({ sha256, effective: timestamp })),
  code: name,
  nextKey: sha256,
});

const data = z.strictObject({
  category: z.enum(CATEGORIES),
  actor: actor.optional(),
  action: name,
  outcome: z.enum(['succeeded', 'failed', 'denied', 'pending', 'unknown']),
  summary: text.describe('One line for people.'),
  target: target.optional(),
  related: z.array(related).optional(),
  changes: z.array(change).optional(),
  details: z
    .record(z.string().regex(/^[a-zA-Z][A-Za-z0-9]*$/), z.union([text, z.number(), z.boolean()]))
    .optional()
    .describe('Further facts of this type of record, under names that docs/sources.md lists.'),
  inconsequential: z.literal(true).optional().describe('Of no consequence for an audit; sealed all the same.'),
  origin: origin.optional(),
  decision: decision.optional(),
  baseline: baseline.optional(),
  grant: grant.optional(),
  ai: ai.optional(),
  clock: clock.optional(),
  links: z.array(link).optional(),
  seal: seal.optional(),
  gap: z.strictObject({ first: count, last: count }).optional(),
  adoption: z
    .strictObject({
      sha256,
      previous: sha256.optional(),
      from: timestamp,
      effective: timestamp,
      comparedWith: sha256.optional().describe('The version that `changes` are against; absent where there is none.'),
    })
    .optional(),
  unrecognized: z.strictObject({ code: name, reason: text }).optional(),
  cut: z.array(name).optional().describe('Lists that were shortened to fit a leaf; the evidence has all of them.'),
  // From here on the sealer's own: everything above comes from a normalizer.
  project: name.optional(),
  authority: authority.optional(),
  collected: z
    .strictObject({
      envelope: z
        .strictObject({
          source: text,
          event: text.optional(),
          delivery: text.optional(),
          subject: text.optional(),
          received: timestamp.optional(),
          app: text.optional(),
          function: text.optional(),
          authenticated: text.optional(),
          claims: z.record(z.string(), z.union([text, z.array(text)])).optional(),
        })
        .optional(),
      normalizer: name,
      partition: name,
      sequenceNumber: count,
      enqueued: timestamp,
      record: count,
      of: count,
    })
    .optional(),
  evidence: z
    .strictObject({
      sha256,
      size: count,
      missing: z.enum(['absent', 'otherBytes']).optional(),
      blob: name.optional(),
      offset: count.optional(),
      length: count.optional(),
      encryption: text.optional().describe('Reserved.'),
    })
    .optional(),
});

/** `indelible.<category>.<object>.<verb in the past tense>` */
const TYPE = /^indelible\.([a-z]+)\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

export const recordSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  type: z.string().max(128).regex(TYPE),
  time: timestamp,
  source: name.describe('URI of where it happened.'),
  subject: name.optional(),
  dataschema: z.literal(SCHEMA_URI),
  data,
});

export type TrailRecord = z.output<typeof recordSchema>;
export type RecordData = TrailRecord['data'];
export type Actor = NonNullable<RecordData['actor']>;
export type Principal = z.output<typeof principal>;
export type Target = NonNullable<RecordData['target']>;
export type Related = NonNullable<RecordData['related']>[number];
export type Change = NonNullable<RecordData['changes']>[number];
export type Link = NonNullable<RecordData['links']>[number];
export type Decision = NonNullable<RecordData['decision']>;
export type Assurance = z.output<typeof assurance>;
export type Baseline = NonNullable<RecordData['baseline']>;
export type Plan = NonNullable<Baseline['plan']>;
export type Ai = NonNullable<RecordData['ai']>;
export type Grant = NonNullable<RecordData['grant']>;
export type Evidence = NonNullable<RecordData['evidence']>;
export type Seal = NonNullable<RecordData['seal']>;
export type Outcome = RecordData['outcome'];

/** The last message that a log has taken in: its sequence number, and the greatest enqueued time so far. -1: none yet. */
export type Position = z.output<typeof head>;

/** Types of the sealer's own records. */
export const SEAL_TYPE = 'indelible.trail.segment.sealed';
export const GAP_TYPE = 'indelible.trail.gap.sealed';
export const ADOPTION_TYPE = 'indelible.trail.configuration.adopted';
export const UNRECOGNIZED_TYPE = 'indelible.trail.message.unrecognized';

/** 32 hex digits of SHA-256 over the JSON array of the parts, so that the same delivery has the same id however often it arrives. */
export function recordId(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts.map((part) => part.toWellFormed())), 'hex').slice(0, 32);
}

/** The category that a record's type names. */
export function categoryOf(type: string): Category {
  const category = TYPE.exec(type)?.[1];
  const known = CATEGORIES.find((each) => each === category);
  if (known === undefined) throw new FormatError('record', `"${type.slice(0, 128)}" is not a record type.`);
  return known;
}

/**
 * A record to the text of its leaf. The record's members lie in the schema's order already (normalizing and the sealer put
 * them there): one stringify, nothing else, for this runs once per record. What does not fit a leaf is shortened.
 * `reserve`: bytes to leave free, for {@link appendEvidence}.
 */
export function formatRecord(record: TrailRecord, reserve = 0): string {
  const line = JSON.stringify(record);
  return fits(line, MAX_LEAF_BYTES - reserve) ? line : formatShortened(record, MAX_LEAF_BYTES - reserve);
}

/** The most bytes that `,"evidence":{…}` can take. */
export const EVIDENCE_RESERVE = 512;

/**
 * Puts the evidence, the last member of `data`, into a line that was formatted without: where a message's bytes lie is known
 * only when all messages of the segment are, and stringifying a record twice would cost more than everything else.
 */
export function appendEvidence(line: string, evidence: string): string {
  return `${line.slice(0, -2)},"evidence":${evidence}}}`;
}

/** A UTF-16 unit takes at most three bytes of UTF-8, so most lines need not be measured. */
function fits(line: string, limit: number): boolean {
  return line.length * 3 <= limit || Buffer.byteLength(line) <= limit;
}

/** Checks a record against the schema and puts its members in the schema's order. Throws FormatError `record`. */
export function parseRecord(value: unknown): TrailRecord {
  const checked = recordSchema.safeParse(value);
  if (!checked.success)
    throw new FormatError('record', `The record does not fit the schema ${firstIssue(checked.error)}`);
  return checked.data;
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return `at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
}

/** Two rounds: shorter lists and texts first, then only what identifies the event. What was shortened is named. */
function formatShortened(record: TrailRecord, limit: number): string {
  const { project, authority: judged, collected, evidence, ...normalized } = record.data;
  for (const [most, length] of [
    [64, 256],
    [8, 128],
  ] as const) {
    const cut = new Set<string>();
    const shorten = (value: unknown, member: string): unknown => {
      if (typeof value === 'string') {
        if (value.length > length) cut.add(member);
        return cutText(value, length);
      }
      if (Array.isArray(value)) {
        if (value.length > most) cut.add(member);
        return value.slice(0, most).map((each) => shorten(each, member));
      }
      if (typeof value === 'object' && value !== null) {
        return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shorten(each, key)]));
      }
      return value;
    };
    const shortened = shorten(normalized, 'data') as typeof normalized;
    const whole = { ...record, data: { ...shortened, cut: [...cut], project, authority: judged, collected, evidence } };
    const line = JSON.stringify(parseRecord(whole));
    if (fits(line, limit)) return line;
  }
  throw new FormatError('recordTooLarge', `Record ${record.id} does not fit into ${limit} bytes, even shortened.`);
}

/** The members of a leaf that a verifier needs, read from both ends of its bytes without trusting what lies between. */
export interface LeafFacts {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly category: Category;
  /** Absent for the sealer's own records. */
  readonly message:
    | { readonly sequenceNumber: number; readonly enqueued: string; readonly record: number; readonly of: number }
    | undefined;
  readonly evidence: Evidence | undefined;
}

const TIME = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z`;
const HEAD = new RegExp(
  String.raw`^\{"specversion":"1\.0","id":"([0-9a-f]{32})","type":"(indelible\.([a-z]+)\.[a-z0-9_]+\.[a-z0-9_]+)","time":"(${TIME})","source":"`,
);
const TAIL = new RegExp(
  String.raw`,"sequenceNumber":(\d{1,16}),"enqueued":"(${TIME})","record":(\d{1,5}),"of":(\d{1,5})\},"evidence":\{"sha256":"([0-9a-f]{64})","size":(\d{1,16})` +
    String.raw`(?:,"missing":"(absent|otherBytes)"|,"blob":"(\d{4}/\d{2}/[0-9a-f]{64}\.zst)","offset":(\d{1,16}),"length":(\d{1,16}))\}\}\}$`,
);
// Both are longer than the longest text that the expressions match.
const HEAD_BYTES = 256;
const TAIL_BYTES = 512;

/**
 * Reads a leaf's facts from its bytes. No string inside the record can imitate them: a quote within a JSON string is
 * escaped, and both expressions are anchored at an end of the line. Throws FormatError `record`.
 */
export function parseLeafFacts(leaf: Buffer): LeafFacts {
  const headMatch = HEAD.exec(leaf.toString('latin1', 0, HEAD_BYTES));
  if (headMatch === null) throw new FormatError('record', 'The leaf does not begin as a record does.');
  const [, id, type, category, time] = headMatch as unknown as [string, string, string, string, string];
  const known = CATEGORIES.find((each) => each === category);
  if (known === undefined) throw new FormatError('record', `Record ${id} has the unknown category "${category}".`);
  const facts = { id, type, time, category: known };
  if (type === SEAL_TYPE || type === GAP_TYPE || type === ADOPTION_TYPE) {
    return { ...facts, message: undefined, evidence: undefined };
  }
  const tail = TAIL.exec(leaf.toString('latin1', Math.max(0, leaf.length - TAIL_BYTES)));
  if (tail === null) throw new FormatError('record', `Record ${id} does not end as a record of a message does.`);
  const [, sequenceNumber, enqueued, record, of, sha256Text, size, missing, blob, offset, length] = tail;
  return {
    ...facts,
    message: {
      sequenceNumber: Number(sequenceNumber),
      enqueued: enqueued as string,
      record: Number(record),
      of: Number(of),
    },
    evidence: {
      sha256: sha256Text as string,
      size: Number(size),
      ...(missing === undefined
        ? { blob: blob as string, offset: Number(offset), length: Number(length) }
        : { missing: missing as 'absent' | 'otherBytes' }),
    },
  };
}
