// Alarms as the room keeps them: raised once by any number of gateways, over when nobody sees them for a while, told outside by one
// gateway at a time, and never so often that they fill the log.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALARM_ACTOR,
  ALARM_OVER_MS,
  isDue,
  RETRY_PAUSES_MS,
  TAKEN_MS,
  TOLD_AGAIN_MS,
} from '../../queue-core/alarms.ts';
import type { RoomAlarmKind, SeenAlarm } from '../../queue-core/document/alarms-state.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { ALARM_FIGURES_CHARS_MAX, ALARM_RECORDS_UP_TO } from '../../queue-core/limits.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, configure, settings, T0 } from './sample-rooms.ts';

const SECOND = 1_000;
const TARGETS = ['chat', 'pager'];

/** A room whose gateways report once a second what they see. */
class WatchedRoom extends CheckedRoom {
  #seq = 0;
  now = T0;

  constructor() {
    super();
    this.send(T0, configure(settings()));
  }

  get raised(): RoomAlarmKind[] {
    return this.document.alarms.raised.map(({ kind }) => kind);
  }

  get told(): string[] {
    return this.document.alarms.notices.map(({ kind, event }) => `${kind} ${event}`);
  }

  report(seen: RoomAlarmKind[] | undefined, gateway = 'north', figures = '{}'): void {
    const alarms: SeenAlarm[] | undefined = seen?.map((kind) => ({ kind, figures }));
    const { version } = this.document.changes;
    const told = alarms === undefined ? {} : { alarms };
    this.send(this.now, {
      kind: 'report',
      gateway,
      seq: ++this.#seq,
      version,
      observed: NOTHING_OBSERVED,
      ...told,
    });
  }

  /** So many seconds in which every report says the same. */
  seconds(count: number, seen: RoomAlarmKind[] | undefined): void {
    for (let second = 0; second < count; second++) {
      this.now += SECOND;
      this.report(seen);
    }
  }

  take(number: number, event: 'raised' | 'cleared' = 'raised', targets = TARGETS) {
    const reply = this.send(this.now, { kind: 'takeNotice', number, event, targets });
    if (reply.kind !== 'taken') throw new Error(`The reply was ${reply.kind}.`);
    return reply.deliveries;
  }

  outcome(number: number, target: string, attempt: number, status: number | null): void {
    const event = 'raised';
    this.send(this.now, { kind: 'reportDelivery', number, event, target, name: `The ${target}`, attempt, status });
  }

  get deliveries() {
    return this.log.filter(({ by }) => by.id === ALARM_ACTOR.id).map(({ action, to }) => ({ action, to }));
  }
}

