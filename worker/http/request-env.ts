// What every handler finds in its Hono context (`c.var`), set once at the start of app.ts.

import type { Context, MiddlewareHandler } from 'hono';
import type { ResponseFormat } from './request-client.ts';

/** Keeps work alive after the response to the request that started it. */
export type Background = (work: Promise<unknown>) => void;

export interface RequestEnv {
  Variables: { background: Background; format: ResponseFormat };
  /** An app behind the first one gets in its environment what that one has prepared. */
  Bindings: Partial<RequestEnv['Variables']>;
}

/** The first middleware of an app behind the first one. */
export const asPrepared: MiddlewareHandler<RequestEnv> = (c, next) => {
  const { background, format } = c.env;
  if (background === undefined || format === undefined) throw new TypeError('The request is not prepared.');
  c.set('background', background);
  c.set('format', format);
  return next();
};

/** Outside a Worker (tests that call the app directly) there is no execution context; the work continues by itself. */
export function backgroundOf(c: Context): Background {
  try {
    const { executionCtx } = c;
    return (work) => executionCtx.waitUntil(work);
  } catch {
    return (work) => void work.catch(() => {});
  }
}
