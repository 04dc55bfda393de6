// What the origin last said of itself, and what gateways saw of its health.

import type { Stock } from '../policy.ts';
import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

export interface OriginState {
  stock: Stock | null;
  /** Since when the origin fails; null while it responds. No position is called meanwhile. */
  failingSince: EpochMs | null;
}

export const originState: SubState<OriginState, unknown, { origin: OriginState }> = {
  empty: () => ({ stock: null, failingSince: null }),
  carryOver: () => ({ stock: null, failingSince: null }),
};
