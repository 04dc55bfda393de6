// The rooms this gateway knows and the operators' keys, read from the store's directory. Rooms of the settings are seeded
// there once; from then on the directory decides. Visitors are routed by a copy of some seconds; operators' requests ask
// for a younger one.

import type { Actor } from '../../queue-core/audit.ts';
import type { DirectoryRoom, DirectoryView, SeedRefusal, SeedRoom } from '../../queue-core/directory.ts';
import type { Background } from '../gateway.ts';
import { type RoomConfig, routeTakenText } from '../settings.ts';
import { type RoomStore, UnknownDirectory } from '../store/room-store.ts';
import { type Clock, FETCH_MS_MAX, StaleWhileRevalidate } from './stale-while-revalidate.ts';

/** For visitors: a changed site is in force everywhere after this. */
export const DIRECTORY_MS_MAX = 10_000;
const FOR_VISITORS = { freshMs: DIRECTORY_MS_MAX / 2, staleMsMax: DIRECTORY_MS_MAX };

/** For operators: a key that was removed or a session that was signed out is refused after this. */
const FOR_OPERATORS = { freshMs: 1_000, staleMsMax: 1_000 };

/** While the store is lost, those who were operators may still watch for this long: that is when somebody has to. */
const WATCHING_MS_MAX = 5 * 60_000;

/** Who seeds the directory and first configures a room: no person. */
export const SETTINGS_ACTOR: Actor = { id: 'settings', name: 'settings', role: 'owner', address: null };

export class RoomDirectory {
  readonly #store: RoomStore;
  readonly #seeds: readonly RoomConfig[];
  readonly #seed: { rooms: SeedRoom[]; ownerDigest: string };
  readonly #clock: Clock;
  readonly #view: StaleWhileRevalidate<DirectoryView>;
  #rooms: { of: DirectoryView; rooms: readonly RoomConfig[] } | null = null;
  #seeded = false;

  /** @param digestOf names the content of a seed, so that an unchanged one changes nothing */
  constructor(
    store: RoomStore,
    seeds: readonly RoomConfig[],
    ownerDigest: string,
    digestOf: (text: string) => string,
    clock: Clock,
  ) {
    this.#store = store;
    this.#seeds = seeds;
    this.#clock = clock;
    this.#seed = { ownerDigest, rooms: seeds.map((room) => seedOf(room, digestOf)) };
    this.#view = new StaleWhileRevalidate(() => this.#fetch(), clock, FOR_VISITORS);
  }

  /**
   * Rooms to route to. Where the store has never answered, those of the settings, closed as far as they go: nothing is
   * exempt and nothing passes outside.
   */
  async rooms(background: Background): Promise<readonly RoomConfig[]> {
    const kept = await this.#view.read(background);
    if (kept === null) return this.#seeds.map((room) => ({ ...room, exempt: [], outside: 'refuse' }));
    if (this.#rooms?.of !== kept.value) {
      const living = kept.value.rooms.filter(({ archivedAt }) => archivedAt === null);
      this.#rooms = { of: kept.value, rooms: living.map(roomConfigOf) };
    }
    return this.#rooms.rooms;
  }

  /**
   * @param deed what the operator is about to do: a lost store lets nobody change anything, and blinds nobody at once
   * @returns null where the store cannot be asked
   */
  async forOperators(background: Background, deed: 'watch' | 'change'): Promise<DirectoryView | null> {
    const cameAt = this.#clock.now();
    const kept = await this.#view.read(background, FOR_OPERATORS);
    if (kept === null) return null;
    // Looks that neither come back nor fail, as of requests that were broken off, are a loss like any other.
    const isLost = this.#view.failed || cameAt - kept.askedAt > FETCH_MS_MAX;
    const lostMs = isLost ? this.#clock.now() - kept.askedAt : 0;
    return lostMs <= (deed === 'watch' ? WATCHING_MS_MAX : 0) ? kept.value : null;
  }

  /** Has the next read ask the store, after a change of this gateway's own. */
  invalidate(): void {
    this.#view.invalidate();
  }

  async #fetch(): Promise<DirectoryView> {
    const { directory } = this.#store;
    try {
      if (!this.#seeded) {
        const [{ refused }] = await directory.apply([{ kind: 'seed', by: SETTINGS_ACTOR, ...this.#seed }]);
        for (const refusal of refused) console.error(refusalText(refusal));
      }
      this.#seeded = true;
      const known = this.#view.cached?.value;
      const view = await directory.view(known?.version ?? null);
      if (view !== null) return view;
      if (known !== undefined) return known;
      throw new UnknownDirectory();
    } catch (error) {
      if (error instanceof UnknownDirectory) this.#seeded = false;
      throw error;
    }
  }
}

export function roomConfigOf({ id, site, settings, version }: DirectoryRoom): RoomConfig {
  return { id, ...site, queue: settings, version };
}

function refusalText({ room, ...refusal }: SeedRefusal): string {
  const why = refusal.reason === 'full' ? 'there are as many rooms as one deployment takes.' : routeTakenText(refusal);
  return `Room "${room}" of the settings was not taken over: ${why}`;
}

function seedOf({ id, queue, version: _, ...site }: RoomConfig, digestOf: (text: string) => string): SeedRoom {
  return { id, site, settings: queue, digest: digestOf(JSON.stringify([site, queue])) };
}
