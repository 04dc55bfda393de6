// What remembers operators' changes: the version that they count, the head of the audit log, and which gateways have seen
// which version.

import { type Actor, type AuditHead, NO_RECORD } from '../audit.ts';
import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

/** What is known of one gateway that reads the room, or of one relay. */
export interface GatewayReport {
  id: string;
  /** Number of its last report. */
  seq: number;
  at: EpochMs;
  /** The version of the room that it had when it reported. */
  version: number;
  /** For how many gateways it reports: 1, or those of a relay. */
  gateways: number;
}

/** An operator who has the room on the console. */
export type SeenOperator = Omit<Actor, 'address'>;

/** The same, as the room knows it of all gateways. */
export interface PresentOperator extends SeenOperator {
  since: EpochMs;
  seenAt: EpochMs;
}

/** An operator's way in, on its way from the console to the site. */
export interface IssuedPass {
  sid: string;
  /** Until when it can be used. */
  useBy: EpochMs;
}

export interface ChangesState {
  /** Counts operators' changes; a change names the version it was decided on. */
  version: number;
  changedAt: EpochMs;
  /** Number of the record that made the present version; 0: not known. */
  changedSeq: number;
  /** Since when the present version is in force on every gateway; null: not yet, or not known to be. */
  inForceAt: EpochMs | null;
  /** Latest changes by their ids, so that a repeated one is made once. */
  recent: { id: string; version: number; at: EpochMs }[];
  audit: AuditHead;
  gateways: GatewayReport[];
  /** The one seen last is at the end. */
  operators: PresentOperator[];
  /** Starts of gateways that are not in the log yet, and when some were recorded last; null: never. */
  starts: { started: number; restarted: number; recordedAt: EpochMs | null };
  /** Operators' passes that were issued and not used. */
  passes: IssuedPass[];
}

export const changesState: SubState<ChangesState, { now: EpochMs }, { changes: ChangesState }> = {
  empty: ({ now }) => ({
    version: 1,
    changedAt: now,
    changedSeq: 0,
    inForceAt: null,
    recent: [],
    audit: NO_RECORD,
    gateways: [],
    operators: [],
    starts: { started: 0, restarted: 0, recordedAt: null },
    passes: [],
  }),
  carryOver: ({ changes }) => ({ ...changes, passes: [] }),
};
