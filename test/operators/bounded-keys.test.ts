// Keys that end, keys for single rooms, and when a key was last used.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { KEY_USE_MS, SIGN_IN_MS } from '../../queue-core/limits.ts';
import { OPERATIONS, type Operation, type OperationName, reachOf } from '../../worker/contract/operator-api.ts';
import { type InProcessGateway, NOON, startBeside } from '../gateway/in-process.ts';
import { ask, causesIn, etag, logLength, problemIn, signIn, startGateway, withKey } from './operator-client.ts';
import { validRequest } from './valid-requests.ts';

let gateway: InProcessGateway;
const OTHER = 'other-people';

beforeEach(async () => {
  const site = { title: { ko: '남의 일', en: 'Not their business' }, hosts: ['secret.example'] };
  gateway = await startGateway({ moreRooms: [{ id: OTHER, ...site }] });
});

const inSeconds = (seconds: number) => new Date(NOON + seconds * 1_000).toISOString();

async function addKey(bounds: Record<string, unknown>): Promise<string> {
  const body = { name: 'Night', role: 'operator', ...bounds };
  const { status, document, text } = await ask(gateway, 'addKey', { body, headers: withKey() });
  if (status !== 200) throw new Error(text);
  return (document as { key: string }).key;
}

describe('a key with an end', () => {
  it('works until then, on every gateway, and is refused from then on with its session, its pass and another sign-in', async () => {
    const key = await addKey({ expiresAt: inSeconds(60) });
    const own = await signIn(gateway, key);
    const session = await ask(gateway, 'session', { headers: own });
    expect(session.document).toMatchObject({ expiresAt: inSeconds(60) });
    const beside = await startBeside(gateway);
    for (const one of [gateway, beside]) expect((await ask(one, 'live', { headers: withKey(key) })).status).toBe(200);
    gateway.clock.advance(60_000);
    for (const one of [gateway, beside]) {
      const refused = await ask(one, 'live', { headers: withKey(key) });
      expect([refused.status, problemIn(refused)]).toEqual([401, 'key-expired']);
      expect((await ask(one, 'session', { headers: own })).status).toBe(401);
    }
    const again = await ask(gateway, 'signIn', { body: { key } });
    expect([again.status, problemIn(again)]).toEqual([401, 'key-expired']);
  });

  it('gives passes that end with it', async () => {
    const headers = withKey(await addKey({ expiresAt: inSeconds(60) }));
    const given = await ask(gateway, 'givePass', { headers });
    const { admissionToken, expiresAt } = given.document as { admissionToken: string; expiresAt: string };
    expect(expiresAt).toBe(inSeconds(60));
    const visit = () => gateway.request('/book', { headers: { Authorization: `Bearer ${admissionToken}` } });
    expect((await visit()).status).toBe(200);
    gateway.clock.advance(61_000);
    expect((await visit()).status).toBe(403);
  });

  it('is not counted as a wrong one, and nobody has to wait because of it', async () => {
    const key = await addKey({ expiresAt: inSeconds(1) });
    gateway.clock.advance(2_000);
    for (let tries = 0; tries < 5; tries++) {
      expect(problemIn(await ask(gateway, 'live', { headers: withKey(key) }))).toBe('key-expired');
    }
    expect((await ask(gateway, 'session', { headers: withKey() })).status).toBe(200);
  });

  it('is ahead, and a session does not outlive the usual time because of it', async () => {
    const past = await ask(gateway, 'addKey', {
      body: { name: 'Late', role: 'viewer', expiresAt: inSeconds(-1) },
      headers: withKey(),
    });
    expect([past.status, causesIn(past)]).toEqual([422, { expiresAt: { kind: 'form' } }]);
    const own = await signIn(gateway, await addKey({ expiresAt: inSeconds(10 * 86_400) }));
    gateway.clock.advance(SIGN_IN_MS);
    expect((await ask(gateway, 'session', { headers: own })).status).toBe(401);
  });
});

