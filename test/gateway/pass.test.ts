// An operator's own way past the line: one exchange of an address, within seconds, on the site's own host; and it ends when
// everybody is sent out, although no record of it can be looked at.

import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { ask, etag, signIn, withKey } from '../operators/operator-client.ts';
import { NOON, type Played, PlayedClock, PUBLIC_URL, playBeside, playGateway } from './in-process.ts';
import { MARKER } from './recording-origin.ts';
import { AS_PAGE } from './visitor-client.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const CONSOLE = 'https://gate.example';
const GONE_THERE = { ...AS_PAGE, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site' };

/** What the console asks for and gets. */
async function linkFrom(played: Played): Promise<{ address: string; useBy: string }> {
  const { document } = await ask(played, 'givePass', { headers: await signIn(played) });
  return (document as { link: { address: string; useBy: string } }).link;
}

async function takeUp(played: Played, address: string, headers: Record<string, string> = GONE_THERE) {
  const { pathname, search } = new URL(address);
  const response = await played.ask(`${pathname}${search}`, { headers });
  return { response, cookie: response.headers.getSetCookie()[0] ?? null };
}

async function leadsIn(played: Played, cookie: string | null): Promise<boolean> {
  const headers = { ...AS_PAGE, ...(cookie === null ? {} : { Cookie: cookie.split(';')[0] ?? '' }) };
  return (await (await played.ask('/', { headers })).text()) === MARKER;
}

describe('a pass', () => {
  it('is taken up at the site’s own address, once, and then opens it', async () => {
    const played = await playGateway({ keys });
    const { address, useBy } = await linkFrom(played);
    expect(new URL(address).origin).toBe(PUBLIC_URL);
    expect(Date.parse(useBy) - played.clock.now()).toBeLessThanOrEqual(30_000);
    const { response, cookie } = await takeUp(played, address);
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/']);
    expect(cookie).toMatch(/^fairgate-admission-demo=.*; HttpOnly; SameSite=Lax/);
    expect(response.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await leadsIn(played, cookie)).toBe(true);
    const again = await takeUp(played, address);
    expect([again.response.status, again.cookie]).toEqual([403, null]);
  });

  it('is taken up by one of two gateways at once', async () => {
    const played = await playGateway({ keys });
    const beside = await playBeside(played);
    const { address } = await linkFrom(played);
    await beside.ask('/_fairgate/rooms/demo/board');
    const both = await Promise.all([takeUp(played, address), takeUp(beside, address)]);
    expect(both.filter(({ cookie }) => cookie !== null)).toHaveLength(1);
  });

  it('is recorded when it is given and when it is taken up, and by whom', async () => {
    const played = await playGateway({ keys });
    const { address } = await linkFrom(played);
    await takeUp(played, address, { ...GONE_THERE, 'CF-Connecting-IP': '198.51.100.7' });
    const { document } = await ask(played, 'audit', { headers: withKey() });
    const { records } = document as { records: { action: string; to: { sid: string } }[] };
    const [given, used] = records.slice(-2);
    expect(given).toMatchObject({ action: 'givePass', by: { id: 'owner' } });
    expect(used).toMatchObject({ action: 'usePass', by: { id: 'owner', address: '198.51.100.7' } });
    expect(used?.to.sid).toBe(given?.to.sid);
  });

  it('leads nowhere when its seconds are over, whatever a gateway tolerates', async () => {
    const played = await playGateway({ keys });
    const { address } = await linkFrom(played);
    played.clock.advance(30_000);
    expect((await takeUp(played, address)).cookie).toBe(null);
  });

  it('is not taken up by what only looks ahead, looks at the head, or is no page', async () => {
    const played = await playGateway({ keys });
    const { address } = await linkFrom(played);
    const { pathname, search } = new URL(address);
    for (const init of [
      { headers: { ...GONE_THERE, 'Sec-Purpose': 'prefetch' } },
      { headers: GONE_THERE, method: 'HEAD' },
      { headers: { Accept: '*/*', 'Sec-Fetch-Mode': 'no-cors' } },
      { headers: { Accept: 'application/json' } },
    ]) {
      const response = await played.ask(`${pathname}${search}`, init);
      expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
    }
    expect((await takeUp(played, address)).cookie).not.toBe(null);
  });

  it('has in its address neither an admission token nor an operator’s session, nor the code of another room', async () => {
    const played = await playGateway({ keys });
    const { address } = await linkFrom(played);
    const code = new URL(address).searchParams.get('code') ?? '';
    expect(decodeJwt(code)).not.toHaveProperty('position');
    expect(await leadsIn(played, `fairgate-admission-demo=${code}`)).toBe(false);
    const session = await ask(played, 'session', { headers: { Cookie: `fairgate-operator=${code}` } });
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
    expect((await ask(played, 'createRoom', { body, headers: withKey() })).status).toBe(200);
    expect((await takeUp(played, address.replace('/rooms/demo/', '/rooms/other/'))).cookie).toBe(null);
    for (const forged of ['', 'x', `${code}x`]) {
      expect((await takeUp(played, address.replace(code, forged))).cookie).toBe(null);
    }
    expect((await takeUp(played, address)).cookie).not.toBe(null);
  });

  it('leads nowhere once the operator’s key is gone, the store fails, or everybody was sent out', async () => {
    const played = await playGateway({ keys });
    const made = await ask(played, 'addKey', { body: { name: 'Night', role: 'operator' }, headers: withKey() });
    const { id, key } = made.document as { id: string; key: string };
    const { document } = await ask(played, 'givePass', { headers: await signIn(played, key) });
    await ask(played, 'removeKey', { at: { key: id }, headers: withKey() });
    const { address } = (document as { link: { address: string } }).link;
    expect((await takeUp(played, address)).cookie).toBe(null);

    const unread = await linkFrom(played);
    played.store.mood = 'fails';
    const failed = await takeUp(played, unread.address);
    expect([failed.response.status, failed.cookie]).toEqual([403, null]);
    played.store.mood = 'answers';
    played.clock.advance(60_000);

    const late = await linkFrom(played);
    await ask(played, 'revokeAll', { headers: { ...withKey(), 'If-Match': await etag(played) } });
    expect((await takeUp(played, late.address)).cookie).toBe(null);
  });

  it('given on a console of its own host leads to the host that the room protects', async () => {
    for (const [host, leadsTo] of [
      ['*', new URL(PUBLIC_URL).hostname],
      ['booking.example', 'booking.example'],
    ] as const) {
      const played = await playGateway({ keys, consoleUrl: CONSOLE, room: { hosts: [host] } });
      const headers = { Host: 'gate.example', Origin: CONSOLE, 'Sec-Fetch-Site': 'same-origin' };
      const signed = await ask(played, 'signIn', { body: { key: withKey().Authorization.slice(7) }, headers });
      const Cookie = signed.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const { document } = await ask(played, 'givePass', { headers: { ...headers, Cookie } });
      const { address } = (document as { link: { address: string } }).link;
      expect(new URL(address).hostname).toBe(leadsTo);
      const { cookie } = await takeUp(played, address);
      expect(cookie).toMatch(/^fairgate-admission-demo=/);
      if (host === '*') expect(await leadsIn(played, cookie)).toBe(true);
    }
  });
});

it('a pass given within the second in which everybody was sent out leads nowhere; a later one does', async () => {
  const clock = new PlayedClock();
  const played = await playGateway({ keys, clock });
  const givenPass = async () =>
    ((await ask(played, 'givePass', { headers: withKey() })).document as { admissionToken: string }).admissionToken;
  const opens = async (pass: string) =>
    (await (await played.ask('/', { headers: { Authorization: `Bearer ${pass}` } })).text()) === MARKER;
  clock.at = NOON + 5_200;
  const pass = await givenPass();
  expect(await opens(pass)).toBe(true);
  const { headers } = await ask(played, 'room', { headers: withKey() });
  clock.at = NOON + 5_500;
  const revoked = await ask(played, 'revokeAll', { headers: { ...withKey(), 'If-Match': headers.get('ETag') ?? '' } });
  expect(revoked.status).toBe(200);
  clock.at = NOON + 5_700;
  expect(await opens(pass)).toBe(false);
  clock.at = NOON + 6_100;
  expect(await opens(await givenPass())).toBe(true);
});
