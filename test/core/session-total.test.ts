// The absolute end of a session: no renewal passes it, and none is made in a room where nothing is left to do.

import { describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import { decodeRoom, encodeDocument } from '../../queue-core/stored-format.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, claim, configure, join, policy, settings, T0 } from './sample-rooms.ts';

const MINUTE = 60_000;
const LIMITS = { sessionMs: MINUTE, sessionTotalMsMax: 3 * MINUTE };
/** Of the first session. */
const ADMITTED_AT = T0 + 1_000;
const END = ADMITTED_AT + LIMITS.sessionTotalMsMax;

const renewal = (position = 1, name = 'a'): Command => ({ kind: 'renew', epoch: 1, position, sid: `sid-${name}` });

function admitted(changes = {}) {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({ ...LIMITS, ...changes })));
  room.send(ADMITTED_AT, join('a', true));
  return room;
}

/** Renews every ten seconds until the session is over. @returns when that was first noticed */
function renewToTheEnd(room: CheckedRoom, from: number): number {
  for (let now = from; ; now += 10_000) if (room.send(now, renewal()).kind !== 'admitted') return now;
}

describe('a session that is renewed without end', () => {
  test('is over at its absolute end, and its vacancy is free', () => {
    const room = admitted();
    for (let now = ADMITTED_AT; now < END; now += 10_000) {
      const reply = room.send(now, renewal());
      expect(reply).toMatchObject({ kind: 'admitted' });
      if (reply.kind === 'admitted') expect(reply.expiresAt).toBeLessThanOrEqual(END);
    }
    expect(room.send(END - 1, renewal())).toMatchObject({ kind: 'admitted', expiresAt: END });
    expect(room.send(END, renewal())).toMatchObject({ kind: 'ended', reason: 'expired' });
    expect(room.send(END, claim(1, 'a'))).toMatchObject({ kind: 'ended', reason: 'expired' });
    room.send(END + 1_000, { kind: 'tick' });
    expect(room.document.sessions).toMatchObject({ active: 0, totals: { expired: 1 } });
  });

  test('is not written again once it reaches its absolute end', () => {
    const room = admitted();
    for (let now = ADMITTED_AT; now <= END - 30_000; now += 10_000) room.send(now, renewal());
    expect(room.sessions.get(1)?.expiresAt).toBe(END);
    const { renewed } = room.document.sessions.totals;
    for (let now = END - 29_000; now < END; now += 1_000) room.send(now, renewal());
    expect(room.document.sessions.totals.renewed).toBe(renewed);
  });

  test('keeps its present end when the limit is lowered, and the next renewal goes by the new one', () => {
    const room = admitted();
    expect(room.send(ADMITTED_AT + 40_000, renewal())).toMatchObject({ expiresAt: ADMITTED_AT + 100_000 });
    const lowered = policy({ ...LIMITS, sessionTotalMsMax: 80_000 });
    room.send(ADMITTED_AT + 41_000, change({ kind: 'setPolicy', policy: lowered }));
    expect(room.send(ADMITTED_AT + 90_000, renewal())).toMatchObject({ expiresAt: ADMITTED_AT + 100_000 });
    expect(room.send(ADMITTED_AT + 100_000, renewal())).toMatchObject({ kind: 'ended', reason: 'expired' });
  });

  test('goes on where the limit is raised before its end', () => {
    const room = admitted();
    room.send(ADMITTED_AT + 40_000, renewal());
    room.send(
      ADMITTED_AT + 41_000,
      change({ kind: 'setPolicy', policy: policy({ ...LIMITS, sessionTotalMsMax: 300_000 }) }),
    );
    expect(renewToTheEnd(room, ADMITTED_AT + 50_000)).toBe(ADMITTED_AT + 300_000);
  });
});

