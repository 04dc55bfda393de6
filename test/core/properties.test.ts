// Properties of the rules: any commands in any order at any times, backwards ones included, keep every numbered invariant.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultIn } from '../../queue-core/audit.ts';
import { ENDINGS_MAX } from '../../queue-core/limits.ts';
import { CheckedRoom } from './checked-room.ts';
import { configure, join, settings, T0 } from './sample-rooms.ts';
import { anyRoomSettings, changes, commands, type ScenarioStep, scenarioStep, visitorName } from './scenarios.ts';

const scenario = fc.array(scenarioStep, { maxLength: 200, size: 'max' });

/** Steps after a loss, when gateways restore what signed tokens prove. */
const restoring: fc.Arbitrary<ScenarioStep> = fc.oneof(
  { weight: 5, arbitrary: scenarioStep },
  { weight: 1, arbitrary: fc.record({ afterMs: fc.nat(3_000), command: commands.restoreSession.arbitrary }) },
);

/** Applies the steps, and checks after each which invariants it broke. */
function applySteps(room: CheckedRoom, steps: readonly ScenarioStep[], isExpected: (broken: number) => boolean): void {
  let now = room.document.at;
  for (const { afterMs, command: build } of steps) {
    now += afterMs;
    const command = build({ room: room.document, sessions: room.sessions });
    const broken = room.run(now, [command]).broken.filter((number) => !isExpected(number));
    expect(broken, `${command.kind} at ${now - T0} ms broke`).toEqual([]);
  }
  expect(faultIn(room.log)).toBeNull();
  expect(room.log.at(-1)?.hash).toBe(room.document.changes.audit.hash);
}

/** What limits an admission at its moment: the rate, the people inside, what is left. */
const OF_ADMISSION = new Set([4, 5, 18]);

/** A signed place that the room does not know proves a loss; sessions restored after it were granted before, with their slots. */
const afterProvenLoss = (room: CheckedRoom) => (number: number) =>
  room.document.recovery.lostUntil > 0 && OF_ADMISSION.has(number);

describe('invariants', () => {
  test('every invariant holds after any commands in any order at any times', () => {
    fc.assert(
      fc.property(anyRoomSettings, scenario, (roomSettings, steps) => {
        const room = new CheckedRoom();
        room.send(T0, configure(roomSettings));
        applySteps(room, steps, afterProvenLoss(room));
      }),
      { numRuns: 200 },
    );
  });

  test('every invariant but the limits of admission holds after a loss, whatever sessions tokens restore', () => {
    fc.assert(
      fc.property(
        anyRoomSettings,
        scenario,
        fc.array(restoring, { maxLength: 100, size: 'max' }),
        (roomSettings, before, after) => {
          const room = new CheckedRoom();
          room.send(T0, configure(roomSettings));
          applySteps(room, before, afterProvenLoss(room));
          room.recover(room.document.at);
          // A restored session was granted before the loss: it has its slot already, and may exceed the limit.
          applySteps(room, after, (number) => OF_ADMISSION.has(number));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a scenario contains every kind of command and of change', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings()));
    const steps = fc.sample(scenarioStep, { numRuns: 2_000, seed: 1 });
    const sample = steps.map(({ command }) => command({ room: room.document, sessions: room.sessions }));
    expect(new Set(sample.map(({ kind }) => kind))).toEqual(new Set(Object.keys(commands)));
    const made = sample.flatMap((command) => (command.kind === 'change' ? [command.change.kind] : []));
    expect(new Set(made)).toEqual(new Set(Object.keys(changes)));
  });

  test('a batch gets the same replies as its commands one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(visitorName, fc.boolean()), { minLength: 1, maxLength: 60 }), (joins) => {
        const commands = joins.map(([name, isDirect], index) => join(`${name}-${index}`, isDirect));
        const [together, apart] = [new CheckedRoom(), new CheckedRoom()];
        for (const room of [together, apart]) room.send(T0, configure(settings({ totalActiveUsers: 5 })));
        const replies = commands.map((command) => apart.send(T0 + 1_000, command));
        expect(together.run(T0 + 1_000, commands)).toMatchObject({ replies, broken: [] });
        expect(together.document).toEqual(apart.document);
        expect(together.sessions).toEqual(apart.sessions);
      }),
    );
  });

  test('calls depend on the time that passed, not on how often the room is read', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 4_999 }), { maxLength: 30 }), (times) => {
        const [rarely, often] = [new CheckedRoom(), new CheckedRoom()];
        for (const room of [rarely, often]) {
          room.send(T0, configure(settings({ newUsersPerMinute: 67 })));
          const joins = Array.from({ length: 100 }, (_, index) => join(`${index}`));
          expect(room.run(T0, joins).broken).toEqual([]);
        }
        for (const time of times.toSorted((a, b) => a - b)) often.send(T0 + time, { kind: 'tick' });
        for (const room of [rarely, often]) room.send(T0 + 5_000, { kind: 'tick' });
        expect(Math.abs(often.document.pacing.called - rarely.document.pacing.called)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('endings beyond the bound are dropped and raise renewBefore, so that tokens from before are checked again', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ totalActiveUsers: 10 })));
    room.send(T0 + 1_000, join('a', true));
    const { endings } = room.document;
    room.document = { ...room.document, endings: { ...endings, seq: ENDINGS_MAX, droppedTo: 0 } };
    room.send(T0 + 2_000, { kind: 'end', epoch: 1, position: 1, sid: 'sid-a', reason: 'left' });
    expect(room.document.endings.seq - room.document.endings.droppedTo).toBeLessThanOrEqual(ENDINGS_MAX);
    expect(room.document.endings.renewBefore).toBe(T0 + 2_000);
  });

  test('the document stays below 16 KB however many visitors wait', () => {
    const room = new CheckedRoom();
    room.send(
      T0,
      configure(settings({ newUsersPerMinute: 6_000, totalActiveUsers: 100_000, claimWindowMs: 30 * 60_000 })),
    );
    const sizes: number[] = [];
    for (let crowd = 0; crowd < 3; crowd++) {
      for (let index = 0; index < 2_000; index++) room.send(T0 + crowd * 1_000, join(`${crowd}-${index}`));
      sizes.push(JSON.stringify(room.document).length);
    }
    expect(Math.max(...sizes)).toBeLessThan(16_384);
  });
});
