// The operators' API from the browser: one call for every line of the contract's table, its input and answer typed by that
// line. What can go wrong is a value; nothing here throws, keeps a key, or asks any other host.

import type * as z from 'zod';
import { OPERATIONS, OPERATOR_PATH, type Operation, type OperationName } from '../worker/contract/operator-api.ts';
import { type Problem, problemSchema } from '../worker/contract/problem-schema.ts';

type Table = typeof OPERATIONS;

export type Answer<N extends OperationName> = z.output<Table[N]['answer']>;

type NamesIn<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
type Params<N extends OperationName> = [NamesIn<Table[N]['path']>] extends [never]
  ? unknown
  : { params: Record<NamesIn<Table[N]['path']>, string | number> };
type Query<N extends OperationName> = Table[N] extends { query: z.ZodType } ? { query?: QueryValues } : unknown;
type Body<N extends OperationName> = Table[N] extends { body: infer B extends z.ZodType }
  ? { body: z.input<B> }
  : Table[N] extends { bodyType: string }
    ? { body: string }
    : unknown;
type Match<N extends OperationName> = Table[N] extends { ifMatch: infer When }
  ? When extends true
    ? { ifMatch: string }
    : { ifMatch?: string }
  : unknown;

export type QueryValues = Record<string, string | number | undefined>;
/** `name`: of a change, the same when it is sent again, so that it is made once. */
export type Wish<N extends OperationName> = Params<N> & Query<N> & Body<N> & Match<N> & { name?: string };

export type Outcome<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'problem'; problem: Problem; retryAfterSeconds: number | null }
  /** No answer came. A change may have been made or not; the room itself shows which. */
  | { kind: 'unreachable' }
  /** The gateway speaks another version of the contract than this page; loading the page again helps. */
  | { kind: 'unreadable' };

export interface Client {
  call<N extends OperationName>(name: N, wish: Wish<N>): Promise<Outcome<Answer<N>>>;
}

/** A look that takes longer is no look at a live room; the next one follows at once. */
const READ_MS_MAX = 5_000;
/** A change is worth more patience than a look: not knowing whether it was made is worse than waiting. */
const CHANGE_MS_MAX = 15_000;

export function createClient(
  fetching: (address: string, init: RequestInit) => Promise<Response>,
  onSignedOut: () => void,
): Client {
  return {
    async call<N extends OperationName>(name: N, wish: Wish<N>): Promise<Outcome<Answer<N>>> {
      const operation: Operation = OPERATIONS[name];
      const asked = wish as Asked;
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), operation.method === 'GET' ? READ_MS_MAX : CHANGE_MS_MAX);
      try {
        const response = await fetching(addressOf(name, asked), { ...initOf(operation, asked), signal: abort.signal });
        const outcome = await read(operation, response);
        if (outcome.kind === 'problem' && outcome.problem.status === 401 && name !== 'signIn') onSignedOut();
        return outcome as Outcome<Answer<N>>;
      } catch {
        // No network, no gateway, an answer that broke off, or none in time.
        return { kind: 'unreachable' };
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

interface Asked {
  params?: Record<string, string | number>;
  query?: QueryValues;
  body?: unknown;
  ifMatch?: string;
  name?: string;
}

/** The address of an operation, also for links and frames. */
export function addressOf(name: OperationName, { params = {}, query = {} }: Asked): string {
  const path = OPERATIONS[name].path.replaceAll(/\{(\w+)\}/g, (_, key) => encodeURIComponent(String(params[key])));
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  const search = new URLSearchParams(given).toString();
  return `${OPERATOR_PATH}${path}${search === '' ? '' : `?${search}`}`;
}

function initOf(operation: Operation, { body, ifMatch, name }: Asked): RequestInit {
  const headers: Record<string, string> = { Accept: operation.answerType ?? 'application/json' };
  if (ifMatch !== undefined) headers['If-Match'] = ifMatch;
  if (name !== undefined) headers['Idempotency-Key'] = name;
  const init: RequestInit = { method: operation.method, headers, cache: 'no-store', credentials: 'same-origin' };
  if (body === undefined) return init;
  headers['Content-Type'] = operation.bodyType ?? 'application/json';
  return { ...init, body: operation.bodyType === undefined ? JSON.stringify(body) : String(body) };
}

async function read(operation: Operation, response: Response): Promise<Outcome<unknown>> {
  const text = await response.text();
  if (!response.ok) {
    const problem = problemSchema.safeParse(jsonIn(text));
    // A proxy in between answers in its own words; that is an answer from nobody who knows.
    if (!problem.success) return { kind: 'unreachable' };
    const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
    return { kind: 'problem', problem: problem.data, retryAfterSeconds: Number.isNaN(seconds) ? null : seconds };
  }
  const given = operation.answerType === undefined ? (text === '' ? undefined : jsonIn(text)) : text;
  const value = operation.answer.safeParse(given);
  return value.success ? { kind: 'answer', value: value.data } : { kind: 'unreadable' };
}

/** undefined: not JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // SyntaxError
  }
}
