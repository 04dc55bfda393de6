// A person who was admitted and meets an error page of the site: the gateway's own page says that the turn is kept. Everything else passes as
// the site sent it.

import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { type InProcessGateway, InProcessVisitor, pageKindOf, startInProcess } from './in-process.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;
let gateway: InProcessGateway;
let visitor: InProcessVisitor;
let answer: () => Response;
let isCancelled: boolean;

const BODY = 'the site’s own error page';

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

beforeEach(async () => {
  answer = () => new Response('site');
  isCancelled = false;
  gateway = await startInProcess({
    keys,
    room: { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' },
    fetchOrigin: async () => answer(),
  });
  visitor = new InProcessVisitor(gateway);
  await visitor.act('join');
  for (let tries = 0; (await (await visitor.page('/book')).text()) !== 'site'; tries++) {
    if (tries === 10) throw new Error('The visitor was not admitted within 10 s.');
    gateway.clock.advance(1_000);
  }
});

/** An error of the site, with a body that never ends by itself. */
const failing =
  (status: number, fields: Record<string, string> = {}) =>
  () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(BODY)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const response = new Response(body, { status, headers: { 'Content-Type': 'text/html', ...fields } });
    response.headers.append('Set-Cookie', 'basket=7; Path=/');
    response.headers.append('Set-Cookie', 'fairgate-queue-demo=stolen; Path=/');
    return response;
  };

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a person whose page the site answers with an error', () => {
  it.each([500, 502, 503, 504, 599])(
    'gets the gateway’s page with the status %i, and the turn is kept',
    async (status) => {
      answer = failing(status);
      const response = await visitor.page('/book');
      expect(response.status).toBe(status);
      const html = await response.clone().text();
      expect(await pageKindOf(response)).toBe('originError');
      expect(html).toContain('The site answered with an error');
      expect(html).toMatch(/Your turn is kept until \d\d:\d\d/);
      expect(html).not.toContain(BODY);
      expect(html).toContain('http-equiv="refresh"');
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      await settle();
      expect(isCancelled).toBe(true);
      answer = () => new Response('site');
      expect(await (await visitor.page('/book')).text()).toBe('site');
    },
  );

  it('keeps the site’s cookies, and loses none of the gateway’s to it', async () => {
    answer = failing(500);
    const response = await visitor.page('/book');
    const lines = response.headers.getSetCookie();
    expect(lines).toContain('basket=7; Path=/');
    expect(lines.join('\n')).not.toContain('stolen');
  });

  it('counts for the site’s health like every answer', async () => {
    answer = failing(500);
    const before = gateway.parts.metrics.text([]);
    await visitor.page('/book');
    const count = (text: string) => Number(/fairgate_origin_responses_total\{class="5xx"\} (\d+)/.exec(text)?.[1] ?? 0);
    expect(count(gateway.parts.metrics.text([]))).toBe(count(before) + 1);
  });

  it('sees the site’s own page where the site says so', async () => {
    answer = () => new Response(BODY, { status: 503, headers: { 'Fairgate-Error-Page': 'own' } });
    const response = await visitor.page('/book');
    expect([response.status, await response.text()]).toEqual([503, BODY]);
    expect(response.headers.get('Fairgate-Error-Page')).toBeNull();
  });

  it.each(['complete', 'revoke'])(
    'sees the site’s own page where it says %s with it: no turn is kept then',
    async (command) => {
      answer = () => new Response(BODY, { status: 500, headers: { 'Fairgate-Command': command } });
      expect(await (await visitor.page('/book')).text()).toBe(BODY);
    },
  );
});

it('every other answer of the site passes as it is', async () => {
  const field = <T>(usual: T, ...others: T[]) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
  const request = fc.record({
    method: field('GET', 'POST', 'PUT', 'HEAD'),
    destination: field<string | null>('document', null, 'iframe', 'frame', 'embed', 'empty', 'script', 'image'),
    mode: field('navigate', 'cors', 'no-cors'),
    accept: field('text/html', '*/*', 'application/json'),
    status: field(500, 200, 204, 302, 404, 429, 499, 503),
    own: field<string | null>(null, 'own'),
    path: field('/book', '/news', '/book/static/a.js'),
  });
  const seen = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(request, async ({ method, destination, mode, accept, status, own, path }) => {
      const hasBody = status !== 204 && method !== 'HEAD';
      answer = () =>
        new Response(hasBody ? BODY : null, { status, headers: own === null ? {} : { 'Fairgate-Error-Page': own } });
      const headers: Record<string, string> = {
        Accept: accept,
        'Sec-Fetch-Mode': mode,
        'Sec-Fetch-Site': 'same-origin',
      };
      if (destination !== null) headers['Sec-Fetch-Dest'] = destination;
      const response = await visitor.send(path, { method, headers });
      const text = await response.text();
      const isPage = destination === 'document' || (destination === null && accept === 'text/html');
      const isPassedOn = destination === 'empty' && mode === 'navigate';
      const isPersons =
        method === 'GET' &&
        status >= 500 &&
        own === null &&
        path === '/book' &&
        accept !== 'application/json' &&
        (isPage || isPassedOn);
      seen.add(isPersons);
      expect(response.status).toBe(status);
      expect(text.includes('data-kind="originError"'), text.slice(0, 80)).toBe(isPersons);
      if (!isPersons) expect(text).toBe(hasBody ? BODY : '');
    }),
    { numRuns: 400 },
  );
  expect(seen).toEqual(new Set([true, false]));
});

it('a form’s outcome is the site’s word, and so is what a script gets', async () => {
  answer = failing(500);
  const form = await visitor.send('/book', {
    method: 'POST',
    headers: { ...AS_PAGE, 'Sec-Fetch-Site': 'same-origin' },
  });
  expect(form.headers.getSetCookie()).toContain('basket=7; Path=/');
  const { value } = (await form.body?.getReader().read()) ?? {};
  expect(new TextDecoder().decode(value)).toBe(BODY);
  const script = await visitor.send('/book', { headers: AS_JSON });
  expect(script.status).toBe(500);
});
