// Describes the operators' API as an OpenAPI 3.1 document, from the contract's table of operations.

import * as z from 'zod';
import { OPERATIONS, OPERATOR_PATH, type Operation } from '../contract/operator-api.ts';
import { problemSchema } from '../contract/problem-schema.ts';

export function openApi(serverUrl: string, sessionCookie: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    const path = `${OPERATOR_PATH}${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(name, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fairgate operators’ API',
      version: '1',
      description:
        'Manages waiting rooms. Authenticate with an operator’s key as `Authorization: Bearer`. A change with `If-Match` sends the `ETag` of the room that it was decided on; 412 means that the room has changed since. A change with an `Idempotency-Key` is applied once, however often it is sent.',
    },
    servers: [{ url: serverUrl }],
    security: [{ key: [] }, { session: [] }],
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An operator’s key.' },
        session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'Set by POST /session.' },
      },
      schemas: { Problem: schemaOf(problemSchema, 'output') },
    },
    paths,
  };
}

function describe(
  name: string,
  { path, role, summary, ifMatch, query, body, bodyType, answer, answerType }: Operation,
) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => ({
    name: parameter,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
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
    parameters: [...inPath, ...queryParameters(query), ...(ifMatch ? [header] : [])],
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
