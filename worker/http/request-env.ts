// What every handler finds in its Hono context (`c.var`), set once by the first middleware of app.ts.

import type { Context } from 'hono';
import type { ResponseFormat } from './request-client.ts';

/** Keeps work alive after the response to the request that started it. */
export type Background = (work: Promise<unknown>) => void;

export interface RequestEnv {
  Variables: { background: Background; format: ResponseFormat };
}

/** Outside a Worker (tests that call the app directly) there is no execution context; the work continues by itself. */
export function backgroundOf(c: Context): Background {
  try {
    const { executionCtx } = c;
    return (work) => executionCtx.waitUntil(work);
  } catch {
    return (work) => void work.catch(() => {});
  }
}
