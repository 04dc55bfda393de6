// Which page a visitor sees, from the board and the visitor's own status: one rule for the server, which renders the
// page, and for the browser, which goes on from it. It knows nothing of requests; where the store or the origin does
// not answer, the gateway chooses the page itself.

import type { Board, Status } from '../../queue-core/board.ts';
import type { PageKind } from './model.ts';

/** null: no page fits, because the visitor has a step to take first (join, or enter with what they were given). */
export function pageKind(board: Board, status: Status): PageKind | null {
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

/** States of a room in which somebody without a place can still be given one. */
export function canJoin({ state }: Board): boolean {
  return state === 'prequeue' || state === 'drawing' || state === 'open' || state === 'paused';
}

function placeKind({ state }: Board, place: 'entered' | 'waiting'): PageKind {
  switch (state) {
    case 'scheduled':
    case 'prequeue':
      return place === 'entered' ? 'entered' : 'waiting';
    case 'open':
      // An entry in an open room has a position already; the status that says which is still to be read.
      return place === 'entered' ? 'drawing' : 'waiting';
    case 'drawing':
    case 'paused':
    case 'soldOut':
    case 'closed':
      return state;
  }
}
