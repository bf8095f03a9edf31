import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { SampleMessage, SourceDescription } from './source.ts';

const FIXTURES = resolve(import.meta.dirname, '../../test/fixtures/azure-policy');

export const AZURE_POLICY_DESCRIPTION: SourceDescription = {
  authenticated: 'the key of the Event Grid trigger, which the Functions host checks',
  intro:
    "Compliance states of Azure Policy: `Microsoft.PolicyInsights.PolicyStateCreated`, `…Changed` and `…Deleted` of subscriptions and management groups, by Event Grid in its own schema or as CloudEvents. The host re-serializes the event, so its evidence is `JSON.stringify` of what the host passes. `envelope.delivery` is the event's id. A resource has one state for each policy that an assignment brings to it. The event does not say which state was before: the record before it with the same `subject` does. Who changed the resource, and whom a policy refused, is told by `azure-activity` and `activity-log`.",
  fills: new Map([
    ['source', 'the subscription of the resource, also where a management group is subscribed to'],
    [
      'subject',
      "the state's own id: the resource, with the hash of assignment, definition and reference. All states of one resource under one policy share it",
    ],
    ['actor', 'always the engine: `azure:microsoft.policyinsights`, kind `service`'],
    ['target', 'the resource, its id in lower case'],
    ['related', 'the assignment, the definition, the initiative, the management group'],
    ['changes', '`complianceState`, what it is now'],
    ['outcome', '`failed` where the evaluation itself failed (state Error); what is not compliant was evaluated'],
    ['links', 'the correlation id where there is one'],
    [
      'time',
      "`data.timestamp`, when the resource was evaluated: states are in order by it, and not by the event's time",
    ],
    ['clock', '`effective` is the evaluation, `ended` when the event was made, up to 20 minutes later'],
  ]),
  details: new Map([
    ['complianceState', 'Compliant, NonCompliant, Unknown, Exempt, Conflict, Error; of a deleted state the last one'],
    ['complianceReasonCode', 'why, where the policy says so'],
    ['policyDefinitionReference', 'which of the policies of an initiative'],
    ['subscription', 'id of the subscription that the resource is in'],
  ]),
};

/** One for each event, each filling what can be filled: the fixtures of the tests. */
export const AZURE_POLICY_SAMPLES: readonly SampleMessage[] = readdirSync(FIXTURES)
  .sort()
  .map((file) => JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as { eventType?: string; type?: string })
  .map((body) => ({ source: 'azure-policy', event: body.eventType ?? body.type ?? '', body }));
