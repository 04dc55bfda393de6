// How the origin ends visits and gives turns back: what is completed stays so, a turn that was given back is used once, no call is
// obeyed twice.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command, OriginCall, Reply } from '../../queue-core/command.ts';
import type { EndReason } from '../../queue-core/document/session-record.ts';
import { CALL_MARKS_MAX, ORIGIN_RECORDS_MAX } from '../../queue-core/limits.ts';
import { CheckedRoom } from './checked-room.ts';
import { change, claim, configure, join, settings, T0 } from './sample-rooms.ts';

const SESSION_MS = 60_000;

/** A room with three visitors inside and the rest in line; a second is a step. */
function fullRoom(waiting = 5): { room: CheckedRoom; now: () => number; pass: (seconds: number) => void } {
  const room = new CheckedRoom();
  const rules = { totalActiveUsers: 3, newUsersPerMinute: 60_000, sessionMs: SESSION_MS, sessionRenewal: false };
  room.send(T0, configure(settings(rules)));
  for (let index = 1; index <= 3 + waiting; index++) room.send(T0 + 10, join(`${index}`));
  let at = T0 + 10;
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      at += 1_000;
      room.send(at, { kind: 'tick' });
    }
  };
  pass(3);
  for (const index of [1, 2, 3]) room.send(at, claim(index, `${index}`));
  return { room, now: () => at, pass };
}

const visit = (position: number) => ({ epoch: 1, position, visitor: `visitor-${position}` });
const IN_A_RESPONSE: OriginCall = { by: null, mark: null };
const signed = (id: string, at: number): OriginCall => ({ by: 'site-1', mark: { id, at } });

function end(position: number, reason: EndReason, call = IN_A_RESPONSE, reference: string | null = null): Command {
  return { kind: 'end', ...visit(position), reason, reference, call };
}

const readmit = (position: number, call = IN_A_RESPONSE): Command => ({ kind: 'readmit', ...visit(position), call });

describe('a visit that the origin completes', () => {
  test('frees its vacancy at once, and keeps when and as what', () => {
    const { room, now } = fullRoom();
    expect(room.send(now(), claim(4, '4'))).toMatchObject({ kind: expect.stringMatching(/waiting|standby/) });
    const at = now();
    const ended = { kind: 'ended', reason: 'completed', at, reference: 'A-1' };
    expect(room.send(at, end(1, 'completed', IN_A_RESPONSE, 'A-1'))).toEqual(ended);
    expect(room.send(at, claim(4, '4'))).toMatchObject({ kind: 'admitted' });
    expect(room.send(at + 9_000, { kind: 'lookUp', ...visit(1) })).toEqual(ended);
    expect(room.send(at + 9_000, claim(1, '1'))).toEqual(ended);
  });

  test('is completed also where its session was over, without another vacancy', () => {
    for (const before of ['expired', 'left', 'revoked', 'allRevoked'] as const) {
      const { room, now, pass } = fullRoom();
      if (before === 'expired') pass(SESSION_MS / 1_000 + 2);
      else if (before === 'allRevoked') room.send(now(), change({ kind: 'revokeAll' }));
      else room.send(now(), end(1, before));
      const { active } = room.document.sessions;
      const late = room.send(now() + 1, end(1, 'completed', IN_A_RESPONSE, 'late'));
      expect(late).toMatchObject({ kind: 'ended', reason: 'completed', reference: 'late' });
      expect(room.document.sessions.active).toBe(active);
      expect(room.send(now() + 2, readmit(1))).toEqual({ kind: 'refused', reason: 'completed' });
    }
  });

  test.each(['completed', 'claimed again'])(
    'a session whose time is over counts until the end of its bucket, unless it is %s before',
    (what) => {
      const { room, now } = fullRoom();
      const { expiresAt = 0, countsUntil = 0 } = room.sessions.get(1) ?? {};
      expect(countsUntil).toBeGreaterThan(expiresAt + 1);
      room.send(now(), end(2, 'left'));
      if (what === 'completed') room.send(expiresAt + 1, end(1, 'completed'));
      else {
        room.send(expiresAt + 1, readmit(1));
        expect(room.send(expiresAt + 1, { ...claim(1, '1'), sid: 'again' } as Command)).toMatchObject({ sid: 'again' });
      }
      expect(room.document.sessions.active).toBe(what === 'completed' ? 1 : 2);
    },
  );

  test('gets its reference once, and keeps the first', () => {
    const { room, now } = fullRoom();
    const at = now();
    room.send(at, end(1, 'completed'));
    expect(room.send(at + 1, end(1, 'completed', IN_A_RESPONSE, 'A-1'))).toMatchObject({ at, reference: 'A-1' });
    expect(room.send(at + 2, end(1, 'completed', IN_A_RESPONSE, 'B-2'))).toMatchObject({ at, reference: 'A-1' });
  });
});

