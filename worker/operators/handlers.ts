// What each operation does. Changes go to the store as commands, with who makes them and on which version; reads answer
// from the gateway's view, so that many consoles cost the store no more than one.

import { waitingIn } from '../../queue-core/board.ts';
import { stageAfter } from '../../queue-core/change.ts';
import type { Change, ChangeReply } from '../../queue-core/command.ts';
import {
  type DirectoryChange,
  type DirectoryReply,
  type DirectoryRoom,
  type DirectoryView,
  OWNER_KEY_ID,
} from '../../queue-core/directory.ts';
import { forecast } from '../../queue-core/forecast.ts';
import { bucketKey, LATENCY_BOUNDS_MS } from '../../queue-core/history.ts';
import { HISTORY_BUCKET_MS, PASS_USE_MS, ROWS_PER_PAGE_MAX, VIEW_STALE_MS_MAX } from '../../queue-core/limits.ts';
import type { Page } from '../../queue-core/machine.ts';
import { stageOf } from '../../queue-core/opening.ts';
import type { EpochMs } from '../../queue-core/room.ts';
import { epochMs, rfc3339 } from '../../queue-core/time.ts';
import type { Changed, OperationName, RoomDetail, RoomSummary, Session } from '../contract/operator-api.ts';
import type { FieldError, OperatorProblem } from '../contract/problem-schema.ts';
import { templateFault } from '../http/custom-page.ts';
import { operatorProblem } from '../http/problems.ts';
import { isBrowser } from '../http/request-client.ts';
import { json } from '../http/responses.ts';
import { momentOf, policyOf, type RoomConfig, routeTakenText, siteOf } from '../settings.ts';
import { DIRECTORY_MS_MAX, roomConfigOf } from '../views/room-directory.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import type { Asked, Handlers } from './api.ts';
import { directoryFor, type Principal, signIn } from './auth.ts';
import { bucketInWords, liveOf } from './live.ts';
import { logAsCsv, logAsJson } from './log-export.ts';
import { PASS_MS, passLink, passToken } from './pass.ts';
import { previewPage } from './preview.ts';
import { etagOf, type Versions } from './versions.ts';

