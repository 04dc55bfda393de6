// Serves a fake gateway over HTTP. Requests and replies pass through the contract's own schemas, so that it speaks the operator
// API exactly. How the real gateway behaves is tested elsewhere.

import type { AddressInfo } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import type * as z from 'zod';
import { openingOf, scheduleConsequences } from '../../admin-ui/actions.ts';
import { type Actor, type AuditRecord, faultIn, type Json } from '../../queue-core/audit.ts';
import { isConfirmed } from '../../queue-core/consequences.ts';
import { LATENCY_BOUNDS_MS } from '../../queue-core/document/history-state.ts';
import {
  type Bucket,
  CONSOLE_PATH,
  type Consequences,
  type Live,
  OPERATIONS,
  OPERATOR_PATH,
  type Operation,
  type OperationName,
  ROLES,
  type RoomDetail,
  reachOf,
} from '../../worker/contract/operator-api.ts';
import { type FieldError, type OperatorProblem, PROBLEM_TYPE_BASE } from '../../worker/contract/problem-schema.ts';
import type { Shell } from './built-shell.ts';
import { type FakeGateway, type FakeKey, type FakeRoom, fakeRoom, rfc3339 } from './fake-gateway.ts';

export interface RunningFakeGateway {
  url: string;
  gateway: FakeGateway;
  stop(): void;
}

