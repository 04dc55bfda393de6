// When a change is in force: as soon as no gateway can answer from an older view, and never sooner. The simulated gateways
// hold a view with an age, and lose responses.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { GATEWAYS_MAX, VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, configure, settings, T0 } from './sample-rooms.ts';

const OBSERVED = { ...NOTHING_OBSERVED, refused: { noAdmission: 1 } };

let texts = 0;
const message = () => change({ kind: 'setMessage', text: { ko: '잠시만요', en: `One moment ${++texts}` } });

function report(gateway: string, seq: number, version: number): Command {
  return { kind: 'report', gateway, seq, version, observed: OBSERVED };
}

function configured(): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings()));
  return room;
}

/** A gateway's view of the room: it repeats a report until a response comes. */
class SimulatedGateway {
  readonly id: string;
  view: { version: number; requestedAt: number } | null = null;
  reports = 0;
  pending: Command | null = null;

  constructor(id: string) {
    this.id = id;
  }

  read(room: CheckedRoom, requestedAt: number, now: number, isResponseLost: boolean): void {
    if (this.pending === null) this.reports++;
    this.pending ??= report(this.id, this.reports, this.view?.version ?? 0);
    room.send(now, this.pending);
    if (isResponseLost) return;
    this.pending = null;
    this.view = { version: room.document.changes.version, requestedAt };
  }

  hasViewBefore(version: number, now: number): boolean {
    return this.view !== null && this.view.version < version && now - this.view.requestedAt < VIEW_STALE_MS_MAX;
  }
}

const event = fc.record({
  afterMs: fc.integer({ min: 0, max: 900 }),
  gateway: fc.nat(),
  delayMs: fc.integer({ min: 0, max: 400 }),
  kind: fc.constantFrom('read', 'read', 'read', 'read', 'lostRead', 'change'),
});

describe('changes in force', () => {
  test('a change is never in force while some gateway could answer from an older view', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(event, { minLength: 1, maxLength: 80 }), (count, events) => {
        const room = configured();
        const gateways = Array.from({ length: count }, (_, index) => new SimulatedGateway(`gateway-${index}`));
        let now = T0;
        for (const { afterMs, gateway, delayMs, kind } of events) {
          now += afterMs;
          if (kind === 'change') room.send(now, message());
          else gateways[gateway % count]?.read(room, now - Math.min(delayMs, afterMs), now, kind === 'lostRead');
          const { inForceAt, version } = room.document.changes;
          if (inForceAt === null) continue;
          expect(gateways.filter((one) => one.hasViewBefore(version, now)).map(({ id }) => id)).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a change is not in force while a gateway answers from a view that it got for a repeated report', () => {
    const room = configured();
    room.send(T0 + 1_000, report('slow', 1, 1));
    room.send(T0 + 2_900, report('slow', 1, 1));
    room.send(T0 + 3_000, message());
    room.send(T0 + 3_100, report('fast', 1, 2));
    expect(room.document.changes.inForceAt).toBeNull();
    room.send(T0 + 3_900, report('slow', 2, 2));
    expect(room.document.changes.inForceAt).toBe(T0 + 3_900);
  });

  test('with more gateways than are remembered a change is in force only after the age that views may reach', () => {
    const room = configured();
    for (let index = 0; index <= GATEWAYS_MAX; index++) room.send(T0 + 1_000, report(`${index}`, 1, 1));
    room.send(T0 + 1_500, message());
    for (let index = 1; index <= GATEWAYS_MAX; index++) room.send(T0 + 1_600, report(`${index}`, 2, 2));
    expect(room.document.changes.inForceAt).toBeNull();
    room.send(T0 + 3_501, report('1', 3, 2));
    expect(room.document.changes.inForceAt).toBe(T0 + 3_501);
  });

  test('a change is in force after the age that views may reach, however many gateways start meanwhile', () => {
    const room = configured();
    room.send(T0 + 1_000, message());
    for (let second = 0; second < 5; second++) room.send(T0 + 1_500 + second * 1_000, report(`${second}`, 1, 0));
    expect(room.document.changes.inForceAt).toBe(T0 + 3_500);
  });
});

test('a repeated report counts once; one with an older number is ignored', () => {
  const room = configured();
  for (const seq of [1, 1, 2, 2, 1]) room.send(T0 + 1_000 + seq, report('one', seq, 1));
  expect(room.document.history.open.observed.refused).toEqual({ noAdmission: 2 });
  expect(room.document.changes.gateways).toMatchObject([{ seq: 2, at: T0 + 1_002 }]);
});
