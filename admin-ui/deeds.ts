// What an operator does to a room, as values: what it calls, what would undo it, and what cannot be undone. Pure.

import type { Changed, Live, NewRoom, RoomDetail } from '../worker/contract/operators.ts';
import { type Problem, problemKind } from '../worker/contract/problems.ts';
import type { Client, Outcome } from './client.ts';

export type Flow = Live['flow'];
export type Site = RoomDetail['site'];
export type Policy = RoomDetail['policy'];
export type Schedule = RoomDetail['schedule'];
export type Text = { ko: string; en: string };

export type Deed =
  | { kind: 'flow'; from: Flow; to: Flow }
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
      return { kind: 'flow', from: deed.to, to: deed.from };
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

/** Asks the gateway for it, on the version that was looked at where that matters. */
export function perform(client: Client, room: string, deed: Deed, etag: string): Promise<Outcome<Changed>> {
  const params = { room };
  const seen = { params, ifMatch: etag };
  switch (deed.kind) {
    case 'flow':
      // Letting people in again who are kept out is decided on what was seen; stopping never waits for that.
      if (deed.to === 'paused') return client.call('pause', deed.from === 'held' ? seen : { params });
      if (deed.to === 'held') return client.call('hold', { params });
      return client.call('resume', seen);
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
      return client.call('endSession', { params: { room, position: deed.position } });
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
