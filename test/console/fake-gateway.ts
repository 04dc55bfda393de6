// A stand-in for the gateway that speaks the operators' contract exactly: every request and every answer goes through the
// contract's own schemas. It keeps rooms in memory and does what a test's story says, so that each state of the console can
// be had at will. How the real gateway behaves is tested elsewhere.

import type { AddressInfo } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import type * as z from 'zod';
import { type Actor, type AuditRecord, faultIn, type Json, NO_RECORD, nextRecord } from '../../queue-core/audit.ts';
import { LATENCY_BOUNDS_MS } from '../../queue-core/document/history-state.ts';
import {
  type Alarm,
  type Bucket,
  CONSOLE_PATH,
  type Live,
  OPERATIONS,
  OPERATOR_PATH,
  type Operation,
  type OperationName,
  ROLES,
  type Role,
  type RoomDetail,
} from '../../worker/contract/operator-api.ts';
import { type FieldError, type OperatorProblem, PROBLEM_TYPE_BASE } from '../../worker/contract/problem-schema.ts';
import type { Shell } from './built-shell.ts';

const rfc3339 = (ms: number) => new Date(ms).toISOString();

/** What a room of the double is; a story changes it as it goes on. */
export interface RoomDouble {
  detail: Omit<RoomDetail, 'etag' | 'state' | 'message' | 'flow'>;
  version: { site: number; room: number };
  state: Live['state'];
  flow: Live['flow'];
  message: Live['message'];
  numbers: Partial<Live>;
  alarms: Alarm[];
  buckets: Bucket[];
  records: AuditRecord[];
  changedAt: number;
  /** null: still being spread. */
  inForceAt: number | null;
  /** ms by which the numbers are older than the answer. */
  age: number;
}

export interface KeyDouble {
  id: string;
  name: string;
  role: Role;
  key: string;
  createdAt: number;
}

export class GatewayDouble {
  rooms = new Map<string, RoomDouble>();
  keys: KeyDouble[] = [];
  /** Who the cookie stands for; null: nobody is signed in. */
  signedIn: KeyDouble | null = null;
  directoryRecords: AuditRecord[] = [];
  /** Answers nothing at all, as a gateway that is gone. */
  isDown = false;
  /** Answers of one operation, instead of what would happen. */
  instead = new Map<OperationName, () => Response | null>();
  asked: string[] = [];
  /** How long a change takes to be in force everywhere, as the answer tells it. */
  spreadMs = 2_000;
  failures = 0;
  address = '203.0.113.7';

  now(): number {
    return Date.now();
  }

  room(id: string): RoomDouble {
    const room = this.rooms.get(id);
    if (room === undefined) throw new Error(`The double has no room "${id}".`);
    return room;
  }

  etag({ version }: RoomDouble): string {
    return `"${version.site}.${version.room}"`;
  }

  /** Somebody else changes the room. */
  changeBy(name: string, id: string, action: string, from: Json, to: Json, turn: (room: RoomDouble) => void): void {
    const room = this.room(id);
    turn(room);
    this.record(room, { id: name, name, role: 'operator', address: '198.51.100.4' }, action, from, to);
  }

  record(room: RoomDouble, by: Actor, action: string, from: Json, to: Json, at = this.now()): void {
    const head = room.records.at(-1) ?? NO_RECORD;
    room.records.push(nextRecord(head, { by, action, from, to }, at));
    const isOfSite = action === 'putRoom' || action === 'setTemplate' || action === 'archiveRoom';
    room.version = isOfSite
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
      asOf: rfc3339(now - room.age),
      storeReachable: true,
      opensAt: detail.schedule.opensAt,
      prequeueAt: detail.schedule.prequeueAt,
      closesAt: detail.schedule.closesAt,
      etag: this.etag(room),
      changedAt: rfc3339(room.changedAt),
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
      totals: { admitted: 0, renewed: 0, completed: 0, left: 0, revoked: 0, expired: 0, lapsed: 0 },
      newUsersPerMinute: detail.policy.newUsersPerMinute,
      totalActiveUsers: detail.policy.totalActiveUsers,
      sessionMinutes: detail.policy.sessionMinutes,
      waitSeconds: null,
      showShare: null,
      expectedVisitors: detail.site.expectedVisitors,
      message: room.message,
      stock: null,
      buckets: room.buckets.slice(-7),
      alarms: room.alarms,
      audit: { seq: room.records.length, hash: room.records.at(-1)?.hash ?? NO_RECORD.hash },
      ...numbers,
    };
  }

  detailOf(id: string): RoomDetail {
    const room = this.room(id);
    const { state, flow, message } = room;
    return { ...room.detail, state, flow, message, etag: this.etag(room) };
  }
}

