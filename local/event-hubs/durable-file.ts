import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes `path` hold `bytes`: after a crash it has either its old content or the new one, whole. */
export async function replaceFile(path: string, bytes: string | Uint8Array): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** A file's name survives a crash only once its folder is on disk too. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
