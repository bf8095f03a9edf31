import type { Grant, Principal, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutMasked } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, objectAt, objectsAt, textAt, textsAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { pageOf } from './address.ts';
import { changesOf, textOf } from './changes.ts';
import { draftOf, htmlUrl, place, timeOf } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/**
 * One record per repository, up to what stays below the 8,192 records and 16 MiB that a message may yield (some 2 KB each);
 * beyond, the main record tells how many there are.
 */
const MOST_REPOSITORIES = 4_000;

const INSTALLATION_RIGHTS = new Map<string, Grant['change']>([
  ['created', 'granted'],
  ['unsuspend', 'granted'],
  ['deleted', 'revoked'],
  ['suspend', 'revoked'],
  ['added', 'granted'],
  ['removed', 'revoked'],
]);

interface Installation {
  readonly thing: JsonObject | undefined;
  readonly id: string | undefined;
  readonly app: Principal;
  readonly permissions: string | undefined;
}

function installationOf({ payload, host }: Delivery): Installation {
  const thing = objectAt(payload, 'installation');
  const app = idAt(thing, 'app_id');
  const slug = textAt(thing, 'app_slug');
  return {
    thing,
    id: idAt(thing, 'id'),
    app: {
      kind: 'service',
      id: cutMasked(`${host}:app/${app ?? slug ?? ''}`, 'uri'),
      ...(slug === undefined ? {} : { name: slug }),
    },
    permissions: permissionsText(objectAt(thing, 'permissions')),
  };
}

/** `administration:write, contents:read` */
export function permissionsText(permissions: JsonObject | undefined): string | undefined {
  const all = Object.entries(permissions ?? {}).map(([name, value]) => `${name}:${textOf(value) ?? ''}`);
  return all.length === 0 ? undefined : cutMasked(all.join(', '), 'long');
}

function installationGrant(installation: Installation, change: Grant['change'], scope: string): Grant {
  return {
    ...(installation.id === undefined ? {} : { id: installation.id }),
    change,
    principal: installation.app,
    role: installation.permissions === undefined ? {} : { name: installation.permissions },
    scope,
  };
}

/** `installation`: an app was given, or lost, rights on an account; one record more for each repository it names. */
export function normalizeInstallation(delivery: Delivery): readonly RecordDraft[] {
  const { action = '', payload, source } = delivery;
  const installation = installationOf(delivery);
  const change = INSTALLATION_RIGHTS.get(action) ?? 'changed';
  const repositories = objectsAt(payload, 'repositories');
  const time = timeOf(delivery, installation.thing, {
    created: 'created_at',
    suspend: 'suspended_at',
    deleted: undefined,
    other: 'updated_at',
  });
  const verb = verbOf(delivery.action);
  const each = change === 'changed' ? [] : repositoryDrafts(delivery, installation, repositories, change, verb, time);
  return [
    draftOf(delivery, {
      ...aboutInstallation(delivery, installation, repositories),
      verb,
      time,
      grant: installationGrant(installation, change, source),
      did: `${INSTALLED.get(verb) ?? saidOf(verb, 'the installation of')} app ${appName(installation)} on ${source}`,
    }),
    ...each,
  ];
}

const INSTALLED = new Map([
  ['created', 'installed'],
  ['deleted', 'uninstalled'],
  ['suspended', 'suspended'],
  ['unsuspended', 'resumed'],
  ['permissions_accepted', 'accepted new permissions of'],
]);

function appName({ app }: Installation): string {
  return app.name ?? app.id;
}

function aboutInstallation(
  { payload, source, host }: Delivery,
  { thing, id, app, permissions }: Installation,
  repositories: readonly JsonObject[],
): Pick<Facts, 'category' | 'object' | 'subject' | 'target' | 'related' | 'details'> {
  return {
    category: 'access',
    object: 'installation',
    subject: `installations/${id ?? ''}`,
    target: {
      kind: 'installation',
      id: htmlUrl(thing, source) ?? `${source}/installations/${id ?? ''}`,
      ...(app.name === undefined ? {} : { name: app.name }),
    },
    related: [
      relatedPerson('application', app),
      relatedPerson('account', principalOf(objectAt(thing, 'account'), host)),
      relatedPerson('requester', principalOf(objectAt(payload, 'requester'), host)),
      relatedPerson('suspendedBy', principalOf(objectAt(thing, 'suspended_by'), host)),
    ],
    details: {
      application: app.name,
      permissions,
      events: textsAt(thing, 'events').join(', '),
      repositorySelection: textAt(thing, 'repository_selection') ?? textAt(payload, 'repository_selection'),
      repositories: repositories.length,
      targetType: textAt(thing, 'target_type'),
    },
  };
}

