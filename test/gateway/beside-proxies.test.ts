// The recipes of docs/forward-auth.md, with the gateway beside the site: nginx and Caddy ask it for each request, HAProxy checks tokens.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { AUDIENCE, type Running, startFairgate, TestVisitor } from '../running-gateway.ts';
import { admissionToken, payloadOf, type Signer } from './forged-tokens.ts';
import { forgeries } from './forgeries.ts';
import { besideCommand, FRONT_HOST, type Front, FrontVisitor, startFront } from './front-proxies.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_PAGE, send, until } from './visitor-client.ts';
import { acceptSocket } from './web-socket.ts';

const VISITOR = '127.0.0.5';
const ADMISSION = '__Host-fairgate-admission-demo';
const SCRIPT = { Accept: '*/*', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'same-origin' };

/** Forgeries that only who has the gateway's own private key can make, in what HAProxy does not look at. */
const SIGNED_BY_THE_GATEWAY = [
  'the gateway’s key under another kid',
  'no subject',
  'no session',
  'an expiry that is text',
  'no position',
  'a position that is text',
  'a negative position',
];

const POLICY = { newUsersPerMinute: 6_000, totalActiveUsers: 100, sessionMinutes: 5 };

describe.each(['nginx', 'Caddy'] as const)('%s in front of a site, which asks the gateway', (name) => {
  let origin: RecordingOrigin;
  let fairgate: Running;
  let front: Front;
  let port: number;
  let signer: Signer;

  beforeAll(async () => {
    [origin, port] = [await startRecordingOrigin(), await freePort()];
    const publicUrl = `https://${FRONT_HOST}:${port}`;
    const later = { ...POLICY, newUsersPerMinute: 60 };
    fairgate = await startFairgate({
      originUrl: origin.url,
      publicUrl,
      trustedProxies: '127.0.0.1',
      room: { policy: POLICY, exempt: ['/static', { path: '/hook', match: 'exact', methods: ['POST'] }] },
      moreRooms: (site) => [
        {
          id: 'later',
          title: { ko: '나중', en: 'Later' },
          hosts: ['*'],
          paths: ['/later'],
          origin: site,
          schedule: { opensAt: '+3600s' },
          policy: later,
        },
        {
          id: 'short',
          title: { ko: '짧게', en: 'Short' },
          hosts: ['*'],
          paths: ['/short'],
          audience: AUDIENCE,
          origin: site,
          schedule: { opensAt: '+0s' },
          policy: { ...POLICY, sessionMinutes: 1 },
        },
      ],
    });
    front = await startFront(name, port, { gatewayPort: fairgate.gateway.port, sitePort: origin.port });
    const [key] = fairgate.keys.keys;
    if (key === undefined) throw new TypeError('The gateway has no signing key.');
    signer = { issuer: publicUrl, url: fairgate.url, key };
  });
  afterAll(async () => {
    await front?.stop();
    await fairgate?.stop();
    await origin?.close();
  });

  const newVisitor = () => new FrontVisitor(port, front, VISITOR);

  /** As a browser: follows redirects of this site. */
  async function open(visitor: FrontVisitor, path: string) {
    let response = await visitor.send(path, { headers: AS_PAGE });
    for (let hops = 0; response.status === 303 && hops < 5; hops++) {
      const location = response.fields.location ?? '';
      expect(location).toMatch(/^\/(?!\/)/);
      response = await visitor.send(location, { headers: AS_PAGE });
    }
    return response;
  }

  async function enter(path = '/book?seat=1', room = 'demo'): Promise<FrontVisitor> {
    const visitor = newVisitor();
    await open(visitor, path);
    const headers = { Accept: 'application/json', 'Sec-Fetch-Site': 'same-origin' };
    await visitor.send(`/_fairgate/rooms/${room}/join`, { method: 'POST', headers });
    await until(
      () => open(visitor, path),
      ({ text }) => text.startsWith(MARKER),
    );
    await open(visitor, path);
    return visitor;
  }

  const requestsNow = () => origin.requests.length;

  /** Sends a request that must not reach the site. */
  async function refused(visitor: FrontVisitor, path: string, more: RequestOptions = {}) {
    const before = requestsNow();
    const response = await visitor.send(path, more);
    expect([path, response.text.includes(MARKER), requestsNow() - before]).toEqual([path, false, 0]);
    expect(response.status === 303 || response.status >= 400, `${path} ${response.status}`).toBe(true);
    return response;
  }

  it('a person is led to the waiting page and back to the address, with a session', async () => {
    const visitor = newVisitor();
    const before = requestsNow();
    const first = await visitor.send('/book?a=%20b&c=d', { headers: AS_PAGE });
    expect([first.status, first.fields.location]).toEqual([
      303,
      `/_fairgate/rooms/demo/wait?return=${encodeURIComponent('/book?a=%20b&c=d')}`,
    ]);
    expect(first.fields['cache-control']).toBe('no-store');
    const page = await visitor.send(first.fields.location ?? '', { headers: AS_PAGE });
    expect(page.text).toContain('"kind":"newcomer"');
    const join = await visitor.send(
      '/_fairgate/rooms/demo/join',
      {
        method: 'POST',
        headers: { ...AS_PAGE, 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' },
      },
      'return=%2Fbook%3Fa%3D%2520b%26c%3Dd',
    );
    expect([join.status, join.fields.location]).toEqual([303, '/book?a=%20b&c=d']);
    expect(requestsNow()).toBe(before);
    const response = await until(
      () => open(visitor, join.fields.location ?? ''),
      ({ text }) => text.startsWith(MARKER),
    );
    expect(response.text).toBe(`${MARKER} GET /book?a=%20b&c=d`);
  });

  it('the site gets the token, the visitor’s cookies without the gateway’s, and no field of the gateway that the visitor sent', async () => {
    const visitor = await enter();
    visitor.jar.set('theirs', '1');
    visitor.jar.set('__Host-fairgate-operator', 'secret');
    const response = await visitor.send('/book', { headers: SCRIPT });
    expect(response.text).toBe(`${MARKER} GET /book`);
    expect(response.fields['cache-control']).toBe('private');
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.fields['fairgate-admission-token']).toBeUndefined();
    const headers = origin.requests.at(-1)?.headers ?? {};
    expect(headers['fairgate-admission']).toBe(visitor.jar.get(ADMISSION));
    expect(headers['cookie']).toBe('theirs=1');
    expect(headers['sec-fairgate-verify']).toBeUndefined();
    const forged = { 'Fairgate-Admission': 'forged', 'Fairgate-Command': 'x', 'fairgate-anything': 'y' };
    const before = requestsNow();
    await visitor.send('/book', { headers: { ...SCRIPT, ...forged } });
    for (const one of origin.requests.slice(before)) {
      expect(one.headers['fairgate-admission']).toBe(visitor.jar.get(ADMISSION));
      expect(Object.keys(one.headers).filter((field) => field.startsWith('fairgate'))).toEqual(['fairgate-admission']);
    }
    const post = await visitor.send('/book', { method: 'POST', headers: SCRIPT }, 'a=b');
    expect([post.text, origin.requests.at(-1)?.body]).toEqual([`${MARKER} POST /book`, 'a=b']);
    expect((await visitor.send('/book', { method: 'HEAD', headers: SCRIPT })).status).toBe(200);
  });

  it('nothing without a valid admission reaches the site, by any method, cookie or field', async () => {
    const visitor = newVisitor();
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      const response = await refused(visitor, '/book', { method, headers: SCRIPT });
      expect(response.status).toBe(403);
      if (method !== 'HEAD') expect(JSON.parse(response.text).type).toMatch(/\/problems\/no-admission$/);
      expect(response.fields.link).toContain('/_fairgate/rooms/demo/wait');
    }
    const genuine = (await enter()).jar.get(ADMISSION) ?? '';
    const claims = payloadOf(genuine);
    const changed = (change: Record<string, unknown>) =>
      admissionToken(signer, 'demo', AUDIENCE, { claims: { ...claims, ...change } });
    const expired = await changed({ exp: Math.floor(Date.now() / 1_000) - 1 });
    const foreign = await changed({ room: 'short' });
    const earlier = await changed({ epoch: 1 });
    const tampered = `${genuine.slice(0, -8)}${genuine.at(-8) === 'A' ? 'B' : 'A'}${genuine.slice(-7)}`;
    for (const token of [expired, foreign, earlier, tampered, '', 'x.y.z']) {
      await refused(visitor, '/book', { headers: { ...SCRIPT, Cookie: `${ADMISSION}=${token}` } });
      await refused(visitor, '/book', { headers: { ...SCRIPT, Authorization: `Bearer ${token}` } });
      await refused(visitor, '/book', { headers: { ...SCRIPT, 'Fairgate-Admission': token } });
    }
    const lies: Record<string, string>[] = [
      { 'X-Original-URI': '/static/a.css', 'X-Original-Method': 'GET' },
      { 'X-Original-URL': `https://${FRONT_HOST}/static/a.css` },
      { 'X-Forwarded-Uri': '/static/a.css', 'X-Forwarded-Method': 'GET' },
      { 'X-Forwarded-Host': 'elsewhere.example' },
      { 'X-Rewrite-URL': '/static/a.css' },
      { 'Sec-Fairgate-Verify': 'path' },
      { 'Sec-Fairgate-Verify': 'x-forwarded', 'X-Forwarded-Uri': '/static/a.css', 'X-Forwarded-Method': 'GET' },
      { 'X-HTTP-Method-Override': 'GET' },
      { Upgrade: 'websocket', Connection: 'Upgrade' },
    ];
    for (const headers of lies) await refused(visitor, '/book', { headers: { ...SCRIPT, ...headers } });
    await refused(visitor, '/static/a.css', { headers: { ...SCRIPT, 'X-HTTP-Method-Override': 'DELETE' } });
    await refused(visitor, '/static/a.css', { method: 'DELETE', headers: SCRIPT });
    const admitted = await visitor.send('/book', { headers: { ...SCRIPT, Cookie: `${ADMISSION}=${genuine}` } });
    expect(admitted.text).toBe(`${MARKER} GET /book`);
    const doubled = [
      `${ADMISSION}=${tampered}; ${ADMISSION}=${genuine}`,
      `${ADMISSION}=${genuine}; ${ADMISSION}=${expired}`,
    ];
    for (const Cookie of doubled) {
      expect((await visitor.send('/book', { headers: { ...SCRIPT, Cookie } })).text).toBe(`${MARKER} GET /book`);
      expect(origin.requests.at(-1)?.headers['fairgate-admission']).toBe(genuine);
      expect(origin.requests.at(-1)?.headers['cookie'] ?? '').not.toContain('fairgate');
    }
  });

  it('a room before its opening is closed in every spelling of its paths, with another room’s admission too', async () => {
    const visitor = await enter();
    const spellings = [
      '/later',
      '/later/x',
      '/%6cater',
      '/LATER',
      '//later',
      '/x/../later',
      '/x/..;/later',
      '/later;a=b',
    ]
      .concat([
        '/later/.',
        '/x/%2e%2e/later',
        '/x%2f..%2flater',
        '/later%2fx',
        '/%256cater',
        '/index.php/later',
        '/static/../later',
      ])
      .concat([
        '/static/..;/later',
        '/static/%2e%2e/later',
        '/static/..%2flater',
        '/_fairgate/../later',
        '/_fairgate/..%2flater',
      ])
      .concat([
        '/_fairgate/verify/..%2f..%2flater',
        '/later?return=/static/a.css',
        '/later/a.css',
        '/static/%2e%2e%3b/later',
      ]);
    for (const path of spellings) {
      await refused(visitor, path, { headers: SCRIPT });
      await refused(visitor, path, { headers: AS_PAGE });
      await refused(newVisitor(), path, { headers: SCRIPT });
    }
    for (const target of [`https://${FRONT_HOST}:${port}/later`, '/later#x', '/la\tter', '\\later', '/%', '*']) {
      const before = requestsNow();
      const answer = await rawRequest(
        `GET ${target} HTTP/1.1\r\nHost: ${FRONT_HOST}:${port}\r\nCookie: ${visitor.jar.header}\r\n`,
      );
      expect([target, answer.includes(MARKER), requestsNow() - before]).toEqual([target, false, 0]);
    }
  });

  it('a Host that other servers read as more than a name opens nothing', async () => {
    const hosts = [
      `${FRONT_HOST}/static?`,
      `${FRONT_HOST}?x=`,
      `u@${FRONT_HOST}`,
      `${FRONT_HOST}#`,
      '',
      'a b',
      `${FRONT_HOST}, x`,
    ];
    for (const host of hosts) {
      const before = requestsNow();
      const answer = await rawRequest(`GET /book HTTP/1.1\r\nHost: ${host}\r\n`);
      expect([host, answer.includes(MARKER), requestsNow() - before]).toEqual([host, false, 0]);
    }
  });

  it('the question is the proxy’s alone: a script on the site’s page that asks gets no answer', async () => {
    const visitor = await enter();
    const told = {
      'X-Original-Method': 'GET',
      'X-Original-URI': '/book',
      'X-Forwarded-Uri': '/book',
      'X-Forwarded-Method': 'GET',
    };
    for (const path of [
      '/_fairgate/verify',
      '/_fairgate/verify/book',
      '/_fairgate//verify',
      '/_fairgate/x/../verify',
      '/_fairgate/%76erify',
    ]) {
      for (const naming of [
        {},
        { 'Sec-Fairgate-Verify': 'x-original' },
        { 'Sec-Fairgate-Verify': 'x-forwarded' },
        { 'Sec-Fairgate-Verify': 'path' },
      ]) {
        const response = await visitor.send(path, { headers: { ...SCRIPT, ...told, ...naming } });
        expect(response.status, path).toBeGreaterThanOrEqual(303);
        expect(response.fields['fairgate-admission']).toBeUndefined();
        expect(response.fields['cookie']).toBeUndefined();
      }
    }
  });

  it('exempt requests reach the site without a token, whatever the visitor sent', async () => {
    const visitor = newVisitor();
    expect((await visitor.send('/static/a.css', { headers: SCRIPT })).text).toBe(`${MARKER} GET /static/a.css`);
    expect((await visitor.send('/hook', { method: 'POST', headers: SCRIPT }, 'paid')).text).toBe(
      `${MARKER} POST /hook`,
    );
    const before = requestsNow();
    await visitor.send('/static/b.css', {
      headers: { ...SCRIPT, 'Fairgate-Admission': 'forged', Cookie: `a=1; ${ADMISSION}=x` },
    });
    for (const { headers } of [...origin.requests.slice(before), ...origin.requests.slice(before - 2, before)]) {
      expect(headers['fairgate-admission'] ?? '').toBe('');
      expect(headers['cookie'] ?? '').not.toContain('fairgate');
    }
  });

  it('a site that caches may store what is exempt, and nothing that needs an admission', async () => {
    const caching = (path: string) =>
      origin.handlers.set(path, (_, response) => {
        response.writeHead(200, {
          'Cache-Control': 'public, max-age=60',
          'CDN-Cache-Control': 'max-age=60',
          'Surrogate-Control': 'max-age=60',
        });
        response.end(MARKER);
      });
    for (const path of ['/book/cached', '/static/cached']) caching(path);
    const visitor = await enter();
    const { fields } = await visitor.send('/book/cached', { headers: SCRIPT });
    expect(fields['cache-control']).toBe('private');
    expect([fields['cdn-cache-control'], fields['surrogate-control']]).toEqual([undefined, undefined]);
    const open = await newVisitor().send('/static/cached', { headers: SCRIPT });
    expect(open.fields['cache-control']).toBe('public, max-age=60');
  });

  it('a session that ends early is refused within seconds', async () => {
    const visitor = await enter();
    const { header } = visitor.jar;
    const Cookie = header;
    expect((await visitor.send('/book', { headers: SCRIPT })).status).toBe(200);
    await visitor.send('/_fairgate/rooms/demo/leave', {
      method: 'POST',
      headers: { ...SCRIPT, Accept: 'application/json' },
    });
    await until(
      () => newVisitor().send('/book', { headers: { ...SCRIPT, Cookie } }),
      ({ status }) => status === 403,
      { msMax: 3_000 },
    );
    await refused(newVisitor(), '/book', { headers: { ...SCRIPT, Cookie } });
  });

  it('a session in its second half is renewed by a request to the site', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const visitor = await enter('/short', 'short');
    const claims = payloadOf(visitor.jar.get('__Host-fairgate-admission-short') ?? '');
    // A token of the same session that is about to run out.
    const late = await admissionToken(signer, 'short', AUDIENCE, { claims: { ...claims, exp: now + 20 } });
    const response = await visitor.send('/short', {
      headers: { ...SCRIPT, Cookie: `__Host-fairgate-admission-short=${late}` },
    });
    expect(response.text).toBe(`${MARKER} GET /short`);
    const renewed = visitor.jar.get('__Host-fairgate-admission-short');
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(response.headers.getSetCookie()[0]).toMatch(/; HttpOnly; SameSite=Lax; Secure$/);
    expect(origin.requests.at(-1)?.headers['fairgate-admission']).toBe(renewed);
    const app = await newVisitor().send('/short', { headers: { ...SCRIPT, Authorization: `Bearer ${late}` } });
    expect(app.text).toBe(`${MARKER} GET /short`);
    expect(app.fields['fairgate-admission-token']).toBe(origin.requests.at(-1)?.headers['fairgate-admission']);
  });

  it('a site that checks the token itself serves those that come by the proxy, and nobody else', async () => {
    const visitor = await enter();
    const another = await freePort();
    const demo = await startFront(name, another, {
      gatewayPort: fairgate.gateway.port,
      sitePort: fairgate.origin.port,
    });
    try {
      const at = new FrontVisitor(another, demo, VISITOR);
      const Cookie = visitor.jar.header;
      const page = await at.send('/book', { headers: { ...SCRIPT, Cookie } });
      expect([page.status, page.text.includes('<form')]).toEqual([200, true]);
      expect((await at.send('/book', { headers: SCRIPT })).status).toBe(403);
      expect((await at.send('/static/a.css', { headers: SCRIPT })).status).toBe(403);
    } finally {
      await demo.stop();
    }
    expect((await fetch(`${fairgate.origin.url}/book`)).status).toBe(403);
  });

  it('a WebSocket reaches the site with an admission, and not without', async () => {
    origin.onUpgrade = (incoming, socket) => acceptSocket(incoming, socket);
    const handshake = {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    };
    expect((await refused(newVisitor(), '/socket', handshake)).status).toBe(403);
    const visitor = await enter();
    const [response, socket] = await once(request(visitor.options('/socket', handshake)).end(), 'upgrade');
    expect(response.statusCode).toBe(101);
    expect(origin.requests.at(-1)?.headers['fairgate-admission']).toBe(visitor.jar.get(ADMISSION));
    socket.destroy();
  });

  it('an operator who asks as the proxy does is told what is wrong', async () => {
    const ask = (change: (command: string) => string) =>
      execFileSync('bash', ['-c', change(besideCommand('X-Original-Method', fairgate.gateway.port))], {
        encoding: 'utf8',
      });
    expect(ask((command) => command)).toMatch(/^HTTP\/1\.1 403 .*\/problems\/no-admission"/s);
    expect(ask((command) => command.replace('X-Original-URI', 'X-Other'))).toMatch(
      /\/problems\/verify-unusable".*X-Original-URI/s,
    );
  });

  it('the gateway’s own addresses are answered on the site’s host', async () => {
    const jwks = await newVisitor().send('/.well-known/jwks.json');
    expect(JSON.parse(jwks.text).keys).toHaveLength(1);
    expect(JSON.parse((await newVisitor().send('/_fairgate/rooms/demo/board')).text).room).toBe('demo');
  });

  it('nothing reaches the site while the gateway is down', async () => {
    const visitor = await enter();
    await fairgate.gateway.stop('SIGKILL');
    try {
      for (const headers of [SCRIPT, AS_PAGE]) {
        expect((await refused(visitor, '/book', { headers })).status).toBeGreaterThanOrEqual(500);
        await refused(visitor, '/static/a.css', { headers });
      }
    } finally {
      await fairgate.restart();
    }
  });

  /** The answer to bytes that an HTTP client would not send. */
  function rawRequest(head: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port,
        servername: FRONT_HOST,
        ca: front.ca,
        localAddress: VISITOR,
      } as never);
      let text = '';
      socket.on('secureConnect', () => socket.write(`${head}Connection: close\r\n\r\n`));
      socket.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
  }
});

