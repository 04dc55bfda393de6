// The ways around a waiting room that people have used or could think of, one law a row, against the running gateway.
// Closed means: no byte of the origin's answer, no request at the origin, and a clear answer (a waiting page for a page
// visit, the app's JSON for an app, a problem document for everything else).

import { createPublicKey } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGateway } from '../../scripts/lib/gateway-process.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { change } from '../core/sample-rooms.ts';
import { AUDIENCE, OPERATOR_KEY, type Running, rawRequest, startFairgate } from '../running-gateway.ts';
import { admissionToken, encode, payloadOf, publicJwkOf, queueToken, type Signer } from './forged-tokens.ts';
import { InProcessVisitor, NOON, pageKindOf, startBeside, startInProcess } from './in-process.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import {
  AS_JSON,
  AS_PAGE,
  type ClientResponse,
  enter,
  GateVisitor,
  isClearRefusal,
  type RequestOptions,
  send,
  sendAndHangUp,
  sendRaw,
  until,
} from './visitor-client.ts';

const TITLE = { ko: '예약', en: 'Booking' };
const OPEN = { opensAt: '+0s' };
const LATER = { opensAt: '+1h' };
const POLICY = { newUsersPerMinute: 60_000, totalActiveUsers: 1_000, sessionMinutes: 5 };

let fairgate: Running;
let origin: RecordingOrigin;
let port: number;
let signer: Signer;

beforeAll(async () => {
  origin = await startRecordingOrigin();
  const room = { title: TITLE, origin: origin.url, schedule: OPEN, policy: POLICY };
  const onePlace = { ...POLICY, totalActiveUsers: 1 };
  fairgate = await startFairgate({
    room: { hosts: ['127.0.0.1'] },
    moreRooms: () => [
      { ...room, id: 'before', hosts: ['before.test'], schedule: LATER },
      { ...room, id: 'plane', hosts: ['plane.test'], schedule: LATER },
      { ...room, id: 'flight', hosts: ['flight.test'], schedule: LATER },
      { ...room, id: 'narrow', hosts: ['narrow.test'], paths: ['/book'], outside: 'pass', schedule: LATER },
      { ...room, id: 'exempt', hosts: ['exempt.test'], exempt: ['/static', '/favicon.ico'], schedule: LATER },
      { ...room, id: 'open', hosts: ['open.test'] },
      { ...room, id: 'full', hosts: ['full.test'], policy: onePlace },
      { ...room, id: 'race', hosts: ['race.test'], policy: onePlace },
      { ...room, id: 'burst', hosts: ['burst.test'], policy: { ...POLICY, totalActiveUsers: 10 } },
      { ...room, id: 'stuffed', hosts: ['stuffed.test'], policy: { ...POLICY, newUsersPerMinute: 600 } },
    ],
  });
  port = fairgate.gateway.port;
  const [key] = fairgate.keys.keys;
  if (key === undefined) throw new TypeError('No key.');
  signer = { issuer: fairgate.url, key };
  await enter(new GateVisitor(port, 'full')); // Its only place; everybody else there waits.
});

afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
});

beforeEach(() => {
  origin.requests.length = 0;
  origin.handlers.clear();
});

/** Tries a request as a page visit, as an app and as anything else, and expects each to end before the origin. */
async function expectClosed(host: string, path: string, asking: RequestOptions = {}): Promise<void> {
  const before = origin.requests.length;
  const { headers, ...rest } = asking;
  const page = await send(port, path, { host, ...rest, headers: { ...AS_PAGE, ...headers } });
  const app = await send(port, path, { host, ...rest, headers: { ...AS_JSON, ...headers } });
  const other = await send(port, path, { host, ...rest, ...(headers ? { headers } : {}) });
  expect(page.text).toContain('id="fairgate"');
  expect(page.headers.get('Content-Type')).toContain('text/html');
  expect(JSON.parse(app.text).cfWaitingRoom.inWaitingRoom).toBe(true);
  expect(other.status).toBe(403);
  expect(JSON.parse(other.text).type).toBe('https://fairgate.dev/problems/no-admission');
  for (const answer of [page, app, other]) {
    expect(answer.text).not.toContain(MARKER);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(setsAdmission(answer)).toBe(false);
  }
  expect(origin.requests.length).toBe(before);
}

function setsAdmission({ headers }: ClientResponse): boolean {
  return headers.getSetCookie().some((line) => /fairgate-admission[^=]*=[^;]/.test(line));
}

const operator = (path: string, key: string | null) =>
  send(port, `/_fairgate/operator${path}`, {
    method: 'POST',
    headers: key === null ? {} : { Authorization: `Bearer ${key}` },
  });

describe('row 1: a deep link', () => {
  it('before the opening leads to a place in the line, whatever its path', async () => {
    for (const path of [
      '/',
      '/book',
      '/book/step/3?clinic=7',
      '/api/v1/reservations',
      '/index.html',
      '/admin',
      '/.env',
    ]) {
      await expectClosed('before.test', path);
    }
    const visitor = new GateVisitor(port, 'before');
    await visitor.page('/book');
    expect((await visitor.status()).state).toBe('entered');
  });

  it('before the opening is closed for every method', async () => {
    for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const answer = await send(port, '/book', { host: 'before.test', method, headers: AS_PAGE });
      expect(answer.status).toBe(403);
    }
    const posted = await send(port, '/book', { host: 'before.test', method: 'POST', headers: AS_PAGE, body: 'slot=1' });
    expect(posted.text).toContain('id="fairgate"');
    expect(origin.requests).toEqual([]);
  });
});

describe('rows 2 and 3: the origin by its own address', () => {
  const refused = async (headers: Record<string, string>) => {
    const answer = await send(fairgate.origin.port, '/book', { headers });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    return JSON.parse(answer.text).reason;
  };

  it('row 2: refuses whoever has no token, with and without the public Host', async () => {
    expect(await refused({})).toBe('missing');
    expect(await refused({ Host: new URL(fairgate.url).host })).toBe('missing');
    expect(await refused({ 'X-Forwarded-Host': new URL(fairgate.url).host, 'X-Forwarded-For': '127.0.0.1' })).toBe(
      'missing',
    );
  });

  it('row 3: refuses whoever comes through somebody else’s gateway: no address and no header of a network counts', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const network = { 'CF-Worker': 'evil.example', 'CF-Connecting-IP': '127.0.0.1', 'CF-Ray': '1', Via: 'fairgate' };
    expect(await refused(network)).toBe('missing');
    const foreign = await admissionToken(signer, 'demo', AUDIENCE, { signWith: privateKey });
    expect(await refused({ ...network, 'Fairgate-Admission': foreign })).toBe('signature');
    const elsewhere = { issuer: 'http://evil.example', key: signer.key };
    expect(await refused({ 'Fairgate-Admission': await admissionToken(elsewhere, 'demo', AUDIENCE) })).toBe('issuer');
  });

  it('lets in whoever brings the gateway’s token', async () => {
    const token = await admissionToken(signer, 'demo', AUDIENCE);
    expect((await send(fairgate.origin.port, '/book', { headers: { 'Fairgate-Admission': token } })).status).toBe(200);
  });
});