export interface RunningDouble {
  url: string;
  gateway: GatewayDouble;
  stop(): void;
}

export async function startDouble(shell: Shell, gateway: GatewayDouble): Promise<RunningDouble> {
  const app = new Hono();
  app.get(CONSOLE_PATH, (c) => {
    const language = c.req.header('Accept-Language')?.startsWith('en') ? 'en' : 'ko';
    return c.html(shell.consolePage(language), 200, { 'Content-Security-Policy': shell.consolePolicy });
  });
  for (const [name, operation] of Object.entries(OPERATIONS) as [OperationName, Operation][]) {
    app.on(operation.method, `${OPERATOR_PATH}${operation.path.replaceAll(/\{(\w+)\}/g, ':$1')}`, (c) =>
      answer(gateway, name, operation, c),
    );
  }
  app.get('/favicon.ico', (c) => c.body(null, 204));
  app.get('/', (c) => c.html('<!doctype html><html lang="ko"><title>Site</title><h1>The site</h1></html>'));
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  await new Promise<void>((listening) => server.once('listening', () => listening()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    gateway,
    stop: () => {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    },
  };
}

export function problem(
  status: number,
  type: OperatorProblem,
  more: { errors?: FieldError[] } = {},
  headers: Record<string, string> = {},
): Response {
  const body = {
    type: `${PROBLEM_TYPE_BASE}${type}`,
    title: type,
    status,
    detail: `About ${type}.`,
    ...more,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  });
}

async function answer(
  gateway: GatewayDouble,
  name: OperationName,
  operation: Operation,
  c: Context,
): Promise<Response> {
  gateway.asked.push(`${c.req.method} ${c.req.path.slice(OPERATOR_PATH.length)}`);
  if (gateway.isDown) return brokenOff(c);
  const instead = gateway.instead.get(name)?.();
  if (instead != null) return instead;
  const isMine = c.req.header('Cookie')?.includes('fairgate-operator=1') ?? false;
  const who = isMine ? gateway.signedIn : null;
  if (operation.role !== null) {
    if (who === null) return problem(401, 'operator-key');
    if (ROLES.indexOf(who.role) < ROLES.indexOf(operation.role)) return problem(403, 'role-too-small');
  }
  const room = c.req.param('room');
  if (room !== undefined && !gateway.rooms.has(room)) return problem(404, 'not-found');
  const ifMatch = c.req.header('If-Match');
  if (operation.ifMatch === true && ifMatch === undefined) return problem(428, 'if-match-needed');
  if (
    operation.ifMatch &&
    ifMatch !== undefined &&
    room !== undefined &&
    ifMatch !== gateway.etag(gateway.room(room))
  ) {
    return problem(412, 'changed-meanwhile');
  }
  const query = operation.query?.safeParse(c.req.query());
  if (query?.success === false) return badInput(query.error);
  let body: unknown;
  if (operation.body !== undefined) {
    const read = operation.body.safeParse(await c.req.json().catch(() => undefined));
    if (!read.success) return badInput(read.error);
    body = read.data;
  } else if (operation.bodyType !== undefined) body = await c.req.text();
  const said = carryOut(gateway, name, { c, who, room: room ?? '', query: query?.data, body });
  if (said instanceof Response) return said;
  if (operation.answerType !== undefined) {
    const headers: Record<string, string> = { 'Content-Type': `${operation.answerType}; charset=utf-8` };
    if (operation.answerType === 'text/html') {
      headers['Content-Security-Policy'] =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
    }
    return new Response(String(said), { headers });
  }
  const checked = operation.answer.parse(said);
  return checked === undefined ? new Response(null, { status: 204 }) : Response.json(checked);
}

