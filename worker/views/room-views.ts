// The gateway's cached view of each room: at most one store read a second, however many requests use it. The same read
// reports what the gateway observed, and brings the store's clock, so that a gateway's own clock decides nothing.

import type { Board, RoomView } from '../../queue-core/board.ts';
import { boardAt } from '../../queue-core/board-at.ts';
import { laterView } from '../../queue-core/board-order.ts';
import type { Command } from '../../queue-core/command.ts';
import type { SeenAlarm } from '../../queue-core/document/alarms-state.ts';
import type { SeenOperator } from '../../queue-core/document/changes-state.ts';
import { stalledMs } from '../../queue-core/health.ts';
import { ENDINGS_MAX, ENDINGS_PER_VIEW_MAX, VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { epochMs } from '../../queue-core/time.ts';
import type { Draws } from '../gate/draws.ts';
import type { Background } from '../http/request-env.ts';
import type { RoomConfig } from '../settings.ts';
import { type RoomStore, UnknownRoom } from '../store/room-store.ts';
import type { Clock } from '../store/steady-clock.ts';
import type { Observations } from './observations.ts';
import { type Cached, StaleWhileRevalidate } from './stale-while-revalidate.ts';

/** With `VIEW_STALE_MS_MAX` this bounds how long an ended session is still accepted. */
const AGES = { freshMs: 1_000, staleMsMax: VIEW_STALE_MS_MAX };

export interface RoomSnapshot {
  view: RoomView;
  /** The store's time now: its clock at the read, carried forward by this gateway's monotonic clock. */
  now: EpochMs;
  /** The last store read failed; the view may be old. */
  unreachable: boolean;
  /** Sessions that ended early, each until its tokens expire. */
  endings: ReadonlyMap<string, EpochMs>;
}

/** The board with the store's time now. */
export function currentBoard({ view, now }: RoomSnapshot): Board {
  return boardAt(view.board, now);
}

interface RoomCache {
  /** As the directory had it last. */
  room: RoomConfig;
  view: StaleWhileRevalidate<RoomView>;
  endings: Map<string, EpochMs>;
  endingSeq: number;
  isConfigured: boolean;
  reportSeq: number;
  /** A report that the store has not acknowledged: it is sent again under its number, so that it counts once. */
  pendingReport: Report | null;
  /** When the last report that arrived was sent, by this gateway's clock; null: none yet. */
  reportedAt: number | null;
}

/** What makes the draw of a room that waits for it. */
type RoomDraws = Pick<Draws, 'attend' | 'drawNow'>;

/** Where secrets are in the open, the rooms draw by themselves. */
export const NO_DRAWS: RoomDraws = { attend() {}, drawNow: async () => false };

/** What is done about a room's alarms with its reads. */
interface RoomWatch {
  /** What the gateway sees now, for its report. */
  seen(room: RoomConfig, snapshot: RoomSnapshot): readonly SeenAlarm[];
  attend(room: RoomConfig, snapshot: RoomSnapshot, background: Background): void;
}

/** Who has a room on a console of this gateway. */
interface Consoles {
  of(room: string): readonly SeenOperator[];
}

const NO_CONSOLES: Consoles = { of: () => [] };

/** Where nobody is to be warned. */
const NO_WATCH: RoomWatch = { seen: () => [], attend() {} };

type Report = Extract<Command, { kind: 'report' }>;

export class RoomViews {
  readonly #store: RoomStore;
  readonly #clock: Clock;
  /** Creates the room in the store. */
  readonly #configure: (room: RoomConfig) => Promise<void>;
  readonly #draws: RoomDraws;
  readonly #observations: Observations;
  /** Identifies this gateway's memory in its reports. */
  readonly #gatewayId: string;
  readonly #watch: RoomWatch;
  readonly #consoles: Consoles;
  readonly #caches = new Map<string, RoomCache>();

  constructor(
    store: RoomStore,
    configure: (room: RoomConfig) => Promise<void>,
    draws: RoomDraws,
    observations: Observations,
    gatewayId: string,
    clock: Clock,
    watch: RoomWatch = NO_WATCH,
    consoles: Consoles = NO_CONSOLES,
  ) {
    this.#store = store;
    this.#configure = configure;
    this.#draws = draws;
    this.#observations = observations;
    this.#gatewayId = gatewayId;
    this.#clock = clock;
    this.#watch = watch;
    this.#consoles = consoles;
  }

  /** @returns null where the store has never answered */
  async read(room: RoomConfig, background: Background): Promise<RoomSnapshot | null> {
    const cache = this.#cacheOf(room);
    cache.room = room;
    const cached = await cache.view.read(background);
    if (cached === null) return null;
    const snapshot = this.#snapshot(cache, cached);
    this.#draws.attend(room.id, snapshot.view, snapshot.now, background);
    this.#watch.attend(room, snapshot, background);
    return snapshot;
  }

  #snapshot({ view, endings }: RoomCache, cached: Cached<RoomView>): RoomSnapshot {
    return { view: cached.value, now: this.#now(cached), unreachable: view.failed, endings };
  }

  /** Makes the next read go to the store, after a change by this gateway. */
  invalidate(room: RoomConfig): void {
    this.#cacheOf(room).view.invalidate();
  }

  /** Adds a session that this gateway ended, before the store's list of endings brings it. */
  addEnding(room: RoomConfig, sid: string, until: EpochMs): void {
    this.#cacheOf(room).endings.set(sid, until);
  }

  #cacheOf(room: RoomConfig): RoomCache {
    const existing = this.#caches.get(room.id);
    if (existing !== undefined) return existing;
    const cache: RoomCache = {
      room,
      view: new StaleWhileRevalidate<RoomView>(
        `room "${room.id}"`,
        () => this.#fetch(cache.room, cache),
        this.#clock,
        AGES,
        (cached) => this.#isFromBeforeOpening(cached),
        ({ relayed }) => relayed?.ageMs ?? 0,
      ),
      endings: new Map(),
      endingSeq: 0,
      isConfigured: false,
      reportSeq: 0,
      pendingReport: null,
      reportedAt: null,
    };
    this.#caches.set(room.id, cache);
    return cache;
  }

  #now({ value, receivedAt }: Cached<RoomView>): EpochMs {
    return value.at + (value.relayed?.heldMs ?? 0) + (this.#clock.now() - receivedAt);
  }

  /** A view from before the opening is not served after it. */
  #isFromBeforeOpening(cached: Cached<RoomView>): boolean {
    const opensAt = epochMs(cached.value.board.opensAt);
    return cached.value.at < opensAt && this.#now(cached) >= opensAt;
  }

  async #fetch(room: RoomConfig, cache: RoomCache): Promise<RoomView> {
    try {
      if (!cache.isConfigured) await this.#configure(room);
      cache.isConfigured = true;
      let view = await this.#fetchPage(room.id, cache, this.#report(room, cache));
      const readAt = this.#clock.now();
      if (await this.#draws.drawNow(room.id, view)) view = await this.#fetchPage(room.id, cache, null);
      else view = heldFor(view, this.#clock.now() - readAt);
      while (view.endings.length === ENDINGS_PER_VIEW_MAX) view = await this.#fetchPage(room.id, cache, null);
      return laterView(cache.view.cached?.value ?? null, view);
    } catch (error) {
      if (error instanceof UnknownRoom) cache.isConfigured = false;
      throw error;
    }
  }

  #report(room: RoomConfig, cache: RoomCache): Report {
    const elapsed = cache.reportedAt === null ? {} : { elapsedMs: Math.round(this.#clock.now() - cache.reportedAt) };
    if (cache.pendingReport !== null) return { ...cache.pendingReport, ...elapsed };
    cache.reportSeq++;
    const live = cache.view.cached?.value.live;
    const version = live?.version ?? 0;
    const responseMsMax =
      live === undefined ? Number.POSITIVE_INFINITY : stalledMs(live.policy.health, live.health.usualMicros);
    const operators = this.#consoles.of(room.id);
    const observed = this.#observations.take(room.id, this.#clock.now(), responseMsMax);
    cache.pendingReport = {
      kind: 'report',
      gateway: this.#gatewayId,
      seq: cache.reportSeq,
      version,
      observed,
      ...(operators.length === 0 ? {} : { operators }),
      ...this.#seen(room, cache),
    };
    return { ...cache.pendingReport, ...elapsed };
  }

  /** Nothing is seen by a view that is old: an alarm neither begins nor ends by it. */
  #seen(room: RoomConfig, cache: RoomCache): Pick<Report, 'alarms'> {
    const { cached } = cache.view;
    if (cached === null || this.#clock.now() - cached.fetchedAt > VIEW_STALE_MS_MAX) return {};
    return { alarms: this.#watch.seen(room, this.#snapshot(cache, cached)) };
  }

  /** One read; it brings at most `ENDINGS_PER_VIEW_MAX` endings. */
  async #fetchPage(room: string, cache: RoomCache, report: Report | null): Promise<RoomView> {
    const sentAt = this.#clock.now();
    const view = withAlarms(await this.#store.view(room, { endingsAfter: cache.endingSeq, report }));
    if (report !== null) cache.reportedAt = sentAt;
    cache.pendingReport = null;
    for (const { sid, until } of view.endings) cache.endings.set(sid, until);
    const hasMore = view.endings.length === ENDINGS_PER_VIEW_MAX;
    cache.endingSeq = hasMore ? (view.endings.at(-1)?.seq ?? view.endingSeq) : view.endingSeq;
    this.#dropEndings(cache, view.at);
    return view;
  }

  /** Drops endings whose tokens have expired, and beyond the bound the oldest ones, which `renewBefore` covers. */
  #dropEndings({ endings }: RoomCache, now: EpochMs): void {
    for (const [sid, until] of endings) {
      if (until > now && endings.size <= ENDINGS_MAX) break;
      endings.delete(sid);
    }
  }
}

/** While a new version is deployed, a room's object may still run the one before, which knows no alarms. */
function withAlarms(view: RoomView): RoomView {
  const { alarms = [], notices = [], lifetime }: Partial<RoomView['live']> = view.live;
  const { entries, issued, called } = view.board;
  const counted = lifetime ?? { arrived: Math.max(entries, issued), called, ...view.live.totals };
  return { ...view, live: { ...view.live, alarms, notices, lifetime: counted } };
}

/** The same view after a while that a draw took which was not made: the store's clock went on meanwhile. */
function heldFor(view: RoomView, ms: number): RoomView {
  if (ms === 0) return view;
  const { ageMs, heldMs } = view.relayed ?? { ageMs: 0, heldMs: 0 };
  return { ...view, relayed: { ageMs, heldMs: heldMs + ms } };
}
