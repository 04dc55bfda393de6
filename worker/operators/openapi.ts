// Describes the operators' API and the visitors' addresses as an OpenAPI 3.1 document, from the contract's tables.

import * as z from 'zod';
import { OPERATIONS, OPERATOR_PATH, type Operation } from '../contract/operator-api.ts';
import {
  ORIGIN_ACTIONS,
  ORIGIN_CALL_SUMMARIES,
  ORIGIN_CALLS,
  ORIGIN_CALLS_PATH,
  type OriginAction,
  originReplySchema,
} from '../contract/origin-call-schema.ts';
import { problemSchema } from '../contract/problem-schema.ts';
import { VISITOR_OPERATIONS, type VisitorOperation, visitorProblemSchema } from '../contract/visitor-schema.ts';
import { ADMISSION_TOKEN_FIELD, QUEUE_TOKEN_FIELD } from '../http/cors.ts';

export function openApi(
  { consoleUrl, publicUrl }: { consoleUrl: string; publicUrl: string },
  sessionCookie: string,
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    const path = `${OPERATOR_PATH}${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(name, operation) };
  }
  for (const [name, operation] of Object.entries(VISITOR_OPERATIONS) as [string, VisitorOperation][]) {
    const described = { ...describeForVisitors(name, operation), servers: [{ url: publicUrl }] };
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: described };
  }
  for (const action of ORIGIN_ACTIONS) {
    const described = { ...describeForSites(action), servers: [{ url: publicUrl }] };
    paths[`${ORIGIN_CALLS_PATH}/{room}/${action}`] = { post: described };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fairgate: operators’ API, visitors’ addresses, and calls of sites',
      version: '1',
      description:
        'Manages waiting rooms. Authenticate with an operator’s key as `Authorization: Bearer`. A change with `If-Match` sends the `ETag` of the room that it was decided on; 412 means that the room has changed since. A change with an `Idempotency-Key` is applied once, however often it is sent. Visitors’ apps find their flow in docs/apps.md. Sites sign their calls as Standard Webhooks does (docs/origin-calls.md).',
    },
    servers: [{ url: consoleUrl }],
    security: [{ key: [] }, { session: [] }],
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An operator’s key.' },
        visitor: {
          type: 'http',
          scheme: 'bearer',
          description: 'A visitor’s queue or admission token; browsers send it as a cookie.',
        },
        site: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description:
            'HMAC-SHA-256 of `webhook-id.webhook-timestamp.body` with a key of the site (Standard Webhooks 1.0).',
        },
        session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'Set by POST /session.' },
      },
      schemas: {
        Problem: schemaOf(problemSchema, 'output'),
        VisitorProblem: schemaOf(visitorProblemSchema, 'output'),
      },
    },
    paths,
  };
}

/** Fields of every answer to a visitor's client. */
const VISITOR_HEADERS = {
  Link: { description: 'The next addresses (RFC 8288).', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds until a retry is worth while.', schema: { type: 'integer' } },
  ...Object.fromEntries(
    [QUEUE_TOKEN_FIELD, ADMISSION_TOKEN_FIELD].map((field) => [
      field,
      { description: 'A new token, for a client that keeps its tokens itself.', schema: { type: 'string' } },
    ]),
  ),
};

function describeForVisitors(name: string, { method, path, summary, input, answer, statuses }: VisitorOperation) {
  const schema = schemaOf(answer, 'output');
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'A secret of 22 to 128 printable ASCII characters, random for this join: a repeated one returns the same place.',
    schema: { type: 'string' },
  };
  const refusal = {
    description: 'Refused. `type` says why, `detail` what to do.',
    headers: VISITOR_HEADERS,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/VisitorProblem' } } },
  };
  return {
    operationId: name,
    tags: ['visitors'],
    summary,
    security: [{}, { visitor: [] }],
    parameters: [...pathParameters(path), ...(name === 'join' ? [key] : [])],
    ...(method === 'GET' || input === undefined
      ? {}
      : { requestBody: { required: false, content: { 'application/json': { schema: schemaOf(input, 'input') } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(statuses).map(([status, description]) => [
          status,
          { description, headers: VISITOR_HEADERS, content: { 'application/json': { schema } } },
        ]),
      ),
      default: refusal,
    },
  };
}

function describeForSites(action: OriginAction) {
  const signed = (name: string, description: string) => ({
    ...{ name, in: 'header', required: true, description },
    schema: { type: 'string' },
  });
  const refusal = {
    description: 'Refused. `type` says why, `detail` what to do; `reason` of 409 why the room did nothing.',
    headers: { 'Retry-After': VISITOR_HEADERS['Retry-After'] },
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    operationId: `origin-${action}`,
    tags: ['sites'],
    summary: ORIGIN_CALL_SUMMARIES[action],
    security: [{ site: [] }],
    parameters: [
      ...pathParameters('{room}'),
      signed('webhook-id', 'Names the call; the same in each retry.'),
      signed('webhook-timestamp', 'When it was signed, seconds since 1970.'),
    ],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemaOf(ORIGIN_CALLS[action], 'input') } },
    },
    responses: {
      200: {
        description: 'How the visit stands now, or that the numbers or the signal count.',
        content: { 'application/json': { schema: schemaOf(originReplySchema, 'output') } },
      },
      default: refusal,
    },
  };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => ({
    name: parameter,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function describe(
  name: string,
  { path, role, summary, ifMatch, query, body, bodyType, answer, answerType }: Operation,
) {
  const header = { name: 'If-Match', in: 'header', required: ifMatch === true, schema: { type: 'string' } };
  const problem = { $ref: '#/components/schemas/Problem' };
  const refusal = {
    description: 'Refused. `type` says why, `detail` what to do.',
    content: { 'application/problem+json': { schema: problem } },
  };
  const empty = answer instanceof z.ZodUndefined;
  return {
    operationId: name,
    summary: role === null ? summary : `${summary} Role: ${role}.`,
    ...(role === null ? { security: [] } : {}),
    parameters: [...pathParameters(path), ...queryParameters(query), ...(ifMatch ? [header] : [])],
    ...(body === undefined && bodyType === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content:
              body === undefined
                ? { [bodyType ?? 'text/plain']: { schema: { type: 'string' } } }
                : { 'application/json': { schema: schemaOf(body, 'input') } },
          },
        }),
    responses: empty
      ? { 204: { description: 'Done.' }, default: refusal }
      : {
          200: {
            description: 'Success.',
            content: { [answerType ?? 'application/json']: { schema: schemaOf(answer, 'output') } },
          },
          default: refusal,
        },
  };
}

function queryParameters(query: z.ZodType | undefined): object[] {
  if (!(query instanceof z.ZodObject)) return [];
  return Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !(schema as z.ZodType).safeParse(undefined).success,
    schema: schemaOf(schema as z.ZodType, 'output'),
  }));
}

/** A reference of a schema to its own definitions would not resolve in this document. Only JSON values have any: allow any value. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, $defs, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  if ($defs === undefined) return described;
  const isReference = (part: unknown) => typeof part === 'object' && part !== null && '$ref' in part;
  return JSON.parse(JSON.stringify(described), (_name, part) => (isReference(part) ? {} : part));
}
