// Apps: clients that keep their tokens themselves. New tokens reach them in readable fields and never a script of a browser with
// cookies; either token does for status and leave; every answer says where to go next.

import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import {
  enter,
  type InProcessGateway,
  InProcessVisitor,
  NOON,
  PUBLIC_URL,
  pageKindOf,
  startInProcess,
} from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_JSON, AS_OWN_FORM, AS_PAGE } from './visitor-client.ts';

const ROOM = '/_fairgate/rooms/demo';
const LATER = { schedule: { opensAt: new Date(NOON + 600_000).toISOString() } };
const ONE_AT_A_TIME = { policy: { totalActiveUsers: 1 } };
const APP_ORIGIN = 'capacitor://localhost';
const TOKEN_FIELDS = ['Fairgate-Queue-Token', 'Fairgate-Admission-Token'];

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

interface Answer {
  outcome: string;
  queueToken?: string;
  admissionToken?: string;
}

const bearer = (token: string | undefined, more: Record<string, string> = {}) => ({
  ...AS_JSON,
  ...more,
  Authorization: `Bearer ${token}`,
});

async function act(gateway: InProcessGateway, action: string, headers: Record<string, string> = AS_JSON) {
  const response = await gateway.request(`${ROOM}/${action}`, { method: 'POST', headers });
  return { response, answer: (await response.clone().json()) as Answer };
}

const join = async (gateway: InProcessGateway) => (await act(gateway, 'join')).answer;

async function statusOf(gateway: InProcessGateway, token: string | undefined) {
  return (await gateway.request(`${ROOM}/status`, { headers: bearer(token) })).json();
}

/** Until the gateway's view is younger than what was done before. */
async function refresh(gateway: InProcessGateway): Promise<void> {
  gateway.clock.advance(1_100);
  await gateway.request(`${ROOM}/board`);
  await gateway.request(`${ROOM}/board`);
}

async function boardOf(gateway: InProcessGateway) {
  await refresh(gateway);
  return (await gateway.request(`${ROOM}/board`)).json();
}

/** The relation types of a Link field, each with its address. */
function linksOf({ headers }: Response): Record<string, string> {
  const links = [...(headers.get('Link') ?? '').matchAll(/<([^>]*)>; rel="([^"]*)"/g)];
  return Object.fromEntries(links.map(([, address = '', type = '']) => [type.split('/').at(-1) ?? '', address]));
}

