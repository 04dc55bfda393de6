// A seeded sequence of random commands, applied by the store under test and by the reference in memory with the same clock:
// every reply, view and row must be equal.

import { describe, expect, test } from 'vitest';
import type { Command, Reply } from '../../queue-core/command.ts';
import { NOTHING_OBSERVED } from '../../queue-core/document/history-state.ts';
import { MemoryStore } from '../../worker/store/memory-store.ts';
import { change, claim, configure, join, lease, OTHER_SECRET, policy, settings, T0 } from '../core/sample-rooms.ts';
import { type StoreUnderTest, withoutWay } from './conformance.ts';

const SEEDS = [1, 20_210_714, 4_294_967_291];
const STEPS = 160;

/** Mulberry32: small, seeded, the same on every platform. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the sequence remembers of replies, so that its commands make sense. */
interface Seen {
  epoch: number;
  issued: number;
  sessions: { epoch: number; position: number; sid: string }[];
  lease: Extract<Reply, { kind: 'leased' }> | null;
}

function nextCommand(random: () => number, seen: Seen, now: number, serial: number): Command {
  const pick = Math.floor(random() * 100);
  const visitor = Math.floor(random() * 40);
  const position = 1 + Math.floor(random() * (seen.issued + 2));
  const session = seen.sessions[Math.floor(random() * seen.sessions.length)];
  if (pick < 35) return join(`${serial}`, random() < 0.6);
  if (pick < 40) return join(`${Math.max(0, serial - Math.floor(random() * 8))}`, true);
  if (pick < 60) return { ...claim(position, `${visitor}`, seen.epoch), sid: `sid-${position}-${visitor}` } as Command;
  if (pick < 68 && session !== undefined) return { kind: 'renew', ...session };
  if (pick < 78 && session !== undefined) {
    return { kind: 'end', ...session, reason: (['left', 'completed', 'revoked'] as const)[serial % 3] ?? 'left' };
  }
  if (pick < 82)
    return change({ kind: 'setPolicy', policy: policy({ totalActiveUsers: 1 + Math.floor(random() * 9) }) });
  if (pick < 84) return change({ kind: 'setFlow', flow: random() < 0.7 ? 'running' : 'held' });
  if (pick < 86) return change({ kind: 'setMessage', text: { ko: `${serial}`, en: `"${serial}" \\ 줄` } });
  if (pick < 87) return change({ kind: 'revokeAll' });
  if (pick < 88) return change({ kind: 'endSession', position });
  if (pick < 89) return change({ kind: 'close' });
  if (pick < 91) {
    const schedule = { prequeueAt: null, opensAt: now + 2_000, closesAt: null, beacon: null };
    return change({ kind: 'setSchedule', schedule, secret: OTHER_SECRET });
  }
  if (pick < 92) return lease(1);
  if (pick < 93 && seen.lease !== null) {
    const { epoch, lease, first, count } = seen.lease;
    return { kind: 'returnLease', epoch, lease, first, count };
  }
  if (pick < 94) return { kind: 'reportOverload', forMs: random() < 0.8 ? 0 : 3_000 };
  if (pick < 95) return { kind: 'restorePlace', epoch: seen.epoch, place: { kind: 'position', number: position } };
  if (pick < 97) {
    const observed = { ...NOTHING_OBSERVED, refused: { noAdmission: serial } };
    return { kind: 'report', gateway: `g${serial % 3}`, seq: serial, version: 1, observed };
  }
  return { kind: 'tick' };
}

function remember(seen: Seen, command: Command, reply: Reply | undefined): void {
  if (reply?.kind === 'leased') seen.lease = reply;
  if (reply?.kind === 'joined') {
    if (reply.epoch !== seen.epoch) Object.assign(seen, { epoch: reply.epoch, issued: 0, sessions: [], lease: null });
    seen.issued = Math.max(seen.issued, reply.place.number);
  }
  const admitted = reply?.kind === 'joined' ? reply.claim : reply;
  if (admitted?.kind !== 'admitted' || !('sid' in command) || command.sid === null) return;
  seen.sessions.push({ epoch: seen.epoch, position: admitted.position, sid: admitted.sid });
}

export function differential(name: string, start: () => StoreUnderTest): void {
  describe(`${name} compared with memory`, () => {
    test.each(SEEDS)('seed %i gives equal replies, views and rows', async (seed) => {
      const random = randomFrom(seed);
      const room = `${name}-seed-${seed}`;
      const under = start();
      const reference = new MemoryStore(() => under.clock.now);
      under.clock.now = T0 + seed;
      const both = async (commands: Command[]): Promise<readonly Reply[]> => {
        const replies = await under.store.apply(room, commands);
        expect(replies, JSON.stringify(commands)).toEqual(await reference.apply(room, commands));
        return replies;
      };
      const seen: Seen = { epoch: 1, issued: 0, sessions: [], lease: null };
      await both([
        configure(settings({ totalActiveUsers: 5, newUsersPerMinute: 240, sessionMs: 60_000 }, { opensInMs: 5_000 })),
      ]);
      let [serial, endingsAfter] = [0, 0];
      for (let step = 0; step < STEPS; step++) {
        under.clock.now += Math.floor(random() * (random() < 0.05 ? 40_000 : 1_500));
        const length = random() < 0.8 ? 1 : 1 + Math.floor(random() * 12);
        const commands = Array.from({ length }, () => nextCommand(random, seen, under.clock.now, ++serial));
        const replies = await both(commands);
        for (const [index, command] of commands.entries()) remember(seen, command, replies[index]);
        if (random() < 0.1) await under.reload(room);
        if (random() < 0.5) continue;
        const request = { endingsAfter, report: null };
        const view = withoutWay(await under.store.view(room, request));
        expect(view).toEqual(await reference.view(room, request));
        if (random() < 0.3) endingsAfter = view.endingSeq;
      }
      for (const table of ['audit', 'history'] as const) {
        const page = { after: 0, limit: 1_000 };
        expect(await under.store.rows(room, table, page)).toEqual(await reference.rows(room, table, page));
      }
    });
  });
}
