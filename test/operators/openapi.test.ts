// The OpenAPI description as a client generator reads it: complete, without dangling references, and true for its deployment.

import { describe, expect, it } from 'vitest';
import { OPERATIONS, OPERATOR_PATH, type Operation } from '../../worker/contract/operator-api.ts';
import { VISITOR_OPERATIONS, type VisitorOperation } from '../../worker/contract/visitor-schema.ts';
import { openApi } from '../../worker/operators/openapi.ts';
import { VisitorCookies } from '../../worker/tokens/cookies.ts';

interface Described {
  operationId: string;
  tags?: string[];
  servers?: { url: string }[];
  parameters: { name: string; in: string; required: boolean }[];
  responses: Record<string, object>;
  requestBody?: { content: Record<string, object> };
}

interface Description {
  openapi: string;
  components: { securitySchemes: { session: { name: string } } };
  paths: Record<string, Record<string, Described>>;
}

const describedFor = (url: string) =>
  openApi(
    { consoleUrl: url, publicUrl: 'https://booking.test' },
    new VisitorCookies(url).operatorCookie,
  ) as Description;
const description = describedFor('https://console.test');
const all = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const isVisitors = ({ operation }: { operation: Described }) => operation.tags?.includes('visitors') ?? false;
const isSites = ({ operation }: { operation: Described }) => operation.tags?.includes('sites') ?? false;
const described = all.filter((each) => !isVisitors(each) && !isSites(each));

function referencesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

/** Resolves a JSON pointer in a fragment (RFC 6901). */
function resolved(reference: string): unknown {
  return reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], description);
}

describe('the description', () => {
  it('has every operation of the contract once, at its address', () => {
    expect(described.map(({ operation }) => operation.operationId).toSorted()).toEqual(
      Object.keys(OPERATIONS).toSorted(),
    );
    for (const { path, method, operation } of described) {
      const contract: Operation = OPERATIONS[operation.operationId as keyof typeof OPERATIONS];
      expect([path, method]).toEqual([`${OPERATOR_PATH}${contract.path}`, contract.method.toLowerCase()]);
    }
  });

  it('has every visitors’ address once, at the visitors’ server, with its statuses and the fields of its answers', () => {
    const visitors = all.filter(isVisitors);
    expect(visitors.map(({ operation }) => operation.operationId).toSorted()).toEqual(
      Object.keys(VISITOR_OPERATIONS).toSorted(),
    );
    for (const { path, method, operation } of visitors) {
      const contract: VisitorOperation = VISITOR_OPERATIONS[operation.operationId as keyof typeof VISITOR_OPERATIONS];
      expect([path, method]).toEqual([contract.path, contract.method.toLowerCase()]);
      expect(operation.servers).toEqual([{ url: 'https://booking.test' }]);
      expect(Object.keys(operation.responses)).toEqual([...Object.keys(contract.statuses), 'default']);
      for (const response of Object.values(operation.responses)) {
        expect(Object.keys((response as { headers: object }).headers)).toEqual(
          expect.arrayContaining(['Link', 'Fairgate-Queue-Token', 'Fairgate-Admission-Token']),
        );
      }
    }
  });

  it('has every call of a site once, at the visitors’ server, with what is signed, its body and its answer', () => {
    const sites = all.filter(isSites);
    const root = '/_fairgate/origin/rooms/{room}';
    expect(sites.map(({ path, method }) => [method, path])).toEqual(
      ['complete', 'readmit', 'revoke', 'stock', 'overload'].map((action) => ['post', `${root}/${action}`]),
    );
    for (const { operation } of sites) {
      expect(operation.servers).toEqual([{ url: 'https://booking.test' }]);
      expect(operation.parameters.map(({ name }) => name)).toEqual(['room', 'webhook-id', 'webhook-timestamp']);
      const schema = operation.requestBody?.content['application/json'];
      expect(schema).toMatchObject({ schema: { required: ['type', 'room', 'data'] } });
      expect(Object.keys(operation.responses)).toEqual(['200', 'default']);
    }
  });

  it('has no reference that does not resolve', () => {
    const references = new Set(referencesIn(description));
    expect(references).toContain('#/components/schemas/Problem');
    expect([...references].filter((reference) => resolved(reference) === undefined)).toEqual([]);
  });

  it('describes path parameters, If-Match, body and refusals of each operation', () => {
    for (const { path, operation } of described) {
      const inPath = operation.parameters
        .filter((parameter) => parameter.in === 'path' && parameter.required)
        .map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      const contract: Operation = OPERATIONS[operation.operationId as keyof typeof OPERATIONS];
      const ifMatch = operation.parameters.find(({ name }) => name === 'If-Match');
      expect([ifMatch !== undefined, ifMatch?.required ?? false]).toEqual([
        contract.ifMatch !== undefined,
        contract.ifMatch === true,
      ]);
      expect(operation.requestBody !== undefined).toBe(contract.body !== undefined || contract.bodyType !== undefined);
      expect(operation.responses).toHaveProperty('default');
    }
  });

  it.each([
    ['https://console.test', '__Host-fairgate-operator'],
    ['http://127.0.0.1:8787', 'fairgate-operator'],
  ])('for %s has the session cookie %s', (url, name) => {
    expect(describedFor(url).components.securitySchemes.session.name).toBe(name);
    expect(new VisitorCookies(url).setOperator('token', 60)).toMatch(new RegExp(`^${name}=token;`));
  });
});
