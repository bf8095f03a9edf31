import type { JsonObject } from '../../wire/json.ts';
import type { Principal, Target } from '../../wire/record.ts';
import { parseResourceId } from '../azure-resource.ts';
import { memberIn, objectsIn, rowOf, textIn, uriIn } from '../table-row.ts';
import { unwrap } from './value.ts';

/** One of an entry's `TargetResources`. */
export interface AuditTarget {
  /** In lower camel case: `user`, `servicePrincipal`; `other` where the entry says nothing. */
  readonly kind: string;
  /** `entra:<object id>`, a resource's own id, else by name; undefined where nothing identifies it. */
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** User principal name. */
  readonly login: string | undefined;
  readonly properties: readonly ModifiedProperty[];
}

/** One of `modifiedProperties`, its values no longer wrapped in JSON text; undefined: none. */
export interface ModifiedProperty {
  readonly name: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Stands where there is no object: `00000000-…`. */
const NOBODY = /^[0-]+$/;

export function targetsOf(targets: readonly JsonObject[]): readonly AuditTarget[] {
  return targets.map((target) => {
    const row = rowOf(target);
    const kind = kindOf(textIn(row, 'type'));
    const login = textIn(row, 'userprincipalname');
    const name = textIn(row, 'displayname');
    return {
      kind,
      id: directoryId(uriIn(row, 'id'), login, name, kind),
      name: name ?? login,
      login,
      properties: objectsIn(row, 'modifiedproperties').flatMap(propertyOf),
    };
  });
}

/** Ids of the directory, of Azure resources that privileged access is managed for, or what identifies best without one. */
export function directoryId(
  id: string | undefined,
  login: string | undefined,
  name: string | undefined,
  kind: string,
): string | undefined {
  if (id !== undefined && !NOBODY.test(id) && id.toLowerCase() !== 'n/a') {
    return id.startsWith('/') ? parseResourceId(id).id : `entra:${id.toLowerCase()}`;
  }
  if (login !== undefined) return `upn:${login.toLowerCase()}`;
  return name === undefined ? undefined : `entra-name:${kind}/${name.toLowerCase()}`;
}

function kindOf(type: string | undefined): string {
  const words = (type ?? '').slice(0, 64).match(/[A-Za-z0-9]+/g) ?? [];
  const [first = '', ...rest] = words;
  const joined =
    first.charAt(0).toLowerCase() +
    first.slice(1) +
    rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return joined === '' || joined === 'nA' || joined === 'nameless' ? 'other' : joined;
}

function propertyOf(property: JsonObject): readonly ModifiedProperty[] {
  const row = rowOf(property);
  const name = textIn(row, 'displayname', 'name');
  if (name === undefined) return [];
  return [{ name, from: unwrap(memberIn(row, 'oldvalue')), to: unwrap(memberIn(row, 'newvalue')) }];
}

/** As an object of a record. */
export function targetOfRecord({ kind, id, name }: AuditTarget): Target | undefined {
  return id === undefined ? undefined : { kind, id, ...(name === undefined ? {} : { name }) };
}

/** As the one who gets something; groups and devices are neither a person nor a service. */
export function principalOf({ kind, id, name, login }: AuditTarget): Omit<Principal, 'id'> & { id?: string } {
  return {
    kind: kind === 'user' ? 'human' : kind === 'servicePrincipal' || kind === 'application' ? 'service' : 'unknown',
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(login === undefined ? {} : { address: login }),
  };
}

/** The text of a property, by its name without regard to case: the new value, else the old one (of what was taken away). */
export function propertyText(targets: readonly AuditTarget[], ...names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const property of targets.flatMap(({ properties }) => properties)) {
      if (property.name.toLowerCase() !== name) continue;
      const value = property.to ?? property.from;
      if (typeof value === 'string' || typeof value === 'boolean') return String(value);
    }
  }
  return undefined;
}

/** A property by its name without regard to case. */
export function propertyNamed(targets: readonly AuditTarget[], name: string): ModifiedProperty | undefined {
  return targets.flatMap(({ properties }) => properties).find((each) => each.name.toLowerCase() === name);
}
