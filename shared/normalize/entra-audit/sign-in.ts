import type { JsonObject } from '../../wire/json.ts';
import type { Actor, Outcome, Target } from '../../wire/record.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idIn, longTextIn, memberIn, objectIn, rowOf, textIn, timeIn } from '../table-row.ts';

import { isAgent } from './actor.ts';
import { inLayers, layersOf, tenantOf } from './event.ts';
import { directoryId } from './target.ts';

/** Exports of a tenant's logs mix the sign-ins with the audit log: SignInLogs, NonInteractiveUserSignInLogs … */
export function isSignIn(entry: JsonObject): boolean {
  const { outer } = layersOf(entry);
  return /signinlogs$/i.test(textIn(outer, 'category') ?? '');
}

/** Refused by Conditional Access, by a blocked account or by a missing assignment, rather than wrong: documented AADSTS codes. */
const REFUSED = new Set([
  50005, 50020, 50053, 50057, 50105, 53000, 53001, 53002, 53003, 53004, 53011, 90094, 90095, 530032, 530034,
]);
/** Something more is asked for, and the sign-in goes on: a second factor, another password, a consent. */
const INTERRUPTED = new Set([
  50055, 50058, 50072, 50074, 50076, 50079, 50125, 50127, 50129, 50140, 50158, 50203, 51006, 65001,
]);

/** Who tried to get a token, for what, from where, and whether it was given. */
export function signInDraft(entry: JsonObject, part: string): RecordDraft {
  const layers = layersOf(entry);
  const { outer, inner } = layers;
  const text = (...names: readonly string[]): string | undefined => inLayers(layers, (row) => textIn(row, ...names));
  const status = rowOf(objectIn(inner, 'status') ?? objectIn(outer, 'status'));
  const code = codeOf(memberIn(status, 'errorcode') ?? memberIn(outer, 'resulttype'));
  const conditional = text('conditionalaccessstatus');
  const outcome = outcomeOf(code, conditional);
  const agent = rowOf(objectIn(inner, 'agent') ?? objectIn(outer, 'agent'));
  const actor = actorOf(text, textIn(outer, 'category') ?? '', isAgent(agent));
  const target = resourceOf(text);
  const tenant = tenantOf(layers);
  const correlation = inLayers(layers, (row) => idIn(row, 'correlationid'));
  const time = inLayers(layers, (row) => timeIn(row, 'createddatetime')) ?? timeIn(outer, 'time', 'timegenerated');
  const who = actor?.name ?? actor?.id ?? 'Somebody unnamed';
  const reason = longTextIn(status, 'failurereason');
  const application = text('appid');
  const address = text('ipaddress', 'calleripaddress');
  const client = inLayers(layers, (row) => longTextIn(row, 'useragent'));
  const session = text('sessionid') ?? text('uniquetokenidentifier');
  const at = time === undefined ? undefined : ({ at: time, by: 'source' } as const);
  return {
    part,
    type: 'indelible.access.sign_in.attempted',
    source: tenant === undefined ? '/tenants' : `/tenants/${tenant.toLowerCase()}`,
    ...(target === undefined ? {} : { subject: target.id }),
    time,
    data: {
      ...(actor === undefined ? {} : { actor }),
      action: textIn(outer, 'operationname') ?? 'Sign-in activity',
      outcome,
      summary: `${who} ${outcome === 'succeeded' ? 'signed in' : 'tried to sign in'} to ${target?.name ?? target?.id ?? 'something unnamed'} with ${text('appdisplayname') ?? application ?? 'an unnamed application'}: ${outcome}${reason === undefined || outcome === 'succeeded' ? '' : ` (${reason})`}`,
      ...(target === undefined ? {} : { target }),
      details: definedDetails({
        category: textIn(outer, 'category'),
        resultCode: code === undefined ? undefined : String(code),
        resultReason: reason,
        tenant,
        application: text('appdisplayname'),
        clientApplication: text('clientappused'),
        conditionalAccess: conditional,
        authenticationRequirement: text('authenticationrequirement'),
        protocol: text('authenticationprotocol'),
        risk: text('risklevelduringsignin'),
        userType: text('usertype'),
        place: textIn(outer, 'location'),
      }),
      origin: {
        ...(address === undefined ? {} : { address }),
        ...(client === undefined ? {} : { client }),
        ...(application === undefined ? {} : { application }),
        ...(session === undefined ? {} : { session }),
      },
      clock: at === undefined ? {} : { ended: at },
      links: correlation === undefined ? [] : [{ kind: 'correlation', id: correlation.toLowerCase() }],
    },
  };
}

function codeOf(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof code === 'number' && Number.isSafeInteger(code)) return code;
  return typeof value === 'string' && /^success/i.test(value) ? 0 : undefined;
}

function outcomeOf(code: number | undefined, conditionalAccess: string | undefined): Outcome {
  if (code === 0) return 'succeeded';
  if (code === undefined) return 'unknown';
  if (REFUSED.has(code) || conditionalAccess?.toLowerCase() === 'failure') return 'denied';
  return INTERRUPTED.has(code) ? 'pending' : 'failed';
}

type Read = (...names: readonly string[]) => string | undefined;

/** A service principal, or else the user; an agent of Entra Agent ID signs in as either. */
function actorOf(text: Read, category: string, agentic: boolean): Actor | undefined {
  const login = text('userprincipalname');
  const user = directoryId(text('userid'), login, undefined, 'user');
  if (user !== undefined && !/^(?:serviceprincipal|managedidentity)/i.test(category)) {
    const name = text('userdisplayname') ?? login;
    return {
      kind: agentic ? 'ai' : 'human',
      id: user,
      ...(name === undefined ? {} : { name }),
      ...(login?.includes('@') === true ? { address: login } : {}),
    };
  }
  const name = text('serviceprincipalname');
  const application = text('appid');
  const id =
    directoryId(text('serviceprincipalid'), undefined, name, 'servicePrincipal') ??
    (application === undefined ? undefined : `entra-app:${application.toLowerCase()}`);
  return id === undefined
    ? undefined
    : { kind: agentic ? 'ai' : 'service', id, ...(name === undefined ? {} : { name }) };
}

/** What the token is for. */
function resourceOf(text: Read): Target | undefined {
  const name = text('resourcedisplayname');
  const application = text('resourceid', 'resourceidentity');
  const id =
    directoryId(text('resourceserviceprincipalid'), undefined, undefined, 'servicePrincipal') ??
    (application === undefined || application.startsWith('/') ? undefined : `entra-app:${application.toLowerCase()}`) ??
    (name === undefined ? undefined : `entra-name:servicePrincipal/${name.toLowerCase()}`);
  if (id !== undefined) return { kind: 'servicePrincipal', id, ...(name === undefined ? {} : { name }) };
  const own = text('appid');
  const said = text('appdisplayname');
  return own === undefined
    ? undefined
    : { kind: 'application', id: `entra-app:${own.toLowerCase()}`, ...(said === undefined ? {} : { name: said }) };
}

function definedDetails(details: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(details).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
