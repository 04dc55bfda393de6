// Changes of a room: applied once, on the version they were decided on, and recorded; and what a failing store leaves open.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type InProcessGateway, InProcessVisitor, NOON, startBeside } from '../gateway/in-process.ts';
import {
  ask,
  createKey,
  etag,
  logLength,
  MESSAGE,
  onCurrentVersion,
  POLICY,
  problemIn,
  SITE,
  startGateway,
  withKey,
} from './operator-client.ts';

let gateway: InProcessGateway;
/** Of changes that differ from each other. */
let rate = 200;

beforeEach(async () => {
  gateway = await startGateway();
});

describe('a change', () => {
  it('is applied for one of two operators who decided on the same version, and refused with 412 to the other', async () => {
    const headers = await onCurrentVersion(gateway);
    const both = await Promise.all([
      ask(gateway, 'setPolicy', { body: POLICY, headers }),
      ask(gateway, 'setPolicy', { body: { ...POLICY, newUsersPerMinute: 240 }, headers }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('is recorded with the operator, the time and the values before and after', async () => {
    const { key } = await createKey(gateway, 'operator');
    await ask(gateway, 'setPolicy', {
      body: POLICY,
      headers: { ...withKey(key), 'If-Match': await etag(gateway) },
    });
    const { document } = await ask(gateway, 'audit', { headers: withKey() });
    expect((document as { records: unknown[] }).records.at(-1)).toMatchObject({
      seq: 2,
      at: expect.stringMatching(/Z$/),
      by: { name: 'operator', role: 'operator' },
      action: 'setPolicy',
      from: { newUsersPerMinute: 60_000, totalActiveUsers: 1_000 },
      to: { newUsersPerMinute: 120, totalActiveUsers: 50 },
    });
  });

  it('with an Idempotency-Key is applied once, however often it is sent', async () => {
    const headers = { ...(await onCurrentVersion(gateway)), 'Idempotency-Key': 'the-same-change-again' };
    const first = await ask(gateway, 'setMessage', { body: MESSAGE, headers });
    const again = await ask(gateway, 'setMessage', { body: MESSAGE, headers });
    expect(again.text).toBe(first.text);
    expect(await logLength(gateway)).toBe(2);
  });

  it('that stops the line needs no If-Match', async () => {
    for (const name of ['pause', 'hold'] as const) {
      expect((await ask(gateway, name, { headers: withKey() })).status).toBe(200);
    }
  });

  it('from hold to pause, which admits visitors again, needs If-Match with the current version', async () => {
    await ask(gateway, 'hold', { headers: withKey() });
    const without = await ask(gateway, 'pause', { headers: withKey() });
    expect([without.status, problemIn(without)]).toEqual([428, 'if-match-needed']);
    const outdated = await ask(gateway, 'pause', { headers: { ...withKey(), 'If-Match': '"0.0.running"' } });
    expect([outdated.status, problemIn(outdated)]).toEqual([412, 'changed-meanwhile']);
    const current = await ask(gateway, 'pause', { headers: await onCurrentVersion(gateway) });
    expect(current.status).toBe(200);
  });

  it('is made with a list that has the current version, and with * on whichever version is in force', async () => {
    const tag = await etag(gateway);
    for (const field of [`"xyzzy", ${tag}`, `,W/"1" ,"0.0.running",\t${tag},`, `"a,b",${tag}`, '*', ' * ']) {
      const headers = { ...withKey(), 'If-Match': field.replace(tag, await etag(gateway)) };
      const changed = await ask(gateway, 'setPolicy', { body: { ...POLICY, newUsersPerMinute: ++rate }, headers });
      expect([field, changed.status]).toEqual([field, 200]);
    }
    const beside = await startBeside(gateway);
    await ask(beside, 'room', { headers: withKey() });
    await ask(gateway, 'setPolicy', { body: POLICY, headers: { ...withKey(), 'If-Match': '*' } });
    const headers = { ...withKey(), 'If-Match': '*' };
    expect((await ask(beside, 'setPolicy', { body: { ...POLICY, newUsersPerMinute: 7 }, headers })).status).toBe(200);
    expect((await ask(beside, 'setSite', { body: SITE, headers })).status).toBe(200);
  });

  it('that stops the line is refused with 412 where its If-Match does not match', async () => {
    for (const field of ['"xyzzy"', `W/${await etag(gateway)}`]) {
      const refused = await ask(gateway, 'pause', { headers: { ...withKey(), 'If-Match': field } });
      expect([refused.status, problemIn(refused)]).toEqual([412, 'changed-meanwhile']);
    }
    expect((await ask(gateway, 'pause', { headers: { ...withKey(), 'If-Match': '*' } })).status).toBe(200);
  });

  it('of a room that does not exist is refused with 404', async () => {
    const bodies = { setSite: { ...SITE, hosts: ['*'] }, setPolicy: POLICY, pause: undefined };
    for (const name of ['setSite', 'setPolicy', 'pause'] as const) {
      const headers = { ...withKey(), 'If-Match': '"1.1.running"' };
      const refused = await ask(gateway, name, { body: bodies[name], headers, at: { room: 'nowhere' } });
      expect([refused.status, problemIn(refused)]).toEqual([404, 'not-found']);
    }
  });

  it('is unconfirmed when the store fails to reply, and not sent once the directory cannot be read', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const headers = await onCurrentVersion(gateway);
    gateway.store.mode = 'fails';
    const unconfirmed = await ask(gateway, 'setPolicy', { body: POLICY, headers });
    expect([unconfirmed.status, problemIn(unconfirmed)]).toEqual([503, 'change-unconfirmed']);
    const pause = await ask(gateway, 'pause', { headers: withKey() });
    expect(problemIn(pause)).toBe('change-unconfirmed');
    gateway.clock.advance(10 * 60_000);
    for (const [name, body] of [
      ['rooms', undefined],
      ['setPolicy', POLICY],
    ] as const) {
      const unread = await ask(gateway, name, { body, headers });
      expect([unread.status, problemIn(unread)]).toEqual([503, 'store-unreachable']);
    }
  });
});

describe('a schedule', () => {
  const OPENS = new Date(NOON + 60_000).toISOString();
  const LATER = new Date(NOON + 600_000).toISOString();
  let visitor: InProcessVisitor;

  beforeEach(async () => {
    gateway = await startGateway({ room: { schedule: { opensAt: OPENS, closesAt: LATER } } });
    visitor = new InProcessVisitor(gateway);
    await visitor.act('join');
  });

  it('that moves the opening keeps the entries', async () => {
    const body = { opensAt: new Date(NOON + 1_200_000).toISOString() };
    await ask(gateway, 'setSchedule', { body, headers: await onCurrentVersion(gateway) });
    gateway.clock.advance(700_000);
    expect((await visitor.status()).state).toBe('entered');
  });

  it('decided on before the opening and received after it is refused with 412, and places are kept', async () => {
    const headers = await onCurrentVersion(gateway);
    gateway.clock.advance(60_200);
    const late = await ask(gateway, 'setSchedule', { body: { opensAt: LATER }, headers });
    expect([late.status, problemIn(late)]).toEqual([412, 'changed-meanwhile']);
    expect(await visitor.status()).toMatchObject({ position: 1 });
  });

  it('decided on before the closing and received after it is refused with 412, and the epoch goes on', async () => {
    gateway.clock.advance(120_000);
    await visitor.act('claim');
    const headers = await onCurrentVersion(gateway);
    const { document } = await ask(gateway, 'room', { headers: withKey() });
    const { epoch, schedule } = document as { epoch: number; schedule: { opensAt: string } };
    gateway.clock.advance(500_000);
    const body = { opensAt: schedule.opensAt, closesAt: new Date(NOON + 3_600_000).toISOString() };
    const late = await ask(gateway, 'setSchedule', { body, headers });
    expect([late.status, problemIn(late)]).toEqual([412, 'changed-meanwhile']);
    expect((await ask(gateway, 'room', { headers: withKey() })).document).toMatchObject({ epoch, state: 'closed' });
  });

  it('on the current version is applied, and the response has the ETag of the room after it', async () => {
    for (const opensAt of [LATER, new Date(NOON + 900_000).toISOString(), OPENS]) {
      const headers = await onCurrentVersion(gateway);
      const applied = await ask(gateway, 'setSchedule', { body: { opensAt }, headers });
      expect([applied.status, applied.headers.get('ETag')]).toEqual([200, await etag(gateway)]);
    }
    for (const name of ['openNow', 'close', 'openNow'] as const) {
      const applied = await ask(gateway, name, { headers: await onCurrentVersion(gateway) });
      expect([applied.status, applied.headers.get('ETag')]).toEqual([200, await etag(gateway)]);
    }
  });

  it('outside the years 1970 to 9999 is refused', async () => {
    for (const opensAt of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', '1969-12-31T23:59:59Z']) {
      const headers = await onCurrentVersion(gateway);
      const refused = await ask(gateway, 'setSchedule', { body: { opensAt }, headers });
      expect([refused.status, problemIn(refused)]).toEqual([422, 'bad-input']);
    }
  });
});
