// A store's clock that leaps ahead while gateways watch the room: nothing is acted on that could not be taken back.

import { describe, expect, test } from 'vitest';
import { viewOf } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { stateOf } from '../../queue-core/room-state.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, claim, configure, join, settings, T0 } from './sample-rooms.ts';

const HOUR = 3_600_000;
const RESUME = change({ kind: 'setFlow', flow: 'running' });

/** A gateway that reads the room, and says how long ago that was by its own clock. */
class Watcher {
  readonly #room: CheckedRoom;
  readonly #name: string;
  #seq = 0;

  constructor(room: CheckedRoom, name = 'north') {
    this.#room = room;
    this.#name = name;
  }

  report(now: number, elapsedMs?: number): void {
    this.#seq++;
    const elapsed = elapsedMs === undefined ? {} : { elapsedMs };
    const { version } = this.#room.document.changes;
    const report = {
      kind: 'report',
      gateway: this.#name,
      seq: this.#seq,
      version,
      observed: NOTHING_OBSERVED,
    } as const;
    this.#room.send(now, { ...report, ...elapsed } satisfies Command);
  }

  /** Reports every second. @returns the time of the last report */
  watch(from: number, seconds: number): number {
    for (let second = 1; second <= seconds; second++) this.report(from + 1_000 * second, 1_000);
    return from + 1_000 * seconds;
  }
}

function dueInHalfAnHour(): { room: CheckedRoom; watcher: Watcher; now: number } {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({}, { opensInMs: HOUR / 2 })));
  const watcher = new Watcher(room);
  watcher.report(T0 + 500);
  const now = watcher.watch(T0 + 500, 5);
  room.send(now, join('early'));
  return { room, watcher, now };
}

function openWithSession(): { room: CheckedRoom; watcher: Watcher; now: number } {
  const room = new CheckedRoom();
  room.send(T0, configure(settings({ sessionMs: HOUR / 2 })));
  const watcher = new Watcher(room);
  watcher.report(T0 + 500);
  room.send(T0 + 1_000, join('inside', true));
  return { room, watcher, now: watcher.watch(T0 + 500, 5) };
}

test('an opening that comes while a leapt clock is not believed is when an operator believes it: entries were given until then', () => {
  const { room, watcher, now } = dueInHalfAnHour();
  for (const leapt of [now + HOUR, now + HOUR + 5_000]) {
    watcher.report(leapt, 1_000);
    expect(room.send(leapt, join(`at-${leapt}`))).toMatchObject({ place: { kind: 'entry' } });
  }
  const resumedAt = now + HOUR + 10_000;
  room.send(resumedAt, change({ kind: 'setFlow', flow: 'running' }, room.document.changes.version));
  expect(room.document).toMatchObject({ draw: { entries: 3 }, config: { schedule: { opensAt: resumedAt } } });
});

