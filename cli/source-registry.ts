import { ACTIVITY_LOG_DESCRIPTION, ACTIVITY_LOG_SAMPLES } from './sources/activity-log.ts';
import { AI_DESCRIPTION, AI_SAMPLES } from './sources/ai.ts';
import { APPROVALS_DESCRIPTION, APPROVALS_SAMPLES } from './sources/approvals.ts';
import { AZURE_ACTIVITY_DESCRIPTION, AZURE_ACTIVITY_SAMPLES } from './sources/azure-activity.ts';
import { AZURE_DEVOPS_AUDIT_DESCRIPTION, AZURE_DEVOPS_AUDIT_SAMPLES } from './sources/azure-devops-audit.ts';
import { AZURE_DEVOPS_DESCRIPTION, AZURE_DEVOPS_SAMPLES } from './sources/azure-devops.ts';
import { AZURE_POLICY_DESCRIPTION, AZURE_POLICY_SAMPLES } from './sources/azure-policy.ts';
import { BASELINE_DESCRIPTION, BASELINE_SAMPLES } from './sources/baseline.ts';
import { COVERAGE_DESCRIPTION, COVERAGE_SAMPLES } from './sources/coverage.ts';
import { ENTRA_AUDIT_DESCRIPTION, ENTRA_AUDIT_SAMPLES } from './sources/entra-audit.ts';
import { GITHUB_DESCRIPTION } from './sources/github.ts';
import { READS_DESCRIPTION, READS_SAMPLES } from './sources/reads.ts';
import { VERDICTS_DESCRIPTION, VERDICTS_SAMPLES } from './sources/verdicts.ts';
import type { SampleMessage, SourceDescription } from './sources/source.ts';

/** Every source that docs/sources.md describes. */
export const SOURCES: ReadonlyMap<string, SourceDescription> = new Map([
  ['github', GITHUB_DESCRIPTION],
  ['azure-activity', AZURE_ACTIVITY_DESCRIPTION],
  ['activity-log', ACTIVITY_LOG_DESCRIPTION],
  ['azure-policy', AZURE_POLICY_DESCRIPTION],
  ['azure-devops', AZURE_DEVOPS_DESCRIPTION],
  ['ai', AI_DESCRIPTION],
  ['azure-devops-audit', AZURE_DEVOPS_AUDIT_DESCRIPTION],
  ['entra-audit', ENTRA_AUDIT_DESCRIPTION],
  ['approvals', APPROVALS_DESCRIPTION],
  ['baseline', BASELINE_DESCRIPTION],
  ['verdicts', VERDICTS_DESCRIPTION],
  ['reads', READS_DESCRIPTION],
  ['coverage', COVERAGE_DESCRIPTION],
]);

/** What the normalizers of all sources but GitHub's can fill, all of it. */
export const OTHER_SAMPLES: readonly SampleMessage[] = [
  ...AZURE_ACTIVITY_SAMPLES,
  ...ACTIVITY_LOG_SAMPLES,
  ...AZURE_POLICY_SAMPLES,
  ...AZURE_DEVOPS_SAMPLES,
  ...AI_SAMPLES,
  ...AZURE_DEVOPS_AUDIT_SAMPLES,
  ...ENTRA_AUDIT_SAMPLES,
  ...APPROVALS_SAMPLES,
  ...BASELINE_SAMPLES,
  ...VERDICTS_SAMPLES,
  ...READS_SAMPLES,
  ...COVERAGE_SAMPLES,
];
