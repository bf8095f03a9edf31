import type { Seal } from '../wire/record.ts';
import { ACTIONS } from './actions.ts';
import type { Action } from './actions.ts';
import type { Configuration } from './configuration.ts';
import type { DecisionRules, Holding } from './rules.ts';

/**
 * The rules by what a log has adopted (a seal's list, oldest first). `versionOf`: a version by its hash, from the history of
 * a deployment or parsed from the evidence; a version that it does not know counts as not adopted.
 */
export function rulesOf(
  adopted: Seal['configurations'],
  versionOf: (sha256: string) => Configuration | undefined,
): DecisionRules {
  const versions = adopted.flatMap(({ sha256, effective }) => {
    const version = versionOf(sha256);
    return version === undefined ? [] : [{ version, effective }];
  });
  const indexAt = (time: string): number => versions.findLastIndex(({ effective }) => effective <= time);
  /** In force then; before the first, the first. */
  const baseAt = (time: string): Configuration | undefined => versions[Math.max(indexAt(time), 0)]?.version;
  const environmentIn = ({ rules }: Configuration, project: string, environment: string | undefined) =>
    environment === undefined ? undefined : rules.environments.named(project, environment);
  const newest = versions.at(-1)?.version;

  return {
    versionAt: (time) => versions[indexAt(time)]?.version.sha256,

    ruleFor(action, project, environment, time) {
      const version = baseAt(time);
      if (version === undefined || !isAction(action)) return undefined;
      return version.rules.ruleFor(action, environmentIn(version, project, environment)?.class);
    },

    holds(who, role, project, environment, time): Holding {
      const at = indexAt(time);
      const first = Math.max(at, 0);
      for (const [i, { version }] of versions.slice(first).entries()) {
        const identity = version.rules.identityOf(who);
        const place = environmentIn(version, project, environment)?.id;
        const held =
          identity === undefined
            ? undefined
            : version.rules.heldBy(identity.id, role, { project, environment: place, time });
        if (held === undefined) continue;
        return {
          held: true,
          ...(held.delegatedBy === undefined ? {} : { delegatedBy: held.delegatedBy }),
          basis: at !== -1 && i === 0 ? 'inForce' : 'retroactive',
          version: version.sha256,
        };
      }
      const base = versions[first]?.version;
      if (base === undefined) return { held: false, basis: 'unknown' };
      return { held: false, basis: at === -1 ? 'retroactive' : 'inForce', version: base.sha256 };
    },

    eligible(role, project, environment, time) {
      const version = baseAt(time);
      if (version === undefined) return [];
      const place = environmentIn(version, project, environment)?.id;
      return version.rules.eligible(role, { project, environment: place, time });
    },

    resolve: (who, time) => (time === undefined ? newest : baseAt(time))?.rules.identityOf(who)?.id,

    kindOf: (identity) => newest?.rules.kindOf(identity),

    compensatingControl: (project, time) => baseAt(time)?.rules.compensatingControl(project),
  };
}

function isAction(name: string): name is Action {
  return Object.hasOwn(ACTIONS, name);
}