describe('a clock that leaps an hour ahead for six seconds', () => {
  test('an operator who resumes the room, as the clock is right, opens it when no gateway gives out entries any more', () => {
    const { room, watcher, now } = dueInHalfAnHour();
    watcher.report(now + HOUR + 1_000, 1_000);
    const leased = room.send(now + HOUR + 1_900, { kind: 'lease', count: 5, ahead: 0 });
    expect(leased).toMatchObject({ places: 'entry', forMs: 2_000 });
    room.send(now + HOUR + 2_000, RESUME);
    room.send(now + HOUR + 3_899, { kind: 'tick' });
    expect(room.document.draw.entries).toBeNull();
    room.send(now + HOUR + 4_000, { kind: 'tick' });
    expect(room.document.draw.entries).toBe(6);
  });

  test('does not open a room that is due in half an hour; it opens on time after an operator has resumed it', () => {
    const { room, watcher, now } = dueInHalfAnHour();
    for (let second = 1; second <= 6; second++) {
      room.send(now + HOUR + 1_000 * second, join(`leap-${second}`));
      watcher.report(now + HOUR + 1_000 * second, 1_000);
    }
    expect(stateOf(room.document, room.document.at)).toBe('prequeue');
    expect(room.document.line.entries).toBe(7);
    expect(room.document.config.flow).toBe('held');
    expect(room.log.filter(({ action }) => action === 'clockLeap')).toHaveLength(1);
    const after = watcher.watch(now + 6_000, 5);
    room.send(after, RESUME);
    room.send(T0 + HOUR / 2 - 1, { kind: 'tick' });
    expect(room.document.draw.seed).toBeNull();
    watcher.report(T0 + HOUR / 2, HOUR / 2 - (after - T0));
    expect(stateOf(room.document, room.document.at)).toBe('open');
  });

  test('ends no session and admits nobody', () => {
    const { room, watcher, now } = openWithSession();
    const { sessions, pacing } = room.document;
    for (let second = 1; second <= 6; second++) {
      const leapt = now + HOUR + 1_000 * second;
      expect(viewOf(room.document, [], leapt).at).toBe(room.document.at);
      room.send(leapt, { kind: 'renew', epoch: 1, position: 1, sid: 'sid-inside' });
      watcher.report(leapt, 1_000);
      expect(room.send(leapt, join(`leap-${second}`, true))).toMatchObject({ kind: 'joined', claim: null });
    }
    expect(room.document.sessions.active).toBe(sessions.active);
    expect(room.document.pacing.called).toBe(pacing.called);
    const back = watcher.watch(now + 6_000, 1);
    expect(room.send(back, claim(1, 'inside'))).toMatchObject({ kind: 'admitted', sid: 'sid-inside' });
  });
});

describe('a clock that is set back by an hour', () => {
  test('holds the room, which moves nobody until the clock has caught up, and is recorded once', () => {
    const { room, watcher, now } = openWithSession();
    for (let number = 0; number < 5; number++) room.send(now, join(`waiting-${number}`));
    watcher.watch(now - HOUR, 6);
    expect(viewOf(room.document, [], now - HOUR + 6_000)).toMatchObject({
      at: now,
      board: { state: 'paused', pace: null },
      live: { flow: 'held', clockLeap: { from: now, to: now - HOUR + 1_000 } },
    });
    expect(room.log.filter(({ action }) => action === 'clockLeap')).toHaveLength(1);
    const after = watcher.watch(now, 1);
    room.send(after, RESUME);
    watcher.watch(after, 2);
    expect(stateOf(room.document, room.document.at)).toBe('open');
  });

  test('holds it again where it is resumed before the clock has caught up', () => {
    const { room, watcher, now } = openWithSession();
    const back = watcher.watch(now - HOUR, 1);
    room.send(back, change({ kind: 'setFlow', flow: 'running' }, room.document.changes.version));
    watcher.watch(back, 1);
    expect(room.document.config.flow).toBe('held');
  });

  test('is corrected by less than a minute without a hold', () => {
    const { room, watcher, now } = openWithSession();
    watcher.watch(now - 59_000, 5);
    expect(room.document.config).toMatchObject({ flow: 'running', leap: null });
  });
});

describe('time that really passed', () => {
  test.each([
    ['the gateway says so', (watcher: Watcher, now: number) => watcher.report(now + HOUR, HOUR)],
    [
      'a gateway that has just started reads the room',
      (_: Watcher, now: number, room: CheckedRoom) => new Watcher(room, 'south').report(now + HOUR),
    ],
    [
      'an operator resumes the room',
      (watcher: Watcher, now: number, room: CheckedRoom) => {
        watcher.report(now + HOUR, 1_000);
        room.send(now + HOUR, RESUME);
      },
    ],
  ])('is acted on as soon as %s', (_, tell) => {
    const { room, watcher, now } = dueInHalfAnHour();
    tell(watcher, now, room);
    room.send(now + HOUR + 100, { kind: 'tick' });
    expect(room.document.at).toBe(now + HOUR + 100);
    expect(stateOf(room.document, room.document.at)).toBe('open');
  });

  test('needs no word of a gateway where none watches', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: HOUR / 2 })));
    room.send(T0 + HOUR, { kind: 'tick' });
    expect(stateOf(room.document, room.document.at)).toBe('open');
  });
});
