import type { Envelope } from '../../wire/envelope.ts';
import { recordId } from '../../wire/record.ts';
import type { Actor, Ai, Link, Outcome, RecordData, Related, Target } from '../../wire/record.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { oneLine } from '../github/draft.ts';
import type { DraftData, RecordDraft } from '../normalizer.ts';
import { textAt } from '../read.ts';
import { defined } from '../stated.ts';
import { tokenCallerOf, tokenOriginOf } from '../token-caller.ts';

/** Who sent the message, as the token says that the app checked. */
export interface Sender {
  /** Absent only where the envelope carries no claims. */
  readonly caller: Actor | undefined;
  readonly origin: NonNullable<RecordData['origin']>;
  /** Id that the record of this part will have; undefined where the message has no delivery. */
  readonly recordId: (part: string) => string | undefined;
}

export function senderOf(envelope: Envelope): Sender {
  const { source, delivery } = envelope;
  return {
    caller: textAt(envelope.claims, 'oid') === undefined ? undefined : tokenCallerOf(envelope),
    origin: tokenOriginOf(envelope),
    recordId: (part) => (delivery === undefined || delivery === '' ? undefined : recordId([source, delivery, part])),
  };
}

/** What whoever sends a payload says of it beside it: which system, for what, in which project. */
export interface Context {
  readonly project?: string | undefined;
  readonly environment?: string | undefined;
  /** Goes before what the payload itself says. */
  readonly ai?: Ai | undefined;
  readonly links?: readonly Link[] | undefined;
  readonly details?: Details | undefined;
}

export type Details = Readonly<Record<string, string | number | boolean | undefined>>;

/** What one payload says of one record; the rest is the same for all and added by {@link draftOf}. */
export interface Facts {
  readonly category?: 'access' | 'infrastructure';
  /** snake_case */
  readonly object: string;
  /** snake_case, past tense */
  readonly verb: string;
  /** In the source's own words. */
  readonly action: string;
  /** `succeeded` where absent. */
  readonly outcome?: Outcome | undefined;
  /** Who acted, where that is not the AI that `ai` names; `caller`: whoever sent it. */
  readonly actor?: Actor | 'caller' | undefined;
  /** Without the actor: `called the tool look_up`. Of an output that was generated it follows from how that ended. */
  readonly did?: string;
  /** An output that people may judge: under its own id, or, where it has none, under the record's. */
  readonly isOutput?: boolean;
  /** The source's own id of it. */
  readonly id?: string | undefined;
  readonly time?: Timestamp | undefined;
  readonly ai?: Ai | undefined;
  /** What it was done to, where that is no output: an object, or the kind alone of what has no id but the record's. */
  readonly target?: Target | string | undefined;
  readonly related?: readonly (Related | undefined)[] | undefined;
  readonly links?: readonly (Link | undefined)[] | undefined;
  readonly details?: Details | undefined;
  readonly grant?: DraftData['grant'] | undefined;
  readonly changes?: DraftData['changes'] | undefined;
  readonly origin?: RecordData['origin'] | undefined;
  readonly inconsequential?: boolean;
}

/** One record of a payload. `part`: '' for the one that the sender gets the id of. */
export function draftOf(sender: Sender, facts: Facts, context: Context = {}, part = ''): RecordDraft {
  const ai: Ai = defined({ ...facts.ai, ...context.ai });
  const actor = actorOf(sender, facts, ai);
  const output = facts.isOutput === true ? (facts.id ?? sender.recordId(part)) : undefined;
  const subject = output ?? facts.id;
  const target = targetOf(facts, output, sender.recordId(part), context.environment);
  const related = relatedOf(facts, ai, actor);
  const details = { ...facts.details, ...context.details };
  const links = linksOf(output, ai, [...(facts.links ?? []), ...(context.links ?? [])]);
  const clock = clockOf(ai);
  const data: DraftData = {
    ...(actor === undefined ? {} : { actor }),
    action: facts.action,
    outcome: facts.outcome ?? 'succeeded',
    summary: oneLine(`${nameOf(actor, sender)} ${facts.did ?? didGenerate(facts)}`),
    ...(target === undefined ? {} : { target }),
    ...(related.length === 0 ? {} : { related }),
    ...(facts.changes === undefined ? {} : { changes: facts.changes }),
    // What is undefined among them goes where the draft is finished, with every source's.
    details: details as NonNullable<DraftData['details']>,
    ...(facts.inconsequential === true ? { inconsequential: true } : {}),
    origin: facts.origin ?? sender.origin,
    ...(facts.grant === undefined ? {} : { grant: facts.grant }),
    ...(Object.keys(ai).length === 0 ? {} : { ai }),
    ...(clock === undefined ? {} : { clock }),
    ...(links.length === 0 ? {} : { links }),
  };
  const { project } = context;
  return {
    part,
    type: `indelible.${facts.category ?? 'ai'}.${facts.object}.${facts.verb}`,
    source: project === undefined ? sourceOf(facts, ai) : `urn:indelible:project:${project}`,
    ...(subject === undefined ? {} : { subject }),
    time: facts.time ?? ai.ended ?? ai.started,
    data,
  };
}

/** Addresses, URNs and resource ids of Azure name a system everywhere; any other name is only ever that of an AI. */
const ADDRESS = /^(?:https:\/\/|urn:|\/subscriptions\/)/i;

