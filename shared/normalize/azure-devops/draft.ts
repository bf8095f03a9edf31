import { hash } from 'node:crypto';

import type { Actor, Category, Link, Outcome, Related, Target } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutText, TEXT_LIMITS } from '../../wire/text.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { oneLine } from '../github/draft.ts';
import type { DraftData, RecordDraft } from '../normalizer.ts';
import { longTextAt, objectAt, timeAt } from '../read.ts';
import { placeOf } from './address.ts';
import type { Place } from './address.ts';
import { UNKNOWN } from './identity.ts';

/** One event, with what most handlers ask of it. */
export interface Delivery {
  /** As the payload names it. */
  readonly event: string;
  readonly payload: JsonObject;
  /** Absent where the subscription is set to send no details. */
  readonly resource: JsonObject | undefined;
  /** First line of the message for people: for some events it alone says what was done. */
  readonly message: string | undefined;
  readonly place: Place;
}

export type Handler = (delivery: Delivery) => readonly RecordDraft[];

/** Never throws. */
export function readDelivery(event: string, payload: JsonObject): Delivery {
  const text = longTextAt(payload, 'message', 'text') ?? longTextAt(payload, 'detailedMessage', 'text');
  const line = text === undefined ? '' : oneLine(text.split(/[\r\n]/, 1)[0] ?? '', TEXT_LIMITS.name);
  return {
    event,
    payload,
    resource: objectAt(payload, 'resource'),
    message: line === '' ? undefined : line,
    place: placeOf(payload),
  };
}

/** What a handler says of one record; the rest is the same for all and added by {@link draftOf}. */
export interface Facts {
  readonly part?: string;
  readonly category: Category;
  /** snake_case */
  readonly object: string;
  /** snake_case, past tense */
  readonly verb: string;
  /** When the event was made, where absent. */
  readonly time?: Timestamp | undefined;
  /** The project, where absent. */
  readonly source?: string | undefined;
  readonly subject?: string | undefined;
  readonly actor?: Actor | undefined;
  /** `succeeded` where absent: a hook tells of what was done. */
  readonly outcome?: Outcome;
  readonly target?: Target | undefined;
  readonly related?: readonly (Related | undefined)[];
  readonly changes?: DraftData['changes'] | undefined;
  readonly decision?: DraftData['decision'] | undefined;
  readonly details?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly clock?: Readonly<Partial<Record<keyof NonNullable<DraftData['clock']>, Timestamp | undefined>>>;
  readonly links?: readonly (Link | undefined)[];
  /** What the actor did, without the actor: `approved pull request #12 of payments/ledger`. */
  readonly did: string;
  readonly inconsequential?: boolean;
}

/** One record of an event. */
export function draftOf(delivery: Delivery, facts: Facts): RecordDraft {
  const { place, payload } = delivery;
  const { actor, target, decision } = facts;
  const source = facts.source ?? place.project ?? place.base;
  const time = facts.time ?? createdAt(payload);
  const related = uniqueRelated([...(facts.related ?? []), projectOf(place)], target, source);
  const links = uniqueLinks(facts.links ?? []);
  const details = definedDetails(facts.details ?? {});
  const clock = clockOf(facts.clock ?? {});
  const data: DraftData = {
    ...(actor === undefined ? {} : { actor }),
    action: cutText(delivery.event),
    outcome: facts.outcome ?? 'succeeded',
    summary: oneLine(`${spokenActor(actor, facts.outcome)} ${facts.did}`, SUMMARY_LENGTH),
    ...(target === undefined ? {} : { target: { ...target, id: cutText(target.id, 'uri') } }),
    ...(related.length === 0 ? {} : { related }),
    ...(facts.changes === undefined || facts.changes.length === 0 ? {} : { changes: facts.changes }),
    ...(details === undefined ? {} : { details }),
    ...(facts.inconsequential === true ? { inconsequential: true as const } : {}),
    ...(decision === undefined ? {} : { decision }),
    ...(clock === undefined ? {} : { clock }),
    ...(links.length === 0 ? {} : { links }),
  };
  return {
    part: partOf(facts.part ?? ''),
    type: `indelible.${facts.category}.${facts.object}.${facts.verb}`,
    source,
    ...(facts.subject === undefined ? {} : { subject: cutText(facts.subject, 'uri') }),
    ...(time === undefined ? {} : { time }),
    data,
  };
}

