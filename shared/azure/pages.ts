import { withDeadline } from './deadline.ts';
import { toStoreError } from './http-error.ts';

/**
 * The pages of a listing, each within the deadline (milliseconds) however long the reader takes between them: the SDKs'
 * own iterators take one signal for the whole listing. `doing`: as for {@link toStoreError}. Throws StoreError.
 */
export async function* pagesOf<P extends { readonly continuationToken?: string }>(
  deadline: number,
  doing: string,
  fetch: (from: { continuationToken?: string }, abortSignal: AbortSignal) => Promise<IteratorResult<P>>,
): AsyncGenerator<P> {
  let continuationToken: string | undefined;
  do {
    let page: IteratorResult<P>;
    try {
      const from = continuationToken === undefined ? {} : { continuationToken };
      page = await withDeadline(deadline, (abortSignal) => fetch(from, abortSignal));
    } catch (error) {
      throw toStoreError(error, doing);
    }
    if (page.done === true) return;
    yield page.value;
    continuationToken = page.value.continuationToken;
  } while (continuationToken !== undefined && continuationToken !== '');
}
