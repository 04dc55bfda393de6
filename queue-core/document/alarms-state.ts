// Which alarms of the room are raised, and what is still to be told of them to those outside. alarms.ts decides what follows from what
// gateways see; which addresses there are is in the directory.

import type { EpochMs } from '../time.ts';
import type { SubState } from './sub-state.ts';

/** Alarms of a room, most urgent first. An unreachable store cannot be kept in the store: gateways tell it by themselves. */
export const ROOM_ALARM_KINDS = [
  'clockLeapt',
  'drawKeyMissing',
  'beaconChainDiffers',
  'beaconLate',
  'originStopped',
  'originSlowed',
  'originErrors',
  'originSlow',
  'arrivalsAbovePlan',
  'showShareFalling',
  'limitReached',
] as const;
export type RoomAlarmKind = (typeof ROOM_ALARM_KINDS)[number];

/** critical: visitors or bookings are affected now. warning: they soon may be. info: worth knowing, often as planned. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const SEVERITY_OF: Record<RoomAlarmKind | 'storeUnreachable', Severity> = {
  storeUnreachable: 'critical',
  clockLeapt: 'critical',
  drawKeyMissing: 'critical',
  beaconChainDiffers: 'critical',
  beaconLate: 'critical',
  originStopped: 'critical',
  originSlowed: 'warning',
  originErrors: 'warning',
  originSlow: 'warning',
  arrivalsAbovePlan: 'warning',
  showShareFalling: 'warning',
  limitReached: 'info',
};

/** What a gateway saw: the alarm's figures, as JSON text that only gateways read. */
export interface SeenAlarm {
  kind: RoomAlarmKind;
  figures: string;
}

export interface RaisedAlarm extends SeenAlarm {
  /** 1, 2, 3, … in this room. */
  number: number;
  since: EpochMs;
  /** When a gateway saw it last. */
  seenAt: EpochMs;
  /** By which operator; null: by nobody yet. */
  acknowledged: { by: string; at: EpochMs } | null;
}

export type NoticeEvent = 'raised' | 'cleared';

/** One message to one target. */
export interface Delivery {
  target: string;
  state: 'due' | 'delivered' | 'failed';
  /** How often a gateway has taken it. */
  attempts: number;
  /** When a gateway may take it, again if it was taken before. */
  dueAt: EpochMs;
  /** Status of the last response; null: none yet. */
  status: number | null;
}

/** That an alarm was raised, or is over. */
export interface Notice extends SeenAlarm {
  number: number;
  event: NoticeEvent;
  at: EpochMs;
  /** When the alarm was raised. */
  since: EpochMs;
  /** null: no gateway has said yet to whom it goes. */
  deliveries: readonly Delivery[] | null;
}

export interface AlarmsState {
  /** Number of the last alarm. Counts on across epochs. */
  seq: number;
  raised: readonly RaisedAlarm[];
  /** The last ones, oldest first. */
  notices: readonly Notice[];
  /** When the raising of each kind was last told. */
  told: readonly { kind: RoomAlarmKind; at: EpochMs }[];
}

export const alarmsState: SubState<AlarmsState, unknown, { alarms: AlarmsState }> = {
  empty: () => ({ seq: 0, raised: [], notices: [], told: [] }),
  carryOver: ({ alarms }) => alarms,
};