/** Who had access to one repository must be answered from that repository: hence a record for each. */
function repositoryDrafts(
  delivery: Delivery,
  installation: Installation,
  repositories: readonly JsonObject[],
  change: Grant['change'],
  verb: string,
  time: string | undefined,
): readonly RecordDraft[] {
  if (repositories.length > MOST_REPOSITORIES) return [];
  const about = aboutInstallation(delivery, installation, repositories);
  const drafts = new Map<string, RecordDraft>();
  for (const repository of repositories) {
    const url = pageOf(repository, delivery.host);
    const name = textAt(repository, 'full_name');
    const part = `repository/${idAt(repository, 'id') ?? name ?? ''}`;
    if (url === undefined || drafts.has(part)) continue;
    const draft = draftOf(delivery, {
      ...about,
      part,
      object: 'installation_repository',
      verb,
      time,
      target: { kind: 'repository', id: url, ...(name === undefined ? {} : { name }) },
      details: { application: installation.app.name, private: booleanAt(repository, 'private') },
      grant: installationGrant(installation, change, url),
      did:
        change === 'granted'
          ? `gave app ${appName(installation)} access to ${name ?? url}`
          : `took access to ${name ?? url} from app ${appName(installation)}`,
    });
    drafts.set(part, draft);
  }
  return [...drafts.values()];
}

/** `installation_repositories`: repositories were added to what an app may reach, or taken from it. */
export function normalizeInstallationRepositories(delivery: Delivery): readonly RecordDraft[] {
  const { action = '', payload } = delivery;
  const installation = installationOf(delivery);
  const change = INSTALLATION_RIGHTS.get(action) ?? 'changed';
  const repositories = objectsAt(payload, action === 'removed' ? 'repositories_removed' : 'repositories_added');
  const verb = verbOf(delivery.action);
  const about = aboutInstallation(delivery, installation, repositories);
  return [
    draftOf(delivery, {
      ...about,
      object: 'installation_repositories',
      verb,
      related: [
        ...(about.related ?? []),
        ...(repositories.length > 64 ? [] : repositories.map((each) => repositoryOf(each, delivery.host))),
      ],
      // The right on the account goes on, with another reach: what was given or taken, the repositories' records say.
      grant: installationGrant(installation, 'changed', delivery.source),
      did: `${verb} ${repositories.length} repositories ${action === 'removed' ? 'from' : 'to'} the installation of app ${appName(installation)}`,
    }),
    ...repositoryDrafts(delivery, installation, repositories, change, verb, undefined),
  ];
}

/** A repository that an app or a token may reach; such payloads name it without its page. */
export function repositoryOf(repository: JsonObject, host: string): Related | undefined {
  return place('accessible', repository, host, 'repository');
}

/** `installation_target`: the account that an app is installed on was renamed. */
export function normalizeInstallationTarget(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source, host } = delivery;
  const account = objectAt(payload, 'account');
  const login = textAt(account, 'login') ?? textAt(account, 'slug') ?? source;
  const verb = verbOf(delivery.action);
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'account',
      verb,
      subject: login,
      target: { kind: 'account', id: principalOf(account, host)?.id ?? source, name: login },
      changes: changesOf(payload, account),
      details: { targetType: textAt(payload, 'target_type') },
      did: `${verb} account ${login}`,
    }),
  ];
}

/** `github_app_authorization`: a person took back what let an app act for them. The payload names no app: it is the hook's. */
export function normalizeAppAuthorization(delivery: Delivery): readonly RecordDraft[] {
  const { payload, host, sender } = delivery;
  const verb = verbOf(delivery.action);
  const person = pageOf(objectAt(payload, 'sender'), host) ?? `https://${host}`;
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'app_authorization',
      verb,
      subject: sender?.name ?? sender?.id,
      target: { kind: 'appAuthorization', id: `${person}#app-authorization` },
      grant: {
        change: verb === 'revoked' ? 'revoked' : 'changed',
        principal: { kind: 'service' },
        role: { name: 'user authorization' },
        scope: person,
      },
      did: `${verb} the authorization of the app to act for them`,
    }),
  ];
}
