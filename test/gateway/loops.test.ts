// Requests that would come back to the gateway: its own addresses are refused as origins in every spelling and wherever origins
// are set, and a request that arrives again is refused after one round.

import { describe, expect, it } from 'vitest';
import { ownAddressIn } from '../../worker/proxy/loops.ts';
import { readSettings } from '../../worker/settings.ts';
import { newSigningKey } from '../../worker/tokens/signing-keys.ts';
import { forwardTo } from '../forwarder.ts';
import { OPERATOR_KEY, startFairgate } from '../running-gateway.ts';
import { enter, startInProcess } from './in-process.ts';
import { roomInput } from './threat-site.ts';
import { AS_JSON, AS_PAGE, GateVisitor, send, sendRaw, until } from './visitor-client.ts';

const OWN = {
  publicUrl: 'https://booking.example',
  consoleUrl: 'https://console.example:8443',
  listenUrl: 'http://127.0.0.1:8787',
};
const ROOMS = [
  { id: 'a', hosts: ['a.example'] },
  { id: 'all', hosts: ['*'] },
];

describe('an origin is an address of the gateway', () => {
  it.each([
    ['https://booking.example', 'PUBLIC_URL'],
    ['https://BOOKING.example:443/', 'PUBLIC_URL'],
    ['https://booking.example.', 'PUBLIC_URL'],
    ['http://booking.example', 'PUBLIC_URL'],
    ['http://booking.example:8787', 'PUBLIC_URL'],
    ['https://console.example:8443', 'CONSOLE_URL'],
    ['http://127.0.0.1:8787', 'the listening port'],
    ['http://localhost:8787', 'the listening port'],
    ['http://LOCALHOST.:8787', 'the listening port'],
    ['http://app.localhost:8787', 'the listening port'],
    ['http://[::1]:8787', 'the listening port'],
    ['http://[0:0:0:0:0:0:0:1]:8787', 'the listening port'],
    ['http://[::ffff:127.0.0.1]:8787', 'the listening port'],
    ['http://0.0.0.0:8787', 'the listening port'],
    ['http://[::]:8787', 'the listening port'],
    ['http://127.1:8787', 'the listening port'],
    ['http://2130706433:8787', 'the listening port'],
    ['http://127.9.9.9:8787', 'the listening port'],
    ['https://localhost:8787', 'the listening port'],
    ['https://a.example', 'a host of the room "a"'],
    ['http://A.example.:80', 'a host of the room "a"'],
    ['http://a.example:8787', 'a host of the room "a"'],
    ['http://a.example:8443', 'a host of the room "a"'],
  ])('%s (%s)', (origin, own) => {
    expect(ownAddressIn(origin, OWN, ROOMS)).toBe(own);
  });

  it.each([
    ['https://origin.booking.example'],
    ['http://a.example:8080'],
    ['http://127.0.0.1:8788'],
    ['http://localhost'],
    ['http://127.0.0.1:443'],
    ['https://booking.example.org'],
  ])('but %s is not', (origin) => {
    expect(ownAddressIn(origin, OWN, ROOMS)).toBe(null);
  });

  it('also where it is the public address on loopback and the listening port is unknown', () => {
    const own = { publicUrl: 'http://localhost:8787', consoleUrl: 'http://localhost:8787', listenUrl: null };
    expect(ownAddressIn('http://[::1]:8787', own, [])).toBe('PUBLIC_URL');
    expect(ownAddressIn('http://127.0.0.1:8788', own, [])).toBe(null);
  });
});

describe('the settings', () => {
  const read = async (rooms: object[]) =>
    readSettings({
      ROOMS: JSON.stringify(rooms),
      SIGNING_KEYS: JSON.stringify({ keys: [await newSigningKey(0)] }),
      PUBLIC_URL: OWN.publicUrl,
      CONSOLE_URL: OWN.consoleUrl,
      LISTEN_URL: OWN.listenUrl,
      OPERATOR_KEY,
    });

  it.each([
    ['https://booking.example.', 'PUBLIC_URL'],
    ['https://console.example:8443', 'CONSOLE_URL'],
    ['http://[::1]:8787', 'the listening port'],
    ['https://second.test', 'a host of the room "second"'],
  ])('are refused with %s as the origin of a room, which the message names', async (origin, own) => {
    const fine = roomInput('second', 'https://origin.example');
    await expect(read([fine, roomInput('first', origin)])).rejects.toThrow(
      `Room "first", origin: ${origin} is the gateway itself (${own})`,
    );
  });
});

