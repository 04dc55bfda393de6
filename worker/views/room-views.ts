// The gateway's picture of each room: one store read a second at the most, however many ask, which also tells the store
// what the gateway saw. The store's clock travels with the picture, so that a gateway's own clock decides nothing.

import type { RoomView } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import { ENDINGS_MAX, ENDINGS_PER_VIEW_MAX, VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { epochMs } from '../../queue-core/time.ts';
import type { Background } from '../gateway.ts';
import type { RoomConfig } from '../settings.ts';
import { type RoomStore, UnknownRoom } from '../store/room-store.ts';
import type { Observations } from './observations.ts';
import { type Cached, type Clock, StaleWhileRevalidate } from './stale-while-revalidate.ts';

/** With `VIEW_STALE_MS_MAX` this bounds how long an ended session goes on. */
const AGES = { freshMs: 1_000, staleMsMax: VIEW_STALE_MS_MAX };

export interface RoomSnapshot {
  view: RoomView;
  /** The store's time now, carried forward by this gateway's stopwatch. */
  now: EpochMs;
  /** The store's last answer was a failure; the view may be old. */
  unreachable: boolean;
  /** Sessions that ended early, until when their tokens could look valid. */
  endings: ReadonlyMap<string, EpochMs>;
}

interface RoomCache {
  view: StaleWhileRevalidate<RoomView>;
  endings: Map<string, EpochMs>;
  endingSeq: number;
  configured: boolean;
  reports: number;
  /** A report whose answer has not come: told again under its number, which counts once. */
  untold: Report | null;
}

type Report = Extract<Command, { kind: 'report' }>;

export class RoomViews {
  /** Reads of the store so far. */
  reads = 0;
  readonly #store: RoomStore;
  readonly #clock: Clock;
  /** Brings a room into being; see `step`, "configure". */
  readonly #configure: (room: RoomConfig) => Promise<void>;
  readonly #observations: Observations;
  /** Names this gateway's memory in its reports. */
  readonly #gateway: string;
  readonly #pictures = new Map<string, RoomCache>();

  constructor(
    store: RoomStore,
    configure: (room: RoomConfig) => Promise<void>,
    observations: Observations,
    gateway: string,
    clock: Clock,
  ) {
    this.#store = store;
    this.#configure = configure;
    this.#observations = observations;
    this.#gateway = gateway;
    this.#clock = clock;
  }

  /** @returns null where the store has never answered */
  async read(room: RoomConfig, background: Background): Promise<RoomSnapshot | null> {
    const picture = this.#pictureOf(room);
    const kept = await picture.view.read(background);
    if (kept === null) return null;
    return { view: kept.value, now: this.#now(kept), unreachable: picture.view.failed, endings: picture.endings };
  }

  /** Has the next read ask the store, after a change of this gateway's own. */
  outdate(room: RoomConfig): void {
    this.#pictureOf(room).view.invalidate();
  }

  /** Notes an ending of this gateway's own at once, before the store's list comes round. */
  noteEnding(room: RoomConfig, sid: string, until: EpochMs): void {
    this.#pictureOf(room).endings.set(sid, until);
  }

  #pictureOf(room: RoomConfig): RoomCache {
    const found = this.#pictures.get(room.id);
    if (found !== undefined) return found;
    const picture: RoomCache = {
      view: new StaleWhileRevalidate<RoomView>(
        () => this.#fetch(room, picture),
        this.#clock,
        AGES,
        (kept) => this.#isFromBeforeTheOpening(kept),
      ),
      endings: new Map(),
      endingSeq: 0,
      configured: false,
      reports: 0,
      untold: null,
    };
    this.#pictures.set(room.id, picture);
    return picture;
  }

  #now({ value, receivedAt }: Cached<RoomView>): EpochMs {
    return value.at + (this.#clock.now() - receivedAt);
  }

  /** A view from before the opening is worth nothing after it. */
  #isFromBeforeTheOpening(kept: Cached<RoomView>): boolean {
    const opensAt = epochMs(kept.value.board.opensAt);
    return kept.value.at < opensAt && this.#now(kept) >= opensAt;
  }

  async #fetch(room: RoomConfig, picture: RoomCache): Promise<RoomView> {
    try {
      if (!picture.configured) await this.#configure(room);
      picture.configured = true;
      let view = await this.#fetchOnce(room.id, picture, this.#report(room.id, picture));
      while (view.endings.length === ENDINGS_PER_VIEW_MAX) view = await this.#fetchOnce(room.id, picture, null);
      return view;
    } catch (error) {
      if (error instanceof UnknownRoom) picture.configured = false;
      throw error;
    }
  }

  #report(room: string, picture: RoomCache): Report {
    if (picture.untold !== null) return picture.untold;
    picture.reports++;
    const version = picture.view.cached?.value.live.version ?? 0;
    const observed = this.#observations.take(room);
    picture.untold = { kind: 'report', gateway: this.#gateway, seq: picture.reports, version, observed };
    return picture.untold;
  }

  async #fetchOnce(room: string, picture: RoomCache, report: Report | null): Promise<RoomView> {
    this.reads++;
    const view = await this.#store.view(room, { endingsAfter: picture.endingSeq, report });
    picture.untold = null;
    for (const { sid, until } of view.endings) picture.endings.set(sid, until);
    const more = view.endings.length === ENDINGS_PER_VIEW_MAX;
    picture.endingSeq = more ? (view.endings.at(-1)?.seq ?? view.endingSeq) : view.endingSeq;
    this.#forgetEndings(picture, view.at);
    return view;
  }

  /** Drops endings whose tokens have run out, and beyond the bound the oldest: `renewBefore` covers those. */
  #forgetEndings({ endings }: RoomCache, now: EpochMs): void {
    for (const [sid, until] of endings) {
      if (until > now && endings.size <= ENDINGS_MAX) break;
      endings.delete(sid);
    }
  }
}
