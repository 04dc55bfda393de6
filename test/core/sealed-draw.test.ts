// A draw whose secret the store does not know: what makes it, what does not, and what stays to check it by.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitTo, drawSeed, NO_BEACON, ROUND_AFTER_OPENING_MS, roundAfter } from '../../queue-core/draw.ts';
import { COMMITMENTS_MAX } from '../../queue-core/limits.ts';
import type { BeaconChoice } from '../../queue-core/policy.ts';
import { stateOf } from '../../queue-core/room-state.ts';
import { encodeDocument } from '../../queue-core/stored-format.ts';
import { CheckedRoom } from './checked-room.ts';
import {
  BEACON_CHOICE,
  beaconFor,
  change,
  configure,
  draw,
  join,
  OTHER_SECRET,
  SECRET,
  sealed,
  settings,
  T0,
} from './sample-rooms.ts';

const OPENS_AT = T0 + 10_000;

function sealedRoom(beacon: BeaconChoice | null = null): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({}, { opensInMs: 10_000, beacon }), 'first', sealed(SECRET)));
  for (const name of ['a', 'b', 'c']) room.send(T0 + 1_000, join(name));
  return room;
}

const stateAt = (room: CheckedRoom, now: number) => stateOf(room.document, now);

describe('a sealed secret', () => {
  test('is in nothing that is stored before the draw, and the room waits for it', () => {
    const room = sealedRoom();
    room.send(OPENS_AT, { kind: 'tick' });
    expect(stateAt(room, OPENS_AT)).toBe('drawing');
    expect(room.document.draw).toMatchObject({ entries: 3, secret: null, seed: null, commitment: commitTo(SECRET) });
    expect(encodeDocument(room.document) + JSON.stringify(room.log)).not.toContain(SECRET);
    room.send(OPENS_AT + 10, draw(SECRET, null));
    expect(stateAt(room, OPENS_AT + 10)).toBe('open');
    expect(room.document.draw).toMatchObject({ secret: SECRET, seed: drawSeed(SECRET, NO_BEACON, 3) });
  });

  test('draws only once N is frozen, only in its opening, and only if it is the committed one', () => {
    const room = sealedRoom();
    room.send(T0 + 2_000, draw(SECRET, null));
    expect(room.document.draw).toMatchObject({ secret: null, seed: null });
    for (const wrong of [OTHER_SECRET, SECRET.toUpperCase(), SECRET.slice(2), '', 'zz'.repeat(32)]) {
      room.send(OPENS_AT + 1, draw(wrong, null));
    }
    room.send(OPENS_AT + 2, draw(SECRET, null, 2));
    expect(stateAt(room, OPENS_AT + 2)).toBe('drawing');
  });

  test('that arrives twice, or after another beacon, changes nothing more', () => {
    const room = sealedRoom(BEACON_CHOICE);
    room.send(OPENS_AT + 6_000, draw(SECRET, beaconFor(OPENS_AT)));
    const { seed } = room.document.draw;
    expect(seed).not.toBeNull();
    const signature = '77'.repeat(48);
    room.send(OPENS_AT + 7_000, draw(SECRET, { ...beaconFor(OPENS_AT), signature, randomness: commitTo(signature) }));
    expect(room.document.draw.seed).toBe(seed);
  });
});

describe('a beacon', () => {
  test('is the first round that is due at least three seconds after the opening', () => {
    const chains = fc.record({
      genesisTime: fc.integer({ min: 1, max: 2 ** 31 }),
      period: fc.integer({ min: 1, max: 86_400 }),
    });
    fc.assert(
      fc.property(chains, fc.integer({ min: -(10 ** 9), max: 10 ** 12 }), (times, afterGenesisMs) => {
        const chain = { ...BEACON_CHOICE.chain, ...times };
        const opensAt = chain.genesisTime * 1_000 + afterGenesisMs;
        const round = roundAfter(chain, opensAt);
        const dueAt = (number: number) => (chain.genesisTime + (number - 1) * chain.period) * 1_000;
        expect(dueAt(round)).toBeGreaterThanOrEqual(opensAt + ROUND_AFTER_OPENING_MS);
        if (round > 1) expect(dueAt(round - 1)).toBeLessThan(opensAt + ROUND_AFTER_OPENING_MS);
      }),
    );
  });

  test('of another round, with a randomness of its own, or none at all leaves the room drawing', () => {
    const room = sealedRoom(BEACON_CHOICE);
    const right = beaconFor(OPENS_AT);
    const wrong = [
      { ...right, round: right.round - 1 },
      { ...right, round: right.round + 1 },
      { ...right, randomness: '00'.repeat(32) },
      { ...right, signature: `${right.signature.slice(2)}00` },
      { ...right, signature: 'not hex' },
      null,
    ];
    for (const beacon of wrong) room.send(OPENS_AT + 9_000, draw(SECRET, beacon));
    expect(stateAt(room, OPENS_AT + 9_000)).toBe('drawing');
    room.send(OPENS_AT + 9_000, draw(SECRET, right));
    expect(room.document.draw).toMatchObject({ beacon: right, seed: drawSeed(SECRET, right.randomness, 3) });
  });

  test('is not taken where the room was scheduled without one', () => {
    const room = sealedRoom(null);
    room.send(OPENS_AT + 9_000, draw(SECRET, beaconFor(OPENS_AT)));
    expect(stateAt(room, OPENS_AT + 9_000)).toBe('drawing');
  });

  test.each(['wait', 'withoutBeacon'] as const)('that is late: %s', (afterDeadline) => {
    const room = sealedRoom({ ...BEACON_CHOICE, afterDeadline });
    const { deadlineMs } = BEACON_CHOICE;
    room.send(OPENS_AT + deadlineMs - 1, draw(SECRET, null));
    expect(stateAt(room, OPENS_AT + deadlineMs - 1)).toBe('drawing');
    room.send(OPENS_AT + deadlineMs, draw(SECRET, null));
    expect(stateAt(room, OPENS_AT + deadlineMs)).toBe(afterDeadline === 'wait' ? 'drawing' : 'open');
    expect(room.document.draw.beacon).toBeNull();
    room.send(OPENS_AT + deadlineMs + 1, draw(SECRET, beaconFor(OPENS_AT)));
    expect(stateAt(room, OPENS_AT + deadlineMs + 1)).toBe('open');
    expect(room.document.draw.beacon).toEqual(afterDeadline === 'wait' ? beaconFor(OPENS_AT) : null);
  });

  test('belongs to the opening as it was moved', () => {
    const room = sealedRoom(BEACON_CHOICE);
    const schedule = { ...room.document.config.schedule, opensAt: OPENS_AT + 30_000 };
    room.send(T0 + 2_000, change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET }, 1));
    room.send(OPENS_AT + 40_000, draw(SECRET, beaconFor(OPENS_AT)));
    expect(stateAt(room, OPENS_AT + 40_000)).toBe('drawing');
    room.send(OPENS_AT + 40_000, draw(SECRET, beaconFor(OPENS_AT + 30_000)));
    expect(stateAt(room, OPENS_AT + 40_000)).toBe('open');
  });
});

