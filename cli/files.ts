import { closeSync, openSync, readSync } from 'node:fs';

import { FormatError } from '../shared/errors.ts';
import { parsePublicKey } from '../shared/wire/signed-note.ts';
import type { PublicKey } from '../shared/wire/signed-note.ts';
import { CliError } from './cli-error.ts';

/** Bytes of a key, a checkpoint or a proof: none comes near it. */
const MOST_BYTES = 1024 * 1024;

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
};

/** Also from a pipe, like `<(…)` of a shell. Throws CliError, also where there are more than `limit` bytes. */
export function readInputFile(file: string, what: string, limit = MOST_BYTES): Buffer {
  const chunks: Buffer[] = [];
  let handle: number | undefined;
  try {
    handle = openSync(file, 'r');
    for (let size = 0; size <= limit;) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const read = readSync(handle, chunk);
      if (read === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, read));
      size += read;
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new CliError(`The ${what} ${file} cannot be read: ${WHY[code] ?? code}.`, { cause });
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
  throw new CliError(`The ${what} ${file} has more than ${limit} bytes: that is none.`);
}

/** PEM or DER. Throws CliError. */
export function readKeyFile(file: string): PublicKey {
  const bytes = readInputFile(file, 'key');
  try {
    const text = bytes.toString('latin1');
    return parsePublicKey(text.includes('-----BEGIN') ? text : bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CliError(`${file} is no key that can be used here. ${cause.message} Give the public key in PEM form.`, {
      cause,
    });
  }
}
