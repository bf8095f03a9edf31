import type { TokenVerifier } from '../collect/tokens.ts';
import type { PublishDependencies } from './publish-event.ts';

/** Everything that the functions of a publishing app need; made once per process by the composition. */
export interface PublishingApp extends PublishDependencies {
  /** The current secret first, then the previous one while it is rotated; empty where the app takes no GitHub webhooks. */
  readonly githubSecrets: readonly string[];
  /** Likewise, of Azure DevOps' service hooks. */
  readonly azureDevopsSecrets: readonly string[];
  /** In an app without bearer tokens: one that refuses everything. */
  readonly verifyToken: TokenVerifier;
}
