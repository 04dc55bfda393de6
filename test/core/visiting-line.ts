// Visitors of one room in virtual time: they join, poll as the page does, are told a wait, claim after the call or never, stay
// and leave. Records every told wait with the real one, and how much of the room was used.

import type { Command, Reply } from '../../queue-core/command.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import { paceOf } from '../../queue-core/pacing.ts';
import type { Policy } from '../../queue-core/policy.ts';
import { stepAll } from '../../queue-core/step.ts';
import { aheadOf, pollSeconds, waitSeconds } from '../../queue-core/wait.ts';
import { change, claim, configure, join, policy, settings, T0 } from './sample-rooms.ts';

export interface Visitor {
  /** When they join, in ms since the opening; below zero: before it. */
  at: number;
  /** Whether they claim when they are called. */
  comes: boolean;
  /** How long they stay; absent: to the end of the session. */
  stayMs?: number;
}

export interface Told {
  /** In ms since the opening. */
  at: number;
  /** People ahead when it was told. */
  ahead: number;
  /** null: the visitor was told that the wait is unknown. */
  wait: { low: number; high: number } | null;
  /** For how many seconds the page showed it: until the next poll. */
  shownFor: number;
  /** Seconds until the visitor could enter. */
  real: number;
}

export interface Visits {
  /** When each visitor who came could enter, in ms since the opening, in order. */
  admittedAt: number[];
  told: Told[];
  /** Highest position called at each step. */
  calledAt: { at: number; called: number }[];
  /** Sessions at each step at which people waited. */
  activeAt: { at: number; active: number }[];
  /** Claims that found no vacancy. */
  standbys: number;
}

export interface Night {
  policy: Partial<Policy>;
  /** What operators change, in ms since the opening. */
  changes?: readonly { at: number; policy: Partial<Policy> }[];
  /** Visitors whose told waits are recorded; the others poll too. */
  recorded?: number;
  /** How often every visitor polls, instead of as the page does. */
  pollMs?: number;
  /** The night is over then; waits that have not ended are not recorded. */
  untilMs?: number;
}

const STEP_MS = 500;
/** From the poll that shows the call to the claim. */
const REACTION_MS = 500;
const STANDBY_MS = 3_000;
/** Gateways read the room once a second. */
const VIEW_STEPS = 2;
const ALL_MS_MAX = 6 * 3_600_000;

/** `count` visitors spread evenly over a time. */
export function arrivals(
  count: number,
  overMs: number,
  comes: (index: number) => boolean,
  fromMs = 0,
  stayMs?: (index: number) => number,
): Visitor[] {
  return Array.from({ length: count }, (_, index) => ({
    at: fromMs + (index * overMs) / count,
    comes: comes(index),
    ...(stayMs === undefined ? {} : { stayMs: stayMs(index) }),
  }));
}

/** Lets all of them visit a room with so many vacancies that only the rate limits; they notice their call within two seconds. */
export function visit(visitors: readonly Visitor[], newUsersPerMinute: number): Visits {
  return spendNight(visitors, { policy: { newUsersPerMinute, totalActiveUsers: 1_000_000 }, pollMs: 1_500 });
}

interface Waiting {
  position: number;
  told: Omit<Told, 'real'>[] | null;
  stayMs: number;
}

