/** A project, and the URIs below which everything is its. */
export interface Project {
  readonly id: string;
  readonly name?: string | undefined;
  readonly sources: readonly string[];
}

/** As in the ids of requests, `<project>~<uuid>`. */
export const PROJECT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What says itself which project it is of: `urn:indelible:project:<project>`, and the ids of requests. */
const NAMES_PROJECT = /^(?:urn:indelible:project:([a-z0-9][a-z0-9-]{0,62})|([a-z0-9][a-z0-9-]{0,62})~[0-9a-f-]{36})$/;

/**
 * The form in which sources are compared: GitHub, Azure and Azure DevOps all take their addresses in any case, and write one
 * resource in several.
 */
export function foldSource(source: string): string {
  return source.toLowerCase().replace(/\/+$/, '');
}

/** Which project an event is of. */
export class ProjectFinder {
  readonly #projects = new Map<string, string>();
  /** Of the sources, longest first. */
  readonly #lengths: readonly number[];

  constructor(projects: readonly Project[]) {
    for (const { id, sources } of projects) {
      for (const source of sources) this.#projects.set(foldSource(source), id);
    }
    this.#lengths = [...new Set([...this.#projects.keys()].map((source) => source.length))].sort((a, b) => b - a);
  }

  /**
   * `source`: where it happened; `objects`: ids of what it happened to. The longest of the projects' sources decides that
   * `source`, or an object below it, begins with, on the boundary of a path: within one subscription it is the resource
   * group that tells. Then what names its project itself, then objects elsewhere. undefined: nobody claims it.
   */
  find(source: string, objects: readonly string[]): string | undefined {
    const place = foldSource(source);
    const folded = objects.map(foldSource);
    const within = folded.filter((object) => begins(object, place));
    const found = this.#longest([place, ...within]);
    if (found !== undefined) return found;
    for (const each of [source, ...objects]) {
      const [, project, requested] = NAMES_PROJECT.exec(each) ?? [];
      if (project !== undefined || requested !== undefined) return project ?? requested;
    }
    return this.#longest(folded);
  }

  /** Of two as long, the first one's. */
  #longest(ids: readonly string[]): string | undefined {
    // Only lengths that a source has are looked at: an id of two thousand slashes costs no more than any other.
    for (const length of this.#lengths) {
      for (const id of ids) {
        if (!isBoundary(id, length)) continue;
        const project = this.#projects.get(id.slice(0, length));
        if (project !== undefined) return project;
      }
    }
    return undefined;
  }
}

function begins(id: string, prefix: string): boolean {
  return isBoundary(id, prefix.length) && id.startsWith(prefix);
}

/** True where a path ends after `length` characters: `…/payments` is no part of `…/payments-old`. */
function isBoundary(id: string, length: number): boolean {
  return id.length === length || (id.length > length && '/?#'.includes(id.charAt(length)));
}
