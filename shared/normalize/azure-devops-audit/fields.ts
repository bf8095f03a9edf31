import { FormatError } from '../../errors.ts';
import { isObject, parseJsonText } from '../../wire/json.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import type { Timestamp } from '../../wire/timestamp.ts';
import { idAt, longTextAt, textAt, timeAt, uriAt } from '../read.ts';

/** What Azure DevOps writes where it has no id: the nil UUID, and the zeros that stand for no commit. */
const NIL = /^(?:0{8}-0{4}-0{4}-0{4}-0{12}|0{32}|0{40})$/;
/** With hyphens, or as .NET's format `N` without, in which branch policies name their repository. */
const UUID = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/;

interface Member {
  readonly name: string;
  readonly value: Json;
}

/**
 * The members of an object by their names in any case: the audit stream writes `ActionId`, the REST API `actionId`, and
 * within `Data` the same action's members vary. Nothing here throws; a member of another type than asked for, and null,
 * count as absent. Of several names, the first that is there.
 */
export class Fields {
  readonly #members = new Map<string, Member>();

  constructor(object: JsonObject | undefined) {
    for (const [name, value] of Object.entries(object ?? {})) {
      const folded = name.toLowerCase();
      if (value !== undefined && value !== null && !this.#members.has(folded))
        this.#members.set(folded, { name, value });
    }
  }

  value(name: string): Json | undefined {
    return this.#members.get(name.toLowerCase())?.value;
  }

  #first<Value>(
    names: readonly string[],
    read: (value: { v: Json | undefined }) => Value | undefined,
  ): Value | undefined {
    for (const name of names) {
      const found = read({ v: this.value(name) });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  text(...names: readonly string[]): string | undefined {
    return this.#first(names, (each) => textAt(each, 'v'));
  }

  long(...names: readonly string[]): string | undefined {
    return this.#first(names, (each) => longTextAt(each, 'v'));
  }

  uri(...names: readonly string[]): string | undefined {
    return this.#first(names, (each) => uriAt(each, 'v'));
  }

  time(...names: readonly string[]): Timestamp | undefined {
    return this.#first(names, (each) => timeAt(each, 'v'));
  }

  /** Text or a number as text: `"PipelineId": "18"` and `18`. Zeros stand for none. */
  id(...names: readonly string[]): string | undefined {
    return this.#first(names, (each) => {
      const id = foldId(idAt(each, 'v'));
      return id === '0' ? undefined : id;
    });
  }

  /** `true`, and `"True"` as stored procedures' parameters are logged. */
  flag(...names: readonly string[]): boolean | undefined {
    return this.#first(names, ({ v }) => {
      const text = typeof v === 'string' ? v.toLowerCase() : v;
      if (text === true || text === 'true') return true;
      return text === false || text === 'false' ? false : undefined;
    });
  }

  /** An object, or text that is the JSON of one. */
  object(name: string): Fields | undefined {
    const found = parsed(this.value(name));
    return isObject(found) ? new Fields(found) : undefined;
  }

  /** An array, or text that is the JSON of one; empty where there is neither. */
  list(name: string): readonly Json[] {
    const found = parsed(this.value(name));
    return Array.isArray(found) ? found : [];
  }

  objects(name: string): readonly Fields[] {
    return this.list(name)
      .filter(isObject)
      .map((each) => new Fields(each));
  }

  /** The texts of an array, or the one text that stands there instead. */
  texts(name: string): readonly string[] {
    const one = this.value(name);
    // Names of groups begin with a bracket as well: `[Payments]\\Readers`.
    const all = typeof one === 'string' && !isJsonText(one) ? [one] : this.list(name);
    return all.flatMap((each) => textAt({ v: each }, 'v') ?? []);
  }

  /** As they are written. */
  all(): Iterable<Member> {
    return this.#members.values();
  }
}

/** An id in the one form in which ids are compared: UUIDs lower-case with hyphens, the nil UUID as none. */
export function foldId(id: string | undefined): string | undefined {
  if (id === undefined || NIL.test(id)) return undefined;
  const match = UUID.exec(id.toLowerCase());
  return match === null ? id : match.slice(1).join('-');
}

/** True for text that is the JSON of an object or a list. */
export function isJsonText(text: string): boolean {
  return /^\s*[[{]/.test(text) && typeof parsed(text) === 'object';
}

function parsed(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string') return value;
  try {
    return parseJsonText(value);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
