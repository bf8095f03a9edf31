import { StoreError } from '../errors.ts';

/** Blob Storage takes names of up to 1,024 characters. */
const MAX_CHARACTERS = 1_024;

/**
 * Refuses a name that would reach another blob than it says: URL parsers and file systems alike fold `.`, `..`, empty parts
 * and backslashes, so `../evidence/x` would leave its container. Throws StoreError `forbidden`.
 */
export function checkBlobName(name: string): string {
  const folds = name.split('/').some((part) => /^\.*$/.test(part) || /[\p{Cc}\\]/u.test(part));
  if (folds || name.length > MAX_CHARACTERS || !name.isWellFormed()) {
    throw new StoreError(
      'forbidden',
      `"${name.slice(0, 200)}" cannot be the name of a blob: write parts joined by slashes.`,
    );
  }
  return name;
}

/** A prefix is a name of which the end may be missing. Throws StoreError `forbidden`. */
export function checkBlobPrefix(prefix: string): string {
  if (prefix !== '') checkBlobName(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  return prefix;
}
