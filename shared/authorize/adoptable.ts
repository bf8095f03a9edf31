import { diffConfigurations } from './configuration-diff.ts';
import type { ConfigurationChange } from './configuration-diff.ts';
import type { Configuration } from './configuration.ts';
import { versionOf } from './history.ts';
import type { History } from './history.ts';

/** The version that a process runs, with what its adoption says of it. */
export interface AdoptableConfiguration extends Configuration {
  /** The commit that it came from, where the package names one. */
  readonly commit: string | undefined;
  /** True for the hash of a version that it follows, directly or not. */
  follows(sha256: string): boolean;
  /** How it differs from an earlier version; undefined where that is none of its history. */
  changesSince(sha256: string): readonly ConfigurationChange[] | undefined;
}

export function toAdoptable(history: History): AdoptableConfiguration {
  const { current, commit, isPredecessor } = history;
  return {
    ...current,
    commit,
    follows: isPredecessor,
    changesSince: (sha256) => {
      const before = versionOf(history, sha256);
      return before === undefined ? undefined : diffConfigurations(before, current);
    },
  };
}
