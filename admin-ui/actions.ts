// What an operator can do to a room, as values: the request that each action sends, what reverses it, and how far it has come.
// Pure but for `sendAction`.

import type { Client, Outcome } from '../worker/contract/api-client.ts';
import {
  type Changed,
  type Consequences,
  confirmationOf,
  consequencesOf,
  type Live,
  type NewRoom,
  type PresentOpening,
  type RoomDetail,
  roomConfirmationOf,
  type ScheduleConsequences,
  stageOf,
} from '../worker/contract/operator-api.ts';
import { type Problem, problemKind } from '../worker/contract/problem-schema.ts';

export type Flow = Live['flow'];
export type Site = RoomDetail['site'];
export type Policy = RoomDetail['policy'];
export type Schedule = RoomDetail['schedule'];
export type Text = { ko: string; en: string };

export type Action =
  /** `from` is null where another operator changed the room at the same time: the previous flow is not known. */
  | { kind: 'flow'; from: Flow | null; to: Flow }
  | { kind: 'policy'; from: Policy; to: Policy }
  | { kind: 'message'; from: Text | null; to: Text | null }
  /** `confirmed`: what the operator has read that it does at once; the gateway refuses one that does more. */
  | { kind: 'schedule'; from: Schedule; to: Schedule; confirmed: ScheduleConsequences }
  | { kind: 'cancelOpening'; schedule: Schedule }
  | { kind: 'site'; from: Site; to: Site; confirmed: Consequences }
  | { kind: 'openNow'; confirmed: ScheduleConsequences }
  | { kind: 'recommit' }
  | { kind: 'close' }
  | { kind: 'revokeAll' }
  | { kind: 'endSession'; position: number }
  | { kind: 'setTemplate'; html: string; name: string }
  | { kind: 'removeTemplate' }
  | { kind: 'archive' };

/** Nothing happens to people at once. */
export const HARMLESS: Consequences = { opensNow: null, closesNow: null, endsPlaces: null, takesFrom: [] };

/** The action that undoes this one; null: it cannot be undone. An undo confirms nothing: where it would do more, it is refused. */
export function reversal(action: Action): Action | null {
  switch (action.kind) {
    case 'flow':
      return action.from === null ? null : { kind: 'flow', from: action.to, to: action.from };
    case 'policy':
      return { kind: 'policy', from: action.to, to: action.from };
    case 'message':
      return { kind: 'message', from: action.to, to: action.from };
    case 'site':
      return { kind: 'site', from: action.to, to: action.from, confirmed: HARMLESS };
    case 'schedule': {
      // Once a room has opened, or closed, or another round has begun, the previous schedule does not restore what was.
      const { opensNow, closesNow, endsPlaces } = action.confirmed;
      return opensNow !== null || closesNow !== null || endsPlaces !== null
        ? null
        : { kind: 'schedule', from: action.to, to: action.from, confirmed: HARMLESS };
    }
    case 'cancelOpening':
      return { kind: 'schedule', from: action.schedule, to: action.schedule, confirmed: HARMLESS };
    case 'openNow':
    case 'recommit':
    case 'close':
    case 'revokeAll':
    case 'endSession':
    case 'setTemplate':
    case 'removeTemplate':
    case 'archive':
      return null;
  }
}

/** The same action on the room as it is now: it changes what it was meant to change, and keeps what others changed since. */
export function rebased(action: Action, now: RoomDetail): Action {
  switch (action.kind) {
    case 'flow':
      return { ...action, from: now.flow };
    case 'policy':
      return { ...action, from: now.policy, to: applyChanges(now.policy, action) };
    case 'message':
      return { ...action, from: now.message?.text ?? null };
    case 'schedule':
      return { ...action, from: now.schedule, to: applyChanges(now.schedule, action) };
    case 'site':
      return { ...action, from: now.site, to: applyChanges(now.site, action) };
    default:
      return action;
  }
}

export function isBeforeOpening(state: RoomDetail['state']): boolean {
  return stageOf(state) === 'ahead';
}

/** A change of the schedule in any way: no shortcut makes or undoes one. */
export function isOfSchedule({ kind }: Action): boolean {
  return kind === 'schedule' || kind === 'cancelOpening' || kind === 'openNow';
}

