// A slow or unreachable origin: three failures in a row pause calling, no session is lost, and one successful probe resumes
// calling. The app runs in this process, and the test controls the origin.

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OriginFetch } from '../../worker/proxy/forward.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, withKey } from '../operators/operator-client.ts';
import { type InProcessGateway, InProcessVisitor, pageKindOf, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

class FaultyOrigin {
  mode: 'answers' | 'refuses' | 'hangs' = 'answers';
  requests: Request[] = [];

  fetch: OriginFetch = async (request) => {
    this.requests.push(request);
    switch (this.mode) {
      case 'answers':
        return new Response(MARKER);
      case 'refuses':
        throw new TypeError('connection refused');
      case 'hangs':
        return new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true });
        });
    }
  };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const reports = ({ store }: InProcessGateway) => store.applied.filter((kind) => kind === 'reportOrigin').length;

async function start() {
  const origin = new FaultyOrigin();
  const gateway = await startInProcess({ keys, fetchOrigin: origin.fetch });
  return { origin, gateway, inside: await admitted(gateway, '/') };
}

async function admitted(gateway: InProcessGateway, path: string): Promise<InProcessVisitor> {
  const inside = new InProcessVisitor(gateway);
  gateway.clock.advance(1_000);
  await inside.page(path);
  gateway.clock.advance(2_100);
  expect(await (await inside.page(path)).text()).toBe(MARKER);
  return inside;
}

/** Has the gateway read the room again. */
async function renewView({ clock, request }: InProcessGateway): Promise<void> {
  clock.advance(2_100);
  await request('/_fairgate/rooms/demo/board');
}

