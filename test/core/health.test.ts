// How admissions follow the origin's health: what slows and stops them, how they come back, and how many people are found to be
// enough. What gateways see is told in reports, one a second.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command, Reply } from '../../queue-core/command.ts';
import { SHARE_WHOLE } from '../../queue-core/document/origin-state.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import { isProbed } from '../../queue-core/health.ts';
import { paceOf } from '../../queue-core/pacing.ts';
import type { HealthPolicy } from '../../queue-core/policy.ts';
import { limitsInForce, pausedBy, stateOf } from '../../queue-core/room-state.ts';
import { step } from '../../queue-core/step.ts';
import { CheckedRoom } from './checked-room.ts';
import {
  change,
  claim,
  configure,
  healthPolicy,
  join,
  OTHER_SECRET,
  policy,
  seenAtOrigin,
  settings,
  T0,
} from './sample-rooms.ts';

const RATE = 960;

type Seen = Parameters<typeof seenAtOrigin>[1];

/** A room that is open, with its gateway's reports. */
class WatchedRoom extends CheckedRoom {
  second = 0;

  constructor(health: Partial<HealthPolicy> = {}) {
    super();
    this.send(T0, configure(settings({ newUsersPerMinute: RATE, health: healthPolicy(health) })));
  }

  get now() {
    return T0 + this.second * 1_000;
  }

  /** So many seconds in each of which the gateway reports this. */
  watch(seconds: number, seen: Seen): this {
    for (let passed = 0; passed < seconds; passed++) {
      this.second++;
      this.send(this.now, seenAtOrigin(this.second, seen));
    }
    return this;
  }

  probe(good: boolean, times = 1): this {
    for (let passed = 0; passed < times; passed++) {
      this.second += 2;
      this.send(this.now, { kind: 'reportProbe', good });
      // Another gateway's, at the same time.
      this.send(this.now, { kind: 'reportProbe', good });
    }
    return this;
  }

  get health() {
    return this.document.origin.health;
  }

  get rate() {
    return limitsInForce(this.document).newUsersPerMinute;
  }
}

const WELL = { requests: 20, meanMs: 100 };
const FAILING = { requests: 20, failures: 20 };