export function spendNight(visitors: readonly Visitor[], night: Night): Visits {
  const sessions = new Map<number, SessionRecord>();
  let room: RoomDocument | null = null;
  const apply = (at: number, commands: readonly Command[]): Reply[] => {
    const stepped = stepAll({ room, sessions }, commands, T0 + at);
    for (const effect of stepped.effects) {
      if (effect.kind === 'put' && effect.table === 'session') sessions.set(effect.key, effect.row);
    }
    room = stepped.room;
    return stepped.replies;
  };
  const line = visitors.toSorted((a, b) => a.at - b.at);
  const from = Math.min(0, Math.floor((line[0]?.at ?? 0) / STEP_MS) * STEP_MS);
  let rules: Partial<Policy> = { sessionRenewal: false, ...night.policy };
  apply(from, [configure(settings(rules, { opensInMs: -from }))]);

  const visits: Visits = { admittedAt: [], told: [], calledAt: [], activeAt: [], standbys: 0 };
  const every = Math.max(1, Math.floor(line.length / (night.recorded ?? Number.POSITIVE_INFINITY)));
  const changes = [...(night.changes ?? [])];
  /** What visitors do in which step: poll, claim or leave. */
  const polls = new Map<number, Waiting[]>();
  const claims = new Map<number, Waiting[]>();
  const leaves = new Map<number, number[]>();
  const add = <T>(plan: Map<number, T[]>, atMs: number, now: number, what: T) => {
    const step = Math.max(now + STEP_MS, Math.ceil(atMs / STEP_MS) * STEP_MS);
    const there = plan.get(step);
    if (there === undefined) plan.set(step, [what]);
    else there.push(what);
  };
  let joined = 0;
  let pending = 0;
  let pace = null as ReturnType<typeof paceOf>;
  let shownCalled = 0;
  const untilMs = night.untilMs ?? ALL_MS_MAX;
  for (let at = from + STEP_MS; (joined < line.length || pending > 0) && at <= untilMs; at += STEP_MS) {
    if (at >= ALL_MS_MAX) throw new Error(`${pending} visitors still wait after ${ALL_MS_MAX / 3_600_000} hours.`);
    const joins: Command[] = [];
    for (let next = line[joined]; next !== undefined && next.at <= at; next = line[joined]) {
      joined++;
      joins.push(join(`${joined}`));
      if (!next.comes) continue;
      pending++;
      const recorded = joined % every === 0;
      const waiting: Waiting = { position: joined, told: recorded ? [] : null, stayMs: next.stayMs ?? Infinity };
      add(polls, Math.max(at, 0) + 1_000 + (joined % 7) * 150, at, waiting);
    }
    const ends = (leaves.get(at) ?? []).map((position): Command => {
      return { kind: 'end', epoch: 1, position, sid: `sid-${position}`, reason: 'left' };
    });
    const changed = changes
      .filter((one) => one.at <= at)
      .map((one): Command => {
        rules = { ...rules, ...one.policy };
        return change({ kind: 'setPolicy', policy: policy(rules) });
      });
    if (changed.length > 0) changes.splice(0, changed.length);
    const claimed = claims.get(at) ?? [];
    const commands = [...changed, ...ends, ...joins, ...claimed.map(({ position }) => claim(position, `${position}`))];
    const replies = apply(at, commands.length > 0 ? commands : [{ kind: 'tick' }]).slice(
      commands.length - claimed.length,
    );
    claims.delete(at);
    leaves.delete(at);
    const now = room as unknown as RoomDocument;
    const { called } = now.pacing;
    for (const [index, visitor] of claimed.entries()) {
      const reply = replies[index];
      if (reply?.kind === 'standby') {
        visits.standbys++;
        add(claims, at + STANDBY_MS, at, visitor);
        continue;
      }
      if (reply?.kind !== 'admitted') throw new Error(`Position ${visitor.position} got ${JSON.stringify(reply)}.`);
      pending--;
      visits.admittedAt.push(reply.admitAt - T0);
      if (reply.admitAt + visitor.stayMs < reply.expiresAt) {
        add(leaves, reply.admitAt - T0 + visitor.stayMs, at, visitor.position);
      }
      const enteredAt = Math.max(at, reply.admitAt - T0);
      visits.told.push(...(visitor.told ?? []).map((told) => ({ ...told, real: (enteredAt - told.at) / 1_000 })));
    }
    visits.calledAt.push({ at, called });
    if (now.line.issued > called) visits.activeAt.push({ at, active: now.sessions.active });
    if ((at / STEP_MS) % VIEW_STEPS === 0) {
      pace = paceOf(now);
      shownCalled = called;
    }
    for (const visitor of polls.get(at) ?? []) {
      const { position } = visitor;
      if (position <= shownCalled) {
        add(claims, at + REACTION_MS, at, visitor);
        continue;
      }
      const ahead = aheadOf(position, shownCalled);
      const { newUsersPerMinute } = now.config.policy;
      const advised = pollSeconds(ahead, { pace, newUsersPerMinute, stock: null, issued: 0, called: 0 });
      const seconds = at < 0 ? -at / 1_000 : night.pollMs === undefined ? advised : night.pollMs / 1_000;
      // Jitter, without chance.
      const shownFor = seconds * (0.8 + ((position * 7919) % 41) / 100);
      if (at >= 0) visitor.told?.push({ at, ahead, wait: waitSeconds(ahead, pace), shownFor });
      add(polls, at + shownFor * 1_000, at, visitor);
    }
    polls.delete(at);
  }
  visits.admittedAt.sort((a, b) => a - b);
  return visits;
}
