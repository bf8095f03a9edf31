import { StoreError } from '../../shared/errors.ts';

/** The StoreError that the work ends in; anything else is thrown on. */
export async function thrownBy(work: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await work.then(
    () => new Error('It did not fail.'),
    (each: unknown) => each,
  );
  if (error instanceof StoreError) return error;
  throw error;
}
