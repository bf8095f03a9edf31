import type { Grant } from '../../wire/record.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, objectAt, textAt, timeAt } from '../read.ts';
import { outcomeOf } from './conclusion.ts';
import { changeOf, changesOf } from './changes.ts';
import { draftOf, timeOf } from './draft.ts';
import type { Delivery, Facts } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/**
 * `repository`, `public`: what happens to a repository as a whole. All of it is access: who may see it (public, private),
 * whose it is (transferred), whether it can be written (archived), whether it is there at all.
 */
export function normalizeRepository(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source } = delivery;
  const repository = objectAt(payload, 'repository');
  const verb = event === 'public' ? 'publicized' : verbOf(delivery.action);
  const name = textAt(repository, 'full_name') ?? source;
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'repository',
      verb,
      time:
        event === 'public'
          ? timeAt(repository, 'updated_at')
          : // A repository that is gone says only when it was last changed.
            timeOf(delivery, repository, { created: 'created_at', deleted: undefined, other: 'updated_at' }),
      subject: textAt(repository, 'full_name'),
      target: { kind: 'repository', id: source, name },
      changes: [...changesOf(payload, repository), ...visibilityChange(verb)],
      details: {
        visibility: textAt(repository, 'visibility'),
        private: booleanAt(repository, 'private'),
        archived: booleanAt(repository, 'archived'),
        fork: booleanAt(repository, 'fork'),
        defaultBranch: textAt(repository, 'default_branch'),
      },
      grant: visibilityGrant(verb, source),
      did: saidOf(verb, name),
      joint: '',
    }),
  ];
}

function visibilityChange(verb: string): NonNullable<Facts['changes']> {
  if (verb === 'publicized') return [changeOf('private', true, false)];
  return verb === 'privatized' ? [changeOf('private', false, true)] : [];
}

/** A public repository is a right that everybody was given. */
function visibilityGrant(verb: string, scope: string): Grant | undefined {
  const open = verb === 'publicized' || verb === 'anonymous_access_enabled';
  if (!open && verb !== 'privatized' && verb !== 'anonymous_access_disabled') return undefined;
  return {
    change: open ? 'granted' : 'revoked',
    principal: { kind: 'unknown', name: 'everybody' },
    role: { name: 'read' },
    scope,
  };
}

/** `enterprise`: anonymous Git access of a GitHub Enterprise Server. */
export function normalizeEnterprise(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const enterprise = objectAt(payload, 'enterprise');
  const verb = verbOf(delivery.action);
  const name = textAt(enterprise, 'name') ?? textAt(enterprise, 'slug') ?? source;
  return [
    draftOf(delivery, {
      category: 'access',
      object: 'enterprise',
      verb,
      subject: textAt(enterprise, 'slug') ?? 'enterprise',
      target: { kind: 'enterprise', id: source, name },
      grant: visibilityGrant(verb, source),
      did: saidOf(verb, `enterprise ${name}`),
    }),
  ];
}

/** `repository_import`: code came from another place, with its history. */
export function normalizeImport(delivery: Delivery): readonly RecordDraft[] {
  const { payload, source } = delivery;
  const status = textAt(payload, 'status');
  return [
    draftOf(delivery, {
      category: 'code',
      object: 'repository',
      verb: 'imported',
      subject: textAt(payload, 'repository', 'full_name'),
      outcome: outcomeOf(status),
      target: { kind: 'repository', id: source, name: textAt(payload, 'repository', 'full_name') ?? source },
      details: { status },
      did: `imported into ${textAt(payload, 'repository', 'full_name') ?? 'a repository'} (${status ?? 'no status'})`,
      joint: '',
    }),
  ];
}