/** Most events say so under this name, a few under the name of what was done. */
function createdAt(payload: JsonObject): Timestamp | undefined {
  return momentAt(payload, 'createdDate') ?? momentAt(payload, 'updatedDate') ?? momentAt(payload, 'resizedDate');
}

/** A time; undefined for the year 9999 as well, with which work items say that a revision is still the newest. */
export function momentAt(value: unknown, ...path: readonly string[]): Timestamp | undefined {
  const time = timeAt(value, ...path);
  return time === undefined || time >= '9000' ? undefined : time;
}

const SUMMARY_LENGTH = 512;

/** What waits for people was asked by the platform, on whosever behalf. */
function spokenActor(actor: Actor | undefined, outcome: Outcome | undefined): string {
  if (actor === undefined || (actor.id === UNKNOWN.id && outcome === 'pending')) return 'Azure DevOps';
  if (actor.id === UNKNOWN.id) return 'Somebody unnamed';
  const { onBehalfOf } = actor;
  const behalf = onBehalfOf === undefined ? '' : ` (for ${onBehalfOf.name ?? onBehalfOf.id})`;
  return `${actor.name ?? actor.id}${behalf}`;
}

/** Parts tell the records of one event apart: two long ones must not become one by being cut. */
function partOf(part: string): string {
  return part.length <= TEXT_LIMITS.name ? part.toWellFormed() : hash('sha256', part.toWellFormed(), 'hex');
}

function projectOf({ project, projectName }: Place): Related | undefined {
  if (project === undefined) return undefined;
  return { part: 'project', kind: 'project', id: project, ...(projectName === undefined ? {} : { name: projectName }) };
}

function uniqueRelated(all: readonly (Related | undefined)[], target: Target | undefined, source: string): Related[] {
  const seen = new Set<string>();
  return all.flatMap((each) => {
    if (each === undefined || each.id === '') return [];
    // Where it happened is told already: as the source, or as the target.
    if (each.part === each.kind && (each.id === target?.id || (each.part === 'project' && each.id === source)))
      return [];
    const key = `${each.part} ${each.id}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ ...each, id: cutText(each.id, 'uri') }];
  });
}

function uniqueLinks(all: readonly (Link | undefined)[]): Link[] {
  const seen = new Set<string>();
  return all.flatMap((each) => {
    if (each === undefined || seen.has(`${each.kind} ${each.id}`)) return [];
    seen.add(`${each.kind} ${each.id}`);
    return [{ kind: each.kind, id: cutText(each.id, 'uri') }];
  });
}

function definedDetails(details: NonNullable<Facts['details']>): DraftData['details'] {
  const defined = Object.entries(details).flatMap(([name, value]): [string, string | number | boolean][] =>
    value === undefined || value === '' ? [] : [[name, typeof value === 'string' ? cutText(value, 'long') : value]],
  );
  return defined.length === 0 ? undefined : Object.fromEntries(defined);
}

function clockOf(clock: NonNullable<Facts['clock']>): DraftData['clock'] {
  const shown = Object.entries(clock).flatMap(([moment, at]) =>
    at === undefined ? [] : [[moment, { at, by: 'source' as const }] as const],
  );
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}

/** `12` as `#12`, with the space before it; nothing where there is no number. */
export function numbered(number: string | number | undefined): string {
  return number === undefined ? '' : ` #${number}`;
}

/** `of payments`, with the space before it; nothing where the name is not known. */
export function joined(word: 'of' | 'in' | 'to', name: string | undefined): string {
  return name === undefined ? '' : ` ${word} ${oneLine(name, 120)}`;
}