describe('row 4: a test window', () => {
  it('does not exist: no address, parameter, header or cookie opens a room', async () => {
    for (const path of ['/?test=1', '/?preview=true', '/?fairgate=open', '/?operator=1', '/test', '/book?bypass=1']) {
      await expectClosed('before.test', path);
    }
    for (const headers of [
      { 'X-Test': '1' },
      { 'X-Fairgate-Operator': OPERATOR_KEY },
      { Authorization: `Bearer ${OPERATOR_KEY}` },
      { Cookie: `fairgate-operator=${OPERATOR_KEY}; operator=1; preview=1` },
    ]) {
      await expectClosed('before.test', '/', { headers });
    }
  });

  it('is not given without the operators’ key, nor for a room that does not exist', async () => {
    for (const key of [null, '', 'admin', OPERATOR_KEY.slice(0, -1), `${OPERATOR_KEY}x`]) {
      const answer = await operator('/rooms/before/pass', key);
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.text).type).toMatch(/\/problems\/(?:operator|wrong)-key$/);
    }
    expect((await operator('/rooms/nowhere/pass', OPERATOR_KEY)).status).toBe(404);
  });

  it('of an operator is a short signed token for one room, and it is logged', async () => {
    const given = await operator('/rooms/before/pass', OPERATOR_KEY);
    expect(given.status).toBe(200);
    const pass = JSON.parse(given.text);
    const claims = payloadOf(pass.admissionToken);
    expect(claims).toMatchObject({ room: 'before', epoch: 1, position: 0 });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBeLessThanOrEqual(600);
    const log = await send(port, '/_fairgate/operator/rooms/before/audit', {
      headers: { Authorization: `Bearer ${OPERATOR_KEY}` },
    });
    const passes = JSON.parse(log.text).records.filter(({ action }: { action: string }) => action === 'givePass');
    expect(passes).toMatchObject([{ by: { id: 'owner', address: '127.0.0.1' }, to: { sid: claims['sid'] } }]);
    const headers = { Authorization: `Bearer ${pass.admissionToken}` };
    await expectClosed('plane.test', '/', { headers });
    expect((await send(port, '/x', { host: 'before.test', headers })).text).toContain(MARKER);
    await expectClosed('before.test', '/');
  });
});

describe('row 5: the device clock', () => {
  it('changes nothing: no date that a client sends moves the opening', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000);
    for (const headers of [
      { Date: tomorrow.toUTCString() },
      { 'If-Modified-Since': tomorrow.toUTCString() },
      { 'X-Client-Time': tomorrow.toISOString(), 'X-Request-Start': `t=${tomorrow.getTime()}` },
      { Cookie: `serverTime=${tomorrow.toISOString()}; fairgate-clock=${tomorrow.getTime()}` },
    ]) {
      await expectClosed('before.test', `/?now=${tomorrow.getTime()}`, { headers });
      const board = await send(port, '/_fairgate/rooms/before/board', { headers });
      expect(Date.parse(JSON.parse(board.text).serverTime)).toBeLessThan(tomorrow.getTime() - 3_600_000);
      expect(JSON.parse(board.text).state).toBe('prequeue');
    }
  });

  it.each([-86_400_000, 86_400_000])(
    'of a gateway, wrong by %i ms, opens no room early and no session longer: the store’s time rules',
    async (offMs) => {
      const room = { schedule: { opensAt: new Date(NOON + 60_000).toISOString() } };
      const right = await startInProcess({ keys: fairgate.keys, room });
      const wrong = await startBeside(right, { room, ownTime: () => right.clock.now() + offMs });
      const visitor = new InProcessVisitor(wrong);
      await visitor.page();
      for (let seconds = 0; seconds < 58; seconds += 2) {
        right.clock.advance(2_000);
        expect(await pageKindOf(await visitor.page())).toBe('entered');
      }
      expect(wrong.forwarded).toEqual([]);
      for (let seconds = 0; seconds < 6; seconds++) {
        right.clock.advance(1_000);
        await visitor.page();
      }
      expect(wrong.forwarded.length).toBeGreaterThan(0);
      const { exp } = payloadOf(visitor.jar.get('fairgate-admission-demo') ?? '');
      right.clock.at = Number(exp) * 1_000;
      expect((await visitor.send('/')).status).toBe(403);
    },
  );
});

describe('row 6: airplane mode', () => {
  it('or a request cut off while joining admits nobody', async () => {
    const visitor = new GateVisitor(port, 'before');
    await visitor.page('/');
    for (const text of [
      'GET /book HTTP/1.1\r\nHost: before.test\r\nAccept: text/html\r\n\r\n',
      `GET /book HTTP/1.1\r\nHost: before.test\r\nAccept: text/html\r\nCookie: ${visitor.jar.header}\r\n\r\n`,
      'GET /book HTTP/1.1\r\nHost: before.test\r\nAcc',
      'POST /_fairgate/rooms/before/join HTTP/1.1\r\nHost: before.test\r\nContent-Length: 100\r\n\r\nretu',
      `POST /_fairgate/rooms/before/claim HTTP/1.1\r\nHost: before.test\r\nCookie: ${visitor.jar.header}\r\n\r\n`,
    ]) {
      for (let times = 0; times < 5; times++) await sendAndHangUp(port, text);
    }
    await expectClosed('before.test', '/book', { headers: { Cookie: visitor.jar.header } });
    const { entry } = await visitor.status();
    const { entry: signed } = payloadOf(visitor.queueToken ?? '');
    expect(entry).toBe(signed);
  });

  it('while joining loses no place: the same wish, repeated, brings the same one', async () => {
    const headers = { 'Idempotency-Key': 'flight-mode-0123456789' };
    const body = '{"return":"/book"}';
    await sendAndHangUp(
      port,
      `POST /_fairgate/rooms/flight/join HTTP/1.1\r\nHost: flight.test\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nIdempotency-Key: flight-mode-0123456789\r\n\r\n${body}`,
    );
    const places = new Set<unknown>();
    for (let times = 0; times < 4; times++) {
      const answer = await new GateVisitor(port, 'flight').act('join', headers);
      expect(answer.status).toBe(200);
      places.add(payloadOf(JSON.parse(answer.text).queueToken)['entry']);
    }
    expect(places).toEqual(new Set([1]));
    const board = () => new GateVisitor(port, 'flight').board();
    expect((await until(board, ({ entries }) => entries > 0)).entries).toBe(1);
  });

  it('on the store’s side, where a join is done and its answer lost, admits nobody and keeps the place', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const gateway = await startInProcess({ keys: fairgate.keys });
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.clock.advance(900);
    gateway.store.beforeReply = async () => {
      throw new StoreUnavailable('the answer was lost');
    };
    const init = { method: 'POST', headers: { ...AS_JSON, 'Idempotency-Key': 'lost-answer-0123456789' } };
    const lost = await gateway.request('/_fairgate/rooms/demo/join', init);
    expect(lost.status).toBe(503);
    expect(await pageKindOf(await gateway.request('/', { headers: AS_PAGE }))).toBe('storeUnreachable');
    expect(gateway.forwarded).toEqual([]);
    gateway.store.beforeReply = async () => {};
    const repeated = await gateway.request('/_fairgate/rooms/demo/join', init);
    expect(payloadOf((await repeated.json()).queueToken)['position']).toBe(1);
    vi.restoreAllMocks();
  });
});

