import type { Configuration } from '../authorize/configuration.ts';
import { rulesOf } from '../authorize/decision-rules.ts';
import type { Principal, Seal, TrailRecord } from '../wire/record.ts';
import { projectOfRequest, standingRequestId } from '../wire/request-id.ts';
import type { Timestamp } from '../wire/timestamp.ts';
import { foldRequest } from './fold-request.ts';
import type { FoldedRequest } from './folded.ts';
import { inLogOrder } from './sealed-steps.ts';
import type { SealedRecord } from './sealed-steps.ts';

/** What was found of a request in the trail. */
export interface FoundRequest {
  readonly request: string;
  readonly project: string | undefined;
  /** Of this request and of the project's standing delegations, in any order. */
  readonly steps: readonly SealedRecord[];
  /** What the log of the steps has adopted. */
  readonly adopted: Seal['configurations'];
}

export interface JudgedRequest extends FoldedRequest {
  /** How many deliveries of steps that is judged from. */
  readonly steps: number;
  /** What a project of one person does in place of a second pair of eyes. */
  readonly compensatingControl?: string;
  /** Hashes of versions that the log has adopted, whose bytes were not found: what they say is not known. */
  readonly unknownVersions?: readonly string[];
}

/**
 * What holds of a request that was read from the trail. A version of the rules counts where the log of the steps has adopted
 * it, from when its seal says, and where its bytes hash to what the seal names: so it does not matter who brings the bytes.
 * `versionOf`: a version by its hash. `authorsOf`: who made the commits that the request covers; asked only where the matrix
 * keeps out an author that no step names. Throws what that throws.
 */
export async function judgeRequest(
  found: FoundRequest,
  at: Timestamp,
  versionOf: (sha256: string) => Configuration | undefined,
  authorsOf: (commits: readonly string[]) => Promise<readonly Principal[]>,
): Promise<JudgedRequest> {
  const { request, project, adopted } = found;
  const isOf = (id: string) => (each: SealedRecord) => each.record.data.decision?.request === id;
  const own = found.steps.filter(isOf(request));
  const steps = inLogOrder(own);
  const standing = project === undefined ? [] : inLogOrder(found.steps.filter(isOf(standingRequestId(project))));
  const rules = rulesOf(adopted, versionOf);
  const question = { request, steps, standing, rules, at };
  let folded = foldRequest(question);
  if (folded.rounds.some(({ unknown }) => unknown?.includes('author') === true)) {
    const authors = await authorsOf(coveredCommits(folded));
    if (authors.length > 0) folded = foldRequest({ ...question, known: { authors } });
  }
  const of = folded.project ?? projectOfRequest(request);
  const control = of === undefined ? undefined : rules.compensatingControl(of, at);
  const unknown = adopted.flatMap(({ sha256 }) => (versionOf(sha256) === undefined ? [sha256] : []));
  return {
    ...folded,
    steps: own.length,
    ...(control === undefined ? {} : { compensatingControl: control }),
    ...(unknown.length === 0 ? {} : { unknownVersions: unknown }),
  };
}

function coveredCommits({ rounds }: FoldedRequest): string[] {
  const ids = rounds.flatMap(({ covers }) => covers.flatMap(({ kind, id }) => (kind === 'commit' ? [id] : [])));
  return [...new Set(ids)];
}

/** By which part records of code name who made it. */
const AUTHORS: ReadonlySet<string> = new Set(['author', 'coAuthor']);

/** Who made a commit, as the records say that link to it: its authors, or those of the pull request that it came by. */
export function authorsIn(records: readonly TrailRecord[], commits: readonly string[]): Principal[] {
  return records.flatMap(({ data }) => {
    const isLinked = data.links?.some(({ kind, id }) => kind === 'commit' && commits.includes(id)) === true;
    if (data.category !== 'code' || !isLinked) return [];
    return (data.related ?? []).flatMap(({ part, id }) =>
      AUTHORS.has(part) ? [{ kind: 'unknown' as const, id }] : [],
    );
  });
}
