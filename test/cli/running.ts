import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DirectoryImmutableStore } from '../../shared/directory/directory-immutable-store.ts';
import { formatPublicKey } from '../../shared/wire/signed-note.ts';
import type { TrailBuilder } from '../fixtures/trail-builder.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');

/** Signed in as nobody: a token is neither to be had nor waited for. */
const ENV = { ...process.env, AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential', AZURE_TENANT_ID: '' };

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `indelible` in a process of its own, in `folder`. */
export function indelible(folder: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { cwd: folder, env: ENV, maxBuffer: 1 << 26 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, out, err });
    });
  });
}

/** Puts a built trail where `export` would, and its public key beside it. */
export async function writeBuilt(built: TrailBuilder, folder: string): Promise<void> {
  for (const container of ['trail', 'evidence'] as const) {
    const store = new DirectoryImmutableStore(join(folder, container));
    for (const name of built[container].names()) {
      await store.create(name, (await built[container].read(name)) ?? Buffer.alloc(0));
    }
  }
  await writeFile(join(folder, 'key.pem'), formatPublicKey(built.key.publicKey));
}