describe('a session in its second half', () => {
  test('is not renewed in a closed room, and goes on to its present end', () => {
    const room = admitted();
    room.send(ADMITTED_AT + 20_000, change({ kind: 'close' }));
    expect(room.send(ADMITTED_AT + 40_000, renewal())).toMatchObject({ expiresAt: ADMITTED_AT + MINUTE });
    expect(room.send(ADMITTED_AT + MINUTE, renewal())).toMatchObject({ kind: 'ended', reason: 'expired' });
  });

  test('is not renewed in a sold-out room, and is again once something is left', () => {
    const room = admitted();
    room.send(ADMITTED_AT + 20_000, { kind: 'reportStock', remaining: 0, asOf: ADMITTED_AT + 20_000 });
    expect(room.send(ADMITTED_AT + 40_000, renewal())).toMatchObject({ expiresAt: ADMITTED_AT + MINUTE });
    room.send(ADMITTED_AT + 41_000, { kind: 'reportStock', remaining: 1, asOf: ADMITTED_AT + 41_000 });
    expect(room.send(ADMITTED_AT + 42_000, renewal())).toMatchObject({ expiresAt: ADMITTED_AT + 102_000 });
  });

  test.each(['paused', 'held'] as const)('is renewed in a room that is %s', (flow) => {
    const room = admitted();
    room.send(ADMITTED_AT + 20_000, change({ kind: 'setFlow', flow }));
    expect(room.send(ADMITTED_AT + 40_000, renewal())).toMatchObject({ expiresAt: ADMITTED_AT + 100_000 });
  });
});

test('a client that renews every place it gets does not keep honest visitors out', () => {
  const PLACES = 10;
  const HONEST = 40;
  const HONEST_STAY_MS = 20_000;
  const room = new CheckedRoom();
  room.send(T0, configure(settings({ ...LIMITS, totalActiveUsers: PLACES, claimWindowMs: 2 * MINUTE })));
  const placeOf = (now: number, name: string) => {
    const reply = room.send(now, join(name, true));
    if (reply.kind !== 'joined') throw new Error(`${name} got no place: ${JSON.stringify(reply)}`);
    return { name, position: reply.place.number, admittedAt: reply.claim?.kind === 'admitted' ? now : null };
  };
  let rejoins = 0;
  let squatter = Array.from({ length: PLACES }, (_, index) => placeOf(T0 + 1_000, `squatter-${index}`));
  const honest = Array.from({ length: HONEST }, (_, index) => placeOf(T0 + 2_000, `honest-${index}`));
  expect(squatter.every(({ admittedAt }) => admittedAt !== null)).toBe(true);
  expect(honest.every(({ admittedAt }) => admittedAt === null)).toBe(true);

  const gone = new Set<string>();
  for (let now = T0 + 3_000; now <= T0 + 10 * MINUTE; now += 1_000) {
    squatter = squatter.map((place) => {
      const reply = room.send(
        now,
        place.admittedAt === null ? claim(place.position, place.name) : renewal(place.position, place.name),
      );
      if (reply.kind === 'admitted') return { ...place, admittedAt: place.admittedAt ?? now };
      if (reply.kind === 'waiting' || reply.kind === 'standby') return place;
      rejoins++;
      return placeOf(now, `squatter-again-${rejoins}`);
    });
    for (const visitor of honest) {
      if (visitor.admittedAt === null) {
        if (room.send(now, claim(visitor.position, visitor.name)).kind === 'admitted') visitor.admittedAt = now;
      } else if (!gone.has(visitor.name) && now - visitor.admittedAt >= HONEST_STAY_MS) {
        const { name, position } = visitor;
        room.send(now, { kind: 'end', epoch: 1, position, sid: `sid-${name}`, reason: 'left' });
        gone.add(name);
      }
    }
  }
  const waits = honest.map(({ admittedAt }) => (admittedAt ?? Number.POSITIVE_INFINITY) - T0);
  // The first ones as soon as the squatter's sessions end, all of them in the order of the line.
  expect(waits[0]).toBeLessThanOrEqual(LIMITS.sessionTotalMsMax + 10_000);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits.at(-1)).toBeLessThanOrEqual(LIMITS.sessionTotalMsMax + (HONEST / PLACES) * HONEST_STAY_MS + 30_000);
  expect(rejoins).toBeGreaterThan(0);
  const stays = [...room.sessions.values()].map(({ admitAt, expiresAt }) => expiresAt - admitAt);
  expect(Math.max(...stays)).toBe(LIMITS.sessionTotalMsMax);
});

test('a room whose longest stay is shorter than its session is refused', () => {
  const { document } = admitted();
  const stored = encodeDocument({
    ...document,
    config: { ...document.config, policy: policy({ sessionMs: 2 * MINUTE, sessionTotalMsMax: MINUTE }) },
  });
  expect(() => decodeRoom(stored)).toThrow('config.policy.sessionTotalMsMax must be at least 120000, got 60000');
});
