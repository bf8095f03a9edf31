import { Unrecognized } from '../../shared/normalize/normalizer.ts';

/** How normalizing ended: with records, or with a reason. Anything else that is thrown is a crash, and thrown on. */
export function outcomeOf(normalize: () => unknown): 'record' | 'reason' {
  try {
    normalize();
    return 'record';
  } catch (error) {
    if (error instanceof Unrecognized) return 'reason';
    throw error;
  }
}