describe('row 7: the console of the browser', () => {
  it('changes nothing: flags, edited pages and edited places decide nothing', async () => {
    const visitor = new GateVisitor(port, 'full');
    await visitor.page();
    origin.requests.length = 0;
    const token = visitor.queueToken ?? '';
    const [header = '', , signature = ''] = token.split('.');
    const edited = `${header}.${encode({ ...payloadOf(token), position: 1 })}.${signature}`;
    for (const headers of [
      { Cookie: `${visitor.jar.header}; admitted=true; state=admitted; fairgate-admission-full=true` },
      { Cookie: `fairgate-queue-full=${edited}` },
      { Cookie: `fairgate-admission-full=${token}` },
      { Cookie: `fairgate-queue-full=${edited}; fairgate-admission-full=${edited}` },
      { Cookie: visitor.jar.header, 'Fairgate-Admission': 'true', 'Fairgate-State': 'admitted' },
      { Cookie: visitor.jar.header, 'X-Fairgate-Position': '1' },
    ]) {
      await expectClosed('full.test', '/book?state=admitted&position=1&called=999', { headers });
      const claimed = await send(port, '/_fairgate/rooms/full/claim', {
        host: 'full.test',
        method: 'POST',
        headers: { ...AS_JSON, 'Content-Type': 'application/json', ...headers },
        body: '{"position":1,"called":999,"state":"admitted","admitted":true}',
      });
      expect([202, 409]).toContain(claimed.status);
      expect(setsAdmission(claimed)).toBe(false);
      expect(claimed.text).not.toContain('admissionToken');
    }
  });
});

describe('row 8: a page kept open, a pass from an earlier opening', () => {
  it('is refused: a pass counts for its own room and its own opening alone', async () => {
    const audience = 'urn:fairgate:origin:before';
    for (const token of [
      await admissionToken(signer, 'before', audience, { claims: { epoch: 2 } }),
      await admissionToken(signer, 'before', audience, { claims: { epoch: 99 } }),
      await admissionToken(signer, 'open', audience),
      await admissionToken(signer, 'before', 'urn:fairgate:origin:open'),
      await admissionToken(signer, 'open', 'urn:fairgate:origin:open'),
    ]) {
      await expectClosed('before.test', '/', { headers: { Authorization: `Bearer ${token}` } });
      await expectClosed('before.test', '/', { headers: { Cookie: `fairgate-admission-before=${token}` } });
    }
  });

  it('is refused once the room opens anew, and so is the place from then', async () => {
    const gateway = await startInProcess({ keys: fairgate.keys });
    const visitor = new InProcessVisitor(gateway);
    for (let seconds = 0; seconds < 4; seconds++) {
      gateway.clock.advance(1_000);
      await visitor.page();
    }
    expect(gateway.forwarded.length).toBeGreaterThan(0);
    const schedule = { prequeueAt: null, opensAt: NOON + 3_600_000, closesAt: null, beacon: null };
    await gateway.store.inner.apply('demo', [change({ kind: 'setSchedule', schedule, secret: '77'.repeat(32) })]);
    gateway.clock.advance(3_000);
    gateway.forwarded.length = 0;
    expect((await visitor.send('/')).status).toBe(403);
    expect(await pageKindOf(await visitor.page())).toBe('entered');
    expect(payloadOf(visitor.jar.get('fairgate-queue-demo') ?? '')).toMatchObject({ epoch: 2, entry: 1 });
    expect(gateway.forwarded).toEqual([]);
  });
});

