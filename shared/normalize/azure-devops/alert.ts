import type { Actor } from '../../wire/record.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutText } from '../../wire/text.ts';
import { hashOf } from '../github/address.ts';
import { linkTo, quoted } from '../github/draft.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idAt, longTextAt, objectAt, objectsAt, textAt, uriAt } from '../read.ts';
import { gitAddress, guidOf, ownAddress } from './address.ts';
import { draftOf, joined, momentAt } from './draft.ts';
import type { Delivery } from './draft.ts';
import { personOf } from './identity.ts';

export type AlertVerb = 'created' | 'state_changed' | 'updated';

/** Objects of records of GitHub's, for GitHub Advanced Security is what finds these, too. */
const OBJECTS = new Map([
  ['code', 'code_scanning_alert'],
  ['secret', 'secret_scanning_alert'],
  ['dependency', 'dependency_alert'],
]);

const STATES = new Map([
  ['fixed', 'fixed'],
  ['dismissed', 'dismissed'],
  ['autodismissed', 'auto_dismissed'],
  ['active', 'reopened'],
]);

/** `ms.vss-alerts.alert-created-event`, `…alert-state-changed-event`, `…alert-updated-event`. The secret itself is never told. */
export function normalizeAlert(verb: AlertVerb): (delivery: Delivery) => readonly RecordDraft[] {
  return (delivery) => {
    const { resource, place } = delivery;
    const id = idAt(resource, 'alertId');
    const type = textAt(resource, 'alertType');
    const state = textAt(resource, 'state');
    const repository =
      gitAddress(place, uriAt(resource, 'repositoryUrl')) ?? ownAddress(place, uriAt(resource, 'repositoryUrl'));
    const title = textAt(resource, 'title');
    const dismissal = objectAt(resource, 'dismissal');
    const done = verb === 'state_changed' ? (STATES.get(state?.toLowerCase() ?? '') ?? verb) : verb;
    const tools = objectsAt(resource, 'tools');
    return [
      draftOf(delivery, {
        category: 'code',
        object: OBJECTS.get(type?.toLowerCase() ?? '') ?? 'security_alert',
        verb: done,
        time:
          verb === 'created'
            ? momentAt(resource, 'introducedDate')
            : verb === 'state_changed'
              ? (momentAt(dismissal, 'requestedOn') ?? (done === 'fixed' ? momentAt(resource, 'fixedDate') : undefined))
              : undefined,
        source: repository,
        subject: id === undefined ? undefined : `alerts/${id}`,
        // A new alert may carry the dismissal of an earlier one like it.
        actor: verb === 'state_changed' ? dismisser(dismissal) : undefined,
        target:
          id === undefined
            ? undefined
            : {
                kind: 'securityAlert',
                id: `${repository ?? place.project ?? place.base}/alerts/${encodeURIComponent(id.toWellFormed())}`,
                ...(title === undefined ? {} : { name: title }),
              },
        related: [repository === undefined ? undefined : { part: 'repository', kind: 'repository', id: repository }],
        details: {
          alertType: type,
          severity: textAt(resource, 'severity'),
          state,
          gitRef: textAt(resource, 'gitRef'),
          tool: tools.flatMap((tool) => textAt(tool, 'name') ?? []).join(', '),
          rule: tools
            .flatMap((tool) => objectsAt(tool, 'rules').flatMap((rule) => textAt(rule, 'friendlyName') ?? []))
            .join(', '),
          dismissalType: verb === 'state_changed' ? textAt(dismissal, 'dismissalType') : undefined,
          dismissalMessage: verb === 'state_changed' ? longTextAt(dismissal, 'message') : undefined,
        },
        links: objectsAt(resource, 'physicalLocations').map((location) =>
          linkTo('commit', hashOf(textAt(location, 'versionControl', 'commitHash')?.toLowerCase())),
        ),
        did: `${SAID.get(done) ?? 'updated'} ${type ?? 'security'} alert${id === undefined ? '' : ` ${id}`}${quoted(title)}${joined(
          'in',
          place.projectName,
        )}`,
      }),
    ];
  };
}

const SAID = new Map([
  ['created', 'found'],
  ['fixed', 'fixed'],
  ['dismissed', 'dismissed'],
  ['auto_dismissed', 'dismissed by itself'],
  ['reopened', 'reopened'],
  ['state_changed', 'changed the state of'],
]);

/** Often by id alone, which may be a person's or a service's. */
function dismisser(dismissal: JsonObject | undefined): Actor | undefined {
  const person = personOf(objectAt(dismissal, 'stateChangedByIdentity'));
  if (person !== undefined) return person;
  const id = guidOf(textAt(dismissal, 'stateChangedBy'));
  return id === undefined ? undefined : { kind: 'unknown', id: cutText(`azure-devops:${id}`, 'uri') };
}
