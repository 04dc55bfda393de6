// Several rooms on one host: a path that servers read as paths of two rooms needs an admission of both, and no room's
// `outside: pass` opens what another one protects.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import {
  type InProcessGateway,
  type InProcessOptions,
  InProcessVisitor,
  PUBLIC_URL,
  startInProcess,
} from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

/** Admits a visitor to these rooms, one after the other. */
async function admitted(gateway: InProcessGateway, ...rooms: string[]): Promise<InProcessVisitor> {
  const visitor = new InProcessVisitor(gateway);
  for (const room of rooms) {
    await visitor.send(`/_fairgate/rooms/${room}/join`, { method: 'POST', headers: AS_JSON });
    gateway.clock.advance(1_000);
    await visitor.send(`/_fairgate/rooms/${room}/claim`, { method: 'POST', headers: AS_JSON });
    gateway.clock.advance(1_000);
  }
  return visitor;
}

const isForwarded = async (response: Response) => (await response.text()) === MARKER;

it('a room with a Korean path stands inside another one: each admits to its own paths', async () => {
  const gateway = await startInProcess({
    keys,
    room: { paths: ['/'] },
    moreRooms: [{ id: 'korean', paths: ['/예약'] }],
  });
  const [inside, around] = [await admitted(gateway, 'korean'), await admitted(gateway, 'demo')];
  const paths = ['/예약', '/예약/좌석?회차=1', '/예약/a b'].map(encodeURI);
  for (const path of paths) {
    expect(await isForwarded(await inside.send(path, { headers: AS_PAGE })), path).toBe(true);
    expect(await isForwarded(await around.send(path, { headers: { Accept: 'text/css' } })), path).toBe(false);
  }
  expect(await isForwarded(await inside.send('/x', { headers: { Accept: 'text/css' } }))).toBe(false);
  expect(await isForwarded(await around.send('/x', { headers: AS_PAGE }))).toBe(true);
});

/** Read by some server as a path of `early`, by another as one of `vip`. */
const OF_BOTH = [
  '/concert-early/..;/vip',
  '/concert-early/..;x=1/vip/seats',
  '/vip/..%2fconcert-early',
  '/concert-early%2f..%2fvip',
  '/concert-early/x.php/vip',
  '//vip/concert-early',
];

describe('two rooms of one host', () => {
  const start = (options: Partial<InProcessOptions> = {}, vip: object = {}) =>
    startInProcess({
      keys,
      room: { id: 'demo', hosts: ['127.0.0.1'], paths: ['/concert-early'] },
      moreRooms: [{ id: 'vip', hosts: ['127.0.0.1'], paths: ['/vip'], ...vip }],
      ...options,
    });

  it.each(OF_BOTH)('%s needs an admission of both', async (path) => {
    const gateway = await start();
    for (const rooms of [[], ['demo'], ['vip']]) {
      const visitor = await admitted(gateway, ...rooms);
      for (const headers of [AS_PAGE, AS_JSON, {}]) {
        const response = await visitor.send(path, { headers });
        expect([rooms, response.status, response.headers.get('Set-Cookie')]).toEqual([rooms, 400, null]);
      }
    }
    expect(gateway.forwarded).toEqual([]);
    const both = await admitted(gateway, 'demo', 'vip');
    expect(await isForwarded(await both.send(path))).toBe(true);
    expect(gateway.forwarded.map(({ url }) => url)).toEqual([`http://origin.test${path}`]);
  });

  it('are entered one by one at paths that only one of them has', async () => {
    const gateway = await start();
    const visitor = await admitted(gateway, 'vip');
    expect(await isForwarded(await visitor.send('/vip/a%2Fb'))).toBe(true);
    expect((await visitor.send('/concert-early')).status).toBe(403);
  });

  it('with different sites have no path in common', async () => {
    const gateway = await start({}, { origin: 'http://other.test' });
    const both = await admitted(gateway, 'demo', 'vip');
    for (const path of OF_BOTH) expect((await both.send(path)).status).toBe(400);
    expect(gateway.forwarded).toEqual([]);
  });

  it('exempt a path that both have only where both do, or where the other admits', async () => {
    const exempt = [{ path: '/', methods: ['GET' as const] }];
    const one = await start({ room: { hosts: ['127.0.0.1'], paths: ['/concert-early'], exempt } });
    expect((await one.request('/concert-early/..;/vip')).status).toBe(400);
    expect(await isForwarded(await (await admitted(one, 'vip')).send('/concert-early/..;/vip'))).toBe(true);
    const both = await start({ room: { hosts: ['127.0.0.1'], paths: ['/concert-early'], exempt } }, { exempt });
    expect(await isForwarded(await both.request('/concert-early/..;/vip'))).toBe(true);
  });

  it('of which the other has ended the visitor’s session do not both admit', async () => {
    const gateway = await start();
    const both = await admitted(gateway, 'demo', 'vip');
    const cookies = both.jar.header;
    await both.send('/_fairgate/rooms/vip/leave', { method: 'POST', headers: AS_JSON });
    const response = await gateway.request('/concert-early/..;/vip', { headers: { Cookie: cookies } });
    expect(response.status).toBe(400);
  });
});

