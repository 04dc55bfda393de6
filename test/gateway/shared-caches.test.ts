// Real shared caches in front of the gateway: one visitor is admitted, a stranger requests the same address and must get
// neither the protected content nor the visitor's cookies. The caches do store what needs no admission, so they could.

import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listenOnLoopback } from '../../scripts/lib/loopback-ports.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { CACHING_PROXIES } from './caching-proxies.ts';
import { PUBLIC_URL, startInProcess } from './in-process.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import type { ServerProcess } from './server-process.ts';
import { roomInput } from './threat-site.ts';
import { AS_PAGE, type ClientResponse, enter, GateVisitor, send, until } from './visitor-client.ts';

const IN_AN_HOUR = () => new Date(Date.now() + 3_600_000).toUTCString();

/** What an origin says about caches, and the status that it says it with. */
const ANSWERS: [string, number, Record<string, string>][] = [
  ['nothing', 200, {}],
  ['public', 200, { 'Cache-Control': 'public, max-age=60' }],
  ['max-age', 200, { 'Cache-Control': 'max-age=60' }],
  ['s-maxage', 200, { 'Cache-Control': 's-maxage=60' }],
  ['only Expires', 200, { Expires: IN_AN_HOUR() }],
  ['Expires and Last-Modified', 200, { Expires: IN_AN_HOUR(), 'Last-Modified': 'Fri, 01 Jan 2010 00:00:00 GMT' }],
  ['X-Accel-Expires', 200, { 'X-Accel-Expires': '60', 'Cache-Control': 'private' }],
  ['fields for networks', 200, { 'CDN-Cache-Control': 'max-age=60', 'Surrogate-Control': 'max-age=60' }],
  ['private for one field', 200, { 'Cache-Control': 'private="Set-Cookie", max-age=60' }],
  ['must-understand', 200, { 'Cache-Control': 'must-understand, no-store, public, max-age=60' }],
  ['no Vary on cookies', 200, { 'Cache-Control': 'public, max-age=60', Vary: 'Accept-Encoding' }],
  ['an entity tag', 200, { 'Cache-Control': 'public, max-age=60', ETag: '"v1"' }],
  ['stale content', 200, { 'Cache-Control': 'public, max-age=0, stale-while-revalidate=60, stale-if-error=60' }],
  ['a lasting redirect', 301, { Location: `/next?${MARKER}` }],
  ['a public redirect', 302, { Location: `/next?${MARKER}`, 'Cache-Control': 'public, max-age=60' }],
  ['a redirect by 308', 308, { Location: `/next?${MARKER}`, 'X-Accel-Expires': '60' }],
  ['a public 404', 404, { 'Cache-Control': 'public, max-age=60' }],
  ['a 410', 410, {}],
  ['a public 500', 500, { 'Cache-Control': 'public, max-age=60' }],
];

let fairgate: Running;
let origin: RecordingOrigin;