describe('an origin that fails', () => {
  test('is noticed within five seconds: nobody is called or admitted, no place is lost, and the log says why', () => {
    const room = new WatchedRoom().watch(10, WELL);
    room.send(room.now, join('first'));
    room.send(room.now, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(1);
    room.watch(4, FAILING);
    expect(room.health).toMatchObject({ stage: 'stopped', cause: { kind: 'errors' } });
    expect(stateOf(room.document, room.now)).toBe('paused');
    expect(paceOf(room.document)).toBeNull();
    expect(room.send(room.now, claim(1, 'first'))).toEqual({ kind: 'refused', reason: 'originFailing' });
    room.send(room.now, join('second'));
    room.watch(120, { requests: 0 });
    expect(room.document.pacing).toMatchObject({ called: 1, lapsedThrough: 0 });
    expect(room.log.at(-1)).toMatchObject({
      by: { id: 'origin-health' },
      action: 'originStopped',
      to: { stage: 'stopped', cause: { kind: 'errors' } },
    });
    room.probe(true, 3).watch(10, WELL);
    expect(room.send(room.now, claim(1, 'first'))).toMatchObject({ kind: 'admitted' });
  });

  test('gets visitors back in steps after three good probes in a row', () => {
    const room = new WatchedRoom().watch(10, WELL).watch(5, FAILING);
    room.probe(true, 2).probe(false).probe(true, 2);
    expect(room.health.stage).toBe('stopped');
    room.probe(true);
    const rates = [room.rate];
    for (let second = 0; second < 20; second++) {
      room.watch(1, WELL);
      if (room.rate !== rates.at(-1)) rates.push(room.rate);
    }
    expect(rates).toEqual([RATE / 8, RATE / 4, RATE / 2, RATE]);
    expect(room.health).toMatchObject({ stage: 'steady', cause: null });
    expect(room.log.slice(-4).map(({ action }) => action)).toEqual([
      'originSlowed',
      'originSlowed',
      'originSlowed',
      'originSteady',
    ]);
  });

  test('again and again is probed longer each time, and as before once it has been well for a while', () => {
    const room = new WatchedRoom().watch(10, WELL);
    const probesOfStops: number[] = [];
    for (let times = 0; times < 5; times++) {
      room.watch(6, FAILING);
      const { probesNeeded } = room.health;
      probesOfStops.push(probesNeeded);
      room.probe(true, probesNeeded).watch(8, WELL);
    }
    expect(probesOfStops).toEqual([3, 6, 12, 24, 24]);
    room.watch(120, WELL).watch(6, FAILING);
    expect(room.health.probesNeeded).toBe(3);
  });

  test('for some visitors slows admissions: by halves, not below the floor, and as much as it takes', () => {
    const room = new WatchedRoom({ rateFloor: 100 }).watch(10, WELL);
    room.watch(5, { requests: 40, failures: 8 });
    expect(room.health.stage).toBe('slowed');
    expect(room.rate).toBeLessThanOrEqual(RATE / 2);
    room.watch(60, { requests: 40, failures: 8 });
    expect(room.rate).toBe(100);
    room.watch(60, WELL);
    expect(room.rate).toBe(RATE);
  });

  test('whom few visitors meet is asked: a good probe clears it, a bad one stops admissions', () => {
    const alone = { requests: 1, failures: 1 };
    const fine = new WatchedRoom().watch(60, WELL).watch(40, { requests: 0 }).watch(5, alone);
    expect(fine.health.stage).toBe('steady');
    fine.probe(true).watch(3, alone).probe(true);
    expect(fine.health.stage).toBe('steady');
    const down = new WatchedRoom().watch(60, WELL).watch(40, { requests: 0 }).watch(2, alone).probe(false);
    expect(down.health.stage).toBe('stopped');
    // A probe that nobody asked for says nothing.
    expect(new WatchedRoom().watch(60, WELL).probe(false).health.stage).toBe('steady');
  });

  test('that takes its mode from the operator: switched off, nothing changes, and what was changed ends', () => {
    const off = new WatchedRoom({ mode: 'off' }).watch(10, WELL).watch(60, FAILING);
    expect([off.health.stage, off.rate]).toEqual(['steady', RATE]);
    const room = new WatchedRoom().watch(10, WELL).watch(6, FAILING);
    const wanted = policy({ newUsersPerMinute: RATE, health: healthPolicy({ mode: 'off' }) });
    room.send(room.now, change({ kind: 'setPolicy', policy: wanted }, room.document.changes.version));
    room.watch(2, FAILING);
    expect([room.health.stage, room.rate]).toEqual(['steady', RATE]);
  });
});

describe('an origin that is slow', () => {
  test('ten times slower than usual gets fewer visitors within five seconds, and all of them once it is well', () => {
    const room = new WatchedRoom().watch(60, WELL).watch(4, { requests: 20, meanMs: 1_000 });
    expect(room.health).toMatchObject({ stage: 'slowed', cause: { kind: 'slow', usualMs: 100 } });
    const slowed = room.rate;
    expect(slowed).toBeLessThanOrEqual(RATE / 2);
    room.watch(30, { requests: 20, meanMs: 1_000 });
    expect(room.rate).toBeLessThanOrEqual(RATE / 64);
    room.watch(60, WELL);
    expect([room.health.stage, room.rate]).toEqual(['steady', RATE]);
  });

  test('is compared with the calm before the crowd, however slowly it becomes slow', () => {
    const room = new WatchedRoom().watch(300, WELL);
    for (let minute = 1; minute <= 60 && room.health.stage === 'steady'; minute++) {
      room.watch(60, { requests: 20, meanMs: 100 + 10 * minute });
    }
    expect(room.health).toMatchObject({ stage: 'slowed', cause: { kind: 'slow' } });
    expect(room.health.usualMicros).toBeLessThan(160_000);
  });

  test('by an absolute limit is judged without any usual time', () => {
    const room = new WatchedRoom({ slowMs: 400 }).watch(5, { requests: 20, meanMs: 500 });
    expect(room.health).toMatchObject({ stage: 'slowed', cause: { kind: 'slow', ms: 500, usualMs: null } });
  });
});

describe('an origin that asks for no more visitors', () => {
  test('gets none until the time is over and it has been probed, or until it says so', () => {
    const room = new WatchedRoom().watch(10, WELL);
    room.send(room.now, { kind: 'reportOverload', forMs: 10_000 });
    expect(room.health).toMatchObject({ stage: 'stopped', cause: { kind: 'signal' } });
    room.probe(true, 5);
    expect(room.health.stage).toBe('stopped');
    room.watch(6, { requests: 0 }).probe(true, 3);
    expect(room.health.stage).toBe('slowed');
    room.send(room.now, { kind: 'reportOverload', forMs: 600_000 });
    expect(room.health.stage).toBe('stopped');
    room.send(room.now, { kind: 'reportOverload', forMs: 0 });
    expect(room.health.stage).toBe('slowed');
  });

  test('says nothing to a room whose limits are locked, and does not bring back one that failed', () => {
    const locked = new WatchedRoom({ mode: 'off' }).watch(10, WELL);
    locked.send(locked.now, { kind: 'reportOverload', forMs: 10_000 });
    expect(locked.watch(2, WELL).health.stage).toBe('steady');
    const failed = new WatchedRoom().watch(10, WELL).watch(6, FAILING);
    failed.send(failed.now, { kind: 'reportOverload', forMs: 0 });
    expect(failed.health.stage).toBe('stopped');
  });

  test('for ever asks for ten minutes', () => {
    const room = new WatchedRoom();
    room.send(room.now, { kind: 'reportOverload', forMs: Number.MAX_SAFE_INTEGER });
    expect(room.health.overloadedUntil).toBe(room.now + 600_000);
  });
});

/** When the rate in force changed, and to what, over so many seconds of the same. */
function changesOf(room: WatchedRoom, seconds: number, seen: Seen): { second: number; rate: number }[] {
  const changes: { second: number; rate: number }[] = [];
  for (let second = 1; second <= seconds; second++) {
    const before = room.rate;
    room.watch(1, seen);
    if (room.rate !== before) changes.push({ second, rate: room.rate });
  }
  return changes;
}

const apart = (changes: { second: number }[]) =>
  changes.slice(1).map(({ second }, index) => second - (changes[index]?.second ?? 0));

/** A room with so many people inside. */
function inhabited(people: number, health: Partial<HealthPolicy> = {}): WatchedRoom {
  const room = new WatchedRoom(health).watch(60, WELL);
  for (let position = 1; position <= people; position++) {
    room.send(room.now, join(String(position)));
    while (room.send(room.now, claim(position, String(position))).kind !== 'admitted') room.watch(1, WELL);
  }
  return room;
}

describe('steps', () => {
  test('down are two seconds apart, so that each is judged by what is seen after it, and up five seconds', () => {
    const room = new WatchedRoom().watch(10, WELL);
    const down = changesOf(room, 12, { requests: 40, failures: 8 });
    expect(down.length).toBeGreaterThanOrEqual(3);
    expect(Math.min(...apart(down))).toBeGreaterThanOrEqual(2);
    const up = changesOf(room, 60, WELL);
    expect(up.length).toBeGreaterThanOrEqual(3);
    expect(Math.min(...apart(up))).toBeGreaterThanOrEqual(5);
  });

  test('up need more than what no longer slows: a site that fails a little less stays slowed', () => {
    const room = new WatchedRoom().watch(10, WELL).watch(5, { requests: 40, failures: 8 });
    room.watch(6, { requests: 40, failures: 4 });
    const { rate } = room;
    expect(rate).toBeLessThan(RATE);
    expect(changesOf(room, 60, { requests: 40, failures: 4 })).toEqual([]);
  });
});

describe('what is known of the origin', () => {
  test('is not what came long ago, at little traffic either', () => {
    const room = new WatchedRoom().watch(1, { requests: 5, failures: 5 }).watch(40, { requests: 0 });
    room.watch(2, { requests: 5, failures: 5 });
    // Five requests, not ten: too few to stop admissions by themselves.
    expect(room.health.stage).toBe('steady');
  });

  test('makes nothing slow that nobody notices', () => {
    const room = new WatchedRoom().watch(60, { requests: 20, meanMs: 10 }).watch(10, { requests: 20, meanMs: 100 });
    expect(room.health.stage).toBe('steady');
  });

  test('is learnt while it is steady alone', () => {
    const room = new WatchedRoom().watch(60, WELL).watch(4, { requests: 20, meanMs: 1_000 });
    const { usualMicros } = room.health;
    room.watch(8, { requests: 20, meanMs: 20 });
    expect(room.health).toMatchObject({ stage: 'slowed', usualMicros });
  });

  test('is kept for the next opening: how long it usually takes, and how many people it carries', () => {
    const room = inhabited(40, { mode: 'find', peopleFloor: 10 }).watch(10, { requests: 20, meanMs: 1_000 });
    const { usualMicros, peopleFound } = room.health;
    room.send(room.now, change({ kind: 'close' }, room.document.changes.version));
    const schedule = { prequeueAt: null, opensAt: room.now + 60_000, closesAt: null };
    room.send(room.now, change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }, room.document.changes.version));
    expect(room.document.epoch).toBeGreaterThan(1);
    expect(room.health).toMatchObject({ stage: 'steady', usualMicros, peopleFound, cells: [] });
  });

  test('by a good probe takes the place of what few visitors met', () => {
    const room = new WatchedRoom().watch(60, WELL).watch(40, { requests: 0 }).watch(1, { requests: 1, failures: 1 });
    expect(isProbed(room.document, room.now)).toBe(true);
    room.probe(true);
    expect(isProbed(room.document, room.now)).toBe(false);
  });
});

