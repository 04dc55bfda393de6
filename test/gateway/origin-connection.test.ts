// How requests reach the origin: by its own host, by the visitor's, or by a given one, and with a certificate of one's own
// authority. nginx as the site of two virtual hosts.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/loopback-ports.ts';
import { nginxConfiguration } from '../../scripts/lib/nginx-recipe.ts';
import { NGINX } from '../../scripts/lib/system-packages.ts';
import type { RoomInput } from '../../worker/settings.ts';
import { type Running, startFairgate } from '../running-gateway.ts';
import { makeCertificate } from './front-proxies.ts';
import { MARKER, type RecordingOrigin, startRecordingOrigin } from './recording-origin.ts';
import { NGINX_ARGS, startServer } from './server-process.ts';
import { GateVisitor, until } from './visitor-client.ts';

const SCHEDULE = { opensAt: '+0s' };
const POLICY = { newUsersPerMinute: 6_000, totalActiveUsers: 100, sessionMinutes: 5 };

function room(id: string, origin: string, originHost: string): RoomInput {
  const title = { ko: id, en: id };
  return { id, title, hosts: [`${id}.test`], origin, originHost, schedule: SCHEDULE, policy: POLICY };
}

async function enter(fairgate: Running, id: string): Promise<GateVisitor> {
  const visitor = new GateVisitor(fairgate.gateway.port, id);
  await until(
    () => visitor.page(),
    ({ text }) => text.includes(MARKER),
  );
  return visitor;
}

describe('the host that the origin is asked for', () => {
  let origin: RecordingOrigin;
  let fairgate: Running;

  beforeAll(async () => {
    origin = await startRecordingOrigin();
    fairgate = await startFairgate({
      originUrl: origin.url,
      moreRooms: () => [
        room('own', origin.url, 'origin'),
        room('same', origin.url, 'visitor'),
        room('given', origin.url, 'internal.example:8443'),
      ],
    });
  });
  afterAll(async () => {
    await fairgate?.stop();
    await origin?.close();
  });

  it.each([
    ['own', null],
    ['same', 'same.test'],
    ['given', 'internal.example:8443'],
  ])('%s', async (id, host) => {
    const visitor = await enter(fairgate, id);
    await visitor.send('/a%20b//%ec%98%88%2Fx?q=1&q=%2F', {
      headers: { 'X-Custom': ['one', 'two'], 'Fairgate-Connect': 'http://evil.test' },
    });
    const { headers, url } = origin.requests.at(-1) ?? { headers: {}, url: '' };
    expect(headers).toMatchObject({
      host: host ?? new URL(origin.url).host,
      'x-forwarded-host': `${id}.test`,
      'x-custom': 'one, two',
    });
    expect(headers).not.toHaveProperty('fairgate-connect');
    expect(url).toBe('/a%20b//%ec%98%88%2Fx?q=1&q=%2F');
  });

  it.each(['own', 'same'])('%s: bodies of every length arrive whole, both ways', async (id) => {
    const visitor = await enter(fairgate, id);
    origin.handlers.set('/echo', (incoming, outgoing) => {
      const hash = createHash('sha256');
      incoming.on('data', (chunk) => hash.update(chunk));
      incoming.on('end', () => {
        outgoing.writeHead(201, {
          'X-Length': String(incoming.headers['content-length']),
          'Set-Cookie': ['a=1', 'b=2'],
        });
        outgoing.end(hash.digest('hex'));
      });
    });
    for (const bytes of [0, 1, 65_536, 5_000_000]) {
      const body = randomBytes(bytes);
      const response = await visitor.send('/echo', { method: 'POST', body });
      expect(response.status).toBe(201);
      expect(response.text).toBe(createHash('sha256').update(body).digest('hex'));
      expect(response.headers.get('X-Length')).toBe(String(bytes));
      expect(response.headers.getSetCookie()).toEqual(expect.arrayContaining(['a=1', 'b=2']));
    }
    const large = randomBytes(4_000_000);
    origin.handlers.set(
      '/large',
      (_, outgoing) => void outgoing.writeHead(200, { 'Content-Length': large.length }).end(large),
    );
    const received = await visitor.send('/large');
    expect(received.headers.get('Content-Length')).toBe(String(large.length));
    expect(received.bytes.equals(large)).toBe(true);
  });

  it.each(['own', 'same'])('%s: the header of a response arrives before its content', async (id) => {
    const visitor = await enter(fairgate, id);
    let sendContent = () => {};
    origin.handlers.set('/events', (_, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      sendContent = () => void outgoing.end('data: 1\n\n');
    });
    const headers = { Host: `${id}.test`, Cookie: visitor.jar.header };
    const outgoing = request({ port: fairgate.gateway.port, path: '/events', headers }).end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    sendContent();
    expect(await text(incoming)).toBe('data: 1\n\n');
  });

  it('an origin that is not there, or closes the connection, is 502, and the visitor keeps the session', async () => {
    for (const id of ['own', 'same']) {
      const visitor = await enter(fairgate, id);
      origin.handlers.set('/cut', (incoming) => void incoming.socket.destroy());
      expect((await visitor.send('/cut', { method: 'POST', body: 'x' })).status).toBe(502);
      expect((await visitor.send('/after')).text).toContain(MARKER);
    }
  });
});

