// The numbers that were given to visitors: entries before the opening, positions after it.

import type { DrawState } from './draw-state.ts';
import { drawState } from './draw-state.ts';
import type { SubState } from './sub-state.ts';

export interface LineState {
  /** Entries given before the opening. */
  entries: number;
  /** Highest position given (after the opening, entries are positions 1..N). */
  issued: number;
  /** Ids of the latest joins, newest last; a join is found by its distance from the highest number. */
  recentJoins: string[];
}

export const lineState: SubState<LineState, unknown, { line: LineState; draw: DrawState }> = {
  empty: () => ({ entries: 0, issued: 0, recentJoins: [] }),
  carryOver: () => ({ entries: 0, issued: 0, recentJoins: [] }),
  merge: (stored, seen, now) => {
    const [a, b] = [stored.line, seen.line];
    return {
      entries: drawState.merge(stored, seen, now).entries ?? Math.max(a.entries, b.entries),
      issued: Math.max(a.issued, b.issued),
      // Numbers of what was lost may have been given again since.
      recentJoins: highestNumber(b) > highestNumber(a) ? [] : a.recentJoins,
    };
  },
};

/** Entries and later positions are one sequence: the highest number given so far. */
export function highestNumber({ entries, issued }: Pick<LineState, 'entries' | 'issued'>): number {
  return Math.max(entries, issued);
}
