// What a gateway does about alarms beside its requests: it tells the room what it sees, takes what the room wants to be told outside,
// sends it, and reports what came of it. No request waits for any of this. Of many gateways a few try at a time, and the room hands
// each message to one of them.

import { isDue } from '../../queue-core/alarms.ts';
import { gatewaysIn } from '../../queue-core/board.ts';
import type { AlarmTarget } from '../../queue-core/directory/directory-document.ts';
import {
  type Notice,
  ROOM_ALARM_KINDS,
  type RoomAlarmKind,
  type SeenAlarm,
} from '../../queue-core/document/alarms-state.ts';
import { ALARM_FIGURES_CHARS_MAX } from '../../queue-core/limits.ts';
import type { Alarm } from '../contract/operator-api.ts';
import type { Background } from '../http/request-env.ts';
import type { Metrics } from '../metrics.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomStore } from '../store/room-store.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { messageBody, readAlarm } from './alarm-message.ts';
import { type AlarmSender, isDelivered } from './alarm-sender.ts';
import { failureText, hears, TAKERS } from './hearing-targets.ts';
import type { OutageNotice } from './outage-notice.ts';

/** One gateway looks for what is due of a room this often. */
const TAKE_INTERVAL_MS = 1_000;

/** Relays whose fault an alarm names; the rest is in the console. */
const FAULTS_MAX = 3;

interface WatchParts {
  store: RoomStore;
  metrics: Pick<Metrics, 'count'>;
  sender: AlarmSender;
  outage: OutageNotice;
  /** Alarms of a room as this gateway sees it now. */
  conditions(room: RoomConfig, snapshot: RoomSnapshot): readonly Alarm[];
  targets(): readonly AlarmTarget[];
  consoleUrl: string;
  now(): number;
  /** From 0 to 1. */
  random(): number;
}

export class AlarmWatch {
  readonly #parts: WatchParts;
  readonly #triedAt = new Map<string, number>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** What the gateway's next report says. */
  seen(room: RoomConfig, snapshot: RoomSnapshot): SeenAlarm[] {
    return this.#parts.conditions(room, snapshot).flatMap((alarm) => {
      const { kind, ...figures } = alarm;
      const short = 'faults' in figures ? { ...figures, faults: figures.faults.slice(0, FAULTS_MAX) } : figures;
      const text = JSON.stringify(short);
      return isOfRoom(kind) && text.length <= ALARM_FIGURES_CHARS_MAX ? [{ kind, figures: text }] : [];
    });
  }

  /** Delivers in the background what is due; costs a comparison where nothing is. */
  attend(room: RoomConfig, snapshot: RoomSnapshot, background: Background): void {
    const { view, now, unreachable } = snapshot;
    this.#parts.outage.attend(room, snapshot, background);
    const { notices } = view.live;
    if (unreachable || notices.length === 0) return;
    const due = notices.filter((notice) => isDue(notice, now));
    if (due.length === 0 || !this.#mayTry(room.id)) return;
    const wanted = due.filter((notice) => notice.deliveries !== null || this.#targetsOf(room, notice.kind).length > 0);
    if (wanted.length === 0) return;
    if (this.#parts.random() * gatewaysIn(view) < TAKERS) background(this.#deliver(room, wanted));
  }

  #mayTry(room: string): boolean {
    const now = this.#parts.now();
    if (now - (this.#triedAt.get(room) ?? Number.NEGATIVE_INFINITY) < TAKE_INTERVAL_MS) return false;
    this.#triedAt.set(room, now);
    return true;
  }

  #targetsOf(room: Pick<RoomConfig, 'id'>, kind: RoomAlarmKind): AlarmTarget[] {
    return this.#parts.targets().filter((target) => hears(target, room.id, kind));
  }

  /** Never rejects: what is not reported is due again after a while. */
  async #deliver(room: RoomConfig, notices: readonly Notice[]): Promise<void> {
    const { store } = this.#parts;
    try {
      const commands = notices.map(({ number, event, kind }) => {
        const targets = this.#targetsOf(room, kind).map(({ id }) => id);
        return { kind: 'takeNotice', number, event, targets } as const;
      });
      const replies = await store.apply(room.id, commands);
      const sending = notices.flatMap((notice, index) =>
        (replies[index]?.deliveries ?? []).map((taken) => this.#send(room, notice, taken)),
      );
      const outcomes = (await Promise.all(sending)).filter((outcome) => outcome !== null);
      if (outcomes.length > 0) await store.apply(room.id, outcomes);
    } catch (error) {
      console.error(`Alarms of room "${room.id}" could not be delivered; trying on:`, error);
    }
  }

  async #send(room: RoomConfig, notice: Notice, { target: id, attempt }: { target: string; attempt: number }) {
    const { sender, consoleUrl, metrics } = this.#parts;
    const { number, event, kind, figures, since, at } = notice;
    const target = this.#parts.targets().find((one) => one.id === id);
    const alarm = readAlarm(kind, figures);
    // It was removed just now: the next gateway that takes the notice forgets it.
    if (target === undefined || alarm === null) return null;
    const body = messageBody(target.form, { event, alarm, room, number, since, at }, target.language, consoleUrl);
    const sent = await sender.send(target, `alarm_${room.id}_${number}_${event}_${since}`, body);
    const outcome = isDelivered(sent) ? 'delivered' : 'failed';
    metrics.count('fairgate_alarm_deliveries_total', { room: room.id, outcome });
    if (outcome === 'failed') console.error(failureText(target, room.id, kind, sent));
    const { status } = sent;
    return { kind: 'reportDelivery', number, event, target: id, name: target.name, attempt, status } as const;
  }
}

function isOfRoom(kind: Alarm['kind']): kind is RoomAlarmKind {
  return ROOM_ALARM_KINDS.some((one) => one === kind);
}
