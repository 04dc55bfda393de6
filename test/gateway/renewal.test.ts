// Renewal of sessions: the absolute end, rooms in which nothing is renewed, and tokens from before a renewal. The app runs in
// this process with a manual clock.

import { beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import { newSigningKey, type SigningKeys } from '../../worker/tokens/signing-keys.ts';
import { change } from '../core/sample-rooms.ts';
import { payloadOf } from './forged-tokens.ts';
import { enter, type InProcessGateway, InProcessVisitor, startBeside, startInProcess } from './in-process.ts';
import { MARKER } from './recording-origin.ts';

let keys: SigningKeys;

beforeAll(async () => {
  keys = { keys: [await newSigningKey(0)] };
});

const ADMISSION = 'fairgate-admission-demo';
const POLICY = { sessionMinutes: 1, sessionTotalMinutes: 3 };

const start = (policy = {}) => startInProcess({ keys, room: { policy: { ...POLICY, ...policy } } });

/** Sends a request by which a visitor without admission gets no place. */
async function isAdmitted(visitor: InProcessVisitor, gateway?: InProcessGateway): Promise<boolean> {
  return (await (await visitor.send('/', {}, gateway)).text()) === MARKER;
}

function tokenOf(visitor: InProcessVisitor) {
  const { exp, nbf, sid } = payloadOf(visitor.jar.get(ADMISSION) ?? '');
  return { end: Number(exp) * 1_000, admitAt: Number(nbf) * 1_000, sid: String(sid) };
}

/** A visitor whose cookie never changes, whatever a response sets. */
function copyOf(visitor: InProcessVisitor, gateway: InProcessGateway): () => Promise<Response> {
  const token = visitor.jar.get(ADMISSION);
  return () => gateway.request('/', { headers: { Cookie: `${ADMISSION}=${token}` } });
}

const renewals = ({ store }: InProcessGateway) => store.applied.filter((kind) => kind === 'renew').length;

/** Advances to the second half of a session of one minute, with a view of that time. */
async function toSecondHalf(gateway: InProcessGateway): Promise<void> {
  gateway.clock.advance(40_000);
  await gateway.request('/_fairgate/rooms/demo/board');
}

describe('the absolute end of a session', () => {
  it('is passed by no renewal: the tokens end there, and so does the admission', async () => {
    const gateway = await start();
    gateway.clock.advance(300); // Tokens end on whole seconds, and sessions do not.
    const visitor = await enter(gateway);
    const { admitAt } = tokenOf(visitor);
    const end = Math.floor((admitAt + 180_000) / 1_000) * 1_000;
    while (gateway.clock.at < end - 1_000) {
      expect(await isAdmitted(visitor)).toBe(true);
      expect(tokenOf(visitor).end).toBeLessThanOrEqual(end);
      gateway.clock.advance(1_000);
    }
    expect(tokenOf(visitor).end).toBe(end);
    gateway.clock.at = end;
    expect(await isAdmitted(visitor)).toBe(false);
    gateway.clock.advance(1_000);
    expect((await visitor.act('claim')).status).toBe(410);
    // Three renewals to get there, and none for the last stretch.
    expect(renewals(gateway)).toBeLessThanOrEqual(4);
  });

  it('lets honest visitors in, in turn, where one client renews every place it holds', async () => {
    const gateway = await start({ totalActiveUsers: 3, newUsersPerMinute: 6_000 });
    const squatter = await Promise.all([enter(gateway), enter(gateway), enter(gateway)]);
    const honest = Array.from({ length: 6 }, () => ({
      visitor: new InProcessVisitor(gateway),
      enteredAt: 0,
      gone: false,
    }));
    const startedAt = gateway.clock.at;
    for (const { visitor } of honest) await visitor.act('join');
    while (gateway.clock.at < startedAt + 300_000) {
      gateway.clock.advance(5_000);
      for (const place of squatter) await place.page();
      for (const one of honest) {
        if (one.gone) continue;
        const isInside = (await (await one.visitor.page()).text()) === MARKER;
        if (isInside && one.enteredAt === 0) one.enteredAt = gateway.clock.at - startedAt;
        if (isInside && gateway.clock.at - startedAt > one.enteredAt + 20_000) {
          await one.visitor.act('leave');
          one.gone = true;
        }
      }
    }
    const entered = honest.map(({ enteredAt }) => enteredAt);
    expect(Math.min(...entered)).toBeGreaterThan(0);
    expect(entered[0]).toBeLessThanOrEqual(180_000 + 20_000);
    expect(entered).toEqual(entered.toSorted((a, b) => a - b));
  });
});

describe('a session in its second half', () => {
  it('is not renewed in a closed room: the gateway does not ask the store, and the session goes on to its end', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const { end } = tokenOf(visitor);
    await gateway.store.inner.apply('demo', [change({ kind: 'close' })]);
    await toSecondHalf(gateway);
    for (let times = 0; times < 5; times++) expect(await isAdmitted(visitor)).toBe(true);
    expect(renewals(gateway)).toBe(0);
    expect(tokenOf(visitor).end).toBe(end);
    gateway.clock.at = end;
    expect(await isAdmitted(visitor)).toBe(false);
  });

  it('is not renewed in a sold-out room', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const { end } = tokenOf(visitor);
    await gateway.store.inner.apply('demo', [{ kind: 'reportStock', remaining: 0, asOf: gateway.clock.at }]);
    await toSecondHalf(gateway);
    expect(await isAdmitted(visitor)).toBe(true);
    expect(renewals(gateway)).toBe(0);
    expect(tokenOf(visitor).end).toBe(end);
  });
});

