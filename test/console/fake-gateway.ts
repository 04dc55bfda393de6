// A stand-in for the gateway's state: rooms, keys and logs in memory, which a test changes as it likes. fake-gateway-server.ts
// serves it over HTTP.

import { type Actor, type AuditRecord, type Json, NO_RECORD, nextRecord } from '../../queue-core/audit.ts';
import type {
  Alarm,
  AlarmTarget,
  AlarmTest,
  BeaconTest,
  Bucket,
  KeptMessage,
  Live,
  OperationName,
  Role,
  RoomDetail,
  RoomPreview,
} from '../../worker/contract/operator-api.ts';
import type { OriginRecordDocument } from '../../worker/contract/origin-call-schema.ts';

export const rfc3339 = (ms: number) => new Date(ms).toISOString();

export interface FakeRoom {
  detail: Omit<RoomDetail, 'etag' | 'state' | 'message' | 'flow' | 'hasOpened'>;
  /** Closed before its opening. */
  isPlan: boolean;
  moved: Live['moved'];
  version: { site: number; room: number };
  state: Live['state'];
  flow: Live['flow'];
  message: Live['message'];
  numbers: Partial<Live>;
  alarms: Alarm[];
  /** As the room keeps them. */
  raised: Live['raised'];
  buckets: Bucket[];
  records: AuditRecord[];
  /** What the site said. */
  calls: OriginRecordDocument[];
  changedAt: number;
  /** null: still rolling out. */
  inForceAt: number | null;
  /** How much older than the reply the numbers are. */
  ageMs: number;
}

export interface FakeKey {
  id: string;
  name: string;
  role: Role;
  key: string;
  createdAt: number;
  rooms: string[] | null;
  expiresAt: string | null;
  lastUse: { at: string; from: string } | null;
}

export class FakeGateway {
  rooms = new Map<string, FakeRoom>();
  keys: FakeKey[] = [];
  /** Host of the identity provider that the console offers. */
  provider: string | null = null;
  /** The key that the cookie stands for; null: the session has ended. */
  signedIn: FakeKey | null = null;
  alarmTargets: AlarmTarget[] = [];
  /** What a test of a target says. */
  alarmTest: AlarmTest = { isDelivered: true, status: 204, fault: null, ms: 48 };
  directoryRecords: AuditRecord[] = [];
  /** Breaks off every connection without a response. */
  isDown = false;
  /** Replies that replace the usual ones; null: the usual one after all. */
  overrides = new Map<OperationName, () => Response | null>();
  /** As `GET /rooms/vaccine/live`. */
  requests: string[] = [];
  /** From a change until it is in force everywhere, as replies promise it. */
  rolloutMs = 2_000;
  failedSignIns = 0;
  /** Who has the room on the console. */
  operators: Live['operators'] = [];
  /** Messages that operators keep. */
  messages: KeptMessage[] = [];
  /** What a new room or another site would take, and how its site answers. */
  roomPreview: RoomPreview = {
    ...{ opensNow: null, closesNow: null, endsPlaces: null, takesFrom: [] },
    siteAnswer: { kind: 'answered', status: 200, ms: 42 },
  };
  address = '203.0.113.7';
  /** What a test of the relays says. */
  relays: BeaconTest['relays'] = [
    { relay: 'api.drand.sh', ms: 84, fault: null },
    { relay: 'drand.cloudflare.com', ms: 5_000, fault: 'noAnswer' },
  ];

  now(): number {
    return Date.now();
  }

  room(id: string): FakeRoom {
    const room = this.rooms.get(id);
    if (room === undefined) throw new Error(`The fake gateway has no room "${id}".`);
    return room;
  }

  etag({ version }: FakeRoom): string {
    return `"${version.site}.${version.room}"`;
  }

  /** Another operator changes the room. */
  changeBy(name: string, id: string, action: string, from: Json, to: Json, mutate: (room: FakeRoom) => void): void {
    const room = this.room(id);
    mutate(room);
    this.record(room, { id: name, name, role: 'operator', address: '198.51.100.4' }, action, from, to);
  }

  record(room: FakeRoom, by: Actor, action: string, from: Json, to: Json, at = this.now()): void {
    const head = room.records.at(-1) ?? NO_RECORD;
    room.records.push(nextRecord(head, { by, action, from, to }, at));
    const isSiteChange = action === 'putRoom' || action === 'setTemplate' || action === 'archiveRoom';
    room.version = isSiteChange
      ? { ...room.version, site: room.version.site + 1 }
      : { ...room.version, room: room.version.room + 1 };
    room.changedAt = at;
    room.inForceAt = null;
  }

