// What the gateway forwards between an admitted visitor and the origin: everything that HTTP allows, as a stream, without
// the fields that only the gateway may set. Also rooms on several hosts and paths, and origins that do not respond.

import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR_KEY, type Running, startFairgate } from '../running-gateway.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_JSON, AS_PAGE, enter, GateVisitor, isClearRefusal, send, sendRaw, until } from './visitor-client.ts';

const TITLE = { ko: '예약', en: 'Booking' };
const OPEN = { opensAt: '+0s' };
const LATER = { opensAt: '+1h' };
const POLICY = { newUsersPerMinute: 60_000, totalActiveUsers: 1_000, sessionMinutes: 5 };

let fairgate: Running;
let origin: RecordingOrigin;
let vip: RecordingOrigin;
let downPort: number;
let port: number;

beforeAll(async () => {
  origin = await startRecordingOrigin();
  vip = await startRecordingOrigin();
  const closed = await startRecordingOrigin();
  downPort = closed.port;
  await closed.close();
  const room = { title: TITLE, origin: origin.url, schedule: OPEN, policy: POLICY };
  fairgate = await startFairgate({
    room: { hosts: ['demo.test'] },
    moreRooms: () => [
      { ...room, id: 'site', hosts: ['site.test'] },
      { ...room, id: 'narrow', hosts: ['narrow.test'], paths: ['/book'], outside: 'pass', schedule: LATER },
      { ...room, id: 'tight', hosts: ['tight.test'], paths: ['/book'], outside: 'refuse', schedule: LATER },
      { ...room, id: 'exempt', hosts: ['exempt.test'], exempt: ['/static', '/robots.txt'], schedule: LATER },
      { ...room, id: 'shop', hosts: ['shop.test'], paths: ['/shop'] },
      { ...room, id: 'vip', hosts: ['shop.test'], paths: ['/shop/vip'], origin: vip.url },
      { ...room, id: 'down', hosts: ['down.test'], origin: `http://127.0.0.1:${downPort}` },
    ],
  });
  port = fairgate.gateway.port;
});

afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
  await vip?.close();
});

