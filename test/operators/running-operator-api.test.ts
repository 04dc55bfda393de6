// The operators' API of a running gateway over HTTP: used from its OpenAPI description alone, and across a crash.

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATOR_KEY, type Running, startFairgate, TestVisitor } from '../running-gateway.ts';

let fairgate: Running;

beforeAll(async () => {
  fairgate = await startFairgate({ room: { policy: { newUsersPerMinute: 60 } } });
});
afterAll(() => fairgate?.stop());

type Description = { paths: Record<string, Record<string, { operationId: string; parameters: { in: string }[] }>> };

async function description(): Promise<Description> {
  return (await fetch(`${fairgate.url}/_fairgate/openapi.json`)).json();
}

/** Calls an operation that it finds in the description by its name. */
async function call(name: string, body?: unknown, ifMatch?: string): Promise<Response> {
  for (const [path, methods] of Object.entries((await description()).paths)) {
    for (const [method, { operationId }] of Object.entries(methods)) {
      if (operationId !== name) continue;
      return fetch(`${fairgate.url}${path.replace('{room}', 'demo')}`, {
        method: method.toUpperCase(),
        headers: {
          Authorization: `Bearer ${OPERATOR_KEY}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    }
  }
  throw new Error(`The description has no "${name}".`);
}

const etag = async () => (await call('room')).headers.get('ETag') ?? '';

describe('the OpenAPI description', () => {
  it('is OpenAPI 3.1 and describes every parameter of a path', async () => {
    const document = await description();
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: expect.any(String) } });
    for (const [path, methods] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{\w+\}/g)].length;
      for (const { parameters } of Object.values(methods)) {
        expect(
          parameters.filter((parameter) => parameter.in === 'path'),
          path,
        ).toHaveLength(inPath);
      }
    }
  });

  it('is enough to change limits, pause, set a message, resume and export the log', async () => {
    const { policy } = await (await call('room')).json();
    expect((await call('setPolicy', { ...policy, totalActiveUsers: 150 }, await etag())).status).toBe(200);
    expect((await call('pause')).status).toBe(200);
    const text = { ko: '곧 다시 시작합니다', en: 'We continue soon' };
    expect((await call('setMessage', { text }, await etag())).status).toBe(200);
    expect((await call('resume', undefined, await etag())).status).toBe(200);
    const { records } = await (await call('audit')).json();
    expect(records.map(({ action }: { action: string }) => action)).toEqual([
      'configure',
      'setPolicy',
      'setFlow',
      'setMessage',
      'setFlow',
    ]);
    expect((await (await call('auditJson')).json()).whole).toBe(true);
    expect((await (await call('auditCsv')).text()).split('\r\n')).toHaveLength(7);
  });
});

describe('the console', () => {
  it('contains no secret, and its policy allows no other host', async () => {
    const response = await fetch(`${fairgate.url}/_fairgate/console/`);
    const page = await response.text();
    expect(page.length).toBeGreaterThan(50_000);
    for (const secret of [OPERATOR_KEY, fairgate.keys.keys[0]?.d ?? '']) {
      expect(secret.length).toBeGreaterThan(20);
      expect(page).not.toContain(secret);
    }
    expect(page).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\.|"d":"/);
    const policy = response.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });
});

describe('a changed rate', () => {
  it('applies to admissions within two seconds', async () => {
    const visitors = Array.from({ length: 60 }, () => new TestVisitor(fairgate.url));
    for (const visitor of visitors) await visitor.act('join');
    const { policy } = await (await call('room')).json();
    const changed = await call('setPolicy', { ...policy, newUsersPerMinute: 1_200 }, await etag());
    const at = Date.parse((await changed.json()).at);
    const slots: number[] = [];
    const claimed = async (visitor: TestVisitor) => {
      const reply = await (await visitor.act('claim')).json();
      if (reply.outcome !== 'admitted') return false;
      slots.push(1_000 * (decodeJwt(reply.admissionToken).nbf ?? 0));
      return true;
    };
    const waiting = new Set(visitors);
    await expect
      .poll(
        async () => {
          for (const visitor of waiting) if (await claimed(visitor)) waiting.delete(visitor);
          return waiting.size;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBe(0);
    const after = slots.filter((slot) => slot > at).toSorted((a, b) => a - b);
    // With the old rate there are two slots in two seconds.
    expect(after.filter((slot) => slot <= at + 2_000).length).toBeGreaterThan(4);
    for (const [index, slot] of after.entries()) {
      if (index > 0) expect(slot - (after[index - 1] ?? 0)).toBeGreaterThanOrEqual(50 - 0.01);
    }
  });
});

describe('history and log', () => {
  it('survive a crash', async () => {
    const before = await (await call('audit')).json();
    const bucketsBefore = async () => (await (await call('history')).json()).buckets.length;
    await expect.poll(bucketsBefore, { timeout: 15_000 }).toBeGreaterThan(0);
    const buckets = (await (await call('history')).json()).buckets;
    await fairgate.restart('SIGKILL');
    expect(await (await call('audit')).json()).toEqual(before);
    expect((await (await call('history')).json()).buckets.slice(0, buckets.length)).toEqual(buckets);
    expect((await (await call('auditJson')).json()).whole).toBe(true);
  });
});