describe('row 9: another spelling of the address', () => {
  const raw = (target: string, host: string, more = '') =>
    sendRaw(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`);

  it('passes where the room says so, so that a misread address would reach the origin', async () => {
    expect((await raw('/news', 'narrow.test')).body).toContain(MARKER);
    expect(origin.requests.map(({ url }) => url)).toEqual(['/news']);
  });

  const SPELLINGS = [
    ...['/book', '/Book', '/BOOK', '/bOoK/', '/book/', '/book/x', '/%62ook', '/%42ook', '/b%6fo%6B', '/%62%6f%6f%6b'],
    ...['//book', '///book', '/./book', '/.//book', '/x/../book', '/x/./../book', '/x/y/../../book', '/x//../book'],
    ...['/%2e/book', '/x/%2e%2e/book', '/x/%2E%2E/book', '/x/.%2e/book', '/x/%2e./book', '/x/%2e%2e/%2e/book'],
    ...['/book;a=b', '/book;', '/book;/x', '/;a/book', '/x/..;/book', '/x/..;a=b/book', '/x;y/../book', '/book%3ba=b'],
    ...['/book.', '/book..', '/book%20', '/book.%20', '/book%2e', '/book/.', '/book/x/..', '/book.;x', '/book.json'],
    ...['/%2562ook', '/%252562ook', '/x/%252e%252e/book', '/x/%252e%252e/%252e%252e/book', '/x/%25252e%25252e/book'],
    ...['/x%252f..%252fbook', '/x%255c..%255cbook', '/book%252f..', '/book%2500.js', '/book%3fx', '/book%23x'],
    ...['/boo%E2%84%AA', '/%EF%BD%82ook', '/book?x', '/book?/../news', '/book#/news', '/book/../book'],
    ...['/x%2fbook', '/%2fbook', '/x%2f..%2fbook', '/x/..%2fbook', '/%5cbook', '/x%5c..%5cbook', '/\\book', '\\book'],
    ...[
      '/x\\..\\book',
      '/book%00',
      '/book%00.js',
      '/%00/book',
      '/book\u0000',
      '/book%0d%0aX:%201',
      '/book%09',
      '/book%7f',
    ],
    ...['/..', '/../book', '/news/../../book', '/%2e%2e/book', '/%', '/%6', '/book%', '/%u0062ook', '/%zz/../book'],
    ...['/b\u00f6ok/../book', '/book\u00a0', '/book\t', '*', '', '/.%00/book'],
    ...['http://narrow.test/book', 'http://elsewhere.test/book', 'HTTP://NARROW.TEST/book', 'https://narrow.test/book'],
    ...['http://narrow.test//book', 'http://narrow.test/x/../book', 'http://narrow.test@elsewhere.test/book'],
    ...['http:///book', 'http:/book', 'ftp://narrow.test/book'],
  ];

  it('is read as the address it is, or refused with 400: none of them reaches the origin', async () => {
    const passed: string[] = [];
    for (const spelling of SPELLINGS) {
      for (const accept of ['*/*', 'text/html']) {
        const answer = await raw(spelling, 'narrow.test', `Accept: ${accept}\r\n`);
        const isClosed = !answer.body.includes(MARKER) && [200, 400, 403, 404, 405, 501].includes(answer.status);
        if (!isClosed) passed.push(`${JSON.stringify(spelling)} ${answer.status}`);
      }
    }
    expect(passed).toEqual([]);
    expect(origin.requests.filter(({ url }) => /book/i.test(url))).toEqual([]);
  }, 120_000);

  it('without a path is the front page, whatever stands there', async () => {
    for (const target of ['book', '.', 'http:book', 'narrow.test', 'http://narrow.test']) {
      await raw(target, 'narrow.test');
    }
    expect(new Set(origin.requests.map(({ url }) => url))).toEqual(new Set(['/']));
  });

  it('with a host’s name in its path names no host', async () => {
    for (const target of ['//before.test/book', '///before.test/book', 'http://narrow.test//before.test/book']) {
      await raw(target, 'narrow.test');
    }
    expect(origin.requests.map(({ url }) => url)).toEqual(Array(3).fill('/before.test/book'));
  });

  const HOSTS = [
    ...['NARROW.TEST', 'Narrow.Test', 'narrow.test.', 'narrow.test:80', 'narrow.test:443', 'narrow.test.:8787'],
    ...['narrow.test:99999', 'narrow.test:', 'narrow.test:0x50', 'narrow.test:80:80', 'narrow.test..', '.narrow.test'],
    ...['narrow.test/news', 'narrow.test/news?', 'narrow.test#', 'narrow.test?x', 'narrow.test\\news', 'x@narrow.test'],
    ...[
      'narrow.test@before.test',
      'narrow.test, before.test',
      'narrow.test before.test',
      '[narrow.test]',
      'http://narrow.test',
    ],
    ...[
      'nar%72ow.test',
      'narrow%2etest',
      'narrow.test%00',
      'narrow.test\u0000.before.test',
      'narrow\u3002test',
      '*',
      '',
      ' ',
    ],
    ...[
      '127.0.0.1.narrow.test',
      '0x7f.0.0.1',
      '2130706433',
      '1.2.3.999',
      '[::1]',
      '[::::]',
      '[::ffff:127.0.0.1]',
      'localhost',
    ],
  ];

  it('of the host opens no other room either', async () => {
    const passed: string[] = [];
    for (const host of HOSTS) {
      const answer = await raw('/book', host);
      if (answer.body.includes(MARKER) || ![0, 400, 403, 404].includes(answer.status)) passed.push(host);
    }
    expect(passed).toEqual([]);
    expect(origin.requests).toEqual([]);
  });

  it('given twice or not at all is refused', async () => {
    const before = origin.requests.length;
    for (const text of [
      'GET /news HTTP/1.1\r\nHost: narrow.test\r\nHost: open.test\r\n\r\n',
      'GET /news HTTP/1.1\r\nHost: narrow.test\r\nHost: narrow.test\r\n\r\n',
      'GET /news HTTP/1.1\r\n\r\n',
      'GET /news HTTP/1.0\r\n\r\n',
      'GET /news\r\n\r\n',
      'GET /news HTTP/1.1\r\n Host: narrow.test\r\n\r\n',
      'GET /news HTTP/1.1\r\nHost : narrow.test\r\n\r\n',
    ]) {
      expect((await sendRaw(port, text)).status).toBe(400);
    }
    expect(origin.requests.length).toBe(before);
  });

  it('in a header is no address at all: origins that read one get none', async () => {
    await raw(
      '/news',
      'narrow.test',
      'X-Original-URL: /book\r\nX-Rewrite-URL: /book\r\nX_Original_URL: /book\r\nX-Forwarded-Uri: /book\r\n',
    );
    expect(origin.requests).toHaveLength(1);
    expect(JSON.stringify(origin.requests)).not.toContain('/book');
  });
});

describe('row 10: an exemption', () => {
  it('is never given by the end of a path, nor by leaving the exempt folder again', async () => {
    for (const path of [
      ...[
        '/book/x.js',
        '/book.js',
        '/book/static/x.js',
        '/book;/static/x.js',
        '/book/favicon.ico',
        '/favicon.ico.html',
      ],
      ...['/staticx', '/static.html', '/Static/x.js', '/STATIC/x.js', '/book?/static/x.js', '/static/../book'],
      ...['/static/%2e%2e/book', '/static/..;/book', '/static/%252e%252e/book', '/static/x/..;a/..;b/book'],
      ...[
        '/static/%252e%252e%252fbook',
        '/static/%255c..%255c../book',
        '/static%252f..%252fbook',
        '/static%3f/../book',
      ],
    ]) {
      await expectClosed('exempt.test', path);
    }
    for (const path of ['/static%2f..%2fbook', '/static/..%2fbook', '/static\\..\\book', '/static/%00/../../book']) {
      const answer = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: exempt.test\r\n\r\n`);
      expect(answer.status).toBe(400);
    }
    expect(origin.requests).toEqual([]);
  });

  it('is for GET and HEAD, also where a header names another method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await send(port, '/static/x.js', { host: 'exempt.test', method })).status).toBe(403);
    }
    expect(origin.requests).toEqual([]);
    const headers = { 'X-HTTP-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE', 'X-Method-Override': 'DELETE' };
    expect((await send(port, '/static/x.js', { host: 'exempt.test', headers })).text).toContain(MARKER);
    expect(JSON.stringify(origin.requests[0]?.headers)).not.toContain('DELETE');
  });
});

