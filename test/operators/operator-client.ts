// A client of the operators' API of a gateway in this process, as a script with a key or as a browser with a session. It checks
// every response against the contract, problems included.

import { expect } from 'vitest';
import type * as z from 'zod';
import { OPERATIONS, OPERATOR_PATH, type OperationName } from '../../worker/contract/operator-api.ts';
import { type Problem, problemSchema } from '../../worker/contract/problem-schema.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, type InProcessOptions, PUBLIC_URL, startInProcess } from '../gateway/in-process.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';

export interface OperatorRequest {
  /** Parameters of the path; unless given, the room is `demo` and any other is 1. */
  at?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface OperatorResponse {
  status: number;
  headers: Headers;
  /** The document as the contract reads it, or the text of a response that is not JSON. */
  document: unknown;
  text: string;
}

/** Valid bodies. */
export const POLICY = { newUsersPerMinute: 120, totalActiveUsers: 50, sessionMinutes: 7 };
export const SITE = {
  title: { ko: '봄', en: 'Spring' },
  hosts: ['spring.example'],
  origin: 'https://origin.spring.example',
};
export const SCHEDULE = { opensAt: '2031-03-02T20:00:00+09:00' };
export const MESSAGE = { text: { ko: '잠시만요', en: 'One moment' } };

export const TARGET = {
  ...{ name: 'Chat', url: 'https://hooks.example/T0/secret-path', form: 'standard', language: 'en' },
  ...{ rooms: null, severityMin: 'warning' },
};

/** A valid query for the forecast. */
export const FORECAST_QUERY = { newUsersPerMinute: '100', totalActiveUsers: '10', sessionMinutes: '5' };

const BROWSER = { Origin: PUBLIC_URL, Host: new URL(PUBLIC_URL).host, 'Sec-Fetch-Site': 'same-origin' };

/** A gateway with one signing key and the room `demo`. */
export async function startGateway(options: Partial<InProcessOptions> = {}): Promise<InProcessGateway> {
  return startInProcess({ keys: { keys: [await newSigningKey(0)] }, ...options });
}

export async function ask(
  gateway: InProcessGateway,
  name: OperationName,
  request: OperatorRequest = {},
): Promise<OperatorResponse> {
  const operation = OPERATIONS[name];
  const { at = {}, query = {}, headers = {} } = request;
  const body = confirmed(name, request.body);
  const path = operation.path.replace(/\{(\w+)\}/g, (_, part: string) => at[part] ?? (part === 'room' ? 'demo' : '1'));
  const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`;
  const type = 'bodyType' in operation ? operation.bodyType : 'application/json';
  const response = await gateway.request(`${OPERATOR_PATH}${path}${search}`, {
    method: operation.method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': type }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    document: checked(response, text, operation.answer),
    text,
  };
}

/** What an operator does who has read all of it; a test that says otherwise has its own `confirm`. */
function confirmed(name: OperationName, body: unknown): unknown {
  const confirm = EVERYTHING[name];
  if (confirm === undefined) return body;
  if (body === undefined && name === 'openNow') return { confirm };
  if (typeof body !== 'object' || body === null || Array.isArray(body) || 'confirm' in body) return body;
  return { ...body, confirm };
}

const SCHEDULED = { opensNow: true, closesNow: true, endsPlaces: true };
/** The room `demo` is there for every host, so each other room takes some from it. */
const PLACED = { opensNow: true, takesFrom: ['demo', 'spring'] };
const EVERYTHING: Partial<Record<OperationName, object>> = {
  ...{ setSchedule: SCHEDULED, openNow: SCHEDULED },
  ...{ createRoom: PLACED, setSite: PLACED },
};

function checked({ status, headers }: Response, text: string, schema: z.ZodType): unknown {
  const type = headers.get('Content-Type') ?? '';
  if (status === 204) return undefined;
  if (type.includes('problem+json')) return problemSchema.parse(JSON.parse(text));
  if (!type.includes('json')) return text;
  const received: unknown = JSON.parse(text);
  const document = schema.parse(received);
  // Parsing drops fields that the contract does not have; the response may not contain any.
  expect(document).toEqual(received);
  return document;
}

export const withKey = (key: string = OPERATOR_KEY) => ({ Authorization: `Bearer ${key}` });

/** Headers of a change with the owner's key, decided on the room as it is now. */
export async function onCurrentVersion(gateway: InProcessGateway): Promise<Record<string, string>> {
  return { ...withKey(), 'If-Match': await etag(gateway) };
}

/** Signs in as a browser. @returns the headers of its further requests */
export async function signIn(gateway: InProcessGateway, key: string = OPERATOR_KEY): Promise<Record<string, string>> {
  const response = await ask(gateway, 'signIn', { body: { key }, headers: BROWSER });
  if (response.status !== 200) throw new Error(response.text);
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { ...BROWSER, Cookie: cookie };
}

/** Creates a key with this role. */
export async function createKey(
  gateway: InProcessGateway,
  role: 'viewer' | 'operator' | 'owner',
): Promise<{ id: string; key: string }> {
  const { document } = await ask(gateway, 'addKey', { body: { name: role, role }, headers: withKey() });
  return document as { id: string; key: string };
}

export async function etag(gateway: InProcessGateway, room = 'demo'): Promise<string> {
  return (await ask(gateway, 'room', { at: { room }, headers: withKey() })).headers.get('ETag') ?? '';
}

/** Records in the room's log. */
export async function logLength(gateway: InProcessGateway): Promise<number> {
  const { document } = await ask(gateway, 'audit', { headers: withKey() });
  return (document as { records: unknown[] }).records.length;
}

/** Type of the problem in the response, without the common start of all types. */
export function problemIn({ document }: OperatorResponse): string {
  return (document as Problem).type.split('/').at(-1) ?? '';
}

/** Cause of each refused field. */
export function causesIn({ document }: OperatorResponse): Record<string, unknown> {
  const { errors = [] } = document as Problem;
  return Object.fromEntries(errors.map(({ field, cause }) => [field, cause]));
}
