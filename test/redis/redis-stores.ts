// Stores in Redis as tests need them: a played clock where there is one, and the sums of what was asked.

import { randomBytes } from 'node:crypto';
import { RedisLink } from '../../worker/store/redis-link.ts';
import { type RedisOptions, RedisStore } from '../../worker/store/redis-store.ts';
import { StoreTally } from '../../worker/store/store-tally.ts';

/** A store of one context, as a gateway with a desk of its own would have it. */
export function redisStore(address: { url: string; token: string }, changes: Partial<RedisOptions> = {}) {
  const tally = new StoreTally();
  const link = new RedisLink(address);
  const store = new RedisStore({
    link,
    tally,
    stopwatch: () => performance.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    random: Math.random,
    randomId: (bytes) => randomBytes(bytes).toString('base64url'),
    ...changes,
  });
  return { store, link, tally };
}