/** The room's opening with the people whom another schedule concerns. */
export function openingOf(live: Live): PresentOpening {
  const { opensAt, hasOpened, state, waiting, outstanding, active } = live;
  const isClosed = state === 'closed';
  return { opensAt: Date.parse(opensAt), hasOpened, isClosed, waiting: waiting + outstanding, active };
}

/** What a schedule does to people at once, by the same rule as the room's. @param now the gateway's time */
export function scheduleConsequences(
  present: PresentOpening,
  { opensAt, closesAt }: Pick<Schedule, 'opensAt' | 'closesAt'>,
  now: number,
): Consequences {
  const times = { opensAt: Date.parse(opensAt), closesAt: closesAt === null ? null : Date.parse(closesAt) };
  return { ...consequencesOf(present, times, now), takesFrom: [] };
}

/** What opening now does. */
export function openingNow(live: Live, now: number): Consequences {
  return { ...consequencesOf(openingOf(live), { opensAt: now, closesAt: null }, now), takesFrom: [] };
}

function applyChanges<T extends object>(now: T, { from, to }: { from: T; to: T }): T {
  const names = Object.keys({ ...from, ...to }) as (keyof T)[];
  const changed = names.filter((name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]));
  return { ...now, ...Object.fromEntries(changed.map((name) => [name, to[name]])) };
}

/** Whether it admits fewer people than now. Such an action is sent even when the room changed meanwhile. */
export function isStop(action: Action): action is Extract<Action, { kind: 'flow' }> {
  return action.kind === 'flow' && (action.to === 'held' || (action.to === 'paused' && action.from !== 'held'));
}

/** @param etag the version that the operator decided on; null: any version, for a stop */
export function sendAction(
  client: Client,
  room: string,
  action: Action,
  etag: string | null,
  idempotencyKey: string,
): Promise<Outcome<Changed>> {
  const params = { room };
  const input = { params, idempotencyKey, ifMatch: etag ?? '' };
  switch (action.kind) {
    case 'flow': {
      if (action.to === 'running') return client.call('resume', input);
      const stop = etag === null ? { params, idempotencyKey } : input;
      return client.call(action.to === 'paused' ? 'pause' : 'hold', stop);
    }
    case 'policy':
      return client.call('setPolicy', { ...input, body: action.to });
    case 'message':
      return client.call('setMessage', { ...input, body: { text: action.to } });
    case 'schedule':
      return client.call('setSchedule', {
        ...input,
        body: { ...action.to, confirm: confirmationOf(action.confirmed) },
      });
    case 'cancelOpening':
      return client.call('cancelOpening', input);
    case 'site': {
      const confirm = roomConfirmationOf(action.confirmed);
      return client.call('setSite', { ...input, body: { ...siteInput(action.to), confirm } });
    }
    case 'openNow':
      return client.call('openNow', { ...input, body: { confirm: confirmationOf(action.confirmed) } });
    case 'recommit':
      return client.call('recommit', input);
    case 'close':
      return client.call('close', input);
    case 'revokeAll':
      return client.call('revokeAll', input);
    case 'endSession':
      return client.call('endSession', { params: { room, position: action.position }, idempotencyKey });
    case 'setTemplate':
      return client.call('setTemplate', { ...input, body: action.html });
    case 'removeTemplate':
      return client.call('removeTemplate', input);
    case 'archive':
      return client.call('archiveRoom', input);
  }
}

/** A site as a request body: an absent audience is left out rather than sent as undefined. */
export function siteInput({ audience, ...site }: Site): NewRoom['site'] {
  return audience === undefined ? site : { ...site, audience };
}

/** How far an action has come. */
export type Phase =
  | { kind: 'sending' }
  | { kind: 'done'; at: string | null; inForceBy: string | null; etag: string }
  | { kind: 'unchanged' }
  /** The room changed after the operator decided. */
  | { kind: 'conflict' }
  | { kind: 'refused'; problem: Problem }
  /** No response: the change may have been made. */
  | { kind: 'unknown' }
  | { kind: 'signedOut' };

export function phaseOf(outcome: Outcome<Changed>): Phase {
  switch (outcome.kind) {
    case 'reply': {
      const { outcome: result, at, inForceBy, etag } = outcome.value;
      return result === 'changed' ? { kind: 'done', at, inForceBy, etag } : { kind: 'unchanged' };
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
