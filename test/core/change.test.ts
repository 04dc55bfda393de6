// Operators' changes, their log and the history, as laws of `step`.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, faultIn } from '../../queue-core/audit.ts';
import { type FlowCounts, NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { bucketOf } from '../../queue-core/history.ts';
import { VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import { CheckedRoom, change, claim, configure, join, OTHER_SECRET, policy, settings, T0 } from './sample-rooms.ts';

function open(): CheckedRoom {
  const room = new CheckedRoom();
  room.one(T0, configure(settings()));
  return room;
}

const pause = { kind: 'setFlow', flow: 'paused' } as const;
const report = (gateway: string, seq: number, version: number) =>
  ({ kind: 'report', gateway, seq, version, observed: { ...NOTHING_OBSERVED, refused: { noAdmission: 1 } } }) as const;

describe('a change', () => {
  test('on a version that is no more changes nothing', () => {
    const room = open();
    const { version } = room.document.changes;
    expect(room.one(T0 + 1, change(pause, version))).toMatchObject({ kind: 'changed', version: version + 1 });
    const resume = change({ kind: 'setFlow', flow: 'running' }, version);
    expect(room.one(T0 + 2, resume)).toEqual({ kind: 'conflict', version: version + 1 });
    expect(room.document.config.flow).toBe('paused');
    expect(room.log).toHaveLength(2);
  });

  test('that stops needs no version, except where a pause would let those in whom a hold keeps out', () => {
    const room = open();
    const hold = { kind: 'setFlow', flow: 'held' } as const;
    for (const stop of [pause, hold]) expect(room.one(T0 + 1, change(stop))).toMatchObject({ kind: 'changed' });
    const { version } = room.document.changes;
    expect(room.one(T0 + 2, change(pause))).toEqual({ kind: 'conflict', version });
    expect(room.document.config.flow).toBe('held');
    expect(room.one(T0 + 3, change(pause, version))).toMatchObject({ kind: 'changed' });
  });

  test('repeated is made once and answered the same', () => {
    const room = open();
    const wish = change(pause, room.document.changes.version);
    const first = room.one(T0 + 1, wish);
    room.one(T0 + 2, change({ kind: 'setFlow', flow: 'running' }));
    expect(room.one(T0 + 3, wish)).toEqual(first);
    expect(room.document.config.flow).toBe('running');
    expect(room.log).toHaveLength(3);
  });

  test('that is so already is no change', () => {
    const room = open();
    expect(room.one(T0 + 1, change({ kind: 'setPolicy', policy: policy() }))).toMatchObject({ kind: 'unchanged' });
    expect(room.log).toHaveLength(1);
  });

  test('of the opening to now opens what is not open, once; after the end it begins anew', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({}, { opensInMs: 60_000 })));
    room.one(T0 + 1, join('a'));
    room.one(T0 + 2, change({ kind: 'openNow', secret: OTHER_SECRET }));
    expect(room.document.draw).toMatchObject({ entries: 1, secret: expect.not.stringMatching(OTHER_SECRET) });
    expect(room.one(T0 + 3, change({ kind: 'openNow', secret: OTHER_SECRET }))).toMatchObject({
      reason: 'alreadyOpen',
    });
    room.one(T0 + 4, change({ kind: 'close' }));
    room.one(T0 + 5, change({ kind: 'openNow', secret: OTHER_SECRET }));
    expect(room.document).toMatchObject({ epoch: 2, line: { issued: 0 } });
  });

  test('that sends everybody out ends every session and nobody’s place', () => {
    const room = open();
    for (const name of ['a', 'b', 'c']) room.one(T0 + 1_000, join(name, name !== 'c'));
    expect(room.document.sessions.active).toBe(2);
    room.one(T0 + 2_000, change({ kind: 'revokeAll' }));
    expect(room.document).toMatchObject({ line: { issued: 3 }, sessions: { active: 0, totals: { revoked: 2 } } });
    for (const [position, name] of [
      [1, 'a'],
      [2, 'b'],
    ] as const) {
      expect(room.one(T0 + 3_000, claim(position, name))).toEqual({ kind: 'ended', reason: 'revoked' });
      const renewal = { kind: 'renew', epoch: 1, position, sid: `sid-${name}` } as const;
      expect(room.one(T0 + 3_000, renewal)).toEqual({ kind: 'ended', reason: 'revoked' });
    }
    expect(room.one(T0 + 4_000, claim(3, 'c'))).toMatchObject({ kind: 'admitted' });
    room.one(T0 + 20 * 60_000, { kind: 'tick' });
  });
});

