import type { RecordData, TrailRecord } from '../wire/record.ts';
import type { FindingList, RecordPlace } from './findings.ts';

/** Who the sealer's own records say that acted, in the one form. */
const SEALER = '{"kind":"service","id":"indelible:seal","name":"Indelible sealer"}';

/** What a record of the sealer's own says beside what it is for. */
export interface OwnRecord {
  readonly action: 'seal segment' | 'seal gap' | 'adopt configuration';
  readonly subject: string;
  readonly target: { readonly kind: 'log' | 'configuration'; readonly id: string };
  /** Members of `data` that it alone has. */
  readonly members: readonly (keyof RecordData)[];
}

const COMMON: readonly string[] = ['category', 'actor', 'action', 'outcome', 'summary', 'target'];

/**
 * The sealer's own records are read like any others, by tables and by people: one that also bore a decision, a project or
 * another actor would be an event that no message stands behind, and that no evidence has to be there for.
 */
export function checkOwnRecord(record: TrailRecord, own: OwnRecord, place: RecordPlace, findings: FindingList): void {
  const { data } = record;
  const allowed = [...COMMON, ...own.members];
  const strange = Object.keys(data).filter((member) => !allowed.includes(member));
  const wrong = [
    ...strange,
    ...(record.subject === own.subject ? [] : ['subject']),
    ...(JSON.stringify(data.actor) === SEALER ? [] : ['actor']),
    ...(data.action === own.action ? [] : ['action']),
    ...(data.outcome === 'succeeded' ? [] : ['outcome']),
    ...(JSON.stringify(data.target) === JSON.stringify(own.target) ? [] : ['target']),
  ];
  if (wrong.length === 0) return;
  const message = `The sealer's own record says in ${wrong.join(', ')} what the format does not allow there.`;
  findings.add('ownRecordWrong', message, { record: place });
}
