import { resolve } from 'node:path';

import { loadHistory } from '../shared/authorize/history.ts';
import type { History } from '../shared/authorize/history.ts';
import { SettingsError } from '../shared/errors.ts';

/** As loadHistory, whose faults name the files within the folder, and not the folder. Throws SettingsError. */
export async function loadConfiguration(folder: string): Promise<History> {
  try {
    return await loadHistory(folder);
  } catch (cause) {
    if (!(cause instanceof SettingsError)) throw cause;
    throw new SettingsError(`The configuration in ${resolve(folder)} cannot be used: ${cause.message}`, { cause });
  }
}
