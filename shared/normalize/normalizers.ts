import { activityLogNormalizer } from './activity-log.ts';
import { aiNormalizer } from './ai.ts';
import { approvalsNormalizer } from './approvals.ts';
import { azureActivityNormalizer } from './azure-activity.ts';
import { azureDevopsNormalizer } from './azure-devops.ts';
import { azureDevopsAuditNormalizer } from './azure-devops-audit.ts';
import { azurePolicyNormalizer } from './azure-policy.ts';
import { baselineNormalizer } from './baseline.ts';
import { coverageNormalizer } from './coverage.ts';
import { entraAuditNormalizer } from './entra-audit.ts';
import { githubNormalizer } from './github.ts';
import { readsNormalizer } from './reads.ts';
import { verdictsNormalizer } from './verdicts.ts';
import type { Normalizer } from './normalizer.ts';

/** One per source. */
export const NORMALIZERS: readonly Normalizer[] = [
  githubNormalizer,
  azureDevopsNormalizer,
  aiNormalizer,
  azureActivityNormalizer,
  activityLogNormalizer,
  azurePolicyNormalizer,
  azureDevopsAuditNormalizer,
  entraAuditNormalizer,
  coverageNormalizer,
  approvalsNormalizer,
  baselineNormalizer,
  verdictsNormalizer,
  readsNormalizer,
];

/**
 * The sources that each hub may bring. Every app may send to its own hub alone, so whoever takes over the webhooks can forge
 * webhooks, and no human approval and no event of Azure's.
 */
export const HUB_SOURCES: Readonly<Record<string, readonly string[]>> = {
  web: ['github', 'azure-devops', 'ai'],
  azure: ['azure-activity', 'activity-log', 'azure-policy', 'azure-devops-audit', 'entra-audit', 'coverage'],
  decisions: ['approvals', 'baseline', 'verdicts'],
  reads: ['reads'],
};
