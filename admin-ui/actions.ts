// What an operator does to a room, as values: what it calls, what would undo it, and what cannot be undone. Pure.

import {
  type Changed,
  isSameSecond,
  type Live,
  type NewRoom,
  type RoomDetail,
  stageOf,
} from '../worker/contract/operator-api.ts';
import { type Problem, problemKind } from '../worker/contract/problem-schema.ts';
import type { Client, Outcome } from './api-client.ts';

export type Flow = Live['flow'];
export type Site = RoomDetail['site'];
export type Policy = RoomDetail['policy'];
export type Schedule = RoomDetail['schedule'];
export type Text = { ko: string; en: string };

export type Deed =
  /** `from` is null where somebody else changed the room in the same moment: then there is no telling what it was. */
  | { kind: 'flow'; from: Flow | null; to: Flow }
  | { kind: 'policy'; from: Policy; to: Policy }
  | { kind: 'message'; from: Text | null; to: Text | null }
  | { kind: 'schedule'; from: Schedule; to: Schedule; beginsAnew: boolean }
  | { kind: 'site'; from: Site; to: Site }
  | { kind: 'openNow' }
  | { kind: 'close' }
  | { kind: 'revokeAll'; active: number }
  | { kind: 'endSession'; position: number }
  | { kind: 'setTemplate'; html: string; name: string }
  | { kind: 'removeTemplate' }
  | { kind: 'archive' };

/** What puts things back as they were; null: that cannot be undone. */
export function reversal(deed: Deed): Deed | null {
  switch (deed.kind) {
    case 'flow':
      return deed.from === null ? null : { kind: 'flow', from: deed.to, to: deed.from };
    case 'policy':
      return { kind: 'policy', from: deed.to, to: deed.from };
    case 'message':
      return { kind: 'message', from: deed.to, to: deed.from };
    case 'site':
      return { kind: 'site', from: deed.to, to: deed.from };
    case 'schedule':
      // A new opening has begun: the former line is gone, and its times do not bring it back.
      return deed.beginsAnew ? null : { kind: 'schedule', from: deed.to, to: deed.from, beginsAnew: false };
    case 'openNow':
    case 'close':
    case 'revokeAll':
    case 'endSession':
    case 'setTemplate':
    case 'removeTemplate':
    case 'archive':
      return null;
  }
}

/** The same on the room as it is now: what the deed was for, and nothing else that others changed meanwhile. */
export function rebased(deed: Deed, now: RoomDetail): Deed {
  switch (deed.kind) {
    case 'flow':
      return { ...deed, from: now.flow };
    case 'policy':
      return { ...deed, from: now.policy, to: onto(now.policy, deed) };
    case 'message':
      return { ...deed, from: now.message?.text ?? null };
    case 'schedule': {
      const to = onto(now.schedule, deed);
      return { ...deed, from: now.schedule, to, beginsAnew: beginsAnew(now.state, now.schedule, to) };
    }
    case 'site':
      return { ...deed, from: now.site, to: onto(now.site, deed) };
    default:
      return deed;
  }
}

export function isBeforeOpening(state: RoomDetail['state']): boolean {
  return stageOf(state) === 'ahead';
}

/** Whether saving these times ends the opening that there was, as the gateway will decide: with the same opening, to the second, it goes on. */
export function beginsAnew(state: RoomDetail['state'], from: Schedule, to: Schedule): boolean {
  const isAnother = !isSameSecond(Date.parse(from.opensAt), Date.parse(to.opensAt));
  return stageOf(state) === 'over' || (stageOf(state) === 'running' && isAnother);
}

function onto<T extends object>(now: T, { from, to }: { from: T; to: T }): T {
  const names = Object.keys({ ...from, ...to }) as (keyof T)[];
  const meant = names.filter((name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]));
  return { ...now, ...Object.fromEntries(meant.map((name) => [name, to[name]])) };
}

/** Whether it keeps more people out than now, which waits for nobody. */
export function isStop(deed: Deed): deed is Extract<Deed, { kind: 'flow' }> {
  return deed.kind === 'flow' && (deed.to === 'held' || (deed.to === 'paused' && deed.from !== 'held'));
}

/** Asks the gateway for it, on the version that was looked at. @param etag null: whatever the room is, for a stop */
export function perform(
  client: Client,
  room: string,
  deed: Deed,
  etag: string | null,
  name: string,
): Promise<Outcome<Changed>> {
  const params = { room };
  const seen = { params, name, ifMatch: etag ?? '' };
  switch (deed.kind) {
    case 'flow': {
      if (deed.to === 'running') return client.call('resume', seen);
      return client.call(deed.to === 'paused' ? 'pause' : 'hold', etag === null ? { params, name } : seen);
    }
    case 'policy':
      return client.call('setPolicy', { ...seen, body: deed.to });
    case 'message':
      return client.call('setMessage', { ...seen, body: { text: deed.to } });
    case 'schedule':
      return client.call('setSchedule', { ...seen, body: deed.to });
    case 'site':
      return client.call('setSite', { ...seen, body: inputOf(deed.to) });
    case 'openNow':
      return client.call('openNow', seen);
    case 'close':
      return client.call('close', seen);
    case 'revokeAll':
      return client.call('revokeAll', seen);
    case 'endSession':
      return client.call('endSession', { params: { room, position: deed.position }, name });
    case 'setTemplate':
      return client.call('setTemplate', { ...seen, body: deed.html });
    case 'removeTemplate':
      return client.call('removeTemplate', seen);
    case 'archive':
      return client.call('archiveRoom', seen);
  }
}

/** A site as it is sent: what is absent is left out rather than sent as nothing. */
export function inputOf({ audience, ...site }: Site): NewRoom['site'] {
  return audience === undefined ? site : { ...site, audience };
}

/** How far a deed has come. */
export type Phase =
  | { kind: 'sending' }
  | { kind: 'done'; at: string | null; inForceBy: string | null; etag: string }
  | { kind: 'unchanged' }
  /** Somebody changed the room after it was looked at. */
  | { kind: 'conflict' }
  | { kind: 'refused'; problem: Problem }
  /** Whether it was done is not known. */
  | { kind: 'unknown' }
  | { kind: 'signedOut' };

export interface DeedRecord {
  id: number;
  room: string;
  deed: Deed;
  /** The version that it was decided on, and its name to the gateway: to send the very same again. */
  etag: string;
  name: string;
  phase: Phase;
  /** This one puts an earlier one back. */
  isUndo: boolean;
  /** Has been put back. */
  undone: boolean;
}

export function phaseOf(outcome: Outcome<Changed>): Phase {
  switch (outcome.kind) {
    case 'answer': {
      const { outcome: what, at, inForceBy, etag } = outcome.value;
      return what === 'changed' ? { kind: 'done', at, inForceBy, etag } : { kind: 'unchanged' };
    }
    case 'problem': {
      switch (problemKind(outcome.problem)) {
        case 'changed-meanwhile':
          return { kind: 'conflict' };
        case 'operator-key':
          return { kind: 'signedOut' };
        case 'change-unconfirmed':
          return { kind: 'unknown' };
        default:
          return { kind: 'refused', problem: outcome.problem };
      }
    }
    case 'unreachable':
    case 'unreadable':
      return { kind: 'unknown' };
  }
}