describe('a key for single rooms', () => {
  const all = Object.entries(OPERATIONS) as [OperationName, Operation][];
  let key: string;
  beforeEach(async () => {
    key = await addKey({ rooms: ['demo'] });
  });

  it.each(all.filter(([, operation]) => reachOf(operation) === 'room'))(
    'does not see or change another room, or one that there is not: %s',
    async (name, { role }) => {
      if (role === 'owner') return;
      for (const room of [OTHER, 'nothing']) {
        const headers = { ...withKey(key), 'If-Match': '*' };
        const refused = await ask(gateway, name, { ...validRequest(name, headers), at: { room } });
        expect([refused.status, problemIn(refused)]).toEqual([403, 'other-room']);
      }
    },
  );

  it.each(all.filter(([, operation]) => reachOf(operation) === 'deployment'))(
    'does not see or change what is no room’s: %s',
    async (name, { role }) => {
      if (role === null) return;
      const before = await logLength(gateway);
      const refused = await ask(gateway, name, validRequest(name, withKey(key)));
      expect([refused.status, problemIn(refused)]).toEqual([403, role === 'owner' ? 'role-too-small' : 'other-room']);
      expect(await logLength(gateway)).toBe(before);
    },
  );

  it('tells nothing about other rooms in any answer that it gets', async () => {
    const own = await signIn(gateway, key);
    for (const [name, operation] of all) {
      if (reachOf(operation) === 'deployment' || name === 'signOut') continue;
      const headers = { ...own, 'If-Match': await etag(gateway) };
      const { status, text } = await ask(gateway, name, validRequest(name, headers));
      expect([name, /other-people|Not their business|secret\.example/.exec(text)?.[0]]).toEqual([name, undefined]);
      expect([name, status < 500]).toEqual([name, true]);
    }
    expect((await ask(gateway, 'rooms', { headers: own })).document).toMatchObject({ rooms: [{ id: 'demo' }] });
  });

  it('controls its own room, and says which it is for', async () => {
    const headers = withKey(key);
    expect((await ask(gateway, 'pause', { headers })).status).toBe(200);
    expect((await ask(gateway, 'session', { headers })).document).toMatchObject({ operator: { rooms: ['demo'] } });
    expect((await ask(gateway, 'session', { headers: withKey() })).document).toMatchObject({
      operator: { rooms: null },
    });
  });

  it('does not read the metrics, which name every room', async () => {
    const metrics = (headers: Record<string, string>) => gateway.request('/_fairgate/metrics', { headers });
    expect([(await metrics(withKey(key))).status, (await metrics(withKey())).status]).toEqual([403, 200]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['of an owner', { role: 'owner', rooms: ['demo'] }],
    ['of no room', { rooms: [] }],
    ['of a room that there is not', { rooms: ['demo', 'nothing'] }],
    ['of something that is no room', { rooms: ['*'] }],
  ])('is not made: %s', async (_, bounds) => {
    const body = { name: 'Wrong', role: 'viewer', ...bounds };
    const refused = await ask(gateway, 'addKey', { body, headers: withKey() });
    expect(refused.status).toBe(422);
    expect(Object.keys(causesIn(refused))[0]).toMatch(/^rooms/);
  });
});

describe('the last use', () => {
  const lastUses = async () => {
    const { document } = await ask(gateway, 'keys', { headers: withKey() });
    const { keys } = document as { keys: { id: string; lastUse: { at: string; from: string } | null }[] };
    return Object.fromEntries(keys.map(({ id, lastUse }) => [id, lastUse]));
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('is known of keys in headers and of sessions, within minutes, without a write for each request', async () => {
    const created = await ask(gateway, 'addKey', { body: { name: 'Night', role: 'viewer' }, headers: withKey() });
    const { id, key } = created.document as { id: string; key: string };
    expect((await lastUses())[id]).toBeNull();
    const own = await signIn(gateway, key);
    const at = (await lastUses())[id]?.at;
    expect(at).toBe(inSeconds(0));

    const apply = vi.spyOn(gateway.store.inner.directory, 'apply');
    for (let request = 0; request < 50; request++) {
      await ask(gateway, 'live', { headers: own });
      await ask(gateway, 'live', { headers: withKey(key) });
    }
    await settled();
    const uses = () => apply.mock.calls.flatMap(([commands]) => commands).filter(({ kind }) => kind === 'useKey');
    expect(uses().length).toBeLessThanOrEqual(1);

    gateway.clock.advance(KEY_USE_MS);
    await ask(gateway, 'live', { headers: own });
    await settled();
    expect(uses().length).toBeLessThanOrEqual(2);
    expect((await lastUses())[id]?.at).toBe(inSeconds(KEY_USE_MS / 1_000));
  });

  it('does not keep an operator out who comes while the store does not respond', async () => {
    const own = await signIn(gateway, await addKey({}));
    expect((await ask(gateway, 'live', { headers: withKey() })).status).toBe(200);
    gateway.store.mode = 'fails';
    expect((await ask(gateway, 'live', { headers: own })).status).toBe(200);
  });
});
