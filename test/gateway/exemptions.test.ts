// Exemptions: requests that an operator lets through by method and path. They carry nothing of the gateway, and are counted.

import { beforeAll, describe, expect, it } from 'vitest';
import { readSettings, settingsText } from '../../worker/settings.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, withKey } from '../operators/operator-client.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { enter, type InProcessGateway, PUBLIC_URL, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const EXEMPT = [
  '/static',
  { path: '/pay/callback', match: 'exact' as const, methods: ['POST' as const] },
  { path: '/api', methods: ['OPTIONS' as const, 'GET' as const] },
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

async function passing(gateway: InProcessGateway, path: string): Promise<string[]> {
  const passed: string[] = [];
  for (const method of METHODS) {
    const before = gateway.forwarded.length;
    const { status } = await gateway.request(path, { method, headers: { Origin: 'https://pay.example' } });
    if (gateway.forwarded.length > before) passed.push(method);
    else expect([method, status]).toEqual([method, 403]);
  }
  return passed;
}

describe('an exemption', () => {
  it('lets through the methods that it names, at its path', async () => {
    const gateway = await startInProcess({ keys, room: { exempt: EXEMPT } });
    expect(await passing(gateway, '/static/a.js')).toEqual(['GET', 'HEAD']);
    expect(await passing(gateway, '/pay/callback')).toEqual(['POST']);
    expect(await passing(gateway, '/pay/callback?order=1')).toEqual(['POST']);
    expect(await passing(gateway, '/api/v1/seats')).toEqual(['GET', 'OPTIONS']);
    for (const path of [
      '/pay/callback/x',
      '/pay/callback/',
      '/Pay/callback',
      '/pay/callback;x',
      '/pay/callback.php',
      '/pay',
      '/staticx',
    ]) {
      expect(await passing(gateway, path)).toEqual([]);
    }
  });

  it('is not for another method by way of a header field or a parameter', async () => {
    const gateway = await startInProcess({ keys, room: { exempt: EXEMPT } });
    const overrides = {
      'X-HTTP-Method-Override': 'DELETE',
      'X-HTTP-Method': 'PUT',
      'X-Method-Override': 'PATCH',
      X_HTTP_Method_Override: 'DELETE',
    };
    await gateway.request('/pay/callback', { method: 'POST', headers: overrides });
    expect([...(gateway.forwarded[0]?.headers.keys() ?? [])].filter((name) => /method/i.test(name))).toEqual([]);
    for (const query of [
      '_method=DELETE',
      'a=1&_method=delete',
      '%5fmethod=PUT',
      'a=1;_method=PUT',
      '.method=PUT',
      '+_method=PUT',
      '_METHOD=PUT',
    ]) {
      expect([query, (await gateway.request(`/pay/callback?${query}`, { method: 'POST' })).status]).toEqual([
        query,
        403,
      ]);
    }
    for (const query of ['method=card', 'payment_method=card', 'a=_method']) {
      expect(await (await gateway.request(`/pay/callback?${query}`, { method: 'POST' })).text()).toBe(MARKER);
    }
  });

  it('leaves method overrides to admitted visitors and to paths that no room protects', async () => {
    const gateway = await startInProcess({ keys, room: { paths: ['/book'], outside: 'pass', exempt: [] } });
    const headers = { 'X-HTTP-Method-Override': 'DELETE' };
    const visitor = await enter(gateway);
    await visitor.page('/book');
    gateway.clock.advance(2_000);
    await visitor.send('/book/1?_method=DELETE', { method: 'POST', headers });
    await gateway.request('/wp-json/wp/v2/posts/1', { method: 'POST', headers });
    const posts = gateway.forwarded.filter(({ method }) => method === 'POST');
    expect(posts.map((request) => request.headers.get('X-HTTP-Method-Override'))).toEqual(['DELETE', 'DELETE']);
  });

  it('carries no admission, no cookie of the gateway and no field of it, for any client', async () => {
    const gateway = await startInProcess({ keys, room: { exempt: EXEMPT } });
    const visitor = await enter(gateway);
    gateway.forwarded.length = 0;
    const forged = {
      'Fairgate-Admission': 'forged',
      'X-Forwarded-For': '1.2.3.4',
      Cookie: `${visitor.jar.header}; own=1`,
    };
    const response = await gateway.request('/pay/callback', { method: 'POST', headers: forged });
    const [forwarded] = gateway.forwarded;
    expect(forwarded?.headers.get('Cookie')).toBe('own=1');
    expect(forwarded?.headers.has('Fairgate-Admission')).toBe(false);
    expect(forwarded?.headers.get('X-Forwarded-For')).not.toBe('1.2.3.4');
    expect(response.headers.get('Set-Cookie')).toBeNull();
  });

  it('is counted by room, for metrics and for the console', async () => {
    const gateway = await startInProcess({ keys, room: { exempt: EXEMPT } });
    await gateway.request('/_fairgate/rooms/demo/board');
    for (let index = 0; index < 3; index++) await gateway.request('/pay/callback', { method: 'POST' });
    await gateway.request('/pay/callback');
    const metrics = await (await gateway.request('/_fairgate/metrics', { headers: withKey() })).text();
    expect(metrics).toContain('fairgate_exempt_requests_total{room="demo"} 3');
    expect(metrics).toContain('fairgate_requests_total{decision="forward",reason="exempt"} 3');
    for (let second = 0; second < 20; second++) {
      gateway.clock.advance(1_000);
      await gateway.request('/_fairgate/rooms/demo/board');
    }
    const { document } = await ask(gateway, 'live', { headers: withKey() });
    const { buckets } = document as { buckets: { exempt?: number }[] };
    expect(buckets.reduce((sum, { exempt = 0 }) => sum + exempt, 0)).toBe(3);
  });

  it('is given up while the store has never answered', async () => {
    const gateway = await startInProcess({ keys, room: { exempt: EXEMPT } });
    gateway.store.mode = 'fails';
    expect((await gateway.request('/static/a.js')).status).toBe(403);
  });
});

describe('the settings of exemptions', () => {
  const settingsWith = (exempt: unknown) => {
    const room = {
      id: 'demo',
      title: { ko: '예약', en: 'Booking' },
      hosts: ['*'],
      origin: 'http://origin.test',
      schedule: { opensAt: '+1h' },
      policy: { newUsersPerMinute: 60, totalActiveUsers: 10, sessionMinutes: 5 },
      exempt,
    };
    return readSettings({
      ROOMS: JSON.stringify([room]),
      SIGNING_KEYS: JSON.stringify(keys),
      PUBLIC_URL,
      OPERATOR_KEY,
    }).rooms[0];
  };

  it('take a path for reading what lies under it, and fill in what is missing', () => {
    expect(settingsWith(['/static', { path: '/x' }, { path: '/예약', methods: ['POST'] }])?.exempt).toEqual([
      { path: '/static', match: 'prefix', methods: ['GET', 'HEAD'] },
      { path: '/x', match: 'prefix', methods: ['GET', 'HEAD'] },
      { path: '/예약', match: 'prefix', methods: ['POST'] },
    ]);
  });

  it.each([
    [['static'], 'must be an absolute path'],
    [['/a//b'], 'must be an absolute path'],
    [['/%41'], 'without %-encoding'],
    [[7], 'must be a path, or an object'],
    [[{ path: '/a', methods: [] }], 'exempt'],
    [[{ path: '/a', methods: ['TRACE'] }], 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
    [[{ path: '/a', methods: ['GET', 'GET'] }], 'each method once'],
    [[{ path: '/a', match: 'suffix' }], 'prefix or exact'],
    [[{ path: '/a', method: 'GET' }], 'has no "method"'],
    [Array(65).fill('/a'), 'exempt'],
  ])('refuse %j and say what to write', (exempt, reason) => {
    expect(() => settingsWith(exempt)).toThrow(reason);
  });

  it('of a path alone have the text that an earlier version wrote, so that an upgrade is no edit', () => {
    expect(settingsText({ exempt: settingsWith(['/static', '/x'])?.exempt })).toBe('{"exempt":["/static","/x"]}');
    const other = settingsWith([{ path: '/static', match: 'exact' }])?.exempt;
    expect(settingsText({ exempt: other })).toBe(
      '{"exempt":[{"path":"/static","match":"exact","methods":["GET","HEAD"]}]}',
    );
  });

  it('come back from the API as objects, whichever form was sent', async () => {
    const gateway = await startInProcess({ keys, room: { exempt: ['/static'] } });
    const room = await ask(gateway, 'room', { headers: withKey() });
    const { site } = room.document as { site: { exempt: unknown } };
    expect(site.exempt).toEqual([{ path: '/static', match: 'prefix', methods: ['GET', 'HEAD'] }]);
    const headers = { ...withKey(), 'If-Match': room.headers.get('ETag') ?? '' };
    const body = { ...site, exempt: ['/other', { path: '/hook', match: 'exact', methods: ['POST'] }] };
    expect((await ask(gateway, 'setSite', { body, headers })).status).toBe(200);
    const after = (await ask(gateway, 'room', { headers: withKey() })).document as { site: { exempt: unknown } };
    expect(after.site.exempt).toEqual([
      { path: '/other', match: 'prefix', methods: ['GET', 'HEAD'] },
      { path: '/hook', match: 'exact', methods: ['POST'] },
    ]);
  });
});
