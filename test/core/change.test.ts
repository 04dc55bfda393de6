// Operators' changes, their audit log and the history.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, faultIn } from '../../queue-core/audit.ts';
import type { FlowCounts } from '../../queue-core/document/history-state.ts';
import { bucketOf } from '../../queue-core/history.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, claim, configure, epochAt, join, OTHER_SECRET, policy, settings, T0 } from './sample-rooms.ts';

function open(): CheckedRoom {
  const room = new CheckedRoom();
  room.send(T0, configure(settings()));
  return room;
}

const pause = { kind: 'setFlow', flow: 'paused' } as const;

describe('changes', () => {
  test('a change with an ifVersion that is not in force is a conflict and changes nothing', () => {
    const room = open();
    const { version } = room.document.changes;
    expect(room.send(T0 + 1, change(pause, version))).toMatchObject({ kind: 'changed', version: version + 1 });
    const resume = change({ kind: 'setFlow', flow: 'running' }, version);
    expect(room.send(T0 + 2, resume)).toEqual({ kind: 'conflict', version: version + 1, changedSeq: 2 });
    expect(room.document.config.flow).toBe('paused');
    expect(room.log).toHaveLength(2);
  });

  test('a pause or hold needs no ifVersion, except a pause of a held room', () => {
    const room = open();
    const hold = { kind: 'setFlow', flow: 'held' } as const;
    for (const stop of [pause, hold]) expect(room.send(T0 + 1, change(stop))).toMatchObject({ kind: 'changed' });
    const { version } = room.document.changes;
    expect(room.send(T0 + 2, change(pause))).toEqual({ kind: 'conflict', version, changedSeq: 3 });
    expect(room.document.config.flow).toBe('held');
    expect(room.send(T0 + 3, change(pause, version))).toMatchObject({ kind: 'changed' });
  });

  test('a repeated change is made once and gets the same reply', () => {
    const room = open();
    const pausing = change(pause, room.document.changes.version);
    const first = room.send(T0 + 1, pausing);
    room.send(T0 + 2, change({ kind: 'setFlow', flow: 'running' }));
    expect(room.send(T0 + 3, pausing)).toEqual(first);
    expect(room.document.config.flow).toBe('running');
    expect(room.log).toHaveLength(3);
  });

  test('a change to the values in force is unchanged and not recorded', () => {
    const room = open();
    expect(room.send(T0 + 1, change({ kind: 'setPolicy', policy: policy() }))).toMatchObject({ kind: 'unchanged' });
    expect(room.log).toHaveLength(1);
  });

  test('openNow opens a room that is not open, refuses an open one and begins a new epoch in a closed one', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({}, { opensInMs: 60_000 })));
    room.send(T0 + 1, join('a'));
    room.send(T0 + 2, change({ kind: 'openNow', secret: OTHER_SECRET }));
    expect(room.document.draw).toMatchObject({ entries: 1, secret: expect.not.stringMatching(OTHER_SECRET) });
    expect(room.send(T0 + 3, change({ kind: 'openNow', secret: OTHER_SECRET }))).toMatchObject({
      reason: 'alreadyOpen',
    });
    room.send(T0 + 4, change({ kind: 'close' }));
    room.send(T0 + 5, change({ kind: 'openNow', secret: OTHER_SECRET }));
    expect(room.document).toMatchObject({ epoch: epochAt(T0 + 5), line: { issued: 0 } });
  });

  test('revokeAll ends every session and keeps every place in line', () => {
    const room = open();
    for (const name of ['a', 'b', 'c']) room.send(T0 + 1_000, join(name, name !== 'c'));
    expect(room.document.sessions.active).toBe(2);
    room.send(T0 + 2_000, change({ kind: 'revokeAll' }));
    expect(room.document).toMatchObject({ line: { issued: 3 }, sessions: { active: 0, totals: { revoked: 2 } } });
    for (const [position, name] of [
      [1, 'a'],
      [2, 'b'],
    ] as const) {
      expect(room.send(T0 + 3_000, claim(position, name))).toMatchObject({ kind: 'ended', reason: 'revoked' });
      const renewal = { kind: 'renew', epoch: 1, position, sid: `sid-${name}` } as const;
      expect(room.send(T0 + 3_000, renewal)).toMatchObject({ kind: 'ended', reason: 'revoked' });
    }
    expect(room.send(T0 + 4_000, claim(3, 'c'))).toMatchObject({ kind: 'admitted' });
    room.send(T0 + 20 * 60_000, { kind: 'tick' });
  });
});

