import type { Actor, Outcome, RecordData, Target } from '../../wire/record.ts';
import { oneLine, quoted } from '../github/draft.ts';
import { spoken } from '../github/verb.ts';
import { Unrecognized } from '../normalizer.ts';
import type { RecordDraft } from '../normalizer.ts';
import { actionOf } from './actions.ts';
import type { AuditAction } from './actions.ts';
import { actorOf, authenticationOf, originOf } from './actor.ts';
import { changesOf, dataDetails } from './changes.ts';
import { gateOf, linksOf } from './decisions.ts';
import type { Gate } from './decisions.ts';
import type { AuditEntry } from './entry.ts';
import { happenedIn } from './entry.ts';
import { grantsOf } from './grants.ts';
import type { GrantStep } from './grant-step.ts';
import { sourceOf, surroundings } from './objects.ts';
import type { Thing } from './objects.ts';

/** One entry's records: one, but where the entry gives or takes several rights, one for each. */
export function draftsOf(entry: AuditEntry): readonly RecordDraft[] {
  const action = actionOf(entry.action, entry.fields.text('CategoryDisplayName', 'Category'));
  const actor = actorOf(entry);
  const about = action.of(entry);
  const gate = gateOf(entry, actor);
  if (actor === undefined && isNowhere(entry, about)) {
    throw new Unrecognized('shape', 'The entry says neither who acted nor on what.');
  }
  const steps = grantsOf(entry, actor, about?.target);
  const common = { entry, action, actor, about, gate };
  return steps.length === 0 ? [draftOf(common, undefined)] : steps.map((step) => draftOf(common, step));
}

/** True where not even the organization is known. */
function isNowhere({ organization, place, fields }: AuditEntry, about: Thing | undefined): boolean {
  const known = organization ?? place.project ?? fields.id('ScopeId');
  return known === undefined && (about === undefined || about.target.id === place.base);
}

interface Common {
  readonly entry: AuditEntry;
  readonly action: AuditAction;
  readonly actor: Actor | undefined;
  readonly about: Thing | undefined;
  readonly gate: Gate | undefined;
}

function draftOf({ entry, action, actor, about, gate }: Common, step: GrantStep | undefined): RecordDraft {
  const outcome = gate?.outcome ?? action.outcome ?? resultOf(entry);
  const target = step?.target ?? about?.target;
  const subject = step?.subject ?? about?.subject;
  const changes = changesOf(entry);
  const details = { ...dataDetails(entry), ...entryDetails(entry), ...present(step?.details ?? {}) };
  const within = about?.within;
  const source = sourceOf(entry);
  return {
    part: step?.part ?? '',
    type: `indelible.${action.category}.${action.object}.${verbOf(entry, action, step, gate)}`,
    source,
    ...(subject === undefined ? {} : { subject }),
    ...(entry.time === undefined ? {} : { time: entry.time }),
    data: {
      ...(actor === undefined ? {} : { actor }),
      action: entry.action,
      outcome,
      summary: summaryOf(entry, action, actor, target, outcome, step?.did ?? gate?.did ?? deploymentDid(entry, target)),
      ...(target === undefined ? {} : { target }),
      related: unique([
        ...principalsOf(step, actor, target),
        ...(within === undefined || within.id === source ? [] : [within]),
        ...(gate?.related ?? []),
        ...surroundings(entry, target, source),
      ]),
      ...(changes.length === 0 ? {} : { changes }),
      details,
      ...(action.inconsequential === true || isInternalGroup(entry) ? { inconsequential: true as const } : {}),
      origin: originOf(entry),
      ...(gate === undefined ? {} : { decision: gate.decision }),
      ...(step === undefined ? {} : { grant: step.grant }),
      clock: clockOf(entry, outcome, gate),
      links: linksOf(entry, gate),
    },
  };
}

/** Memberships in bulk go either way, and so do approvals and deployments. */
function verbOf(
  entry: AuditEntry,
  { verb, object }: AuditAction,
  step: GrantStep | undefined,
  gate: Gate | undefined,
): string {
  if (object === 'group_member' && verb === 'changed' && step !== undefined) {
    return step.grant.change === 'granted' ? 'added' : step.grant.change === 'revoked' ? 'removed' : verb;
  }
  if (verb === 'visibility_changed')
    return VISIBILITIES.get(entry.data.text('ProjectVisibility')?.toLowerCase() ?? '') ?? verb;
  if (verb !== 'completed') return verb;
  if (gate === undefined) return deployed(entry)?.verb ?? verb;
  const { step: way, verdict } = gate.decision;
  return way === 'voted' ? (VERDICTS[verdict ?? ''] ?? verb) : way;
}

/** As GitHub's records call it. */
const VISIBILITIES: ReadonlyMap<string, string> = new Map([
  ['public', 'publicized'],
  ['private', 'privatized'],
]);

const VERDICTS: Readonly<Record<string, string>> = { approve: 'approved', reject: 'rejected', override: 'overridden' };

interface Deployed {
  readonly verb: string;
  readonly outcome: Outcome;
}

/** The verbs are those of service hooks' records. */
const DEPLOYED: ReadonlyMap<string, Deployed> = new Map<string, Deployed>([
  ['succeeded', { verb: 'succeeded', outcome: 'succeeded' }],
  ['succeededwithissues', { verb: 'succeeded', outcome: 'succeeded' }],
  ['partiallysucceeded', { verb: 'partially_succeeded', outcome: 'failed' }],
  ['failed', { verb: 'failed', outcome: 'failed' }],
  ['rejected', { verb: 'failed', outcome: 'failed' }],
  ['canceled', { verb: 'canceled', outcome: 'failed' }],
  ['cancelled', { verb: 'canceled', outcome: 'failed' }],
  ['abandoned', { verb: 'abandoned', outcome: 'failed' }],
  ['skipped', { verb: 'skipped', outcome: 'failed' }],
  ['notdeployed', { verb: 'failed', outcome: 'failed' }],
]);

