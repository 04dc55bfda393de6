// Which alarms are raised, since when, and what is to be told of them. Gateways say what they see once a second; the room alone
// decides, so that many gateways raise an alarm once. An alarm is over when no gateway has seen it for a while: one that comes and
// goes is one alarm. What is told outside is taken by one gateway at a time, and again by another one if that one dies.

import type { Actor } from './audit.ts';
import { record } from './change.ts';
import type { Command, NoticeReply } from './command.ts';
import type {
  AlarmsState,
  Delivery,
  Notice,
  NoticeEvent,
  RaisedAlarm,
  RoomAlarmKind,
  SeenAlarm,
} from './document/alarms-state.ts';
import type { RoomDocument } from './document/room-document.ts';
import { ALARM_FIGURES_CHARS_MAX, ALARM_RECORDS_UP_TO, ALARM_TARGETS_MAX, NOTICES_MAX } from './limits.ts';
import type { StepContext } from './machine.ts';
import { isSurelyOver } from './room-state.ts';
import type { EpochMs } from './time.ts';

/** Who delivers, in the log. */
export const ALARM_ACTOR: Actor = { id: 'alarms', name: 'alarms', role: 'owner', address: null };

/** Not seen for this long, an alarm is over: longer than the twenty seconds that most of them are computed from. */
export const ALARM_OVER_MS = 30_000;

/** The raising of one kind is told at most this often: one that keeps coming back fills neither the log nor anybody's phone. */
export const TOLD_AGAIN_MS = 5 * 60_000;

/** A gateway that has taken a notice and says nothing for this long may be gone: another one may take it. */
export const TAKEN_MS = 30_000;

/** Pauses after a failed attempt; after the last one it is given up. */
export const RETRY_PAUSES_MS = [10_000, 60_000, 5 * 60_000, 15 * 60_000] as const;

/** Whether the same message may succeed later: no answer, a fault of the server, or too much at once. */
export function isRetried(status: number | null): boolean {
  return status === null || status >= 500 || status === 408 || status === 425 || status === 429;
}

/** Takes what a gateway sees now. @param seen all of it; absent: the gateway cannot tell */
export function takeAlarms(room: RoomDocument, seen: readonly SeenAlarm[] | undefined, now: EpochMs): void {
  if (seen === undefined) return;
  const { alarms } = room;
  const readable = seen.filter(
    ({ kind, figures }) => figures.length <= ALARM_FIGURES_CHARS_MAX && !isSurelyOver(room, kind),
  );
  const stays = ({ kind, seenAt }: RaisedAlarm) => now - seenAt < ALARM_OVER_MS && !isSurelyOver(room, kind);
  let { seq } = alarms;
  const known = alarms.raised.map((alarm) => {
    const again = readable.find(({ kind }) => kind === alarm.kind);
    return again === undefined ? alarm : { ...alarm, figures: again.figures, seenAt: now };
  });
  const fresh = readable
    .filter(({ kind }, index) => !known.some((alarm) => alarm.kind === kind) && index === indexOf(readable, kind))
    .map(({ kind, figures }) => ({ kind, figures, number: ++seq, since: now, seenAt: now, acknowledged: null }));
  const raised = [...known.filter(stays), ...fresh];
  const over = known.filter((alarm) => !stays(alarm));
  if (known.length === 0 && fresh.length === 0) return;
  room.alarms = { ...alarms, seq, raised };
  for (const alarm of over) tellCleared(room, alarm, now);
  for (const alarm of raised) tellRaised(room, alarm, now);
}

function indexOf(seen: readonly SeenAlarm[], wanted: RoomAlarmKind): number {
  return seen.findIndex(({ kind }) => kind === wanted);
}

/** Once for each alarm, and of one kind not too often: one that is told late is told if it is still raised then. */
function tellRaised(room: RoomDocument, alarm: RaisedAlarm, now: EpochMs): void {
  const { told } = room.alarms;
  const last = told.find(({ kind }) => kind === alarm.kind)?.at ?? null;
  if (last !== null && (last >= alarm.since || now - last < TOLD_AGAIN_MS)) return;
  const others = told.filter(({ kind }) => kind !== alarm.kind);
  addNotice(room, alarm, 'raised', now);
  room.alarms = { ...room.alarms, told: [...others, { kind: alarm.kind, at: now }] };
}