export const HANDLERS: Handlers = {
  async signIn({ gateway, c, body }) {
    const signed = await signIn(gateway, body.key, c.req.raw, c.var.background);
    if (signed instanceof Response) return signed;
    const { token, who } = signed;
    const response = json(sessionOf(who));
    const seconds = ((who.session?.expiresAt ?? 0) - gateway.ownTime()) / 1000;
    response.headers.append('Set-Cookie', gateway.cookies.setOperator(token, seconds));
    return response;
  },

  async session({ who }) {
    return json(sessionOf(who));
  },

  async signOut(asked) {
    const { gateway, who } = asked;
    if (who.session !== null) {
      const { sid, expiresAt } = who.session;
      const reply = await changeDirectory(asked, { kind: 'signOut', sid, until: expiresAt });
      if (reply.kind === 'refused') return directoryProblem(reply);
    }
    const response = new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } });
    response.headers.append('Set-Cookie', gateway.cookies.setOperator('', 0));
    return response;
  },

  async rooms(asked) {
    const directory = await directoryOf(asked);
    if (directory instanceof Response) return directory;
    const rooms = await Promise.all(
      directory.rooms.map(async (room): Promise<RoomSummary> => {
        const seen = await asked.gateway.views.read(roomConfigOf(room), asked.c.var.background);
        const board = seen?.view.board;
        return {
          id: room.id,
          title: room.site.title,
          state: board?.state ?? null,
          opensAt: board?.opensAt ?? null,
          waiting: board === undefined ? null : waitingIn(board),
          active: board?.active ?? null,
          archivedAt: room.archivedAt === null ? null : rfc3339(room.archivedAt),
        };
      }),
    );
    return json({ rooms: rooms.toSorted((a, b) => Number(a.archivedAt !== null) - Number(b.archivedAt !== null)) });
  },

  async createRoom(asked) {
    const { gateway, c, body } = asked;
    const site = siteOf(body.id, body.site);
    const { prequeueAt, opensAt, closesAt } = body.schedule;
    const schedule = {
      prequeueAt: momentOf(prequeueAt),
      opensAt: epochMs(opensAt),
      closesAt: momentOf(closesAt),
      beacon: null,
    };
    const settings = { room: body.id, policy: policyOf(body.policy), schedule };
    const change: DirectoryChange = { kind: 'putRoom', room: body.id, ifVersion: null, site, settings };
    const reply = await changeDirectory(asked, change);
    if (reply.kind !== 'changed') return directoryProblem(reply);
    const room: RoomConfig = { id: body.id, ...site, queue: settings, version: reply.version };
    const seen = await gateway.views.read(room, c.var.background);
    const stage = seen === null ? 'ahead' : stageOf(seen.view.board.state);
    return changed(reply, { site: reply.version, room: seen?.view.live.version ?? 1, stage }, DIRECTORY_MS_MAX);
  },

  async room(asked) {
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    const { room, entry, seen, etag } = found;
    const { title, hosts, paths, exempt, origin, audience, timeZone, outside, languages, expectedVisitors } = room;
    const { policy, board, live } = seen.view;
    const detail: RoomDetail = {
      id: room.id,
      site: { title, hosts, paths, exempt, origin, audience, timeZone, outside, languages, expectedVisitors },
      policy: {
        newUsersPerMinute: policy.newUsersPerMinute,
        totalActiveUsers: policy.totalActiveUsers,
        sessionMinutes: policy.sessionMs / 60_000,
        sessionRenewal: policy.sessionRenewal,
        claimWindowMinutes: policy.claimWindowMs / 60_000,
        queueingStatusCode: policy.queueingStatusCode,
      },
      schedule: {
        prequeueAt: live.schedule.prequeueAt === null ? null : rfc3339(live.schedule.prequeueAt),
        opensAt: board.opensAt,
        closesAt: board.closesAt,
      },
      epoch: board.epoch,
      state: board.state,
      flow: live.flow,
      message: board.message,
      hasTemplate: room.template !== null,
      archivedAt: entry.archivedAt === null ? null : rfc3339(entry.archivedAt),
      etag,
    };
    return withEtag(json(detail), etag);
  },

  setSite: (asked) =>
    changeSite(asked, (room, ifVersion) => {
      const site = siteOf(room, asked.body);
      return { kind: 'putRoom', room, ifVersion, site, settings: null };
    }),

  setPolicy: (asked) => changeRoom(asked, () => ({ kind: 'setPolicy', policy: policyOf(asked.body) })),

  setSchedule: (asked) =>
    changeRoom(asked, () => {
      const { prequeueAt, opensAt, closesAt } = asked.body;
      const times = { prequeueAt: momentOf(prequeueAt), opensAt: epochMs(opensAt), closesAt: momentOf(closesAt) };
      return { kind: 'setSchedule', schedule: { ...times, beacon: null }, secret: asked.gateway.secret() };
    }),

  setMessage: (asked) => changeRoom(asked, () => ({ kind: 'setMessage', text: asked.body.text })),

  async setTemplate(asked) {
    const fault = templateFault(asked.text);
    if (fault !== null) {
      const cause = { kind: 'template', at: fault.at } as const;
      return operatorProblem('bad-input', {}, { errors: [{ field: 'template', detail: fault.text, cause }] });
    }
    return changeSite(asked, (room, ifVersion) => ({ kind: 'setTemplate', room, ifVersion, html: asked.text }));
  },

  removeTemplate: (asked) =>
    changeSite(asked, (room, ifVersion) => ({ kind: 'setTemplate', room, ifVersion, html: null })),

  async archiveRoom(asked) {
    const entry = await entryOf(asked);
    if (entry instanceof Response) return entry;
    // Somebody may just have opened it: neither a kept view nor the site's version alone would show that.
    asked.gateway.views.outdate(roomConfigOf(entry));
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    if (found.seen.unreachable) return operatorProblem('store-unreachable');
    const { board, live } = found.seen.view;
    if (asked.versions?.room !== live.version) return operatorProblem('changed-meanwhile');
    if (board.state !== 'closed') return operatorProblem('not-closed');
    return changeSite(asked, (room, ifVersion) => ({ kind: 'archiveRoom', room, ifVersion }));
  },

  openNow: (asked) => changeRoom(asked, () => ({ kind: 'openNow', secret: asked.gateway.secret() })),
  pause: (asked) => changeRoom(asked, () => ({ kind: 'setFlow', flow: 'paused' })),
  hold: (asked) => changeRoom(asked, () => ({ kind: 'setFlow', flow: 'held' })),
  resume: (asked) => changeRoom(asked, () => ({ kind: 'setFlow', flow: 'running' })),
  close: (asked) => changeRoom(asked, () => ({ kind: 'close' })),
  revokeAll: (asked) => changeRoom(asked, () => ({ kind: 'revokeAll' })),

  async endSession(asked) {
    const position = Number(/^[1-9]\d{0,11}$/.exec(asked.c.req.param('position') ?? '')?.[0] ?? Number.NaN);
    if (Number.isNaN(position)) return operatorProblem('session-unknown');
    return changeRoom(asked, () => ({ kind: 'endSession', position }));
  },

  /** The way past the line is a short signed token for one room, recorded before it is given; nothing else opens a room. */
  async givePass(asked) {
    const { gateway, c } = asked;
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    const { room, entry, seen } = found;
    if (entry.archivedAt !== null) return operatorProblem('room-archived');
    const [sid, issuedAt] = [gateway.randomId(12), seen.now];
    const expiresAt = issuedAt + PASS_MS;
    const useBy = isBrowser(c.req.raw) ? issuedAt + PASS_USE_MS : null;
    const recorded = await sendChange(asked, room, { kind: 'givePass', sid, expiresAt, useBy }, null);
    if (recorded.kind !== 'changed') return roomProblem(recorded);
    gateway.metrics.count('fairgate_requests_total', { decision: 'operatorPass', reason: 'given' });
    const given = { expiresAt: rfc3339(expiresAt) };
    if (useBy !== null)
      return json({ ...given, link: await passLink(gateway, room, asked.who.actor.id, sid, issuedAt) });
    const admissionToken = await passToken(gateway, room, seen.view.board.epoch, { sid, issuedAt });
    return json({ ...given, admissionToken });
  },

  async live(asked) {
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    return withEtag(json(liveOf(found.room, found.seen, found.etag)), found.etag);
  },

  async forecast(asked) {
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    const { view } = found.seen;
    const { newUsersPerMinute, totalActiveUsers, sessionMinutes } = asked.query;
    const proposed = { ...view.policy, newUsersPerMinute, totalActiveUsers, sessionMs: sessionMinutes * 60_000 };
    return json({ present: forecast(view, view.policy), proposed: forecast(view, proposed) });
  },

  async history(asked) {
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    const { since, after, limit } = asked.query;
    const first = since === undefined ? after : Math.max(after, bucketKey(epochMs(since)));
    const page = { after: first, limit: Math.min(limit, ROWS_PER_PAGE_MAX) };
    const rows = await asked.gateway.store.rows(found.room.id, 'history', page);
    const last = rows.at(-1);
    return json({
      bucketSeconds: HISTORY_BUCKET_MS / 1000,
      latencyBoundsMs: [...LATENCY_BOUNDS_MS],
      buckets: rows.map(bucketInWords),
      next: last === undefined || rows.length < page.limit ? null : bucketKey(last.at),
    });
  },

  async audit(asked) {
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    return logPage(await asked.gateway.store.rows(found.room.id, 'audit', asked.query), asked.query.limit);
  },

  async auditJson(asked) {
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    const { room, seen } = found;
    const { store, ownTime } = asked.gateway;
    const readLog = (page: Page) => store.rows(room.id, 'audit', page);
    return logAsJson(room.id, readLog, rfc3339(ownTime()), seen.view.live.audit);
  },

  async auditCsv(asked) {
    const found = await lookedAt(asked);
    if (found instanceof Response) return found;
    return logAsCsv(found.room.id, (page) => asked.gateway.store.rows(found.room.id, 'audit', page));
  },

  async preview(asked) {
    const found = await lookedAt(asked);
    return found instanceof Response ? found : previewPage(found.room, found.seen, asked.query);
  },

  async directoryAudit({ gateway, query }) {
    return logPage(await gateway.store.directory.rows('audit', query), query.limit);
  },

  async directoryAuditJson(asked) {
    const directory = await directoryOf(asked);
    if (directory instanceof Response) return directory;
    const { store, ownTime } = asked.gateway;
    const readLog = (page: Page) => store.directory.rows('audit', page);
    return logAsJson('rooms', readLog, rfc3339(ownTime()), directory.audit);
  },

  async directoryAuditCsv({ gateway }) {
    return logAsCsv('rooms', (page) => gateway.store.directory.rows('audit', page));
  },

  async keys(asked) {
    const directory = await directoryOf(asked);
    if (directory instanceof Response) return directory;
    const keys = directory.keys.map(({ id, name, role, createdAt }) => ({
      id,
      name,
      role,
      createdAt: rfc3339(createdAt),
    }));
    return json({ keys });
  },

  async addKey(asked) {
    const { gateway, body } = asked;
    const key = gateway.randomId(32);
    const made = { id: gateway.randomId(6), ...body };
    const reply = await changeDirectory(asked, { kind: 'addKey', key: { ...made, digest: gateway.digest(key) } });
    return reply.kind === 'changed' ? json({ ...made, key }) : directoryProblem(reply, 'keys-full');
  },

  async removeKey(asked) {
    const key = asked.c.req.param('key') ?? '';
    if (key === OWNER_KEY_ID) return operatorProblem('owners-key');
    const reply = await changeDirectory(asked, { kind: 'removeKey', key });
    if (reply.kind !== 'changed') return directoryProblem(reply);
    return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } });
  },
};

