import type { JsonObject } from '../../wire/json.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { parseResourceId } from '../azure-resource.ts';
import type { AzureResource } from '../azure-resource.ts';
import { Unrecognized } from '../normalizer.ts';
import { idIn, longTextIn, memberIn, objectIn, rowOf, textIn, timeIn, uriIn } from '../table-row.ts';
import type { Row } from '../table-row.ts';

/** One entry of the Activity Log, the same for rows of `AzureActivity`, exported records and events of the REST API. */
export interface ActivityEntry {
  readonly row: Row;
  readonly part: string;
  /** `MICROSOFT.WEB/SITES/DELETE`, as the entry writes it: rows in capitals, the REST API as the provider does. */
  readonly operation: string;
  /** The same as its provider writes it, where the entry says that somewhere. */
  readonly said: string | undefined;
  /** In lower case without blanks: `administrative`, `policy`, `servicehealth` … */
  readonly category: string | undefined;
  /** As the entry writes it. */
  readonly categorySaid: string | undefined;
  readonly status: string | undefined;
  readonly subStatus: string | undefined;
  readonly time: Timestamp | undefined;
  readonly resource: AzureResource;
  /** Where it happened: the subscription, else what the resource's id begins with. */
  readonly source: string;
  readonly caller: string | undefined;
  readonly callerAddress: string | undefined;
  readonly claims: JsonObject | undefined;
  readonly evidence: JsonObject | undefined;
  readonly httpRequest: JsonObject | undefined;
  readonly correlation: string | undefined;
  /** The entry's own properties. */
  readonly properties: JsonObject;
  /** What the category says: rows have it in `eventProperties`, the REST API beside the other properties. */
  readonly facts: Row;
  /** The Entra tenant. The column `TenantId` of a row is the id of the workspace. */
  readonly tenant: string | undefined;
}

/** The id of an entry, whole: `EventDataId`, which each step of an operation has of its own. */
export function entryIdOf(entry: JsonObject): unknown {
  const row = rowOf(entry);
  return (
    memberIn(row, 'eventdataid') ??
    memberIn(rowOf(objectIn(row, 'properties_d', 'properties')), 'eventdataid') ??
    memberIn(row, 'id')
  );
}

/** Throws Unrecognized where the entry does not say which operation it is about. */
export function readEntry(entry: JsonObject, part: string): ActivityEntry {
  const row = rowOf(entry);
  const identity = rowOf(objectIn(row, 'identity'));
  const properties = objectIn(row, 'properties_d', 'properties') ?? {};
  const stated = rowOf(properties);
  const authorization = rowOf(objectIn(row, 'authorization_d', 'authorization') ?? objectIn(identity, 'authorization'));
  // `OperationName` of a row is a phrase for people; the REST API's is an object of both.
  const operation =
    textIn(row, 'operationnamevalue', 'operationname') ?? textIn(authorization, 'action') ?? textIn(stated, 'message');
  if (operation === undefined) throw new Unrecognized('shape', 'The entry does not name its operation.');

  const categorySaid = textIn(row, 'categoryvalue', 'category') ?? textIn(stated, 'eventcategory');
  const subscription = uriIn(row, 'subscriptionid') ?? uriIn(stated, 'subscriptionid');
  const resource = parseResourceId(
    // Best first: rows have the id as the provider writes it in `entity`, and in lower case in `_ResourceId`.
    [
      uriIn(stated, 'entity'),
      uriIn(row, 'resourceid', 'resourceuri', '_resourceid'),
      uriIn(authorization, 'scope'),
      subscription === undefined ? undefined : `/subscriptions/${subscription}`,
    ].find((id) => id?.startsWith('/') === true) ?? '/',
  );
  return {
    row,
    part,
    operation,
    said: [textIn(authorization, 'action'), textIn(stated, 'message')].find(
      (name) => name?.toLowerCase() === operation.toLowerCase(),
    ),
    category: categorySaid?.toLowerCase().replaceAll(' ', ''),
    categorySaid,
    status: idIn(row, 'activitystatusvalue', 'status', 'resulttype', 'activitystatus'),
    subStatus: idIn(row, 'activitysubstatusvalue', 'substatus', 'resultsignature', 'activitysubstatus'),
    time: timeIn(row, 'timegenerated', 'eventtimestamp', 'time'),
    resource,
    source:
      resource.subscription ??
      parseResourceId(
        subscription === undefined ? (uriIn(authorization, 'scope') ?? '/') : `subscriptions/${subscription}`,
      ).id,
    caller: textIn(row, 'caller') ?? textIn(stated, 'caller'),
    callerAddress: textIn(row, 'calleripaddress'),
    claims: objectIn(row, 'claims_d', 'claims') ?? objectIn(identity, 'claims'),
    evidence: objectIn(authorization, 'evidence'),
    httpRequest: objectIn(row, 'httprequest') ?? objectIn(stated, 'httprequest'),
    correlation: idIn(row, 'correlationid'),
    properties,
    facts: rowOf({ ...properties, ...objectIn(stated, 'eventproperties') }),
    tenant: tenantOf(row, stated),
  };
}

/** A row's `Hierarchy` begins with the tenant; exported records name it; of `TenantId` in a row see {@link ActivityEntry}. */
function tenantOf(row: Row, properties: Row): string | undefined {
  const hierarchy = longTextIn(row, 'hierarchy') ?? longTextIn(properties, 'hierarchy');
  const first = hierarchy?.split('/').find((each) => /^[0-9a-f-]{36}$/i.test(each));
  const isRow = row.has('operationnamevalue') || row.has('timegenerated') || row.has('categoryvalue');
  return first ?? (isRow ? undefined : textIn(row, 'tenantid'));
}
