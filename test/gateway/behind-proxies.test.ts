// The recipes for nginx, HAProxy and Caddy that end TLS: what the site and the visitor see through them.

import { once } from 'node:events';
import { request } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { FRONT_HOST, FRONT_NAMES, type Front, FrontVisitor, startFront } from './front-proxies.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { AS_JSON, AS_PAGE } from './visitor-client.ts';
import { acceptSocket } from './web-socket.ts';

const VISITOR = '127.0.0.5';
const JOINS_PER_NETWORK = 3;

describe.each(FRONT_NAMES)('behind %s with TLS, as documented', (name) => {
  let origin: RecordingOrigin;
  let fairgate: Running;
  let front: Front;
  let port: number;
  let visitor: FrontVisitor;

  beforeEach(async () => {
    [origin, port] = [await startRecordingOrigin(), await freePort()];
    fairgate = await startFairgate({
      originUrl: origin.url,
      publicUrl: `https://${FRONT_HOST}:${port}`,
      trustedProxies: '127.0.0.1',
      joinsPerNetwork: JOINS_PER_NETWORK,
      room: { originHost: 'visitor' },
    });
    front = await startFront(name, port, { gatewayPort: fairgate.gateway.port });
    visitor = new FrontVisitor(port, front, VISITOR);
  });
  afterEach(async () => {
    await front?.stop();
    await fairgate?.stop();
    await origin?.close();
  });

  const enter = () => visitor.page('/', ({ text }) => text.startsWith(MARKER));

  it('the site sees the visitor’s scheme, host and address, whatever the client claims', async () => {
    await enter();
    await visitor.send('/who', {
      headers: { 'X-Forwarded-For': '203.0.113.1', 'X-Forwarded-Proto': 'gopher', Forwarded: 'for=203.0.113.1' },
    });
    const { headers } = origin.requests.at(-1) ?? { headers: {} };
    expect(headers).toMatchObject({
      host: `${FRONT_HOST}:${port}`,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': `${FRONT_HOST}:${port}`,
      'x-forwarded-for': VISITOR,
    });
    expect(headers).not.toHaveProperty('forwarded');
  });

  it('a site that takes https only does not loop, and its redirects stay https', async () => {
    origin.handlers.set('/secure', ({ headers }, response) => {
      const isSecure = headers['x-forwarded-proto'] === 'https';
      response.writeHead(isSecure ? 200 : 301, isSecure ? {} : { Location: `https://${headers.host}/secure` });
      response.end(MARKER);
    });
    origin.handlers.set('/moved', ({ headers }, response) => {
      response.writeHead(302, { Location: `${origin.url}/secure` }).end();
      expect(headers.host).toBe(`${FRONT_HOST}:${port}`);
    });
    await enter();
    expect((await visitor.send('/secure', { headers: AS_PAGE })).status).toBe(200);
    expect((await visitor.send('/moved', { headers: AS_PAGE })).fields.location).toBe(
      `https://${FRONT_HOST}:${port}/secure`,
    );
  });

  it('cookies are Secure and of the host alone', async () => {
    const { headers } = await visitor.send('/', { headers: AS_PAGE });
    expect(headers.getSetCookie().length).toBeGreaterThan(0);
    for (const line of headers.getSetCookie()) expect(line).toMatch(/^__Host-.*; Secure/);
  });

  it('joins are limited by the visitor’s address, not by the proxy’s', async () => {
    const join = (localAddress: string, claimed: string) =>
      visitor.send('/_fairgate/rooms/demo/join', {
        method: 'POST',
        localAddress,
        headers: { ...AS_JSON, 'X-Forwarded-For': claimed, Cookie: '' },
      });
    const statuses: number[] = [];
    for (let count = 0; count <= JOINS_PER_NETWORK; count++) {
      statuses.push((await join('127.0.0.7', `198.51.100.${count}`)).status);
    }
    expect(statuses).toEqual([...Array(JOINS_PER_NETWORK).fill(200), 429]);
    expect((await join('127.0.0.8', '127.0.0.7')).status).toBe(200);
  });

  it('a WebSocket reaches the site', async () => {
    origin.onUpgrade = (incoming, socket) => acceptSocket(incoming, socket);
    await enter();
    const outgoing = request(
      visitor.options('/socket', {
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      }),
    ).end();
    const [response, socket] = await once(outgoing, 'upgrade');
    expect(response.statusCode).toBe(101);
    expect(origin.requests.at(-1)?.headers['host']).toBe(`${FRONT_HOST}:${port}`);
    socket.destroy();
  });
});

describe('a gateway that listens where HOST says', () => {
  it('is reached there only, and takes a request that names its own address for one to the public address', async () => {
    const origin = await startRecordingOrigin();
    const publicUrl = `https://${FRONT_HOST}`;
    const fairgate = await startFairgate({
      host: '127.0.0.9',
      publicUrl,
      originUrl: origin.url,
      room: { hosts: [FRONT_HOST] },
    });
    try {
      const { port: listening } = fairgate.gateway;
      await expect(fetch(`http://127.0.0.1:${listening}/`)).rejects.toThrow();
      const board = '/_fairgate/rooms/demo/board';
      expect((await fetch(`http://127.0.0.9:${listening}${board}`)).status).toBe(200);
      const asked = await fetch(`http://127.0.0.9:${listening}/x`, { headers: AS_JSON, redirect: 'manual' });
      expect(asked.status).toBe(200);
      expect(asked.headers.getSetCookie().join()).toContain('__Host-fairgate-');
      expect(origin.requests.at(-1)?.headers).toMatchObject({
        'x-forwarded-host': FRONT_HOST,
        'x-forwarded-proto': 'https',
      });
    } finally {
      await fairgate.stop();
      await origin.close();
    }
  });
});