describe('the log', () => {
  const night = () => {
    const room = open();
    for (const flow of ['paused', 'held', 'running', 'paused', 'running'] as const)
      room.one(T0 + 9, change({ kind: 'setFlow', flow }));
    return room.log;
  };

  test('shows every line that was removed, edited, doubled or put elsewhere', () => {
    const log = night();
    expect(faultIn(log)).toBeNull();
    const index = fc.integer({ min: 0, max: log.length - 1 });
    fc.assert(
      fc.property(index, index, fc.constantFrom('remove', 'edit', 'double', 'swap'), (at, other, how) => {
        const line = log[at];
        const second = log[other];
        if (line === undefined || second === undefined) return;
        const doctored = {
          remove: log.toSpliced(at, 1),
          edit: log.with(at, { ...line, by: { ...line.by, name: `${line.by.name}!` } }),
          double: log.toSpliced(at, 0, line),
          swap: log.with(at, second).with(other, line),
        }[how];
        const isSame = (how === 'swap' && at === other) || (how === 'remove' && at === log.length - 1);
        // A log cut off at its end is whole in itself: the head that the room remembers shows it.
        expect(faultIn(doctored) === null).toBe(isSame);
      }),
    );
  });

  test('is hashed in the canonical spelling of RFC 8785', () => {
    expect(canonical({ b: [1, 1e21, -0, 'é\u000f"'], a: { z: null, A: true } })).toBe(
      '{"a":{"A":true,"z":null},"b":[1,1e+21,0,"é\\u000f\\""]}',
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (record) => {
        expect(JSON.parse(canonical(record))).toEqual({ ...record });
        expect(canonical(Object.fromEntries(Object.entries(record).reverse()))).toBe(canonical(record));
      }),
    );
  });
});

