import { describe, expect, test } from 'vitest';

import type { RecordDraft } from '../../shared/normalize/normalizer.ts';
import { normalize, recordOf } from '../normalize/azure-devops-payloads.ts';
import { HAS_CORPUS, corpusFiles } from './corpus-files.ts';

/** What a person reads in each published payload of a service hook; one row a record. */
type Row = readonly [file: string, type: string, actor: string, target: string, outcome: string];

const FABRIKAM = 'https://dev.azure.com/fabrikam';
const FIBER = 'https://dev.azure.com/fabrikam-fiber-inc';
const JAMAL_BY_NAME = 'unknown azure-devops:@Jamal Hartnett';
const JAMAL = 'human azure-devops:54d125f7-69f7-4191-904f-c5b96b6261c8';
const CHUCK = 'human azure-devops:4247c988-4060-4712-abca-ff44681dd78a';
const NORMAN = 'human azure-devops:d6245f20-2af8-44f4-9451-8107cb2767db';
const LIVE = 'human azure-devops:00067FFED5C7AF52@Live.com';
const NOBODY = 'unknown azure-devops:unknown';
const NONE = 'none';
const RUN = 'https://dev.azure.com/fabfiber/Fabrikam-Fiber-Git/_build/results?buildId=2';

const EXPECTED: readonly Row[] = [
  [
    'docs-2018/build.complete',
    'deployment.build.completed',
    NORMAN,
    `build ${FIBER}/be9b3917-87e6-42a4-a549-2bc06a7a878f/_build/results?buildId=2`,
    'succeeded',
  ],
  [
    'docs-2018/git.pullrequest.created',
    'code.pull_request.opened',
    JAMAL,
    `pullRequest ${FABRIKAM}/Fabrikam/_git/Fabrikam/pullrequest/1`,
    'succeeded',
  ],
  [
    'docs-2018/git.pullrequest.merged',
    'code.pull_request.merged',
    JAMAL,
    `pullRequest ${FABRIKAM}/Fabrikam/_git/Fabrikam/pullrequest/1`,
    'succeeded',
  ],
  [
    'docs-2018/git.pullrequest.updated',
    'code.pull_request.merged',
    JAMAL,
    `pullRequest ${FABRIKAM}/Fabrikam/_git/Fabrikam/pullrequest/1`,
    'succeeded',
  ],
  [
    'docs-2018/git.push',
    'code.branch.pushed',
    LIVE,
    `branch ${FIBER}/Fabrikam-Fiber-Git/_git/Fabrikam-Fiber-Git?version=GBmaster`,
    'succeeded',
  ],
  [
    'docs-2018/git.push',
    'code.commit.pushed',
    LIVE,
    `commit ${FIBER}/Fabrikam-Fiber-Git/_git/Fabrikam-Fiber-Git/commit/33b55f7cb7e7e245323987634f960cf4a6e6bc74`,
    'succeeded',
  ],
  ['docs-2018/message.posted', 'code.message.posted', LIVE, NONE, 'succeeded'],
  [
    'docs-2018/ms.vss-release.deployment-approval-completed-event',
    'decision.deployment_approval.approved',
    CHUCK,
    'deployment https://dev.azure.com/fabfiber/Fabrikam/_release?releaseId=1#Dev',
    'succeeded',
  ],
  [
    'docs-2018/ms.vss-release.deployment-approval-pending-event',
    'decision.deployment_approval.requested',
    NOBODY,
    'deployment https://dev.azure.com/fabfiber/Fabrikam/_release?releaseId=1#Dev',
    'pending',
  ],
  [
    'docs-2018/ms.vss-release.deployment-completed-event',
    'deployment.deployment.succeeded',
    NONE,
    'deployment https://dev.azure.com/fabfiber/Fabrikam/_release?releaseId=1#Dev',
    'succeeded',
  ],
  [
    'docs-2018/ms.vss-release.deployment-started-event',
    'deployment.deployment.started',
    NONE,
    'deployment https://dev.azure.com/fabfiber/Fabrikam/_release?releaseId=5#Dev',
    'pending',
  ],
  [
    'docs-2018/ms.vss-release.release-abandoned-event',
    'deployment.release.abandoned',
    CHUCK,
    'release https://dev.azure.com/fabfiber/Fabrikam/_release?releaseId=4',
    'succeeded',
  ],
  [
    'docs-2018/ms.vss-release.release-created-event',
    'deployment.release.created',
    CHUCK,
    'release https://dev.azure.com/fabfiber/Fabrikam/_release?releaseId=4',
    'succeeded',
  ],
  [
    'docs-2018/tfvc.checkin',
    'code.changeset.checked_in',
    NORMAN,
    `changeset ${FIBER}/_versionControl/changeset/18`,
    'succeeded',
  ],
  [
    'docs-2018/workitem.commented',
    'code.work_item.commented',
    JAMAL_BY_NAME,
    `workItem ${FIBER}/_workitems/edit/5`,
    'succeeded',
  ],
  [
    'docs-2018/workitem.created',
    'code.work_item.created',
    JAMAL_BY_NAME,
    `workItem ${FIBER}/_workitems/edit/5`,
    'succeeded',
  ],
  [
    'docs-2018/workitem.deleted',
    'code.work_item.deleted',
    JAMAL_BY_NAME,
    `workItem ${FIBER}/_workitems/edit/5`,
    'succeeded',
  ],
  [
    'docs-2018/workitem.restored',
    'code.work_item.restored',
    JAMAL_BY_NAME,
    `workItem ${FIBER}/_workitems/edit/5`,
    'succeeded',
  ],
  [
    'docs-2018/workitem.updated',
    'code.work_item.updated',
    JAMAL_BY_NAME,
    `workItem ${FIBER}/_workitems/edit/5`,
    'succeeded',
  ],
  [
    'docs-2024/agentqueue.created',
    'infrastructure.agent_pool.created',
    NONE,
    'agentPool azure-devops:project/00aa00aa-bb11-cc22-dd33-44ee44ee44ee/_settings/agentqueues?queueId=1',
    'succeeded',
  ],
  [
    'docs-2024/manualintervention.pending',
    'decision.manual_intervention.requested',
    NOBODY,
    'manualIntervention azure-devops:manual-intervention/00000000-0000-0000-0000-000000000000intervention-id',
    'pending',
  ],
  [
    'docs-2024/ms.vss-pipelinechecks-events.approval-completed',
    'decision.deployment_approval.approved',
    NOBODY,
    `pipelineRun ${RUN}`,
    'succeeded',
  ],
  [
    'docs-2024/ms.vss-pipelinechecks-events.approval-pending',
    'decision.deployment_approval.requested',
    NOBODY,
    `pipelineRun ${RUN}`,
    'pending',
  ],
  [
    'docs-2024/ms.vss-pipelines.job-state-changed-event',
    'deployment.pipeline_job.completed',
    NONE,
    'pipelineJob https://dev.azure.com/fabrikamfiber/fabrikamfiber-viva/_build/results?buildId=2&stage=__default&job=__default',
    'succeeded',
  ],
  [
    'docs-2024/ms.vss-pipelines.run-state-changed-event',
    'deployment.pipeline_run.completed',
    NONE,
    'pipelineRun https://codedev.ms/org/_build/results?buildId=11',
    'succeeded',
  ],
  [
    'docs-2024/ms.vss-pipelines.stage-state-changed-event',
    'deployment.pipeline_stage.completed',
    NONE,
    'pipelineStage https://codedev.ms/org/_build/results?buildId=2&stage=__default',
    'succeeded',
  ],
];