describe('a turn that the origin gives back', () => {
  test('is at the front: before all who were called later, with a session of its own, and once', () => {
    const { room, now, pass } = fullRoom();
    room.send(now(), end(2, 'revoked'));
    room.send(now(), claim(4, '4'));
    pass(1);
    expect(room.send(now(), readmit(2))).toEqual({ kind: 'readmitted' });
    const again = { ...claim(2, '2'), sid: 'again' } as Command;
    expect(room.send(now(), again)).toMatchObject({ kind: 'standby', ahead: 0 });
    expect(room.send(now(), claim(5, '5'))).toMatchObject({ kind: expect.stringMatching(/waiting|standby/) });
    room.send(now(), end(3, 'left'));
    expect(room.send(now(), claim(5, '5'))).toMatchObject({ kind: expect.stringMatching(/waiting|standby/) });
    expect(room.send(now(), again)).toMatchObject({ kind: 'admitted', sid: 'again' });
    expect(room.send(now(), { ...again, sid: 'third' } as Command)).toMatchObject({ kind: 'admitted', sid: 'again' });
    expect(room.document.sessions.totals).toMatchObject({ admitted: 4, readmitted: 1 });
    room.send(now(), end(2, 'left'));
    expect(room.send(now(), again)).toMatchObject({ kind: 'ended', reason: 'left' });
  });

  test('is given back to a visitor whose time ran out, and to all whom an operator sent out', () => {
    const { room, now, pass } = fullRoom(0);
    pass(SESSION_MS / 1_000 + 2);
    room.send(now(), readmit(1));
    expect(room.send(now(), { ...claim(1, '1'), sid: 'again' } as Command)).toMatchObject({ kind: 'admitted' });
    room.send(now(), change({ kind: 'revokeAll' }));
    room.send(now() + 1, readmit(1));
    expect(room.send(now() + 2, { ...claim(1, '1'), sid: 'third' } as Command)).toMatchObject({ sid: 'third' });
  });

  test('a visitor who is inside stays, for a full length from now, up to the absolute end', () => {
    const { room, now, pass } = fullRoom();
    pass(40);
    expect(room.send(now(), readmit(1))).toMatchObject({
      kind: 'admitted',
      sid: 'sid-1',
      expiresAt: now() + SESSION_MS,
    });
    expect(room.document.sessions.active).toBe(3);
    for (let turn = 0; turn < 120; turn++) {
      pass(40);
      room.send(now(), readmit(1));
      if (room.sessions.get(1)?.sid !== 'sid-1') break;
    }
    const { admitAt = 0, expiresAt = 0 } = room.sessions.get(1) ?? {};
    expect(expiresAt - admitAt).toBe(3_600_000);
  });

  test('holds no vacancy back once what its visitor came for is completed', () => {
    const { room, now, pass } = fullRoom();
    room.send(now(), end(2, 'revoked'));
    room.send(now(), claim(4, '4'));
    pass(1);
    room.send(now(), readmit(2));
    expect(room.send(now(), claim(2, '2'))).toMatchObject({ kind: 'standby' });
    room.send(now(), end(2, 'completed'));
    expect(room.document.sessions.standby).toEqual([]);
  });

  test('is taken back by a revocation, and is of no use in a closed room', () => {
    const { room, now } = fullRoom();
    room.send(now(), end(1, 'revoked'));
    room.send(now(), readmit(1));
    room.send(now(), end(1, 'revoked'));
    expect(room.send(now(), claim(1, '1'))).toMatchObject({ kind: 'ended', reason: 'revoked' });
    room.send(now(), readmit(1));
    room.send(now(), change({ kind: 'close' }));
    expect(room.send(now(), claim(1, '1'))).toEqual({ kind: 'refused', reason: 'closed' });
  });

  test.each([
    ['wrongEpoch', { epoch: 2, position: 1, visitor: 'visitor-1' }],
    ['unknownPosition', { epoch: 1, position: 5, visitor: 'visitor-5' }],
    ['foreignPosition', { epoch: 1, position: 1, visitor: 'visitor-2' }],
  ])('nobody gets one who never was inside: %s', (reason, holder) => {
    const { room, now } = fullRoom();
    const command: Command = { kind: 'readmit', ...holder, call: IN_A_RESPONSE };
    expect(room.send(now(), command)).toEqual({ kind: 'refused', reason });
  });
});