export async function startFakeGateway(shell: Shell, gateway: FakeGateway): Promise<RunningFakeGateway> {
  const app = new Hono();
  app.get(CONSOLE_PATH, (c) => {
    const language = c.req.header('Accept-Language')?.startsWith('en') ? 'en' : 'ko';
    return c.html(shell.consolePage(language, gateway.provider), 200, {
      'Content-Security-Policy': shell.consolePolicy,
    });
  });
  for (const [name, operation] of Object.entries(OPERATIONS) as [OperationName, Operation][]) {
    app.on(operation.method, `${OPERATOR_PATH}${operation.path.replaceAll(/\{(\w+)\}/g, ':$1')}`, (c) =>
      respond(gateway, name, operation, c),
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
  more: { errors?: FieldError[]; consequences?: Consequences } = {},
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

async function respond(gateway: FakeGateway, name: OperationName, operation: Operation, c: Context): Promise<Response> {
  gateway.requests.push(`${c.req.method} ${c.req.path.slice(OPERATOR_PATH.length)}`);
  if (gateway.isDown) return breakOff(c);
  const override = gateway.overrides.get(name)?.();
  if (override != null) return override;
  const hasCookie = c.req.header('Cookie')?.includes('fairgate-operator=1') ?? false;
  const operator = hasCookie ? gateway.signedIn : null;
  if (operation.role !== null) {
    if (operator === null) return problem(401, 'operator-key');
    if (ROLES.indexOf(operator.role) < ROLES.indexOf(operation.role)) return problem(403, 'role-too-small');
    if (operator.rooms !== null && reachOf(operation) === 'deployment') return problem(403, 'other-room');
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
    const parsed = operation.body.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) return badInput(parsed.error);
    body = parsed.data;
  } else if (operation.bodyType !== undefined) body = await c.req.text();
  const reply = handle(gateway, name, { c, operator, room: room ?? '', query: query?.data, body });
  if (reply instanceof Response) return reply;
  if (operation.answerType !== undefined) {
    const headers: Record<string, string> = { 'Content-Type': `${operation.answerType}; charset=utf-8` };
    if (operation.answerType === 'text/html') {
      headers['Content-Security-Policy'] =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
    }
    return new Response(String(reply), { headers });
  }
  const parsed = operation.answer.parse(reply);
  return parsed === undefined ? new Response(null, { status: 204 }) : Response.json(parsed);
}

/** Ends the connection without a response, as a browser sees it of a gateway that is down. */
function breakOff(c: Context): Response {
  const { incoming } = c.env as HttpBindings;
  incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}

function badInput(error: z.ZodError): Response {
  const errors = error.issues.map(({ path, message }) => ({ field: path.join('.'), detail: message }));
  return problem(422, 'bad-input', { errors });
}

interface Input {
  c: Context;
  operator: FakeKey | null;
  room: string;
  query: unknown;
  body: unknown;
}

const SESSION_MS = 8 * 3_600_000;

/** @returns the reply's body, or a whole response */
function handle(gateway: FakeGateway, name: OperationName, { c, operator, room: id, query, body }: Input): unknown {
  const now = gateway.now();
  const { id: actorId = '', name: actorName = '', role = 'viewer' } = operator ?? {};
  const by: Actor = { id: actorId, name: actorName, role, address: gateway.address };
  const room = gateway.rooms.get(id);
  const session = (key: FakeKey) => ({
    operator: { id: key.id, name: key.name, role: key.role, rooms: key.rooms },
    expiresAt: rfc3339(now + SESSION_MS),
  });
  const changed = (action: string, from: Json, to: Json, mutate: (one: FakeRoom) => void) => {
    if (room === undefined) throw new Error('A change needs a room.');
    mutate(room);
    gateway.record(room, by, action, from, to, now);
    const etag = gateway.etag(room);
    return { outcome: 'changed', at: rfc3339(now), inForceBy: rfc3339(now + gateway.rolloutMs), etag };
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
  const exported = (log: string, records: AuditRecord[]) => ({
    ...{ log, exportedAt: rfc3339(now), whole: faultIn(records) === null, records },
  });
  const csv = (records: AuditRecord[]) =>
    [
      'seq,at,by,action',
      ...records.map(({ seq, at, by: actor, action }) => [seq, at, actor.name, action].join(',')),
    ].join('\r\n');

  switch (name) {
    case 'signIn': {
      const { key } = body as { key: string };
      const found = gateway.keys.find((one) => one.key === key);
      if (found === undefined) {
        gateway.failedSignIns += 1;
        return problem(401, 'wrong-key', {}, { 'Retry-After': String(2 ** (gateway.failedSignIns - 1)) });
      }
      gateway.signedIn = found;
      c.header('Set-Cookie', 'fairgate-operator=1; Path=/; HttpOnly; SameSite=Lax');
      return c.json(OPERATIONS.signIn.answer.parse(session(found)));
    }
    case 'session':
      return operator === null ? problem(401, 'operator-key') : session(operator);
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
      const created = OPERATIONS.createRoom.body.parse(body);
      if (gateway.rooms.has(created.id)) return problem(409, 'room-exists');
      if (created.site.paths.includes('/taken')) return takenRoute();
      const { takesFrom } = gateway.roomPreview;
      if (takesFrom.some((one) => created.confirm.takesFrom?.includes(one.room) !== true)) {
        return problem(409, 'confirmation-needed', { consequences: gateway.roomPreview });
      }
      const { confirm: _, closed, pageOf, ...given } = created;
      const detail = {
        ...given,
        schedule: inUtc(created.schedule),
        ...{ epoch: 1, hasTemplate: pageOf !== undefined, archivedAt: null },
      };
      gateway.rooms.set(created.id, fakeRoom(detail, { state: closed ? 'closed' : 'prequeue', isPlan: closed }));
      return { outcome: 'changed', at: rfc3339(now), inForceBy: rfc3339(now + gateway.rolloutMs), etag: '"1.1"' };
    }
    case 'previewRoom': {
      const { site } = OPERATIONS.previewRoom.body.parse(body);
      return site.paths.includes('/taken') ? takenRoute() : gateway.roomPreview;
    }
    case 'previewSchedule': {
      const { schedule } = OPERATIONS.previewSchedule.body.parse(body);
      const wanted = schedule ?? { opensAt: rfc3339(now), closesAt: null };
      return scheduleConsequences(openingOf(gateway.live(id)), wanted, now);
    }
    case 'messages':
      return { messages: gateway.messages };
    case 'keepMessage': {
      const { text } = OPERATIONS.keepMessage.body.parse(body);
      gateway.messages = [...gateway.messages, { id: `m${gateway.messages.length}`, text }];
      return { messages: gateway.messages };
    }
    case 'dropMessage':
      gateway.messages = gateway.messages.filter((message) => message.id !== c.req.param('message'));
      return { messages: gateway.messages };
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
      const { confirm, ...site } = OPERATIONS.setSite.body.parse(body);
      const { takesFrom } = gateway.roomPreview;
      if (takesFrom.some((one) => confirm.takesFrom?.includes(one.room) !== true)) {
        return problem(409, 'confirmation-needed', { consequences: gateway.roomPreview });
      }
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
      const { confirm, ...given } = OPERATIONS.setSchedule.body.parse(body);
      const schedule = inUtc(given);
      const consequences = scheduleConsequences(openingOf(gateway.live(id)), schedule, now);
      if (!isConfirmed(consequences, confirm)) return problem(409, 'confirmation-needed', { consequences });
      const from = room?.detail.schedule ?? schedule;
      return changed('setSchedule', differing(from, schedule), differing(schedule, from), (one) => {
        one.detail = { ...one.detail, schedule };
        if (one.state === 'closed') one.state = 'prequeue';
        one.isPlan = false;
        if (consequences.opensNow !== null) one.state = 'open';
      });
    }
    case 'cancelOpening':
      return changed('cancelOpening', { cancelled: false }, { cancelled: true }, (one) => {
        Object.assign(one, { state: 'closed', isPlan: true });
        one.moved = { was: one.detail.schedule.opensAt, at: rfc3339(now) };
      });
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
    case 'recommit':
      return changed('recommit', { commitment: 'a' }, { commitment: 'b' }, () => {});
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
    case 'acknowledgeAlarm': {
      const alarm = room?.raised.find(({ kind }) => kind === c.req.param('alarm'));
      if (alarm === undefined) return problem(409, 'alarm-unknown');
      return changed('acknowledgeAlarm', null, { alarm: alarm.kind, number: alarm.number }, () => {
        alarm.acknowledged = { by: actorName, at: rfc3339(now) };
      });
    }
    case 'givePass':
      gateway.record(room as FakeRoom, by, 'givePass', null, { sid: 'x', until: rfc3339(now + 600_000) });
      return {
        expiresAt: rfc3339(now + 600_000),
        link: { address: 'https://booking.example/_fairgate/rooms/vaccine/pass?code=x', useBy: rfc3339(now + 30_000) },
      };
    case 'forecast': {
      const { newUsersPerMinute } = query as { newUsersPerMinute: number };
      const { waiting, newUsersPerMinute: present } = gateway.live(id);
      const outlook = (rate: number) => ({
        waitSeconds: { low: Math.floor((waiting * 60) / (rate * 1.1)), high: Math.ceil((waiting * 60) / (rate * 0.8)) },
        admissionsPerMinute: rate,
        limitedBy: 'rate',
      });
      return { present: outlook(present), proposed: outlook(newUsersPerMinute) };
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
    case 'originCalls':
      return page(room?.calls ?? []);
    case 'audit':
      return page(room?.records ?? []);
    case 'auditJson':
      return exported(id, room?.records ?? []);
    case 'auditCsv':
      return csv(room?.records ?? []);
    case 'report':
      return '<!doctype html><title>Report</title>';
    case 'reportMinutes':
    case 'reportActs':
      return '"at"\r\n';
    case 'evidence':
      return 'PK';
    case 'directoryAudit':
      return page(gateway.directoryRecords);
    case 'directoryAuditJson':
      return exported('rooms', gateway.directoryRecords);
    case 'directoryAuditCsv':
      return csv(gateway.directoryRecords);
    case 'preview': {
      const { kind, language, ko, en } = OPERATIONS.preview.query.parse(query);
      const text = (language === 'ko' ? ko : en) ?? room?.message?.text[language] ?? '';
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return `<!doctype html><html lang="${language}"><title>${kind}</title><h1>${kind} ${language}</h1><p id="message">${escaped}</p></html>`;
    }
    case 'testBeacon':
      return {
        at: rfc3339(now),
        chain: { hash: 'a'.repeat(64), genesisTime: 1_692_803_367, period: 3 },
        round: 27_946_612,
        relays: gateway.relays,
      };
    case 'alarmTargets':
      return { targets: gateway.alarmTargets };
    case 'addAlarmTarget': {
      const { url, ...told } = OPERATIONS.addAlarmTarget.body.parse(body);
      if (url.startsWith('http://')) {
        const errors = [{ field: 'url', detail: 'plain http', cause: { kind: 'notPublic' as const } }];
        return problem(422, 'bad-input', { errors });
      }
      const id = `t${gateway.alarmTargets.length + 1}`;
      const host = new URL(url).origin;
      gateway.alarmTargets.push({ id, ...told, host, canSign: true, formerSecretUntil: null });
      return { id, secret: told.form === 'slack' ? null : `whsec_${id}` };
    }
    case 'changeAlarmTarget': {
      const { url: _, ...told } = OPERATIONS.changeAlarmTarget.body.parse(body);
      gateway.alarmTargets = gateway.alarmTargets.map((one) =>
        one.id === c.req.param('target') ? { ...one, ...told } : one,
      );
      return undefined;
    }
    case 'rotateAlarmTarget':
      return { id: c.req.param('target'), secret: 'whsec_rotated' };
    case 'testAlarmTarget':
      return gateway.alarmTest;
    case 'removeAlarmTarget':
      gateway.alarmTargets = gateway.alarmTargets.filter(({ id: one }) => one !== c.req.param('target'));
      return undefined;
    case 'keys':
      return { keys: gateway.keys.map(({ key: _, createdAt, ...key }) => ({ ...key, createdAt: rfc3339(createdAt) })) };
    case 'addKey': {
      const number = gateway.keys.length;
      const added = OPERATIONS.addKey.body.parse(body);
      const key: FakeKey = {
        ...added,
        expiresAt: added.expiresAt === null ? null : rfc3339(Date.parse(added.expiresAt)),
        lastUse: null,
        id: `k${number}`,
        key: `created-key-${number}`,
        createdAt: now,
      };
      gateway.keys.push(key);
      const { id, name, role, rooms, expiresAt } = key;
      return { id, name, role, rooms, expiresAt, key: key.key };
    }
    case 'removeKey':
      gateway.keys = gateway.keys.filter((key) => key.id !== c.req.param('key'));
      return undefined;
  }
}

function takenRoute(): Response {
  const cause = { kind: 'overlap', room: 'vaccine', place: '*/taken' } as const;
  return problem(422, 'bad-input', { errors: [{ field: 'site.paths', detail: 'Another room has it.', cause }] });
}

/** As the gateway stores and returns times. */
function inUtc({ prequeueAt, opensAt, closesAt, beacon = null }: RoomDetail['schedule']): RoomDetail['schedule'] {
  const utc = (at: string | null) => (at === null ? null : rfc3339(Date.parse(at)));
  return { prequeueAt: utc(prequeueAt), opensAt: rfc3339(Date.parse(opensAt)), closesAt: utc(closesAt), beacon };
}

/** The values of `one` that differ from those of `other`, as the log records a change. */
function differing(one: object, other: object): { [name: string]: Json } {
  const wanted = Object.entries(other) as [string, Json][];
  const values = new Map(wanted.map(([name, value]) => [name, JSON.stringify(value)]));
  return Object.fromEntries(
    (Object.entries(one) as [string, Json][]).filter(([name, value]) => values.get(name) !== JSON.stringify(value)),
  );
}
