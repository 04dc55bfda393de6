// Which page a visitor sees, computed from the board and the visitor's status. The server uses it to render the page and
// the browser to update it. Knows nothing of requests: when the store or the origin is unreachable, the gateway chooses.

import type { Board, Status } from '../../queue-core/board.ts';
import type { PageKind } from './model.ts';

/** null: no page fits, because the visitor has to join, or may enter. */
export function pageKind(board: Board, status: Pick<Status, 'state'>): PageKind | null {
  switch (status.state) {
    case 'completed':
      return 'ended';
    case 'lapsed':
      return 'lapsed';
    case 'admitted':
      return null;
    case 'called':
      return board.state === 'closed' ? 'closed' : 'called';
    case 'none':
      return board.state === 'scheduled' || board.state === 'soldOut' || board.state === 'closed' ? board.state : null;
    case 'entered':
    case 'waiting':
      return placeKind(board, status.state);
  }
}

/** True in the states of a room in which a visitor without a place can join. */
export function canJoin({ state }: Board): boolean {
  return state === 'prequeue' || state === 'drawing' || state === 'open' || state === 'paused';
}

function placeKind({ state }: Board, place: 'entered' | 'waiting'): PageKind {
  switch (state) {
    case 'scheduled':
    case 'prequeue':
      return place === 'entered' ? 'entered' : 'waiting';
    case 'open':
      // In an open room every entry has a position; this status is from before the draw and is about to be replaced.
      return place === 'entered' ? 'drawing' : 'waiting';
    case 'drawing':
    case 'paused':
    case 'soldOut':
    case 'closed':
      return state;
  }
}
