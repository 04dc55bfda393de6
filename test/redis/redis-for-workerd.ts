// A Redis for the tests that run inside workerd, which can start none themselves.

import type { TestProject } from 'vitest/node';
import { sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redis: { url: string; token: string };
  }
}

export default async function provide(project: TestProject): Promise<() => Promise<void>> {
  const redis = await sharedRedis();
  project.provide('redis', redis.address);
  return async () => redis[Symbol.asyncDispose]();
}
