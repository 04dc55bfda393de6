// How long a caller waits for a Durable Object.

import { StoreUnavailable } from './room-store.ts';

/** The answer, if it comes in time. @throws StoreUnavailable where it does not, or is an error */
export async function withDeadline<T>(ms: number, answer: Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(ms);
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () => reject(deadline.reason), { once: true });
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw new StoreUnavailable('no answer', { cause: error });
  }
}