/** A connection that ends without an answer: what a browser sees of a gateway that is gone. */
function brokenOff(c: Context): Response {
  const { incoming } = c.env as HttpBindings;
  incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

function badInput(error: z.ZodError): Response {
  const errors = error.issues.map(({ path, message }) => ({ field: path.join('.'), detail: message }));
  return problem(422, 'bad-input', { errors });
}

interface Given {
  c: Context;
  who: KeyDouble | null;
  room: string;
  query: unknown;
  body: unknown;
}

const WAIT_MS = 8 * 3_600_000;

function carryOut(gateway: GatewayDouble, name: OperationName, { c, who, room: id, query, body }: Given): unknown {
  const now = gateway.now();
  const by: Actor = { id: who?.id ?? '', name: who?.name ?? '', role: who?.role ?? 'viewer', address: gateway.address };
  const room = gateway.rooms.get(id);
  const session = (key: KeyDouble) => ({
    operator: { id: key.id, name: key.name, role: key.role },
    expiresAt: rfc3339(now + WAIT_MS),
  });
  const changed = (action: string, from: Json, to: Json, turn: (one: RoomDouble) => void) => {
    if (room === undefined) throw new Error('A change needs a room.');
    turn(room);
    gateway.record(room, by, action, from, to, now);
    const etag = gateway.etag(room);
    return { outcome: 'changed', at: rfc3339(now), inForceBy: rfc3339(now + gateway.spreadMs), etag };
  };
  const flow = (to: Live['flow']) => {
    if (room?.flow === to) return { outcome: 'unchanged', at: null, inForceBy: null, etag: gateway.etag(room) };
    return changed('setFlow', { flow: room?.flow ?? null }, { flow: to }, (one) => {
      one.flow = to;
      if (one.state === 'open' || one.state === 'paused') one.state = to === 'running' ? 'open' : 'paused';
    });
  };
  const page = <T extends { seq: number }>(rows: T[]) => {
    const { after, limit } = query as { after: number; limit: number };
    const records = rows.filter(({ seq }) => seq > after).slice(0, limit);
    return { records, next: records.length < limit ? null : (records.at(-1)?.seq ?? null) };
  };
  const whole = (log: string, records: AuditRecord[]) => ({
    ...{ log, exportedAt: rfc3339(now), whole: faultIn(records) === null, records },
  });
  const csv = (records: AuditRecord[]) =>
    [
      'seq,at,by,action',
      ...records.map(({ seq, at, by: { name: who_ }, action }) => [seq, at, who_, action].join(',')),
    ].join('\r\n');

  switch (name) {
    case 'signIn': {
      const { key } = body as { key: string };
      const found = gateway.keys.find((one) => one.key === key);
      if (found === undefined) {
        gateway.failures += 1;
        return problem(401, 'wrong-key', {}, { 'Retry-After': String(2 ** (gateway.failures - 1)) });
      }
      gateway.signedIn = found;
      c.header('Set-Cookie', 'fairgate-operator=1; Path=/; HttpOnly; SameSite=Lax');
      return c.json(OPERATIONS.signIn.answer.parse(session(found)));
    }
    case 'session':
      return who === null ? problem(401, 'operator-key') : session(who);
    case 'signOut':
      gateway.signedIn = null;
      return undefined;
    case 'rooms':
      return {
        rooms: [...gateway.rooms].map(([one, { detail, state }]) => {
          const { waiting, active } = gateway.live(one);
          const { title } = detail.site;
          return {
            id: one,
            title,
            state,
            opensAt: detail.schedule.opensAt,
            waiting,
            active,
            archivedAt: detail.archivedAt,
          };
        }),
      };
    case 'createRoom': {
      const made = OPERATIONS.createRoom.body.parse(body);
      if (gateway.rooms.has(made.id)) return problem(409, 'room-exists');
      if (made.site.paths.includes('/taken')) {
        const cause = { kind: 'overlap', room: 'vaccine', place: '*/taken' } as const;
        return problem(422, 'bad-input', { errors: [{ field: 'site.paths', detail: 'Another room has it.', cause }] });
      }
      const schedule = inUtc(made.schedule);
      const detail = { ...made, schedule, epoch: 1, hasTemplate: false, archivedAt: null };
      gateway.rooms.set(made.id, roomDouble(detail, { state: 'prequeue' }));
      return { outcome: 'changed', at: rfc3339(now), inForceBy: rfc3339(now + gateway.spreadMs), etag: '"1.1"' };
    }
    case 'room':
      return gateway.detailOf(id);
    case 'live':
      return gateway.live(id);
    case 'pause':
      return flow('paused');
    case 'hold':
      return flow('held');
    case 'resume':
      return flow('running');
    case 'setPolicy': {
      const policy = OPERATIONS.setPolicy.body.parse(body);
      const from = room?.detail.policy ?? policy;
      return changed('setPolicy', differing(from, policy), differing(policy, from), (one) => {
        one.detail = { ...one.detail, policy };
      });
    }
    case 'setSite': {
      const site = OPERATIONS.setSite.body.parse(body);
      const from = room?.detail.site ?? site;
      return changed(
        'putRoom',
        { room: id, ...differing(from, site) },
        { room: id, ...differing(site, from) },
        (one) => {
          one.detail = { ...one.detail, site };
        },
      );
    }
    case 'setSchedule': {
      const given = OPERATIONS.setSchedule.body.parse(body);
      const schedule = inUtc(given);
      const from = room?.detail.schedule ?? schedule;
      return changed('setSchedule', differing(from, schedule), differing(schedule, from), (one) => {
        one.detail = { ...one.detail, schedule };
      });
    }
    case 'setMessage': {
      const { text } = OPERATIONS.setMessage.body.parse(body);
      return changed('setMessage', { text: room?.message?.text ?? null }, { text }, (one) => {
        one.message = text === null ? null : { text, at: rfc3339(now) };
      });
    }
    case 'setTemplate':
      return changed('setTemplate', { room: id, template: null }, { room: id, template: 1 }, (one) => {
        one.detail = { ...one.detail, hasTemplate: true };
      });
    case 'removeTemplate':
      return changed('setTemplate', { room: id, template: 1 }, { room: id, template: null }, (one) => {
        one.detail = { ...one.detail, hasTemplate: false };
      });
    case 'archiveRoom':
      if (room?.state !== 'closed') return problem(409, 'not-closed');
      return changed('archiveRoom', { room: id, archived: false }, { room: id, archived: true }, (one) => {
        one.detail = { ...one.detail, archivedAt: rfc3339(now) };
      });
    case 'openNow':
      return changed('openNow', { opensAt: room?.detail.schedule.opensAt ?? '' }, { opensAt: rfc3339(now) }, (one) => {
        one.state = 'open';
        one.detail = { ...one.detail, schedule: { ...one.detail.schedule, prequeueAt: null, opensAt: rfc3339(now) } };
      });
    case 'close':
      return changed('close', { closed: false }, { closed: true }, (one) => {
        one.state = 'closed';
      });
    case 'revokeAll':
      return changed('revokeAll', { active: gateway.live(id).active }, { active: 0 }, (one) => {
        one.numbers = { ...one.numbers, active: 0 };
      });
    case 'endSession':
      if (c.req.param('position') === '999') return problem(409, 'session-unknown');
      return changed('endSession', { position: Number(c.req.param('position')), sid: 'x' }, null, () => {});
    case 'givePass':
      gateway.record(room as RoomDouble, by, 'givePass', null, { sid: 'x', until: rfc3339(now + 600_000) });
      return {
        expiresAt: rfc3339(now + 600_000),
        link: { address: 'https://booking.example/_fairgate/rooms/vaccine/pass?code=x', useBy: rfc3339(now + 30_000) },
      };
    case 'forecast': {
      const { newUsersPerMinute } = query as { newUsersPerMinute: number };
      const { waiting, newUsersPerMinute: present } = gateway.live(id);
      const look = (rate: number) => ({
        waitSeconds: { low: Math.floor((waiting * 60) / (rate * 1.1)), high: Math.ceil((waiting * 60) / (rate * 0.8)) },
        admissionsPerMinute: rate,
        limitedBy: 'rate',
      });
      return { present: look(present), proposed: look(newUsersPerMinute) };
    }
    case 'history': {
      const { since, after, limit } = query as { since?: string; after: number; limit: number };
      const from = since === undefined ? 0 : Date.parse(since);
      const key = (bucket: Bucket) => Date.parse(bucket.at) / 10_000;
      const buckets = (room?.buckets.slice(0, -1) ?? [])
        .filter((bucket) => Date.parse(bucket.at) > from && key(bucket) > after)
        .slice(0, limit);
      const last = buckets.at(-1);
      const next = last === undefined || buckets.length < limit ? null : key(last);
      return { bucketSeconds: 10, latencyBoundsMs: [...LATENCY_BOUNDS_MS], buckets, next };
    }
    case 'audit':
      return page(room?.records ?? []);
    case 'auditJson':
      return whole(id, room?.records ?? []);
    case 'auditCsv':
      return csv(room?.records ?? []);
    case 'directoryAudit':
      return page(gateway.directoryRecords);
    case 'directoryAuditJson':
      return whole('rooms', gateway.directoryRecords);
    case 'directoryAuditCsv':
      return csv(gateway.directoryRecords);
    case 'preview': {
      const { kind, language, ko, en } = OPERATIONS.preview.query.parse(query);
      const text = (language === 'ko' ? ko : en) ?? room?.message?.text[language] ?? '';
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return `<!doctype html><html lang="${language}"><title>${kind}</title><h1>${kind} ${language}</h1><p id="message">${escaped}</p></html>`;
    }
    case 'keys':
      return { keys: gateway.keys.map(({ key: _, createdAt, ...key }) => ({ ...key, createdAt: rfc3339(createdAt) })) };
    case 'addKey': {
      const { name: named, role } = OPERATIONS.addKey.body.parse(body);
      const key = {
        id: `k${gateway.keys.length}`,
        name: named,
        role,
        key: `made-key-${gateway.keys.length}`,
        createdAt: now,
      };
      gateway.keys.push(key);
      return { id: key.id, name: key.name, role: key.role, key: key.key };
    }
    case 'removeKey':
      gateway.keys = gateway.keys.filter((key) => key.id !== c.req.param('key'));
      return undefined;
  }
}

/** As the gateway keeps and tells times. */
function inUtc({ prequeueAt, opensAt, closesAt }: RoomDetail['schedule']): RoomDetail['schedule'] {
  const utc = (at: string | null) => (at === null ? null : rfc3339(Date.parse(at)));
  return { prequeueAt: utc(prequeueAt), opensAt: rfc3339(Date.parse(opensAt)), closesAt: utc(closesAt) };
}

/** Of one record, what differs from the other: as the log keeps it. */
function differing(one: object, other: object): { [name: string]: Json } {
  const wanted = Object.entries(other) as [string, Json][];
  const values = new Map(wanted.map(([name, value]) => [name, JSON.stringify(value)]));
  return Object.fromEntries(
    (Object.entries(one) as [string, Json][]).filter(([name, value]) => values.get(name) !== JSON.stringify(value)),
  );
}

export function roomDouble(detail: RoomDouble['detail'], changes: Partial<RoomDouble> = {}): RoomDouble {
  return {
    detail,
    version: { site: 1, room: 1 },
    state: 'open',
    flow: 'running',
    message: null,
    numbers: {},
    alarms: [],
    buckets: [],
    records: [],
    changedAt: Date.now() - 600_000,
    inForceAt: Date.now() - 598_000,
    age: 400,
    ...changes,
  };
}
