import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { objectOf, policyOf } from './storage-options.ts';
import type { ContainerPolicy } from './storage-options.ts';

const DAY = 86_400_000;

/**
 * The policy of each container. Retention and legal holds belong to the data, so they are kept beside it: data that was
 * once protected stays so when the next start forgets to say it, as under a locked policy, which can be lengthened and
 * never shortened.
 */
export class WormPolicies {
  readonly #file: string;
  readonly #policies = new Map<string, ContainerPolicy>();
  #clockOffset = 0;

  /** @throws {Error} where the file cannot be read or written, or is not ours */
  constructor(file: string, given: Readonly<Record<string, ContainerPolicy>>) {
    this.#file = file;
    const kept = existsSync(file) ? objectOf(JSON.parse(readFileSync(file, 'utf8')), file) : {};
    for (const [container, policy] of Object.entries(kept))
      this.#policies.set(container, policyOf(policy, `${file}: ${container}`));
    for (const [container, policy] of Object.entries(given)) {
      const before = this.of(container);
      const retentionDays = Math.max(before.retentionDays ?? 0, policy.retentionDays ?? 0);
      this.#policies.set(container, { ...before, ...policy, ...(retentionDays > 0 && { retentionDays }) });
    }
    this.#keep();
  }

  of(container: string): ContainerPolicy {
    return this.#policies.get(container) ?? {};
  }

  setLegalHold(container: string, on: boolean): void {
    this.#policies.set(container, { ...this.of(container), legalHold: on });
    this.#keep();
  }

  setCreateOnly(container: string, on: boolean): void {
    this.#policies.set(container, { ...this.of(container), createOnly: on });
  }

  /** Moves the clock that retention is counted by, and no other one. */
  setClockOffset(milliseconds: number): void {
    this.#clockOffset = milliseconds;
  }

  /** Whether a blob created then may still not be deleted. A time that cannot be read protects for ever. */
  isRetained(container: string, created: number): boolean {
    const { retentionDays } = this.of(container);
    if (retentionDays === undefined) return false;
    return !(Date.now() + this.#clockOffset >= created + retentionDays * DAY);
  }

  #keep(): void {
    const kept = [...this.#policies].map(([container, { createOnly: _role, ...policy }]) => [container, policy]);
    const draft = `${this.#file}~`;
    writeFileSync(draft, JSON.stringify(Object.fromEntries(kept)));
    renameSync(draft, this.#file);
  }
}
