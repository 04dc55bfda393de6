// How many visitors of one network may take a place in a minute: the count itself, and what visitors and apps get beyond it.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { JoinLimit } from '../../worker/gate/join-limit.ts';
import { readSettings } from '../../worker/settings.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { payloadOf } from './forged-tokens.ts';
import {
  type InProcessGateway,
  type InProcessOptions,
  InProcessVisitor,
  NOON,
  pageKindOf,
  placesGiven,
  startInProcess,
} from './in-process.ts';
import { AS_JSON, AS_OWN_FORM, AS_PAGE } from './visitor-client.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const limitOf = (perMinute: number, now: () => number = () => NOON) => new JoinLimit(perMinute, 'secret', digest, now);

let keys: SigningKeys;
beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

describe('the join limit', () => {
  it('lets a network join so many times at once, and never more often within any 60 seconds', () => {
    const pauses = fc.array(fc.oneof(fc.nat(50), fc.nat(20_000)), { minLength: 50, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), pauses, (perMinute, pausesMs) => {
        let now = NOON;
        const limit = limitOf(perMinute, () => now);
        const takenAt: number[] = [];
        for (const pauseMs of pausesMs) {
          now += pauseMs;
          const permit = limit.take('demo', '192.0.2.7');
          const inLastMinute = takenAt.filter((at) => now - at < 60_000).length;
          if (permit.kind === 'counted') {
            expect(inLastMinute).toBeLessThan(perMinute);
            takenAt.push(now);
          } else {
            // A join is forgotten after 60 to 65 seconds.
            const forgettable = takenAt.filter((at) => now - at < 65_000).length;
            expect(forgettable).toBeGreaterThanOrEqual(perMinute);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('allows the next join at the announced second, and not before', () => {
    let now = NOON + 1_234;
    const limit = limitOf(3, () => now);
    for (let joins = 0; joins < 3; joins++, now += 7_000) expect(limit.take('demo', 'a').kind).toBe('counted');
    for (;;) {
      const permit = limit.take('demo', 'a');
      if (permit.kind === 'counted') break;
      const { retrySeconds } = permit;
      expect(retrySeconds).toBeGreaterThanOrEqual(1);
      expect(retrySeconds).toBeLessThanOrEqual(65);
      now += (retrySeconds - 1) * 1_000;
      if (limit.take('demo', 'a').kind === 'counted') throw new Error(`allowed a second before ${retrySeconds} s`);
      now += 1_000;
    }
    expect(now - NOON).toBeGreaterThanOrEqual(61_234);
  });

  it('of a limited network stays through joins of 100,000 other networks, and does not limit new ones', () => {
    const limit = limitOf(20);
    for (let joins = 0; joins < 20; joins++) limit.take('demo', '192.0.2.7');
    for (let network = 0; network < 100_000; network++) limit.take('demo', `2001:db8:${network.toString(16)}::`);
    expect(limit.take('demo', '192.0.2.7').kind).toBe('limited');
    const refused = Array.from({ length: 1_000 }, (_, index) => limit.take('demo', `198.51.100.${index}`).kind);
    expect(refused.filter((kind) => kind === 'limited')).toEqual([]);
  });

  it('counts each room by itself, and a join that brought no place not at all', () => {
    const limit = limitOf(2);
    for (let times = 0; times < 5; times++) {
      const permit = limit.take('demo', 'a');
      if (permit.kind === 'counted') permit.undo();
      expect(permit.kind).toBe('counted');
    }
    for (let times = 0; times < 2; times++) expect(limit.take('demo', 'a').kind).toBe('counted');
    expect(limit.take('demo', 'a').kind).toBe('limited');
    expect(limit.take('other', 'a').kind).toBe('counted');
  });

  it('is not lifted by a clock that is set back', () => {
    let now = NOON;
    const limit = limitOf(1, () => now);
    limit.take('demo', 'a');
    now -= 3_600_000;
    expect(limit.take('demo', 'a').kind).toBe('limited');
  });

  it('is a whole number, 600 by default, and 0 switches it off', () => {
    const settings = {
      ROOMS: '[]',
      SIGNING_KEYS: JSON.stringify(keys),
      PUBLIC_URL: 'https://booking.example',
      OPERATOR_KEY: 'an-operator-key-0123456789-abcdefghij',
    };
    const read = (more = {}) => readSettings({ ...settings, ...more }).joinsPerNetwork;
    expect(read()).toBe(600);
    expect(read({ JOINS_PER_NETWORK: '25' })).toBe(25);
    expect(read({ JOINS_PER_NETWORK: '0' })).toBe(0);
    for (const wrong of ['', '-1', '1.5', '1e3', ' 5', 'none', '1000001', '0x10']) {
      expect(() => read({ JOINS_PER_NETWORK: wrong })).toThrow('JOINS_PER_NETWORK is');
    }
    const unlimited = limitOf(0);
    for (let joins = 0; joins < 10_000; joins++) expect(unlimited.take('demo', 'a').kind).toBe('counted');
  });
});

const LIMIT = 3;
const JOIN = '/_fairgate/rooms/demo/join';
const BEFORE_OPENING = { schedule: { opensAt: new Date(NOON + 3_600_000).toISOString() } };

const start = (options: Partial<InProcessOptions> = {}) => startInProcess({ keys, joinsPerNetwork: LIMIT, ...options });

/** A request of a client without cookies from this address; null: the runtime reports none. */
const from = (gateway: InProcessGateway, address: string | null, path = '/', init: RequestInit = {}) =>
  gateway.request(path, {
    ...init,
    headers: { ...(init.headers ?? AS_PAGE), ...(address === null ? {} : { 'CF-Connecting-IP': address }) },
  });
const joinAsApp = (gateway: InProcessGateway, address: string | null, headers = {}) =>
  from(gateway, address, JOIN, { method: 'POST', headers: { ...AS_JSON, ...headers } });
/** The button of the waiting page, without its script. */
const joinByForm = (gateway: InProcessGateway, address: string) =>
  from(gateway, address, JOIN, { method: 'POST', headers: AS_OWN_FORM, body: 'return=/book' });

describe('a network that has taken its places of this minute', () => {
  it.each([
    ['before the opening', BEFORE_OPENING],
    ['after it', {}],
  ])('gets no place by any way of joining, %s; other networks do', async (_, room) => {
    const gateway = await start({ room });
    for (let joins = 0; joins < LIMIT; joins++) expect((await joinAsApp(gateway, '192.0.2.7')).status).toBe(200);
    const refused = [
      await from(gateway, '192.0.2.7', '/book', { headers: AS_JSON }),
      await joinAsApp(gateway, '192.0.2.7'),
      await joinByForm(gateway, '192.0.2.7'),
      // Before the opening, opening the page takes no place.
      ...(room === BEFORE_OPENING ? [] : [await from(gateway, '192.0.2.7')]),
    ];
    for (const response of refused) {
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('Retry-After'))).toBeGreaterThanOrEqual(55);
      expect(response.headers.getSetCookie().join()).not.toMatch(/fairgate-(queue|admission)/);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
    }
    expect(placesGiven(gateway)).toBe(LIMIT);
    for (const response of refused.slice(0, 2)) {
      const problem = await response.json();
      expect(problem).toMatchObject({ type: 'https://fairgate.dev/problems/too-many-joins', status: 429 });
      expect(JSON.stringify(problem)).not.toMatch(/queueToken|position|entry/);
    }
    for (const response of refused.slice(2)) {
      const page = await response.text();
      expect(page).toContain('Many people are joining from your network');
      expect(page).toContain('"kind":"tooManyJoins"');
      expect(page).toMatch(/<noscript><meta http-equiv="refresh" content="(5[5-9]|6\d)[;"]/);
    }
    expect((await joinAsApp(gateway, '192.0.2.8')).status).toBe(200);
    expect((await joinAsApp(gateway, '2001:db8::1')).status).toBe(200);
    gateway.clock.advance(65_000);
    expect((await joinAsApp(gateway, '192.0.2.7')).status).toBe(200);
  });

  it('is one /64 in IPv6, whatever its addresses are', async () => {
    const gateway = await start({ room: BEFORE_OPENING });
    for (let host = 1; host <= LIMIT; host++) {
      expect((await joinAsApp(gateway, `2001:db8:0:7::${host}`)).status).toBe(200);
    }
    expect((await joinAsApp(gateway, '2001:db8:0:7:ffff::1')).status).toBe(429);
    expect((await joinAsApp(gateway, '2001:db8:0:8::1')).status).toBe(200);
  });

  it('is all clients together whose address is not known', async () => {
    const gateway = await start({ room: BEFORE_OPENING });
    for (let joins = 0; joins < LIMIT; joins++) expect((await joinAsApp(gateway, null)).status).toBe(200);
    expect((await joinAsApp(gateway, null)).status).toBe(429);
    expect((await joinAsApp(gateway, 'not-an-address')).status).toBe(429);
  });

  it('still answers those who hold a place: repeated joins, claims, visits, polls and leaving', async () => {
    const gateway = await start({ room: { policy: { totalActiveUsers: 1 } } });
    const visitors = Array.from({ length: LIMIT }, () => new InProcessVisitor(gateway));
    for (const visitor of visitors) expect((await visitor.page()).status).toBe(200);
    for (let times = 0; times < 5; times++) {
      for (const visitor of visitors) {
        gateway.clock.advance(10);
        expect((await visitor.act('join')).status).toBeLessThan(300);
        expect((await visitor.act('claim')).status).toBeLessThan(300);
        expect((await visitor.page()).status).toBe(200);
        expect((await visitor.send('/_fairgate/rooms/demo/status')).status).toBe(200);
      }
    }
    expect((await new InProcessVisitor(gateway).act('join')).status).toBe(429);
    expect((await visitors[0]?.act('leave'))?.status).toBe(200);
    expect(placesGiven(gateway)).toBe(LIMIT);
  });

  it('has lost nothing by joins that the room refused', async () => {
    const schedule = { prequeueAt: new Date(NOON + 60_000).toISOString(), ...BEFORE_OPENING.schedule };
    const gateway = await start({ room: { schedule } });
    for (let times = 0; times < 5 * LIMIT; times++) {
      expect((await joinAsApp(gateway, '192.0.2.7')).status).toBe(409);
    }
    gateway.clock.advance(60_000);
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.clock.advance(1_000);
    for (let joins = 0; joins < LIMIT; joins++) expect((await joinAsApp(gateway, '192.0.2.7')).status).toBe(200);
    expect((await joinAsApp(gateway, '192.0.2.7')).status).toBe(429);
  });

  it('is counted in the metrics and in the history that the console shows', async () => {
    const gateway = await start({ room: BEFORE_OPENING });
    for (let joins = 0; joins < LIMIT + 4; joins++) await joinAsApp(gateway, '192.0.2.7');
    expect(gateway.parts.metrics.text([])).toContain('fairgate_joins_refused_total{room="demo"} 4');
    expect(gateway.parts.observations.take('demo', 0, 1_000).refused).toMatchObject({ tooOften: 4 });
  });
});

describe('a client without a place', () => {
  it('reads its status without a limit, so that no other client can keep its page from joining', async () => {
    const { polls } = await start({ room: BEFORE_OPENING }).then(({ parts }) => parts);
    const gateway = await start({ room: BEFORE_OPENING });
    gateway.parts.polls = Object.assign(polls, { secondsToWait: () => 60 });
    const cookie = { Cookie: 'fairgate-queue-demo=forged' };
    for (let polled = 0; polled < 50; polled++) {
      const response = await from(gateway, '192.0.2.7', '/_fairgate/rooms/demo/status', {
        headers: polled % 2 === 0 ? {} : cookie,
      });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ state: 'none' });
    }
  });
});

describe('an Idempotency-Key', () => {
  const KEY = '5b9e6d0c-0f6f-4a4e-9d0b-8c1f6f0f3a11';

  it('brings the same place in line to a client that lost the response, counted once', async () => {
    const gateway = await start({ room: BEFORE_OPENING });
    const places = new Set<unknown>();
    for (let times = 0; times < 3 * LIMIT; times++) {
      const response = await joinAsApp(gateway, '192.0.2.7', { 'Idempotency-Key': KEY });
      places.add(payloadOf((await response.json()).queueToken)['entry']);
    }
    expect(places).toEqual(new Set([1]));
    for (let joins = 1; joins < LIMIT; joins++) expect((await joinAsApp(gateway, '192.0.2.7')).status).toBe(200);
    expect((await joinAsApp(gateway, '192.0.2.7')).status).toBe(429);
    expect((await joinAsApp(gateway, '192.0.2.7', { 'Idempotency-Key': KEY })).status).toBe(200);
  });

  it('brings a client that lost the response of its admission the same session', async () => {
    const gateway = await start();
    await gateway.request('/_fairgate/rooms/demo/board');
    gateway.clock.advance(900);
    const join = async () => (await joinAsApp(gateway, '192.0.2.7', { 'Idempotency-Key': KEY })).json();
    const [first, repeated] = [await join(), await join()];
    expect(first.outcome).toBe('admitted');
    expect(payloadOf(repeated.admissionToken)['sid']).toBe(payloadOf(first.admissionToken)['sid']);
  });

  it.each(['', 'short', 'a'.repeat(21), 'a'.repeat(129), 'with a space in it, but long', `${KEY}é`])(
    'that is too short, too long or not printable is refused with 400: %j',
    async (key) => {
      const gateway = await start({ room: BEFORE_OPENING });
      const response = await joinAsApp(gateway, '192.0.2.7', { 'Idempotency-Key': key });
      expect(response.status).toBe(400);
      expect((await response.json()).type).toBe('https://fairgate.dev/problems/bad-idempotency-key');
      expect(placesGiven(gateway)).toBe(0);
    },
  );

  it('appears in no log line, page or metric of the gateway', async () => {
    const gateway = await start({ room: BEFORE_OPENING });
    const response = await joinAsApp(gateway, '192.0.2.7', { 'Idempotency-Key': KEY });
    expect(await response.text()).not.toContain(KEY);
    expect(gateway.parts.metrics.text([])).not.toContain(KEY);
    expect(await pageKindOf(await from(gateway, '192.0.2.8'))).not.toContain(KEY);
  });
});
