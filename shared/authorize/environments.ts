import type { RecordData } from '../wire/record.ts';
import type { EnvironmentEntry } from './configuration-schema.ts';
import { LongestPrefix, foldSource, isBelow } from './longest-prefix.ts';

interface Named {
  /** Folded. */
  readonly source: string;
  readonly environment: EnvironmentEntry;
}

/** Which declared environment something lies in. */
export class EnvironmentFinder {
  /** By folded name, longest source first. */
  readonly #named = new Map<string, Named[]>();
  /** By project and folded id. */
  readonly #ids = new Map<string, ReadonlyMap<string, EnvironmentEntry>>();
  readonly #resources: LongestPrefix<EnvironmentEntry>;
  readonly #isEmpty: boolean;

  constructor(environments: readonly EnvironmentEntry[]) {
    const resources = new Map<string, EnvironmentEntry>();
    for (const environment of environments) {
      const { project, id, names } = environment;
      this.#ids.set(project, new Map([...(this.#ids.get(project) ?? []), [id.toLowerCase(), environment]]));
      for (const { source, name } of names) {
        const key = name.toLowerCase();
        this.#named.set(
          key,
          [...(this.#named.get(key) ?? []), { source: foldSource(source), environment }].sort(
            (a, b) => b.source.length - a.source.length,
          ),
        );
      }
      for (const resource of environment.resources) resources.set(foldSource(resource), environment);
    }
    this.#resources = new LongestPrefix(resources);
    this.#isEmpty = environments.length === 0;
  }

  /**
   * The environment of a record: the one that the source names, by what it is called there, else by its id; else the one in
   * which the target, something related to it, or the source itself lies.
   */
  find(project: string | undefined, source: string, data: RecordData): EnvironmentEntry | undefined {
    if (this.#isEmpty) return undefined;
    const covered = data.decision?.covers?.find(({ kind }) => kind === 'environment')?.id;
    const name = data.target?.environment ?? covered;
    if (name !== undefined) {
      const found = this.#byName(foldSource(source), name.toLowerCase()) ?? this.#byId(project, name.toLowerCase());
      if (found !== undefined) return found;
    }
    const ids = data.target === undefined ? [] : [foldSource(data.target.id)];
    for (const { id } of data.related ?? []) ids.push(foldSource(id));
    if (covered !== undefined) ids.push(foldSource(covered));
    ids.push(foldSource(source));
    return this.#resources.find(ids);
  }

  /**
   * The environment of a project by its id, else by what its sources call it; undefined where two sources call two
   * environments so.
   */
  named(project: string, name: string): EnvironmentEntry | undefined {
    const folded = name.toLowerCase();
    const found = this.#byId(project, folded);
    if (found !== undefined) return found;
    const named = (this.#named.get(folded) ?? []).filter(({ environment }) => environment.project === project);
    const first = named[0]?.environment;
    return named.every(({ environment }) => environment === first) ? first : undefined;
  }

  #byName(place: string, name: string): EnvironmentEntry | undefined {
    return this.#named.get(name)?.find(({ source }) => isBelow(place, source))?.environment;
  }

  #byId(project: string | undefined, id: string): EnvironmentEntry | undefined {
    return project === undefined ? undefined : this.#ids.get(project)?.get(id);
  }
}
