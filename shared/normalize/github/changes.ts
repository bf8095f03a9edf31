import { hash } from 'node:crypto';

import type { Change } from '../../wire/record.ts';
import { isObject } from '../../wire/json.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cutMasked, isSecretField, maskedJson } from '../mask.ts';
import { at, objectAt } from '../read.ts';

/** Longer values are told by hash and size: two of them side by side would fill the record. */
const LONGEST_VALUE = 1_024;
/** `base.ref.from`, `repository.permissions.from`: no payload nests its changes deeper. */
const DEEPEST = 4;

/**
 * The member `changes` of an edited object, `{field: {from}}`. GitHub gives the value before; the one after is read from
 * the object itself, where `current` has it, or from the payload (`repository.name`).
 */
export function changesOf(payload: JsonObject, current: JsonObject | undefined): Change[] {
  const changes: Change[] = [];
  walk(objectAt(payload, 'changes'), []);
  return changes;

  function walk(fields: JsonObject | undefined, path: readonly string[]): void {
    for (const [field, value] of Object.entries(fields ?? {})) {
      if (!isObject(value)) continue;
      const where = [...path, field];
      if (Object.hasOwn(value, 'from') || Object.hasOwn(value, 'to')) {
        const to = Object.hasOwn(value, 'to') ? value['to'] : (at(current, ...where) ?? at(payload, ...where));
        changes.push(changeOf(where.join('.'), value['from'], to));
      } else if (where.length < DEEPEST && !/^(?:old|new)_/.test(field)) {
        // `new_issue`, `old_repository` and the like hold whole objects, not changes.
        walk(value, where);
      }
    }
  }
}

/** One change; null, which GitHub writes for "none", leaves its side absent. */
export function changeOf(field: string, from: unknown, to: unknown): Change {
  const name = cutMasked(field) || 'unnamed';
  if (isSecretField(name)) return { field: name, masked: true };
  const before = valueOf(from);
  const after = valueOf(to);
  return {
    field: name,
    ...(before === undefined ? {} : { from: before }),
    ...(after === undefined ? {} : { to: after }),
  };
}

function valueOf(value: unknown): Change['from'] {
  const text = textOf(value);
  if (text === undefined) return undefined;
  if (text.length <= LONGEST_VALUE) return text.toWellFormed();
  const bytes = Buffer.from(text);
  return { sha256: hash('sha256', bytes, 'hex'), size: bytes.length };
}

/** A value as one text: objects by their name where they have one, else as JSON without what is secret in them. */
export function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((each) => textOf(each) ?? 'null').join(', ');
  if (!isObject(value)) return undefined;
  return nameOf(value) ?? maskedJson(value);
}

function nameOf(value: JsonObject): string | undefined {
  // The former owner of a transferred repository: {user: {login}} or {organization: {login}}.
  const inner = at(value, 'user') ?? at(value, 'organization');
  if (isObject(inner)) return nameOf(inner);
  for (const member of ['login', 'name', 'title']) {
    const found = at(value, member);
    if (typeof found === 'string' && found !== '') return found;
  }
  return undefined;
}
