import type { Change } from '../../wire/record.ts';
import { cutMasked } from '../mask.ts';
import { propertyNamed } from './target.ts';
import type { AuditTarget } from './target.ts';

/** Which keys and secrets an application got and lost: their ids, types and names, never what they are. */
export interface CredentialChanges {
  readonly changes: readonly Change[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

interface Key {
  readonly id: string | undefined;
  readonly said: string;
}

const MOST_KEYS = 64;

/** `KeyDescription` lists all keys before and after: `[KeyIdentifier=…,KeyType=Password,KeyUsage=Verify,DisplayName=…]`. */
export function credentialChanges(targets: readonly AuditTarget[]): CredentialChanges {
  const property = propertyNamed(targets, 'keydescription');
  const before = keysIn(property?.from);
  const after = keysIn(property?.to);
  const added = after.filter((key) => !before.some((each) => sameKey(each, key)));
  const removed = before.filter((key) => !after.some((each) => sameKey(each, key)));
  return {
    changes: [
      ...removed.map(({ said }) => ({ field: 'credential', from: said })),
      ...added.map(({ said }) => ({ field: 'credential', to: said })),
    ],
    added: added.flatMap(({ id }) => id ?? []),
    removed: removed.flatMap(({ id }) => id ?? []),
  };
}

function sameKey(a: Key, b: Key): boolean {
  return a.id === undefined ? a.said === b.said : a.id === b.id;
}

function keysIn(value: unknown): readonly Key[] {
  const texts = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
  return texts.slice(0, MOST_KEYS).map((text) => {
    const id = /KeyIdentifier=([^,\]]{1,64})/.exec(text)?.[1];
    const type = /KeyType=([^,\]]{1,64})/.exec(text)?.[1];
    const name = /DisplayName=([^\]]{0,512})/.exec(text)?.[1];
    if (id === undefined) return { id, said: cutMasked(text) };
    return {
      id: cutMasked(id),
      said: cutMasked([type, id, name].filter((each) => each !== undefined && each !== '').join(' ')),
    };
  });
}
