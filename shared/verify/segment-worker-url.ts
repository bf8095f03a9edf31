import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SettingsError } from '../errors.ts';

/**
 * Where the worker's own entry file lies: beside this module in the sources (.ts) and in what tsc makes of them (.js), and in
 * a package beside the bundle, or one folder up where the bundler put this module into a folder of chunks.
 */
export function segmentWorkerUrl(self: string = import.meta.url): URL {
  const file = `segment-worker${extname(new URL(self).pathname)}`;
  const candidates = [`./${file}`, `../${file}`].map((path) => new URL(path, self));
  const found = candidates.find((candidate) => existsSync(fileURLToPath(candidate)));
  if (found === undefined) throw new SettingsError(`The package lacks ${file}: build it with npm run package.`);
  return found;
}