describe('an alarm', () => {
  test('is raised once, however many gateways see it, and keeps the time of the first', () => {
    const room = new WatchedRoom();
    for (let second = 1; second <= 20; second++) {
      room.now = T0 + second * SECOND;
      for (const gateway of ['north', 'south', 'west']) room.report(['originSlow'], gateway);
    }
    expect(room.document.alarms.raised).toMatchObject([
      { kind: 'originSlow', number: 1, since: T0 + SECOND, seenAt: T0 + 20 * SECOND, acknowledged: null },
    ]);
    expect(room.told).toEqual(['originSlow raised']);
  });

  test('stays while one of many gateways sees it', () => {
    const room = new WatchedRoom();
    for (let second = 1; second <= 120; second++) {
      room.now = T0 + second * SECOND;
      room.report(second % 20 === 0 || second === 1 ? ['originSlow'] : [], 'far away');
      room.report([], 'nearby');
    }
    expect(room.raised).toEqual(['originSlow']);
  });

  test('is over when nobody has seen it for a while, and not before', () => {
    const room = new WatchedRoom();
    room.seconds(5, ['originErrors']);
    room.seconds(ALARM_OVER_MS / SECOND - 1, []);
    expect(room.raised).toEqual(['originErrors']);
    room.seconds(1, []);
    expect(room.raised).toEqual([]);
  });

  test('that the room knows to be over is neither raised nor kept, whatever a gateway still sees', () => {
    const room = new WatchedRoom();
    room.send(T0, { kind: 'reportOverload', forMs: 600_000 });
    room.seconds(2, ['originStopped', 'originSlowed', 'clockLeapt']);
    expect(room.raised).toEqual(['originStopped']);
    room.send(room.now, { kind: 'reportOverload', forMs: 0 });
    room.seconds(1, ['originStopped']);
    expect(room.raised).toEqual([]);
  });

  test('does not end because nobody can tell, or nobody watches', () => {
    const room = new WatchedRoom();
    room.seconds(5, ['originErrors']);
    room.seconds(300, undefined);
    room.now += 3_600_000;
    room.send(room.now, { kind: 'tick' });
    expect(room.raised).toEqual(['originErrors']);
    room.seconds(1, []);
    expect(room.raised).toEqual([]);
  });

  test('has the figures that were seen last', () => {
    const room = new WatchedRoom();
    room.report(['limitReached'], 'north', '{"active":5}');
    room.report(['limitReached'], 'north', '{"active":7}');
    expect(room.document.alarms.raised[0]?.figures).toBe('{"active":7}');
  });

  test('whose figures are longer than a room keeps is not taken', () => {
    const room = new WatchedRoom();
    room.report(['limitReached'], 'north', 'x'.repeat(ALARM_FIGURES_CHARS_MAX + 1));
    expect(room.raised).toEqual([]);
  });

  test('goes on in the next opening', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originErrors']);
    const { epoch } = room.document;
    room.send(room.now, change({ kind: 'close' }));
    room.send(room.now, change({ kind: 'openNow', secret: { commitment: 'ab'.repeat(32), sealed: 'k.s' } }));
    expect(room.document.epoch).toBeGreaterThan(epoch);
    expect(room.raised).toEqual(['originErrors']);
  });

  test('is acknowledged once, by name and in the log, and stays until it is over', () => {
    const room = new WatchedRoom();
    expect(room.send(T0, change({ kind: 'acknowledgeAlarm', alarm: 'originSlow' }))).toEqual({
      kind: 'refused',
      reason: 'unknownAlarm',
    });
    room.seconds(1, ['originSlow']);
    const { version } = room.document.changes;
    room.send(room.now, change({ kind: 'acknowledgeAlarm', alarm: 'originSlow' }));
    expect(room.send(room.now, change({ kind: 'acknowledgeAlarm', alarm: 'originSlow' }))).toMatchObject({
      kind: 'unchanged',
    });
    // It changes nothing that a gateway would have to know.
    expect(room.document.changes.version).toBe(version);
    expect(room.document.alarms.raised[0]?.acknowledged).toMatchObject({ at: room.now });
    expect(room.log.at(-1)).toMatchObject({ action: 'acknowledgeAlarm', to: { alarm: 'originSlow', number: 1 } });
    room.seconds(60, []);
    expect(room.raised).toEqual([]);
  });
});

