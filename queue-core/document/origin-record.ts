// The rows of what the origin said: each number that visitors were shown, and each of its calls.

import type { Refusal } from '../command.ts';
import type { EpochMs } from '../time.ts';
import type { Lot } from './origin-state.ts';
import type { OriginKeyId } from './session-record.ts';

export type VisitCall = 'complete' | 'readmit' | 'revoke';

export type OriginRecord = {
  seq: number;
  at: EpochMs;
  epoch: number;
  by: OriginKeyId;
} & (
  | {
      kind: 'stock';
      remaining: number;
      asOf: EpochMs;
      /** Those that changed. */
      lots: readonly Lot[];
    }
  /** A call about one visit; `refused` is why it did nothing. */
  | { [K in VisitCall]: { kind: K; position: number; refused: Refusal | null } }[VisitCall]
  | { kind: 'overload'; forMs: number }
);