type AnyAsked = Asked<OperationName>;
/** What the functions below need of a request, whatever was asked. */
type Asking = Pick<AnyAsked, 'gateway' | 'c' | 'who' | 'versions' | 'text'> & { body: unknown };

interface LookedAt {
  room: RoomConfig;
  entry: DirectoryRoom;
  seen: RoomSnapshot;
  etag: string;
}

function directoryOf({ gateway, c }: Asking): Promise<DirectoryView | Response> {
  return directoryFor(gateway, c.req.raw, c.var.background);
}

async function entryOf(asked: Asking): Promise<DirectoryRoom | Response> {
  const directory = await directoryOf(asked);
  if (directory instanceof Response) return directory;
  return directory.rooms.find(({ id }) => id === asked.c.req.param('room')) ?? operatorProblem('not-found');
}

async function lookedAt(asked: Asking): Promise<LookedAt | Response> {
  const entry = await entryOf(asked);
  if (entry instanceof Response) return entry;
  const room = roomConfigOf(entry);
  const seen = await asked.gateway.views.read(room, asked.c.var.background);
  if (seen === null) return operatorProblem('store-unreachable');
  const { board, live } = seen.view;
  return { room, entry, seen, etag: etagOf({ site: entry.version, room: live.version, stage: stageOf(board.state) }) };
}

