import { describe, expect, it } from 'vitest';

import { azurePolicyNormalizer } from '../../shared/normalize/azure-policy.ts';
import { finished, only } from '../normalize/table-rows.ts';
import { HAS_CORPUS, corpusFiles } from './corpus-files.ts';

const STATE = 'indelible.infrastructure.policy_state';
// As the documentation prints it, folded like every resource id.
const RESOURCE =
  '/subscriptions/<subscriptionid>/resourcegroups/<resourcegroup>/providers/<providernamespace>/<resourcetype>/<resourcename>';

/** What a reader finds in each file: the type, and whether a management group was subscribed to. All tell of one state. */
const EXPECTED: readonly (readonly [file: string, type: string, group: boolean])[] = [
  ['cloudevents.PolicyStateChanged.json', `${STATE}.changed`, false],
  ['cloudevents.PolicyStateCreated.json', `${STATE}.created`, false],
  ['cloudevents.PolicyStateCreated.managementgroup.json', `${STATE}.created`, true],
  ['eventgrid.PolicyStateChanged.json', `${STATE}.changed`, false],
  ['eventgrid.PolicyStateChanged.managementgroup.json', `${STATE}.changed`, true],
  ['eventgrid.PolicyStateCreated.json', `${STATE}.created`, false],
  ['eventgrid.PolicyStateCreated.managementgroup.json', `${STATE}.created`, true],
];

describe.runIf(HAS_CORPUS)('every published event of Azure Policy is the record that a reader agrees with', () => {
  const files = HAS_CORPUS ? corpusFiles().filter(({ file }) => file.startsWith('event-grid/azure-docs-policy/')) : [];

  it('and none of them is left out', () => {
    expect(new Set(files.map(({ file }) => file.split('/').at(-1)))).toEqual(new Set(EXPECTED.map(([file]) => file)));
  });

  it.each(EXPECTED)('%s', (name, type, group) => {
    const body = files.find(({ file }) => file.endsWith(`/${name}`))?.read();
    const record = only(finished(azurePolicyNormalizer, 'any', body));
    expect(record.type).toBe(type);
    expect(record.source).toBe('/subscriptions/<subscriptionid>');
    expect(record.time).toBe('2021-03-27T18:37:42.449Z');
    expect(record.subject?.startsWith(`${RESOURCE}/providers/microsoft.policyinsights/policystates/`)).toBe(true);
    expect(record.data).toMatchObject({
      actor: { kind: 'service', id: 'azure:microsoft.policyinsights' },
      target: { kind: '<providernamespace>/<resourcetype>', id: RESOURCE },
      outcome: 'succeeded',
      changes: [{ field: 'complianceState', to: 'NonCompliant' }],
      clock: { ended: { at: '2021-03-27T18:37:42.524Z' } },
    });
    const parts = record.data.related?.map(({ part }) => part);
    expect(parts).toEqual(['policyAssignment', 'policyDefinition', ...(group ? ['managementGroup'] : [])]);
  });

  it('and all of them are of one state, by whichever schema and subscription it came', () => {
    const subjects = files.map(({ read }) => only(finished(azurePolicyNormalizer, 'any', read())).subject);
    expect(new Set(subjects).size).toBe(1);
  });
});
