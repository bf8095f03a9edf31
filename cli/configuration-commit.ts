import { execFileSync } from 'node:child_process';

/**
 * The commit that brought the files of a folder into the branch that is checked out there: of a merged pull request its merge or
 * squash commit, which is what its record links. The repository may be another than the code's. A reason, where no commit
 * can be told for certain: a wrong one would name the approvers of something else.
 */
export function findConfigurationCommit(
  folder: string,
  names: readonly string[],
): { readonly commit: string } | { readonly reason: string } {
  try {
    if (git(folder, 'rev-parse', '--is-shallow-repository') === 'true') {
      return { reason: 'the clone is shallow, so nobody can tell which commit changed it. Fetch the whole history' };
    }
    if (git(folder, 'status', '--porcelain', '--ignored', '--untracked-files=all', '--', ...names) !== '') {
      return { reason: 'it differs from what is committed. Commit it, and package again' };
    }
    // Along the first parents: on that line a merged branch is one commit, whatever it was made of.
    const commit = git(folder, 'log', '-1', '--first-parent', '--format=%H', '--', ...names);
    return commit === '' ? { reason: 'it is in no commit. Commit it, and package again' } : { commit };
  } catch {
    return { reason: 'it lies in no Git repository, or there is no git on this machine' };
  }
}

function git(folder: string, ...args: string[]): string {
  // Without a lock: a build does not stand in the way of somebody who commits.
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
  return execFileSync('git', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
