// What an evidence pack tells of a log's records. Only values that are listed here leave the gateway; everything else, and whatever a
// later version may record, stands there as withheld. Operators become numbers in the order in which the log first names them.

import { ALARM_ACTOR } from '../../queue-core/alarms.ts';
import { type Actor, type AuditRecord, type Json, linked, NO_RECORD } from '../../queue-core/audit.ts';
import type { Change } from '../../queue-core/command.ts';
import type { DirectoryChange, Site } from '../../queue-core/directory/directory-document.ts';
import type { OriginRecord } from '../../queue-core/document/origin-record.ts';
import { GATEWAY_ACTOR } from '../../queue-core/gateway-reports.ts';
import { HEALTH_ACTOR, type HealthAction } from '../../queue-core/health.ts';
import type { Policy } from '../../queue-core/policy.ts';
import { STORE_ACTOR } from '../../queue-core/recovery.ts';
import { WITHHELD } from '../contract/operator-api.ts';
import { SETTINGS_ACTOR } from '../views/room-directory.ts';
import { originDocument } from './document-parts.ts';

/** Of `health` nothing: it has a path of the site. What came of it is in records of its own. */
const POLICY: Record<Exclude<keyof Policy, 'health'>, true> = {
  newUsersPerMinute: true,
  totalActiveUsers: true,
  sessionMs: true,
  sessionRenewal: true,
  sessionTotalMsMax: true,
  claimWindowMs: true,
  queueingStatusCode: true,
  stock: true,
};
const POLICY_FIELDS = Object.keys(POLICY);
const HEALTH_FIELDS = ['stage', 'cause', 'newUsersPerMinute', 'totalActiveUsers'];
const ALARM_FIELDS = ['alarm', 'number', 'since'];
const SCHEDULE_FIELDS = ['epoch', 'closed', 'prequeueAt', 'opensAt', 'closesAt', 'beacon'];

/** Values of a room's log, by action. Ids of sessions are not among them: they are in visitors' tokens. */
type RoomAction =
  | Change['kind']
  | HealthAction
  | 'configure'
  | 'clockLeap'
  | 'recover'
  | 'gatewayStarted'
  | 'alarmDelivered'
  | 'alarmNotDelivered';
const ROOM_LOG: Record<RoomAction, readonly string[]> = {
  configure: [...POLICY_FIELDS, ...SCHEDULE_FIELDS, 'policy'],
  setFlow: ['flow'],
  setPolicy: POLICY_FIELDS,
  setMessage: ['text'],
  setSchedule: SCHEDULE_FIELDS,
  openNow: SCHEDULE_FIELDS,
  cancelOpening: ['cancelled'],
  recommit: ['commitment'],
  close: ['closed'],
  revokeAll: ['active'],
  endSession: ['position'],
  givePass: ['until'],
  usePass: [],
  acknowledgeAlarm: ALARM_FIELDS,
  // To whom, is nobody's business outside.
  ...{
    alarmDelivered: [...ALARM_FIELDS, 'event', 'attempts'],
    alarmNotDelivered: [...ALARM_FIELDS, 'event', 'attempts'],
  },
  clockLeap: ['flow', 'time'],
  ...{ originSteady: HEALTH_FIELDS, originSlowed: HEALTH_FIELDS, originStopped: HEALTH_FIELDS },
  peopleFound: ['peopleFound', 'cause'],
  recover: ['issued', 'entries', 'active', 'silent', 'at'],
  gatewayStarted: ['started', 'restarted'],
};

/** What visitors can see of a site. Where the site itself stands, and what is exempt, would help to go around the line. */
const SITE_FIELDS: readonly (keyof Site | 'room')[] = [
  ...(['room', 'title', 'hosts', 'paths', 'outside', 'languages', 'timeZone'] as const),
];

/** Values of the directory's log, for records about one room. */
const SITE_LOG: Record<Extract<DirectoryChange, { room: string }>['kind'] | 'seedRoom', readonly string[]> = {
  seedRoom: SITE_FIELDS,
  putRoom: SITE_FIELDS,
  setTemplate: ['room', 'template'],
  archiveRoom: ['room', 'archived'],
};

/** What the origin said: the numbers that visitors were shown, and calls by the number of the place, whose visitor the pack does not name. */
const SAID = ['seq', 'at', 'epoch', 'by', 'kind'];
const ORIGIN_RECORDS: Record<OriginRecord['kind'], readonly string[]> = {
  stock: [...SAID, 'remaining', 'asOf', 'lots'],
  ...{ complete: [...SAID, 'position', 'refused'], readmit: [...SAID, 'position', 'refused'] },
  revoke: [...SAID, 'position', 'refused'],
  overload: [...SAID, 'forMs'],
};
const LOT_FIELDS = ['id', 'name', 'remaining', 'asOf', 'price'];

type Disclosed = Omit<AuditRecord, 'previous' | 'hash'>;

export class Disclosure {
  /** Numbers of operators, by id. */
  readonly #operators = new Map<string, number>();

  ofRoom(record: AuditRecord): Disclosed {
    return this.#disclosed(record, ROOM_LOG);
  }

  /** @returns null: the record is not about the room */
  ofSite(record: AuditRecord, room: string): Disclosed | null {
    return isAboutRoom(record, room) ? this.#disclosed(record, SITE_LOG) : null;
  }

  ofOrigin(record: OriginRecord): Json {
    const { lots, ...said } = originDocument(record) as Readonly<Record<string, Json>>;
    const disclosedLots = Array.isArray(lots) ? { lots: lots.map((lot) => only(lot, LOT_FIELDS)) } : {};
    return only({ ...said, ...disclosedLots }, ORIGIN_RECORDS[record.kind]);
  }

  #disclosed({ seq, at, by, action, from, to }: AuditRecord, table: Record<string, readonly string[]>): Disclosed {
    const fields = Object.hasOwn(table, action) ? (table[action] ?? []) : null;
    return { seq, at, by: this.#actor(by), action, from: only(from, fields), to: only(to, fields) };
  }

  #actor({ id, role }: Actor): Actor {
    for (const machine of [STORE_ACTOR, SETTINGS_ACTOR, HEALTH_ACTOR, ALARM_ACTOR, GATEWAY_ACTOR])
      if (id === machine.id) return machine;
    const number = this.#operators.get(id) ?? this.#operators.size + 1;
    this.#operators.set(id, number);
    const name = `operator-${number}`;
    return { id: name, name, role, address: null };
  }
}

/** The records of a room's log as a pack has them: a chain of their own, over what is disclosed. */
export class DisclosedChain {
  #head = NO_RECORD.hash;

  get head(): string {
    return this.#head;
  }

  next(record: Disclosed): AuditRecord {
    const added = linked(record, this.#head);
    this.#head = added.hash;
    return added;
  }
}

/** Whether a record of the directory's log is about a room: its site, its page, or that it is archived. */
export function isAboutRoom({ action, from, to }: AuditRecord, room: string): boolean {
  return Object.hasOwn(SITE_LOG, action) && [from, to].some((value) => names(value, room));
}

function names(value: Json, room: string): boolean {
  return isObject(value) && value['room'] === room;
}

/** @param fields null: nothing is disclosed */
function only(value: Json, fields: readonly string[] | null): Json {
  if (value === null) return null;
  if (fields === null || !isObject(value)) return WITHHELD;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, fields.includes(name) ? disclosed(name, part) : WITHHELD]),
  );
}

function disclosed(name: string, value: Json): Json {
  return name === 'policy' ? only(value, POLICY_FIELDS) : value;
}

function isObject(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