  live(id: string): Live {
    const room = this.room(id);
    const { detail, numbers } = room;
    const now = this.now();
    const last = room.buckets.at(-1);
    return {
      room: id,
      epoch: detail.epoch,
      state: room.state,
      flow: room.flow,
      serverTime: rfc3339(now),
      asOf: rfc3339(now - room.ageMs),
      operators: this.operators,
      storeReachable: true,
      opensAt: detail.schedule.opensAt,
      moved: room.moved,
      hasOpened: hasOpened(room),
      prequeueAt: detail.schedule.prequeueAt,
      closesAt: detail.schedule.closesAt,
      etag: this.etag(room),
      changedAt: rfc3339(room.changedAt),
      changedSeq: room.records.at(-1)?.seq ?? 0,
      inForceAt: room.inForceAt === null ? null : rfc3339(room.inForceAt),
      gateways: 2,
      arrived: 0,
      entries: 0,
      waiting: last?.waiting ?? 0,
      issued: 0,
      called: 0,
      outstanding: 0,
      standby: 0,
      active: last?.active ?? 0,
      totals: { admitted: 0, readmitted: 0, renewed: 0, completed: 0, left: 0, revoked: 0, expired: 0, lapsed: 0 },
      newUsersPerMinute: detail.policy.newUsersPerMinute,
      totalActiveUsers: detail.policy.totalActiveUsers,
      inForce: {
        newUsersPerMinute: detail.policy.newUsersPerMinute,
        totalActiveUsers: detail.policy.totalActiveUsers,
      },
      health: { stage: 'steady', since: rfc3339(room.changedAt), cause: null, usualMs: 120, peopleFound: null },
      sessionMinutes: detail.policy.sessionMinutes,
      waitSeconds: null,
      showShare: null,
      expectedVisitors: detail.site.expectedVisitors,
      message: room.message,
      stock: null,
      originCalls: room.calls.length,
      draw: drawOf(room),
      buckets: room.buckets.slice(-7),
      alarms: room.alarms,
      raised: room.raised,
      audit: { seq: room.records.length, hash: room.records.at(-1)?.hash ?? NO_RECORD.hash },
      ...numbers,
    };
  }

  detailOf(id: string): RoomDetail {
    const room = this.room(id);
    const { state, flow, message } = room;
    return { ...room.detail, state, flow, message, hasOpened: hasOpened(room), etag: this.etag(room) };
  }
}

function hasOpened({ state, isPlan }: FakeRoom): boolean {
  return state !== 'scheduled' && state !== 'prequeue' && !isPlan;
}

const SEAL = '630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd';
const PUBLIC = 'https://booking.example/_fairgate/rooms';

function drawOf({ detail, state, numbers }: FakeRoom): Live['draw'] {
  const { beacon, opensAt } = detail.schedule;
  const isBefore = state === 'scheduled' || state === 'prequeue';
  const isDrawn = !isBefore && state !== 'drawing';
  const at = Date.parse(opensAt);
  return {
    state: isBefore ? 'committed' : isDrawn ? 'drawn' : 'drawing',
    commitment: SEAL,
    commitments: 1,
    sealedBy: isDrawn ? null : 'k7mTYmOaVzGrlWsmd3IJGNQLvUh0Tj7vJZbKYvSWkXI',
    beacon: beacon
      ? {
          round: 39_155_756,
          dueAt: rfc3339(at + 5_000),
          deadline: rfc3339(at + beacon.deadlineSeconds * 1_000),
          afterDeadline: beacon.afterDeadline,
          hasArrived: isDrawn,
        }
      : null,
    entries: isBefore ? null : (numbers.entries ?? 0),
    waitsFor: state === 'drawing' ? (beacon ? 'round' : 'store') : null,
    proof: `${PUBLIC}/${detail.id}/proof`,
    document: `${PUBLIC}/${detail.id}/draw`,
  };
}

export function fakeRoom(detail: FakeRoom['detail'], changes: Partial<FakeRoom> = {}): FakeRoom {
  return {
    detail,
    isPlan: false,
    moved: null,
    version: { site: 1, room: 1 },
    state: 'open',
    flow: 'running',
    message: null,
    numbers: {},
    alarms: [],
    raised: [],
    buckets: [],
    records: [],
    calls: [],
    changedAt: Date.now() - 600_000,
    inForceAt: Date.now() - 598_000,
    ageMs: 400,
    ...changes,
  };
}
