import type { IdentityEntry } from './configuration-schema.ts';

/**
 * The form in which accounts are compared: ids and addresses are written in any case. `github:` is short for
 * `github.com:`, which records have (each GitHub host numbers its accounts by itself).
 */
export function foldAccount(account: string): string {
  const folded = account.toLowerCase();
  return folded.startsWith('github:') ? `github.com:${folded.slice('github:'.length)}` : folded;
}

/** Whose an account is. */
export class AccountFinder {
  readonly #identities = new Map<string, IdentityEntry>();
  readonly #systems = new Map<IdentityEntry, ReadonlySet<string>>();

  constructor(identities: readonly IdentityEntry[]) {
    for (const identity of identities) {
      const accounts = identity.accounts.map(foldAccount);
      for (const account of accounts) this.#identities.set(account, identity);
      this.#systems.set(identity, new Set(accounts.flatMap((account) => systemOf(account) ?? [])));
    }
  }

  /**
   * The id decides. An address counts only for systems of which the identity lists no account: where mona's account is
   * known, another account with her address is somebody else's.
   */
  find(id: string, address: string | undefined): IdentityEntry | undefined {
    const account = foldAccount(id);
    const found = this.#identities.get(account);
    if (found !== undefined || address === undefined) return found;
    const addressed = this.#identities.get(address.toLowerCase());
    if (addressed === undefined) return undefined;
    return this.#systems.get(addressed)?.has(systemOf(account) ?? '') === true ? undefined : addressed;
  }
}

function systemOf(account: string): string | undefined {
  const colon = account.indexOf(':');
  return colon === -1 ? undefined : account.slice(0, colon);
}
