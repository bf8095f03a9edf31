import { readFileSync } from 'node:fs';

import { FormatError } from '../shared/errors.ts';
import { parsePublicKey } from '../shared/wire/signed-note.ts';
import type { PublicKey } from '../shared/wire/signed-note.ts';
import { CliError } from './cli-error.ts';

/** Throws CliError. */
export function readInputFile(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    const why = code === 'ENOENT' ? 'it does not exist' : code;
    throw new CliError(`The ${what} ${file} cannot be read: ${why}.`, { cause });
  }
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
