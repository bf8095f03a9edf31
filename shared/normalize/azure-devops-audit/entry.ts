import { hash } from 'node:crypto';

import { isObject } from '../../wire/json.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { parseBodyJson } from '../body.ts';
import { placeOf } from '../azure-devops/address.ts';
import type { Place } from '../azure-devops/address.ts';
import { Unrecognized } from '../normalizer.ts';
import { at, jsonObjectAt, timeAt } from '../read.ts';
import { Fields } from './fields.ts';

/** One entry of the audit log of an Azure DevOps organization, by whichever way it came. */
export interface AuditEntry {
  /** Unique across services, or a hash of the whole entry where it has no id. */
  readonly id: string;
  /** `Git.RepositoryCreated` */
  readonly action: string;
  readonly time: Timestamp | undefined;
  /** Of the organization; undefined where the entry has its id alone. */
  readonly organization: string | undefined;
  /** Without a project where the entry is about the organization as a whole. */
  readonly place: Place;
  /** The entry's own members. */
  readonly fields: Fields;
  /** What is particular to the action. */
  readonly data: Fields;
}

/** The entries that one body holds. */
interface AuditBody {
  readonly entries: readonly AuditEntry[];
  /** True for a page of the REST API or an export: its entries have no delivery in common. */
  readonly batch: boolean;
}

/**
 * Reads a message's body: an event of Event Grid, a row of `AzureDevOpsAuditing`, an entry of the REST API or of an export,
 * or several of those. Throws Unrecognized.
 */
export function readAuditBody(body: Buffer): AuditBody {
  const json = parseBodyJson(body);
  const raw = rawEntries(json);
  if (raw === undefined) {
    const type = isObject(json) ? (json['eventType'] ?? json['type']) : undefined;
    if (typeof type === 'string') throw new Unrecognized('event', `"${type}" is not an event of an audit stream.`);
    throw new Unrecognized('shape', 'The body is no entry of an audit log.');
  }
  if (raw.length === 0) throw new Unrecognized('shape', 'The page of the audit log has no entries.');
  return { entries: raw.map(entryOf), batch: raw.length > 1 };
}

/**
 * The delivery of an event, a row or an entry: its id within the audit log, else the event's. Undefined where there is no
 * entry, or where there are several.
 */
export function auditDelivery(value: unknown): string | undefined {
  const raw = rawEntries(value);
  return raw?.length === 1 ? (entryId(raw[0]?.fields) ?? raw[0]?.eventId) : undefined;
}

/** What stays in order: the project, else the organization. */
export function auditPartition(value: unknown): string | undefined {
  const fields = rawEntries(value)?.[0]?.fields;
  return fields?.id('ProjectId') ?? fields?.id('ScopeId') ?? fields?.text('ScopeDisplayName')?.toLowerCase();
}

interface RawEntry {
  readonly object: JsonObject;
  readonly fields: Fields;
  /** Of the event that brought it, where the entry itself has no time. */
  readonly eventTime: Timestamp | undefined;
  readonly eventId: string | undefined;
}

/** REST gives `decoratedAuditLogEntries`, an export of Azure Monitor `records`. */
const PAGES = ['decoratedAuditLogEntries', 'records'];

/** Undefined where the value is nothing of an audit log. */
function rawEntries(value: unknown): readonly RawEntry[] | undefined {
  if (Array.isArray(value)) {
    const all = value.map(rawEntry);
    return all.length > 0 && all.every((each) => each !== undefined) ? all : undefined;
  }
  for (const holder of [value, at(value, 'value')]) {
    for (const page of PAGES) {
      const listed = at(holder, page);
      if (Array.isArray(listed)) return listed.map(rawEntry).filter((each) => each !== undefined);
    }
  }
  const one = rawEntry(value);
  return one === undefined ? undefined : [one];
}

function rawEntry(value: unknown): RawEntry | undefined {
  if (!isObject(value)) return undefined;
  const fields = new Fields(value);
  if (actionOf(fields) !== undefined) return { object: value, fields, eventTime: undefined, eventId: undefined };
  // Not an entry itself: an event that holds one. The topic of a stream may be set to write either schema.
  const data: JsonObject | undefined = jsonObjectAt(value, 'data');
  const inner = data === undefined ? undefined : new Fields(data);
  if (data === undefined || inner === undefined || actionOf(inner) === undefined) return undefined;
  const id = value['id'];
  return {
    object: data,
    fields: inner,
    eventTime: timeAt(value, 'eventTime') ?? timeAt(value, 'time'),
    eventId: typeof id === 'string' && id !== '' ? id : undefined,
  };
}

/** Log Analytics calls it `OperationName`. */
function actionOf(fields: Fields): string | undefined {
  return fields.text('ActionId', 'OperationName');
}

function entryOf({ object, fields, eventTime }: RawEntry): AuditEntry {
  const data = fields.object('Data') ?? new Fields(undefined);
  const organization = organizationOf(fields);
  return {
    id: entryId(fields) ?? hash('sha256', JSON.stringify(object), 'hex'),
    action: actionOf(fields) ?? '',
    time: fields.time('Timestamp', 'TimeGenerated') ?? eventTime,
    organization,
    place: addressed(organization, fields, data),
    fields,
    data,
  };
}

/**
 * REST and exports write `<ticks>;<service>;<id>`, the streams `<id>` alone. Never cut: a cut id could be another entry's.
 */
function entryId(fields: Fields | undefined): string | undefined {
  const id = fields?.value('Id');
  if (typeof id !== 'string' || id === '') return undefined;
  return /^\d+;[^;]*;([^;]+)$/.exec(id)?.[1] ?? id;
}

/** REST and exports write `acme (Organization)`, the streams `acme`. */
function organizationOf(fields: Fields): string | undefined {
  const name = fields.text('ScopeDisplayName')?.replace(/\s*\((?:organization|enterprise|collection)\)$/i, '');
  return name === '' ? undefined : name;
}

/**
 * The addresses as service hooks' records have them: by the payload that a hook would have sent. Entries about a project as a
 * whole are often the organization's, and name it in their data; of one that is gone, only the name that it had.
 */
function addressed(organization: string | undefined, fields: Fields, data: Fields): Place {
  const account = fields.id('ScopeId');
  const id = fields.id('ProjectId') ?? data.id('ProjectId');
  const name = fields.text('ProjectName') ?? data.text('ProjectName', 'PreviousProjectName');
  const base =
    organization === undefined
      ? undefined
      : `https://dev.azure.com/${encodeURIComponent(organization.toWellFormed())}/`;
  return placeOf({
    resourceContainers: {
      collection: {
        ...(account === undefined ? {} : { id: account }),
        ...(base === undefined ? {} : { baseUrl: base }),
      },
    },
    resource: {
      release: { project: { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) } },
    },
  });
}

/** Where it happened: the project, else the organization. */
export function happenedIn({ place }: AuditEntry): string {
  return place.project ?? place.base;
}