describe('calls of the origin', () => {
  test('a call that is sent again under its id does nothing, and one signed before the last is refused', () => {
    const { room, now } = fullRoom();
    const at = now();
    const revoke = end(1, 'revoked', signed('a', at));
    expect(room.send(at, revoke)).toMatchObject({ kind: 'ended', reason: 'revoked' });
    expect(room.send(at + 1, readmit(1, signed('b', at + 1_000)))).toEqual({ kind: 'readmitted' });
    // Sent again, with the signature of now.
    room.send(at + 2, end(1, 'revoked', signed('a', at + 2_000)));
    expect(room.send(at + 2, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
    const replayed = room.send(at + 3, end(1, 'revoked', signed('c', at)));
    expect(replayed).toEqual({ kind: 'refused', reason: 'outdatedCall' });
    expect(room.send(at + 3, claim(1, '1'))).toMatchObject({ kind: 'admitted' });
  });

  test('none of one second is forgotten while it could be replayed: more than are remembered are refused', () => {
    const { room, now } = fullRoom();
    const at = now();
    const replies = Array.from({ length: CALL_MARKS_MAX + 1 }, (_, index) =>
      room.send(at, readmit(1, signed(`call-${index}`, at))),
    );
    expect(replies.map(({ kind }) => kind)).toEqual([...Array(CALL_MARKS_MAX).fill('admitted'), 'refused']);
  });

  test('any calls with any replays and retries act like each of them once, in the order in which they were signed', () => {
    const kinds = fc.constantFrom('revoke', 'readmit', 'complete');
    const calls = fc.array(kinds, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(calls, fc.array(fc.nat(5), { maxLength: 12 }), (order, repeats) => {
        const once = fullRoom();
        const noisy = fullRoom();
        const at = once.now();
        const command = (index: number): Command => {
          const call = signed(`call-${index}`, at + 1_000 * index);
          const kind = order[index];
          if (kind === 'readmit') return readmit(1, call);
          return end(1, kind === 'complete' ? 'completed' : 'revoked', call);
        };
        const state = ({ room }: typeof once): Reply => room.send(at + 9_000, { kind: 'lookUp', ...visit(1) });
        order.forEach((_, index) => {
          once.room.send(at, command(index));
          noisy.room.send(at, command(index));
          for (const earlier of repeats) if (earlier <= index) noisy.room.send(at, command(earlier));
        });
        expect(state(noisy)).toEqual(state(once));
        expect(noisy.room.sessions.get(1)?.readmitted).toBe(once.room.sessions.get(1)?.readmitted);
      }),
      { numRuns: 200 },
    );
  });

  test('each is on record with whose key it was and whether it was obeyed; what a response completes is in its session', () => {
    const { room, now } = fullRoom();
    room.send(now(), end(1, 'completed', signed('a', now()), 'A-1'));
    room.send(now(), readmit(1, signed('b', now())));
    room.send(now(), end(2, 'completed'));
    room.send(now(), end(3, 'revoked'));
    room.send(now(), end(3, 'left'));
    expect([...room.tables.origin.values()]).toEqual([
      { seq: 1, at: now(), epoch: 1, by: 'site-1', kind: 'complete', position: 1, refused: null },
      { seq: 2, at: now(), epoch: 1, by: 'site-1', kind: 'readmit', position: 1, refused: 'completed' },
      { seq: 3, at: now(), epoch: 1, by: null, kind: 'revoke', position: 3, refused: null },
    ]);
  });

  test('the older half of the records goes when there are too many, and the latest stay', () => {
    const { room, now } = fullRoom();
    room.document = { ...room.document, origin: { ...room.document.origin, recordSeq: ORIGIN_RECORDS_MAX - 1 } };
    const { effects } = room.run(now(), [readmit(1, signed('a', now()))]);
    expect(effects.filter(({ table }) => table === 'origin')).toMatchObject([
      { kind: 'put', key: ORIGIN_RECORDS_MAX },
      { kind: 'drop', from: 0, upTo: ORIGIN_RECORDS_MAX / 2 },
    ]);
  });

  test('a word on being overloaded counts once, and not after a later one', () => {
    const { room, now } = fullRoom();
    const overload = (forMs: number, at: number): Command => ({ kind: 'reportOverload', forMs, call: signed('x', at) });
    const at = now();
    expect(room.send(at, overload(60_000, at))).toEqual({ kind: 'done' });
    expect(room.document.origin.health.stage).toBe('stopped');
    expect(room.send(at + 1_000, overload(0, at + 1_000))).toEqual({ kind: 'done' });
    for (const replayed of [at, at + 1_000]) {
      expect(room.send(at + 2_000, overload(60_000, replayed))).toEqual({ kind: 'outdated' });
    }
    expect(room.document.origin.health.stage).not.toBe('stopped');
  });
});

describe('a code of the hand-off', () => {
  test('is used once, also when it was issued before one that is used, and not after its session', () => {
    const { room, now } = fullRoom();
    const redeem = (issuedAt: number): Command => {
      return { kind: 'redeem', epoch: 1, position: 1, sid: 'sid-1', issuedAt };
    };
    expect(room.send(now(), redeem(1_000))).toMatchObject({ kind: 'admitted' });
    for (const issuedAt of [1_000, 999]) {
      expect(room.send(now(), redeem(issuedAt))).toEqual({ kind: 'refused', reason: 'codeUsed' });
    }
    expect(room.send(now(), redeem(1_001))).toMatchObject({ kind: 'admitted' });
    room.send(now(), end(1, 'left'));
    expect(room.send(now(), redeem(1_002))).toMatchObject({ kind: 'ended' });
  });
});
