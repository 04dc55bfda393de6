// Rooms and commands for tests of the queue's rules, and one state that remembers all sessions.

import type { Actor, AuditRecord } from '../../queue-core/audit.ts';
import type { Change, Command, Reply, RoomSettings } from '../../queue-core/command.ts';
import type { HistoryBucket } from '../../queue-core/history.ts';
import { brokenBetween, brokenIn } from '../../queue-core/invariants.ts';
import type { EpochMs, Policy, RoomDocument, SessionRecord } from '../../queue-core/room.ts';
import { stepAll } from '../../queue-core/step.ts';

export const SECRET = '5e'.repeat(32);
export const OTHER_SECRET = 'a7'.repeat(32);

/** Moment of the first command in these tests. */
export const T0: EpochMs = 1_626_260_400_000;

export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    newUsersPerMinute: 600,
    totalActiveUsers: 1_000,
    sessionMs: 5 * 60_000,
    sessionRenewal: true,
    claimWindowMs: 2 * 60_000,
    queueingStatusCode: 200,
    ...changes,
  };
}

export function settings(
  changes: Partial<Policy> = {},
  schedule: Partial<RoomSettings['schedule']> = {},
): RoomSettings {
  return {
    room: 'demo',
    policy: policy(changes),
    schedule: { prequeueAt: null, opensInMs: 0, closesAt: null, beacon: null, ...schedule },
  };
}

export function configure(roomSettings: RoomSettings, digest = 'first', secret = SECRET): Command {
  return { kind: 'configure', by: OPERATOR, settings: roomSettings, digest, secret };
}

export const OPERATOR: Actor = { id: 'key-1', name: 'Night shift', role: 'operator', address: '192.0.2.7' };

let wishes = 0;

/** An operator's wish, each under a name of its own. */
export function change(wanted: Change, ifVersion: number | null = null): Extract<Command, { kind: 'change' }> {
  wishes++;
  return { kind: 'change', id: `wish-${wishes}`, by: OPERATOR, ifVersion, change: wanted };
}

export function join(name: string, admit = false): Command {
  return { kind: 'join', id: `join-${name}`, visitor: `visitor-${name}`, sid: admit ? `sid-${name}` : null };
}

export function claim(position: number, name: string, epoch = 1): Command {
  return { kind: 'claim', epoch, position, visitor: `visitor-${name}`, sid: `sid-${name}` };
}

/** A room in memory that is checked against every invariant after every command. */
export class CheckedRoom {
  room: RoomDocument | null = null;
  sessions: ReadonlyMap<number, SessionRecord> = new Map();
  log: AuditRecord[] = [];
  history: HistoryBucket[] = [];

  /** @returns the replies, and the numbers of the invariants that were broken (none, by law) */
  apply(now: EpochMs, ...commands: Command[]): { replies: Reply[]; broken: number[] } {
    const replies: Reply[] = [];
    const broken: number[] = [];
    for (const command of commands) {
      const before = { room: this.room, sessions: this.sessions };
      const stepped = stepAll({ room: this.room, sessions: this.sessions }, [command], now);
      const sessions = new Map(this.sessions);
      for (const effect of stepped.effects) {
        if (effect.kind === 'put' && effect.table === 'session') sessions.set(effect.key, effect.row);
        if (effect.kind === 'put' && effect.table === 'audit') this.log.push(effect.row);
        if (effect.kind === 'put' && effect.table === 'history') this.history.push(effect.row);
        if (effect.kind === 'clear' && effect.table === 'session') sessions.clear();
      }
      this.room = stepped.room;
      this.sessions = sessions;
      replies.push(...stepped.replies);
      if (stepped.room === null) continue;
      broken.push(...brokenIn(stepped.room, sessions));
      if (before.room !== null) {
        broken.push(
          ...brokenBetween({ room: before.room, sessions: before.sessions }, { room: stepped.room, sessions }),
        );
      }
    }
    return { replies, broken };
  }

  /** The one reply to one command; invariants hold or the test ends here. */
  one(now: EpochMs, command: Command): Reply {
    const { replies, broken } = this.apply(now, command);
    if (broken.length > 0) throw new Error(`${command.kind} broke invariants ${broken.join(', ')}`);
    const [reply] = replies;
    if (reply === undefined) throw new Error(`${command.kind} was not answered`);
    return reply;
  }

  /** The document; a test that asks before `configure` is wrong. */
  get document(): RoomDocument {
    if (this.room === null) throw new Error('The room is not configured yet.');
    return this.room;
  }
}
