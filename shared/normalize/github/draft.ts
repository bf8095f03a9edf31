import { hash } from 'node:crypto';

import type { Actor, Category, Link, Outcome, Related, Target } from '../../wire/record.ts';
import { isObject } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { TEXT_LIMITS } from '../../wire/text.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { cutMasked, MASK, maskCredentials } from '../mask.ts';
import type { DraftData, RecordDraft } from '../normalizer.ts';
import { at, objectAt, textAt, timeAt, uriAt } from '../read.ts';
import { ownUrl, pageOf, payloadHost, payloadSource } from './address.ts';
import { principalOf, relatedPerson } from './actor.ts';

/** One delivery, with what most handlers ask of it. */
export interface Delivery {
  /** `X-GitHub-Event` */
  readonly event: string;
  readonly action: string | undefined;
  readonly payload: JsonObject;
  readonly host: string;
  readonly source: string;
  /** The account that GitHub names as the one who caused the event. */
  readonly sender: Actor | undefined;
}

export type Handler = (delivery: Delivery) => readonly RecordDraft[];

/** Reads what all handlers need. Never throws: a payload of `{}` is an act of nobody on `https://github.com`. */
export function readDelivery(event: string, body: JsonObject): Delivery {
  const payload = withoutSecret(body);
  const host = payloadHost(payload);
  return {
    event,
    action: textAt(payload, 'action'),
    payload,
    host,
    source: payloadSource(payload, host),
    sender: principalOf(objectAt(payload, 'sender'), host),
  };
}

/** What identifies an object or an account: masked, it would name another, or none. */
const IDENTIFYING = /^(?:id|node_id|login|full_name|type|action|.*url)$/;

/**
 * The secret that a secret scanning alert found is in the payload for everybody who receives it. No handler sees it, in the
 * texts beside it neither: there it would be cut, or joined with others, and not be recognized any more.
 */
function withoutSecret(payload: JsonObject): JsonObject {
  const secret = at(payload, 'alert', 'secret');
  // Shorter ones are no secret of any issuer, and replacing them would mangle the record.
  if (typeof secret !== 'string' || secret.length < 8) return payload;
  return replaced(payload, '') as JsonObject;

  function replaced(value: Json | undefined, member: string): Json | undefined {
    if (typeof value === 'string') return IDENTIFYING.test(member) ? value : value.replaceAll(secret as string, MASK);
    if (Array.isArray(value)) return value.map((each) => replaced(each, member) as Json);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, replaced(each, name)]));
  }
}

/** What a handler says of one record; the rest is the same for all and added by {@link draftOf}. */
export interface Facts {
  readonly part?: string;
  readonly category: Category;
  /** snake_case */
  readonly object: string;
  /** snake_case, past tense */
  readonly verb: string;
  readonly time?: Timestamp | undefined;
  readonly subject?: string | undefined;
  /** The sender where absent. */
  readonly actor?: Actor | undefined;
  /** `succeeded` where absent: a webhook tells of what was done. */
  readonly outcome?: Outcome;
  /** As {@link isNamed} takes ids; the place where it happened stands in for an object that the payload does not name. */
  readonly target?: Target | undefined;
  readonly related?: readonly (Related | undefined)[];
  readonly changes?: DraftData['changes'] | undefined;
  readonly decision?: DraftData['decision'] | undefined;
  readonly grant?: DraftData['grant'] | undefined;
  readonly origin?: DraftData['origin'] | undefined;
  readonly details?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly clock?: Readonly<Partial<Record<keyof NonNullable<DraftData['clock']>, Timestamp | undefined>>>;
  readonly links?: readonly (Link | undefined)[];
  /** What the actor did, without the actor and the repository: `merged pull request #12 into main`. */
  readonly did: string;
  /** The word before the repository in the summary, `in` where absent; '' where `did` names it already. */
  readonly joint?: 'in' | 'of' | 'on' | 'to' | 'from' | '';
  readonly inconsequential?: boolean | undefined;
}