describe('rows 11, 12 and 13: whose pass and whose place', () => {
  it('row 11: a copied pass is the same visitor and the same session everywhere, and ends for all at once', async () => {
    const visitor = new GateVisitor(port, 'open');
    await enter(visitor);
    const copy = new GateVisitor(port, 'open');
    copy.jar.set('fairgate-admission-open', visitor.admissionToken ?? '');
    await copy.send('/copied');
    const tokens = origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? ''));
    expect(new Set(tokens.map(({ sub, sid }) => `${sub} ${sid}`)).size).toBe(1);
    await visitor.act('leave');
    origin.requests.length = 0;
    expect((await copy.send('/copied')).status).toBe(403);
    expect(origin.requests).toEqual([]);
  });

  it('row 11: a copied place brings the same session to whoever claims it, never a second one', async () => {
    const visitor = new GateVisitor(port, 'open');
    await enter(visitor);
    const copy = new GateVisitor(port, 'open');
    copy.jar.set('fairgate-queue-open', visitor.queueToken ?? '');
    const { text } = await until(
      () => copy.act('claim'),
      ({ status }) => status !== 202, // The gateway's view may be a second old.
    );
    expect(payloadOf(JSON.parse(text).admissionToken)['sid']).toBe(payloadOf(visitor.admissionToken ?? '')['sid']);
    await visitor.act('leave');
    const again = await copy.act('claim');
    expect(again.status).toBe(410);
    expect(JSON.parse(again.text).outcome).toBe('ended');
  });

  const ENDINGS: [string, (visitor: GateVisitor) => Promise<unknown>][] = [
    ['the origin said complete', (visitor) => visitor.send('/complete')],
    ['the origin said revoke', (visitor) => visitor.send('/revoke')],
    ['the visitor left', (visitor) => visitor.act('leave')],
  ];
  it.each(ENDINGS)(
    'row 12: a pass is refused after %s, replayed as cookie or Bearer, and its place too',
    async (_, end) => {
      for (const command of ['complete', 'revoke']) {
        origin.handlers.set(`/${command}`, (_request, response) => {
          response.writeHead(200, { 'Fairgate-Command': command }).end('thanks');
        });
      }
      const visitor = new GateVisitor(port, 'open');
      await enter(visitor);
      const [pass, place] = [visitor.admissionToken, visitor.queueToken];
      expect((await visitor.send('/x')).status).toBe(200);
      await end(visitor);
      origin.requests.length = 0;
      for (const headers of [{ Cookie: `fairgate-admission-open=${pass}` }, { Authorization: `Bearer ${pass}` }]) {
        const refused = await send(port, '/x', { host: 'open.test', headers });
        expect(refused.status).toBe(403);
      }
      const both = { ...AS_PAGE, Cookie: `fairgate-admission-open=${pass}; fairgate-queue-open=${place}` };
      expect((await send(port, '/x', { host: 'open.test', headers: both })).text).toContain('"kind":"ended"');
      expect(origin.requests).toEqual([]);
    },
  );

  it('row 12: a session is over at its time, not a moment later, and renewal does not bring it back', async () => {
    const gateway = await startInProcess({ keys: fairgate.keys, room: { policy: { sessionRenewal: false } } });
    const visitor = new InProcessVisitor(gateway);
    for (let seconds = 0; seconds < 3; seconds++) {
      gateway.clock.advance(1_000);
      await visitor.page();
    }
    const { exp, nbf } = payloadOf(visitor.jar.get('fairgate-admission-demo') ?? '');
    expect(Number(exp) - Number(nbf)).toBeLessThanOrEqual(300);
    gateway.clock.at = Number(exp) * 1_000 - 1;
    expect((await visitor.send('/')).status).toBe(200);
    gateway.clock.advance(1);
    for (const wait of [0, 1, 1_000, 60_000]) {
      gateway.clock.advance(wait);
      expect((await visitor.send('/')).status).toBe(403);
      expect(await pageKindOf(await visitor.page())).toBe('ended');
    }
  });

  it('row 12: a pass is refused from the moment it runs out', async () => {
    const audience = 'urn:fairgate:origin:before';
    const ends = Math.floor(Date.now() / 1000) + 2;
    const token = await admissionToken(signer, 'before', audience, { claims: { exp: ends, position: 0 } });
    const headers = { Authorization: `Bearer ${token}` };
    expect((await send(port, '/x', { host: 'before.test', headers })).text).toContain(MARKER);
    await until(
      () => send(port, '/x', { host: 'before.test', headers }),
      ({ status }) => status === 403,
    );
    await expectClosed('before.test', '/x', { headers });
  });

  it('row 13: tabs of one browser share one place, however often the button is pressed', async () => {
    const visitor = new GateVisitor(port, 'full');
    await visitor.page();
    const { position } = payloadOf(visitor.queueToken ?? '');
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        await visitor.page('/book');
        await visitor.act('join');
        await visitor.send('/', { headers: AS_JSON });
      }),
    );
    expect(payloadOf(visitor.queueToken ?? '')['position']).toBe(position);
  });
});

describe('rows 14 and 15: pushing', () => {
  it('row 14: places taken without a browser behind them do not hold up whoever comes after', async () => {
    const stuffing = Array.from({ length: 100 }, () => send(port, '/', { host: 'stuffed.test', headers: AS_PAGE }));
    await Promise.all(stuffing);
    const honest = new GateVisitor(port, 'stuffed');
    await honest.page();
    const { position } = payloadOf(honest.queueToken ?? '');
    expect(Number(position)).toBeGreaterThan(50);
    await enter(honest);
    // Ten enter a second: had everybody in front been waited for, this would have taken longer than the test may.
    expect((await honest.status()).state).toBe('admitted');
  });

  it('row 15: polling past a limit is answered with 429 and a time, and moves nobody forward', async () => {
    const visitor = new GateVisitor(port, 'full');
    await visitor.page();
    const before = await visitor.status();
    const answers = await Promise.all(Array.from({ length: 60 }, () => visitor.send('/_fairgate/rooms/full/status')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(20);
    for (const answer of refused) {
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
      expect(isClearRefusal(answer)).toBe(true);
    }
    const after = await until(
      () => visitor.send('/_fairgate/rooms/full/status'),
      ({ status }) => status === 200,
    );
    expect(JSON.parse(after.text).position).toBe(before.position);
  });
});

describe('row 16: races (through one gateway: two runtimes cannot share a disk)', () => {
  it('of one visitor’s claims and joins bring one session and one place', async () => {
    const first = new GateVisitor(port, 'race');
    await enter(first);
    const visitor = new GateVisitor(port, 'race');
    await visitor.page();
    await first.act('leave');
    await until(
      () => visitor.status(),
      ({ state }) => state === 'called',
      { everyMs: 600 },
    );
    const cookie = { Cookie: visitor.jar.header };
    const claims = Array.from({ length: 32 }, (_, index) =>
      send(port, `/_fairgate/rooms/race/${index % 2 === 0 ? 'claim' : 'join'}`, {
        host: 'race.test',
        method: 'POST',
        headers: { ...AS_JSON, ...cookie },
      }),
    );
    const visits = Array.from({ length: 16 }, () =>
      send(port, '/', { host: 'race.test', headers: { ...AS_PAGE, ...cookie } }),
    );
    const answers = (await Promise.all(claims)).map(({ text }) => JSON.parse(text));
    await Promise.all(visits);
    expect(answers.map(({ outcome }) => outcome)).toEqual(Array(32).fill('admitted'));
    const sids = [
      ...answers.map(({ admissionToken }) => payloadOf(admissionToken)['sid']),
      ...origin.requests.slice(1).map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? '')['sid']),
    ];
    expect(new Set(sids).size).toBe(1);
    const board = () => visitor.board();
    expect((await until(board, ({ active }) => active === 1)).active).toBe(1);
    visitor.jar.set('fairgate-admission-race', answers[0].admissionToken);
    await visitor.act('leave');
  });

  it('of many for the last place have one winner, and of repeated joins one place each', async () => {
    const crowd = Array.from({ length: 32 }, () => new GateVisitor(port, 'race'));
    await Promise.all(crowd.map((visitor) => visitor.page()));
    const ended = await until(
      async () => {
        await Promise.all(crowd.map((visitor) => visitor.act('claim')));
        return crowd.filter(({ admissionToken }) => admissionToken !== undefined).length;
      },
      (inside) => inside >= 1,
      { everyMs: 500 },
    );
    expect(ended).toBe(1);
    const positions = crowd.map(({ queueToken: token }) => payloadOf(token ?? '')['position']);
    expect(new Set(positions).size).toBe(32);
    const keyed = await Promise.all(
      Array.from({ length: 16 }, () =>
        new GateVisitor(port, 'race').act('join', { 'Idempotency-Key': 'one-wish-0123456789' }),
      ),
    );
    const places = keyed.map(({ text }) => payloadOf(JSON.parse(text).queueToken)['position']);
    expect(new Set(places).size).toBe(1);
  });
});

describe('row 17: a default password', () => {
  it.each(['', 'admin', 'password', 'fairgate', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'short-0123456789'])(
    'or an empty or easy one (%j) keeps the gateway from starting',
    async (operatorKey) => {
      const settings = {
        rooms: [{ id: 'x', title: TITLE, hosts: ['*'], origin: origin.url, schedule: OPEN, policy: POLICY }],
        keys: fairgate.keys,
        publicUrl: 'http://127.0.0.1:1',
        operatorKey,
      };
      const started = startGateway({ settings, port: 0, dataDir: fairgate.dataDir, log: () => {} });
      await expect(started).rejects.toThrow('OPERATOR_KEY');
    },
  );

  it('opens nothing of the operators’', async () => {
    for (const path of ['/rooms/open/pass', '/', '/rooms', '/anything']) {
      for (const key of [null, '', 'admin', 'undefined', 'null', '*']) {
        // A wrong key is slowed down: what comes too soon after one is not even looked at.
        expect([401, 429]).toContain((await operator(path, key)).status);
      }
    }
  });
});