/** Changes the room's own state, on the version that was looked at where the contract asks for one. */
async function changeRoom(asked: Asking, change: () => Change): Promise<Response> {
  const found = await lookedAt(asked);
  if (found instanceof Response) return found;
  const { entry, room, seen } = found;
  if (entry.archivedAt !== null) return operatorProblem('room-archived');
  const wanted = change();
  const reply = await sendChange(asked, room, wanted, asked.versions?.room ?? null);
  if (reply.kind === 'conflict' && asked.versions === null) return operatorProblem('if-match-needed');
  if (reply.kind === 'conflict' || reply.kind === 'refused') return roomProblem(reply);
  const stage = stageAfter(wanted, reply.kind === 'changed' ? reply.at : seen.now, stageOf(seen.view.board.state));
  return changed(reply, { site: entry.version, room: reply.version, stage }, VIEW_STALE_MS_MAX);
}

async function sendChange(asked: Asking, room: RoomConfig, change: Change, ifVersion: number | null) {
  const { metrics, store, views } = asked.gateway;
  const [id, by] = [wishId(asked, change.kind), asked.who.actor];
  // On the other side of the opening or the closing these begin a new opening, and the line that stands is gone.
  const hangsOnStage = change.kind === 'setSchedule' || change.kind === 'openNow';
  const ifStage = hangsOnStage && asked.versions !== null ? { ifStage: asked.versions.stage } : {};
  const wish = { kind: 'change', id, by, ifVersion, ...ifStage, change } as const;
  const [reply] = await metrics.operation('change', store.apply(room.id, [wish]));
  views.outdate(room);
  return reply;
}

