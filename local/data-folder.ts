import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Written at the first start, so that a folder that has it is one of ours. */
export const MEMORY_FILE = 'memory.json';

/** What a first start that was killed may have left behind before it wrote {@link MEMORY_FILE}. */
const FIRST = new Set(['.gitignore', 'logs', 'storage', `${MEMORY_FILE}.new`]);

/**
 * Makes the folder of a stack's data where it is missing. Its .gitignore keeps it out of a repository: it holds secrets. Throws
 * Error where the folder is somebody else's.
 */
export function prepareDataFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new Error(`${folder} is a file: give a folder for the data.`);
  }
  const entries = existsSync(folder) ? readdirSync(folder) : [];
  const foreign = entries.find((entry) => !FIRST.has(entry));
  if (foreign !== undefined && !entries.includes(MEMORY_FILE)) {
    throw new Error(
      `The folder ${folder} holds other things already, such as ${foreign}: give a new or empty one, or the data folder of a stack.`,
    );
  }
  mkdirSync(join(folder, 'logs'), { recursive: true, mode: 0o700 });
  const ignore = join(folder, '.gitignore');
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
}
