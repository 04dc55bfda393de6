export type { GatewayReport as GatewaySeen } from './document/changes-state.ts';
export type { CallSample } from './document/pacing-state.ts';
export type { RoomDocument } from './document/room-document.ts';
export type { EndReason, SessionRecord } from './document/session-record.ts';
export type { Flow, Message, Policy, RoomState, Schedule, Stock } from './policy.ts';
export type { EpochMs } from './time.ts';