/**
 * A system as it was named, under an id that cannot be somebody else's account: whoever may send outputs of an AI could otherwise
 * name a person as the one who acted.
 */
export function systemId(system: string): string {
  if (/^\/subscriptions\//i.test(system)) return system.toLowerCase();
  return ADDRESS.test(system) ? system : `ai:${system}`;
}

/** `openai:gpt-4o`; the provider alone where no model is named. */
function modelId({ provider, model, deployment }: Ai): string | undefined {
  if (deployment !== undefined && ADDRESS.test(deployment)) return systemId(deployment);
  const named = provider === 'azure.ai.openai' ? (deployment ?? model) : (model ?? deployment);
  if (named === undefined) return provider;
  return `${provider ?? 'ai'}:${named}`;
}

/** The AI that `ai` names: its system, else its model. */
export function aiActor(ai: Ai, kind: 'ai' | 'service' = 'ai'): Actor | undefined {
  const { system } = ai;
  const id = system === undefined ? modelId(ai) : systemId(system);
  if (id === undefined) return undefined;
  const name = system ?? ai.model;
  return { kind, id, ...(name === undefined ? {} : { name }) };
}

function actorOf(sender: Sender, facts: Facts, ai: Ai): Actor | undefined {
  if (facts.actor === 'caller') return sender.caller;
  const actor = facts.actor ?? aiActor(ai);
  const { caller } = sender;
  // People and service accounts of a provider act for themselves, whoever hands their log over.
  if (actor === undefined || caller === undefined || facts.category !== undefined || actor.id === caller.id)
    return actor;
  return { ...actor, onBehalfOf: caller };
}

function nameOf(actor: Actor | undefined, { caller }: Sender): string {
  if (actor === undefined) return caller === undefined ? 'An AI' : `An AI (for ${caller.name ?? caller.id})`;
  const behalf = actor.onBehalfOf;
  return `${actor.name ?? actor.id}${behalf === undefined ? '' : ` (for ${behalf.name ?? behalf.id})`}`;
}

function sourceOf({ category }: Facts, ai: Ai): string {
  if (category !== undefined) return 'https://api.openai.com';
  const place = ai.system === undefined ? modelId(ai) : systemId(ai.system);
  return place === undefined || place === ai.provider ? 'urn:indelible:ai' : place;
}

function targetOf(
  { target: stated, id }: Facts,
  output: string | undefined,
  record: string | undefined,
  environment: string | undefined,
): Target | undefined {
  const kind = typeof stated === 'string' ? stated : 'aiOutput';
  const named = typeof stated === 'string' ? (id ?? record) : output;
  const target = typeof stated === 'object' ? stated : named === undefined ? undefined : { kind, id: named };
  return target === undefined || environment === undefined ? target : { ...target, environment };
}

/** The objects under which an auditor looks for it: everything of a model, of a deployment, of a logic, for a person. */
function relatedOf(facts: Facts, ai: Ai, actor: Actor | undefined): Related[] {
  const model = modelId(ai);
  const related: Related[] = (facts.related ?? []).filter((each) => each !== undefined);
  if (model !== undefined && model !== actor?.id && model !== ai.provider) {
    related.push({ part: 'model', kind: 'aiModel', id: model, ...(ai.model === undefined ? {} : { name: ai.model }) });
  }
  if (ai.logic?.sha256 !== undefined) {
    // As the record of its verification names it.
    related.push({ part: 'logic', kind: 'logic', id: `sha256:${ai.logic.sha256}`, name: ai.logic.name });
  }
  if (ai.requester !== undefined) {
    const { kind, id, name } = ai.requester;
    related.push({ part: 'requester', kind, id, ...(name === undefined ? {} : { name }) });
  }
  return related;
}

/** Of an agent's run there may be thousands; each link is a row of the index. */
const MOST_TOOL_LINKS = 32;

function linksOf(output: string | undefined, ai: Ai, stated: readonly (Link | undefined)[]): Link[] {
  const calls = (ai.toolCalls ?? []).flatMap(({ id }) => (id === undefined ? [] : [id])).slice(0, MOST_TOOL_LINKS);
  const links: (Link | undefined)[] = [
    ...(output === undefined ? [] : [{ kind: 'aiOutput' as const, id: output }]),
    // The request for a tool, and the call itself, name the same id.
    ...calls.map((id) => ({ kind: 'operation' as const, id })),
    ...stated,
  ];
  const seen = new Set<string>();
  return links.filter((link): link is Link => {
    if (link === undefined) return false;
    const key = `${link.kind} ${link.id}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function clockOf({ started, ended }: Ai): DraftData['clock'] {
  if (started === undefined && ended === undefined) return undefined;
  return {
    ...(started === undefined ? {} : { started: { at: started, by: 'source' } }),
    ...(ended === undefined ? {} : { ended: { at: ended, by: 'source' } }),
  };
}

/** Whoever reads `generated` will believe that there is an output. */
function didGenerate({ outcome, id }: Facts): string {
  const output = id === undefined ? 'an output' : `the output ${id}`;
  switch (outcome) {
    case 'failed':
      return `failed to generate ${output}`;
    case 'denied':
      return `was kept by a filter from generating ${output}`;
    case 'pending':
      return `began to generate ${output}`;
    case 'succeeded':
    case 'unknown':
    case undefined:
      return `generated ${output}`;
  }
}
