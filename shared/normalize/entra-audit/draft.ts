import type { Actor, Change, Decision, Grant, Link, Outcome, RecordData, Related, Target } from '../../wire/record.ts';
import type { RecordDraft } from '../normalizer.ts';
import { actorOf, originOf } from './actor.ts';
import { ruleFor } from './activities.ts';
import { consentsOf } from './consent.ts';
import type { Consented } from './consent.ts';
import { credentialChanges } from './credential.ts';
import { decisionOf, reasonOf, requestOf } from './decision.ts';
import type { AuditEvent } from './event.ts';
import { grantOf } from './grant.ts';
import type { Granted } from './grant.ts';
import type { Rule } from './rule.ts';
import { propertyText, targetOfRecord } from './target.ts';
import type { AuditTarget } from './target.ts';
import { changesOf, isChange } from './value.ts';

const REFUSED =
  /\b(?:insufficient privileges|insufficient permissions|authorization_requestdenied|unauthorized|forbidden|access ?denied|not authorized|permission denied|does not have permission)\b/i;

/** How it ended; a timeout did not come about as far as anybody knows. */
function outcomeOf({ result, reason }: AuditEvent): Outcome {
  const word = result?.toLowerCase() ?? '';
  if (word.startsWith('succe') || word === '0') return 'succeeded';
  if (/^(?:fail|error|timeout|client ?error|server ?error)/.test(word)) {
    return REFUSED.test(reason ?? '') ? 'denied' : 'failed';
  }
  return word === 'denied' ? 'denied' : 'unknown';
}

/** The records of one entry: one, or as many as a consent has grants. */
export function draftsOf(event: AuditEvent): readonly RecordDraft[] {
  const actor = actorOf(event);
  const ended = outcomeOf(event);
  const rule = adjusted(ruleFor(event), event);
  const consents = rule.grant?.of === 'consent' ? consentsOf(event, ended) : [];
  if (consents.length < 2) return [draftOf(event, rule, actor, ended, event.part, consents[0])];
  return consents.map((consent) =>
    draftOf(
      event,
      rule,
      actor,
      ended,
      [event.part, `grant/${consent.key}`].filter((each) => each !== '').join('/'),
      consent,
    ),
  );
}

/** Certificates and secrets are managed by one activity: what came of it says which keys are new and which are gone. */
function adjusted(rule: Rule, { targets }: AuditEvent): Rule {
  if (rule.credentials !== true || rule.verb !== 'changed') return rule;
  const { added, removed } = credentialChanges(targets);
  if (added.length > 0 && removed.length === 0) return { ...rule, verb: 'added' };
  return removed.length > 0 && added.length === 0 ? { ...rule, verb: 'removed' } : rule;
}

function draftOf(
  event: AuditEvent,
  rule: Rule,
  actor: Actor | undefined,
  ended: Outcome,
  part: string,
  consent: Consented | undefined,
): RecordDraft {
  const granted: Granted | undefined =
    consent === undefined ? grantOf(event, rule, actor, ended) : { grant: consent.grant, holder: event.targets[0] };
  // What failed is no step: nobody was asked, and nobody voted.
  const decision =
    ended === 'failed' || ended === 'denied' ? undefined : decisionOf(event, rule, actor, granted?.grant);
  const outcome = ended === 'succeeded' && decision?.step === 'requested' ? 'pending' : ended;
  const target = targetOf(event, rule, granted);
  const related = relatedTo(event, rule, granted, consent, target);
  return {
    part,
    type: `indelible.access.${rule.object}.${rule.verb}`,
    source: event.source,
    ...(target === undefined ? {} : { subject: target.id }),
    time: event.time,
    data: {
      ...(actor === undefined ? {} : { actor }),
      action: event.activity,
      outcome,
      summary: summaryOf(event, rule, actor, outcome, granted, target, decision),
      ...(target === undefined ? {} : { target }),
      related,
      changes: [...changesIn(event, rule)],
      details: detailsOf(event, consent),
      ...(rule.inconsequential === true ? { inconsequential: true as const } : {}),
      origin: originOf(event),
      ...(decision === undefined ? {} : { decision }),
      ...(granted === undefined ? {} : { grant: granted.grant }),
      clock: clockOf(event, outcome, decision, granted?.grant),
      links: linksOf(event, rule),
    },
  };
}

/** Whoever gets or loses something, else what the entry names first, else the tenant itself. */
function targetOf(
  { targets, source, tenant }: AuditEvent,
  rule: Rule,
  granted: Granted | undefined,
): Target | undefined {
  const ofHolder = ['role', 'member', 'owner', 'accessPackage'].includes(rule.grant?.of ?? '');
  const holder = ofHolder && granted?.holder !== undefined ? targetOfRecord(granted.holder) : undefined;
  const first = targets.map(targetOfRecord).find((each) => each !== undefined);
  return holder ?? first ?? (tenant === undefined ? undefined : { kind: 'tenant', id: source });
}

