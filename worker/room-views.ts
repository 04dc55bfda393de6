// The gateway's picture of each room: one store read a second at the most, however many ask. The previous picture is
// served while the next is fetched; one that is too old is waited for; where the store is lost, the last one stays,
// with its age. The store's clock travels with it, so that a gateway's own clock decides nothing.

import type { RoomView } from '../queue-core/board.ts';
import { ENDINGS_MAX, ENDINGS_PER_VIEW_MAX } from '../queue-core/limits.ts';
import type { EpochMs } from '../queue-core/room.ts';
import { epochMs } from '../queue-core/time.ts';
import type { Room } from './settings.ts';
import { type RoomStore, UnknownRoom } from './store/room-store.ts';

/** Age at which a view is fetched anew. */
export const VIEW_MS = 1_000;

/** Age up to which the previous view is served meanwhile. With `VIEW_MS` it bounds how long an ended session goes on. */
const VIEW_STALE_MS_MAX = 2_000;

/** A fetch that takes longer is given up as a mark, so that another request may try. */
const FETCH_MS_MAX = 4_000;

/** Requests that find no usable view look again this often for the one that another request is fetching. */
const LOOK_AGAIN_MS = 20;

/** Wait after a failed fetch, so that a lost store is not asked by every request. */
const RETRY_MS = 1_000;

export interface Seen {
  view: RoomView;
  /** The store's time now, carried forward by this gateway's stopwatch. */
  now: EpochMs;
  /** The store's last answer was a failure; the view may be old. */
  unreachable: boolean;
  /** Sessions that ended early, until when their tokens could look valid. */
  endings: ReadonlyMap<string, EpochMs>;
}

interface Picture {
  /** The store read it at some moment between asking and receiving: its age counts from the first, its clock from the last. */
  seen: { view: RoomView; askedAt: number; receivedAt: number } | null;
  endings: Map<string, EpochMs>;
  endingSeq: number;
  fetchingSince: number | null;
  failedAt: number | null;
  configured: boolean;
}

export interface Clock {
  /** A stopwatch in ms; only differences are used. */
  now(): number;
  wait(ms: number): Promise<void>;
}

export class RoomViews {
  readonly #store: RoomStore;
  readonly #clock: Clock;
  /** Commands that bring a room into being; see `step`, "configure". */
  readonly #configure: (room: Room) => Promise<void>;
  readonly #pictures = new Map<string, Picture>();
  reads = 0;

  constructor(store: RoomStore, configure: (room: Room) => Promise<void>, clock: Clock) {
    this.#store = store;
    this.#configure = configure;
    this.#clock = clock;
  }

  /**
   * @param background keeps a fetch alive beyond the request that began it
   * @returns null where the store has never answered
   */
  async read(room: Room, background: (work: Promise<unknown>) => void): Promise<Seen | null> {
    const picture = this.#pictureOf(room.id);
    const age = this.#age(picture);
    if (age < VIEW_MS) return this.#seen(picture);
    if (age < VIEW_STALE_MS_MAX) {
      if (this.#mayFetch(picture)) background(this.#fetch(room, picture));
      return this.#seen(picture);
    }
    if (this.#mayFetch(picture)) await this.#fetch(room, picture);
    else await this.#waitForFetch(picture);
    return this.#seen(picture);
  }

  /** Notes an ending of this gateway's own at once, before the store's list comes round. */
  noteEnding(room: string, sid: string, until: EpochMs): void {
    this.#pictureOf(room).endings.set(sid, until);
  }

  #pictureOf(room: string): Picture {
    const found = this.#pictures.get(room);
    if (found !== undefined) return found;
    const picture = {
      seen: null,
      endings: new Map(),
      endingSeq: 0,
      fetchingSince: null,
      failedAt: null,
      configured: false,
    };
    this.#pictures.set(room, picture);
    return picture;
  }

  /** How long ago the view was asked for; one from before the opening is worth nothing after it. */
  #age({ seen }: Picture): number {
    if (seen === null) return Number.POSITIVE_INFINITY;
    const { view, askedAt, receivedAt } = seen;
    const opensAt = epochMs(view.board.opensAt);
    const now = view.at + (this.#clock.now() - receivedAt);
    return view.at < opensAt && now >= opensAt ? Number.POSITIVE_INFINITY : this.#clock.now() - askedAt;
  }

  #seen({ seen, endings, failedAt }: Picture): Seen | null {
    if (seen === null) return null;
    const now = seen.view.at + (this.#clock.now() - seen.receivedAt);
    return { view: seen.view, now, unreachable: failedAt !== null, endings };
  }

  #mayFetch({ fetchingSince, failedAt }: Picture): boolean {
    const now = this.#clock.now();
    if (failedAt !== null && now - failedAt < RETRY_MS) return false;
    return fetchingSince === null || now - fetchingSince > FETCH_MS_MAX;
  }

  /** Each request waits with a timer of its own: a promise shared between requests does not survive the first one's end. */
  async #waitForFetch(picture: Picture): Promise<void> {
    const from = this.#clock.now();
    while (picture.fetchingSince !== null && this.#clock.now() - from < FETCH_MS_MAX) {
      await this.#clock.wait(LOOK_AGAIN_MS);
      if (this.#age(picture) < VIEW_STALE_MS_MAX) return;
    }
  }

  async #fetch(room: Room, picture: Picture): Promise<void> {
    const startedAt = this.#clock.now();
    picture.fetchingSince = startedAt;
    try {
      if (!picture.configured) await this.#configure(room);
      picture.configured = true;
      for (let more = true; more; ) more = await this.#fetchOnce(room.id, picture);
      picture.failedAt = null;
    } catch (error) {
      picture.failedAt = this.#clock.now();
      if (error instanceof UnknownRoom) picture.configured = false;
      console.error(`Room "${room.id}" could not be read from the store:`, error);
    } finally {
      if (picture.fetchingSince === startedAt) picture.fetchingSince = null;
    }
  }

  /** @returns whether more endings wait to be read */
  async #fetchOnce(room: string, picture: Picture): Promise<boolean> {
    this.reads++;
    const askedAt = this.#clock.now();
    const view = await this.#store.view(room, picture.endingSeq);
    const receivedAt = this.#clock.now();
    for (const { sid, until } of view.endings) picture.endings.set(sid, until);
    const more = view.endings.length === ENDINGS_PER_VIEW_MAX;
    picture.endingSeq = more ? (view.endings.at(-1)?.seq ?? view.endingSeq) : view.endingSeq;
    picture.seen = { view, askedAt, receivedAt };
    this.#forgetEndings(picture, view.at);
    return more;
  }

  /** Drops endings whose tokens have run out, and beyond the bound the oldest: `renewBefore` covers those. */
  #forgetEndings({ endings }: Picture, now: EpochMs): void {
    for (const [sid, until] of endings) {
      if (until > now && endings.size <= ENDINGS_MAX) break;
      endings.delete(sid);
    }
  }
}
