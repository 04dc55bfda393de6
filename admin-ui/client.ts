// The console's way to the operators' API: one call for each line of the contract's table. What goes wrong is a value, so that
// every screen says what it means; the session is a cookie that this script cannot see.

import type * as z from 'zod';
import { OPERATIONS, OPERATOR_PATH, type OperationName, type Problem } from '../worker/contract/operators.ts';

/** An answer later than this is as good as none: the next poll asks anew. */
const ANSWER_MS_MAX = 8_000;

type Table = typeof OPERATIONS;
export type AnswerTo<N extends OperationName> = z.output<Table[N]['answer']>;
type BodyOf<N extends OperationName> = Table[N] extends { body: infer B extends z.ZodType }
  ? z.input<B>
  : string | undefined;

export type Outcome<T> =
  | { kind: 'answer'; answer: T }
  | { kind: 'problem'; problem: Problem; retryAfterSeconds: number | null }
  /** No answer, or one that is not the gateway's. */
  | { kind: 'unreachable' };

export interface Call<N extends OperationName> {
  /** Values for the braces of the path. */
  at?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: BodyOf<N>;
  ifMatch?: string;
}

/** The address of an operation, for links and frames. */
export function addressOf(
  name: OperationName,
  at: Record<string, string> = {},
  query: Call<'live'>['query'] = {},
): string {
  const path = OPERATIONS[name].path.replace(/\{(\w+)\}/g, (_, parameter: string) =>
    encodeURIComponent(at[parameter] ?? ''),
  );
  const pairs = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  const search = pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
  return `${OPERATOR_PATH}${path}${search}`;
}

export async function call<N extends OperationName>(name: N, asked: Call<N> = {}): Promise<Outcome<AnswerTo<N>>> {
  const { at, query, body, ifMatch } = asked;
  const operation = OPERATIONS[name];
  const isText = typeof body === 'string';
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = isText ? 'text/html' : 'application/json';
  if (ifMatch !== undefined) headers['If-Match'] = ifMatch;
  try {
    const response = await fetch(addressOf(name, at, query), {
      method: operation.method,
      headers,
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const document: unknown = response.status === 204 ? undefined : await response.json();
    if (response.ok) return { kind: 'answer', answer: operation.answer.parse(document) as AnswerTo<N> };
    const retryAfter = Number(response.headers.get('Retry-After'));
    const retryAfterSeconds = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null;
    return { kind: 'problem', problem: document as Problem, retryAfterSeconds };
  } catch {
    // No network, a time-out, an answer cut off or not of the contract: the gateway has not spoken.
    return { kind: 'unreachable' };
  }
}

/** The last word of a problem's type, which screens tell apart by. */
export function problemName({ type }: Problem): string {
  return type.split('/').at(-1) ?? '';
}
