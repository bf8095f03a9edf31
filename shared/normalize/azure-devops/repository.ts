import { changeOf } from '../github/changes.ts';
import type { Change, Related } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, numberAt, objectAt, textAt } from '../read.ts';
import { repositoryUrl } from './address.ts';
import { draftOf, joined, momentAt } from './draft.ts';
import type { Delivery } from './draft.ts';
import { personOf } from './identity.ts';

/** What happened to a repository as a whole. */
export type RepositoryVerb =
  'created' | 'deleted' | 'renamed' | 'forked' | 'status_changed' | 'restored' | 'downloaded';

/**
 * `git.repo.*`. All of it is access: who may see a repository, whether it can be written, whether it is there at all. A fork
 * takes the content elsewhere.
 */
export function normalizeRepository(verb: RepositoryVerb): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const thing = repositoryOf(delivery, verb);
    const page = repositoryUrl(place, thing);
    const name = textAt(thing, 'newName') ?? textAt(thing, 'name');
    const disabled = booleanAt(resource, 'disabled') ?? booleanAt(thing, 'isDisabled');
    const done = verb === 'status_changed' && disabled !== undefined ? (disabled ? 'disabled' : 'enabled') : verb;
    return [
      draftOf(delivery, {
        category: verb === 'forked' ? 'code' : 'access',
        object: 'repository',
        verb: done,
        time: momentAt(resource, 'utcTimestamp'),
        source: page,
        subject: name,
        actor: personOf(objectAt(resource, 'initiatedBy')),
        target:
          page === undefined ? undefined : { kind: 'repository', id: page, ...(name === undefined ? {} : { name }) },
        related: [forkOf(delivery, verb)],
        changes: changesOf(delivery, verb, thing, disabled),
        details: {
          repositoryId: textAt(thing, 'id'),
          visibility: textAt(thing, 'project', 'visibility') ?? textAt(resource, 'project', 'visibility'),
          defaultBranch: textAt(thing, 'defaultBranch'),
          size: numberAt(thing, 'size'),
          disabled,
          hardDelete: booleanAt(resource, 'isHardDelete'),
        },
        did: `${DID[verb](done)} repository ${name ?? 'without a name'}${joined('of', place.projectName)}`,
      }),
    ];
  };
}

const DID: Readonly<Record<RepositoryVerb, (done: string) => string>> = {
  created: () => 'created',
  deleted: () => 'deleted',
  renamed: () => 'renamed',
  forked: () => 'forked',
  status_changed: (done) => (done === 'status_changed' ? 'changed the status of' : done),
  restored: () => 'restored',
  downloaded: () => 'downloaded a branch of',
};

/** A deleted repository is told by its parts; of a fork both sides are there, one inside of the other in older events. */
function repositoryOf({ resource }: Delivery, verb: RepositoryVerb): JsonObject | undefined {
  const thing = objectAt(resource, 'repository');
  if (verb === 'forked') {
    return objectAt(resource, 'sourceRepository') ?? objectAt(thing, 'sourceRepository') ?? thing;
  }
  if (thing !== undefined) {
    const renamed = textAt(thing, 'newName');
    return renamed === undefined ? thing : { ...thing, name: renamed };
  }
  const id = textAt(resource, 'repositoryId');
  const name = textAt(resource, 'repositoryName');
  const project = objectAt(resource, 'project');
  if (id === undefined && name === undefined) return undefined;
  return {
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(project === undefined ? {} : { project }),
  };
}

function forkOf({ resource, place }: Delivery, verb: RepositoryVerb): Related | undefined {
  if (verb !== 'forked') return undefined;
  const thing = objectAt(resource, 'repository');
  const fork =
    objectAt(resource, 'targetRepository') ?? (objectAt(thing, 'sourceRepository') === undefined ? undefined : thing);
  const id = repositoryUrl(place, fork);
  if (id === undefined) return undefined;
  const name = textAt(fork, 'name');
  return { part: 'fork', kind: 'repository', id, ...(name === undefined ? {} : { name }) };
}

function changesOf(
  { resource }: Delivery,
  verb: RepositoryVerb,
  thing: JsonObject | undefined,
  disabled: boolean | undefined,
): Change[] {
  if (verb === 'renamed') {
    const from = textAt(resource, 'oldName') ?? textAt(objectAt(resource, 'repository'), 'oldName');
    const to = textAt(resource, 'newName') ?? textAt(thing, 'newName') ?? textAt(thing, 'name');
    return from === undefined && to === undefined ? [] : [changeOf('name', from, to)];
  }
  if (verb !== 'status_changed') return [];
  const from = textAt(thing, 'oldStatus');
  const to = textAt(thing, 'newStatus');
  if (from !== undefined || to !== undefined) return [changeOf('status', from, to)];
  return disabled === undefined ? [] : [changeOf('disabled', undefined, disabled)];
}