test('an operator who pauses a room is named before the origin that has stopped it', () => {
  const room = new WatchedRoom().watch(10, WELL).watch(6, FAILING);
  expect(pausedBy(room.document)).toBe('origin');
  room.send(room.now, change({ kind: 'setFlow', flow: 'paused' }, room.document.changes.version));
  expect(pausedBy(room.document)).toBe('operator');
});

describe('the search for a limit', () => {
  test('begins with those who are there, and does not grow while the limit does not bind', () => {
    expect(new WatchedRoom({ mode: 'find', peopleFloor: 10 }).watch(60, WELL).health.peopleFound).toBe(10);
    const room = inhabited(60);
    const find = policy({ newUsersPerMinute: RATE, health: healthPolicy({ mode: 'find', peopleFloor: 10 }) });
    room.send(room.now, change({ kind: 'setPolicy', policy: find }, room.document.changes.version));
    room.watch(2, WELL);
    expect(room.health.peopleFound).toBe(60);
  });

  test('ends at the operator’s limit', () => {
    const room = inhabited(12);
    const health = healthPolicy({ mode: 'find', peopleFloor: 10 });
    const find = policy({ newUsersPerMinute: RATE, totalActiveUsers: 13, health });
    room.send(room.now, change({ kind: 'setPolicy', policy: find }, room.document.changes.version));
    room.watch(60, WELL);
    expect(room.health.peopleFound).toBeLessThanOrEqual(13);
  });

  test('goes on with fewer people after a stop', () => {
    const room = inhabited(60, { mode: 'find', peopleFloor: 10 });
    const { active } = room.document.sessions;
    // So suddenly that nothing was cut before.
    room.watch(40, { requests: 0 }).watch(2, { requests: 100, failures: 100 });
    expect(room.health.stage).toBe('stopped');
    expect(room.health.peopleFound).toBeLessThanOrEqual(Math.ceil(0.9 * active));
  });
});