/** One record of a delivery. Absent members stay absent; texts that are too long for the schema are cut where it is finished. */
export function draftOf(delivery: Delivery, facts: Facts): RecordDraft {
  const actor = facts.actor ?? delivery.sender;
  const target = targetOf(delivery, facts.target);
  const related = uniqueRelated(delivery, [...(facts.related ?? []), ...surroundings(delivery, actor)], target);
  const links = uniqueLinks(delivery, facts.links ?? []);
  const decision = isNamed(delivery, facts.decision?.request) ? facts.decision : undefined;
  const grant = grantOf(delivery, facts.grant);
  const subject = isNamed(delivery, facts.subject) ? facts.subject : undefined;
  const clock = clockOf(facts.clock ?? {});
  const data: DraftData = {
    action: delivery.action === undefined ? delivery.event : `${delivery.event}.${delivery.action}`,
    outcome: facts.outcome ?? 'succeeded',
    summary: summaryOf(delivery, actor, facts),
  };
  // One by one, for this runs once per record, and spreading a dozen objects took a good part of it.
  if (actor !== undefined) data.actor = actor;
  if (target !== undefined) data.target = target;
  if (related.length > 0) data.related = related;
  if (facts.changes !== undefined && facts.changes.length > 0) data.changes = facts.changes;
  // What is undefined or empty among them goes where the draft is finished, with every source's.
  if (facts.details !== undefined) data.details = facts.details as NonNullable<DraftData['details']>;
  if (facts.inconsequential === true) data.inconsequential = true;
  if (facts.origin !== undefined) data.origin = facts.origin;
  if (decision !== undefined) data.decision = decision;
  if (grant !== undefined) data.grant = grant;
  if (clock !== undefined) data.clock = clock;
  if (links.length > 0) data.links = links;
  return {
    part: partOf(facts.part ?? ''),
    type: `indelible.${facts.category}.${facts.object}.${facts.verb}`,
    source: delivery.source,
    ...(subject === undefined ? {} : { subject }),
    ...(facts.time === undefined ? {} : { time: facts.time }),
    data,
  };
}

/**
 * Handlers name an object by its kind and its number or name: `<source>/pull/12`, `hooks/7`. Where the payload has neither,
 * the id that they make ends in `/`, and is nobody's: a record must not name what does not exist.
 */
function isNamed({ source }: Delivery, id: string | undefined): id is string {
  if (id === undefined || id === '') return false;
  return !id.endsWith('/') || (/^https?:/.test(id) && !id.startsWith(`${source}/`));
}

function targetOf(delivery: Delivery, stated: Target | undefined): Target | undefined {
  if (stated === undefined) return undefined;
  if (isNamed(delivery, stated.id)) return stated;
  const { payload, host } = delivery;
  const where =
    place('repository', objectAt(payload, 'repository'), host) ??
    place('organization', objectAt(payload, 'organization'), host) ??
    place('enterprise', objectAt(payload, 'enterprise'), host);
  if (where === undefined) return undefined;
  const { part: _part, ...target } = where;
  return target;
}

function grantOf(delivery: Delivery, stated: Facts['grant']): Facts['grant'] {
  if (stated === undefined || isNamed(delivery, stated.principal.id)) return stated;
  const { id: _unnamed, ...principal } = stated.principal;
  return { ...stated, principal };
}

/** Parts tell a delivery's records apart: two long ones must not become one by being cut. */
function partOf(part: string): string {
  return part.length <= TEXT_LIMITS.name ? part.toWellFormed() : hash('sha256', part.toWellFormed(), 'hex');
}

/** Where it happened, and who sent it where that is not who acted. */
function surroundings({ payload, host, sender }: Delivery, actor: Actor | undefined): (Related | undefined)[] {
  return [
    place('repository', objectAt(payload, 'repository'), host),
    place('organization', objectAt(payload, 'organization'), host),
    place('enterprise', objectAt(payload, 'enterprise'), host),
    actor?.id === sender?.id ? undefined : relatedPerson('sender', sender),
  ];
}

/** A repository, an organization or an enterprise as a related object. */
export function place(part: string, thing: JsonObject | undefined, host: string, kind = part): Related | undefined {
  const id = pageOf(thing, host);
  if (id === undefined) return undefined;
  const name = textAt(thing, 'full_name') ?? textAt(thing, 'login') ?? textAt(thing, 'name');
  return { part, kind, id, ...(name === undefined ? {} : { name }) };
}

