// A board after it was read: gateways carry it forward by their clock, and so does the browser of a visitor who hears nothing more.

import type { Board } from './board.ts';
import { type EpochMs, epochMs, rfc3339 } from './time.ts';

/** The board as it is at `now`, carried forward from when it was read: numbers of the stock grow old meanwhile. */
export function boardAt(board: Board, now: EpochMs): Board {
  const { stock } = board;
  const at = { ...board, serverTime: rfc3339(now) };
  if (stock === null) return at;
  const aged = <T extends { remaining: number | null; asOf: string }>(one: T): T =>
    now - epochMs(one.asOf) > stock.freshSeconds * 1_000 ? { ...one, remaining: null } : one;
  return { ...at, stock: { ...aged(stock), lots: stock.lots.map(aged) } };
}
