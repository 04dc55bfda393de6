// What has to be changed at a gateway so that its rooms are as a file says. Pure: the rooms of both sides come in, a plan goes out.

import type { RoomDetail } from '../../worker/contract/operator-api.ts';
import type { NewRoom } from '../../worker/contract/room-state-schema.ts';

/** A value that differs; `from` is undefined where the gateway does not have the field. */
export interface Difference {
  field: string;
  from: unknown;
  to: unknown;
}

type Part = 'site' | 'policy' | 'schedule';

export type RoomPlan =
  | { kind: 'create'; room: NewRoom }
  | {
      kind: 'change';
      room: NewRoom;
      etag: string;
      differences: Partial<Record<Part, Difference[]>>;
      /** The opening has come, and another one ends all places. */
      endsPlaces: boolean;
    }
  | { kind: 'unchanged'; id: string }
  /** An archived room cannot be changed, and its id not be used again. */
  | { kind: 'archived'; id: string };

export interface Plan {
  rooms: RoomPlan[];
  /** Rooms of the gateway that the file does not have. */
  others: string[];
}

/** @param wanted rooms of the file, with every default filled in @param present all rooms of the gateway */
export function planOf(wanted: readonly NewRoom[], present: readonly RoomDetail[]): Plan {
  const named = new Set(wanted.map(({ id }) => id));
  return {
    rooms: wanted.map((room) =>
      planOfRoom(
        room,
        present.find(({ id }) => id === room.id),
      ),
    ),
    others: present.filter(({ id, archivedAt }) => archivedAt === null && !named.has(id)).map(({ id }) => id),
  };
}

export function isDone({ rooms }: Plan): boolean {
  return rooms.every(({ kind }) => kind === 'unchanged');
}

function planOfRoom(room: NewRoom, present: RoomDetail | undefined): RoomPlan {
  const { id } = room;
  if (present === undefined) return { kind: 'create', room };
  if (present.archivedAt !== null) return { kind: 'archived', id };
  const differences = Object.fromEntries(
    (['site', 'policy', 'schedule'] as const).flatMap((part) => {
      const found = differencesIn(present[part], room[part]);
      return found.length === 0 ? [] : [[part, found]];
    }),
  );
  if (Object.keys(differences).length === 0) return { kind: 'unchanged', id };
  const opening = (differences as Record<string, Difference[]>)['schedule']?.some(({ field }) => field === 'opensAt');
  const hasOpened = present.state !== 'scheduled' && present.state !== 'prequeue';
  return { kind: 'change', room, etag: present.etag, differences, endsPlaces: opening === true && hasOpened };
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