describe('a token from before a renewal', () => {
  it('costs its gateway no store operation, is valid to its own end, and gets the renewed token each time', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const sendOld = copyOf(visitor, gateway);
    const { end, sid } = tokenOf(visitor);
    await toSecondHalf(gateway);
    expect(await isAdmitted(visitor)).toBe(true);
    const renewed = tokenOf(visitor);
    expect(renewed.end).toBeGreaterThan(end);
    expect(renewals(gateway)).toBe(1);
    while (gateway.clock.at < end - 500) {
      const response = await sendOld();
      expect(await response.text()).toBe(MARKER);
      const late = new InProcessVisitor(gateway);
      late.jar.keep(response);
      expect(tokenOf(late)).toMatchObject({ sid, end: renewed.end });
      gateway.clock.advance(500);
    }
    gateway.clock.at = end;
    expect((await sendOld()).status).toBe(403);
    expect(renewals(gateway)).toBe(1);
  });

  it('is renewed once by 100 requests at the same time', async () => {
    const gateway = await start();
    const sendOld = copyOf(await enter(gateway), gateway);
    await toSecondHalf(gateway);
    gateway.store.beforeReply = () => new Promise((resolve) => setTimeout(resolve, 20));
    const responses = await Promise.all(Array.from({ length: 100 }, sendOld));
    expect(responses.map(({ status }) => status)).toEqual(Array(100).fill(200));
    expect(renewals(gateway)).toBe(1);
  });

  it('costs every other gateway one store operation, which gives the same session', async () => {
    const gateway = await start();
    const others = [await startBeside(gateway), await startBeside(gateway)];
    const visitor = await enter(gateway);
    const { sid } = tokenOf(visitor);
    const sendOld = others.map((other) => copyOf(visitor, other));
    await toSecondHalf(gateway);
    expect(await isAdmitted(visitor)).toBe(true);
    const renewed = tokenOf(visitor);
    for (let times = 0; times < 8; times++) {
      gateway.clock.advance(1_000);
      for (const [index, send] of sendOld.entries()) {
        const response = await send();
        expect(await response.text()).toBe(MARKER);
        const there = new InProcessVisitor(gateway);
        there.jar.keep(response);
        expect(tokenOf(there)).toMatchObject({ sid, end: renewed.end });
        expect(renewals(others[index] ?? gateway)).toBe(1);
      }
    }
  });

  it('is tried again where the renewal failed, at most every two seconds', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const { end } = tokenOf(visitor);
    await toSecondHalf(gateway);
    gateway.store.beforeReply = async () => {
      throw new StoreUnavailable('the reply was lost');
    };
    for (let times = 0; times < 10; times++) expect(await isAdmitted(visitor)).toBe(true);
    expect(renewals(gateway)).toBe(1);
    gateway.store.beforeReply = async () => {};
    gateway.clock.advance(2_500);
    await gateway.request('/_fairgate/rooms/demo/board');
    expect(await isAdmitted(visitor)).toBe(true);
    expect(renewals(gateway)).toBe(2);
    expect(tokenOf(visitor).end).toBeGreaterThan(end);
  });

  it('is refused once the session has ended, whatever the gateway remembers of its renewal', async () => {
    const gateway = await start();
    const visitor = await enter(gateway);
    const sendOld = copyOf(visitor, gateway);
    await toSecondHalf(gateway);
    expect(await isAdmitted(visitor)).toBe(true);
    await visitor.act('leave');
    const response = await sendOld();
    expect(response.status).toBe(403);
    expect(response.headers.get('Set-Cookie')).toBeNull();
    expect(renewals(gateway)).toBe(1);
  });
});
