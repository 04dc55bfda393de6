// That the store does not respond, which no room can keep: each gateway tells it by itself, once an outage and target, and that it is
// over. Of many gateways a few do. A gateway that has never read the store knows no target.

import { TOLD_AGAIN_MS } from '../../queue-core/alarms.ts';
import { gatewaysIn } from '../../queue-core/board.ts';
import type { AlarmTarget } from '../../queue-core/directory/directory-document.ts';
import type { NoticeEvent } from '../../queue-core/document/alarms-state.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import type { Background } from '../http/request-env.ts';
import type { RoomConfig } from '../settings.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { messageBody } from './alarm-message.ts';
import { type AlarmSender, isDelivered } from './alarm-sender.ts';
import { failureText, hears, TAKERS } from './hearing-targets.ts';

/** Shorter ones pass before anybody could look. */
const OUTAGE_MS_MIN = 10_000;

/** Attempts at one message, in the work of one request. */
const PAUSES_MS = [1_000, 5_000];

interface Told {
  at: number;
  since: EpochMs;
  room: RoomConfig;
  isOver: boolean;
}

interface OutageParts {
  sender: AlarmSender;
  targets(): readonly AlarmTarget[];
  consoleUrl: string;
  /** Names this gateway's memory. */
  gatewayId: string;
  now(): number;
  wait(ms: number): Promise<void>;
  random(): number;
}

export class OutageNotice {
  readonly #parts: OutageParts;
  /** By target. */
  readonly #told = new Map<string, Told>();

  constructor(parts: OutageParts) {
    this.#parts = parts;
  }

  attend(room: RoomConfig, { view, now, unreachable }: RoomSnapshot, background: Background): void {
    if (!unreachable) {
      if (this.#told.size > 0) this.#end(now, background);
      return;
    }
    if (now - view.at < OUTAGE_MS_MIN) return;
    const stopwatch = this.#parts.now();
    for (const target of this.#parts.targets()) {
      const last = this.#told.get(target.id);
      if (!hears(target, room.id, 'storeUnreachable')) continue;
      if (last !== undefined && (!last.isOver || stopwatch - last.at < TOLD_AGAIN_MS)) continue;
      this.#told.set(target.id, { at: stopwatch, since: view.at, room, isOver: false });
      // The gateways that were there when the store was read last.
      if (this.#parts.random() * gatewaysIn(view) >= TAKERS) continue;
      background(this.#send(target, room, 'raised', view.at, now));
    }
  }

  #end(now: EpochMs, background: Background): void {
    for (const [id, told] of this.#told) {
      if (told.isOver) continue;
      told.isOver = true;
      const target = this.#parts.targets().find((one) => one.id === id);
      if (target !== undefined) background(this.#send(target, told.room, 'cleared', told.since, now));
    }
  }

  /** Never rejects. */
  async #send(target: AlarmTarget, room: RoomConfig, event: NoticeEvent, since: EpochMs, at: EpochMs): Promise<void> {
    const { sender, consoleUrl, gatewayId, wait } = this.#parts;
    const alarm = { kind: 'storeUnreachable', ageSeconds: Math.round((at - since) / 1_000) } as const;
    const body = messageBody(target.form, { event, alarm, room, number: null, since, at }, target.language, consoleUrl);
    for (let attempt = 0; ; attempt++) {
      const sent = await sender.send(target, `alarm_${gatewayId}_${event}_${since}`, body);
      if (isDelivered(sent)) return;
      const pauseMs = PAUSES_MS[attempt];
      if (pauseMs === undefined) {
        console.error(failureText(target, room.id, alarm.kind, sent));
        return;
      }
      await wait(pauseMs);
    }
  }
}
