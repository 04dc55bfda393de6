// Visitors of one room in virtual time: they join, poll, are told a wait, and claim some time after the call, or never.

import type { Command, Reply } from '../../queue-core/command.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import { paceOf } from '../../queue-core/pacing.ts';
import { stepAll } from '../../queue-core/step.ts';
import { aheadOf, waitSeconds } from '../../queue-core/wait.ts';
import { claim, configure, join, settings, T0 } from './sample-rooms.ts';

export interface Visitor {
  /** When they join, in ms since the opening. */
  at: number;
  /** Whether they claim when they are called. */
  comes: boolean;
}

export interface Told {
  /** In ms since the opening. */
  at: number;
  /** People ahead when it was told. */
  ahead: number;
  low: number;
  high: number;
  /** Seconds until the visitor could enter. */
  real: number;
}

export interface Visits {
  /** When each visitor who came could enter, in ms since the opening, in order. */
  admittedAt: number[];
  told: Told[];
  /** Highest position called at each step. */
  calledAt: { at: number; called: number }[];
}

const STEP_MS = 500;
/** From the call to the claim: a poll and a click. */
const REACTION_MS = 2_000;
const POLL_MS = 3_000;
const ALL_MS_MAX = 3_600_000;

/** `count` visitors spread evenly over a time. */
export function arrivals(count: number, overMs: number, comes: (index: number) => boolean, fromMs = 0): Visitor[] {
  return Array.from({ length: count }, (_, index) => ({
    at: fromMs + (index * overMs) / count,
    comes: comes(index),
  }));
}

/** Lets all of them visit a room with so many vacancies that only the rate limits. */
export function visit(visitors: readonly Visitor[], newUsersPerMinute: number): Visits {
  const sessions = new Map<number, SessionRecord>();
  let room: RoomDocument | null = null;
  const apply = (at: number, commands: readonly Command[]): { room: RoomDocument; replies: Reply[] } => {
    const stepped = stepAll({ room, sessions }, commands, T0 + at);
    for (const effect of stepped.effects) {
      if (effect.kind === 'put' && effect.table === 'session') sessions.set(effect.key, effect.row);
    }
    room = stepped.room;
    return stepped;
  };
  apply(0, [configure(settings({ newUsersPerMinute, totalActiveUsers: 1_000_000 }))]);

  const line = visitors.toSorted((a, b) => a.at - b.at);
  const visits: Visits = { admittedAt: [], told: [], calledAt: [] };
  let joined = 0;
  let waiting: { position: number; pollAt: number; calledAt: number; told: Omit<Told, 'real'>[] }[] = [];
  for (let at = STEP_MS; joined < line.length || waiting.length > 0; at += STEP_MS) {
    if (at > ALL_MS_MAX) throw new Error(`${waiting.length} visitors still wait after an hour.`);
    const joins: Command[] = [];
    for (let next = line[joined]; next !== undefined && next.at <= at; next = line[joined]) {
      joined++;
      joins.push(join(`${joined}`));
      if (next.comes) waiting.push({ position: joined, pollAt: at + 1_000, calledAt: Infinity, told: [] });
    }
    const now = apply(at, joins.length > 0 ? joins : [{ kind: 'tick' }]).room;
    const { called } = now.pacing;
    const pace = paceOf(now);
    visits.calledAt.push({ at, called });
    waiting = waiting.filter((visitor) => {
      const { position } = visitor;
      if (position > called) {
        const wait = at >= visitor.pollAt ? waitSeconds(aheadOf(position, called), pace) : null;
        if (wait === null) return true;
        visitor.told.push({ at, ahead: aheadOf(position, called), ...wait });
        visitor.pollAt = at + POLL_MS;
        return true;
      }
      visitor.calledAt = Math.min(visitor.calledAt, at);
      if (at - visitor.calledAt < REACTION_MS) return true;
      const [reply] = apply(at, [claim(position, `${position}`)]).replies;
      if (reply?.kind !== 'admitted') throw new Error(`Position ${position} got ${JSON.stringify(reply)}.`);
      const admittedAt = reply.admitAt - T0;
      visits.admittedAt.push(admittedAt);
      visits.told.push(...visitor.told.map((told) => ({ ...told, real: (admittedAt - told.at) / 1_000 })));
      return false;
    });
  }
  visits.admittedAt.sort((a, b) => a - b);
  return visits;
}
