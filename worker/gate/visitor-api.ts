// The addresses under /_fairgate/rooms/{room}: what visitors' pages and apps ask for. Board and status answer from the
// gateway's view; only join, claim and leave touch the store. Forms are answered with redirects and pages, apps with JSON.

import { type Context, Hono } from 'hono';
import { positionOf, type Status } from '../../queue-core/board.ts';
import type { ClaimReply } from '../../queue-core/command.ts';
import type { Background, Gateway } from '../gateway.ts';
import { cloudflareWaitingRoom } from '../http/cloudflare-waiting-room.ts';
import { problemResponse } from '../http/problems.ts';
import { readText } from '../http/request-body.ts';
import { isBrowser } from '../http/request-client.ts';
import { returnAddress } from '../http/request-target.ts';
import { json, languageCookie, refusal, type Shown, visitorPage } from '../http/responses.ts';
import { usePass } from '../operators/pass.ts';
import type { VisitorAnswer } from '../pages/model.ts';
import type { RoomConfig } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { placeIn } from './decision.ts';
import { Visitor } from './visitor.ts';

/** Join, claim and leave carry a return address at the most. */
const BODY_BYTES_MAX = 4_096;

/** RFC draft "Idempotency-Key": a client's own random name for one wish; long enough not to be guessed. */
const IDEMPOTENCY_KEY = /^"?([\x21\x23-\x7e]{16,128})"?$/;

export interface RequestEnv {
  Variables: { background: Background };
}

type RequestContext = Context<RequestEnv>;

export function visitorApi(gateway: Gateway): Hono<RequestEnv> {
  const api = new Hono<RequestEnv>();

  const roomOf = async (c: RequestContext): Promise<RoomConfig | undefined> =>
    (await gateway.directory.rooms(c.var.background)).find(({ id }) => id === c.req.param('room'));

  const meet = async (c: RequestContext): Promise<Visitor | Response> => {
    const room = await roomOf(c);
    if (room === undefined) return problemResponse('not-found');
    const visitor = await Visitor.load(gateway, room, c.req.raw.headers, c.var.background);
    if (!visitor.presented.bearer || visitor.queue?.kind !== 'invalid') return visitor;
    gateway.observations.refused(room.id, 'badToken');
    return problemResponse('bad-token', { 'WWW-Authenticate': 'Bearer' });
  };

  api.get('/rooms/:room/board', async (c) => {
    const room = await roomOf(c);
    if (room === undefined) return problemResponse('not-found');
    const seen = await gateway.views.read(room, c.var.background);
    if (seen === null) return problemResponse('store-unreachable');
    if (seen.view.originFailing) c.var.background(gateway.originHealth.probe(room, seen));
    return new Response(JSON.stringify({ ...seen.view.board, serverTime: new Date(seen.now).toISOString() }), {
      headers: {
        'Content-Type': 'application/json',
        'Cache-Control': 'public, max-age=1, stale-while-revalidate=2',
        'Access-Control-Allow-Origin': '*',
      },
    });
  });

  api.get('/rooms/:room/status', async (c) => {
    const visitor = await meet(c);
    if (visitor instanceof Response) return visitor;
    const seconds = gateway.polls.secondsToWait(pollKey(visitor));
    if (seconds > 0) {
      gateway.observations.refused(visitor.room.id, 'tooOften');
      return problemResponse('too-many-requests', { 'Retry-After': String(seconds) });
    }
    const { status, board } = visitor;
    if (status === null || board === null) return problemResponse('store-unreachable');
    return json({ ...status, cfWaitingRoom: cloudflareWaitingRoom(board, status) });
  });

  api.post('/rooms/:room/:wish{join|claim|leave}', async (c) => {
    const refused = refuseForeign(c.req.raw);
    if (refused !== null) {
      const room = await roomOf(c);
      if (room !== undefined) gateway.observations.refused(room.id, 'crossSite');
      return refused;
    }
    const body = await readReturn(c.req.raw);
    if (body instanceof Response) return body;
    const visitor = await meet(c);
    if (visitor instanceof Response) return visitor;
    const wish = new VisitorAction(gateway, c.req.raw, visitor, body.returnTo);
    try {
      return await wish.perform(c.req.param('wish') as 'join' | 'claim' | 'leave');
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      console.error(...error.logArguments);
      return wish.unreachable();
    }
  });

  api.get('/rooms/:room/pass', async (c) => {
    const room = await roomOf(c);
    return room === undefined ? problemResponse('not-found') : usePass(gateway, c.req.raw, room, c.var.background);
  });

  api.get('/language', (c) => {
    const language = c.req.query('to') === 'en' ? 'en' : 'ko';
    return new Response(null, {
      status: 303,
      headers: {
        Location: returnAddress(c.req.query('return')),
        'Set-Cookie': languageCookie(language),
        'Cache-Control': 'no-store',
      },
    });
  });

  return api;
}

