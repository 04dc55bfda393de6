// What has to be changed at a gateway so that its rooms are as a file says. Pure: the rooms of both sides come in, a plan goes out.

import { takenFrom } from '../../queue-core/directory/taken-routes.ts';
import {
  type Consequences,
  consequencesOf,
  type RoomDetail,
  type TakenFromRoom,
} from '../../worker/contract/operator-api.ts';
import type { NewRoom } from '../../worker/contract/room-state-schema.ts';

/** A room of the gateway with the people in it; null: its store does not respond. */
export type PresentRoom = RoomDetail & { waiting: number | null; active: number | null };

/** A value that differs; `from` is undefined where the gateway does not have the field. */
export interface Difference {
  field: string;
  from: unknown;
  to: unknown;
}

type Part = 'site' | 'policy' | 'schedule';

export type RoomPlan =
  | { kind: 'create'; room: NewRoom; consequences: Consequences }
  | {
      kind: 'change';
      room: NewRoom;
      etag: string;
      differences: Partial<Record<Part, Difference[]>>;
      consequences: Consequences;
    }
  | { kind: 'unchanged'; id: string }
  /** An archived room cannot be changed, and its id not be used again. */
  | { kind: 'archived'; id: string };

export interface Plan {
  rooms: RoomPlan[];
  /** Rooms of the gateway that the file does not have. */
  others: string[];
}

/** @param wanted rooms of the file, with every default filled in @param present all rooms of the gateway @param now for what opens at once */
export function planOf(wanted: readonly NewRoom[], present: readonly PresentRoom[], now: number): Plan {
  const named = new Set(wanted.map(({ id }) => id));
  return {
    rooms: wanted.map((room) => planOfRoom(room, wanted, present, now)),
    others: present.filter(({ id, archivedAt }) => archivedAt === null && !named.has(id)).map(({ id }) => id),
  };
}

export function isDone({ rooms }: Plan): boolean {
  return rooms.every(({ kind }) => kind === 'unchanged');
}

function planOfRoom(room: NewRoom, wanted: readonly NewRoom[], present: readonly PresentRoom[], now: number): RoomPlan {
  const { id } = room;
  const there = present.find((one) => one.id === id);
  if (there === undefined) {
    const opens = Date.parse(room.schedule.opensAt) <= now;
    const takesFrom = takings(room, wanted, present);
    const consequences = { opensNow: opens ? { entries: 0 } : null, closesNow: null, endsPlaces: null, takesFrom };
    return { kind: 'create', room, consequences };
  }
  if (there.archivedAt !== null) return { kind: 'archived', id };
  const differences: Partial<Record<Part, Difference[]>> = Object.fromEntries(
    (['site', 'policy', 'schedule'] as const).flatMap((part) => {
      const found = differencesIn(there[part], room[part]);
      return found.length === 0 ? [] : [[part, found]];
    }),
  );
  if (Object.keys(differences).length === 0) return { kind: 'unchanged', id };
  const { opensNow, closesNow, endsPlaces } =
    differences.schedule === undefined ? NOTHING : scheduleConsequences(there, room.schedule, now);
  const takesFrom = differences.site === undefined ? [] : takings(room, wanted, present);
  return {
    ...{ kind: 'change', room, etag: there.etag, differences },
    consequences: { opensNow, closesNow, endsPlaces, takesFrom },
  };
}

const NOTHING = { opensNow: null, closesNow: null, endsPlaces: null };

function scheduleConsequences(there: PresentRoom, { opensAt, closesAt = null }: NewRoom['schedule'], now: number) {
  const { hasOpened, state, waiting, active, schedule } = there;
  const people = { waiting: waiting ?? 0, active: active ?? 0 };
  const opening = { opensAt: Date.parse(schedule.opensAt), hasOpened, isClosed: state === 'closed', ...people };
  const times = { opensAt: Date.parse(opensAt), closesAt: closesAt === null ? null : Date.parse(closesAt) };
  return consequencesOf(opening, times, now);
}

/** What the room takes from those that are there, or will be once the file is applied: whichever comes first. */
function takings(room: NewRoom, wanted: readonly NewRoom[], present: readonly PresentRoom[]): TakenFromRoom[] {
  const routed = ({ id, site, archivedAt = null }: Pick<NewRoom, 'id' | 'site'> & { archivedAt?: string | null }) => ({
    ...{ id, archivedAt: archivedAt === null ? null : Date.parse(archivedAt) },
    site: { hosts: site.hosts, paths: site.paths ?? ['/'] },
  });
  const before = present.map(routed);
  const after = [...wanted.map(routed), ...before.filter(({ id }) => !wanted.some((one) => one.id === id))];
  const found = [before, after.filter(({ id }) => id !== room.id)].flatMap((rooms) => takenFrom(rooms, routed(room)));
  const names = [...new Set(found.map((one) => one.room))];
  return names.map((name) => {
    const { waiting, active, site } = present.find(({ id }) => id === name) ?? {
      waiting: 0,
      active: 0,
      site: undefined,
    };
    const routes = [...new Set(found.flatMap((one) => (one.room === name ? one.routes : [])))];
    return { room: name, title: site?.title ?? { ko: name, en: name }, routes, waiting, active };
  });
}

/** Field by field, and one level into values that have fields of their own: `health.mode`. */
function differencesIn(present: object, wanted: object, prefix = ''): Difference[] {
  return Object.entries(wanted).flatMap(([name, to]): Difference[] => {
    const from = (present as Record<string, unknown>)[name];
    // What the file leaves out stays as it is.
    if (to === undefined || isSame(from, to)) return [];
    if (isObject(from) && isObject(to) && prefix === '') return differencesIn(from, to, `${name}.`);
    return [{ field: `${prefix}${name}`, from, to }];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Two spellings of one moment are the same. */
function isSame(from: unknown, to: unknown): boolean {
  if (typeof from === 'string' && typeof to === 'string' && MOMENT.test(from) && MOMENT.test(to)) {
    return Date.parse(from) === Date.parse(to);
  }
  return JSON.stringify(ordered(from)) === JSON.stringify(ordered(to));
}

const MOMENT = /^\d{4}-\d\d-\d\dT/;

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, ordered(part)]),
  );
}
