import type { Actor } from '../../wire/record.ts';
import { cutMasked } from '../mask.ts';
import type { RecordDraft } from '../normalizer.ts';
import { idIn, objectIn, rowOf, textIn, uriIn } from '../table-row.ts';
import type { ActivityEntry } from './entry.ts';
import { verbOf } from './operation.ts';
import { clockOfEntry, outcomeOfStatus } from './outcome.ts';

/** Categories of the storage services' own logs, which exports mix with the Activity Log. */
export function isStorageAccess({ category }: ActivityEntry): boolean {
  return category === 'storageread' || category === 'storagewrite' || category === 'storagedelete';
}

const KINDS = new Map([
  ['blob', 'blob'],
  ['dfs', 'blob'],
  ['web', 'blob'],
  ['file', 'file'],
  ['queue', 'queue'],
  ['table', 'table'],
]);

/** Somebody's access to stored data. With an account key or a shared access signature nobody is named. */
export function storageDraft(entry: ActivityEntry): RecordDraft {
  const { row, operation, resource, time, facts, correlation } = entry;
  const identity = rowOf(objectIn(row, 'identity'));
  const actor = requesterOf(rowOf(objectIn(identity, 'requester')));
  const code = idIn(row, 'statuscode') ?? entry.status;
  const outcome = outcomeOfStatus(code, () => code === '401' || code === '403');
  // The query of the address may be a signature that opens the account.
  const withoutQuery = uriIn(row, 'uri')
    ?.split(/[?#]/)[0]
    ?.replace(/^(https:\/\/[^/:]+):443(?=\/|$)/i, '$1');
  const address = withoutQuery === '' ? undefined : withoutQuery;
  const key = uriIn(facts, 'objectkey');
  const service = /^https?:\/\/[^/.]{1,63}\.([a-z]+)\./i.exec(address ?? '')?.[1]?.toLowerCase() ?? '';
  const id = address ?? key ?? resource.id;
  const verb = verbOf(operation);
  const client = textIn(row, 'useragentheader') ?? textIn(facts, 'useragentheader');
  const how = textIn(identity, 'type');
  const account = textIn(facts, 'accountname');
  return {
    part: entry.part,
    type: `indelible.infrastructure.stored_data.${verb}`,
    source: resource.subscription ?? /^https?:\/\/[^/]+/i.exec(address ?? '')?.[0] ?? '/',
    subject: cutMasked(id, 'uri'),
    time,
    data: {
      ...(actor === undefined ? {} : { actor }),
      action: operation,
      outcome,
      summary: `${actor?.name ?? actor?.id ?? 'Somebody unnamed'}: ${operation} on ${cutMasked(id)} ${outcome}`,
      target: { kind: `microsoft.storage/${KINDS.get(service) ?? 'data'}`, id: cutMasked(id, 'uri') },
      ...(resource.id === '/' ? {} : { related: [{ part: 'account', kind: resource.kind, id: resource.id }] }),
      details: {
        ...(entry.categorySaid === undefined ? {} : { category: entry.categorySaid }),
        ...(code === undefined ? {} : { status: code }),
        ...(how === undefined ? {} : { authenticationType: how }),
        ...(account === undefined ? {} : { account }),
      },
      origin: {
        ...(entry.callerAddress === undefined ? {} : { address: entry.callerAddress }),
        ...(client === undefined ? {} : { client }),
      },
      links: correlation === undefined ? [] : [{ kind: 'correlation', id: correlation.toLowerCase() }],
      clock: clockOfEntry(time, outcome, code),
    },
  };
}

function requesterOf(requester: ReturnType<typeof rowOf>): Actor | undefined {
  const login = textIn(requester, 'upn');
  const object = textIn(requester, 'objectid');
  const application = textIn(requester, 'appid');
  const kind = login === undefined ? 'unknown' : 'human';
  if (object !== undefined) {
    return {
      kind,
      id: `entra:${object.toLowerCase()}`,
      ...(login === undefined ? {} : { name: login, address: login }),
    };
  }
  if (login !== undefined) return { kind, id: `upn:${login.toLowerCase()}`, name: login, address: login };
  return application === undefined ? undefined : { kind: 'unknown', id: `entra-app:${application.toLowerCase()}` };
}
