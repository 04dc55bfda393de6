// Ghosts: places that were taken and whose visitors never come. They must not slow those who do.

import { describe, expect, test } from 'vitest';
import type { Command, Reply } from '../../queue-core/command.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import { stepAll } from '../../queue-core/step.ts';
import { claim, configure, join, settings, T0 } from './sample-rooms.ts';

const RATE = 600;
/** How long an honest visitor takes from the call to the claim: a poll and a click. */
const REACTION_MS = 2_000;
/** How often the room is read. */
const STEP_MS = 250;

/** A line of `positions`, of which those for which `isHonest` claim. @returns when each honest visitor was admitted, ms */
function admissions(positions: number, isHonest: (position: number) => boolean): number[] {
  const sessions = new Map<number, SessionRecord>();
  let room: RoomDocument | null = null;
  const apply = (at: number, commands: readonly Command[]): { room: RoomDocument; replies: Reply[] } => {
    const stepped = stepAll({ room, sessions }, commands, at);
    for (const effect of stepped.effects) {
      if (effect.kind === 'put' && effect.table === 'session') sessions.set(effect.key, effect.row);
    }
    room = stepped.room;
    return stepped;
  };
  const line = Array.from({ length: positions }, (_, index) => index + 1);
  const policy = { newUsersPerMinute: RATE, totalActiveUsers: 1_000_000, claimWindowMs: 60_000 };
  apply(T0, [configure(settings(policy)), ...line.map((position) => join(`${position}`))]);
  const honest = line.filter(isHonest);
  const calledAt: number[] = [];
  const admittedAt: number[] = [];
  for (let at = T0 + STEP_MS; admittedAt.length < honest.length && at < T0 + 3_600_000; at += STEP_MS) {
    const { called } = apply(at, [{ kind: 'tick' }]).room.pacing;
    while ((honest[calledAt.length] ?? Infinity) <= called) calledAt.push(at);
    while (at - (calledAt[admittedAt.length] ?? Infinity) >= REACTION_MS) {
      const position = honest[admittedAt.length] ?? 0;
      const [reply] = apply(at, [claim(position, `${position}`)]).replies;
      if (reply?.kind !== 'admitted') throw new Error(`Position ${position} got ${JSON.stringify(reply)}.`);
      admittedAt.push(reply.admitAt - T0);
    }
  }
  return admittedAt;
}

describe('ghosts', () => {
  test.each([0, 0.5, 0.9, 0.95])(
    'with a share of %s of them the rate is used to 95 percent and honest visitors wait at most twice as long',
    (ghosts) => {
      const honest = 300;
      const every = Math.round(1 / (1 - ghosts));
      const times = admissions(honest * every, (position) => position % every === 0);
      expect(times).toHaveLength(honest);
      const [from = 0, until = 0] = [times[100], times.at(-1)];
      const used = (times.length - 101) / (((until - from) / 60_000) * RATE);
      expect(used).toBeGreaterThan(0.95);
      // Without ghosts the last of them would be admitted when the rate has let all of them in.
      expect(until).toBeLessThan(2 * (honest / RATE) * 60_000);
    },
  );
});
