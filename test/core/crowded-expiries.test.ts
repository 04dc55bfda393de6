// Session ends are counted in a bounded number of buckets, however far ahead slots lie.

import { expect, test } from 'vitest';
import { EXPIRIES_MAX } from '../../queue-core/limits.ts';
import { roomMachine } from '../../queue-core/step.ts';
import { decodeRoom, decodeRow } from '../../queue-core/stored-format.ts';
import { change, claim, configure, join, policy, settings, T0 } from './sample-rooms.ts';

test('a rate lowered from 60,000 to 1 a minute refuses no called visitor, and the document stays within its bounds', () => {
  const limits = { newUsersPerMinute: 60_000, totalActiveUsers: 1_000_000, claimWindowMs: 30 * 60_000 };
  const joins = Array.from({ length: 3_000 }, (_, index) => join(`${index}`));
  let { document } = roomMachine.run(null, new Map(), [configure(settings(limits)), ...joins], T0);
  for (let second = 1; second <= 8; second++) {
    ({ document } = roomMachine.run(document, new Map(), [{ kind: 'tick' }], T0 + second * 1_000));
  }
  expect(document.pacing.called).toBeGreaterThan(2_000);
  const slower = change({ kind: 'setPolicy', policy: policy({ ...limits, newUsersPerMinute: 1 }) });
  ({ document } = roomMachine.run(document, new Map(), [slower], T0 + 9_000));
  for (let position = 1; position <= 2_000; position++) {
    const run = roomMachine.run(document, new Map(), [claim(position, `${position - 1}`)], T0 + 9_000);
    expect(run.replies).toMatchObject([{ kind: 'admitted' }]);
    ({ document } = run);
  }
  expect(document.sessions.active).toBe(2_000);
  expect(document.sessions.expiries.length).toBeLessThan(EXPIRIES_MAX);
  expect(decodeRoom(roomMachine.encode(document))).toEqual(document);
});

test('history of version 0 with a count below zero after a loss is read as zero', () => {
  const bucket = { at: 0, epoch: 1, state: 'open', waiting: 0, active: -1, newUsersPerMinute: 60, totalActiveUsers: 9 };
  const flow = { arrived: 0, called: 0, admitted: 0, completed: 0, left: 0, revoked: 0, expired: 0, lapsed: 0 };
  const observed = { refused: {}, origin: { answers: 0, errors: 0, unreachable: 0, latency: [] } };
  expect(decodeRow('history', JSON.stringify({ ...bucket, ...flow, ...observed })).active).toBe(0);
});
