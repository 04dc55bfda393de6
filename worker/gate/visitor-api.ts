// The addresses under /_fairgate/rooms/{room} that visitors' pages and apps use, and the language switch. Board and status
// are answered from the gateway's view; only join, claim and leave reach the store.

import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { cloudflareWaitingRoom } from '../http/cloudflare-waiting-room.ts';
import { isPreflight, preflightAnswer } from '../http/cors.ts';
import { languageCookie } from '../http/language.ts';
import { problemResponse } from '../http/problems.ts';
import { readText } from '../http/request-body.ts';
import { asPrepared, type RequestEnv } from '../http/request-env.ts';
import { pageBefore, rawPathOf, returnAddress } from '../http/request-target.ts';
import { json, refuse } from '../http/responses.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { currentBoard } from '../views/room-views.ts';
import { readHandOff } from './hand-off.ts';
import { exchange } from './hand-off-exchange.ts';
import { addressesForEverybody } from './next-addresses.ts';
import { proofPage, readableByEverybody } from './proof-response.ts';
import { drawResponse } from './published-draw.ts';
import { latestReceipt, receiptAnswer, receiptResponse } from './receipt-response.ts';
import {
  describeAnswer,
  findRoom,
  findRoomOnRecord,
  loadVisitor,
  requireSameSite,
  type VisitorEnv,
} from './room-middleware.ts';
import { waitAtAddress } from './visit.ts';
import { loadSnapshot, type VisitorParts } from './visitor.ts';
import { type ActionKind, VisitorAction } from './visitor-action.ts';

/** Join, claim and leave carry a return address at most. */
const BODY_BYTES_MAX = 4_096;

const ACTIONS: readonly ActionKind[] = ['join', 'claim', 'leave'];

/** The language switch of a page. */
export const LANGUAGE_PATH = '/_fairgate/language';

/** A receipt's own address, which the switch on it leads back to. */
const RECEIPT_ADDRESS = /^\/_fairgate\/rooms\/[\w-]+\/receipt(?:\?return=[\w%.~-]*)?$/;

const WAIT_PATH = /^\/_fairgate\/rooms\/[^/]+\/wait$/;

/** What a page of another origin may ask for. */
const ADDRESSES = ['board', 'status', 'receipt', ...ACTIONS].map((name) => `/rooms/:room/${name}`);

type Parts = VisitorParts &
  Pick<
    Gateway,
    | 'directory'
    | 'fetchOrigin'
    | 'observations'
    | 'originReports'
    | 'polls'
    | 'proxies'
    | 'publicPages'
    | 'publicUrl'
    | 'stopwatch'
    | 'wait'
  >;

