import type { Grant } from '../../wire/record.ts';
import { cutMasked } from '../mask.ts';
import { broughtAbout } from './grant.ts';
import type { AuditEvent } from './event.ts';
import type { Outcome } from '../../wire/record.ts';
import { directoryId, principalOf, propertyText } from './target.ts';

/** One permission grant that a consent made, changed or took back. */
export interface Consented {
  /** Stable within the entry: the grant's own id. */
  readonly key: string;
  readonly grant: Grant;
  /** `AllPrincipals` or `Principal`. */
  readonly type: string | undefined;
  /** For whom alone, where it is not for everybody: `entra:<object id>`. */
  readonly user: string | undefined;
}

interface Entry {
  readonly id: string;
  readonly resource: string | undefined;
  readonly user: string | undefined;
  readonly type: string | undefined;
  readonly scopes: string | undefined;
}

const MOST_ENTRIES = 32;

/**
 * `ConsentAction.Permissions`: all grants of the application before and after, as
 * `[[Id: …, ClientId: …, PrincipalId: …, ResourceId: …, ConsentType: …, Scope: …, …]] => [[…]]; `. A consent is what differs.
 */
export function consentsOf({ targets, source }: AuditEvent, outcome: Outcome): readonly Consented[] {
  const [application] = targets;
  const text = propertyText(targets, 'consentaction.permissions') ?? '';
  const arrow = text.indexOf('=>');
  const before = entriesIn(arrow < 0 ? '' : text.slice(0, arrow));
  const after = entriesIn(arrow < 0 ? text : text.slice(arrow + 2));
  const ids = new Set([...before.keys(), ...after.keys()]);
  return [...ids].slice(0, MOST_ENTRIES).flatMap((id) => {
    const old = before.get(id);
    const now = after.get(id);
    const entry = now ?? old;
    if (entry === undefined || (old !== undefined && now !== undefined && old.scopes === now.scopes)) return [];
    const change = broughtAbout(now === undefined ? 'revoked' : old === undefined ? 'granted' : 'changed', outcome);
    if (change === undefined) return [];
    const grant: Grant = {
      ...(id === '' ? {} : { id }),
      change,
      principal: application === undefined ? { kind: 'unknown' } : { ...principalOf(application), kind: 'service' },
      role: {
        ...(entry.scopes === undefined ? {} : { name: entry.scopes }),
        ...(old?.scopes === undefined || now === undefined ? {} : { from: old.scopes }),
      },
      scope: directoryId(entry.resource, undefined, undefined, 'servicePrincipal') ?? source,
    };
    return [
      {
        key: id,
        grant,
        type: entry.type,
        user: directoryId(entry.user, undefined, undefined, 'user'),
      },
    ];
  });
}

function entriesIn(text: string): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const piece of text.split('[Id: ').slice(1, 1 + MOST_ENTRIES * 2)) {
    const inside = piece.split(']')[0] ?? '';
    const fields = new Map(
      `Id: ${inside}`.split(/, (?=[A-Za-z]{1,40}:)/).map((field) => {
        const colon = field.indexOf(':');
        return [field.slice(0, colon), field.slice(colon + 1).trim()] as const;
      }),
    );
    const valueOf = (name: string): string | undefined => {
      const value = fields.get(name);
      return value === undefined || value === '' ? undefined : cutMasked(value);
    };
    const scopes = fields.get('Scope');
    entries.set(cutMasked(fields.get('Id') ?? ''), {
      id: valueOf('Id') ?? '',
      resource: valueOf('ResourceId'),
      user: valueOf('PrincipalId'),
      type: valueOf('ConsentType'),
      scopes: scopes === undefined || scopes === '' ? undefined : cutMasked(scopes, 'long'),
    });
  }
  return entries;
}
