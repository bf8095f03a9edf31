import { toTimestamp } from '../wire/timestamp.ts';
import { parseBody } from './body.ts';
import { cutMasked } from './mask.ts';
import { Unrecognized } from './normalizer.ts';
import type { Normalizer, NormalizerInput, RecordDraft } from './normalizer.ts';
import { numberAt, textAt, timeAt, uriAt } from './read.ts';
import { tokenCallerOf, tokenOriginOf } from './token-caller.ts';

/**
 * What was asked of the trail and read from it, as the app `report` publishes it before it answers:
 *
 *     {"table":"ByProject","key":"payments","from":"2026-11-01T00:00:00.000Z","to":"2026-12-01T00:00:00.000Z",
 *      "take":100,"continued":false,"rows":2,"events":["8a5e…","0c11…"]}
 *
 * The ids of the events that were read stay in the evidence: as objects of the record, each read of a thousand events would
 * add a thousand rows to the index.
 */
export const readsNormalizer: Normalizer = {
  source: 'reads',
  version: 1,
  normalize(input) {
    return [draftOf(input)];
  },
};

function draftOf({ envelope, body }: NormalizerInput): RecordDraft {
  if (envelope.event !== 'read')
    throw new Unrecognized('event', 'The envelope names no event that the report app sends: read.');
  const read = parseBody(body);
  const table = textAt(read, 'table');
  const key = uriAt(read, 'key');
  const rows = numberAt(read, 'rows');
  if (table === undefined || key === undefined || rows === undefined) {
    throw new Unrecognized('shape', 'The body does not say which table and key were read, and how many rows.');
  }
  const actor = tokenCallerOf(envelope);
  const asked = projectOf(table, key);
  const from = timeAt(read, 'from');
  const to = timeAt(read, 'to');
  return {
    part: '',
    type: 'indelible.access.trail.read',
    source: 'urn:indelible:index',
    subject: table,
    time: toTimestamp(envelope.received),
    data: {
      actor,
      action: 'trail.read',
      outcome: 'succeeded',
      summary: cutMasked(
        `${actor.name ?? actor.id} read ${rows} ${rows === 1 ? 'row' : 'rows'} of ${table} for ${key}`,
        'long',
      ),
      target: { kind: 'index', id: cutMasked(`${table}/${key}`, 'uri') },
      ...(asked === undefined ? {} : { related: [{ kind: 'project', id: asked, part: 'asked' }] }),
      details: { table, key, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), rows },
      origin: tokenOriginOf(envelope),
    },
  };
}

/** Reading a project's trail is part of that trail. */
function projectOf(table: string, key: string): string | undefined {
  const project = table === 'ByProject' || table === 'Decisions' ? key.split('~')[0] : undefined;
  return project === undefined || project === '-' ? undefined : cutMasked(`urn:indelible:project:${project}`, 'uri');
}