describe('origin health', () => {
  it('is not reported as failing for fewer than three failures in a row', async () => {
    const { origin, gateway, inside } = await start();
    for (let round = 0; round < 4; round++) {
      origin.mode = 'refuses';
      for (let failures = 0; failures < 2; failures++) expect((await inside.page()).status).toBe(502);
      origin.mode = 'answers';
      expect((await inside.page()).status).toBe(200);
    }
    await settle();
    expect(reports(gateway)).toBe(0);
  });

  it('is reported as failing after three failures in a row: calling pauses and no newcomer is admitted', async () => {
    const { origin, gateway, inside } = await start();
    origin.mode = 'refuses';
    for (let failures = 0; failures < 5; failures++) expect((await inside.page()).status).toBe(502);
    await settle();
    expect(reports(gateway)).toBe(1);
    await renewView(gateway);
    const { called } = await (await gateway.request('/_fairgate/rooms/demo/board')).json();
    const before = origin.requests.length;
    for (let seconds = 0; seconds < 10; seconds++) {
      gateway.clock.advance(1_000);
      const newcomer = new InProcessVisitor(gateway);
      expect(await pageKindOf(await newcomer.page())).toBe('waiting');
      expect(newcomer.jar.get('fairgate-queue-demo')).toBeDefined();
      expect(newcomer.jar.get('fairgate-admission-demo')).toBeUndefined();
    }
    await settle();
    expect((await (await gateway.request('/_fairgate/rooms/demo/board')).json()).called).toBe(called);
    // All requests since then are probes.
    expect(new Set(origin.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['HEAD']));
  });

  it('a GET or HEAD on a connection that the origin just closed is sent once more, a POST or DELETE never', async () => {
    const lost = () => Promise.reject(Object.assign(new Error('Network connection lost.'), { retryable: true }));
    const methods: string[] = [];
    let failures = 0;
    const gateway = await startInProcess({
      keys,
      fetchOrigin: async ({ method }) => {
        methods.push(method);
        return failures-- > 0 ? lost() : new Response(MARKER);
      },
    });
    const inside = new InProcessVisitor(gateway);
    for (let tries = 0; tries < 3; tries++) {
      await inside.page();
      gateway.clock.advance(1_000);
    }
    for (const [method, fails, status, times] of [
      ['GET', 1, 200, 2],
      ['HEAD', 1, 200, 2],
      ['GET', 2, 502, 2],
      ['POST', 1, 502, 1],
      ['DELETE', 1, 502, 1],
    ] as const) {
      methods.length = 0;
      failures = fails;
      expect([method, (await inside.send('/', { method })).status]).toEqual([method, status]);
      expect(methods).toEqual(Array(times).fill(method));
    }
  });

  it('is reported as failing after three requests in a row without a response within 30 s', async () => {
    const { origin, gateway, inside } = await start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    origin.mode = 'hangs';
    for (let failures = 0; failures < 3; failures++) {
      const before = origin.requests.length;
      const pending = inside.page();
      while (origin.requests.length === before) await settle();
      vi.advanceTimersByTime(29_999);
      expect(origin.requests.at(-1)?.signal.aborted).toBe(false);
      vi.advanceTimersByTime(1);
      const response = await pending;
      expect(response.status).toBe(504);
      expect(await pageKindOf(response)).toBe('originUnreachable');
    }
    await settle();
    expect(reports(gateway)).toBe(1);
  });

  it('does not count failed requests with a body, which visitors can send slowly or abort', async () => {
    const { origin, gateway, inside } = await start();
    origin.mode = 'refuses';
    for (let failures = 0; failures < 6; failures++) {
      expect((await inside.send('/upload', { method: 'POST', body: 'half a bo' })).status).toBe(502);
    }
    await settle();
    expect(reports(gateway)).toBe(0);
  });

  it('does not count exempt and outside paths, an operator’s pass and WebSocket upgrades', async () => {
    const origin = new FaultyOrigin();
    const gateway = await startInProcess({
      keys,
      fetchOrigin: origin.fetch,
      room: { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' },
    });
    const inside = await admitted(gateway, '/book');
    const { document } = await ask(gateway, 'givePass', { headers: withKey() });
    const { admissionToken } = document as { admissionToken: string };
    origin.mode = 'refuses';
    const requests: [string, Record<string, string>][] = [
      ['/book/static/a.js', {}],
      ['/news', {}],
      ['/book', { Authorization: `Bearer ${admissionToken}` }],
    ];
    for (let failures = 0; failures < 4; failures++) {
      for (const [path, headers] of requests) {
        expect((await gateway.request(path, { headers })).status).toBe(502);
      }
      const headers = { Upgrade: 'websocket', Connection: 'Upgrade' };
      expect((await inside.send('/book', { headers })).status).toBe(502);
    }
    await settle();
    expect(reports(gateway)).toBe(0);
    // Neither do they make up for failures of ordinary requests.
    for (let failures = 0; failures < 3; failures++) {
      expect((await inside.page('/book')).status).toBe(502);
      origin.mode = 'answers';
      await gateway.request('/news');
      origin.mode = 'refuses';
    }
    await settle();
    expect(reports(gateway)).toBe(1);
  });

  it('is reported again two seconds later where the store did not take the report', async () => {
    const { origin, gateway, inside } = await start();
    origin.mode = 'refuses';
    gateway.store.mode = 'fails';
    for (let failures = 0; failures < 5; failures++) await inside.page();
    await settle();
    expect(reports(gateway)).toBe(1);
    gateway.store.mode = 'answers';
    await renewView(gateway);
    for (let failures = 0; failures < 3; failures++) await inside.page();
    await settle();
    expect(reports(gateway)).toBe(2);
    await renewView(gateway);
    expect(await pageKindOf(await new InProcessVisitor(gateway).page())).toBe('waiting');
    await inside.page();
    expect(reports(gateway)).toBe(2);
  });

  it('counts from the beginning after a probe that the origin answered', async () => {
    const { origin, gateway, inside } = await start();
    origin.mode = 'refuses';
    for (let failures = 0; failures < 5; failures++) await inside.page();
    await settle();
    origin.mode = 'answers';
    for (let reads = 0; reads < 2; reads++) {
      await renewView(gateway);
      await settle();
    }
    expect(reports(gateway)).toBe(2);
    origin.mode = 'refuses';
    gateway.clock.advance(2_000);
    for (let failures = 0; failures < 2; failures++) await inside.page();
    await settle();
    expect(reports(gateway)).toBe(2);
    await inside.page();
    await settle();
    expect(reports(gateway)).toBe(3);
  });

  it('does not cost an admitted visitor the session while the origin fails', async () => {
    const { origin, gateway, inside } = await start();
    origin.mode = 'refuses';
    const pass = inside.jar.get('fairgate-admission-demo');
    for (let failures = 0; failures < 4; failures++) {
      expect(await pageKindOf(await inside.page())).toBe('originUnreachable');
      await renewView(gateway);
    }
    expect(inside.jar.get('fairgate-admission-demo')).toBe(pass);
    origin.mode = 'answers';
    expect(await (await inside.page()).text()).toBe(MARKER);
  });

  it('is probed every two seconds at most while the origin fails, however many requests come', async () => {
    const { origin, gateway, inside } = await start();
    origin.mode = 'refuses';
    for (let failures = 0; failures < 3; failures++) await inside.page();
    await settle();
    await renewView(gateway);
    const before = origin.requests.length;
    for (let tick = 0; tick < 20; tick++) {
      gateway.clock.advance(500);
      await Promise.all(Array.from({ length: 16 }, () => gateway.request('/_fairgate/rooms/demo/board')));
      await settle();
    }
    expect(origin.requests.length - before).toBeLessThanOrEqual(6);
    expect(origin.requests.length - before).toBeGreaterThanOrEqual(4);
  });

  it('recovers by itself when the origin responds again: calling resumes with the same places', async () => {
    const { origin, gateway, inside } = await start();
    origin.mode = 'refuses';
    for (let failures = 0; failures < 3; failures++) await inside.page();
    await settle();
    await renewView(gateway);
    const waiting = new InProcessVisitor(gateway);
    await waiting.page();
    const place = waiting.jar.get('fairgate-queue-demo');
    origin.mode = 'answers';
    for (let seconds = 0; seconds < 6; seconds++) {
      gateway.clock.advance(1_000);
      await waiting.status();
      await settle();
    }
    expect(reports(gateway)).toBe(2);
    expect(await (await waiting.page()).text()).toBe(MARKER);
    expect(waiting.jar.get('fairgate-queue-demo')).toBe(place);
  });
});