test('whatever is seen, the limits in force are never above the operator’s nor below the floor, and every cut is in the log', () => {
  const seen = fc.record({
    requests: fc.nat({ max: 60 }),
    bad: fc.double({ min: 0, max: 1, noNaN: true }),
    meanMs: fc.integer({ min: 1, max: 30_000 }),
  });
  const step = fc.oneof(
    { weight: 8, arbitrary: seen.map((each) => ({ kind: 'seen' as const, ...each })) },
    { weight: 3, arbitrary: fc.boolean().map((good) => ({ kind: 'probe' as const, good })) },
    { weight: 1, arbitrary: fc.nat({ max: 5_000 }).map((forMs) => ({ kind: 'signal' as const, forMs })) },
  );
  const health = fc.record({
    mode: fc.constantFrom('off' as const, 'protect' as const, 'find' as const),
    errorPercentMax: fc.integer({ min: 4, max: 100 }),
    slowFactor: fc.integer({ min: 2, max: 20 }),
    rateFloor: fc.integer({ min: 1, max: 2 * RATE }),
  });
  fc.assert(
    fc.property(health, fc.array(step, { maxLength: 120 }), (wanted, steps) => {
      const room = new WatchedRoom(wanted);
      for (const each of steps) {
        const before = limitsInForce(room.document);
        const logged = room.log.length;
        if (each.kind === 'seen') {
          const failures = Math.round(each.requests * each.bad);
          room.watch(1, { requests: each.requests, failures, meanMs: each.meanMs });
        } else if (each.kind === 'probe') room.probe(each.good);
        else room.send(room.now, { kind: 'reportOverload', forMs: each.forMs });
        const limits = limitsInForce(room.document);
        expect(limits.newUsersPerMinute).toBeLessThanOrEqual(RATE);
        expect(limits.newUsersPerMinute).toBeGreaterThanOrEqual(Math.min(RATE, wanted.rateFloor));
        expect(limits.totalActiveUsers).toBeLessThanOrEqual(1_000);
        expect(limits.totalActiveUsers).toBeGreaterThanOrEqual(1);
        expect(room.health.share).toBeLessThanOrEqual(SHARE_WHOLE);
        const isCut = limits.newUsersPerMinute < before.newUsersPerMinute;
        const isFewer = limits.totalActiveUsers < before.totalActiveUsers && before.totalActiveUsers < 1_000;
        if (isCut || isFewer) expect(room.log.length).toBeGreaterThan(logged);
        // What an operator is told of is over with its cause.
        expect(room.health.stage === 'steady').toBe(room.health.cause === null);
        if (wanted.mode === 'off') expect(limits).toEqual({ newUsersPerMinute: RATE, totalActiveUsers: 1_000 });
      }
    }),
    { numRuns: 60 },
  );
});

