import { StoreError } from '../errors.ts';
import type { StoreErrorCode } from '../errors.ts';
import { codeOf } from './durable-file.ts';

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden',
  EFBIG: 'tooLarge',
  ENAMETOOLONG: 'tooLarge',
  ERR_FS_FILE_TOO_LARGE: 'tooLarge',
  EIO: 'unavailable',
  EAGAIN: 'unavailable',
  EBUSY: 'unavailable',
  EDQUOT: 'unavailable',
  EMFILE: 'unavailable',
  ENFILE: 'unavailable',
  ENOSPC: 'unavailable',
};

const ADVICE: Readonly<Record<StoreErrorCode, string>> = {
  forbidden: 'Check who may write there.',
  tooLarge: 'The file system does not take it.',
  unavailable: 'Check the disk and try again.',
  unexpected: 'Check what lies there.',
};

/** What the file system says, as StoreError. `doing`: what was tried, on what, as the beginning of a sentence. */
export function toFileError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const kind = CODES[code ?? ''] ?? 'unexpected';
  return new StoreError(kind, `${doing} failed${code === undefined ? '' : `: ${code}`}. ${ADVICE[kind]}`, {
    cause: error,
  });
}
