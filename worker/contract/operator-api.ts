// The contract of the operators' API, for the gateway, the console and scripts: everything except the settings of a room
// (room-schema.ts) and refusals (problem-schema.ts).

export {
  type Consequences as ScheduleConsequences,
  consequencesOf,
  type PresentOpening,
} from '../../queue-core/consequences.ts';
/** The owner's key comes from the settings; no operation changes it. */
export { OWNER_KEY_ID } from '../../queue-core/directory/directory-document.ts';
/** Rules of a room that a client may apply before it sends a change. */
export { roundAfter, roundTime } from '../../queue-core/draw.ts';
/** Bounds of a log: records in total, and in one page. */
export { AUDIT_RECORDS_MAX, ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
export { stageOf } from '../../queue-core/room-state.ts';
export { isSameSecond } from '../../queue-core/time.ts';
export * from './alarm-target-schema.ts';
export * from './beacon-schema.ts';
export * from './consequences-schema.ts';
export * from './evidence-schema.ts';
export * from './history-schema.ts';
export * from './live-schema.ts';
export * from './log-schema.ts';
export * from './operations.ts';
export * from './operator-schema.ts';
export * from './origin-call-schema.ts';
export * from './report-schema.ts';
export * from './room-state-schema.ts';
