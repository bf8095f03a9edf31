import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SettingsError } from './errors.ts';

/**
 * Where the entry file of a process or thread lies: beside the module that starts it in the sources (.ts) and in what tsc
 * makes of them (.js), and in a package beside the bundle, or one folder up where the bundler put that module into a folder
 * of chunks. `name`: without extension; `self`: the starting module's `import.meta.url`. Throws SettingsError.
 */
export function findWorkerUrl(name: string, self: string): URL {
  const file = `${name}${extname(new URL(self).pathname)}`;
  const candidates = [`./${file}`, `../${file}`].map((path) => new URL(path, self));
  const found = candidates.find((candidate) => existsSync(fileURLToPath(candidate)));
  if (found === undefined) throw new SettingsError(`The package lacks ${file}: build it with npm run package.`);
  return found;
}