describe('a client that keeps its tokens', () => {
  it('gets them in readable fields and in the body when it joins, and no cookie once it sends one', async () => {
    const gateway = await startInProcess({ keys, room: ONE_AT_A_TIME });
    const first = await act(gateway, 'join');
    for (const field of TOKEN_FIELDS) expect(first.response.headers.get(field)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(first.response.headers.get('Fairgate-Queue-Token')).toBe(first.answer.queueToken);
    expect(first.response.headers.get('Fairgate-Admission-Token')).toBe(first.answer.admissionToken);
    expect(first.response.headers.get('Cache-Control')).toBe('no-store');
    await refresh(gateway);
    const again = await act(gateway, 'claim', bearer(first.answer.queueToken));
    expect(again.answer.outcome).toBe('admitted');
    expect(again.response.headers.get('Fairgate-Admission-Token')).toBe(again.answer.admissionToken);
    expect(again.response.headers.getSetCookie()).toEqual([]);
  });

  it('gets a renewed token with the site’s own response, which no cache may store', async () => {
    const fetchOrigin = async () =>
      new Response(MARKER, {
        headers: { 'Cache-Control': 'public, max-age=60', 'Fairgate-Admission-Token': 'forged by the site' },
      });
    const gateway = await startInProcess({ keys, fetchOrigin, room: { corsOrigins: [APP_ORIGIN] } });
    const { admissionToken } = await join(gateway);
    const request = (token: string | undefined) =>
      gateway.request('/api', { headers: bearer(token, { Accept: '*/*', Origin: APP_ORIGIN }) });
    const early = await request(admissionToken);
    expect([await early.text(), early.headers.has('Fairgate-Admission-Token')]).toEqual([MARKER, false]);
    gateway.clock.advance(200_000);
    await refresh(gateway);
    const response = await request(admissionToken);
    const renewed = response.headers.get('Fairgate-Admission-Token') ?? '';
    expect(await response.text()).toBe(MARKER);
    expect(renewed).not.toBe(admissionToken);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(response.headers.get('Access-Control-Expose-Headers')).toBe(
      [...TOKEN_FIELDS, 'Fairgate-Receipt'].join(', '),
    );
    expect(response.headers.getSetCookie()).toEqual([]);
    gateway.clock.advance(150_000);
    expect(await (await request(renewed)).text()).toBe(MARKER);
    expect((await request(admissionToken)).status).toBe(403);
  });

  it('on a listed origin says so to join, and needs no cookie', async () => {
    const gateway = await startInProcess({ keys, room: { ...LATER, corsOrigins: [APP_ORIGIN] } });
    const fromApp = { ...AS_JSON, Origin: APP_ORIGIN, 'Sec-Fetch-Site': 'cross-site' };
    expect((await act(gateway, 'join', fromApp)).response.status).toBe(403);
    const { response, answer } = await act(gateway, 'join', { ...fromApp, 'Fairgate-Client': 'app' });
    expect(response.headers.get('Fairgate-Queue-Token')).toBe(answer.queueToken);
    expect(response.headers.getSetCookie()).toEqual([]);
    const polled = await gateway.request(`${ROOM}/status`, { headers: { ...fromApp, ...bearer(answer.queueToken) } });
    expect((await polled.json()).state).toBe('entered');
  });
});

describe('a script in a browser', () => {
  const FROM_OWN_PAGE = { ...AS_JSON, 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'empty', Origin: 'http://x' };
  const FROM_OLD_BROWSER = AS_JSON;

  it('never reads the tokens in its cookies: not with a Bearer token of its own, nor by calling itself an app', async () => {
    const gateway = await startInProcess({ keys, room: { corsOrigins: [APP_ORIGIN] } });
    const visitor = await enter(gateway);
    const { queueToken, admissionToken } = await join(gateway);
    gateway.clock.advance(200_000);
    await refresh(gateway);
    const cookies = { Cookie: visitor.jar.header };
    const secrets = ['fairgate-queue-demo', 'fairgate-admission-demo'].map((name) => visitor.jar.get(name) ?? '');
    const { sub } = payloadOf(secrets[0] ?? '');
    for (const sender of [
      FROM_OWN_PAGE,
      FROM_OLD_BROWSER,
      { ...AS_JSON, Origin: APP_ORIGIN, 'Sec-Fetch-Site': 'same-site' },
    ]) {
      for (const more of [
        {},
        { 'Fairgate-Client': 'app' },
        { Authorization: `Bearer ${queueToken}` },
        { Authorization: `Bearer ${admissionToken}` },
      ]) {
        for (const [method, path] of [
          ['GET', '/api'],
          ['GET', `${ROOM}/status`],
          ...(sender === FROM_OLD_BROWSER ? [] : ['join', 'claim'].map((action) => ['POST', `${ROOM}/${action}`])),
        ] as [string, string][]) {
          const headers = {
            ...sender,
            ...more,
            ...cookies,
            Origin: method === 'GET' ? '' : 'Origin' in sender ? sender.Origin : '',
          };
          const response = await gateway.request(path, { method, headers: withoutEmpty(headers) });
          const readable =
            [...response.headers].map(([name, value]) => (name === 'set-cookie' ? '' : value)).join() +
            (await response.text());
          for (const token of readable.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g) ?? [])
            expect(payloadOf(token).sub).not.toBe(sub);
        }
      }
    }
  });

  it('gets a renewed token in a cookie only', async () => {
    const gateway = await startInProcess({ keys });
    const visitor = await enter(gateway);
    gateway.clock.advance(200_000);
    await refresh(gateway);
    const response = await visitor.send('/api', { headers: AS_PAGE });
    expect(response.headers.getSetCookie().join()).toContain('fairgate-admission-demo=');
    expect(TOKEN_FIELDS.filter((field) => response.headers.has(field))).toEqual([]);
  });
});

