// An operator's pass: its link is exchanged once, within seconds, on the site's own host, and `revokeAll` ends it although the
// store has no record of it.

import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, etag, signIn, withKey } from '../operators/operator-client.ts';
import { type InProcessGateway, ManualClock, NOON, PUBLIC_URL, startBeside, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const CONSOLE = 'https://gate.example';
const NAVIGATION = { ...AS_PAGE, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site' };

/** The pass link that the console gets. */
async function passLink(gateway: InProcessGateway): Promise<{ address: string; useBy: string }> {
  const { document } = await ask(gateway, 'givePass', { headers: await signIn(gateway) });
  return (document as { link: { address: string; useBy: string } }).link;
}

async function usePass(gateway: InProcessGateway, address: string, headers: Record<string, string> = NAVIGATION) {
  const { host, pathname, search } = new URL(address);
  const response = await gateway.request(`${pathname}${search}`, { headers: { ...headers, Host: host } });
  return { response, cookie: response.headers.getSetCookie()[0] ?? null };
}

/** Sends a request by which a visitor without admission gets no place. */
async function isAdmitted(gateway: InProcessGateway, cookie: string | null): Promise<boolean> {
  const headers: HeadersInit = cookie === null ? {} : { Cookie: cookie.split(';')[0] ?? '' };
  return (await (await gateway.request('/', { headers })).text()) === MARKER;
}

describe('a pass link', () => {
  it('leads to the site’s own address and works once', async () => {
    const gateway = await startInProcess({ keys });
    const { address, useBy } = await passLink(gateway);
    expect(new URL(address).origin).toBe(PUBLIC_URL);
    expect(Date.parse(useBy) - gateway.clock.now()).toBeLessThanOrEqual(30_000);
    const { response, cookie } = await usePass(gateway, address);
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/']);
    expect(cookie).toMatch(/^fairgate-admission-demo=.*; HttpOnly; SameSite=Lax/);
    expect(response.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await isAdmitted(gateway, cookie)).toBe(true);
    const again = await usePass(gateway, address);
    expect([again.response.status, again.cookie]).toEqual([403, null]);
  });

  it('works at one of two gateways that it is sent to at once', async () => {
    const gateway = await startInProcess({ keys });
    const beside = await startBeside(gateway);
    const { address } = await passLink(gateway);
    await beside.request('/_fairgate/rooms/demo/board');
    const responses = await Promise.all([usePass(gateway, address), usePass(beside, address)]);
    expect(responses.filter(({ cookie }) => cookie !== null)).toHaveLength(1);
  });

  it('is logged with its operator when it is created and when it is used', async () => {
    const gateway = await startInProcess({ keys });
    const { address } = await passLink(gateway);
    await usePass(gateway, address, { ...NAVIGATION, 'CF-Connecting-IP': '198.51.100.7' });
    const { document } = await ask(gateway, 'audit', { headers: withKey() });
    const { records } = document as { records: { action: string; to: { sid: string } }[] };
    const [given, used] = records.slice(-2);
    expect(given).toMatchObject({ action: 'givePass', by: { id: 'owner' } });
    expect(used).toMatchObject({ action: 'usePass', by: { id: 'owner', address: '198.51.100.7' } });
    expect(used?.to.sid).toBe(given?.to.sid);
  });

  it('is refused after 30 seconds, without any clock tolerance', async () => {
    const gateway = await startInProcess({ keys });
    const { address } = await passLink(gateway);
    gateway.clock.advance(30_000);
    expect((await usePass(gateway, address)).cookie).toBe(null);
  });

  it('is not used up by a prefetch, a HEAD request or a request for anything but a page', async () => {
    const gateway = await startInProcess({ keys });
    const { address } = await passLink(gateway);
    const { pathname, search } = new URL(address);
    for (const init of [
      { headers: { ...NAVIGATION, 'Sec-Purpose': 'prefetch' } },
      { headers: NAVIGATION, method: 'HEAD' },
      { headers: { Accept: '*/*', 'Sec-Fetch-Mode': 'no-cors' } },
      { headers: { Accept: 'application/json' } },
    ]) {
      const response = await gateway.request(`${pathname}${search}`, init);
      expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
    }
    expect((await usePass(gateway, address)).cookie).not.toBe(null);
  });

  it('carries a code that is neither an admission token nor an operator’s session, nor valid in another room', async () => {
    const gateway = await startInProcess({ keys });
    const { address } = await passLink(gateway);
    const code = new URL(address).searchParams.get('code') ?? '';
    expect(decodeJwt(code)).not.toHaveProperty('position');
    expect(await isAdmitted(gateway, `fairgate-admission-demo=${code}`)).toBe(false);
    const session = await ask(gateway, 'session', { headers: { Cookie: `fairgate-operator=${code}` } });
    expect(session.status).toBe(401);
    const other = {
      id: 'other',
      site: { title: { ko: '가', en: 'A' }, hosts: ['other.example'], origin: 'https://o.example' },
    };
    const body = {
      ...other,
      policy: { newUsersPerMinute: 60, totalActiveUsers: 50, sessionMinutes: 7 },
      schedule: { opensAt: '2031-03-02T20:00:00+09:00' },
    };
    expect((await ask(gateway, 'createRoom', { body, headers: withKey() })).status).toBe(200);
    expect((await usePass(gateway, address.replace('/rooms/demo/', '/rooms/other/'))).cookie).toBe(null);
    for (const forged of ['', 'x', `${code}x`]) {
      expect((await usePass(gateway, address.replace(code, forged))).cookie).toBe(null);
    }
    expect((await usePass(gateway, address)).cookie).not.toBe(null);
  });

  it('is refused once the operator’s key is removed, while the store fails, and after `revokeAll`', async () => {
    const gateway = await startInProcess({ keys });
    const added = await ask(gateway, 'addKey', {
      body: { name: 'On call', role: 'operator' },
      headers: withKey(),
    });
    const { id, key } = added.document as { id: string; key: string };
    const { document } = await ask(gateway, 'givePass', { headers: await signIn(gateway, key) });
    await ask(gateway, 'removeKey', { at: { key: id }, headers: withKey() });
    const { address } = (document as { link: { address: string } }).link;
    expect((await usePass(gateway, address)).cookie).toBe(null);

    const unused = await passLink(gateway);
    gateway.store.mode = 'fails';
    const failed = await usePass(gateway, unused.address);
    expect([failed.response.status, failed.cookie]).toEqual([403, null]);
    gateway.store.mode = 'answers';
    gateway.clock.advance(60_000);

    const late = await passLink(gateway);
    await ask(gateway, 'revokeAll', { headers: { ...withKey(), 'If-Match': await etag(gateway) } });
    expect((await usePass(gateway, late.address)).cookie).toBe(null);
  });

  it('leads to the room’s host where the console has a host of its own', async () => {
    for (const [host, expected] of [
      ['*', new URL(PUBLIC_URL).hostname],
      ['booking.example', 'booking.example'],
    ] as const) {
      const gateway = await startInProcess({ keys, consoleUrl: CONSOLE, room: { hosts: [host] } });
      const headers = { Host: 'gate.example', Origin: CONSOLE, 'Sec-Fetch-Site': 'same-origin' };
      const signed = await ask(gateway, 'signIn', { body: { key: withKey().Authorization.slice(7) }, headers });
      const Cookie = signed.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const { document } = await ask(gateway, 'givePass', { headers: { ...headers, Cookie } });
      const { address } = (document as { link: { address: string } }).link;
      expect(new URL(address).hostname).toBe(expected);
      const { cookie } = await usePass(gateway, address);
      expect(cookie).toMatch(/^fairgate-admission-demo=/);
      if (host === '*') expect(await isAdmitted(gateway, cookie)).toBe(true);
    }
  });
});

it('`revokeAll` ends passes of the same second, and a later pass is valid', async () => {
  const clock = new ManualClock();
  const gateway = await startInProcess({ keys, clock });
  const createPass = async () =>
    ((await ask(gateway, 'givePass', { headers: withKey() })).document as { admissionToken: string }).admissionToken;
  const admits = async (pass: string) =>
    (await (await gateway.request('/', { headers: { Authorization: `Bearer ${pass}` } })).text()) === MARKER;
  clock.at = NOON + 5_200;
  const pass = await createPass();
  expect(await admits(pass)).toBe(true);
  const { headers } = await ask(gateway, 'room', { headers: withKey() });
  clock.at = NOON + 5_500;
  const revoked = await ask(gateway, 'revokeAll', { headers: { ...withKey(), 'If-Match': headers.get('ETag') ?? '' } });
  expect(revoked.status).toBe(200);
  clock.at = NOON + 5_700;
  expect(await admits(pass)).toBe(false);
  clock.at = NOON + 6_100;
  expect(await admits(await createPass())).toBe(true);
});