describe('row 18: a forged token', () => {
  const audience = 'urn:fairgate:origin:before';

  async function forgeries(room: string, aud: string): Promise<[string, string][]> {
    const jwk = await publicJwkOf(signer.key);
    const { kid } = jwk;
    const genuine = await admissionToken(signer, room, aud);
    const [header = '', payload = '', signature = ''] = genuine.split('.');
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const foreignJwk = await crypto.subtle.exportKey('jwk', publicKey as CryptoKey);
    const pem = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: jwk.x ?? '', y: jwk.y ?? '' }, format: 'jwk' });
    const spki = new Uint8Array(pem.export({ type: 'spki', format: 'der' }));
    const pemText = new TextEncoder().encode(String(pem.export({ type: 'spki', format: 'pem' })));
    const made = (changes: Parameters<typeof admissionToken>[3]) => admissionToken(signer, room, aud, changes);
    const none = encode({ alg: 'none', typ: 'admission+jwt', kid });
    const flipped = Buffer.from(signature, 'base64url');
    flipped[10] = (flipped[10] ?? 0) ^ 1;
    const past = Math.floor(Date.now() / 1000) - 60;
    return [
      ['alg none, no signature', `${none}.${payload}.`],
      ['alg none, with a signature', `${none}.${payload}.${signature}`],
      ['alg None in other letters', `${encode({ alg: 'nOnE', typ: 'admission+jwt', kid })}.${payload}.`],
      ['no alg', `${encode({ typ: 'admission+jwt', kid })}.${payload}.${signature}`],
      ['HS256 with the public key (DER)', await made({ header: { alg: 'HS256' }, signWith: spki })],
      ['HS256 with the public key (PEM)', await made({ header: { alg: 'HS256' }, signWith: pemText })],
      [
        'HS256 with the public key (JWK)',
        await made({ header: { alg: 'HS256' }, signWith: new TextEncoder().encode(JSON.stringify(jwk)) }),
      ],
      ['another key under our kid', await made({ signWith: privateKey })],
      ['another key under its own kid', await made({ signWith: privateKey, header: { kid: 'other' } })],
      ['another key without kid', await made({ signWith: privateKey, header: { kid: undefined } })],
      ['another key that it brings along', await made({ signWith: privateKey, header: { jwk: foreignJwk } })],
      ['another key at an address', await made({ signWith: privateKey, header: { jku: 'http://evil.example/jwks' } })],
      ['a kid that is a path', await made({ signWith: privateKey, header: { kid: '../../../dev/null' } })],
      ['our key under a foreign kid', await made({ header: { kid: 'other' } })],
      ['another typ', await made({ header: { typ: 'JWT' } })],
      ['no typ', await made({ header: { typ: undefined } })],
      ['the typ of a queue token', await made({ header: { typ: 'queue+jwt' } })],
      [
        'an extension that must be understood',
        await made({ header: { crit: ['exp'], exp: 1 } }).catch(() => `${header}.x.y`),
      ],
      ['another issuer', await made({ claims: { iss: 'http://evil.example' } })],
      ['no issuer', await made({ claims: { iss: undefined } })],
      ['another audience', await made({ claims: { aud: 'urn:fairgate:origin:other' } })],
      ['no audience', await made({ claims: { aud: undefined } })],
      ['no subject', await made({ claims: { sub: undefined } })],
      ['no session', await made({ claims: { sid: undefined } })],
      ['no end', await made({ claims: { exp: undefined } })],
      ['an endless end', `${header}.${Buffer.from('{"exp":1e999}').toString('base64url')}.${signature}`],
      ['an end that is text', await made({ claims: { exp: '9999999999' } })],
      ['an end in the past', await made({ claims: { exp: past } })],
      ['a slot in the future', await made({ claims: { nbf: past + 3_600, exp: past + 7_200 } })],
      ['no position', await made({ claims: { position: undefined } })],
      ['a position that is text', await made({ claims: { position: '7' } })],
      ['a negative position', await made({ claims: { position: -1 } })],
      ['a queue token', await queueToken(signer, room)],
      ['a queue token with everything of an admission', await queueToken(signer, room, { claims: payloadOf(genuine) })],
      ['a changed payload', `${header}.${encode({ ...payloadOf(genuine), position: 1 })}.${signature}`],
      ['a changed signature', `${header}.${payload}.${flipped.toString('base64url')}`],
      ['a signature of zeros', `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`],
      ['half a signature', `${header}.${payload}.${signature.slice(0, 43)}`],
      ['no signature', `${header}.${payload}.`],
      ['two parts', `${header}.${payload}`],
      ['five parts', `${header}.${payload}.${signature}.${payload}.${signature}`],
      ['something that is no token', 'true'],
      ['a token of 100,000 characters', `${header}.${'A'.repeat(100_000)}.${signature}`.slice(0, 12_000)],
    ];
  }

  it('that is none lets its bearer in, so that each forgery is wrong in one thing', async () => {
    const token = await admissionToken(signer, 'before', audience);
    for (const headers of [{ Authorization: `Bearer ${token}` }, { Cookie: `fairgate-admission-before=${token}` }]) {
      expect((await send(port, '/', { host: 'before.test', headers })).text).toContain(MARKER);
    }
  });

  it('is refused by the gateway as cookie and as Bearer', async () => {
    for (const [, token] of await forgeries('before', audience)) {
      for (const headers of [{ Authorization: `Bearer ${token}` }, { Cookie: `fairgate-admission-before=${token}` }]) {
        await expectClosed('before.test', '/', { headers });
      }
      await expectClosed('before.test', '/', { headers: { 'Fairgate-Admission': token } });
    }
    for (const wrong of [{ room: 'open' }, { room: undefined }, { epoch: 2 }, { epoch: 0 }, { epoch: undefined }]) {
      const token = await admissionToken(signer, 'before', audience, { claims: wrong });
      await expectClosed('before.test', '/', { headers: { Authorization: `Bearer ${token}` } });
    }
  });

  it('is refused by the origin as header', async () => {
    for (const [name, token] of await forgeries('demo', AUDIENCE)) {
      const answer = await send(fairgate.origin.port, '/', { headers: { 'Fairgate-Admission': token } });
      expect([name, answer.status]).toEqual([name, 403]);
      expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
    }
  });

  it('of a place is no place: another key, kind, room or opening', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    for (const token of [
      await queueToken(signer, 'open', { signWith: privateKey }),
      await queueToken(signer, 'before'),
      await queueToken(signer, 'open', { header: { typ: 'JWT' } }),
      await admissionToken(signer, 'open', 'open', { claims: { entry: 1, draw: '0'.repeat(64) } }),
    ]) {
      const answer = await send(port, '/_fairgate/rooms/open/status', {
        headers: { Cookie: `fairgate-queue-open=${token}` },
      });
      expect(JSON.parse(answer.text).state).toBe('none');
    }
    const bearer = await queueToken(signer, 'open', { signWith: privateKey });
    const refused = await send(port, '/_fairgate/rooms/open/status', {
      headers: { Authorization: `Bearer ${bearer}` },
    });
    expect(refused.status).toBe(401);
  });

  it('of a position that belongs to somebody else, though signed, brings no session', async () => {
    const owner = new GateVisitor(port, 'open');
    await enter(owner);
    const { position } = payloadOf(owner.queueToken ?? '');
    const stolen = await queueToken(signer, 'open', { claims: { position } });
    const answer = await until(
      () =>
        send(port, '/_fairgate/rooms/open/claim', {
          method: 'POST',
          headers: { ...AS_JSON, Cookie: `fairgate-queue-open=${stolen}` },
        }),
      ({ status }) => status !== 202, // The gateway's view may be a second old.
    );
    expect([answer.status, JSON.parse(answer.text).reason]).toEqual([409, 'foreignPosition']);
  });
});

