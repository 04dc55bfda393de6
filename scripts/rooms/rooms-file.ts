// The rooms of a file, as the operators' API takes them, with every default filled in: so that what the file leaves out is compared too.

import { plainIssue } from '../../worker/contract/plain-issues.ts';
import { siteSchema } from '../../worker/contract/room-schema.ts';
import { type NewRoom, newRoomSchema } from '../../worker/contract/room-state-schema.ts';
import { siteOf } from '../../worker/settings.ts';

/** The file cannot be used; each problem says which room and field, and what to set. */
export class RoomsFileError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.name = 'RoomsFileError';
    this.problems = problems;
  }
}

const SITE_FIELDS = Object.keys(siteSchema.shape);

/** @param json as in `rooms.json` @throws RoomsFileError */
export function roomsOf(json: unknown): NewRoom[] {
  if (!Array.isArray(json)) throw new RoomsFileError(['The file must be a list of rooms, as docs/rooms.md shows one.']);
  const read = json.map((room, index) => roomOf(room, index));
  const problems = read.flatMap((one) => (Array.isArray(one) ? one : []));
  const rooms = read.flatMap((one) => (Array.isArray(one) ? [] : [one]));
  const ids = rooms.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  problems.push(...twice.map((id) => `Room "${id}" is in the file twice. Give each room its own id.`));
  if (problems.length > 0) throw new RoomsFileError(problems);
  return rooms;
}

/** @returns the problems of a room that cannot be used */
function roomOf(json: unknown, index: number): NewRoom | string[] {
  const place = nameOf(json, index);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return [`${place}: it must be an object.`];
  const { id, policy, schedule, ...rest } = json as Record<string, unknown>;
  const opensAt = isObject(schedule) ? schedule['opensAt'] : undefined;
  if (typeof opensAt === 'string' && opensAt.startsWith('+')) {
    return [
      `${place}, schedule.opensAt: "${opensAt}" counts from a start of the gateway. Write the moment, in RFC 3339.`,
    ];
  }
  const parsed = newRoomSchema.safeParse({ id, site: rest, policy, schedule }, { error: plainIssue });
  if (!parsed.success) return parsed.error.issues.map((issue) => `${place}, ${whereOf(issue.path)}: ${issue.message}.`);
  const { data } = parsed;
  const { template: _, ...site } = siteOf(data.id, data.site);
  return { ...data, site };
}

/** The file has the fields of the site beside the others. */
function whereOf(path: readonly PropertyKey[]): string {
  const [first, ...others] = path.map(String);
  const named = first === 'site' && SITE_FIELDS.includes(others[0] ?? '') ? others : [first ?? '', ...others];
  return named.join('.');
}

function nameOf(json: unknown, index: number): string {
  return isObject(json) && typeof json['id'] === 'string' ? `Room ${JSON.stringify(json['id'])}` : `Room ${index + 1}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
