// Reads the query and the body of an operator's request and checks them by the operation's schemas.

import type { MiddlewareHandler } from 'hono';
import type * as z from 'zod';
import { parseJson } from '../contract/json-text.ts';
import { type Operation, TEMPLATE_BYTES_MAX } from '../contract/operator-api.ts';
import { plainIssue } from '../contract/plain-issues.ts';
import { fieldErrors } from '../http/field-errors.ts';
import { operatorProblem } from '../http/problems.ts';
import { readText } from '../http/request-body.ts';
import type { OperatorEnv } from './operation-context.ts';

/** Ten times the settings of the largest room. */
const JSON_BYTES_MAX = 65_536;

const HOW = { reportInput: true, error: plainIssue };

export function inputCheck(operation: Operation): MiddlewareHandler<OperatorEnv> {
  return async (c, next) => {
    const query = operation.query?.safeParse(c.req.query(), HOW);
    if (query?.success === false) return inputProblem(query.error);
    c.set('query', query?.data);
    const body = await readBody(operation, c.req.raw);
    if (body.kind === 'refused') return body.response;
    c.set('body', body.value);
    return next();
  };
}

type Body = { kind: 'read'; value: unknown } | { kind: 'refused'; response: Response };

async function readBody({ body, bodyType, isBodyOptional }: Operation, request: Request): Promise<Body> {
  if (body === undefined && bodyType === undefined) return { kind: 'read', value: undefined };
  if (body !== undefined && isBodyOptional && request.body === null) return { kind: 'read', value: body.parse({}) };
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  const [typeNeeded, bytesMax] =
    bodyType === undefined ? ['application/json', JSON_BYTES_MAX] : [bodyType, TEMPLATE_BYTES_MAX];
  if (type !== typeNeeded) return refused(operatorProblem('bad-body', {}, { detail: `Send ${typeNeeded}.` }));
  const text = await readText(request, bytesMax);
  if (text === null) {
    return refused(operatorProblem('body-too-large', {}, { detail: `Send at most ${bytesMax / 1024} KiB.` }));
  }
  if (body === undefined) return { kind: 'read', value: text };
  const json = parseJson(text);
  if (json === undefined) return refused(operatorProblem('bad-body', {}, { detail: 'Send valid JSON.' }));
  const parsed = body.safeParse(json, HOW);
  return parsed.success ? { kind: 'read', value: parsed.data } : refused(inputProblem(parsed.error));
}

function refused(response: Response): Body {
  return { kind: 'refused', response };
}

function inputProblem(error: z.ZodError): Response {
  return operatorProblem('bad-input', {}, { errors: fieldErrors(error) });
}