/** A site whose responses slow down as it fills, by so many people inside in each second; people leave after a minute. */
function findingFor(minutes: number, capacity: number): { people: number[]; found: number | null } {
  const sessions = new Map<number, SessionRecord>();
  let room: RoomDocument | null = null;
  const send = (now: number, command: Command): Reply => {
    const stepped = step({ room, sessions }, command, now);
    room = stepped.room;
    for (const effect of stepped.effects) {
      if (effect.kind === 'put' && effect.table === 'session') sessions.set(effect.key, effect.row);
    }
    return stepped.reply;
  };
  const document = () => room as RoomDocument;
  send(T0, configure(settings({ newUsersPerMinute: RATE, health: healthPolicy({ mode: 'find', peopleFloor: 10 }) })));
  const inside: { position: number; leavesAt: number }[] = [];
  const people: number[] = [];
  let [joined, claimed] = [0, 0];
  for (let second = 1; second <= minutes * 60; second++) {
    const now = T0 + second * 1_000;
    for (; joined - document().pacing.called < 200; joined++) send(now, join(String(joined + 1)));
    // As a queue with one server (M/M/1): the response time grows without bound towards the capacity.
    // It comes in waves: what is seen now is sometimes slower than the people there make it.
    const wave = 1 + 0.25 * Math.sin(second / 7);
    const meanMs = Math.round((80 * wave) / Math.max(0.02, 1 - 0.8 * (inside.length / capacity)));
    const failures = Math.min(20, Math.round(Math.max(0, inside.length / capacity - 1.25) * 80));
    send(now, seenAtOrigin(second, { requests: 20, failures, meanMs }));
    while (inside.length > 0 && (inside[0]?.leavesAt ?? 0) <= second) {
      const { position } = inside.shift() ?? { position: 0 };
      send(now, { kind: 'end', epoch: 1, position, visitor: `visitor-${position}`, reason: 'completed' });
    }
    while (claimed < document().pacing.called) {
      if (send(now, claim(claimed + 1, String(claimed + 1))).kind !== 'admitted') break;
      claimed++;
      inside.push({ position: claimed, leavesAt: second + 60 });
    }
    people.push(inside.length);
  }
  return { people, found: document().origin.health.peopleFound };
}

test('a room that finds its limit cuts it where the people there are too many, records why, and is steady all the while', () => {
  const room = new WatchedRoom({ mode: 'find', peopleFloor: 10 }).watch(60, WELL);
  for (let position = 1; position <= 60; position++) {
    room.send(room.now, join(String(position)));
    if (position % 10 === 0) room.watch(1, WELL);
  }
  for (let position = 1; position <= 60; position++) {
    while (room.send(room.now, claim(position, String(position))).kind !== 'admitted') room.watch(1, WELL);
  }
  const { active } = room.document.sessions;
  room.watch(10, { requests: 20, meanMs: 1_000 });
  expect(room.health.peopleFound).toBeLessThan(active);
  expect(room.health.peopleFound).toBeGreaterThanOrEqual(Math.floor(0.9 * active) - 1);
  expect(room.health).toMatchObject({ stage: 'steady', cause: null });
  expect(room.log.at(-1)).toMatchObject({ action: 'peopleFound', to: { cause: { kind: 'slow', usualMs: 100 } } });
});

test('a room that finds its limit by itself uses nine tenths of what the site carries, and swings by less than a fifth', () => {
  const capacity = 300;
  const { people, found } = findingFor(25, capacity);
  const settled = people.slice(-8 * 60);
  const mean = settled.reduce((sum, each) => sum + each, 0) / settled.length;
  // Four times the usual response time is reached at this part of the capacity.
  const carried = capacity * ((1 - 1 / 4) / 0.8);
  expect(mean / carried).toBeGreaterThanOrEqual(0.9);
  expect((Math.max(...settled) - Math.min(...settled)) / mean).toBeLessThan(0.2);
  expect(found).toBeGreaterThan(0);
});