interface Published {
  readonly name: string;
  readonly drafts: readonly RecordDraft[];
}

/** The audit log of Azure DevOps is a source of its own. */
function published(): readonly Published[] {
  return corpusFiles()
    .filter(({ file, source }) => source === 'azure-devops' && !file.startsWith('azure-devops/audit/'))
    .map(({ file, read }) => ({ name: file.replace(/^azure-devops\/(.*)\.json$/, '$1'), drafts: normalize(read()) }));
}

function rowOf(name: string, { type, data: { actor, target, outcome } }: RecordDraft): Row {
  return [
    name,
    type.replace(/^indelible\./, ''),
    actor === undefined ? NONE : `${actor.kind} ${actor.id}`,
    target === undefined ? NONE : `${target.kind} ${target.id}`,
    outcome,
  ];
}

describe.runIf(HAS_CORPUS)('every published payload of a service hook', () => {
  test('gives the records that a reader agrees with: type, actor, target and outcome', () => {
    const rows = published().flatMap(({ name, drafts }) => drafts.map((draft) => rowOf(name, draft)));
    const byFile = (one: Row, other: Row): number =>
      one.slice(0, 2).join(' ').localeCompare(other.slice(0, 2).join(' '));
    expect(rows.toSorted(byFile)).toEqual(EXPECTED.toSorted(byFile));
  });

  test('gives records that fit the schema, at a time of the payload and not of its arrival', () => {
    for (const draft of published().flatMap(({ drafts }) => drafts)) {
      expect(recordOf(draft).type).toBe(draft.type);
      expect(draft.time?.slice(0, 4)).toMatch(/^20(?:1[4-9]|2[0-5])$/);
    }
  });

  test('of an approval names nobody who was only asked, and joins what was asked with what was answered', () => {
    const decisions = published().flatMap(({ drafts }) => drafts.flatMap(({ data }) => data.decision ?? []));
    const deployment = decisions.filter(({ kind }) => kind === 'deployment');
    const steps = Map.groupBy(deployment, ({ request }) => request);
    expect([...steps.values()].map((each) => each.map(({ step }) => step).toSorted())).toEqual([
      ['requested', 'voted'],
      ['requested'],
      ['requested', 'voted'],
    ]);
  });
});
