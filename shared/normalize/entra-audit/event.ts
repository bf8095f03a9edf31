import type { JsonObject } from '../../wire/json.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { Unrecognized } from '../normalizer.ts';
import { longTextAt } from '../read.ts';
import { idIn, longTextIn, memberIn, objectIn, objectsIn, rowOf, textIn, timeIn, uriIn } from '../table-row.ts';
import type { Row } from '../table-row.ts';
import { targetsOf } from './target.ts';
import type { AuditTarget } from './target.ts';

/** One entry of the audit log: a row of `AuditLogs`, an exported record, or Graph's `directoryAudit`. */
export interface AuditEvent {
  readonly part: string;
  /** `Add member to role`, as the entry writes it. */
  readonly activity: string;
  /** The name of the exported record, which differs from the activity now and then. */
  readonly operation: string | undefined;
  readonly category: string | undefined;
  readonly operationType: string | undefined;
  /** `Core Directory`, `PIM` … */
  readonly service: string | undefined;
  readonly result: string | undefined;
  readonly reason: string | undefined;
  readonly time: Timestamp | undefined;
  readonly correlation: string | undefined;
  readonly tenant: string | undefined;
  /** `/tenants/<id>`, in lower case. */
  readonly source: string;
  readonly user: Row;
  readonly app: Row;
  /** The name alone of who did it, which rows have in a column of its own. */
  readonly identity: string | undefined;
  readonly targets: readonly AuditTarget[];
  /** `AdditionalDetails`, by the key in lower case. */
  readonly additional: ReadonlyMap<string, string>;
  readonly address: string | undefined;
  readonly client: string | undefined;
}

/** The id of an entry, whole. Exported records have it within their properties. */
export function eventIdOf(entry: JsonObject): unknown {
  const row = rowOf(entry);
  return memberIn(rowOf(objectIn(row, 'properties')), 'id') ?? memberIn(row, 'id');
}

/** Looks a member up in the properties of an exported record first: its envelope says the same more coarsely, or otherwise. */
export interface Layers {
  readonly outer: Row;
  readonly inner: Row;
}

export function layersOf(entry: JsonObject): Layers {
  const outer = rowOf(entry);
  return { outer, inner: rowOf(objectIn(outer, 'properties')) };
}

/** The first reading of a member that is there, of the properties before that of the envelope. */
export function inLayers<Value>({ inner, outer }: Layers, read: (row: Row) => Value | undefined): Value | undefined {
  return read(inner) ?? read(outer);
}

/** Throws Unrecognized for entries of other logs, and for those that do not say what was done. */
export function readEvent(entry: JsonObject, part: string): AuditEvent {
  const layers = layersOf(entry);
  const activity = inLayers(layers, (row) => textIn(row, 'activitydisplayname')) ?? inLayers(layers, nameOfOperation);
  if (activity === undefined) throw new Unrecognized('shape', 'The entry does not say which activity it is about.');
  const initiators = rowOf(inLayers(layers, (row) => objectIn(row, 'initiatedby')));
  // Graph's documentation prints `targetResource` in one example.
  const targets = inLayers(layers, (row) => nonEmpty(objectsIn(row, 'targetresources', 'targetresource')));
  const service = inLayers(layers, (row) => textIn(row, 'loggedbyservice'));
  if (initiators.size === 0 && targets === undefined && service === undefined) {
    throw new Unrecognized('event', `"${activity}" is not an entry of the Entra audit log.`);
  }
  const additional = additionalOf(inLayers(layers, (row) => nonEmpty(objectsIn(row, 'additionaldetails'))) ?? []);
  const user = rowOf(objectIn(initiators, 'user'));
  const tenant = tenantOf(layers);
  return {
    part,
    activity,
    operation: nameOfOperation(layers.outer),
    category: inLayers(layers, (row) => textIn(row, 'category')),
    operationType: inLayers(layers, (row) => textIn(row, 'aadoperationtype', 'operationtype')),
    service,
    result: inLayers(layers, (row) => idIn(row, 'result')) ?? inLayers(layers, (row) => idIn(row, 'resulttype')),
    reason:
      inLayers(layers, (row) => longTextIn(row, 'resultreason')) ??
      inLayers(layers, (row) => longTextIn(row, 'resultdescription')),
    time: inLayers(layers, (row) => timeIn(row, 'activitydatetime')) ?? timeIn(layers.outer, 'timegenerated', 'time'),
    correlation: inLayers(layers, (row) => idIn(row, 'correlationid')),
    tenant,
    source: tenant === undefined ? '/tenants' : `/tenants/${tenant.toLowerCase()}`,
    user,
    app: rowOf(objectIn(initiators, 'app')),
    identity: textIn(layers.outer, 'identity'),
    targets: targetsOf(targets ?? []),
    additional,
    address:
      textIn(user, 'ipaddress') ??
      additional.get('ipaddr') ??
      textIn(layers.outer, 'calleripaddress', 'initiatingipaddress'),
    client: additional.get('user-agent') ?? inLayers(layers, (row) => longTextIn(row, 'useragent')),
  };
}

function nameOfOperation(row: Row): string | undefined {
  return textIn(row, 'operationname');
}

function nonEmpty<Value>(list: readonly Value[]): readonly Value[] | undefined {
  return list.length === 0 ? undefined : list;
}

function additionalOf(details: readonly JsonObject[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const detail of details) {
    const row = rowOf(detail);
    const key = textIn(row, 'key')?.toLowerCase();
    const value = longTextAt({ value: memberIn(row, 'value') }, 'value');
    if (key !== undefined && value !== undefined && !found.has(key)) found.set(key, value);
  }
  return found;
}

/** Of a row, `TenantId` is the id of the workspace. */
export function tenantOf({ outer, inner }: Layers): string | undefined {
  const path = /^\/tenants\/([^/]+)/i.exec(uriIn(outer, 'resourceid') ?? '')?.[1];
  const isRow = outer.has('timegenerated') || outer.has('aadoperationtype') || outer.has('aadtenantid');
  return (
    textIn(outer, 'aadtenantid') ??
    path ??
    (isRow ? undefined : (textIn(outer, 'tenantid') ?? textIn(inner, 'tenantid')))
  );
}