test('a place that is proven during a recovery takes part until the round may be known, and not from then on', () => {
  const proven = { kind: 'restorePlace', epoch: 1, place: { kind: 'entry', number: 50 } } as const;
  const recovering = () => {
    const room = sealedRoom(BEACON_CHOICE);
    room.recover(OPENS_AT - 1_000);
    expect(room.document.recovery.running?.until).toBeGreaterThan(OPENS_AT + ROUND_AFTER_OPENING_MS);
    return room;
  };
  const inTime = recovering();
  inTime.send(OPENS_AT + ROUND_AFTER_OPENING_MS - 1, proven);
  expect(inTime.document.draw.entries).toBe(50);
  const late = recovering();
  late.send(OPENS_AT + ROUND_AFTER_OPENING_MS, proven);
  expect(late.document.draw.entries).toBe(3);
});

describe('another commitment', () => {
  test('is recorded, stands beside the one before, and the old secret draws nothing', () => {
    const room = sealedRoom();
    expect(room.send(T0 + 2_000, change({ kind: 'recommit', secret: sealed(OTHER_SECRET) }, 1))).toMatchObject({
      kind: 'changed',
    });
    expect(room.document.draw.replaced).toEqual([{ commitment: commitTo(SECRET), at: T0 }]);
    expect(room.log.at(-1)).toMatchObject({
      action: 'recommit',
      from: { commitment: commitTo(SECRET) },
      to: { commitment: commitTo(OTHER_SECRET) },
    });
    room.send(OPENS_AT, draw(SECRET, null));
    expect(stateAt(room, OPENS_AT)).toBe('drawing');
    room.send(OPENS_AT, draw(OTHER_SECRET, null));
    expect(stateAt(room, OPENS_AT)).toBe('open');
  });

  test('comes before the opening or not at all, and not without end', () => {
    const room = sealedRoom();
    for (let count = 0; count < COMMITMENTS_MAX; count++) {
      room.send(T0 + 2_000, change({ kind: 'recommit', secret: sealed(OTHER_SECRET) }, 1 + count));
    }
    const next = change({ kind: 'recommit', secret: sealed(SECRET) }, 1 + COMMITMENTS_MAX);
    expect(room.send(T0 + 3_000, next)).toEqual({ kind: 'refused', reason: 'logFull' });
    const opened = sealedRoom();
    const late = change({ kind: 'recommit', secret: sealed(OTHER_SECRET) }, 1);
    expect(opened.send(OPENS_AT, late)).toEqual({ kind: 'refused', reason: 'alreadyOpen' });
  });
});

test('the draw of an opening that is over stays to be checked', () => {
  const room = sealedRoom(BEACON_CHOICE);
  room.send(OPENS_AT + 6_000, draw(SECRET, beaconFor(OPENS_AT)));
  const schedule = { prequeueAt: null, opensAt: T0 + 600_000, closesAt: null, beacon: null };
  room.send(T0 + 60_000, change({ kind: 'setSchedule', schedule, secret: sealed(OTHER_SECRET) }, 1));
  expect(room.document.epoch).not.toBe(1);
  expect([...room.tables.draw]).toEqual([
    [
      1,
      {
        epoch: 1,
        opensAt: OPENS_AT,
        commitments: [{ commitment: commitTo(SECRET), at: T0 }],
        choice: BEACON_CHOICE,
        beacon: beaconFor(OPENS_AT),
        entries: 3,
        secret: SECRET,
        seed: drawSeed(SECRET, beaconFor(OPENS_AT).randomness, 3),
      },
    ],
  ]);
});
