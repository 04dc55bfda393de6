// What passes between an admitted visitor and the origin: everything that HTTP can say, as a stream, and nothing that
// only the gateway may say. Rooms on several hosts and paths, and origins that do not answer.

import { createHash, randomBytes } from 'node:crypto';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Running, startFairgate } from '../running-gateway.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_JSON, AS_PAGE, ask, enter, GateVisitor, isClearRefusal, rawAsk, until } from './visitor-client.ts';
import { acceptOf, readTextFrame, textFrame } from './web-socket.ts';

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
  const silent = await startRecordingOrigin();
  downPort = silent.port;
  await silent.close();
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

describe('an admitted visitor', () => {
  let inside: GateVisitor;

  beforeAll(async () => {
    inside = new GateVisitor(port, 'site');
    await enter(inside);
  });

  beforeEach(() => {
    origin.requests.length = 0;
    origin.answers.clear();
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT'])(
    'sends %s, with its body and its query, and gets the answer',
    async (method) => {
      const body = method === 'GET' ? {} : { body: '{"a":1}' };
      const answer = await inside.send('/api/x?q=%EA%B0%80&a=b%2Fc', {
        method,
        headers: { 'Content-Type': 'application/json' },
        ...body,
      });
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(`${MARKER} ${method} /api/x?q=%EA%B0%80&a=b%2Fc`);
      expect(origin.requests).toHaveLength(1);
      expect(origin.requests[0]).toMatchObject({ method, body: body.body ?? '' });
      expect(origin.requests[0]?.headers['content-type']).toBe('application/json');
    },
  );

  it('gets the header of a HEAD answer, its length included, and no body', async () => {
    origin.answers.set('/file', (_, response) => {
      response.writeHead(200, { 'Content-Length': '12345', ETag: '"v1"' });
      response.end();
    });
    const answer = await inside.send('/file', { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Length')).toBe('12345');
    expect(answer.headers.get('ETag')).toBe('"v1"');
    expect(answer.bytes).toHaveLength(0);
    expect(origin.requests[0]?.method).toBe('HEAD');
  });

  it('sends a large body that reaches the origin while it is still being sent', async () => {
    const parts = Array.from({ length: 32 }, () => randomBytes(256 * 1024));
    const arrived = createHash('sha256');
    let firstArrived = () => {};
    const first = new Promise<void>((resolve) => {
      firstArrived = resolve;
    });
    origin.answers.set('/upload', (received, response) => {
      received.on('data', (chunk) => {
        arrived.update(chunk);
        firstArrived();
      });
      received.on('end', () => response.end(arrived.digest('hex')));
    });
    const answer = new Promise<string>((resolve, reject) => {
      const sent = request(
        { port, path: '/upload', method: 'POST', headers: { Host: 'site.test', Cookie: inside.jar.header } },
        (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
        },
      );
      sent.on('error', reject);
      sent.write(parts[0]);
      // The rest is sent only once the origin has seen the beginning.
      void first.then(() => {
        for (const part of parts.slice(1)) sent.write(part);
        sent.end();
      });
    });
    expect(await answer).toBe(createHash('sha256').update(Buffer.concat(parts)).digest('hex'));
  });

  it('gets a large body while the origin is still sending it', async () => {
    const parts = Array.from({ length: 32 }, () => randomBytes(256 * 1024));
    let sendRest = () => {};
    origin.answers.set('/download', (_, response) => {
      response.write(parts[0]);
      // The rest is sent only once the visitor has seen the beginning.
      sendRest = () => {
        for (const part of parts.slice(1)) response.write(part);
        response.end();
      };
    });
    const received = await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = [];
      request({ port, path: '/download', headers: { Host: 'site.test', Cookie: inside.jar.header } }, (response) => {
        response.once('data', () => sendRest());
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks)));
      })
        .on('error', reject)
        .end();
    });
    expect(received.equals(Buffer.concat(parts))).toBe(true);
  });

  it('gets server-sent events one by one, and the origin learns that the visitor went away', async () => {
    let closed = false;
    origin.answers.set('/events', (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
      const more = setInterval(() => response.write('data: 2\n\n'), 50);
      response.on('close', () => {
        clearInterval(more);
        closed = true;
      });
    });
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const sent = request({ port, path: '/events', headers: { Host: 'site.test', Cookie: inside.jar.header } });
      sent.on('response', (response) => {
        response.on('data', (chunk) => {
          seen.push(String(chunk));
          if (seen.length === 2) sent.destroy();
        });
        response.on('error', () => {});
        response.on('close', resolve);
      });
      sent.on('error', reject);
      sent.end();
    });
    expect(seen).toEqual(['data: 1\n\n', 'data: 2\n\n']);
    await until(
      async () => closed,
      (isClosed) => isClosed,
    );
  });

  it('sees redirects of the origin to itself as redirects to the public host, and those elsewhere unchanged', async () => {
    const locations: [string, string][] = [
      [`${origin.url}/next?a=1`, 'http://site.test/next?a=1'],
      [origin.url, 'http://site.test'],
      ['/relative', '/relative'],
      ['https://pay.example/x', 'https://pay.example/x'],
      [`${origin.url}.evil.example/`, `${origin.url}.evil.example/`],
      ['//other.example/x', '//other.example/x'],
    ];
    for (const [sent, seen] of locations) {
      origin.answers.set('/go', (_, response) => response.writeHead(302, { Location: sent }).end());
      const answer = await inside.send('/go');
      expect(answer.status).toBe(302);
      expect(answer.headers.get('Location')).toBe(seen);
    }
    expect(origin.requests).toHaveLength(locations.length);
  });

  it('keeps each of the origin’s cookies and loses none of the gateway’s to it', async () => {
    const before = inside.jar.header;
    origin.answers.set('/cookies', (_, response) => {
      response.setHeader('Set-Cookie', [
        'a=1; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT',
        'fairgate-admission-site=stolen; Path=/',
        'FAIRGATE-queue-site=; Max-Age=0',
        '__Host-fairgate-admission-site=x; Path=/; Secure',
        ' fairgate-language=en',
        '=fairgate-admission-site=nameless; Path=/',
        'b=2; HttpOnly',
        'not-fairgate-a=3',
      ]);
      response.end('ok');
    });
    const answer = await inside.send('/cookies');
    expect(answer.headers.getSetCookie()).toEqual([
      'a=1; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT',
      'b=2; HttpOnly',
      'not-fairgate-a=3',
    ]);
    expect(inside.jar.header.startsWith(before)).toBe(true);
  });

  it('gets parts of a file (206) and not-modified answers (304) as the origin gives them', async () => {
    origin.answers.set('/video', (received, response) => {
      if (received.headers['if-none-match'] === '"v1"') return void response.writeHead(304, { ETag: '"v1"' }).end();
      response.writeHead(206, { 'Content-Range': 'bytes 2-4/10', 'Content-Length': '3' }).end('cde');
    });
    const part = await inside.send('/video', { headers: { Range: 'bytes=2-4' } });
    expect([part.status, part.headers.get('Content-Range'), part.text]).toEqual([206, 'bytes 2-4/10', 'cde']);
    expect(origin.requests[0]?.headers['range']).toBe('bytes=2-4');
    const same = await inside.send('/video', { headers: { 'If-None-Match': '"v1"' } });
    expect([same.status, same.headers.get('ETag'), same.text]).toEqual([304, '"v1"', '']);
  });

  it.each([204, 400, 401, 404, 409, 418, 429, 500, 503])('gets the origin’s own %i as it is', async (status) => {
    origin.answers.set('/status', (_, response) => response.writeHead(status).end(status === 204 ? '' : 'own words'));
    const answer = await inside.send('/status');
    expect([answer.status, answer.text]).toEqual([status, status === 204 ? '' : 'own words']);
  });

  it('gets compressed content byte for byte', async () => {
    const text = '예약 '.repeat(5_000);
    const encodings = { gzip: gzipSync(text), br: brotliCompressSync(text), zstd: Buffer.from('not really') };
    for (const [encoding, bytes] of Object.entries(encodings)) {
      origin.answers.set('/packed', (_, response) => {
        response.writeHead(200, { 'Content-Encoding': encoding, 'Content-Type': 'text/plain' }).end(bytes);
      });
      const answer = await inside.send('/packed', { headers: { 'Accept-Encoding': encoding } });
      expect(answer.headers.get('Content-Encoding')).toBe(encoding);
      expect(answer.bytes.equals(bytes)).toBe(true);
      expect(origin.requests.at(-1)?.headers['accept-encoding']).toBe(encoding);
    }
    expect(gunzipSync(encodings.gzip).toString()).toBe(text);
  });

  it('has hop-by-hop fields end at the gateway, in both directions', async () => {
    origin.answers.set('/hop', (_, response) => {
      response.writeHead(200, {
        Connection: 'X-Origin-Hop',
        'X-Origin-Hop': '1',
        'Keep-Alive': 'timeout=99',
        'Proxy-Authenticate': 'Basic',
        'X-Kept': '1',
      });
      response.end('ok');
    });
    const answer = await rawAsk(
      port,
      `GET /hop HTTP/1.1\r\nHost: site.test\r\nCookie: ${inside.jar.header}\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic x\r\nProxy-Connection: keep-alive\r\nTrailer: X-T\r\nX-Kept: 1\r\n\r\n`,
    );
    expect(answer.status).toBe(200);
    expect(answer.head).toMatch(/x-kept: 1/i);
    expect(answer.head).not.toMatch(/x-origin-hop|timeout=99|proxy-authenticate/i);
    const [seen] = origin.requests;
    expect(seen?.headers['x-kept']).toBe('1');
    for (const name of ['x-hop', 'keep-alive', 'te', 'proxy-authorization', 'proxy-connection', 'trailer']) {
      expect(seen?.headers).not.toHaveProperty(name);
    }
  });

  it('hears nothing of what the origin says to the gateway', async () => {
    origin.answers.set('/stock', (_, response) => {
      response.writeHead(200, { 'Fairgate-Stock': '12;as-of=@1626260400', 'Fairgate-Anything': 'x' }).end('ok');
    });
    const answer = await inside.send('/stock');
    expect([...answer.headers.keys()].filter((name) => name.startsWith('fairgate'))).toEqual([]);
    const stock = () => inside.board().then(({ stock }) => stock?.remaining);
    expect(await until(stock, (remaining) => remaining === 12)).toBe(12);
  });

  it('reaches the origin with one admission, host, scheme and address, all written by the gateway', async () => {
    await inside.send('/x');
    const [seen] = origin.requests;
    expect(seen?.headers).toMatchObject({
      'fairgate-admission': inside.admissionToken,
      'x-forwarded-host': 'site.test',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
      host: new URL(origin.url).host,
    });
  });

  it('may send GET and HEAD with an empty body, not with any other: that is refused and is not the origin’s failure', async () => {
    const unreachable = async () =>
      /class="unreachable"} (\d+)/.exec((await ask(port, '/_fairgate/metrics')).text)?.[1];
    const before = await unreachable();
    for (const method of ['GET', 'HEAD']) {
      for (const body of ['Content-Length: 3\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n']) {
        const refused = await rawAsk(
          port,
          `${method} /odd HTTP/1.1\r\nHost: site.test\r\nCookie: ${inside.jar.header}\r\n${body}`,
        );
        expect(refused.status).toBe(400);
        expect(refused.head).toContain('application/problem+json');
      }
    }
    expect(origin.requests).toEqual([]);
    for (const method of ['GET', 'HEAD']) {
      const passed = await rawAsk(
        port,
        `${method} /odd HTTP/1.1\r\nHost: site.test\r\nCookie: ${inside.jar.header}\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(passed.status).toBe(200);
    }
    expect(origin.requests.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
    expect(await unreachable()).toBe(before);
  });

  it('may ask to be told to continue before sending the body', async () => {
    const answer = await rawAsk(
      port,
      `POST /x HTTP/1.1\r\nHost: site.test\r\nCookie: ${inside.jar.header}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc`,
    );
    expect(`${answer.head}${answer.body}`).toContain(MARKER);
    expect(origin.requests[0]?.body).toBe('abc');
  });
});

describe('a WebSocket', () => {
  const handshake = (headers: string) =>
    `GET /socket HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`;

  beforeEach(() => {
    origin.requests.length = 0;
    origin.onUpgrade = (upgrade, socket) => {
      const accept = acceptOf(upgrade.headers['sec-websocket-key'] ?? '');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.on('data', (bytes) => {
        const text = readTextFrame(bytes);
        if (text !== null && !text.startsWith('\u0003')) socket.write(textFrame(`echo ${text}`, false));
      });
      socket.on('error', () => {});
    };
  });

  it('is refused like any request without admission, and the origin hears nothing', async () => {
    const answer = await rawAsk(port, handshake(''));
    expect(answer.status).toBe(403);
    expect(answer.head).toContain('application/problem+json');
    expect(origin.requests).toEqual([]);
  });

  it.each(['cookie', 'Bearer'])('of an admitted visitor (%s) goes to the origin and back', async (by) => {
    const inside = new GateVisitor(port, 'site');
    await enter(inside);
    origin.requests.length = 0;
    const proof =
      by === 'cookie' ? `Cookie: ${inside.jar.header}\r\n` : `Authorization: Bearer ${inside.admissionToken}\r\n`;
    const socket = connect(port, '127.0.0.1');
    try {
      let received = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
      });
      socket.write(handshake(proof));
      const head = await until(
        async () => received.toString('latin1'),
        (text) => text.includes('\r\n\r\n'),
        { everyMs: 10 },
      );
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      expect(head).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
      received = Buffer.alloc(0);
      for (const word of ['one', '둘']) {
        socket.write(textFrame(word, true));
        const echoed = await until(
          async () => readTextFrame(received),
          (text) => text !== null,
          { everyMs: 10 },
        );
        expect(echoed).toBe(`echo ${word}`);
        received = Buffer.alloc(0);
      }
      expect(origin.requests[0]?.headers['fairgate-admission']).toBe(inside.admissionToken);
      expect(origin.requests[0]?.headers).not.toHaveProperty('authorization');
      expect(origin.requests[0]?.headers).not.toHaveProperty('cookie');
    } finally {
      socket.destroy();
    }
  });
});

describe('addresses', () => {
  beforeEach(() => {
    origin.requests.length = 0;
    vip.requests.length = 0;
  });

  it('of no room and of no host are answered with 404: a page for people, a problem for machines', async () => {
    for (const [host, path] of [
      ['unknown.test', '/'],
      ['tight.test', '/elsewhere'],
      ['shop.test', '/'],
      ['narrow.test.evil.test', '/'],
    ] as const) {
      const page = await ask(port, path, { host, headers: AS_PAGE });
      const other = await ask(port, path, { host });
      expect([page.status, other.status]).toEqual([404, 404]);
      expect(page.headers.get('Content-Type')).toContain('text/html');
      expect(other.headers.get('Content-Type')).toBe('application/problem+json');
    }
    expect(origin.requests).toEqual([]);
  });

  it('under an exempt prefix pass with GET and HEAD, and with nothing else', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND']) {
      const answer = await ask(port, '/static/app.js', { host: 'exempt.test', method });
      expect(answer.status).toBe(403);
    }
    expect(origin.requests).toEqual([]);
    for (const path of ['/static/app.js', '/static', '/robots.txt']) {
      expect((await ask(port, path, { host: 'exempt.test' })).text).toContain(MARKER);
      expect((await ask(port, path, { host: 'exempt.test', method: 'HEAD' })).status).toBe(200);
    }
    expect(origin.requests.map(({ headers }) => headers['fairgate-admission'])).toEqual(Array(6).fill(undefined));
  });

  it('outside a room’s paths pass or are refused, as the room says', async () => {
    expect((await ask(port, '/bookshop', { host: 'tight.test' })).status).toBe(404);
    expect((await ask(port, '/bookshop', { host: 'narrow.test' })).text).toContain(`${MARKER} GET /bookshop`);
    expect((await ask(port, '/book', { host: 'narrow.test' })).status).toBe(403);
    expect((await ask(port, '/book/now', { host: 'narrow.test', method: 'POST' })).status).toBe(403);
    expect(origin.requests.map(({ url }) => url)).toEqual(['/bookshop']);
  });

  it('of several rooms on one host go to the room with the longest path, each with its own origin and admission', async () => {
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

describe('an origin that does not answer', () => {
  it('keeps the visitor’s session, stops the calls after three failures, and has them go on when it is back', async () => {
    const inside = new GateVisitor(port, 'down');
    const seen = await until(
      () => inside.page(),
      ({ status }) => status === 502,
    );
    expect(isClearRefusal(seen)).toBe(true);
    expect(seen.text).toContain('originUnreachable');
    expect(inside.admissionToken).toBeDefined();
    for (const headers of [AS_JSON, {}]) {
      const answer = await inside.send('/x', { method: 'POST', headers });
      expect(answer.status).toBe(502);
      expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
      expect(answer.headers.get('Retry-After')).toBe('5');
    }
    for (let times = 0; times < 3; times++) expect((await inside.send('/')).status).toBe(502);

    // Told by now; a second later every gateway knows, newcomers wait, and boards are from after it.
    const toldBy = Date.parse((await inside.board()).serverTime);
    const newcomers = Array.from({ length: 8 }, () => new GateVisitor(port, 'down'));
    const calledBefore = await until(
      async () => {
        const newcomer = new GateVisitor(port, 'down');
        const answer = await newcomer.page();
        const { called, asOf } = await newcomer.board();
        return { status: answer.status, called, isLater: Date.parse(asOf) > toldBy };
      },
      ({ status, isLater }) => status === 200 && isLater,
    );
    for (const newcomer of newcomers) {
      expect((await newcomer.page()).status).toBe(200);
      expect(newcomer.admissionToken).toBeUndefined();
    }
    expect((await inside.board()).called).toBe(calledBefore.called);

    const back = createServer((_, response) => response.end(MARKER));
    await new Promise<void>((resolve) => back.listen(downPort, '127.0.0.1', resolve));
    try {
      expect((back.address() as AddressInfo).port).toBe(downPort);
      for (const newcomer of newcomers) await enter(newcomer);
      expect((await inside.send('/')).text).toBe(MARKER);
    } finally {
      back.closeAllConnections();
      back.close();
    }
  });
});
