import type { DecisionRules } from '../authorize/rules.ts';
import type { Timestamp } from '../wire/timestamp.ts';

/** An account, as records name it. */
export interface Account {
  readonly id: string;
  readonly address?: string | undefined;
}

/** A person at a time: the identity in force then, else as it is known now, else the account itself. */
export function personOf(rules: DecisionRules, account: Account, time: Timestamp): string {
  return rules.resolve(account, time) ?? rules.resolve(account) ?? account.id;
}

/** Persons to be found again under any of their accounts. */
export class PersonSet {
  readonly #names = new Set<string>();

  add(rules: DecisionRules, account: Account, time: Timestamp): void {
    this.#names.add(personOf(rules, account, time));
    // An account that was declared later is the same person's all the same.
    const known = rules.resolve(account);
    if (known !== undefined) this.#names.add(known);
    this.#names.add(account.id);
  }

  /** `name`: as {@link personOf} gives it. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }
}
