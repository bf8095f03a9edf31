import type { Related } from '../../wire/record.ts';
import { linksOf, targetOf } from '../azure-operation.ts';
import { parseResourceId } from '../azure-resource.ts';
import type { RecordDraft } from '../normalizer.ts';
import { textAt, uriAt } from '../read.ts';
import { objectsIn, textIn } from '../table-row.ts';
import { callerOf } from './caller.ts';
import type { ActivityEntry } from './entry.ts';
import { entryDetails, outcomeOfEntry } from './operation.ts';
import { clockOfEntry } from './outcome.ts';

const EFFECT = /^microsoft\.authorization\/policies\/([a-z]{1,40})\/action$/i;

/** The effect that the operation is: `deny`, `audit`, `modify` …; undefined where it is another operation. */
export function policyEffectOf(operation: string): string | undefined {
  return EFFECT.exec(operation)?.[1]?.toLowerCase();
}

/** An initiative has hundreds of definitions; the evidence has all of them. */
const MOST_POLICIES = 32;

/** What Azure Policy did to a request, or found in a scan. A request that it denied never reached the resource. */
export function policyDraft(entry: ActivityEntry): RecordDraft {
  const { operation, resource, correlation, time, status, facts } = entry;
  const caller = callerOf(entry);
  const effect = policyEffectOf(operation);
  const isScan = textIn(facts, 'iscompliancecheck')?.toLowerCase() === 'true';
  const refused = !isScan && (effect === 'deny' || effect === 'denyaction');
  const outcome = refused ? 'denied' : outcomeOfEntry(entry);
  const policies = objectsIn(facts, 'policies').slice(0, MOST_POLICIES);
  const assignments = policies.flatMap((policy) => uriAt(policy, 'policyAssignmentId') ?? []);
  const definitions = policies.flatMap((policy) => uriAt(policy, 'policyDefinitionId') ?? []);
  const names = policies.flatMap(
    (policy) => textAt(policy, 'policyAssignmentName') ?? textAt(policy, 'policyDefinitionName') ?? [],
  );
  const who = caller.actor?.name ?? caller.actor?.id;
  return {
    part: entry.part,
    type: 'indelible.infrastructure.policy.evaluated',
    source: entry.source,
    subject: resource.id,
    time,
    data: {
      ...(caller.actor === undefined ? {} : { actor: caller.actor }),
      action: operation,
      outcome,
      summary:
        `Azure Policy ${isScan ? 'checked' : 'evaluated'} ${resource.name ?? resource.id} with effect ${effect ?? 'unknown'}` +
        `${who === undefined || isScan ? '' : `, on a request of ${who}`}: ${outcome}`,
      target: targetOf(resource),
      related: [...relatedOf('policyAssignment', assignments), ...relatedOf('policyDefinition', definitions)],
      details: {
        ...entryDetails(entry),
        ...(status === undefined ? {} : { status }),
        ...(effect === undefined ? {} : { effect }),
        ...(names.length === 0 ? {} : { policies: names.join(', ') }),
        complianceCheck: isScan,
      },
      origin: caller.origin,
      links: linksOf(correlation, operation, resource.id, false),
      clock: clockOfEntry(time, outcome, status),
    },
  };
}

function relatedOf(part: string, ids: readonly string[]): Related[] {
  return [...new Map(ids.map((id) => [parseResourceId(id).id, parseResourceId(id)])).values()].map((each) => ({
    part,
    ...targetOf(each),
  }));
}