describe('`outside: pass`', () => {
  const PATHS = [
    '/admin',
    '/admin/x',
    '/ADMIN',
    '/x/..;/admin',
    '/admin.json',
    '//x/admin',
    '/index.php/admin',
    '/x%2f..%2fadmin',
  ];

  it.each([
    ['a named host', ['127.0.0.1'], ['*']],
    ['every host', ['*'], ['127.0.0.1']],
    ['the same host', ['127.0.0.1'], ['127.0.0.1']],
  ])('of a room of %s opens no path of another room', async (_, passing, protecting) => {
    const gateway = await startInProcess({
      keys,
      room: { hosts: passing, paths: ['/book'], outside: 'pass' },
      moreRooms: [{ id: 'admin', hosts: protecting, paths: ['/admin'] }],
    });
    for (const path of PATHS) {
      expect([path, (await gateway.request(path)).status]).toEqual([path, 403]);
    }
    expect(gateway.forwarded).toEqual([]);
  });

  it('of rooms of every host is for hosts without rooms of their own', async () => {
    const gateway = await startInProcess({
      keys,
      room: { hosts: ['*'], paths: ['/book'], outside: 'pass' },
      moreRooms: [{ id: 'narrow', hosts: ['narrow.test'], paths: ['/narrow'] }],
    });
    expect(await isForwarded(await gateway.request('/news'))).toBe(true);
    expect((await gateway.request('/news', {}, 'http://narrow.test')).status).toBe(404);
    expect((await gateway.request('/book', {}, 'http://narrow.test')).status).toBe(403);
  });
});

describe('a Korean path', () => {
  const start = () => startInProcess({ keys, room: { paths: ['/예약'], exempt: ['/예약/안내'], outside: 'pass' } });

  it('is protected as browsers send it, in every form of the letters', async () => {
    const gateway = await start();
    for (const form of ['NFC', 'NFD'] as const) {
      const encoded = encodeURI('/예약'.normalize(form));
      for (const path of [encoded, encoded.toLowerCase(), `${encoded}/x`, `/x/..;${encoded}`, `${encoded}.json`]) {
        expect([path, (await gateway.request(path)).status]).toEqual([path, 403]);
      }
    }
    expect(await isForwarded(await gateway.request(encodeURI('/예매')))).toBe(true);
    expect(await isForwarded(await gateway.request(encodeURI('/예약/안내/1')))).toBe(true);
    const visitor = await admitted(gateway, 'demo');
    expect(await isForwarded(await visitor.send(encodeURI('/예약/좌석')))).toBe(true);
    expect(gateway.forwarded.at(-1)?.url).toBe(`http://origin.test${encodeURI('/예약/좌석')}`);
  });

  it('is where an operator’s pass leads', async () => {
    const { roomAddress } = await import('../../worker/http/request-target.ts');
    expect(roomAddress({ paths: ['/예약'] })).toBe(encodeURI('/예약'));
    expect(new URL(roomAddress({ paths: ['/예약'] }), PUBLIC_URL).pathname).toBe(encodeURI('/예약'));
  });
});