describe('CDN-Loop', () => {
  const start = async () => {
    const gateway = await startInProcess({
      keys: { keys: [await newSigningKey(0)] },
      room: { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' },
    });
    const inside = await enter(gateway);
    expect(gateway.forwarded).toHaveLength(1);
    return { gateway, inside };
  };

  it('names the gateway in every forwarded request, after those that the request had', async () => {
    const { gateway, inside } = await start();
    for (const path of ['/book', '/book/static/a.js', '/news']) {
      for (const before of ['', 'cloudflare; loops=1', 'a, b;x="y"', 'not-fairgate', 'fairgate.example']) {
        await inside.send(path, { headers: before === '' ? {} : { 'CDN-Loop': before, Connection: 'CDN-Loop' } });
        const field = gateway.forwarded.at(-1)?.headers.get('CDN-Loop');
        expect(field).toBe(before === '' ? 'fairgate' : `${before}, fairgate`);
      }
    }
    expect(gateway.forwarded).toHaveLength(16);
  });

  it.each(['fairgate', 'FairGate', ' a , fairgate;x=1', 'fairgate, cloudflare; loops=1', 'a,fairgate,b'])(
    'with "%s" is refused with 508, from every client and on every path except the gateway’s own addresses',
    async (field) => {
      const { gateway, inside } = await start();
      const { forwarded, store } = gateway;
      store.applied.length = 0;
      for (const path of ['/book', '/book/static/a.js', '/news', '/x%2F%2e%2e']) {
        for (const format of [AS_PAGE, AS_JSON, {}]) {
          for (const send of [inside.send.bind(inside), gateway.request]) {
            const response = await send(path, { headers: { ...format, 'CDN-Loop': field } });
            expect([response.status, response.headers.get('Content-Type')]).toEqual([508, 'application/problem+json']);
            expect(((await response.json()) as { type: string }).type).toMatch(/\/loop-detected$/);
            expect(response.headers.getSetCookie()).toEqual([]);
          }
        }
      }
      expect([forwarded.length, store.applied]).toEqual([1, []]);
      const own = { headers: { 'CDN-Loop': field } };
      expect((await gateway.request('/_fairgate/rooms/demo/board', own)).status).toBe(200);
      expect((await gateway.request('/.well-known/jwks.json', own)).status).toBe(200);
    },
  );

  it('stops a request after one round, where an origin leads back to the gateway by a way that no setting shows', async () => {
    const targets: string[] = [];
    const back = await forwardTo(targets);
    const fairgate = await startFairgate({ originUrl: back.url });
    targets.push(fairgate.url);
    try {
      const port = fairgate.gateway.port;
      const visitor = new GateVisitor(port, 'demo', new URL(back.url).host);
      const looped = await until(
        () => visitor.page(),
        ({ status }) => status === 508,
      );
      expect(looped.text).toContain('"kind":"originError"');
      const refused = async () => {
        const { text } = await send(port, '/_fairgate/metrics', {
          headers: { Authorization: `Bearer ${OPERATOR_KEY}` },
        });
        return Number(/decision="refuse",reason="loop"} (\d+)/.exec(text)?.[1]);
      };
      const before = await refused();
      expect((await visitor.send('/x', { method: 'POST', body: 'a=1' })).status).toBe(508);
      const handshake = `GET /socket HTTP/1.1\r\nHost: ${new URL(back.url).host}\r\nCookie: ${visitor.jar.header}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
      expect((await sendRaw(port, handshake)).status).not.toBe(101);
      expect((await refused()) - before).toBeLessThanOrEqual(2);
    } finally {
      await fairgate.stop();
      await back.stop();
    }
  });
});