function uniqueRelated(
  delivery: Delivery,
  all: readonly (Related | undefined)[],
  target: Target | undefined,
): Related[] {
  const seen = new Set<string>();
  const unique: Related[] = [];
  for (const each of all) {
    if (each === undefined || !isNamed(delivery, each.id)) continue;
    // The target need not be told a second time as the place that it is.
    if (each.part === each.kind && each.id === target?.id) continue;
    const key = `${each.part} ${each.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    unique.push(each);
  }
  return unique;
}

function uniqueLinks(delivery: Delivery, all: readonly (Link | undefined)[]): Link[] {
  const seen = new Set<string>();
  const unique: Link[] = [];
  for (const each of all) {
    if (each === undefined || !isNamed(delivery, each.id)) continue;
    const key = `${each.kind} ${each.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    unique.push(each);
  }
  return unique;
}

/** A link, where its id is known. */
export function linkTo(kind: Link['kind'], id: string | undefined): Link | undefined {
  return id === undefined || id === '' ? undefined : { kind, id };
}

function clockOf(clock: NonNullable<Facts['clock']>): DraftData['clock'] {
  const shown: DraftData['clock'] = {};
  let isEmpty = true;
  for (const [moment, time] of Object.entries(clock)) {
    if (time === undefined) continue;
    shown[moment as keyof typeof clock] = { at: time, by: 'source' };
    isEmpty = false;
  }
  return isEmpty ? undefined : shown;
}

const SUMMARY_LENGTH = 512;

function summaryOf(delivery: Delivery, actor: Actor | undefined, { did, joint = 'in' }: Facts): string {
  const name = textAt(delivery.payload, 'repository', 'full_name');
  const who = actor === undefined ? 'GitHub' : `${actor.name ?? actor.id}${behalf(actor)}`;
  return oneLine(`${who} ${did}${name === undefined || joint === '' ? '' : ` ${joint} ${name}`}`, SUMMARY_LENGTH);
}

function behalf({ onBehalfOf }: Actor): string {
  return onBehalfOf === undefined ? '' : ` (for ${onBehalfOf.name ?? onBehalfOf.id})`;
}

// Line ends and control characters would break the one line; direction overrides make it read as what it is not.
const UNPRINTABLE = /[\s\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** What {@link UNPRINTABLE} may find something in: most texts need not be searched by it. */
const UNUSUAL = /[^ -~]| {2}/;

/** A text on one line. Masked before its lines are joined: `password: x` is a statement on a line of its own alone. */
export function oneLine(text: string, most: number = TEXT_LIMITS.long): string {
  const safe = maskCredentials(cutMasked(text, 'long'));
  return cutMasked((UNUSUAL.test(safe) ? safe.toWellFormed().replace(UNPRINTABLE, ' ') : safe).trim(), most);
}

/** A name in quotes for a summary, with the space before it; nothing where there is no name. */
export function quoted(text: string | undefined): string {
  return text === undefined ? '' : ` "${oneLine(text, 120)}"`;
}

/**
 * The time of an action: the member of `thing` that the table names for it, else the one that it names for `other`. Named
 * as undefined, or not found: undefined, and the record takes the time of receipt.
 */
export function timeOf(
  delivery: Delivery,
  thing: JsonObject | undefined,
  members: Readonly<Record<string, string | undefined>>,
): Timestamp | undefined {
  const { action = '' } = delivery;
  // Actions come from outside: `constructor` must not be found on the table's prototype.
  const named = Object.hasOwn(members, action);
  const member = named ? members[action] : members['other'];
  if (member === undefined) return undefined;
  const other = named ? members['other'] : undefined;
  return timeAt(thing, member) ?? (other === undefined ? undefined : timeAt(thing, other));
}

/** What a GitHub App did for a person: the payload then names the app. */
export function throughApp(thing: JsonObject | undefined): Facts['origin'] {
  const app = objectAt(thing, 'performed_via_github_app');
  const application = textAt(app, 'slug') ?? textAt(app, 'name');
  return application === undefined ? undefined : { application };
}

/** The page of an object of a payload; undefined where that is no address of the host of `source`. */
export function htmlUrl(thing: JsonObject | undefined, source: string): string | undefined {
  return ownUrl(uriAt(thing, 'html_url'), source);
}
