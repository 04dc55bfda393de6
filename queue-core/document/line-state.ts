// The numbers that were given to visitors, or leased to gateways that give them out: entries before the opening, positions
// after it.

import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

export interface LineState {
  /** Highest entry given or leased before the opening. */
  entries: number;
  /** Highest position given or leased (after the opening, entries are positions 1..N). */
  issued: number;
  /** Returned entries, as first number and count: disjoint, ascending, and leased again first. */
  free: (readonly [first: number, count: number])[];
  /** Entries of leases that may be returned: the lease's name, first number and count; the latest leases last. */
  leases: (readonly [name: number, range: readonly [first: number, count: number]])[];
  leaseSeq: number;
  /** Until when gateways may give out entries; 0: none was leased, or the room has opened. */
  leasedUntil: EpochMs;
}

const empty = (): LineState => ({ entries: 0, issued: 0, free: [], leases: [], leaseSeq: 0, leasedUntil: 0 });

export const lineState: SubState<LineState, unknown, unknown> = { empty, carryOver: empty };

/** Entries and later positions are one sequence: the highest number given or leased so far. */
export function highestNumber({ entries, issued }: Pick<LineState, 'entries' | 'issued'>): number {
  return Math.max(entries, issued);
}
