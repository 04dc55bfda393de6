// The operators' API in this process, asked as a script with a key or as a browser with a session; every answer is checked
// against the contract, problems included.

import { expect } from 'vitest';
import type * as z from 'zod';
import { OPERATIONS, OPERATOR_PATH, type OperationName } from '../../worker/contract/operator-api.ts';
import { type Problem, problemSchema } from '../../worker/contract/problem-schema.ts';
import { type Played, PUBLIC_URL } from '../gateway/in-process.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

export interface Asked {
  at?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answered {
  status: number;
  headers: Headers;
  /** The checked document, or the text of what is no JSON. */
  document: unknown;
  text: string;
}

const BROWSER = { Origin: PUBLIC_URL, Host: new URL(PUBLIC_URL).host, 'Sec-Fetch-Site': 'same-origin' };

export async function ask(played: Played, name: OperationName, asked: Asked = {}): Promise<Answered> {
  const operation = OPERATIONS[name];
  const { at = {}, query = {}, body, headers = {} } = asked;
  const path = operation.path.replace(/\{(\w+)\}/g, (_, part: string) => at[part] ?? (part === 'room' ? 'demo' : '1'));
  const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`;
  const type = 'bodyType' in operation ? operation.bodyType : 'application/json';
  const response = await played.ask(`${OPERATOR_PATH}${path}${search}`, {
    method: operation.method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': type }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status } = response;
  if (status === 204) return { status, headers: response.headers, document: undefined, text };
  if (response.headers.get('Content-Type')?.includes('problem+json')) {
    return { status, headers: response.headers, document: problemSchema.parse(JSON.parse(text)), text };
  }
  const isJson = response.headers.get('Content-Type')?.includes('json') ?? false;
  if (!isJson) return { status, headers: response.headers, document: text, text };
  const told: unknown = JSON.parse(text);
  const schema: z.ZodType = operation.answer;
  const document = schema.parse(told);
  // Reading drops what the contract does not name; nothing else may be told.
  expect(document).toEqual(told);
  return { status, headers: response.headers, document, text };
}

export const withKey = (key: string = OPERATOR_KEY) => ({ Authorization: `Bearer ${key}` });

/** Signs in as a browser does. @returns the headers of its further requests */
export async function signIn(played: Played, key: string = OPERATOR_KEY): Promise<Record<string, string>> {
  const answer = await ask(played, 'signIn', { body: { key }, headers: BROWSER });
  if (answer.status !== 200) throw new Error(answer.text);
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { ...BROWSER, Cookie: cookie };
}

export async function etag(played: Played, room = 'demo'): Promise<string> {
  return (await ask(played, 'room', { at: { room }, headers: withKey() })).headers.get('ETag') ?? '';
}

export function problemIn({ document }: Answered): string {
  return (document as Problem).type.split('/').at(-1) ?? '';
}

/** The cause of each field that was refused. */
export function causesIn({ document }: Answered): Record<string, unknown> {
  const { errors = [] } = document as Problem;
  return Object.fromEntries(errors.map(({ field, cause }) => [field, cause]));
}
