import { findWorkerUrl } from '../worker-url.ts';

/** A module of its own: `npm run package` puts the worker into each package whose code holds it. Throws SettingsError. */
export function normalizerWorkerUrl(self: string = import.meta.url): URL {
  return findWorkerUrl('normalizer-worker', self);
}
