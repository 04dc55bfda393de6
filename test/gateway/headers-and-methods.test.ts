// Threats: headers, internal addresses and methods that only the gateway, or no client at all, should send.

import { describe, expect, it } from 'vitest';
import { MARKER } from './recording-origin.ts';
import { useSite } from './threat-site.ts';
import { enter } from './visitor-client.ts';

const site = useSite('before', 'narrow', 'exempt', 'open');

describe('the gateway’s own header fields', () => {
  const FORGED_FIELDS = {
    'Fairgate-Admission': 'forged',
    'fairgate-visitor': 'forged',
    Fairgate_Admission: 'forged',
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'gopher',
    'X-Forwarded-Anything': 'forged',
    X_Forwarded_For: '6.6.6.6',
    Forwarded: 'for=6.6.6.6',
    'CF-Connecting-IP': '6.6.6.6',
    'True-Client-IP': '6.6.6.6',
    'X-Real-IP': '6.6.6.6',
    'X-Client-IP': '6.6.6.6',
  };

  const GATEWAY_FIELDS = ['fairgate-admission', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

  /** Expects that the origin got the gateway's fields only, with this admission token. */
  function expectOnlyGatewayFields(admission: string | undefined): void {
    for (const { headers } of site.origin.requests) {
      expect(JSON.stringify(headers)).not.toMatch(/forged|6\.6\.6\.6|evil\.example|gopher/);
      const fields = Object.keys(headers).filter((name) => /^(fairgate|x.forwarded|forwarded)/.test(name));
      expect(fields.sort()).toEqual(
        GATEWAY_FIELDS.filter((name) => admission !== undefined || name !== 'fairgate-admission'),
      );
      expect(headers['fairgate-admission']).toBe(admission);
      expect(headers['x-forwarded-for']).toBe('127.0.0.1');
    }
  }

  it('are replaced when a client forges them, on exempt and outside paths and for admitted visitors', async () => {
    await site.send('/static/x.js', { host: 'exempt.test', headers: FORGED_FIELDS });
    await site.send('/news', { host: 'narrow.test', headers: FORGED_FIELDS });
    expect(site.origin.requests).toHaveLength(2);
    expectOnlyGatewayFields(undefined);

    const visitor = site.visitor('open');
    await enter(visitor);
    site.origin.requests.length = 0;
    await visitor.send('/x', { headers: FORGED_FIELDS });
    const connection = 'Fairgate-Admission, X-Forwarded-For, Cookie, close';
    await visitor.send('/x', { headers: { ...FORGED_FIELDS, Connection: connection } });
    expect(site.origin.requests).toHaveLength(2);
    expectOnlyGatewayFields(visitor.admissionToken);
  });

  it('cannot be removed by declaring them hop-by-hop, nor added to by repeating them', async () => {
    const visitor = site.visitor('open');
    await enter(visitor);
    site.origin.requests.length = 0;
    const cookie = `Cookie: ${visitor.jar.header}\r\n`;
    await site.sendRaw(
      `GET /x HTTP/1.1\r\nHost: open.test\r\nFairgate-Admission: forged\r\nFairgate-Admission: forged\r\n${cookie}Connection: Fairgate-Admission\r\nConnection: X-Forwarded-For, X-Forwarded-Host\r\n\r\n`,
    );
    expect(site.origin.requests).toHaveLength(1);
    expectOnlyGatewayFields(visitor.admissionToken);
  });
});

it('the gateway’s cookies and Bearer tokens are not forwarded; the site’s own are', async () => {
  const visitor = site.visitor('open');
  await enter(visitor);
  site.origin.requests.length = 0;
  const host = 'open.test';
  const [admission, place] = [visitor.admissionToken ?? '', visitor.queueToken ?? ''];
  const own = `fairgate-admission-open=${admission}; fairgate-queue-open=${place}; fairgate-language=en; FAIRGATE-x=1; __Host-fairgate-y=2`;
  await site.send('/a', { host, headers: { Cookie: `site=1; ${own}; other="a b"` } });
  await site.send('/b', { host, headers: { Authorization: `Bearer ${admission}`, Cookie: 'site=1' } });
  await site.send('/c', { host, headers: { Cookie: own, Authorization: 'Bearer of-the-site' } });
  await site.send('/d', { host, headers: { Cookie: own, Authorization: 'Basic dTpw' } });
  await site.sendRaw(
    `GET /e HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${admission}\r\nCookie: site=1\r\nCookie: fairgate-queue-open=${place}\r\n\r\n`,
  );
  expect(site.origin.requests.map(({ headers }) => [headers['cookie'], headers['authorization']])).toEqual([
    ['site=1; other="a b"', undefined],
    ['site=1', undefined],
    [undefined, 'Bearer of-the-site'],
    [undefined, 'Basic dTpw'],
    ['site=1', undefined],
  ]);
});

it('internal addresses are never forwarded, in any spelling', async () => {
  const paths = [
    ...['/_fairgate', '/_fairgate/', '/_fairgate/x', '/_FAIRGATE/operator', '/_Fairgate/rooms/narrow/board'],
    ...['/%5ffairgate/x', '/%5Ffairgate/operator', '/_fairgat%65/x', '//_fairgate/x', '/./_fairgate/x'],
    ...['/x/../_fairgate/x', '/x/%2e%2e/_fairgate/operator', '/_fairgate;a=b/x', '/_fairgate./x', '/_fairgate%20/x'],
    ...['/%255ffairgate/x', '/x/%252e%252e/_fairgate/x', '/x/..;/_fairgate/x'],
    ...['/_fairgate/operator/rooms/narrow/pass', '/_fairgate/../_fairgate'],
    ...['/.well-known/jwks.json/x', '/.well-known//JWKS.json', '/.WELL-KNOWN/jwks.json'],
    '/x/../.well-known/jwks.json',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const text = `${method} ${path} HTTP/1.1\r\nHost: narrow.test\r\nConnection: close\r\n\r\n`;
      const response = await site.sendRaw(text);
      expect([path, [401, 404, 405].includes(response.status)]).toEqual([path, true]);
      expect(response.body).not.toContain(MARKER);
    }
  }
  expect(site.origin.requests).toEqual([]);
}, 120_000);

