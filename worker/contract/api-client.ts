// The operator API as its clients call it: one call for every operation of the contract, typed by that operation. Failures are
// values: nothing here throws. It stores no key and calls no other host.

import type * as z from 'zod';
import { parseJson } from './json-text.ts';
import { OPERATIONS, OPERATOR_PATH, type Operation, type OperationName } from './operator-api.ts';
import { type Problem, problemSchema } from './problem-schema.ts';

type Table = typeof OPERATIONS;

type Reply<N extends OperationName> = z.output<Table[N]['answer']>;

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

type QueryValues = Record<string, string | number | undefined>;
/** `idempotencyKey`: the same for every retry of a change, so that the gateway applies it once. */
type Input<N extends OperationName> = Params<N> & Query<N> & Body<N> & Match<N> & { idempotencyKey?: string };

export type Outcome<T> =
  | { kind: 'reply'; value: T }
  | { kind: 'problem'; problem: Problem; retryAfterSeconds: number | null }
  /** No response. A change may have been made; the room itself shows it. */
  | { kind: 'unreachable' }
  /** The gateway speaks another version of the contract than this page; a reload helps. */
  | { kind: 'unreadable' };

export interface Client {
  call<N extends OperationName>(name: N, input: Input<N>): Promise<Outcome<Reply<N>>>;
}

/** Numbers that take longer than this are no longer live; the next poll follows at once. */
const READ_MS_MAX = 5_000;
/** A change gets more time than a poll: not knowing whether it was made is worse than waiting. */
const CHANGE_MS_MAX = 15_000;

export function createClient(
  fetch: (address: string, init: RequestInit) => Promise<Response>,
  onSignedOut: () => void,
): Client {
  return {
    async call<N extends OperationName>(name: N, input: Input<N>): Promise<Outcome<Reply<N>>> {
      const operation: Operation = OPERATIONS[name];
      const given = input as AnyInput;
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), operation.method === 'GET' ? READ_MS_MAX : CHANGE_MS_MAX);
      try {
        const response = await fetch(addressOf(name, given), {
          ...requestInit(operation, given),
          signal: abort.signal,
        });
        const outcome = await parseResponse(operation, response);
        if (outcome.kind === 'problem' && outcome.problem.status === 401 && name !== 'signIn') onSignedOut();
        return outcome as Outcome<Reply<N>>;
      } catch {
        // No network, no gateway, a response that broke off, or none in time.
        return { kind: 'unreachable' };
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

interface AnyInput {
  params?: Record<string, string | number>;
  query?: QueryValues;
  body?: unknown;
  ifMatch?: string;
  idempotencyKey?: string;
}

/** The address of an operation, also for links and frames. */
export function addressOf(name: OperationName, { params = {}, query = {} }: AnyInput): string {
  const path = OPERATIONS[name].path.replaceAll(/\{(\w+)\}/g, (_, key) => encodeURIComponent(String(params[key])));
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  const search = new URLSearchParams(given).toString();
  return `${OPERATOR_PATH}${path}${search === '' ? '' : `?${search}`}`;
}

function requestInit(operation: Operation, { body, ifMatch, idempotencyKey }: AnyInput): RequestInit {
  const headers: Record<string, string> = { Accept: operation.answerType ?? 'application/json' };
  if (ifMatch !== undefined) headers['If-Match'] = ifMatch;
  if (idempotencyKey !== undefined) headers['Idempotency-Key'] = idempotencyKey;
  const init: RequestInit = { method: operation.method, headers, cache: 'no-store', credentials: 'same-origin' };
  if (body === undefined) return init;
  headers['Content-Type'] = operation.bodyType ?? 'application/json';
  return { ...init, body: operation.bodyType === undefined ? JSON.stringify(body) : String(body) };
}

async function parseResponse(operation: Operation, response: Response): Promise<Outcome<unknown>> {
  const text = await response.text();
  if (!response.ok) {
    const problem = problemSchema.safeParse(parseJson(text));
    // An error page of a proxy says nothing about the gateway.
    if (!problem.success) return { kind: 'unreachable' };
    const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
    return { kind: 'problem', problem: problem.data, retryAfterSeconds: Number.isNaN(seconds) ? null : seconds };
  }
  const given = operation.answerType === undefined ? (text === '' ? undefined : parseJson(text)) : text;
  const value = operation.answer.safeParse(given);
  return value.success ? { kind: 'reply', value: value.data } : { kind: 'unreadable' };
}
