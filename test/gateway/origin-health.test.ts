// What admitted visitors meet at the origin decides how many are admitted: errors, no connection, no response, slowness. The app runs
// in this process, and the test controls the origin. What the room does about it: test/core/health.test.ts.

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OriginFetch } from '../../worker/proxy/forward.ts';
import type { RoomInput } from '../../worker/settings.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, withKey } from '../operators/operator-client.ts';
import { enter, type InProcessGateway, InProcessVisitor, pageKindOf, startInProcess } from './in-process.ts';
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
  mode: 'answers' | 'refuses' | 'fails' | 'hangs' = 'answers';
  /** What a probe meets, where it differs. */
  probed: 'answers' | 'refuses' | 'fails' | null = null;
  requests: Request[] = [];

  get probes(): number {
    return this.requests.filter(({ headers }) => !headers.has('Fairgate-Admission')).length;
  }

  fetch: OriginFetch = async (request) => {
    this.requests.push(request);
    const isProbe = !request.headers.has('Fairgate-Admission');
    switch (isProbe ? (this.probed ?? this.mode) : this.mode) {
      case 'answers':
        return new Response(MARKER);
      case 'fails':
        return new Response('', { status: 503 });
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
const boardOf = async ({ request }: InProcessGateway) =>
  (await request('/_fairgate/rooms/demo/board')).json() as Promise<{
    state: string;
    pausedBy: string | null;
    called: number;
    pace: unknown;
  }>;

async function start(people = 12, room: Partial<Omit<RoomInput, 'policy'>> & { policy?: object } = {}) {
  const origin = new FaultyOrigin();
  const gateway = await startInProcess({ keys, fetchOrigin: origin.fetch, room });
  const inside: InProcessVisitor[] = [];
  for (let count = 0; count < people; count++) inside.push(await enter(gateway, room.paths?.[0]));
  return { origin, gateway, inside };
}

type Started = Awaited<ReturnType<typeof start>>;

/** So many seconds in each of which a sixth of the visitors load a page, as people who read for six seconds. */
async function browsing({ gateway, inside }: Started, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    for (const [index, visitor] of inside.entries()) {
      if (inside.length < 6 || index % 6 === second % 6) await visitor.page();
    }
    gateway.clock.advance(1_000);
    await boardOf(gateway);
    await settle();
  }
}

describe('an origin', () => {
  it.each(['refuses', 'fails'] as const)(
    'that %s stops calls and admissions within seconds, and no one loses a place',
    async (mode) => {
      const started = await start();
      const { origin, gateway } = started;
      await browsing(started, 6);
      origin.mode = mode;
      await browsing(started, 6);
      expect(await boardOf(gateway)).toMatchObject({ state: 'paused', pausedBy: 'origin', pace: null });
      const { called } = await boardOf(gateway);
      const newcomer = new InProcessVisitor(gateway);
      expect(await pageKindOf(await newcomer.page())).toBe('paused');
      expect(newcomer.jar.get('fairgate-admission-demo')).toBeUndefined();
      const place = newcomer.jar.get('fairgate-queue-demo');
      gateway.clock.advance(10_000);
      expect((await boardOf(gateway)).called).toBe(called);

      origin.mode = 'answers';
      await browsing(started, 40);
      expect(await boardOf(gateway)).toMatchObject({ state: 'open', pausedBy: null });
      expect(await (await newcomer.page()).text()).toBe(MARKER);
      expect(newcomer.jar.get('fairgate-queue-demo')).toBe(place);
    },
  );

  it('that answers no request any more is noticed before the requests time out', async () => {
    const started = await start(36);
    const { origin, gateway, inside } = started;
    await browsing(started, 20);
    origin.mode = 'hangs';
    const pending: Promise<Response>[] = [];
    for (let second = 0; second < 6; second++) {
      for (const [index, visitor] of inside.entries()) if (index % 6 === second) pending.push(visitor.page());
      await settle();
      gateway.clock.advance(1_000);
      await boardOf(gateway);
      await settle();
    }
    expect(await boardOf(gateway)).toMatchObject({ state: 'paused', pausedBy: 'origin' });
  });

  it('that comes back and answers only errors stays without visitors', async () => {
    const started = await start();
    await browsing(started, 6);
    started.origin.mode = 'refuses';
    await browsing(started, 6);
    started.origin.mode = 'fails';
    await browsing(started, 60);
    expect((await boardOf(started.gateway)).state).toBe('paused');
  });

  it('that fails costs no admitted visitor the session, and each is told so', async () => {
    const started = await start(3);
    const { origin, inside } = started;
    const tokens = inside.map(({ jar }) => jar.get('fairgate-admission-demo'));
    origin.mode = 'refuses';
    await browsing(started, 8);
    for (const visitor of inside) expect(await pageKindOf(await visitor.page())).toBe('originUnreachable');
    expect(inside.map(({ jar }) => jar.get('fairgate-admission-demo'))).toEqual(tokens);
    origin.mode = 'answers';
    for (const visitor of inside) expect(await (await visitor.page()).text()).toBe(MARKER);
  });
});

describe('few visitors', () => {
  it('who meet failures are believed where a probe fails too', async () => {
    const started = await start(1);
    started.origin.mode = 'fails';
    await browsing(started, 10);
    expect((await boardOf(started.gateway)).state).toBe('paused');
  });

  it('who ask for one broken page again and again do not stop the line', async () => {
    const started = await start(1);
    const { origin, gateway, inside } = started;
    origin.mode = 'fails';
    origin.probed = 'answers';
    for (let second = 0; second < 60; second++) {
      for (let times = 0; times < 5; times++) await inside[0]?.page();
      gateway.clock.advance(1_000);
      expect((await boardOf(gateway)).state).toBe('open');
      await settle();
    }
    expect(origin.probes).toBeGreaterThan(0);
  });
});

describe('what says nothing about the origin', () => {
  it('is what visitors send slowly or abort, what needs no admission, an operator’s look, and refused WebSockets', async () => {
    const started = await start(8, { paths: ['/book'], exempt: ['/book/static'], outside: 'pass' });
    const { origin, gateway, inside } = started;
    const { document } = await ask(gateway, 'givePass', { headers: withKey() });
    const { admissionToken } = document as { admissionToken: string };
    const before = origin.probes;
    origin.mode = 'refuses';
    for (let second = 0; second < 12; second++) {
      await gateway.request('/book/static/a.js');
      await gateway.request('/news');
      await gateway.request('/book', { headers: { Authorization: `Bearer ${admissionToken}` } });
      for (const visitor of inside) {
        await visitor.send('/book', { headers: { Upgrade: 'websocket', Connection: 'Upgrade' } });
        expect((await visitor.send('/book', { method: 'POST', body: 'half a bo' })).status).toBe(502);
      }
      gateway.clock.advance(1_000);
      expect((await boardOf(gateway)).state).toBe('open');
      await settle();
    }
    // No request without an admission but the exempt and outside ones.
    expect(origin.probes - before).toBe(24);
  });

  it('does not make up for what admitted visitors meet', async () => {
    const started = await start(12, { paths: ['/book'], outside: 'pass' });
    const { origin, gateway, inside } = started;
    origin.mode = 'fails';
    for (let second = 0; second < 6; second++) {
      for (const [index, visitor] of inside.entries()) if (index % 6 === second) await visitor.page('/book');
      origin.mode = 'answers';
      for (let times = 0; times < 20; times++) await gateway.request('/news');
      origin.mode = 'fails';
      gateway.clock.advance(1_000);
      await boardOf(gateway);
      await settle();
    }
    expect((await boardOf(gateway)).state).toBe('paused');
  });
});

describe('an origin that asks for no more visitors', () => {
  it('gets none for so long, says so once a second at most, and takes them back when it says so', async () => {
    const origin = new FaultyOrigin();
    let overload: string | null = null;
    const gateway = await startInProcess({
      keys,
      fetchOrigin: async (request, site) => {
        const response = await origin.fetch(request, site);
        if (overload !== null) response.headers.set('Fairgate-Overload', overload);
        return response;
      },
    });
    const inside = [await enter(gateway), await enter(gateway)];
    const started = { origin, gateway, inside };
    const reports = () => gateway.store.applied.filter((kind) => kind === 'reportOverload').length;
    overload = '60';
    origin.mode = 'fails';
    for (let times = 0; times < 10; times++) for (const visitor of inside) await visitor.page();
    await settle();
    expect(reports()).toBe(1);
    await browsing({ ...started, inside: [] }, 3);
    expect(await boardOf(gateway)).toMatchObject({ state: 'paused', pausedBy: 'origin' });
    expect(await pageKindOf(await new InProcessVisitor(gateway).page())).toBe('paused');
    // No probe asks while it said for how long.
    expect(origin.probes).toBe(0);
    [overload, origin.mode] = ['0', 'answers'];
    await browsing(started, 3);
    expect((await boardOf(gateway)).state).toBe('open');
    const before = reports();
    await browsing(started, 10);
    expect(reports()).toBe(before);
  });

  it.each(['', '-1', '1e3', '60, 30', '6'.repeat(7), 'yes'])(
    'with a value that is none (%j) says nothing',
    async (value) => {
      const gateway = await startInProcess({
        keys,
        fetchOrigin: async () => new Response(MARKER, { headers: { 'Fairgate-Overload': value } }),
      });
      const inside = await enter(gateway);
      await inside.page();
      await settle();
      expect(gateway.store.applied).not.toContain('reportOverload');
    },
  );
});

describe('a stopped origin', () => {
  it('is probed at its own path, every two seconds at most, however many requests come', async () => {
    const started = await start(12, { policy: { health: { probePath: '/healthz?deep=1' } } });
    const { origin, gateway } = started;
    await browsing(started, 6);
    origin.mode = 'refuses';
    await browsing(started, 8);
    const before = origin.probes;
    for (let tick = 0; tick < 20; tick++) {
      gateway.clock.advance(500);
      await Promise.all(Array.from({ length: 16 }, () => boardOf(gateway)));
      await settle();
    }
    expect(origin.probes - before).toBeLessThanOrEqual(6);
    expect(origin.probes - before).toBeGreaterThanOrEqual(4);
    const { method, url } = origin.requests.findLast(({ headers }) => !headers.has('Fairgate-Admission')) as Request;
    expect([method, new URL(url).pathname + new URL(url).search]).toEqual(['GET', '/healthz?deep=1']);
  });

  it('whose probe could not be reported is probed again', async () => {
    const started = await start();
    const { origin, gateway } = started;
    await browsing(started, 6);
    origin.mode = 'refuses';
    await browsing(started, 6);
    origin.mode = 'answers';
    const { apply } = gateway.store;
    gateway.store.apply = () => Promise.reject(new Error('lost'));
    await browsing({ ...started, inside: [] }, 6);
    gateway.store.apply = apply.bind(gateway.store);
    expect((await boardOf(gateway)).state).toBe('paused');
    await browsing(started, 20);
    expect((await boardOf(gateway)).state).toBe('open');
  });
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

it('a request without a response within 30 s gets 504, and its visitor is told so', async () => {
  const { origin, inside } = await start(1);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  origin.mode = 'hangs';
  const before = origin.requests.length;
  const pending = (inside[0] as InProcessVisitor).page();
  while (origin.requests.length === before) await settle();
  vi.advanceTimersByTime(29_999);
  expect(origin.requests.at(-1)?.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  const response = await pending;
  expect(response.status).toBe(504);
  expect(await pageKindOf(response)).toBe('originUnreachable');
});
