// When a change is in force: as soon as no gateway can answer from before it any more, and never sooner. Gateways are
// played with the view that they hold, its age, and answers that get lost.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/history.ts';
import { GATEWAYS_MAX, VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import { CheckedRoom, change, configure, settings, T0 } from './sample-rooms.ts';

const OBSERVED = { ...NOTHING_OBSERVED, refused: { noAdmission: 1 } };

let texts = 0;
const message = () => change({ kind: 'setMessage', text: { ko: '잠시만요', en: `One moment ${++texts}` } });

function report(gateway: string, seq: number, version: number): Command {
  return { kind: 'report', gateway, seq, version, observed: OBSERVED };
}

function configured(): CheckedRoom {
  const room = new CheckedRoom();
  room.one(T0, configure(settings()));
  return room;
}

/** A gateway as far as its views go: it tells a report again until an answer comes. */
class PlayedGateway {
  readonly id: string;
  view: { version: number; askedAt: number } | null = null;
  reports = 0;
  untold: Command | null = null;

  constructor(id: string) {
    this.id = id;
  }

  ask(room: CheckedRoom, askedAt: number, now: number, answerComes: boolean): void {
    if (this.untold === null) this.reports++;
    this.untold ??= report(this.id, this.reports, this.view?.version ?? 0);
    room.one(now, this.untold);
    if (!answerComes) return;
    this.untold = null;
    this.view = { version: room.document.changes.version, askedAt };
  }

  answersFromBefore(version: number, now: number): boolean {
    return this.view !== null && this.view.version < version && now - this.view.askedAt < VIEW_STALE_MS_MAX;
  }
}

const act = fc.record({
  afterMs: fc.integer({ min: 0, max: 900 }),
  gateway: fc.nat(),
  underWayMs: fc.integer({ min: 0, max: 400 }),
  does: fc.constantFrom('ask', 'ask', 'ask', 'ask', 'lose', 'change'),
});

describe('a change is in force', () => {
  test('never before every gateway that could answer from before it has read it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(act, { minLength: 1, maxLength: 80 }), (count, acts) => {
        const room = configured();
        const gateways = Array.from({ length: count }, (_, index) => new PlayedGateway(`gateway-${index}`));
        let now = T0;
        for (const { afterMs, gateway, underWayMs, does } of acts) {
          now += afterMs;
          if (does === 'change') room.one(now, message());
          else gateways[gateway % count]?.ask(room, now - Math.min(underWayMs, afterMs), now, does === 'ask');
          const { inForceAt, version } = room.document.changes;
          if (inForceAt === null) continue;
          expect(gateways.filter((one) => one.answersFromBefore(version, now)).map(({ id }) => id)).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('not while a gateway answers from a view that came with a report told again', () => {
    const room = configured();
    room.one(T0 + 1_000, report('slow', 1, 1));
    room.one(T0 + 2_900, report('slow', 1, 1));
    room.one(T0 + 3_000, message());
    room.one(T0 + 3_100, report('quick', 1, 2));
    expect(room.document.changes.inForceAt).toBeNull();
    room.one(T0 + 3_900, report('slow', 2, 2));
    expect(room.document.changes.inForceAt).toBe(T0 + 3_900);
  });

  test('not while one of more gateways than are remembered could answer from before it', () => {
    const room = configured();
    for (let index = 0; index <= GATEWAYS_MAX; index++) room.one(T0 + 1_000, report(`${index}`, 1, 1));
    room.one(T0 + 1_500, message());
    for (let index = 1; index <= GATEWAYS_MAX; index++) room.one(T0 + 1_600, report(`${index}`, 2, 2));
    expect(room.document.changes.inForceAt).toBeNull();
    room.one(T0 + 3_501, report('1', 3, 2));
    expect(room.document.changes.inForceAt).toBe(T0 + 3_501);
  });

  test('at last, however many gateways begin that have no view yet', () => {
    const room = configured();
    room.one(T0 + 1_000, message());
    for (let second = 0; second < 5; second++) room.one(T0 + 1_500 + second * 1_000, report(`${second}`, 1, 0));
    expect(room.document.changes.inForceAt).toBe(T0 + 3_500);
  });
});

test('a report told again counts once; one that was overtaken counts for nothing', () => {
  const room = configured();
  for (const seq of [1, 1, 2, 2, 1]) room.one(T0 + 1_000 + seq, report('one', seq, 1));
  expect(room.document.history.open.observed.refused).toEqual({ noAdmission: 2 });
  expect(room.document.changes.gateways).toMatchObject([{ seq: 2, at: T0 + 1_002 }]);
});