beforeAll(async () => {
  origin = await startRecordingOrigin();
  fairgate = await startFairgate({
    room: { hosts: ['demo.test'] },
    moreRooms: () => [
      roomInput('nginx', origin.url, { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' }),
      roomInput('haproxy', origin.url, { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' }),
    ],
  });
  for (const room of ['nginx', 'haproxy']) await new GateVisitor(fairgate.gateway.port, room).board();
});

afterAll(async () => {
  await fairgate?.stop();
  await origin?.close();
});

beforeEach(() => {
  origin.requests.length = 0;
  origin.handlers.clear();
});

/** Whatever a stranger sends for the address, the answer is the gate's own and has nothing of the site or of a visitor. */
async function expectClosedToStrangers(port: number, host: string, path: string): Promise<void> {
  const reached = origin.requests.length;
  for (const headers of [{}, { 'If-None-Match': '"v1"' }, { Range: 'bytes=0-3' }, { Cookie: 'site=1' }]) {
    for (const method of ['GET', 'HEAD', 'POST']) {
      const response = await send(port, path, { host, method, headers });
      expect([method, headers, response.status]).toEqual([method, headers, 403]);
      expect(response.text).not.toContain(MARKER);
      expect(response.headers.get('Location')).toBe(null);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  }
  expect(origin.requests.length).toBe(reached);
}

describe.each(Object.entries(CACHING_PROXIES))('behind the shared cache of %s', (name, start) => {
  const room = name.toLowerCase();
  const host = `${room}.test`;
  let proxy: ServerProcess;

  beforeAll(async () => {
    proxy = await start(fairgate.gateway.port);
  });

  afterAll(() => proxy?.stop());

  const answer = (path: string, status: number, headers: Record<string, string>) =>
    origin.handlers.set(path, (request, response) => {
      const isSame = headers['ETag'] !== undefined && request.headers['if-none-match'] === headers['ETag'];
      response.writeHead(isSame ? 304 : status, headers).end(isSame ? '' : MARKER);
    });

  it.each(ANSWERS)(
    'a stranger gets nothing of what an admitted visitor got, where the origin says: %s',
    async (what, status, headers) => {
      const path = `/book/${encodeURIComponent(what).replaceAll('%20', '-')}`;
      answer(path, status, headers);
      const inside = new GateVisitor(proxy.port, room);
      const first = await until(
        () => inside.page(path),
        () => inside.admissionToken !== undefined,
      );
      await expectClosedToStrangers(proxy.port, host, path);
      expect([first.status, first.headers.get('Cache-Control')]).toEqual([status, 'no-store']);
      for (const more of [{}, { 'If-None-Match': '"v1"' }, { Range: 'bytes=0-3' }]) {
        await inside.page(path, more);
        await inside.send(path, { method: 'HEAD', headers: more });
        await expectClosedToStrangers(proxy.port, host, path);
      }
    },
  );

  it('stores what needs no admission as the origin says, and the board for a second', async () => {
    for (const path of ['/book/static/a.js', '/news']) {
      answer(path, 200, { 'Cache-Control': 'public, max-age=60' });
      const inside = new GateVisitor(proxy.port, room);
      const received: ClientResponse[] = [await inside.page(path), await send(proxy.port, path, { host })];
      expect(received.map(({ text }) => text)).toEqual([MARKER, MARKER]);
      expect(received.flatMap(({ headers }) => headers.getSetCookie())).toEqual([]);
      expect(origin.requests.filter(({ url }) => url === path)).toHaveLength(1);
    }
    const board = async () => (await send(proxy.port, `/_fairgate/rooms/${room}/board`, { host })).text;
    const boards = await until(
      () => Promise.all([board(), board().then(board)]),
      ([first, later]) => first === later,
    );
    expect(boards[0]).toContain('"serverTime"');
  });

  it('each visitor of one address gets a place and cookies of their own', async () => {
    const visitors = Array.from({ length: 4 }, () => new GateVisitor(proxy.port, room));
    for (const visitor of visitors) await enter(visitor, '/book');
    expect(new Set(visitors.map(({ queueToken }) => queueToken)).size).toBe(4);
    expect(new Set(visitors.map(({ admissionToken }) => admissionToken)).size).toBe(4);
    expect(origin.requests.filter(({ url }) => url === '/book').length).toBeGreaterThanOrEqual(4);
  });
});

it.each(Object.entries(CACHING_PROXIES))(
  'a renewed session’s cookie is not stored by the shared cache of %s',
  async (_, start) => {
    const gateway = await startInProcess({
      keys: { keys: [await newSigningKey(0)] },
      fetchOrigin: async () => new Response(MARKER, { headers: { 'Cache-Control': 'public, max-age=600' } }),
    });
    const server = createServer(async (request, response) => {
      const headers = Object.entries(request.headers).flatMap(([field, value]): [string, string][] =>
        typeof value !== 'string' || /^(?:host|connection)$/.test(field) ? [] : [[field, value]],
      );
      const answered = await gateway.request(request.url ?? '/', { headers });
      for (const cookie of answered.headers.getSetCookie()) response.appendHeader('Set-Cookie', cookie);
      for (const [field, value] of answered.headers) if (field !== 'set-cookie') response.setHeader(field, value);
      response.writeHead(answered.status).end(await answered.text());
    });
    const proxy = await start(await listenOnLoopback(server));
    try {
      const inside = new GateVisitor(proxy.port, 'demo', new URL(PUBLIC_URL).host);
      await inside.page('/a');
      gateway.clock.advance(2_100);
      await enter(inside, '/a');
      const before = inside.admissionToken;
      gateway.clock.advance(200_000);
      await gateway.request('/_fairgate/rooms/demo/board');
      expect((await inside.page('/b')).text).toBe(MARKER);
      expect(inside.admissionToken).not.toBe(before);
      for (const headers of [{}, AS_PAGE]) {
        const response = await send(proxy.port, '/b', { headers });
        expect(response.headers.getSetCookie().join()).not.toContain(inside.admissionToken);
        if (headers !== AS_PAGE) expect(response.status).toBe(403);
      }
    } finally {
      await proxy.stop();
      server.closeAllConnections();
      server.close();
    }
  },
);
