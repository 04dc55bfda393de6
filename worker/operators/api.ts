// The operators' API: one route for each line of the contract's table. Who asks, what their role allows, the version and
// the input are checked here, once; the handlers only do what was asked.

import { type Context, Hono } from 'hono';
import type * as z from 'zod';
import {
  allows,
  OPERATIONS,
  type Operation,
  type OperationName,
  TEMPLATE_BYTES_MAX,
} from '../contract/operator-api.ts';
import type { FieldCause } from '../contract/problem-schema.ts';
import type { RequestEnv } from '../gate/visitor-api.ts';
import type { Gateway } from '../gateway.ts';
import { operatorProblem } from '../http/problems.ts';
import { readText } from '../http/request-body.ts';
import { isBrowser } from '../http/request-client.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { authenticate, changesFromElsewhere, type Principal } from './auth.ts';
import { HANDLERS } from './handlers.ts';
import { readVersions, type Versions } from './versions.ts';

/** A room's whole settings are a tenth of this. */
const JSON_BYTES_MAX = 65_536;

type Table = typeof OPERATIONS;
type OutputOf<N extends OperationName, K extends 'body' | 'query'> = Table[N] extends {
  [P in K]: infer S extends z.ZodType;
}
  ? z.output<S>
  : undefined;

/** One checked request. */
export interface Asked<N extends OperationName> {
  gateway: Gateway;
  c: Context<RequestEnv>;
  /** null only where the contract asks for no role. */
  who: Principal;
  /** What the room was when the operator looked; null where the contract does not ask. */
  versions: Versions | null;
  query: OutputOf<N, 'query'>;
  body: OutputOf<N, 'body'>;
  /** Of an operation with `bodyType`. */
  text: string;
}

export type Handlers = { [N in OperationName]: (asked: Asked<N>) => Promise<Response> };

export function operatorApi(gateway: Gateway): Hono<RequestEnv> {
  const api = new Hono<RequestEnv>();

  api.use(async (c, next) => {
    if (!answersOperators(gateway, c.req.header('Host'))) {
      return operatorProblem('not-found');
    }
    return next();
  });
  for (const [name, operation] of Object.entries(OPERATIONS) as [OperationName, Operation][]) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    api.on(operation.method, path, (c) => answer(gateway, name, operation, c));
  }
  api.all('*', async (c) => {
    const who = await authenticate(gateway, c.req.raw, c.var.background);
    return who instanceof Response ? who : operatorProblem('not-found');
  });
  api.onError((error) => {
    console.error('An operator’s request failed unexpectedly:', error);
    return operatorProblem('unexpected');
  });
  return api;
}

/**
 * With a host of its own the console is out of reach of scripts on the protected site's pages, which share the visitors'
 * origin; then only that host answers operators.
 */
export function answersOperators({ consoleUrl, publicUrl }: Gateway, host: string | undefined): boolean {
  return consoleUrl === publicUrl || new URL(consoleUrl).host === host?.toLowerCase();
}

async function answer(
  gateway: Gateway,
  name: OperationName,
  operation: Operation,
  c: Context<RequestEnv>,
): Promise<Response> {
  const request = c.req.raw;
  try {
    const who =
      operation.role === null ? nobodyYet(gateway, request) : await authenticate(gateway, request, c.var.background);
    if (who instanceof Response) return who;
    if (!allows(who.actor.role, operation.role)) return operatorProblem('role-too-small');
    const versions = readVersions(c.req.header('If-Match'));
    if (operation.ifMatch === true && versions === null) return operatorProblem('if-match-needed');
    const input = await readInput(operation, c);
    if (input instanceof Response) return input;
    // The table and the handlers have the same names; the compiler checks each handler against its own line.
    const handle = HANDLERS[name] as (asked: unknown) => Promise<Response>;
    return await handle({ gateway, c, who, versions: operation.ifMatch === undefined ? null : versions, ...input });
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    console.error(...error.logArguments);
    // A store that was asked for a change may have made it and lost only the answer. A sign-in leaves nothing to be sure of.
    const isChange = operation.method !== 'GET' && operation.role !== null;
    return operatorProblem(isChange ? 'change-unconfirmed' : 'store-unreachable');
  }
}

/** A sign-in, too, is only taken from this origin's own page or from a client that is no browser. */
function nobodyYet(gateway: Gateway, request: Request): Principal | Response {
  if (isBrowser(request) && changesFromElsewhere(request, gateway)) return operatorProblem('cross-site-request');
  return { actor: { id: 'nobody', name: 'nobody', role: 'viewer', address: null }, session: null };
}

interface Input {
  query: unknown;
  body: unknown;
  text: string;
}

async function readInput(operation: Operation, c: Context<RequestEnv>): Promise<Input | Response> {
  const query = operation.query?.safeParse(c.req.query(), { reportInput: true });
  if (query?.success === false) return badInput(query.error);
  const request = c.req.raw;
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  if (operation.bodyType !== undefined) {
    if (type !== operation.bodyType) return operatorProblem('bad-body', {}, { detail: `Send ${operation.bodyType}.` });
    const text = await readText(request, TEMPLATE_BYTES_MAX);
    if (text === null) return operatorProblem('body-too-large', {}, { detail: 'Send at most 1 MiB.' });
    return { query: query?.data, body: undefined, text };
  }
  if (operation.body === undefined) return { query: query?.data, body: undefined, text: '' };
  if (type !== 'application/json') return operatorProblem('bad-body', {}, { detail: 'Send application/json.' });
  const text = await readText(request, JSON_BYTES_MAX);
  if (text === null) return operatorProblem('body-too-large', {}, { detail: 'Send at most 64 kB.' });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return operatorProblem('bad-body', {}, { detail: 'Send JSON.' }); // SyntaxError
  }
  const body = operation.body.safeParse(json, { reportInput: true });
  return body.success ? { query: query?.data, body: body.data, text: '' } : badInput(body.error);
}

function badInput(error: z.ZodError): Response {
  const errors = error.issues.map((issue) => ({
    field: issue.path.join('.'),
    detail: issue.message,
    cause: causeOf(issue),
  }));
  return operatorProblem('bad-input', {}, { errors });
}

function causeOf(issue: z.core.$ZodIssue): FieldCause {
  switch (issue.code) {
    case 'invalid_type':
      return { kind: issue.input === undefined ? 'missing' : 'form' };
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return { kind: 'missing' };
      return { kind: 'tooSmall', min: Number(issue.minimum) };
    case 'too_big':
      if (issue.origin === 'string') return { kind: 'tooLong', max: Number(issue.maximum) };
      return { kind: issue.origin === 'array' ? 'tooMany' : 'tooLarge', max: Number(issue.maximum) };
    default:
      return { kind: 'form' };
  }
}
