// How long a caller waits for a Durable Object, and what its failures mean.

import { StoreUnavailable } from './room-store.ts';

/** Bound of one store operation. A visitor's request does not wait longer; a page that retries by itself serves better. */
export const STORE_MS_MAX = 3_000;

/** The object has more requests queued than it can serve; another one makes it worse. */
export class StoreOverloaded extends StoreUnavailable {
  constructor(cause: unknown) {
    super('The Durable Object is overloaded', { cause });
    this.name = 'StoreOverloaded';
  }
}

/**
 * The result of the call, if it comes in time.
 * @throws StoreOverloaded where the runtime says so: the caller must not retry at once
 * @throws StoreUnavailable where the result does not come in time, or the call fails otherwise
 */
export function withDeadline<T>(ms: number, call: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new StoreUnavailable(`The Durable Object did not answer within ${ms} ms`));
    }, ms);
    call.then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(
          isOverload(error)
            ? new StoreOverloaded(error)
            : new StoreUnavailable('The Durable Object failed', { cause: error }),
        );
      },
    );
  });
}

/** The runtime's own property (Cloudflare, Durable Objects: error handling). */
function isOverload(error: unknown): boolean {
  return error instanceof Error && 'overloaded' in error && error.overloaded === true;
}

/** Attempts at one operation. */
const ATTEMPTS_MAX = 2;

/** Each attempt has its share of the operation's time. @throws StoreUnavailable when the last one fails */
export async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withDeadline(STORE_MS_MAX / ATTEMPTS_MAX, call());
    } catch (error) {
      const mayRetry = error instanceof StoreUnavailable && !(error instanceof StoreOverloaded);
      if (!mayRetry || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
