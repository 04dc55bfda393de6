// The operators' API as an OpenAPI 3.1 document, made of the contract's table.

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
        'Steers waiting rooms. Send an operator’s key as `Authorization: Bearer`. Changes that need `If-Match` take the `ETag` of the room; 412 says that somebody changed it meanwhile.',
    },
    servers: [{ url: serverUrl }],
    security: [{ key: [] }, { session: [] }],
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An operator’s key.' },
        session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'Made by POST /session.' },
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
  const refused = {
    description: 'What is wrong and what to do.',
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
      ? { 204: { description: 'Done.' }, default: refused }
      : {
          200: {
            description: 'The answer.',
            content: { [answerType ?? 'application/json']: { schema: schemaOf(answer, 'output') } },
          },
          default: refused,
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

/** References of a schema to its own definitions would point to the document's; a JSON value of any depth is just any value. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, $defs, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  if ($defs === undefined) return described;
  const isReference = (part: unknown) => typeof part === 'object' && part !== null && '$ref' in part;
  return JSON.parse(JSON.stringify(described), (_name, part) => (isReference(part) ? {} : part));
}
