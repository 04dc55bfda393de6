// The rooms and operators' keys of this deployment, cached from the store's directory. Rooms of the settings are seeded
// there once; from then on the directory decides. Visitors are routed by a copy of a few seconds, operators' requests read
// a younger one.

import type { Actor } from '../../queue-core/audit.ts';
import type {
  AlarmTarget,
  DirectoryRoom,
  DirectoryView,
  PresentedKey,
  SeedRefusal,
  SeedRoom,
} from '../../queue-core/directory/directory-document.ts';
import type { Background } from '../http/request-env.ts';
import { type RoomConfig, routeTakenText, settingsText } from '../settings.ts';
import { type RoomStore, UnknownDirectory } from '../store/room-store.ts';
import type { Clock } from '../store/steady-clock.ts';
import { FETCH_MS_MAX, StaleWhileRevalidate } from './stale-while-revalidate.ts';

/** For visitors: every gateway applies a changed site within this. */
export const DIRECTORY_MS_MAX = 10_000;
const VISITOR_AGES = { freshMs: DIRECTORY_MS_MAX / 2, staleMsMax: DIRECTORY_MS_MAX };

/** For operators: a removed key or an ended session is refused after this. */
const OPERATOR_AGES = { freshMs: 1_000, staleMsMax: 1_000 };

/**
 * Known operators may watch for this long while the store is unreachable: an outage is when they most need to. Monitoring reads
 * numbers only, and must not go blind by itself.
 */
const OUTAGE_MS_MAX = { watch: 5 * 60_000, scrape: Number.POSITIVE_INFINITY, change: 0 };

/** The actor who seeds the directory and configures rooms: the settings, not a person. */
export const SETTINGS_ACTOR: Actor = { id: 'settings', name: 'settings', role: 'owner', address: null };

interface RoomsByState {
  of: DirectoryView;
  active: readonly RoomConfig[];
  archived: readonly RoomConfig[];
}

const isActive = ({ archivedAt }: DirectoryRoom) => archivedAt === null;

export class RoomDirectory {
  readonly #store: RoomStore;
  readonly #strictRooms: readonly RoomConfig[];
  readonly #seed: { rooms: SeedRoom[]; ownerKey: PresentedKey };
  readonly #clock: Clock;
  readonly #view: StaleWhileRevalidate<DirectoryView>;
  #rooms: RoomsByState | null = null;
  #isSeeded = false;

  /** @param digestOf identifies the content of a seed, so that seeding the same again changes nothing */
  constructor(
    store: RoomStore,
    settingsRooms: readonly RoomConfig[],
    ownerKey: PresentedKey,
    digestOf: (text: string) => string,
    clock: Clock,
  ) {
    this.#store = store;
    this.#strictRooms = settingsRooms.map((room) => ({ ...room, exempt: [], outside: 'refuse' }));
    this.#clock = clock;
    this.#seed = { ownerKey, rooms: settingsRooms.map((room) => seedOf(room, digestOf)) };
    this.#view = new StaleWhileRevalidate('the room directory', () => this.#fetch(), clock, VISITOR_AGES);
  }

  /**
   * The rooms to route to. Where the store has never answered, those of the settings at their strictest: without
   * exemptions, and refusing requests outside their paths.
   */
  async rooms(background: Background): Promise<readonly RoomConfig[]> {
    return (await this.#known(background))?.active ?? this.#strictRooms;
  }

  /** Rooms whose routes may be another room's by now. What anyone may check afterwards is still published under their ids. */
  async archivedRooms(background: Background): Promise<readonly RoomConfig[]> {
    return (await this.#known(background))?.archived ?? [];
  }

  async #known(background: Background): Promise<RoomsByState | null> {
    const cached = await this.#view.read(background);
    if (cached === null) return null;
    if (this.#rooms?.of !== cached.value) {
      const { rooms } = cached.value;
      const [active, archived] = [rooms.filter(isActive), rooms.filter((room) => !isActive(room))];
      this.#rooms = { of: cached.value, active: active.map(roomConfigOf), archived: archived.map(roomConfigOf) };
    }
    return this.#rooms;
  }

  /**
   * @param purpose for how long it is served while the store is unreachable
   * @returns null where the directory is too old for the purpose
   */
  async forOperators(background: Background, purpose: keyof typeof OUTAGE_MS_MAX): Promise<DirectoryView | null> {
    const startedAt = this.#clock.now();
    const cached = await this.#view.read(background, OPERATOR_AGES);
    if (cached === null) return null;
    // Fetches that neither return nor fail, such as those of aborted requests, count as an outage too.
    const isUnreachable = this.#view.failed || startedAt - cached.fetchedAt > FETCH_MS_MAX;
    const outageMs = isUnreachable ? this.#clock.now() - cached.fetchedAt : 0;
    return outageMs <= OUTAGE_MS_MAX[purpose] ? cached.value : null;
  }

  /** Where alarms are told, as far as this gateway knows. */
  get alarmTargets(): readonly AlarmTarget[] {
    return this.#view.cached?.value.alarmTargets ?? [];
  }

  /** Makes the next read go to the store, after a change by this gateway. */
  invalidate(): void {
    this.#view.invalidate();
  }

  async #fetch(): Promise<DirectoryView> {
    const { directory } = this.#store;
    try {
      if (!this.#isSeeded) {
        const [{ refused }] = await directory.apply([{ kind: 'seed', by: SETTINGS_ACTOR, ...this.#seed }]);
        for (const refusal of refused) console.error(refusalText(refusal));
      }
      this.#isSeeded = true;
      const cached = this.#view.cached?.value;
      const view = (await directory.view(cached?.version ?? null)) ?? cached;
      if (view === undefined) throw new UnknownDirectory();
      return view;
    } catch (error) {
      if (error instanceof UnknownDirectory) this.#isSeeded = false;
      throw error;
    }
  }
}

export function roomConfigOf({ id, site, settings, version }: DirectoryRoom): RoomConfig {
  return { id, ...site, queue: settings, version };
}

function refusalText({ room, ...refusal }: SeedRefusal): string {
  const reason = refusal.reason === 'full' ? 'the directory has reached its limit of rooms.' : routeTakenText(refusal);
  return `Room "${room}" of the settings was not added: ${reason}`;
}

function seedOf({ id, queue, version: _, ...site }: RoomConfig, digestOf: (text: string) => string): SeedRoom {
  return { id, site, settings: queue, digest: digestOf(settingsText([site, queue])) };
}
