/**
 * The form in which sources are compared: GitHub, Azure and Azure DevOps all take their addresses in any case, and write one
 * resource in several.
 */
export function foldSource(source: string): string {
  let end = source.length;
  while (source[end - 1] === '/') end--;
  return source.slice(0, end).toLowerCase();
}

/** Values by the URIs below which everything is theirs. All texts that go in are folded ({@link foldSource}). */
export class LongestPrefix<Value> {
  readonly #values: ReadonlyMap<string, Value>;
  /** Of the prefixes, longest first. */
  readonly #lengths: readonly number[];

  constructor(values: ReadonlyMap<string, Value>) {
    this.#values = values;
    this.#lengths = [...new Set([...values.keys()].map((prefix) => prefix.length))].sort((a, b) => b - a);
  }

  /** The value of the longest prefix that any of the ids begins with, on the boundary of a path; of two as long, the first id's. */
  find(ids: readonly string[]): Value | undefined {
    // Only lengths that a prefix has are looked at: an id of two thousand slashes costs no more than any other.
    for (const length of this.#lengths) {
      for (const id of ids) {
        if (!isBoundary(id, length)) continue;
        const value = this.#values.get(id.slice(0, length));
        if (value !== undefined) return value;
      }
    }
    return undefined;
  }
}

/** True where `id` is `prefix`, or lies below it. */
export function isBelow(id: string, prefix: string): boolean {
  return isBoundary(id, prefix.length) && id.startsWith(prefix);
}

/** True where a path ends after `length` characters: `…/payments` is no part of `…/payments-old`. */
function isBoundary(id: string, length: number): boolean {
  return id.length === length || (id.length > length && '/?#'.includes(id.charAt(length)));
}
