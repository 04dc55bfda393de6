// Who did what during the time of an event report: the records of the room's log and those of the directory's log about the room, in the
// order of time, as sentences that need no knowledge of the API.

import { ALARM_ACTOR } from '../../queue-core/alarms.ts';
import type { Actor, AuditRecord, Json } from '../../queue-core/audit.ts';
import { GATEWAY_ACTOR } from '../../queue-core/gateway-reports.ts';
import { HEALTH_ACTOR } from '../../queue-core/health.ts';
import { STORE_ACTOR } from '../../queue-core/recovery.ts';
import { type EpochMs, epochMs } from '../../queue-core/time.ts';
import { SETTINGS_ACTOR } from '../views/room-directory.ts';
import type { ReportStrings } from './event-report-strings.ts';
import { formatCount, type ReportTimes } from './event-report-times.ts';
import { isAboutRoom } from './evidence-disclosure.ts';
import { type ReadRecords, recordsUpTo } from './evidence-log.ts';

export interface Act {
  at: EpochMs;
  who: string;
  /** null: a machine. */
  role: Actor['role'] | null;
  what: string;
  from: string;
  to: string;
  /** Number of the record; null: it is not from a log. */
  record: number | null;
}

/** The logs of a room and of the directory, up to the records that a report ends with. */
export interface ActSources {
  room: string;
  log: { read: ReadRecords; last: number };
  site: { read: ReadRecords; last: number };
}

/** Records of the directory about one room in one period: its settings are changed by people. */
const SITE_ACTS_MAX = 2_000;

/** Characters of what changed; a custom page or a list of paths is no part of a report. */
const DETAILS_CHARS_MAX = 300;

/** Names that let somebody in, or that only gateways use. */
const WITHHELD_FIELDS: ReadonlySet<string> = new Set(['sid', 'seed', 'secret', 'sealed', 'digest']);

/** In the order of time. */
export async function* actsBetween(
  { room, log, site }: ActSources,
  { from, to }: { from: EpochMs; to: EpochMs },
  strings: ReportStrings,
  times: ReportTimes,
): AsyncGenerator<Act> {
  const isWithin = ({ at }: AuditRecord) => epochMs(at) >= from && epochMs(at) < to;
  const about: AuditRecord[] = [];
  for await (const records of recordsUpTo(site.read, site.last)) {
    about.push(...records.filter((record) => isWithin(record) && isAboutRoom(record, room)));
    if (about.length >= SITE_ACTS_MAX) break;
  }
  const waiting = about.slice(0, SITE_ACTS_MAX);
  for await (const records of recordsUpTo(log.read, log.last)) {
    for (const record of records.filter(isWithin)) {
      while (waiting[0] !== undefined && epochMs(waiting[0].at) <= epochMs(record.at)) {
        yield actOf(waiting.shift() as AuditRecord, strings, times);
      }
      yield actOf(record, strings, times);
    }
    const last = records.at(-1);
    if (last !== undefined && epochMs(last.at) >= to) break;
  }
  for (const record of waiting) yield actOf(record, strings, times);
}

function actOf({ seq, at, by, action, from, to }: AuditRecord, strings: ReportStrings, times: ReportTimes): Act {
  const machine = machineOf(by, strings);
  const [before, after] = [flattened(from), flattened(to)];
  const names = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => !WITHHELD_FIELDS.has(name) && before.get(name) !== after.get(name),
  );
  const told = (values: Map<string, Json>) =>
    names
      .filter((name) => values.has(name))
      .map((name) => `${strings.acts.fields[name] ?? name}: ${textOf(name, values.get(name) ?? null, strings, times)}`)
      .join(', ');
  return {
    at: epochMs(at),
    who: machine ?? by.name,
    role: machine === null ? by.role : null,
    what: strings.acts.actions[action] ?? action,
    from: shortened(told(before)),
    to: shortened(told(after)),
    record: seq,
  };
}

function shortened(text: string): string {
  return text.length <= DETAILS_CHARS_MAX ? text : `${text.slice(0, DETAILS_CHARS_MAX)} …`;
}

function machineOf({ id }: Actor, { acts: { machines } }: ReportStrings): string | null {
  switch (id) {
    case STORE_ACTOR.id:
      return machines.store;
    case SETTINGS_ACTOR.id:
      return machines.settings;
    case HEALTH_ACTOR.id:
      return machines.health;
    case GATEWAY_ACTOR.id:
      return machines.gateway;
    case ALARM_ACTOR.id:
      return machines.alarms;
    default:
      return null;
  }
}

/** Values by name; the parts of a nested value by `name.part`, settings by their own names. */
function flattened(value: Json, prefix = ''): Map<string, Json> {
  const found = new Map<string, Json>();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return found;
  for (const [name, part] of Object.entries(value)) {
    const path = name === 'policy' || name === 'site' || name === 'schedule' ? prefix : `${prefix}${name}`;
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
      const inner = path === '' ? '' : `${path}.`;
      for (const [deep, each] of flattened(part as Json, inner)) found.set(deep, each);
    } else if (part !== null && !(Array.isArray(part) && part.length === 0)) found.set(path, part as Json);
  }
  return found;
}

function textOf(name: string, value: Json, strings: ReportStrings, times: ReportTimes): string {
  const { acts, waitEnd } = strings;
  if (typeof value === 'boolean') return value ? acts.yes : acts.no;
  if (typeof value === 'number') {
    if (/Ms(?:Max)?$/.test(name)) return waitEnd(value / 1_000);
    return name === 'epoch' ? String(value) : formatCount(value);
  }
  if (Array.isArray(value)) return value.map((each) => textOf(name, each, strings, times)).join(' ');
  if (typeof value !== 'string') return JSON.stringify(value);
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return times.moment(Date.parse(value));
  return (name === 'flow' || name === 'stage' ? acts.flows[value] : undefined) ?? value;
}