/** Targets that heard that it was raised hear that it is over; a notice that nobody has taken yet is not needed any more. */
function tellCleared(room: RoomDocument, alarm: RaisedAlarm, now: EpochMs): void {
  const { alarms } = room;
  const isRaising = ({ number, event }: Notice) => number === alarm.number && event === 'raised';
  const raising = alarms.notices.find(isRaising);
  const wasTold = alarms.told.some(({ kind, at }) => kind === alarm.kind && at >= alarm.since);
  if (raising?.deliveries === null) {
    room.alarms = { ...alarms, notices: alarms.notices.filter((notice) => !isRaising(notice)) };
  } else if (wasTold) addNotice(room, alarm, 'cleared', now);
}

function addNotice(room: RoomDocument, alarm: RaisedAlarm, event: NoticeEvent, at: EpochMs): void {
  const { kind, figures, number, since } = alarm;
  const notice: Notice = { kind, figures, number, event, at, since, deliveries: null };
  room.alarms = { ...room.alarms, notices: [...room.alarms.notices, notice].slice(-NOTICES_MAX) };
}

/** What a gateway may try now. A gateway that knows the notice is not due needs no command. */
export function isDue({ deliveries }: Notice, now: EpochMs): boolean {
  return deliveries === null || deliveries.some(({ state, dueAt }) => state === 'due' && dueAt <= now);
}

/** Hands the due deliveries of a notice to one gateway. Targets that are gone are forgotten. */
export function takeNotice(
  room: RoomDocument,
  { number, event, targets }: Extract<Command, { kind: 'takeNotice' }>,
  { now }: StepContext,
): NoticeReply {
  const notice = noticeIn(room.alarms, number, event);
  if (notice === undefined) return { kind: 'taken', deliveries: [] };
  const first = (target: string): Delivery => ({ target, state: 'due', attempts: 0, dueAt: now, status: null });
  const all = notice.deliveries ?? [...new Set(targets)].slice(0, ALARM_TARGETS_MAX).map(first);
  const present = all.filter(({ target, state }) => state !== 'due' || targets.includes(target));
  const isTaken = ({ state, dueAt }: Delivery) => state === 'due' && dueAt <= now;
  const taken = present.filter(isTaken).map(({ target, attempts }) => ({ target, attempt: attempts + 1 }));
  const deliveries = present.map((delivery) =>
    isTaken(delivery) ? { ...delivery, attempts: delivery.attempts + 1, dueAt: now + TAKEN_MS } : delivery,
  );
  replaceNotice(room, { ...notice, deliveries });
  return { kind: 'taken', deliveries: taken };
}

/** What became of an attempt. What has succeeded or is given up is recorded. */
export function takeDelivery(
  room: RoomDocument,
  { number, event, target, name, attempt, status }: Extract<Command, { kind: 'reportDelivery' }>,
  context: StepContext,
): void {
  const notice = noticeIn(room.alarms, number, event);
  const delivery = notice?.deliveries?.find((one) => one.target === target);
  if (notice?.deliveries == null || delivery?.state !== 'due') return;
  const isDelivered = status !== null && status >= 200 && status < 300;
  // A later attempt is under way, whose end counts.
  if (!isDelivered && attempt !== delivery.attempts) return;
  const pauseMs = isRetried(status) ? RETRY_PAUSES_MS[attempt - 1] : undefined;
  const state = isDelivered ? 'delivered' : pauseMs === undefined ? 'failed' : 'due';
  const dueAt = context.now + (pauseMs ?? 0);
  const changed: Delivery = { ...delivery, state, status, dueAt };
  replaceNotice(room, {
    ...notice,
    deliveries: notice.deliveries.map((one) => (one.target === target ? changed : one)),
  });
  if (state === 'due' || room.changes.audit.seq >= ALARM_RECORDS_UP_TO) return;
  const action = isDelivered ? 'alarmDelivered' : 'alarmNotDelivered';
  const to = { alarm: notice.kind, number, event, target: name, status, attempts: delivery.attempts };
  record(room, { by: ALARM_ACTOR, action, from: null, to }, context);
}

function noticeIn({ notices }: AlarmsState, number: number, event: NoticeEvent): Notice | undefined {
  return notices.find((notice) => notice.number === number && notice.event === event);
}

function replaceNotice(room: RoomDocument, changed: Notice): void {
  const isSame = ({ number, event }: Notice) => number === changed.number && event === changed.event;
  room.alarms = {
    ...room.alarms,
    notices: room.alarms.notices.map((notice) => (isSame(notice) ? changed : notice)),
  };
}