describe('HAProxy in front of a site, which checks tokens itself', () => {
  let origin: RecordingOrigin;
  let fairgate: Running;
  let front: Front;
  let port: number;
  let signer: Signer;
  let folder: string;

  beforeAll(async () => {
    [origin, port] = [await startRecordingOrigin(), await freePort()];
    const publicUrl = `https://${FRONT_HOST}:${port}`;
    fairgate = await startFairgate({
      originUrl: origin.url,
      publicUrl,
      trustedProxies: '127.0.0.1',
      room: { policy: POLICY },
    });
    folder = mkdtempSync(join(tmpdir(), 'fairgate-key-'));
    execFileSync('bash', ['-c', besideCommand('jwks.json', fairgate.gateway.port)], { cwd: folder });
    const pem = readFileSync(join(folder, 'fairgate.pem'), 'utf8');
    const files = { 'fairgate.pem': pem };
    front = await startFront('HAProxy', port, { gatewayPort: fairgate.gateway.port, sitePort: origin.port, files });
    const [key] = fairgate.keys.keys;
    if (key === undefined) throw new TypeError('The gateway has no signing key.');
    signer = { issuer: publicUrl, url: fairgate.url, key };
  });
  afterAll(async () => {
    await front?.stop();
    await fairgate?.stop();
    await origin?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Requests that the gateway forwards name it in CDN-Loop. */
  const cameByGateway = () => 'cdn-loop' in (origin.requests.at(-1)?.headers ?? {});
  const withToken = (token: string, more: Record<string, string> = {}) => ({
    headers: { ...SCRIPT, Cookie: `a=1; ${ADMISSION}=${token}; __Host-fairgate-operator=x; b=2`, ...more },
  });

  it('a visitor who has come through the line reaches the site without the gateway, with the token', async () => {
    const visitor = new FrontVisitor(port, front, VISITOR);
    await visitor.page('/book', ({ text }) => text.startsWith(MARKER));
    expect(cameByGateway()).toBe(true);
    await until(
      () => visitor.send('/book', { headers: { ...SCRIPT, 'Fairgate-Admission': 'forged', 'Fairgate-X': 'y' } }),
      () => !cameByGateway(),
    );
    const headers = origin.requests.at(-1)?.headers ?? {};
    expect(headers['fairgate-admission']).toBe(visitor.jar.get(ADMISSION));
    expect(headers).not.toHaveProperty('fairgate-x');
    expect(headers).toMatchObject({ 'x-forwarded-for': VISITOR, 'x-forwarded-proto': 'https' });
  });

  it('the site gets the visitor’s cookies without the gateway’s', async () => {
    const visitor = new FrontVisitor(port, front, VISITOR);
    await visitor.send('/book', withToken(await admissionToken(signer, 'demo', AUDIENCE)));
    expect(cameByGateway()).toBe(false);
    expect(origin.requests.at(-1)?.headers['cookie']).toBe('a=1; b=2');
  });

  it('a token that is provisional or about to run out goes by the gateway, and of several of one name the valid one counts', async () => {
    const visitor = new FrontVisitor(port, front, VISITOR);
    await visitor.page('/book', ({ text }) => text.startsWith(MARKER));
    await visitor.page('/book', ({ text }) => text.startsWith(MARKER));
    const claims = payloadOf(visitor.jar.get(ADMISSION) ?? '');
    const now = Math.floor(Date.now() / 1_000);
    const genuine = visitor.jar.get(ADMISSION) ?? '';
    const provisional = await admissionToken(signer, 'demo', AUDIENCE, { claims: { ...claims, present_by: now + 60 } });
    const late = await admissionToken(signer, 'demo', AUDIENCE, { claims: { ...claims, exp: now + 100 } });
    const early = await admissionToken(signer, 'demo', AUDIENCE, { claims: { ...claims, nbf: now + 30.5 } });
    const reached = async (token: string, more: Record<string, string> = {}) => {
      const before = origin.requests.length;
      await visitor.send('/book', withToken(token, more));
      if (origin.requests.length === before) return 'nothing';
      return cameByGateway() ? 'by the gateway' : 'directly';
    };
    // HAProxy compares whole seconds: within the one in which the slot opens, requests go by the gateway.
    await until(
      () => reached(genuine),
      (way) => way === 'directly',
    );
    expect(await reached(provisional)).not.toBe('directly');
    expect(await reached(late)).toBe('by the gateway');
    expect(await reached(early)).toBe('nothing');
    for (const pair of [
      ['x', genuine],
      [genuine, 'x'],
    ]) {
      const Cookie = pair.map((token) => `${ADMISSION}=${token}`).join('; ');
      expect(await reached('', { Cookie })).not.toBe('nothing');
      expect(origin.requests.at(-1)?.headers['fairgate-admission']).toBe(genuine);
      expect(origin.requests.at(-1)?.headers['cookie'] ?? '').toBe('');
    }
  });

  // The last one: what the gateway's own key signed counts as a session that the store has lost, and takes its vacancies.
  it('a token with any fault goes to the gateway, which refuses it', async () => {
    const visitor = new FrontVisitor(port, front, VISITOR);
    const faults = await forgeries(signer, 'demo', AUDIENCE);
    expect(faults.length).toBeGreaterThan(20);
    const passed: string[] = [];
    for (const [fault, token] of [...faults, ['none', ''] as const]) {
      const before = origin.requests.length;
      const response = await visitor.send('/book', withToken(token));
      if (response.status !== 403 || origin.requests.length > before) passed.push(fault);
    }
    expect(passed).toEqual(SIGNED_BY_THE_GATEWAY);
  });
});

describe('a proxy that appends the visitor’s path to its question, as Envoy does', () => {
  let origin: RecordingOrigin;
  let fairgate: Running;
  let token: string;

  beforeAll(async () => {
    origin = await startRecordingOrigin();
    fairgate = await startFairgate({
      originUrl: origin.url,
      trustedProxies: '127.0.0.1',
      room: { paths: ['/book'], outside: 'pass', exempt: ['/book/static'], policy: POLICY },
    });
    const visitor = new TestVisitor(fairgate.url);
    await until(
      () => visitor.page('/book').then((response) => response.text()),
      (text) => text.startsWith(MARKER),
    );
    await visitor.page('/book');
    token = visitor.jar.get('fairgate-admission-demo') ?? '';
  });
  afterAll(async () => {
    await fairgate?.stop();
    await origin?.close();
  });

  const ask = (target: string, more: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    send(fairgate.gateway.port, `/_fairgate/verify${target}`, {
      ...more,
      headers: { 'Sec-Fairgate-Verify': 'path', 'X-Forwarded-For': '192.0.2.7', ...more.headers },
    });

  it('gets the decision on the path as it was sent, in every reading', async () => {
    const closed = [
      '/book',
      '/book?x=1',
      '/%62ook',
      '//book',
      '/x/../book',
      '/x/..;/book',
      '/Book',
      '/book;a=b',
      '/static/..%2fbook',
    ].concat([
      '/book/static/../x',
      '/book/static/..;/x',
      '/index.php/book',
      '/x/%2e%2e/book',
      '/./book',
      '/book/static/a.css?_method=PUT',
    ]);
    for (const target of closed) {
      const [stranger, admitted] = [
        await ask(target),
        await ask(target, { headers: { Cookie: `fairgate-admission-demo=${token}` } }),
      ];
      expect([target, stranger.status, stranger.headers.get('Fairgate-Admission')]).toEqual([target, 403, null]);
      expect([target, admitted.status, admitted.headers.get('Fairgate-Admission')]).toEqual([target, 200, token]);
    }
    for (const target of ['/elsewhere', '/book/static/a.css', '/%EC%98%88', '/bookshop']) {
      const open = await ask(target);
      expect([target, open.status, open.headers.get('Fairgate-Admission')]).toEqual([target, 200, '']);
    }
    for (const target of ['', '/%', '/%00', '/a\\b', '/../..', '/_fairgate/console/', '/x/..;/_fairgate/verify']) {
      const doubtful = await ask(target, { headers: { Cookie: `fairgate-admission-demo=${token}` } });
      expect([target, doubtful.status]).toEqual([target, 403]);
    }
  });

  it('may use any method, with a body that is not read', async () => {
    const headers = { Cookie: `fairgate-admission-demo=${token}` };
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const body = method === 'POST' ? { body: 'a=b'.repeat(10_000) } : {};
      expect((await ask('/book', { method, headers, ...body })).status, method).toBe(200);
      expect((await ask('/book', { method, ...body })).status, method).toBe(403);
    }
    expect(origin.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('is answered at no other spelling of the address', async () => {
    const headers = {
      'Sec-Fairgate-Verify': 'path',
      'X-Forwarded-For': '192.0.2.7',
      Cookie: `fairgate-admission-demo=${token}`,
    };
    for (const path of [
      '/_fairgate/%76erify/book',
      '/_fairgate//verify/book',
      '/x/../_fairgate/verify/book',
      '/_fairgate/Verify/book',
      '/_fairgate/verify;x/book',
    ]) {
      const response = await send(fairgate.gateway.port, path, { headers });
      expect([path, response.status >= 400, response.headers.get('Fairgate-Admission')]).toEqual([path, true, null]);
    }
  });
});
