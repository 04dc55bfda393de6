// How long a caller waits for a Durable Object.

import { StoreUnavailable } from './room-store.ts';

/** Bound of one store operation. A visitor's request does not wait longer; a page that retries by itself serves better. */
export const STORE_MS_MAX = 3_000;

/** The result of the call, if it comes in time. @throws StoreUnavailable where it does not, or the call fails */
export async function withDeadline<T>(ms: number, call: Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(ms);
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () => reject(deadline.reason), { once: true });
  });
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    const message = deadline.aborted
      ? `The Durable Object did not answer within ${ms} ms`
      : 'The Durable Object failed';
    throw new StoreUnavailable(message, { cause: error });
  }
}
