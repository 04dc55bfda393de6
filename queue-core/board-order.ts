// Which of two boards a gateway, a page or an app shows: gateways read the room at different moments, and a store can come
// back older than what was shown. On a screen the line never moves backwards.

import type { Board, RoomView } from './board.ts';

type Ordered = Pick<Board, 'epoch' | 'asOf' | 'called'>;

/**
 * The board to show after `before`: within an epoch no older one, and no number called that is lower. Times of one format
 * are in the order of their text.
 */
export function laterBoard<B extends Ordered>(before: B | null, next: B): B {
  if (before?.epoch !== next.epoch) return next;
  return next.asOf < before.asOf ? before : { ...next, called: Math.max(next.called, before.called) };
}

/** The view to answer from after `before`: it was read later, and shows nothing that moved backwards. */
export function laterView(before: RoomView | null, next: RoomView): RoomView {
  if (before?.board.epoch !== next.board.epoch) return next;
  const called = Math.max(next.board.called, before.board.called);
  const issued = Math.max(next.board.issued, called);
  const lapsedThrough = Math.max(next.lapsedThrough, before.lapsedThrough);
  return { ...next, lapsedThrough, board: { ...next.board, called, issued } };
}
