import type { RecordDraft } from '../normalizer.ts';
import { booleanAt, idAt, longTextAt, numberAt, objectAt, textAt, uriAt } from '../read.ts';
import { principalOf, relatedPerson } from './actor.ts';
import { webUrl } from './address.ts';
import { changesOf } from './changes.ts';
import { draftOf, htmlUrl, quoted, timeOf } from './draft.ts';
import type { Delivery } from './draft.ts';
import { saidOf, verbOf } from './verb.ts';

/** `project`, `project_card`, `project_column`, `projects_v2`, `projects_v2_item`, `projects_v2_status_update` */
export function normalizeProject(delivery: Delivery): readonly RecordDraft[] {
  const { event, payload, source, host } = delivery;
  const thing = objectAt(payload, event);
  const id = idAt(thing, 'id') ?? '';
  const name = textAt(thing, 'title') ?? textAt(thing, 'name') ?? textAt(thing, 'note');
  const number = numberAt(thing, 'number');
  const verb = verbOf(delivery.action);
  const project =
    event === 'projects_v2' && number !== undefined
      ? `${source.replace(/\/(?=[^/]+$)/, '/orgs/')}/projects/${number}`
      : undefined;
  return [
    draftOf(delivery, {
      category: 'code',
      object: event,
      verb,
      time: timeOf(delivery, thing, {
        created: 'created_at',
        archived: 'archived_at',
        closed: 'closed_at',
        deleted: 'deleted_at',
        other: 'updated_at',
      }),
      subject: `${event}/${id}`,
      target: {
        kind: PROJECT_KINDS.get(event) ?? event,
        id: htmlUrl(thing, source) ?? project ?? webUrl(uriAt(thing, 'url'), source) ?? `${source}/${event}/${id}`,
        ...(name === undefined ? {} : { name }),
      },
      related: [
        relatedPerson('creator', principalOf(objectAt(thing, 'creator'), host)),
        relatedPerson('deletedBy', principalOf(objectAt(thing, 'deleted_by'), host)),
      ],
      changes: changesOf(payload, thing),
      details: {
        number,
        state: textAt(thing, 'state') ?? textAt(thing, 'status'),
        public: booleanAt(thing, 'public'),
        contentType: textAt(thing, 'content_type'),
        content: idAt(thing, 'content_node_id'),
        project: idAt(thing, 'project_node_id') ?? webUrl(uriAt(thing, 'project_url'), source),
        column: idAt(thing, 'column_id'),
        contentUrl: webUrl(uriAt(thing, 'content_url'), source),
        startDate: textAt(thing, 'start_date'),
        targetDate: textAt(thing, 'target_date'),
        changedField:
          textAt(payload, 'changes', 'field_value', 'field_name') ??
          textAt(payload, 'changes', 'field_value', 'field_node_id'),
        body: longTextAt(thing, 'body') ?? longTextAt(thing, 'short_description'),
      },
      did: saidOf(verb, `${SPOKEN_PROJECTS.get(event) ?? 'project'}${quoted(name)}`),
    }),
  ];
}

const PROJECT_KINDS = new Map([
  ['project', 'project'],
  ['project_card', 'projectCard'],
  ['project_column', 'projectColumn'],
  ['projects_v2', 'project'],
  ['projects_v2_item', 'projectItem'],
  ['projects_v2_status_update', 'projectStatusUpdate'],
]);

const SPOKEN_PROJECTS = new Map([
  ['project', 'project'],
  ['project_card', 'project card'],
  ['project_column', 'project column'],
  ['projects_v2', 'project'],
  ['projects_v2_item', 'project item'],
  ['projects_v2_status_update', 'project status update'],
]);