describe('the history', () => {
  test('adds up to what the room itself counted, whatever happens when', () => {
    const happening = fc.record({
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      what: fc.constantFrom('join', 'enter', 'leave', 'revokeAll', 'tick'),
    });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const room = open();
        let now = T0;
        for (const [index, { afterMs, what }] of happenings.entries()) {
          now += afterMs;
          if (what === 'join' || what === 'enter') room.one(now, join(`${index}`, what === 'enter'));
          else if (what === 'revokeAll') room.one(now, change({ kind: 'revokeAll' }));
          else if (what === 'tick') room.one(now, { kind: 'tick' });
          else {
            const [position, session] = [...room.sessions].at(-1) ?? [1, null];
            room.one(now, { kind: 'end', epoch: 1, position, sid: session?.sid ?? '', reason: 'left' });
          }
        }
        const buckets = [...room.history, bucketOf(room.document, now)];
        const total = (name: keyof FlowCounts) => buckets.reduce((sum, bucket) => sum + bucket[name], 0);
        const { line, pacing, sessions } = room.document;
        expect([total('arrived'), total('called'), total('lapsed')]).toEqual([
          line.issued,
          pacing.called,
          pacing.lapsed,
        ]);
        for (const name of ['left', 'revoked', 'expired'] as const) {
          expect(total(name), name).toBe(sessions.totals[name]);
        }
        const { at, slots } = room.document.history.open;
        const ahead = slots.reduce((sum, [begins, count]) => (begins > at ? sum + count : sum), 0);
        expect(total('admitted') + ahead).toBe(sessions.totals.admitted);
      }),
      { numRuns: 60 },
    );
  });

  test('counts people where they may enter: no ten seconds hold more than the rate allows', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ newUsersPerMinute: 600, totalActiveUsers: 1_000 })));
    for (let index = 1; index <= 300; index++) room.one(T0, join(`${index}`));
    for (let second = 1; second <= 60; second++) {
      const { pacing, sessions } = room.document;
      for (let position = sessions.totals.admitted + 1; position <= pacing.called; position++) {
        room.one(T0 + second * 1_000, claim(position, `${position}`));
      }
      room.one(T0 + second * 1_000, { kind: 'tick' });
    }
    const buckets = [...room.history, bucketOf(room.document, T0 + 60_000)];
    expect(Math.max(...buckets.map(({ admitted }) => admitted))).toBeLessThanOrEqual(100);
    expect(buckets.reduce((sum, { admitted }) => sum + admitted, 0)).toBe(300);
  });

  test('counts nobody less than not at all, also when those come after all whose turn had passed', () => {
    const room = new CheckedRoom();
    room.one(T0, configure(settings({ totalActiveUsers: 4, claimWindowMs: 30_000 })));
    for (const name of ['a', 'b', 'c', 'd']) room.one(T0 + 1_000, join(name));
    for (let second = 2; second < 6; second++) room.one(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(4);
    room.one(T0 + 6_000, change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 2, claimWindowMs: 30_000 }) }));
    const ask = (now: number) => ['a', 'b', 'c', 'd'].map((name, index) => room.one(now, claim(index + 1, name)));
    for (let second = 7; second < 90; second += 5) ask(T0 + second * 1_000);
    expect(room.document).toMatchObject({ sessions: { totals: { admitted: 2 } }, pacing: { lapsed: 2 } });
    room.one(
      T0 + 92_000,
      change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 4, claimWindowMs: 30_000 }) }),
    );
    for (let second = 93; second < 120; second += 5) ask(T0 + second * 1_000);
    expect(room.document).toMatchObject({ sessions: { totals: { admitted: 4 } }, pacing: { lapsed: 0 } });
    room.one(T0 + 140_000, { kind: 'tick' });
    for (const bucket of [...room.history, bucketOf(room.document, T0 + 140_000)]) {
      expect(bucket.lapsed).toBeGreaterThanOrEqual(0);
    }
  });

  test('counts a gateway’s report once, however often it is told', () => {
    const room = open();
    for (const seq of [1, 1, 2, 1, 2, 3]) room.one(T0 + 100, report('g', seq, 1));
    expect(bucketOf(room.document, T0 + 100).refused).toEqual({ noAdmission: 3 });
  });
});

describe('a change is in force everywhere', () => {
  test('not before every gateway that could still answer from an older view has the newer one', () => {
    const gateways = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 6_000 }), gateway: fc.constantFrom('a', 'b', 'c') }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(gateways, (looks) => {
        const room = open();
        const seen = new Map<string, { at: number; version: number; seq: number }>();
        let changedAt: number | null = null;
        for (const { at, gateway } of looks.toSorted((a, b) => a.at - b.at)) {
          if (at > 2_000 && changedAt === null) {
            changedAt = T0 + 2_000;
            room.one(changedAt, change(pause));
          }
          const known = seen.get(gateway) ?? { at: 0, version: 0, seq: 0 };
          room.one(T0 + at, report(gateway, known.seq + 1, known.version));
          // What it said is what it had until now; from now on it has the newest.
          const { inForceAt, version } = room.document.changes;
          if (inForceAt === T0 + at && changedAt !== null) {
            const others = [...seen].filter(([name, one]) => name !== gateway && T0 + at - one.at <= VIEW_STALE_MS_MAX);
            // Each has told of a version since it looked last, so what it told is one look behind what it has.
            for (const [, one] of others) expect(one.version).toBe(version);
          }
          seen.set(gateway, { at: T0 + at, version, seq: known.seq + 1 });
        }
      }),
    );
  });
});