describe('for an admitted visitor', () => {
  let inside: GateVisitor;

  beforeAll(async () => {
    inside = new GateVisitor(port, 'site');
    await enter(inside);
  });

  beforeEach(() => {
    origin.requests.length = 0;
    origin.handlers.clear();
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT'])(
    'forwards %s with its body and query, and its response',
    async (method) => {
      const body = method === 'GET' ? {} : { body: '{"a":1}' };
      const response = await inside.send('/api/x?q=%EA%B0%80&a=b%2Fc', {
        method,
        headers: { 'Content-Type': 'application/json' },
        ...body,
      });
      expect(response.status).toBe(200);
      expect(response.text).toBe(`${MARKER} ${method} /api/x?q=%EA%B0%80&a=b%2Fc`);
      expect(origin.requests).toHaveLength(1);
      expect(origin.requests[0]).toMatchObject({ method, body: body.body ?? '' });
      expect(origin.requests[0]?.headers['content-type']).toBe('application/json');
    },
  );

  it('streams server-sent events one by one, and closes the origin’s connection when the visitor leaves', async () => {
    let closed = false;
    origin.handlers.set('/events', (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
      const more = setInterval(() => response.write('data: 2\n\n'), 50);
      response.on('close', () => {
        clearInterval(more);
        closed = true;
      });
    });
    const received: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const sent = request({ port, path: '/events', headers: { Host: 'site.test', Cookie: inside.jar.header } });
      sent.on('response', (response) => {
        response.on('data', (chunk) => {
          received.push(String(chunk));
          if (received.length === 2) sent.destroy();
        });
        response.on('error', () => {});
        response.on('close', resolve);
      });
      sent.on('error', reject);
      sent.end();
    });
    expect(received).toEqual(['data: 1\n\n', 'data: 2\n\n']);
    await until(
      async () => closed,
      (isClosed) => isClosed,
    );
  });

  it('rewrites the origin’s redirects to itself to the public host, and leaves other redirects unchanged', async () => {
    const locations: [string, string][] = [
      [`${origin.url}/next?a=1`, 'http://site.test/next?a=1'],
      [origin.url, 'http://site.test'],
      ['/relative', '/relative'],
      ['https://pay.example/x', 'https://pay.example/x'],
      [`${origin.url}.evil.example/`, `${origin.url}.evil.example/`],
      ['//other.example/x', '//other.example/x'],
    ];
    for (const [sent, expected] of locations) {
      origin.handlers.set('/go', (_, response) => response.writeHead(302, { Location: sent }).end());
      const response = await inside.send('/go');
      expect(response.status).toBe(302);
      expect(response.headers.get('Location')).toBe(expected);
    }
    expect(origin.requests).toHaveLength(locations.length);
  });

  it('forwards the origin’s cookies, except those that would overwrite the gateway’s', async () => {
    const before = inside.jar.header;
    origin.handlers.set('/cookies', (_, response) => {
      response.setHeader('Set-Cookie', [
        'a=1; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT',
        'fairgate-admission-site=stolen; Path=/',
        'FAIRGATE-queue-site=; Max-Age=0',
        '__Host-fairgate-admission-site=x; Path=/; Secure',
        ' fairgate-language=en',
        '=fairgate-admission-site=nameless; Path=/',
        'b=2; HttpOnly',
        'b=3; Path=/b; Expires=Thu, 01 Jan 1970 00:00:00 GMT, c=4',
        'd="1,2"; SameSite=None; Secure; Partitioned',
        '',
        'not-fairgate-a=3',
      ]);
      response.end('ok');
    });
    const response = await inside.send('/cookies');
    expect(response.headers.getSetCookie()).toEqual([
      'a=1; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT',
      'b=2; HttpOnly',
      'b=3; Path=/b; Expires=Thu, 01 Jan 1970 00:00:00 GMT, c=4',
      'd="1,2"; SameSite=None; Secure; Partitioned',
      '',
      'not-fairgate-a=3',
    ]);
    expect(inside.jar.header.startsWith(before)).toBe(true);
  });

  it.each([204, 400, 401, 404, 409, 418, 429, 500, 503])('forwards the origin’s %i unchanged', async (status) => {
    origin.handlers.set('/status', (_, response) =>
      response.writeHead(status).end(status === 204 ? '' : 'from the origin'),
    );
    const response = await inside.send('/status');
    expect([response.status, response.text]).toEqual([status, status === 204 ? '' : 'from the origin']);
  });

  it('removes hop-by-hop fields in both directions', async () => {
    origin.handlers.set('/hop', (_, response) => {
      response.writeHead(200, {
        Connection: 'X-Origin-Hop',
        'X-Origin-Hop': '1',
        'Keep-Alive': 'timeout=99',
        'Proxy-Authenticate': 'Basic',
        'X-End-To-End': '1',
      });
      response.end('ok');
    });
    const response = await sendRaw(
      port,
      `GET /hop HTTP/1.1\r\nHost: site.test\r\nCookie: ${inside.jar.header}\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic x\r\nProxy-Connection: keep-alive\r\nTrailer: X-T\r\nX-End-To-End: 1\r\n\r\n`,
    );
    expect(response.status).toBe(200);
    expect(response.head).toMatch(/x-end-to-end: 1/i);
    expect(response.head).not.toMatch(/x-origin-hop|timeout=99|proxy-authenticate/i);
    const [forwarded] = origin.requests;
    expect(forwarded?.headers['x-end-to-end']).toBe('1');
    for (const name of ['x-hop', 'keep-alive', 'te', 'proxy-authorization', 'proxy-connection', 'trailer']) {
      expect(forwarded?.headers).not.toHaveProperty(name);
    }
  });

  it('removes the Fairgate fields of the origin’s response and applies them', async () => {
    origin.handlers.set('/stock', (_, response) => {
      const stock = `12;as-of=@${Math.floor(Date.now() / 1_000)}`;
      response.writeHead(200, { 'Fairgate-Stock': stock, 'Fairgate-Anything': 'x' }).end('ok');
    });
    const response = await inside.send('/stock');
    expect([...response.headers.keys()].filter((name) => name.startsWith('fairgate'))).toEqual([]);
    const stock = () => inside.board().then(({ stock }) => stock?.remaining);
    expect(await until(stock, (remaining) => remaining === 12)).toBe(12);
  });

  it('sends the origin one admission token, host, scheme and client address, all set by the gateway', async () => {
    await inside.send('/x');
    const [forwarded] = origin.requests;
    expect(forwarded?.headers).toMatchObject({
      'fairgate-admission': inside.admissionToken,
      'x-forwarded-host': 'site.test',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
      host: new URL(origin.url).host,
    });
  });

  it('refuses GET and HEAD with a body that is not empty, without counting it as a failure of the origin', async () => {
    const unreachable = async () =>
      /class="unreachable"} (\d+)/.exec(
        (await send(port, '/_fairgate/metrics', { headers: { Authorization: `Bearer ${OPERATOR_KEY}` } })).text,
      )?.[1];
    const before = await unreachable();
    for (const method of ['GET', 'HEAD']) {
      for (const body of ['Content-Length: 3\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n']) {
        const refused = await sendRaw(
          port,
          `${method} /odd HTTP/1.1\r\nHost: site.test\r\nCookie: ${inside.jar.header}\r\n${body}`,
        );
        expect(refused.status).toBe(400);
        expect(refused.head).toContain('application/problem+json');
      }
    }
    expect(origin.requests).toEqual([]);
    for (const method of ['GET', 'HEAD']) {
      const forwarded = await sendRaw(
        port,
        `${method} /odd HTTP/1.1\r\nHost: site.test\r\nCookie: ${inside.jar.header}\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(forwarded.status).toBe(200);
    }
    expect(origin.requests.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
    expect(await unreachable()).toBe(before);
  });

  it('answers Expect: 100-continue itself, and forwards neither early hints nor trailers', async () => {
    origin.handlers.set('/steps', (received, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      response.writeHead(200, { Trailer: 'X-After' });
      received.pipe(response, { end: false });
      received.on('end', () => {
        response.addTrailers({ 'X-After': 'sum' });
        response.end();
      });
    });
    const sent = request({
      port,
      path: '/steps',
      method: 'POST',
      headers: { Host: 'site.test', Cookie: inside.jar.header, Expect: '100-continue', 'Content-Length': '3' },
    });
    const steps: string[] = [];
    sent.on('information', ({ statusCode }) => steps.push(String(statusCode)));
    sent.on('continue', () => sent.end('abc'));
    sent.flushHeaders();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(await text(response)).toBe('abc');
    expect([steps, response.statusCode, response.trailers, response.headers.trailer]).toEqual([
      ['100'],
      200,
      {},
      undefined,
    ]);
  });
});

describe('an address', () => {
  beforeEach(() => {
    origin.requests.length = 0;
    vip.requests.length = 0;
  });

  it('of no room or host gets 404: a page for browsers, problem+json for other clients', async () => {
    for (const [host, path] of [
      ['unknown.test', '/'],
      ['tight.test', '/elsewhere'],
      ['shop.test', '/'],
      ['narrow.test.evil.test', '/'],
    ] as const) {
      const page = await send(port, path, { host, headers: AS_PAGE });
      const other = await send(port, path, { host });
      expect([page.status, other.status]).toEqual([404, 404]);
      expect(page.headers.get('Content-Type')).toContain('text/html');
      expect(other.headers.get('Content-Type')).toBe('application/problem+json');
    }
    expect(origin.requests).toEqual([]);
  });

  it('under an exempt prefix is forwarded for GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND']) {
      const response = await send(port, '/static/app.js', { host: 'exempt.test', method });
      expect(response.status).toBe(403);
    }
    expect(origin.requests).toEqual([]);
    for (const path of ['/static/app.js', '/static', '/robots.txt']) {
      expect((await send(port, path, { host: 'exempt.test' })).text).toContain(MARKER);
      expect((await send(port, path, { host: 'exempt.test', method: 'HEAD' })).status).toBe(200);
    }
    expect(origin.requests.map(({ headers }) => headers['fairgate-admission'])).toEqual(Array(6).fill(undefined));
  });

  it('outside a room’s paths is forwarded or refused, as the room is configured', async () => {
    expect((await send(port, '/bookshop', { host: 'tight.test' })).status).toBe(404);
    expect((await send(port, '/bookshop', { host: 'narrow.test' })).text).toContain(`${MARKER} GET /bookshop`);
    expect((await send(port, '/book', { host: 'narrow.test' })).status).toBe(403);
    expect((await send(port, '/book/now', { host: 'narrow.test', method: 'POST' })).status).toBe(403);
    expect(origin.requests.map(({ url }) => url)).toEqual(['/bookshop']);
  });

  it('on a host with several rooms belongs to the room with the longest path, with its own origin and admission', async () => {
    const shopper = new GateVisitor(port, 'shop');
    await enter(shopper, '/shop/a');
    expect(vip.requests).toEqual([]);
    const refused = await shopper.send('/shop/vip/a');
    expect(refused.status).toBe(403);
    expect(vip.requests).toEqual([]);
    await enter(shopper, '/shop/vip/a');
    expect(vip.requests.at(-1)?.headers['fairgate-admission']).toBe(shopper.jar.get('fairgate-admission-vip'));
    expect(shopper.jar.get('fairgate-admission-vip')).not.toBe(shopper.jar.get('fairgate-admission-shop'));
    expect((await shopper.send('/shop/b')).text).toContain('/shop/b');
    expect(origin.requests.at(-1)?.headers['fairgate-admission']).toBe(shopper.jar.get('fairgate-admission-shop'));
  });
});

describe('an origin that does not respond', () => {
  it('does not cost the visitor the session; calling pauses after three failures and resumes when it responds', async () => {
    const inside = new GateVisitor(port, 'down');
    const failed = await until(
      () => inside.page(),
      ({ status }) => status === 502,
    );
    expect(isClearRefusal(failed)).toBe(true);
    expect(failed.text).toContain('originUnreachable');
    expect(inside.admissionToken).toBeDefined();
    for (const headers of [AS_JSON, {}]) {
      const response = await inside.send('/x', { method: 'POST', headers });
      expect(response.status).toBe(502);
      expect(response.headers.get('Content-Type')).toBe('application/problem+json');
      expect(response.headers.get('Retry-After')).toBe('5');
    }
    for (let times = 0; times < 3; times++) expect((await inside.send('/')).status).toBe(502);

    // The failure is reported by now; a second later every gateway knows, and newcomers wait.
    const reportedBy = Date.parse((await inside.board()).serverTime);
    const newcomers = Array.from({ length: 8 }, () => new GateVisitor(port, 'down'));
    const calledBefore = await until(
      async () => {
        const newcomer = new GateVisitor(port, 'down');
        const response = await newcomer.page();
        const { called, asOf } = await newcomer.board();
        return { status: response.status, called, isLater: Date.parse(asOf) > reportedBy };
      },
      ({ status, isLater }) => status === 200 && isLater,
    );
    for (const newcomer of newcomers) {
      expect((await newcomer.page()).status).toBe(200);
      expect(newcomer.admissionToken).toBeUndefined();
    }
    expect((await inside.board()).called).toBe(calledBefore.called);

    const recovered = createServer((_, response) => response.end(MARKER));
    await new Promise<void>((resolve) => recovered.listen(downPort, '127.0.0.1', resolve));
    try {
      expect((recovered.address() as AddressInfo).port).toBe(downPort);
      for (const newcomer of newcomers) await enter(newcomer);
      expect((await inside.send('/')).text).toBe(MARKER);
    } finally {
      recovered.closeAllConnections();
      recovered.close();
    }
  });
});