it('nginx with two server_names as the sites of two rooms answers each by its own', async () => {
  const port = await freePort();
  const server = (name: string) =>
    `server { listen 127.0.0.1:${port}; server_name ${name}; location / { return 200 "${MARKER} ${name}"; } }`;
  const sites = ['default.test', 'blue.test', 'green.test'].map(server).join(' ');
  const nginx = await startServer({
    server: NGINX,
    port,
    args: NGINX_ARGS,
    config: (dir) => nginxConfiguration(dir, sites),
  });
  const site = `http://127.0.0.1:${port}`;
  const fairgate = await startFairgate({
    originUrl: site,
    moreRooms: () => [room('blue', site, 'visitor'), room('green', site, 'visitor'), room('red', site, 'origin')],
  });
  try {
    for (const [id, answer] of [
      ['blue', 'blue.test'],
      ['green', 'green.test'],
      ['red', 'default.test'],
    ] as const) {
      const visitor = await enter(fairgate, id);
      expect((await visitor.send('/x')).text).toBe(`${MARKER} ${answer}`);
    }
  } finally {
    await fairgate.stop();
    await nginx.stop();
  }
});

describe('an origin with a certificate of one’s own authority', () => {
  it.each(['origin', 'visitor'])(
    'is trusted where the gateway knows the authority, and not otherwise (%s)',
    async (originHost) => {
      const dir = mkdtempSync(join(tmpdir(), 'fairgate-authority-'));
      const { certificate, key } = makeCertificate(dir, ['127.0.0.1', 'site.test']);
      const other = makeCertificate(dir, ['127.0.0.1', 'site.test']);
      const site = createServer({ cert: certificate, key }, (incoming, outgoing) => {
        outgoing.end(`${MARKER} ${incoming.headers.host}`);
      });
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
      const url = `https://127.0.0.1:${(site.address() as AddressInfo).port}`;
      const start = (originCa?: string) =>
        startFairgate({
          originUrl: url,
          moreRooms: () => [room('site', url, originHost)],
          ...(originCa === undefined ? {} : { originCa }),
        });
      try {
        const trusting = await start(certificate);
        const visitor = await enter(trusting, 'site');
        const host = originHost === 'visitor' ? 'site.test' : new URL(url).host;
        expect((await visitor.send('/x')).text).toBe(`${MARKER} ${host}`);
        await trusting.stop();
        for (const authority of [undefined, other.certificate]) {
          const doubting = await start(authority);
          const stranger = new GateVisitor(doubting.gateway.port, 'site');
          await until(
            () => stranger.page(),
            ({ status }) => status === 502,
          );
          await doubting.stop();
        }
      } finally {
        site.closeAllConnections();
        site.close();
        rmSync(dir, { recursive: true, force: true });
      }
    },
  );
});
