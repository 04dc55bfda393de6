// The same night on every store: a script of commands made from a seed, with a played clock, is carried out by the store
// under test and by the reference in memory; every reply, view and row has to be the same.

import { describe, expect, test } from 'vitest';
import type { Command, Reply } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/history.ts';
import { MemoryStore } from '../../worker/store/memory-store.ts';
import { change, claim, configure, join, OTHER_SECRET, policy, settings, T0 } from '../core/sample-rooms.ts';
import type { StoreUnderTest } from './conformance.ts';

const SEEDS = [1, 20_210_714, 4_294_967_291];
const STEPS = 160;

/** Mulberry32: small, seeded, the same everywhere. */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the script remembers of what it was told, to ask something that makes sense. */
interface Told {
  epoch: number;
  issued: number;
  sessions: { epoch: number; position: number; sid: string }[];
}

function nextCommand(chance: () => number, told: Told, now: number, serial: number): Command {
  const pick = Math.floor(chance() * 100);
  const visitor = Math.floor(chance() * 40);
  const position = 1 + Math.floor(chance() * (told.issued + 2));
  const session = told.sessions[Math.floor(chance() * told.sessions.length)];
  if (pick < 35) return join(`${serial}`, chance() < 0.6);
  if (pick < 40) return join(`${Math.max(0, serial - Math.floor(chance() * 8))}`, true);
  if (pick < 60) return { ...claim(position, `${visitor}`, told.epoch), sid: `sid-${position}-${visitor}` } as Command;
  if (pick < 68 && session !== undefined) return { kind: 'renew', ...session };
  if (pick < 78 && session !== undefined) {
    return { kind: 'end', ...session, reason: (['left', 'completed', 'revoked'] as const)[serial % 3] ?? 'left' };
  }
  if (pick < 82)
    return change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 1 + Math.floor(chance() * 9) }) });
  if (pick < 84) return change({ kind: 'setFlow', flow: chance() < 0.7 ? 'running' : 'held' });
  if (pick < 86) return change({ kind: 'setMessage', text: { ko: `${serial}`, en: `"${serial}" \\ 줄` } });
  if (pick < 87) return change({ kind: 'revokeAll' });
  if (pick < 88) return change({ kind: 'endSession', position });
  if (pick < 89) return change({ kind: 'close' });
  if (pick < 91) {
    const schedule = { prequeueAt: null, opensAt: now + 2_000, closesAt: null, beacon: null };
    return change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET });
  }
  if (pick < 93) return { kind: 'reportOrigin', healthy: chance() < 0.8 };
  if (pick < 94) return { kind: 'restorePlace', epoch: told.epoch, place: { kind: 'position', number: position } };
  if (pick < 97) {
    const observed = { ...NOTHING_OBSERVED, refused: { noAdmission: serial } };
    return { kind: 'report', gateway: `g${serial % 3}`, seq: serial, version: 1, observed };
  }
  return { kind: 'tick' };
}

function remember(told: Told, command: Command, reply: Reply | undefined): void {
  if (reply?.kind === 'joined') {
    if (reply.epoch !== told.epoch) Object.assign(told, { epoch: reply.epoch, issued: 0, sessions: [] });
    told.issued = Math.max(told.issued, reply.place.number);
  }
  const admitted = reply?.kind === 'joined' ? reply.claim : reply;
  if (admitted?.kind !== 'admitted' || !('sid' in command) || command.sid === null) return;
  told.sessions.push({ epoch: told.epoch, position: admitted.position, sid: admitted.sid });
}

export function differential(name: string, start: () => StoreUnderTest): void {
  describe(`the same night on ${name} and in memory`, () => {
    test.each(SEEDS)('seed %i: the same replies, views and rows', async (seed) => {
      const chance = chanceFrom(seed);
      const room = `${name}-night-${seed}`;
      const under = start();
      const reference = new MemoryStore(() => under.clock.now);
      under.clock.now = T0 + seed;
      const both = async (commands: Command[]): Promise<readonly Reply[]> => {
        const replies = await under.store.apply(room, commands);
        expect(replies, JSON.stringify(commands)).toEqual(await reference.apply(room, commands));
        return replies;
      };
      const told: Told = { epoch: 1, issued: 0, sessions: [] };
      await both([
        configure(settings({ totalActiveUsers: 5, newUsersPerMinute: 240, sessionMs: 60_000 }, { opensInMs: 5_000 })),
      ]);
      let [serial, endingsAfter] = [0, 0];
      for (let step = 0; step < STEPS; step++) {
        under.clock.now += Math.floor(chance() * (chance() < 0.05 ? 40_000 : 1_500));
        const length = chance() < 0.8 ? 1 : 1 + Math.floor(chance() * 12);
        const commands = Array.from({ length }, () => nextCommand(chance, told, under.clock.now, ++serial));
        const replies = await both(commands);
        for (const [index, command] of commands.entries()) remember(told, command, replies[index]);
        if (chance() < 0.1) await under.reload(room);
        if (chance() < 0.5) continue;
        const look = { endingsAfter, report: null };
        const view = await under.store.view(room, look);
        expect(view).toEqual(await reference.view(room, look));
        if (chance() < 0.3) endingsAfter = view.endingSeq;
      }
      for (const table of ['audit', 'history'] as const) {
        const page = { after: 0, limit: 1_000 };
        expect(await under.store.rows(room, table, page)).toEqual(await reference.rows(room, table, page));
      }
    });
  });
}