describe('what is told of an alarm', () => {
  test('is that it was raised and that it is over, in this order', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    room.take(1);
    room.seconds(60, []);
    expect(room.told).toEqual(['originSlow raised', 'originSlow cleared']);
  });

  test('is nothing where the alarm was over before anybody took it', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    room.seconds(60, []);
    expect(room.told).toEqual([]);
  });

  test('goes to each target once, however many gateways take it at once', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    expect(room.take(1)).toEqual([
      { target: 'chat', attempt: 1 },
      { target: 'pager', attempt: 1 },
    ]);
    for (let gateway = 0; gateway < 5; gateway++) expect(room.take(1)).toEqual([]);
    room.outcome(1, 'chat', 1, 204);
    room.outcome(1, 'pager', 1, 200);
    room.now += 3_600_000;
    expect(room.take(1)).toEqual([]);
    expect(room.document.alarms.notices.filter((notice) => isDue(notice, room.now))).toEqual([]);
  });

  test('is taken over from a gateway that has died, whose late success counts', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    room.take(1);
    room.now += TAKEN_MS - 1;
    expect(room.take(1)).toEqual([]);
    room.now += 1;
    expect(room.take(1, 'raised', ['chat'])).toEqual([{ target: 'chat', attempt: 2 }]);
    // The first one was only slow: what it failed at counts no more, what it delivered does.
    for (const status of [503, 404]) room.outcome(1, 'chat', 1, status);
    expect(room.document.alarms.notices[0]?.deliveries).toMatchObject([{ target: 'chat', state: 'due', attempts: 2 }]);
    room.outcome(1, 'chat', 1, 200);
    expect(room.document.alarms.notices[0]?.deliveries).toMatchObject([{ target: 'chat', state: 'delivered' }]);
  });

  test('is retried with growing pauses, and given up after the last one', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    for (const [index, pauseMs] of RETRY_PAUSES_MS.entries()) {
      expect(room.take(1, 'raised', ['chat'])).toEqual([{ target: 'chat', attempt: index + 1 }]);
      room.outcome(1, 'chat', index + 1, index % 2 === 0 ? null : 503);
      room.now += pauseMs - 1;
      expect(room.take(1, 'raised', ['chat'])).toEqual([]);
      room.now += 1;
    }
    expect(room.deliveries).toEqual([]);
    const last = RETRY_PAUSES_MS.length + 1;
    expect(room.take(1, 'raised', ['chat'])).toEqual([{ target: 'chat', attempt: last }]);
    room.outcome(1, 'chat', last, 503);
    room.now += 86_400_000;
    expect(room.take(1, 'raised', ['chat'])).toEqual([]);
    expect(room.deliveries).toEqual([
      {
        action: 'alarmNotDelivered',
        to: {
          ...{ alarm: 'originSlow', number: 1, event: 'raised' },
          ...{ target: 'The chat', status: 503, attempts: last },
        },
      },
    ]);
  });

  test.each([400, 401, 404, 410, 301])('is not retried where the target refuses it: status %i', (status) => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    room.take(1, 'raised', ['chat']);
    room.outcome(1, 'chat', 1, status);
    expect(room.deliveries).toMatchObject([{ action: 'alarmNotDelivered', to: { status, attempts: 1 } }]);
  });

  test('goes to nobody who was removed meanwhile', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    room.take(1);
    room.outcome(1, 'chat', 1, 503);
    room.now += RETRY_PAUSES_MS[0];
    expect(room.take(1, 'raised', ['pager'])).toEqual([]);
    expect(room.document.alarms.notices[0]?.deliveries).toMatchObject([{ target: 'pager' }]);
  });

  test('of one that comes and goes is told at most once in five minutes', () => {
    const room = new WatchedRoom();
    const minutes = 120;
    for (let second = 0; second < minutes * 60; second++) {
      // Raised for ten seconds, and not seen for forty.
      room.seconds(1, second % 50 < 10 ? ['originSlow'] : []);
      for (const notice of room.document.alarms.notices) {
        if (!isDue(notice, room.now)) continue;
        for (const { target, attempt } of room.take(notice.number, notice.event, ['chat'])) {
          const { number, event } = notice;
          const delivery = { number, event, target, name: target, attempt, status: 200 };
          room.send(room.now, { kind: 'reportDelivery', ...delivery });
        }
      }
    }
    expect(room.document.alarms.seq).toBeGreaterThan(100);
    const told = (minutes * 60_000) / TOLD_AGAIN_MS + 1;
    expect(room.deliveries.length).toBeLessThanOrEqual(2 * told);
    expect(room.deliveries.length).toBeGreaterThan(told);
  });

  test('late is told if it is still raised then', () => {
    const room = new WatchedRoom();
    room.seconds(1, ['originSlow']);
    room.take(1);
    room.seconds(60, []);
    room.seconds(TOLD_AGAIN_MS / SECOND - 62, ['originSlow']);
    expect(room.told).toEqual(['originSlow raised', 'originSlow cleared']);
    room.seconds(2, ['originSlow']);
    expect(room.told).toEqual(['originSlow raised', 'originSlow cleared', 'originSlow raised']);
  });

  test('is not recorded any more where that would take the log’s second half, which is for people', () => {
    const room = new WatchedRoom();
    const { document } = room;
    const audit = { ...document.changes.audit, seq: ALARM_RECORDS_UP_TO };
    room.document = { ...document, changes: { ...document.changes, audit } };
    room.seconds(1, ['originSlow']);
    room.take(1, 'raised', ['chat']);
    room.outcome(1, 'chat', 1, 200);
    expect(room.document.changes.audit.seq).toBe(ALARM_RECORDS_UP_TO);
    expect(room.document.alarms.notices[0]?.deliveries).toMatchObject([{ state: 'delivered', status: 200 }]);
  });
});

test('counters over openings only rise', () => {
  const step = fc.record({
    joins: fc.integer({ min: 0, max: 5 }),
    seconds: fc.integer({ min: 0, max: 30 }),
    isReopened: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const room = new WatchedRoom();
      let before = { ...room.document.lifetime.before };
      for (const { joins, seconds, isReopened } of steps) {
        for (let index = 0; index < joins; index++) {
          room.send(room.now, { kind: 'join', visitor: `visitor-${room.now}-${index}`, sid: null });
        }
        room.seconds(seconds, []);
        const { line, pacing, lifetime } = room.document;
        const [arrived, called] = [lifetime.before.arrived + line.issued, lifetime.before.called + pacing.called];
        if (isReopened) {
          room.send(room.now, change({ kind: 'close' }));
          room.send(room.now, change({ kind: 'openNow', secret: { commitment: 'ab'.repeat(32), sealed: 'k.s' } }));
          expect(room.document.lifetime.before).toMatchObject({ arrived, called });
        }
        for (const name of Object.keys(before) as (keyof typeof before)[]) {
          expect(room.document.lifetime.before[name]).toBeGreaterThanOrEqual(before[name]);
        }
        before = { ...room.document.lifetime.before };
      }
    }),
    { numRuns: 50 },
  );
});
