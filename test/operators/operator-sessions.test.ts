// Sessions and keys of operators: where a session is valid, when it ends, what a wrong key costs, who may watch while the store is
// lost.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { KNOWN_FAILURES_FREE, SIGN_IN_MS } from '../../queue-core/limits.ts';
import { type InProcessGateway, PUBLIC_URL, startBeside } from '../gateway/in-process.ts';
import { OPERATOR_KEY } from '../running-gateway.ts';
import { ask, createKey, logLength, problemIn, signIn, startGateway, withKey } from './operator-client.ts';

let gateway: InProcessGateway;

beforeEach(async () => {
  gateway = await startGateway();
});

describe('a session', () => {
  it('changes nothing for another site, or for a browser that does not name the site', async () => {
    const own = await signIn(gateway);
    const { Origin: _o, 'Sec-Fetch-Site': _s, ...silent } = own;
    const foreign = [
      silent,
      { ...own, Origin: 'https://evil.example' },
      { ...own, 'Sec-Fetch-Site': 'cross-site' },
      { ...own, 'Sec-Fetch-Site': 'same-site' },
      { ...own, Origin: 'null' },
    ];
    for (const headers of foreign) {
      const refused = await ask(gateway, 'pause', { headers });
      expect([refused.status, problemIn(refused)]).toEqual([403, 'cross-site-request']);
    }
    expect(await logLength(gateway)).toBe(1);
    expect((await ask(gateway, 'live', { headers: silent })).status).toBe(200);
    expect((await ask(gateway, 'pause', { headers: own })).status).toBe(200);
  });

  it('is in an HttpOnly cookie with SameSite=Strict, and not in the body', async () => {
    const response = await ask(gateway, 'signIn', { body: { key: OPERATOR_KEY } });
    expect(response.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Strict/);
    expect(response.text).not.toContain('eyJ');
  });

  it('is refused after its sign-out, by another gateway too', async () => {
    const second = await startBeside(gateway);
    const own = await signIn(gateway);
    expect((await ask(second, 'session', { headers: own })).status).toBe(200);
    expect((await ask(gateway, 'signOut', { headers: own })).status).toBe(204);
    expect((await ask(gateway, 'session', { headers: own })).status).toBe(401);
    gateway.clock.advance(1_100);
    expect((await ask(second, 'session', { headers: own })).status).toBe(401);
  });

  it('is refused from the second of its end on, because sign-outs are not remembered for longer', async () => {
    const own = await signIn(gateway);
    gateway.clock.advance(SIGN_IN_MS - 1_000);
    expect((await ask(gateway, 'session', { headers: own })).status).toBe(200);
    gateway.clock.advance(1_000);
    expect((await ask(gateway, 'session', { headers: own })).status).toBe(401);
  });

  it('has the role of its key and ends when the key is removed', async () => {
    const { key } = await createKey(gateway, 'viewer');
    const own = await signIn(gateway, key);
    expect((await ask(gateway, 'pause', { headers: own })).status).toBe(403);
    const { document } = await ask(gateway, 'keys', { headers: withKey() });
    const created = (document as { keys: { id: string; name: string }[] }).keys.find(({ name }) => name === 'viewer');
    await ask(gateway, 'removeKey', { at: { key: created?.id ?? '' }, headers: withKey() });
    expect((await ask(gateway, 'session', { headers: own })).status).toBe(401);
    expect((await ask(gateway, 'session', { headers: withKey(key) })).status).toBe(401);
  });
});