const MOST_RELATED = 64;

/** The other targets, each in the part that its type plays, and whom or what only the properties name. */
function relatedTo(
  { targets, source }: AuditEvent,
  rule: Rule,
  granted: Granted | undefined,
  consent: Consented | undefined,
  target: Target | undefined,
): Related[] {
  const related = new Map<string, Related>();
  const add = (part: string, each: Target | undefined): void => {
    if (each === undefined || (each.id === target?.id && each.kind === target.kind)) return;
    related.set(`${part} ${each.id}`, { part, ...each });
  };
  const { principal, scope } = granted?.grant ?? {};
  for (const each of targets.slice(0, MOST_RELATED)) {
    const name = each.id === scope ? scopeName(targets, rule, scope) : each.name;
    add(each.kind, targetOfRecord({ ...each, name }));
  }
  const known = new Set([target?.id, ...[...related.values()].map(({ id }) => id)]);
  if (principal?.id !== undefined && !known.has(principal.id)) {
    const kind = principal.kind === 'human' ? 'user' : principal.kind === 'service' ? 'servicePrincipal' : 'principal';
    add('principal', { kind, id: principal.id, ...(principal.name === undefined ? {} : { name: principal.name }) });
  }
  if (scope !== undefined && scope !== source && scope !== '/' && !known.has(scope)) {
    const name = scopeName(targets, rule, scope);
    add('scope', { kind: 'scope', id: scope, ...(name === undefined ? {} : { name }) });
  }
  if (consent?.user !== undefined && !known.has(consent.user)) add('consentedFor', { kind: 'user', id: consent.user });
  return [...related.values()];
}

/** Of what members and owners belong to, Core Directory has the name in properties of the member. */
function scopeName(targets: readonly AuditTarget[], rule: Rule, scope: string | undefined): string | undefined {
  const named = targets.find(({ id }) => id === scope)?.name;
  if (named !== undefined || (rule.grant?.of !== 'member' && rule.grant?.of !== 'owner')) return named;
  return propertyText(targets, 'group.displayname', 'application.displayname', 'serviceprincipal.displayname');
}

/** Properties that describe who got what: the grant says it. */
const DESCRIBES =
  /^(?:role|group|approle|approleassignment|serviceprincipal|user|application|device|policy|delegatedpermissiongrant|consentaction|consentcontext|administrativeunit)\.|^(?:roledefinition\w*|templateid|wellknownobjectname)$/i;
const MOST_CHANGES = 64;

function changesIn({ targets }: AuditEvent, rule: Rule): readonly Change[] {
  const changes: Change[] = [];
  for (const { name, from, to } of targets.flatMap(({ properties }) => properties)) {
    if (changes.length >= MOST_CHANGES) break;
    if (!isChange(name) || (rule.grant !== undefined && DESCRIBES.test(name))) continue;
    if (name.toLowerCase() === 'keydescription') changes.push(...credentialChanges(targets).changes);
    else changes.push(...changesOf(name, from, to));
  }
  return changes.slice(0, MOST_CHANGES);
}

function detailsOf(event: AuditEvent, consent: Consented | undefined): NonNullable<RecordData['details']> {
  const { targets, additional } = event;
  const { added, removed } = credentialChanges(targets);
  const found = {
    category: event.category,
    service: event.service,
    operationType: event.operationType,
    result: event.result,
    resultReason: event.reason,
    tenant: event.tenant,
    justification: additional.get('justification'),
    ticketNumber: additional.get('ticketnumber'),
    ticketSystem: additional.get('ticketsystem'),
    wellKnownRole: propertyText(targets, 'role.wellknownobjectname'),
    assignment: /\((permanent|timebound|renew|extend|extend\/renew)\)/i.exec(event.activity)?.[1]?.toLowerCase(),
    adminConsent: booleanOf(propertyText(targets, 'consentcontext.isadminconsent')),
    consentForAll: booleanOf(propertyText(targets, 'consentcontext.onbehalfofall')),
    consentType: consent?.type ?? propertyText(targets, 'delegatedpermissiongrant.consenttype'),
    addedKeys: added.join(', '),
    removedKeys: removed.join(', '),
    invitedAddress: additional.get('inviteduseremailaddress'),
    applicationId: additional.get('appid'),
    operatingSystem: additional.get('deviceostype'),
  };
  return Object.fromEntries(
    Object.entries(found).filter((pair): pair is [string, string | boolean] => pair[1] !== undefined && pair[1] !== ''),
  );
}