function deployed({ data, action }: AuditEntry): Deployed | undefined {
  const result = /deployment/i.test(action) ? data.text('DeploymentResult') : undefined;
  return result === undefined
    ? undefined
    : (DEPLOYED.get(result.toLowerCase()) ?? { verb: 'completed', outcome: 'unknown' });
}

/** All else that is logged came about. */
function resultOf(entry: AuditEntry): Outcome {
  return deployed(entry)?.outcome ?? 'succeeded';
}

/** Azure DevOps keeps track of its members in a group of its own, and documents that its changes mean nothing. */
function isInternalGroup({ data }: AuditEntry): boolean {
  return /DirectoryServiceAddMember/i.test(data.text('GroupName') ?? '');
}

function entryDetails({ fields }: AuditEntry): Record<string, string> {
  return present({
    area: fields.text('Area'),
    // The stream writes a number as the category, and its name beside it.
    actionCategory: fields.text('CategoryDisplayName', 'Category'),
    description: fields.long('Details'),
    authenticationMechanism: authenticationOf(fields).mechanism,
    activity: fields.id('ActivityId'),
    actorUniqueId: fields.id('ActorCUID'),
    organizationId: fields.id('ScopeId'),
    projectId: fields.id('ProjectId'),
  });
}

function present(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function clockOf(
  { time, data }: AuditEntry,
  outcome: Outcome,
  gate: Gate | undefined,
): NonNullable<RecordData['clock']> {
  const started = data.time('StartTime');
  const ended = data.time('FinishTime') ?? time;
  const shown = (at: string | undefined) => (at === undefined ? undefined : ({ at, by: 'source' } as const));
  const moments = {
    started: shown(started),
    decided: gate?.decision.step === 'voted' ? shown(time) : undefined,
    ended: shown(ended),
    effective: outcome === 'succeeded' ? shown(time) : undefined,
  };
  return Object.fromEntries(Object.entries(moments).filter(([, each]) => each !== undefined));
}

/** Whose right it is, so that the person is found by what was given to them. */
function principalsOf(
  step: GrantStep | undefined,
  actor: Actor | undefined,
  target: Target | undefined,
): NonNullable<RecordData['related']> {
  const { id, kind, name } = step?.grant.principal ?? {};
  if (id === undefined || id === target?.id || id === actor?.id) return [];
  return [{ part: 'principal', kind: kind ?? 'unknown', id, ...(name === undefined ? {} : { name }) }];
}

function unique(all: NonNullable<RecordData['related']>): NonNullable<RecordData['related']> {
  const seen = new Set<string>();
  return all.filter(({ part, id }) => {
    const key = `${part} ${id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

const SUMMARY_LENGTH = 512;

/** Known actions in our own words; unknown ones in those of the entry, where it has any. */
function summaryOf(
  entry: AuditEntry,
  action: AuditAction,
  actor: Actor | undefined,
  target: Target | undefined,
  outcome: Outcome,
  did: string | undefined,
): string {
  const behalf = actor?.onBehalfOf === undefined ? '' : ` (for ${actor.onBehalfOf.name ?? actor.onBehalfOf.id})`;
  const who = `${actor?.name ?? actor?.id ?? 'Somebody unnamed'}${behalf}`;
  const place = entry.place.projectName ?? entry.organization;
  const isPlace = target?.id === happenedIn(entry);
  const isOwn = target?.kind === action.object;
  const named = place === undefined || (isPlace && isOwn) ? '' : ` in ${place}`;
  const what = did ?? whatIn(entry, action, isPlace && !isOwn ? undefined : target?.name);
  return oneLine(`${who} ${what}${named}${outcome === 'succeeded' ? '' : ` (${outcome})`}`, SUMMARY_LENGTH);
}

/** As service hooks' records say it. */
function deploymentDid(entry: AuditEntry, target: Target | undefined): string | undefined {
  if (deployed(entry) === undefined) return undefined;
  const where = target?.environment === undefined ? '' : ` to ${target.environment}`;
  return `completed the deployment of${quoted(target?.name)}${where}`;
}

function whatIn({ action: name, fields, data }: AuditEntry, action: AuditAction, object: string | undefined): string {
  const what = `${spoken(action.object)}${quoted(object)}`;
  if (action.known) {
    if (action.verb === 'visibility_changed') {
      const now = data.text('ProjectVisibility');
      return `changed the visibility of the ${what}${now === undefined ? '' : ` to ${now}`}`;
    }
    // `visibility_changed`, `linked_to_tenant`: the object belongs between the words.
    const [, part] = /^(.+)_changed$/.exec(action.verb) ?? [];
    const [, verb, toWhat] = /^([a-z]+)_((?:to|from|in)_.+)$/.exec(action.verb) ?? [];
    if (part !== undefined) return `changed the ${spoken(part)} of the ${what}`;
    return verb === undefined ? `${spoken(action.verb)} the ${what}` : `${verb} the ${what} ${spoken(toWhat ?? '')}`;
  }
  const said = fields.text('Details');
  return `did ${oneLine(name, 120)}${said === undefined ? '' : `: ${said}`}`;
}