describe('an unusual request', () => {
  const line = (method: string, target = '/', host = 'before.test') =>
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;

  it.each([
    [
      'a WebSocket handshake',
      `${line('GET')}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      [403],
    ],
    ['TRACE', `${line('TRACE')}\r\n`, [403]],
    ['OPTIONS for the server', `${line('OPTIONS', '*')}\r\n`, [400]],
    ['a method in lower case', `${line('get')}\r\n`, [400, 501]],
    ['an unknown method', `${line('OPEN-SESAME')}\r\n`, [400, 501]],
    ['PROPFIND', `${line('PROPFIND')}\r\n`, [403]],
    ['a cookie of 20 kB', `${line('GET')}Cookie: a=${'x'.repeat(20_000)}\r\n\r\n`, [431]],
    ['a header field of 20 kB', `${line('GET')}X-A: ${'x'.repeat(20_000)}\r\n\r\n`, [431]],
    [
      'a thousand header fields',
      `${line('GET')}${Array.from({ length: 1_000 }, (_, index) => `X-${index}: 1\r\n`).join('')}\r\n`,
      [400, 403, 431],
    ],
    ['an address of 5 kB', `${line('GET', `/${'a'.repeat(5_000)}`)}\r\n`, [414]],
    ['an address of 100 kB', `${line('GET', `/${'a'.repeat(100_000)}`)}\r\n`, [414]],
    ['bytes that are not HTTP', '\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n', [400]],
  ])('is refused like any other: %s', async (_, text, statuses) => {
    const response = await site.sendRaw(text);
    expect(statuses).toContain(response.status);
    expect(response.body).not.toContain(MARKER);
    expect(site.origin.requests).toEqual([]);
  });

  it('by CONNECT is refused', async () => {
    // The runtime has no handler to call for CONNECT, answers 500 and closes the connection. With a handler it would
    // answer "200 OK" before calling it, and the handler could not take that back. So there is none, and its absence is
    // the refusal; operators can put a proxy in front that answers 405.
    for (const target of [`127.0.0.1:${site.origin.port}`, 'before.test:80', `127.0.0.1:${site.port}`]) {
      const response = await site.sendRaw(
        `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      expect(response.status).toBe(500);
      expect(response.body).not.toContain(MARKER);
    }
    expect(site.origin.requests).toEqual([]);
    expect((await site.send('/_fairgate/healthz')).status).toBe(200);
  });
});