function booleanOf(text: string | undefined): boolean | undefined {
  const word = text?.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

function clockOf(
  { time }: AuditEvent,
  outcome: Outcome,
  decision: Decision | undefined,
  grant: Grant | undefined,
): NonNullable<RecordData['clock']> {
  if (time === undefined) return {};
  const at = { at: time, by: 'source' } as const;
  if (decision?.step === 'requested') return { requested: at };
  // An assignment may be made before it begins.
  const from = grant?.change === 'granted' && grant.from !== undefined && grant.from > time ? grant.from : time;
  return {
    ...(decision?.step === 'voted' ? { decided: at } : {}),
    ended: at,
    ...(outcome === 'succeeded' ? { effective: { at: from, by: 'source' as const } } : {}),
  };
}

function linksOf(event: AuditEvent, rule: Rule): Link[] {
  const request = rule.grant === undefined && rule.decision === undefined ? undefined : requestOf(event);
  return [
    ...(request === undefined ? [] : [{ kind: 'request' as const, id: request }]),
    ...(event.correlation === undefined ? [] : [{ kind: 'correlation' as const, id: event.correlation.toLowerCase() }]),
  ];
}

function summaryOf(
  event: AuditEvent,
  rule: Rule,
  actor: Actor | undefined,
  outcome: Outcome,
  granted: Granted | undefined,
  target: Target | undefined,
  decision: Decision | undefined,
): string {
  const who = actor?.name ?? actor?.id ?? 'Somebody unnamed';
  const what = target?.name ?? target?.id;
  if (outcome === 'failed' || outcome === 'denied' || outcome === 'unknown') {
    const why = event.reason === undefined ? '' : `: ${event.reason}`;
    const how = outcome === 'unknown' ? 'with an unknown outcome' : outcome;
    return `${who}: "${event.activity}"${what === undefined ? '' : ` on ${what}`} ${how}${why}`;
  }
  const reason = decision?.reason ?? (rule.grant === undefined ? undefined : reasonOf(event));
  const because = reason === undefined ? '' : `: ${reason}`;
  if (granted !== undefined) return `${who} ${grantDid(event, rule, granted.grant, actor)}${because}`;
  const object = spoken(rule.object);
  const of = target !== undefined && rule.object.replaceAll('_', '').endsWith(target.kind.toLowerCase()) ? ' ' : ' of ';
  return `${who} ${spoken(rule.verb)} ${object}${what === undefined ? '' : `${of}${what}`}${because}`;
}

/** What was done about somebody's access: `gave Mona the role Owner on Payments`. */
function grantDid(event: AuditEvent, rule: Rule, grant: Grant, actor: Actor | undefined): string {
  const { principal, role, scope, change } = grant;
  const isSelf = principal.id !== undefined && principal.id === actor?.id;
  const whom = isSelf ? 'themselves' : (principal.name ?? principal.id ?? 'somebody unknown');
  const place = scope === event.source ? undefined : (scopeName(event.targets, rule, scope) ?? scope);
  const of = rule.grant?.of;
  const isMembership = of === 'member' || of === 'owner';
  const right = `${nounOf(rule)} ${role.name ?? role.id ?? 'unknown'}${place === undefined || of === 'accessPackage' ? '' : ` on ${place}`}`;
  if (
    rule.decision !== undefined ||
    change === 'requested' ||
    change === 'withdrawn' ||
    change === 'revocationRequested'
  ) {
    return `${ASKED.get(rule.verb) ?? spoken(rule.verb)} ${spoken(rule.object)}: ${right} for ${whom}`;
  }
  if (isMembership && change === 'granted')
    return `added ${whom} as ${role.name ?? of} of ${place ?? 'something unnamed'}`;
  if (isMembership && change === 'revoked')
    return `removed ${whom} as ${role.name ?? of} of ${place ?? 'something unnamed'}`;
  if (rule.object === 'role_activation' && change === 'granted') return `activated the ${right} for ${whom}`;
  if (rule.verb === 'expired') return `ended the expired activation of the ${right} for ${whom}`;
  if (change === 'granted') return `gave ${whom} the ${right}`;
  return change === 'revoked' ? `took the ${right} from ${whom}` : `changed the ${right} of ${whom}`;
}

function nounOf(rule: Rule): string {
  const of = rule.grant?.of;
  if (of === 'delegated' || of === 'consent') return 'permission';
  if (of === 'accessPackage') return 'access package';
  return rule.object === 'role_eligibility' ? 'eligible role' : 'role';
}

const ASKED = new Map([
  ['approval_requested', 'asked for approval of'],
  ['removal_requested', 'asked for the removal of'],
  ['request_expired', 'let the request expire for'],
]);

function spoken(name: string): string {
  return name.replaceAll('_', ' ');
}
