import { approvalsNormalizer } from './approvals.ts';
import { azureActivityNormalizer } from './azure-activity.ts';
import { githubNormalizer } from './github.ts';
import type { Normalizer } from './normalizer.ts';
import { readsNormalizer } from './reads.ts';

/** One per source. */
export const NORMALIZERS: readonly Normalizer[] = [
  githubNormalizer,
  azureActivityNormalizer,
  approvalsNormalizer,
  readsNormalizer,
];

/**
 * The sources that each hub may bring. Every app may send to its own hub alone, so whoever takes over the webhooks can forge
 * webhooks, and no human approval and no event of Azure's.
 */
export const HUB_SOURCES: Readonly<Record<string, readonly string[]>> = {
  web: ['github'],
  azure: ['azure-activity'],
  decisions: ['approvals'],
  reads: ['reads'],
};
