import type { JsonObject } from '../../wire/json.ts';
import type { AzureVerb } from '../azure-access.ts';
import type { AzureCaller } from '../azure-caller.ts';
import { describeOperation, isDenied } from '../azure-operation.ts';
import type { DraftData, RecordDraft } from '../normalizer.ts';
import { idIn, textIn } from '../table-row.ts';
import type { ActivityEntry } from './entry.ts';
import { callerOf } from './caller.ts';
import { clockOfEntry, outcomeOfStatus } from './outcome.ts';

/** An operation of the Resource Manager: category Administrative, in older exports Write, Delete and Action. */
export function operationDraft(entry: ActivityEntry): RecordDraft {
  const { operation, resource, status, correlation, evidence, httpRequest, time } = entry;
  const caller = callerOf(entry);
  const data = eventDataOf(entry, caller);
  const outcome = outcomeOfEntry(entry);
  const verb = verbOf(operation);
  const described = describeOperation({
    name: operation,
    said: entry.said,
    verb,
    resource,
    outcome,
    caller,
    correlation,
    data,
    evidence,
    httpRequest,
  });
  // A read that was let through changed nothing; a refused one is an attempt, and one of a vault or its data an access.
  const isIdle =
    verb === 'read' &&
    outcome !== 'denied' &&
    operation.includes('/') &&
    !resource.kind.startsWith('microsoft.keyvault/') &&
    described.type.startsWith('indelible.infrastructure.');
  return {
    part: entry.part,
    type: described.type,
    source: entry.source,
    subject: resource.id,
    time,
    data: {
      ...described.data,
      details: { ...described.data.details, ...entryDetails(entry) },
      ...(isIdle ? { inconsequential: true as const } : {}),
      clock: clockOfEntry(time, outcome, status),
    },
  };
}

/** How the step stands, by its status, else by the beginning of its signature: `Succeeded.Created`, `Started.` */
export function outcomeOfEntry(entry: ActivityEntry): DraftData['outcome'] {
  const status = entry.status ?? entry.subStatus?.split('.')[0];
  return outcomeOfStatus(status, () => isDenied(eventDataOf(entry, undefined)));
}

/** The verb that the operation's name ends in; names of resource logs begin or end with theirs: `DeleteBlob`, `SecretGet`. */
export function verbOf(operation: string): AzureVerb | 'read' {
  const last = operation.toLowerCase().split('/').at(-1) ?? '';
  if (last === 'write') return 'written';
  if (last === 'delete') return 'deleted';
  if (last === 'read') return 'read';
  if (operation.includes('/')) return 'acted';
  const verb = (words: string): boolean => new RegExp(`^(?:${words})|(?:${words})$`).test(last);
  if (verb('delete|remove|purge')) return 'deleted';
  if (verb('get|list|read|head|query')) return 'read';
  return verb('put|set|create|update|write|append|insert|merge|copy') ? 'written' : 'acted';
}

/** What every entry says, whatever its category. */
export function entryDetails({ row, categorySaid, facts }: ActivityEntry): NonNullable<DraftData['details']> {
  const found = {
    category: categorySaid,
    level: textIn(row, 'level'),
    location: textIn(row, 'location', 'resourcelocation') ?? textIn(facts, 'resourcelocation'),
    operationId: idIn(row, 'operationid'),
  };
  return Object.fromEntries(Object.entries(found).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** The entry as the `data` of Event Grid's event of the same operation. */
function eventDataOf(entry: ActivityEntry, caller: AzureCaller | undefined): JsonObject {
  const { row, status, subStatus, claims, tenant, properties } = entry;
  const provider = textIn(row, 'resourceprovidervalue', 'resourceprovidername', 'resourceprovider');
  return {
    ...(status === undefined ? {} : { status }),
    ...(subStatus === undefined ? {} : { subStatus }),
    ...(claims === undefined ? {} : { claims }),
    ...((tenant ?? caller?.tenant) === undefined ? {} : { tenantId: tenant ?? caller?.tenant }),
    ...(provider === undefined ? {} : { resourceProvider: provider }),
    properties,
  };
}