async function changeSite(
  asked: Asking,
  change: (room: string, ifVersion: number) => DirectoryChange,
): Promise<Response> {
  const found = await lookedAt(asked);
  if (found instanceof Response) return found;
  const reply = await changeDirectory(asked, change(found.room.id, asked.versions?.site ?? 0));
  if (reply.kind === 'conflict' || reply.kind === 'refused') return directoryProblem(reply);
  const { board, live } = found.seen.view;
  const versions = { site: reply.version, room: live.version, stage: stageOf(board.state) };
  return changed(reply, versions, DIRECTORY_MS_MAX);
}

async function changeDirectory(asked: Asking, change: DirectoryChange) {
  const { gateway, who } = asked;
  const id = wishId(asked, change.kind);
  const [reply] = await gateway.store.directory.apply([{ kind: 'change', id, by: who.actor, change }]);
  gateway.directory.invalidate();
  return reply;
}

/** Changes that make something new to tell, or that end the asker's own session: one that is repeated is another one. */
const NEVER_REPEATED: readonly string[] = ['givePass', 'addKey', 'signOut'] satisfies (
  | Change['kind']
  | DirectoryChange['kind']
)[];

/**
 * A change that the client names is made once, however often it is sent; others get a name of their own. The name holds
 * for one operator, one address and one content, so that it cannot stand in for a change that was never made.
 */
function wishId({ gateway, c, who, body, text }: Asking, kind: string): string {
  const key = c.req.header('Idempotency-Key');
  if (key === undefined || NEVER_REPEATED.includes(kind)) return gateway.randomId(16);
  const wish = [who.actor.id, c.req.method, c.req.path, c.req.header('If-Match') ?? null, body ?? null, text, key];
  return gateway.digest(JSON.stringify(wish)).slice(0, 32);
}

function changed(
  reply: { kind: 'changed'; at: EpochMs } | { kind: 'unchanged' },
  versions: Versions,
  spreadMs: number,
): Response {
  const etag = etagOf(versions);
  const at = reply.kind === 'changed' ? reply.at : null;
  const answer: Changed = {
    outcome: reply.kind,
    at: at === null ? null : rfc3339(at),
    inForceBy: at === null ? null : rfc3339(at + spreadMs),
    etag,
  };
  return withEtag(json(answer), etag);
}

function roomProblem(reply: ChangeReply): Response {
  if (reply.kind === 'conflict') return operatorProblem('changed-meanwhile');
  switch (reply.kind === 'refused' ? reply.reason : null) {
    case 'alreadyOpen':
      return operatorProblem('already-open');
    case 'alreadyClosed':
      return operatorProblem('already-closed');
    case 'unknownPosition':
      return operatorProblem('session-unknown');
    case 'logFull':
      return operatorProblem('log-full');
    // Passes are taken up at the site, not here.
    case 'passSpent':
    case null:
      return operatorProblem('unexpected');
  }
}

function directoryProblem(reply: DirectoryReply, full: OperatorProblem = 'rooms-full'): Response {
  if (reply.kind === 'conflict') return operatorProblem('changed-meanwhile');
  return reply.kind === 'refused' ? refusedByDirectory(reply, full) : operatorProblem('unexpected');
}

function refusedByDirectory(refusal: Extract<DirectoryReply, { kind: 'refused' }>, full: OperatorProblem): Response {
  switch (refusal.reason) {
    case 'exists':
      return operatorProblem('room-exists');
    case 'routeTaken': {
      const { route: place, by: room } = refusal;
      const cause = { kind: 'overlap', room, place } as const;
      const errors: FieldError[] = [{ field: 'site.paths', detail: routeTakenText(refusal), cause }];
      return operatorProblem('bad-input', {}, { errors });
    }
    case 'unknownRoom':
    case 'unknownKey':
      return operatorProblem('not-found');
    case 'archived':
      return operatorProblem('room-archived');
    case 'ownersKey':
      return operatorProblem('owners-key');
    case 'full':
      return operatorProblem(full);
    case 'logFull':
      return operatorProblem('log-full');
  }
}

function logPage(records: { seq: number }[], limit: number): Response {
  const last = records.at(-1);
  return json({ records, next: last === undefined || records.length < limit ? null : last.seq });
}

function sessionOf({ actor, session }: Principal): Session {
  const { id, name, role } = actor;
  return { operator: { id, name, role }, expiresAt: session === null ? null : rfc3339(session.expiresAt) };
}

function withEtag(response: Response, etag: string): Response {
  response.headers.set('ETag', etag);
  return response;
}
