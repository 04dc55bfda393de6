// Builds the worker once before the tests that run it.

import { buildWorker } from '../scripts/build.ts';

export async function setup(): Promise<void> {
  await buildWorker();
}