describe('either token', () => {
  it('shows the status: the admission token alone says admitted, with its times, and completed once it is over', async () => {
    const gateway = await startInProcess({ keys });
    const { admissionToken } = await join(gateway);
    await refresh(gateway);
    const status = await statusOf(gateway, admissionToken);
    expect(status).toMatchObject({ state: 'admitted', position: 1, ahead: 0 });
    expect(Date.parse(status.admittedFrom)).toBeGreaterThanOrEqual(NOON);
    expect(Date.parse(status.admittedUntil) - Date.parse(status.admittedFrom)).toBeGreaterThan(299_000);
    gateway.clock.advance(400_000);
    await refresh(gateway);
    expect(await statusOf(gateway, admissionToken)).toMatchObject({ state: 'completed', admittedFrom: null });
  });

  it.each(['queueToken', 'admissionToken'] as const)(
    'ends the visit: the vacancy is free, and the admission refused, after a leave with the %s',
    async (name) => {
      const gateway = await startInProcess({ keys, room: ONE_AT_A_TIME });
      const inside = await join(gateway);
      expect(inside.admissionToken).toBeDefined();
      const { response, answer } = await act(gateway, 'leave', bearer(inside[name]));
      expect([response.status, answer.outcome]).toEqual([200, 'left']);
      expect(linksOf(response)).toMatchObject({ join: `${ROOM}/join` });
      const headers = bearer(inside.admissionToken, { Accept: '*/*' });
      expect((await gateway.request('/api', { headers })).status).toBe(403);
      expect((await boardOf(gateway)).active).toBe(0);
      gateway.forwarded.length = 0;
      await gateway.request('/api', { headers: bearer(inside.admissionToken, { Accept: '*/*' }) });
      expect(gateway.forwarded).toEqual([]);
      expect((await join(gateway)).outcome).toBe('admitted');
    },
  );

  it('of another visitor frees nothing, and a leave from a place that is not called costs the room nothing', async () => {
    const gateway = await startInProcess({ keys, room: ONE_AT_A_TIME });
    const inside = await join(gateway);
    const waiting = await join(gateway);
    expect(waiting.admissionToken).toBeUndefined();
    await act(gateway, 'leave', bearer(waiting.queueToken));
    expect((await boardOf(gateway)).active).toBe(1);
    expect(await (await gateway.request('/api', { headers: bearer(inside.admissionToken) })).text()).toBe(MARKER);
  });

  it('that is invalid is refused with 401, at every address', async () => {
    const gateway = await startInProcess({ keys });
    const other = await startInProcess({ keys: { keys: [await newSigningKey(0)] } });
    const foreign = await join(other);
    for (const token of [foreign.queueToken, foreign.admissionToken]) {
      expect((await gateway.request(`${ROOM}/status`, { headers: bearer(token) })).status).toBe(401);
      for (const action of ['join', 'claim', 'leave']) {
        const { response } = await act(gateway, action, bearer(token));
        expect(response.status).toBe(401);
        expect(linksOf(response)).toHaveProperty('join');
      }
    }
  });

  it('is bounded: leaving again and again is refused with 429', async () => {
    const gateway = await startInProcess({ keys });
    const { queueToken } = await join(gateway);
    gateway.parts.polls.secondsToWait = () => 3;
    const { response } = await act(gateway, 'leave', bearer(queueToken));
    expect([response.status, response.headers.get('Retry-After')]).toEqual([429, '3']);
  });
});