export function visitorApi(gateway: Parts): Hono<RequestEnv> {
  // Faster than the router that Hono takes by itself; it throws at the start for addresses that it cannot tell apart.
  const api = new Hono<RequestEnv>({ router: new RegExpRouter(), getPath: rawPathOf }).basePath('/_fairgate');
  const room = findRoom(gateway);
  const onRecord = findRoomOnRecord(gateway);
  const sameSite = requireSameSite(gateway);
  const loaded = loadVisitor(gateway);

  api.use(asPrepared);
  api.use('/rooms/:room/draw', readableByEverybody);
  api.get('/rooms/:room/board', room, describeAnswer, async (c) => {
    const snapshot = await loadSnapshot(gateway, c.var.room, c.var.background);
    if (snapshot === null) return problemResponse('store-unreachable');
    return new Response(JSON.stringify(currentBoard(snapshot)), {
      headers: {
        'Content-Type': 'application/json',
        'Cache-Control': 'public, max-age=1, stale-while-revalidate=2',
        'Access-Control-Allow-Origin': '*',
        Link: addressesForEverybody(c.var.room.id),
      },
    });
  });

  api.get('/rooms/:room/status', room, describeAnswer, loaded, limitPolls(gateway), async (c) => {
    await c.var.visitor.presentSession();
    const { visitor } = c.var;
    const { board, admission } = visitor;
    if (visitor.status === null || board === null) return problemResponse('store-unreachable');
    if (visitor.status.state === 'completed') await latestReceipt(gateway, visitor);
    const completed = await visitor.receiptOfVisit();
    const status = completed === null ? visitor.status : { ...visitor.status, ...COMPLETED };
    const isAdmitted = status.state === 'admitted' && admission?.kind === 'valid';
    const admittedFrom = isAdmitted ? rfc3339(admission.token.admitAt) : null;
    const receipt = completed && receiptAnswer(completed);
    return visitor.withTokens(
      json({ ...status, admittedFrom, receipt, cfWaitingRoom: cloudflareWaitingRoom(board, status) }),
    );
  });

  api.get('/rooms/:room/draw', onRecord, describeAnswer, async (c) => {
    const snapshot = await loadSnapshot(gateway, c.var.room, c.var.background);
    if (snapshot === null) return problemResponse('store-unreachable');
    try {
      return await drawResponse(gateway.store, c.var.room.id, snapshot, c.req.query('epoch') ?? null);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      console.error(...error.logArguments);
      return problemResponse('store-unreachable');
    }
  });

  api.get('/rooms/:room/proof', onRecord, (c) => proofPage(gateway, c.req.raw, c.var.room));

  api.get('/rooms/:room/receipt', onRecord, describeAnswer, loaded, (c) => {
    return receiptResponse(gateway, c.req.raw, c.var.visitor, c.var.format);
  });

  api.get('/rooms/:room/wait', room, (c) => {
    const onward = { kind: 'back', address: returnAddress(c.req.query('return')) } as const;
    return waitAtAddress(gateway, c.req.raw, { room: c.var.room, onward }, c.var);
  });

  api.get('/rooms/:room/enter', room, (c) => {
    const onward = readHandOff(c.var.room, c.req.url);
    if (onward.kind === 'refused') return refuse(c, onward.problem);
    return waitAtAddress(gateway, c.req.raw, { room: c.var.room, onward }, c.var);
  });

  api.post('/rooms/:room/exchange', room, (c) => exchange(gateway, c.req.raw, c.var.room, c.var.background));

  api.on('OPTIONS', ADDRESSES, room, (c) => {
    return (isPreflight(c.req.raw) ? preflightAnswer(c.req.raw, c.var.room) : null) ?? problemResponse('not-found');
  });

  for (const kind of ACTIONS) {
    const middleware = [room, describeAnswer, sameSite, readReturnAddress, loaded] as const;
    const limited = kind === 'leave' ? limitPolls(gateway) : always;
    api.post(`/rooms/:room/${kind}`, ...middleware, limited, async (c) => {
      const action = new VisitorAction(gateway, c.req.raw, c.var);
      try {
        return await action.perform(kind);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        console.error(...error.logArguments);
        return action.storeUnreachable();
      }
    });
  }

  api.get('/language', (c) => {
    const language = c.req.query('to') === 'en' ? 'en' : 'ko';
    return new Response(null, {
      status: 303,
      headers: {
        Location: afterSwitch(c.req.query('return')) ?? returnAddress(c.req.query('return') ?? refererOf(c)),
        'Set-Cookie': languageCookie(language),
        'Cache-Control': 'no-store',
      },
    });
  });

  return api;
}

/** Of a visit that has a receipt, also where its session's token is gone: what was completed is not called again. */
const COMPLETED = { state: 'completed', ahead: 0, claimBy: null, waitSeconds: null, admittedUntil: null } as const;

const always: MiddlewareHandler = (_c, next) => next();

/**
 * Bounds what one visitor asks for without cost to them. A client without a place costs no more than the board, so it has no
 * limit to share with others.
 */
function limitPolls({ observations, polls }: Pick<Gateway, 'observations' | 'polls'>): MiddlewareHandler<VisitorEnv> {
  return async (c, next) => {
    const { room, visitor } = c.var;
    const id = visitor.knownId;
    const seconds = id === null ? 0 : polls.secondsToWait(`${room.id} ${id}`);
    if (seconds === 0) return next();
    observations.refused(room.id, 'tooOften');
    return problemResponse('too-many-requests', { 'Retry-After': String(seconds) });
  };
}

/** Reads `return` from a form or JSON body; without it, it is the page that the request comes from. */
const readReturnAddress: MiddlewareHandler<VisitorEnv & { Variables: { returnTo: string } }> = async (c, next) => {
  const text = await readText(c.req.raw, BODY_BYTES_MAX);
  if (text === null) return refuse(c, 'body-too-large');
  const requested = text === '' ? {} : parseBody(text, c.req.header('Content-Type'));
  if (requested === null) return refuse(c, 'bad-body');
  c.set('returnTo', returnAddress(requested.return ?? refererOf(c)));
  return next();
};

/** null: the address is for `returnAddress`, which knows none of the gateway's own. */
function afterSwitch(requested: string | undefined): string | null {
  return requested !== undefined && RECEIPT_ADDRESS.test(requested) ? requested : null;
}

/** The page that the request comes from; from the waiting page's own address, where that leads. */
function refererOf(c: Context): string | undefined {
  if (!c.req.raw.headers.has('Referer')) return undefined;
  const { origin } = new URL(c.req.url);
  const before = pageBefore(c.req.raw.headers, origin);
  const page = before === undefined ? null : URL.parse(before, origin);
  return page !== null && WAIT_PATH.test(page.pathname) ? (page.searchParams.get('return') ?? undefined) : before;
}

/** @returns null for a body that is neither a form nor a JSON object */
function parseBody(text: string, contentType = ''): { return?: unknown } | null {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  if (type !== 'application/json') return null;
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' ? body : null;
  } catch {
    return null; // SyntaxError: not JSON
  }
}
