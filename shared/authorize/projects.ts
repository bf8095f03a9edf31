import { projectOfRequest } from '../wire/request-id.ts';
import { LongestPrefix, foldSource, isBelow } from './longest-prefix.ts';

/** A project, and the URIs below which everything is its. */
export interface ProjectSources {
  readonly id: string;
  readonly sources: readonly string[];
}

/** As in the ids of requests, `<project>~<uuid>`. */
export const PROJECT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Where something happened at one of our own APIs: no other source may say so of itself (normalize-message.ts). */
const OUR_OWN = 'urn:indelible:';

/** What says itself which project it is of: `urn:indelible:project:<project>`, and the ids of requests. */
const NAMES_PROJECT = /^urn:indelible:project:([a-z0-9][a-z0-9-]{0,62})$/;

/** Which project an event is of. */
export class ProjectFinder {
  readonly #projects: LongestPrefix<string>;

  constructor(projects: readonly ProjectSources[]) {
    this.#projects = new LongestPrefix(
      new Map(projects.flatMap(({ id, sources }) => sources.map((source) => [foldSource(source), id] as const))),
    );
  }

  /**
   * `source`: where it happened; `objects`: ids of what it happened to. The longest of the projects' sources decides that
   * `source`, or an object below it, begins with, on the boundary of a path: within one subscription it is the resource
   * group that tells. Then what names its project itself, where it happened at one of our own APIs: a webhook may hold any
   * name. Then objects elsewhere. undefined: nobody claims it.
   */
  find(source: string, objects: readonly string[]): string | undefined {
    const place = foldSource(source);
    const folded = objects.map(foldSource);
    const within = folded.filter((object) => isBelow(object, place));
    const found = this.#projects.find([place, ...within]);
    if (found !== undefined) return found;
    for (const each of source.startsWith(OUR_OWN) ? [source, ...objects] : []) {
      const project = NAMES_PROJECT.exec(each)?.[1] ?? projectOfRequest(each);
      if (project !== undefined) return project;
    }
    return this.#projects.find(folded);
  }
}