describe('the next address', () => {
  it('is in every answer: from the refusal over the line to the end of the visit', async () => {
    const gateway = await startInProcess({ keys, room: ONE_AT_A_TIME });
    const refused = await gateway.request('/api', { headers: { Accept: '*/*' } });
    expect(refused.status).toBe(403);
    expect(linksOf(refused)).toEqual({ join: `${ROOM}/join`, board: `${ROOM}/board`, wait: `${ROOM}/wait` });
    const board = await gateway.request(`${ROOM}/board`);
    expect(linksOf(board)).toEqual({ join: `${ROOM}/join`, status: `${ROOM}/status` });
    const inside = await act(gateway, 'join');
    expect(linksOf(inside.response)).toEqual({ status: `${ROOM}/status`, leave: `${ROOM}/leave` });
    const waiting = await act(gateway, 'join');
    const whileWaiting = {
      status: `${ROOM}/status`,
      board: `${ROOM}/board`,
      leave: `${ROOM}/leave`,
      wait: `${ROOM}/wait`,
    };
    const { wait: _, ...elsewhere } = whileWaiting;
    expect(linksOf(waiting.response)).toEqual(elsewhere);
    expect(linksOf(await gateway.request('/api', { headers: bearer(waiting.answer.queueToken) }))).toEqual(
      whileWaiting,
    );
    await act(gateway, 'leave', bearer(inside.answer.queueToken));
    for (let second = 0; second < 5; second++) await refresh(gateway);
    const called = await gateway.request(`${ROOM}/status`, { headers: bearer(waiting.answer.queueToken) });
    expect((await called.clone().json()).state).toBe('called');
    expect(linksOf(called)).toHaveProperty('claim', `${ROOM}/claim`);
  });

  it.each([
    ['a body that is too long', 'join', { body: 'x'.repeat(5_000) }],
    ['an unusable key', 'join', { headers: { ...AS_JSON, 'Idempotency-Key': 'short' } }],
    ['another site’s page', 'join', { headers: { ...AS_JSON, 'Sec-Fetch-Site': 'cross-site' } }],
    ['a browser without cookies', 'join', { headers: { ...AS_JSON, 'Sec-Fetch-Site': 'same-origin' } }],
    ['a claim without a place', 'claim', {}],
  ])('is in the refusal of %s', async (_, action, init) => {
    const gateway = await startInProcess({ keys, room: LATER });
    const response = await gateway.request(`${ROOM}/${action}`, { method: 'POST', headers: AS_JSON, ...init });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(linksOf(response)).toHaveProperty('join', `${ROOM}/join`);
  });

  it('is in the answers while the store does not respond', async () => {
    const gateway = await startInProcess({ keys });
    gateway.store.mode = 'fails';
    for (const path of ['/api', `${ROOM}/status`]) {
      const response = await gateway.request(path, { headers: { Accept: '*/*' } });
      expect([response.status >= 400, Object.keys(linksOf(response)).length > 0]).toEqual([true, true]);
    }
  });
});

describe('the waiting page’s own address', () => {
  const wait = (gateway: InProcessGateway, returnTo: string, visitor = new InProcessVisitor(gateway)) =>
    visitor.send(`${ROOM}/wait?return=${encodeURIComponent(returnTo)}`, { headers: AS_PAGE });

  it('leads back to an address of this site once the visitor is admitted, and to no other', async () => {
    const gateway = await startInProcess({ keys });
    for (const [returnTo, location] of [
      ['/form?step=2', '/form?step=2'],
      ['//evil.test/x', '/'],
      ['https://evil.test/', '/'],
      ['/\\evil.test', '/'],
      ['javascript:alert(1)', '/'],
      [`${ROOM}/wait`, '/'],
    ] as const) {
      const visitor = new InProcessVisitor(gateway);
      visitor.jar.set('fairgate-cookies', '1');
      const response = await wait(gateway, returnTo, visitor);
      expect([response.status, response.headers.get('Location')]).toEqual([303, location]);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
    }
    expect(gateway.forwarded).toEqual([]);
  });

  it('shows the waiting page while the room is full, and leads on from its form without a script', async () => {
    const gateway = await startInProcess({ keys, room: ONE_AT_A_TIME });
    await join(gateway);
    await join(gateway);
    await refresh(gateway);
    const response = await wait(gateway, '/form?a=b+c');
    expect(response.status).toBe(200);
    expect(await pageKindOf(response)).toBe('newcomer');
    for (const [referer, location] of [
      [`${ROOM}/wait?return=${encodeURIComponent('/form?a=b+c')}`, '/form?a=b+c'],
      [`${ROOM}/wait?return=//evil.test`, '/'],
      [`${ROOM}/status?return=/form`, '/'],
    ] as const) {
      const headers = { ...AS_OWN_FORM, Referer: `${PUBLIC_URL}${referer}` };
      const joined = await gateway.request(`${ROOM}/join`, { method: 'POST', headers });
      expect([joined.status, joined.headers.get('Location')]).toEqual([303, location]);
    }
  });

  it('takes no place for another site’s frame or request', async () => {
    const gateway = await startInProcess({ keys });
    for (const headers of [
      { ...AS_PAGE, 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Site': 'cross-site' },
      { Accept: 'text/html', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'cross-site' },
      { ...AS_PAGE, 'Sec-Purpose': 'prefetch' },
    ]) {
      await gateway.request(`${ROOM}/wait?return=/form`, { headers });
    }
    expect(gateway.store.applied).not.toContain('join');
  });
});

function payloadOf(token: string): { sub?: string } {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return {};
  }
}

function withoutEmpty(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}