describe('a wrong key', () => {
  it('makes its network wait twice as long each time, and does not slow down a session', async () => {
    const own = await signIn(gateway);
    const waits: number[] = [];
    for (let times = 0; times < 5; times++) {
      const refused = await ask(gateway, 'signIn', { body: { key: `wrong ${times}` } });
      expect(problemIn(refused)).toBe('wrong-key');
      waits.push(Number(refused.headers.get('Retry-After')));
      gateway.clock.advance(1_000 * (waits.at(-1) ?? 0));
    }
    expect(waits).toEqual([1, 2, 4, 8, 16]);
    expect((await ask(gateway, 'session', { headers: own })).status).toBe(200);
  });

  it('in the header: its network waits, and no key is compared meanwhile, not even the right one', async () => {
    const asRequest = (key: string) => ask(gateway, 'live', { headers: withKey(key) });
    const first = await asRequest('a-wrong-key');
    expect([first.status, problemIn(first), first.headers.get('Retry-After')]).toEqual([401, 'wrong-key', '1']);
    const meanwhile = await asRequest(OPERATOR_KEY);
    expect([meanwhile.status, problemIn(meanwhile)]).toEqual([429, 'too-many-requests']);
    const second = await startBeside(gateway);
    expect((await ask(second, 'live', { headers: withKey() })).status).toBe(429);
    gateway.clock.advance(1_000);
    expect((await asRequest(OPERATOR_KEY)).status).toBe(200);
  });

  it('of others in a network where a key was used keeps out neither requests nor sign-ins with it', async () => {
    await ask(gateway, 'live', { headers: withKey() });
    const restarted = await startBeside(gateway);
    for (let times = 0; times < 30; times++) {
      const status = (await ask(gateway, 'live', { headers: withKey(`wrong ${times}`.replace(' ', '-')) })).status;
      expect(status).toBe(times === 0 ? 401 : 429);
    }
    for (const where of [gateway, restarted]) {
      expect((await ask(where, 'live', { headers: withKey() })).status).toBe(200);
      expect((await ask(where, 'signIn', { body: { key: OPERATOR_KEY } })).status).toBe(200);
    }
  });

  it('that names a key where it was used slows down guesses at the rest of it', async () => {
    await ask(gateway, 'live', { headers: withKey() });
    const guess = (times: number) => `${OPERATOR_KEY.slice(0, -3)}${times + 100}`;
    const statuses: number[] = [];
    for (let times = 0; times < KNOWN_FAILURES_FREE + 5; times++) {
      statuses.push((await ask(gateway, 'live', { headers: withKey(guess(times)) })).status);
    }
    expect(statuses.slice(-5)).toEqual([401, 429, 429, 429, 429]);
    expect((await ask(gateway, 'live', { headers: withKey() })).status).toBe(429);
    gateway.clock.advance(1_000);
    expect((await ask(gateway, 'live', { headers: withKey() })).status).toBe(200);
  });

  it('is not in the store, nor is any valid key', async () => {
    const { key } = await createKey(gateway, 'operator');
    await signIn(gateway, key);
    await ask(gateway, 'signIn', { body: { key: 'a wrong key' } });
    const { directory } = gateway.store.inner;
    const stored = JSON.stringify([
      await directory.view(null),
      await directory.rows('audit', { after: 0, limit: 1_000 }),
    ]);
    for (const secret of [key, OPERATOR_KEY, 'a wrong key']) expect(stored).not.toContain(secret);
  });
});

describe('while the store is lost', () => {
  it('known operators may watch for five minutes, and no operator can change anything', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const [own, { key }] = [await signIn(gateway), await createKey(gateway, 'viewer')];
    for (const headers of [own, withKey(key)]) expect((await ask(gateway, 'live', { headers })).status).toBe(200);
    gateway.store.mode = 'fails';
    for (let minute = 0; minute < 5; minute++) {
      for (const headers of [own, withKey(key)]) {
        expect((await ask(gateway, 'live', { headers })).document).toHaveProperty('room', 'demo');
      }
      for (const name of ['pause', 'signOut'] as const) {
        expect((await ask(gateway, name, { headers: own })).status).toBe(503);
      }
      expect((await ask(gateway, 'live', { headers: withKey('an unknown key') })).status).not.toBe(200);
      gateway.clock.advance(59_000);
    }
    gateway.clock.advance(30_000);
    expect((await ask(gateway, 'live', { headers: own })).status).toBe(503);
  });
});

it('with a host of its own for the console, no other host answers operators', async () => {
  gateway = await startGateway({ consoleUrl: 'https://gate.example' });
  const there = { ...withKey(), Host: 'gate.example' };
  expect((await ask(gateway, 'session', { headers: there })).status).toBe(200);
  for (const headers of [withKey(), { ...withKey(), Host: new URL(PUBLIC_URL).host }]) {
    expect((await ask(gateway, 'session', { headers })).status).toBe(404);
    expect((await gateway.request('/_fairgate/console/', { headers })).status).toBe(404);
  }
});

it('an address without an operation is 404 for an operator, and 401 for any other request', async () => {
  const address = '/_fairgate/operator/nothing';
  const anonymous = await gateway.request(address);
  expect([anonymous.status, anonymous.headers.get('WWW-Authenticate')]).toEqual([
    401,
    expect.stringMatching(/^Bearer/),
  ]);
  expect((await gateway.request(address, { headers: withKey() })).status).toBe(404);
});
