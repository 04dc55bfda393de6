// What the tests inside workerd cannot start or read themselves: a Redis, and the fixture of stored state.

import type { TestProject } from 'vitest/node';
import { sharedRedis } from '../../scripts/lib/local-redis/shared-redis.ts';
import { schema0 } from '../fixtures/schema-0.ts';
import type { Schema0 } from '../store/schema-0-suite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redis: { url: string; token: string };
    schema0: Schema0;
  }
}

export default async function provide(project: TestProject): Promise<() => Promise<void>> {
  const redis = await sharedRedis();
  project.provide('redis', redis.address);
  project.provide('schema0', schema0());
  return async () => redis[Symbol.asyncDispose]();
}