describe('row 19: the gateway’s own words from outside', () => {
  const OUTSIDE = {
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

  const fromGateway = ['fairgate-admission', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

  function expectClean(admission: string | undefined): void {
    for (const { headers } of origin.requests) {
      expect(JSON.stringify(headers)).not.toMatch(/forged|6\.6\.6\.6|evil\.example|gopher/);
      const own = Object.keys(headers).filter((name) => /^(fairgate|x.forwarded|forwarded)/.test(name));
      expect(own.sort()).toEqual(
        fromGateway.filter((name) => admission !== undefined || name !== 'fairgate-admission'),
      );
      expect(headers['fairgate-admission']).toBe(admission);
      expect(headers['x-forwarded-for']).toBe('127.0.0.1');
    }
  }

  it('never reach the origin: on exempt and outside paths, and from an admitted visitor', async () => {
    await send(port, '/static/x.js', { host: 'exempt.test', headers: OUTSIDE });
    await send(port, '/news', { host: 'narrow.test', headers: OUTSIDE });
    expect(origin.requests).toHaveLength(2);
    expectClean(undefined);

    const visitor = new GateVisitor(port, 'open');
    await enter(visitor);
    origin.requests.length = 0;
    await visitor.send('/x', { headers: OUTSIDE });
    await visitor.send('/x', {
      headers: { ...OUTSIDE, Connection: 'Fairgate-Admission, X-Forwarded-For, Cookie, close' },
    });
    expect(origin.requests).toHaveLength(2);
    expectClean(visitor.admissionToken);
  });

  it('do not reach it by being declared hop-by-hop, nor in several fields', async () => {
    const visitor = new GateVisitor(port, 'open');
    await enter(visitor);
    origin.requests.length = 0;
    const cookie = `Cookie: ${visitor.jar.header}\r\n`;
    await sendRaw(
      port,
      `GET /x HTTP/1.1\r\nHost: open.test\r\nFairgate-Admission: forged\r\nFairgate-Admission: forged\r\n${cookie}Connection: Fairgate-Admission\r\nConnection: X-Forwarded-For, X-Forwarded-Host\r\n\r\n`,
    );
    expect(origin.requests).toHaveLength(1);
    expectClean(visitor.admissionToken);
  });

  it('in cookies and Bearer go no further; the origin’s own do', async () => {
    const visitor = new GateVisitor(port, 'open');
    await enter(visitor);
    origin.requests.length = 0;
    const [pass, place] = [visitor.admissionToken ?? '', visitor.queueToken ?? ''];
    const own = `fairgate-admission-open=${pass}; fairgate-queue-open=${place}; fairgate-language=en; FAIRGATE-x=1; __Host-fairgate-y=2`;
    await send(port, '/a', { host: 'open.test', headers: { Cookie: `site=1; ${own}; other="a b"` } });
    await send(port, '/b', { host: 'open.test', headers: { Authorization: `Bearer ${pass}`, Cookie: 'site=1' } });
    await send(port, '/c', { host: 'open.test', headers: { Cookie: own, Authorization: 'Bearer of-the-site' } });
    await send(port, '/d', { host: 'open.test', headers: { Cookie: own, Authorization: 'Basic dTpw' } });
    await sendRaw(
      port,
      `GET /e HTTP/1.1\r\nHost: open.test\r\nAuthorization: Bearer ${pass}\r\nCookie: site=1\r\nCookie: fairgate-queue-open=${place}\r\n\r\n`,
    );
    const seen = origin.requests.map(({ headers }) => [headers['cookie'], headers['authorization']]);
    expect(seen).toEqual([
      ['site=1; other="a b"', undefined],
      ['site=1', undefined],
      [undefined, 'Bearer of-the-site'],
      [undefined, 'Basic dTpw'],
      ['site=1', undefined],
    ]);
  });

  it('as internal addresses are answered here or nowhere, in any spelling', async () => {
    for (const path of [
      ...['/_fairgate', '/_fairgate/', '/_fairgate/x', '/_FAIRGATE/operator', '/_Fairgate/rooms/narrow/board'],
      ...[
        '/%5ffairgate/x',
        '/%5Ffairgate/operator',
        '/_fairgat%65/x',
        '//_fairgate/x',
        '/./_fairgate/x',
        '/x/../_fairgate/x',
      ],
      ...['/x/%2e%2e/_fairgate/operator', '/_fairgate;a=b/x', '/_fairgate./x', '/_fairgate%20/x', '/%255ffairgate/x'],
      ...[
        '/x/%252e%252e/_fairgate/x',
        '/x/..;/_fairgate/x',
        '/_fairgate/operator/rooms/narrow/pass',
        '/_fairgate/../_fairgate',
      ],
      ...[
        '/.well-known/jwks.json/x',
        '/.well-known//JWKS.json',
        '/.WELL-KNOWN/jwks.json',
        '/x/../.well-known/jwks.json',
      ],
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await sendRaw(
          port,
          `${method} ${path} HTTP/1.1\r\nHost: narrow.test\r\nConnection: close\r\n\r\n`,
        );
        expect([path, [401, 404, 405].includes(answer.status)]).toEqual([path, true]);
        expect(answer.body).not.toContain(MARKER);
      }
    }
    expect(origin.requests).toEqual([]);
  }, 120_000);
});

describe('row 20: a return address on another site', () => {
  const ELSEWHERE = [
    ...[
      'https://evil.example/',
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/%2f/evil.example',
    ],
    ...[
      'javascript:alert(1)',
      'data:text/html,x',
      'evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      ' //evil.example',
    ],
    ...[
      '/%5cevil.example',
      '/..//evil.example',
      '/x/..//evil.example',
      '/.//evil.example',
      '/x\r\nX-Evil: 1',
      '/#@evil.example',
    ],
    ...[
      '/_fairgate/language?to=en&return=//evil.example',
      'http:evil.example',
      '/;//evil.example',
      '@evil.example',
      '',
    ],
  ];

  it('is replaced by a path on the own site, after joining and after choosing a language', async () => {
    for (const wanted of ELSEWHERE) {
      const query = new URLSearchParams({ to: 'en', return: wanted });
      const language = await send(port, `/_fairgate/language?${query}`, { host: 'open.test' });
      const joined = await send(port, '/_fairgate/rooms/before/join', {
        host: 'before.test',
        method: 'POST',
        headers: { ...AS_PAGE, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ return: wanted }).toString(),
      });
      for (const { status, headers } of [language, joined]) {
        expect(status).toBe(303);
        const location = headers.get('Location') ?? '';
        expect(location).toMatch(/^\/(?![/\\])[!-~]*$/);
        expect(new URL(location, 'http://open.test').host).toBe('open.test');
        expect(location).not.toContain('_fairgate');
        expect(headers.get('X-Evil')).toBeNull();
      }
    }
  });

  it('in a visited address is shown as a path on the own site', async () => {
    for (const path of ['//evil.example/x', '/x//evil.example', '/?u=//evil.example', '/.//evil.example']) {
      const { body } = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: before.test\r\nAccept: text/html\r\n\r\n`);
      const [, returnTo] = /"returnTo":"([^"]*)"/.exec(body) ?? [];
      expect(returnTo).toMatch(/^\/(?!\/)/);
    }
  });

  it('is kept where it is one of the own site', async () => {
    const query = new URLSearchParams({ to: 'en', return: '/book?clinic=7&a=//b' });
    const answer = await send(port, `/_fairgate/language?${query}`, { host: 'open.test' });
    expect(answer.headers.get('Location')).toBe('/book?clinic=7&a=//b');
  });
});

describe('row 21: a crawler’s name', () => {
  it.each([
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; Yeti/1.1; +http://naver.me/spd)',
    'Cloudflare-Healthchecks/1.0',
    'Fairgate/1.0',
    '',
  ])('opens nothing: %j', async (agent) => {
    await expectClosed('before.test', '/', { headers: { 'User-Agent': agent } });
  });
});

describe('row 22: overload', () => {
  it('leaves nobody inside beyond the limit, whatever else comes at the same time', async () => {
    const crowd = Array.from({ length: 200 }, () => new GateVisitor(port, 'burst'));
    const noise = Array.from({ length: 100 }, (_, index) =>
      send(port, ['/', '/book', '/_fairgate/rooms/burst/claim', '/_fairgate/rooms/burst/join'][index % 4] ?? '/', {
        host: 'burst.test',
        method: index % 3 === 0 ? 'POST' : 'GET',
        headers: { Cookie: `fairgate-admission-burst=${'x'.repeat(index * 40)}`, 'Content-Type': 'application/json' },
        ...(index % 3 === 0 ? { body: '{'.repeat(index * 50) } : {}),
      }),
    );
    const visits = crowd.map((visitor) => visitor.page());
    const answers = await Promise.all([...visits, ...noise]);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    await until(
      async () => {
        const waiting = crowd.filter(({ admissionToken }) => admissionToken === undefined).slice(0, 40);
        await Promise.all(waiting.map((visitor) => visitor.page()));
        return crowd.filter(({ admissionToken }) => admissionToken !== undefined).length;
      },
      (inside) => inside >= 10,
      { everyMs: 300 },
    );
    await Promise.all(crowd.map((visitor) => visitor.page()));
    expect(crowd.filter(({ admissionToken }) => admissionToken !== undefined)).toHaveLength(10);
    const sids = origin.requests.map(({ headers }) => payloadOf(headers['fairgate-admission'] ?? '')['sid']);
    expect(new Set(sids).size).toBe(10);
  });

  it('of the store lets nobody through, and the page says that it comes back by itself', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const gateway = await startInProcess({ keys: fairgate.keys });
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.store.mode = 'fails';
    for (const sinceMs of [0, 1_500, 600_000]) {
      gateway.clock.advance(sinceMs);
      const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.request('/', { headers: AS_PAGE })));
      for (const answer of answers) {
        expect(answer.status).toBe(503);
        const page = await answer.text();
        expect(page).toContain('"kind":"storeUnreachable"');
        expect(page).toContain('http-equiv="refresh"');
      }
    }
    expect(gateway.forwarded).toEqual([]);
    vi.restoreAllMocks();
  });
});

describe('row 23: odd requests', () => {
  const line = (method: string, target = '/', host = 'before.test') =>
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;

  it.each([
    [
      'a WebSocket',
      `${line('GET')}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      [403],
    ],
    [
      'another protocol',
      `${line('GET')}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      [403],
    ],
    ['TRACE', `${line('TRACE')}\r\n`, [403]],
    ['OPTIONS for the server', `${line('OPTIONS', '*')}\r\n`, [400]],
    ['a method in small letters', `${line('get')}\r\n`, [400, 501]],
    ['a method that nobody knows', `${line('OPEN-SESAME')}\r\n`, [400, 501]],
    ['PROPFIND', `${line('PROPFIND')}\r\n`, [403]],
    ['a cookie of 20 kB', `${line('GET')}Cookie: a=${'x'.repeat(20_000)}\r\n\r\n`, [431]],
    ['a header of 20 kB', `${line('GET')}X-A: ${'x'.repeat(20_000)}\r\n\r\n`, [431]],
    [
      'a thousand headers',
      `${line('GET')}${Array.from({ length: 1_000 }, (_, index) => `X-${index}: 1\r\n`).join('')}\r\n`,
      [400, 403, 431],
    ],
    ['an address of 5 kB', `${line('GET', `/${'a'.repeat(5_000)}`)}\r\n`, [414]],
    ['an address of 100 kB', `${line('GET', `/${'a'.repeat(100_000)}`)}\r\n`, [414]],
    ['two lengths', `${line('POST')}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, [400, 403]],
    [
      'a length and chunks',
      `${line('POST')}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      [400, 403],
    ],
    ['no request at all', '\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n', [400]],
  ])('%s: the same rule as any request, with a clear refusal', async (_, text, statuses) => {
    const answer = await sendRaw(port, text);
    expect(statuses).toContain(answer.status);
    expect(answer.body).not.toContain(MARKER);
    expect(origin.requests).toEqual([]);
  });

  it('a second request hidden in the body of a refused one is not passed on', async () => {
    const hidden = `GET /static/x.js HTTP/1.1\r\nHost: exempt.test\r\nX-Hidden: 1\r\n\r\n`;
    const chunked = `${line('POST')}Transfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    for (const text of [
      `${line('POST')}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      chunked,
      `${line('POST')}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ]) {
      await rawRequest(port, text, 300);
    }
    expect(origin.requests).toEqual([]);
  });

  it('CONNECT opens nothing', async () => {
    // The runtime answers 500 and hangs up before any code of ours: it has no handler for CONNECT to call. With one, it
    // would answer "200 OK" before asking the handler, and nothing that a handler can do takes that back. So there is
    // none, and its absence is the refusal; operators may put a proxy in front that says 405.
    for (const target of [`127.0.0.1:${origin.port}`, 'before.test:80', `127.0.0.1:${port}`]) {
      const answer = await sendRaw(
        port,
        `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      expect(answer.status).toBe(500);
      expect(answer.body).not.toContain(MARKER);
    }
    expect(origin.requests).toEqual([]);
    expect((await send(port, '/_fairgate/healthz')).status).toBe(200);
  });
});