class VisitorAction {
  readonly #gateway: Gateway;
  readonly #request: Request;
  readonly #visitor: Visitor;
  readonly #returnTo: string;
  readonly #wantsJson: boolean;

  constructor(gateway: Gateway, request: Request, visitor: Visitor, returnTo: string) {
    this.#gateway = gateway;
    this.#request = request;
    this.#visitor = visitor;
    this.#returnTo = returnTo;
    this.#wantsJson = !/\btext\/html\b/i.test(request.headers.get('Accept') ?? '');
  }

  async perform(wish: 'join' | 'claim' | 'leave'): Promise<Response> {
    if (this.#visitor.snapshot === null || this.#visitor.snapshot.unreachable) return this.unreachable();
    switch (wish) {
      case 'join':
        return this.#join();
      case 'claim':
        return this.#afterClaim(await this.#claim());
      case 'leave':
        return this.#leave();
    }
  }

  async unreachable(): Promise<Response> {
    if (this.#wantsJson) return problemResponse('store-unreachable');
    return this.#page({ kind: 'storeUnreachable' });
  }

  /** One place a browser: whoever has a place that still counts gets that one again. */
  async #join(): Promise<Response> {
    const held = this.#visitor.queue === null ? null : await this.#claim();
    if (held !== null && held.kind !== 'lapsed' && held.kind !== 'ended' && !isUseless(held)) {
      return held.kind === 'waiting' ? this.#answer({ outcome: 'joined' }) : this.#afterClaim(held);
    }
    const key = IDEMPOTENCY_KEY.exec(this.#request.headers.get('Idempotency-Key') ?? '')?.[1];
    const joined = key === undefined ? await this.#visitor.join() : await this.#joinOnce(key);
    if (joined.kind === 'refused') return this.#answer({ outcome: 'refused', reason: joined.reason });
    return joined.claim === null ? this.#answer({ outcome: 'joined' }) : this.#afterClaim(joined.claim);
  }

  /** A join named by the client: the same name brings the same place, although nothing is stored about it. */
  async #joinOnce(key: string) {
    const text = new TextEncoder().encode(`fairgate/join ${this.#visitor.room.id} ${key}`);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text)).toBase64({
      alphabet: 'base64url',
      omitPadding: true,
    });
    return this.#visitor.join(digest.slice(22, 33), digest.slice(0, 22));
  }

  async #claim(): Promise<ClaimReply> {
    const { snapshot, queue } = this.#visitor;
    const place = snapshot === null ? null : placeIn(queue, snapshot.view.board);
    if (snapshot === null || place === null) return { kind: 'refused', reason: 'wrongEpoch' };
    const { board } = snapshot.view;
    const position = positionOf(place.place, board);
    if (position === null) return { kind: 'waiting', ahead: 0 };
    if (position > board.called) return { kind: 'waiting', ahead: position - board.called - 1 };
    return this.#visitor.claim(position);
  }

  async #afterClaim(reply: ClaimReply): Promise<Response> {
    switch (reply.kind) {
      case 'admitted':
        return this.#answer({ outcome: 'admitted', admitAt: new Date(reply.admitAt).toISOString() });
      case 'standby':
        return this.#answer({ outcome: 'standby', standbyAhead: reply.ahead });
      case 'refused':
        return this.#answer({ outcome: 'refused', reason: reply.reason });
      case 'waiting':
      case 'lapsed':
      case 'ended':
        return this.#answer({ outcome: reply.kind });
    }
  }

  async #leave(): Promise<Response> {
    await this.#visitor.end('left');
    this.#visitor.forget();
    return this.#answer({ outcome: 'left' });
  }

  async #answer(said: Pick<VisitorAnswer, 'outcome'> & Partial<VisitorAnswer>): Promise<Response> {
    this.#gateway.metrics.count('fairgate_requests_total', { decision: 'wish', reason: said.outcome });
    const { status, setCookies, queueToken, admissionToken } = this.#visitor;
    if (!this.#wantsJson) return this.#formAnswer(said);
    const tokens = isBrowser(this.#request) ? {} : tokensOf(said.outcome, queueToken, admissionToken);
    const answer = { reason: null, standbyAhead: null, admitAt: null, ...said, status: status as Status, ...tokens };
    const response = json(answer satisfies VisitorAnswer, httpStatus(said.outcome));
    for (const cookie of setCookies) response.headers.append('Set-Cookie', cookie);
    return response;
  }

  /** Without JavaScript: back to where the visitor wanted to go, where the gate decides again. */
  async #formAnswer(said: Pick<VisitorAnswer, 'outcome'>): Promise<Response> {
    if (said.outcome === 'left') return this.#page({ kind: 'ended' });
    const response = new Response(null, {
      status: 303,
      headers: { Location: this.#returnTo, 'Cache-Control': 'no-store' },
    });
    for (const cookie of this.#visitor.setCookies) response.headers.append('Set-Cookie', cookie);
    return response;
  }

  #page(shown: Omit<Shown, 'returnTo'>): Promise<Response> {
    return visitorPage(this.#visitor, this.#request.headers, { ...shown, returnTo: this.#returnTo });
  }
}

function tokensOf(outcome: VisitorAnswer['outcome'], queueToken: string | null, admissionToken: string | null) {
  if (outcome === 'left') return {};
  return {
    ...(queueToken === null ? {} : { queueToken }),
    ...(outcome !== 'admitted' || admissionToken === null ? {} : { admissionToken }),
  };
}

/** A place of another opening, or one that was never given, is no reason to refuse a new one. */
function isUseless(reply: ClaimReply): boolean {
  return reply.kind === 'refused' && ['wrongEpoch', 'unknownPosition', 'foreignPosition'].includes(reply.reason);
}

function httpStatus(outcome: VisitorAnswer['outcome']): number {
  switch (outcome) {
    case 'joined':
    case 'admitted':
    case 'left':
      return 200;
    case 'waiting':
    case 'standby':
      return 202;
    case 'refused':
      return 409;
    case 'lapsed':
    case 'ended':
      return 410;
  }
}

/** A visitor by their id; a stranger by nothing, because an address may be a whole town. */
function pollKey({ queue, room }: Visitor): string {
  return queue === null || queue.kind === 'invalid' ? `${room.id} strangers` : `${room.id} ${queue.token.visitor}`;
}

/** State changes come from this site's own pages or from apps, never from another site's page (Fetch metadata). */
function refuseForeign(request: Request): Response | null {
  const site = request.headers.get('Sec-Fetch-Site');
  const origin = request.headers.get('Origin');
  const host = request.headers.get('Host');
  const foreign =
    (site !== null && site !== 'same-origin' && site !== 'none') ||
    (origin !== null && URL.parse(origin)?.host !== host?.toLowerCase());
  return foreign
    ? refusal('cross-site-request', request, /\btext\/html\b/i.test(request.headers.get('Accept') ?? ''))
    : null;
}

/** Reads `return` from a form or JSON body; no body is the front page. */
async function readReturn(request: Request): Promise<{ returnTo: string } | Response> {
  const text = await readText(request, BODY_BYTES_MAX);
  if (text === null) return problemResponse('body-too-large');
  if (text === '') return { returnTo: '/' };
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') {
    return { returnTo: returnAddress(new URLSearchParams(text).get('return')) };
  }
  try {
    const body: unknown = JSON.parse(text);
    if (type !== 'application/json' || typeof body !== 'object' || body === null) return problemResponse('bad-body');
    return { returnTo: returnAddress('return' in body ? body.return : '/') };
  } catch {
    return problemResponse('bad-body'); // SyntaxError: not JSON
  }
}