describe('audit log', () => {
  const fiveChanges = () => {
    const room = open();
    for (const flow of ['paused', 'held', 'running', 'paused', 'running'] as const)
      room.send(T0 + 9, change({ kind: 'setFlow', flow }));
    return room.log;
  };

  test('the audit log shows each record that was removed, edited, duplicated or moved', () => {
    const log = fiveChanges();
    expect(faultIn(log)).toBeNull();
    const index = fc.integer({ min: 0, max: log.length - 1 });
    fc.assert(
      fc.property(index, index, fc.constantFrom('remove', 'edit', 'duplicate', 'swap'), (at, other, how) => {
        const record = log[at];
        const second = log[other];
        if (record === undefined || second === undefined) return;
        const tampered = {
          remove: log.toSpliced(at, 1),
          edit: log.with(at, { ...record, by: { ...record.by, name: `${record.by.name}!` } }),
          duplicate: log.toSpliced(at, 0, record),
          swap: log.with(at, second).with(other, record),
        }[how];
        const isSame = (how === 'swap' && at === other) || (how === 'remove' && at === log.length - 1);
        // A log cut off at its end is consistent in itself; only the head in the room's document shows it.
        expect(faultIn(tampered) === null).toBe(isSame);
      }),
    );
  });

  test('audit records are hashed in the canonical JSON of RFC 8785', () => {
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

describe('history', () => {
  test('the buckets of the history add up to the room’s own counters', () => {
    const event = fc.record({
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      kind: fc.constantFrom('join', 'enter', 'leave', 'revokeAll', 'tick'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const room = open();
        let now = T0;
        for (const [index, { afterMs, kind }] of events.entries()) {
          now += afterMs;
          if (kind === 'join' || kind === 'enter') room.send(now, join(`${index}`, kind === 'enter'));
          else if (kind === 'revokeAll') room.send(now, change({ kind: 'revokeAll' }));
          else if (kind === 'tick') room.send(now, { kind: 'tick' });
          else {
            const [position, session] = [...room.sessions].at(-1) ?? [1, null];
            room.send(now, { kind: 'end', epoch: 1, position, sid: session?.sid ?? '', reason: 'left' });
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

  test('admissions count in the bucket in which their slot begins: no bucket exceeds the rate', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ newUsersPerMinute: 600, totalActiveUsers: 1_000 })));
    for (let index = 1; index <= 300; index++) room.send(T0, join(`${index}`));
    for (let second = 1; second <= 60; second++) {
      const { pacing, sessions } = room.document;
      for (let position = sessions.totals.admitted + 1; position <= pacing.called; position++) {
        room.send(T0 + second * 1_000, claim(position, `${position}`));
      }
      room.send(T0 + second * 1_000, { kind: 'tick' });
    }
    const buckets = [...room.history, bucketOf(room.document, T0 + 60_000)];
    expect(Math.max(...buckets.map(({ admitted }) => admitted))).toBeLessThanOrEqual(100);
    expect(buckets.reduce((sum, { admitted }) => sum + admitted, 0)).toBe(300);
  });

  test('no bucket counts fewer than zero lapsed positions when lapsed visitors on standby are admitted', () => {
    const room = new CheckedRoom();
    room.send(T0, configure(settings({ totalActiveUsers: 4, claimWindowMs: 30_000 })));
    for (const name of ['a', 'b', 'c', 'd']) room.send(T0 + 1_000, join(name));
    for (let second = 2; second < 6; second++) room.send(T0 + second * 1_000, { kind: 'tick' });
    expect(room.document.pacing.called).toBe(4);
    room.send(
      T0 + 6_000,
      change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 2, claimWindowMs: 30_000 }) }),
    );
    const claimAll = (now: number) => ['a', 'b', 'c', 'd'].map((name, index) => room.send(now, claim(index + 1, name)));
    for (let second = 7; second < 90; second += 5) claimAll(T0 + second * 1_000);
    expect(room.document).toMatchObject({ sessions: { totals: { admitted: 2 } }, pacing: { lapsed: 2 } });
    room.send(
      T0 + 92_000,
      change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 4, claimWindowMs: 30_000 }) }),
    );
    for (let second = 93; second < 120; second += 5) claimAll(T0 + second * 1_000);
    expect(room.document).toMatchObject({ sessions: { totals: { admitted: 4 } }, pacing: { lapsed: 0 } });
    room.send(T0 + 140_000, { kind: 'tick' });
    for (const bucket of [...room.history, bucketOf(room.document, T0 + 140_000)]) {
      expect(bucket.lapsed).toBeGreaterThanOrEqual(0);
    }
  });
});
