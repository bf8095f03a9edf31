import type { Grant, Target } from '../../wire/record.ts';
import { isServiceName } from './actor.ts';

/** One right that an entry gives or takes; an entry may tell of several. */
export interface GrantStep {
  /** '' where the entry has this one alone, else a name that stays the same. */
  readonly part: string;
  readonly grant: Grant;
  /** What the right is about, where that is more than the entry's own object. */
  readonly target?: Target | undefined;
  /** Of that, its id within the organization. */
  readonly subject?: string | undefined;
  /** What the actor did, without the actor: `added … to group …`. */
  readonly did: string;
  readonly details?: Readonly<Record<string, string | undefined>>;
}

/** An access control list has at most some hundred identities. */
export const MOST_STEPS = 512;

/** Of a right whose entry does not say whose it is. */
export const UNKNOWN: Grant['principal'] = { kind: 'unknown' };

/** Somebody whom the entry gives no id of. */
export function anonymous(name: string | undefined): Grant['principal'] {
  return name === undefined ? UNKNOWN : { kind: isServiceName(name) ? 'service' : 'unknown', name };
}

/** As a summary calls them. */
export function called(principal: Grant['principal']): string {
  return principal.name ?? principal.address ?? principal.id ?? 'somebody unknown';
}

export function nameOf(name: string | undefined): { name?: string } {
  return name === undefined ? {} : { name };
}
