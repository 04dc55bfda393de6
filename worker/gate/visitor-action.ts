// Join, claim and leave, as a visitor's page or an app requests them. Forms are answered with redirects and pages, everything
// else with JSON.

import { positionOf, type Status } from '../../queue-core/board.ts';
import type { ClaimReply } from '../../queue-core/command.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { problemResponse } from '../http/problems.ts';
import { isBrowser, networkOf, type ResponseFormat } from '../http/request-client.ts';
import { json, refusal } from '../http/responses.ts';
import type { VisitorAnswer } from '../pages/model.ts';
import { refusesCookies } from './choice.ts';
import { placeIn } from './decision.ts';
import { nextAddresses } from './next-addresses.ts';
import { receiptAnswer } from './receipt-response.ts';
import type { Visitor } from './visitor.ts';
import { tooManyJoins, type VisitorPage, visitorPage } from './visitor-page.ts';

export type ActionKind = 'join' | 'claim' | 'leave';

/**
 * RFC draft "Idempotency-Key": the client's own random name for one join. A client that knows the key gets the place and its
 * session, so the key is a secret: one that is too short for 128 random bits in base64url is refused.
 */
const IDEMPOTENCY_KEY = /^"?([\x21\x23-\x7e]{22,128})"?$/;

type Parts = Pick<Gateway, 'cookies' | 'metrics' | 'proxies' | 'publicPages'>;

type Outcome = VisitorAnswer['outcome'];
type Result = Pick<VisitorAnswer, 'outcome'> & Partial<VisitorAnswer>;

export class VisitorAction {
  readonly #gateway: Parts;
  readonly #request: Request;
  readonly #visitor: Visitor;
  readonly #returnTo: string;
  readonly #format: ResponseFormat;

  constructor(
    gateway: Parts,
    request: Request,
    { visitor, returnTo, format }: { visitor: Visitor; returnTo: string; format: ResponseFormat },
  ) {
    this.#gateway = gateway;
    this.#request = request;
    this.#visitor = visitor;
    this.#returnTo = returnTo;
    this.#format = format;
  }

  /** @throws StoreUnavailable */
  async perform(kind: ActionKind): Promise<Response> {
    if (this.#visitor.snapshot === null || this.#visitor.snapshot.unreachable) return this.storeUnreachable();
    switch (kind) {
      case 'join':
        return this.#join();
      case 'claim':
        return this.#respond(claimResult(await this.#claim()));
      case 'leave':
        return this.#leave();
    }
  }

  async storeUnreachable(): Promise<Response> {
    return this.#format === 'page' ? this.#page({ kind: 'storeUnreachable' }) : problemResponse('store-unreachable');
  }

  /** One place a browser: a visitor whose place is still valid gets the same one again. */
  async #join(): Promise<Response> {
    const header = this.#request.headers.get('Idempotency-Key');
    const key = header === null ? null : IDEMPOTENCY_KEY.exec(header)?.[1];
    if (key === undefined) return refusal('bad-idempotency-key', this.#request, this.#format === 'page');
    if (refusesCookies(this.#request, this.#visitor.room, this.#gateway.cookies)) return this.#withoutCookies();
    const existing = await this.#claim();
    if (!allowsNewPlace(existing)) {
      return this.#respond(existing.kind === 'waiting' ? { outcome: 'joined' } : claimResult(existing));
    }
    const ids = key === null ? undefined : await this.#joinIds(key);
    const reply = await this.#visitor.join(networkOf(this.#gateway.proxies.clientAddress(this.#request)), { ids });
    if (reply.kind === 'limited') return this.#limited(reply.retrySeconds);
    if (reply.kind === 'refused') return this.#respond({ outcome: 'refused', reason: reply.reason });
    return this.#respond(reply.claim === null ? { outcome: 'joined' } : claimResult(reply.claim));
  }

  /** The ids of join and visitor follow from the client's key, so that a repeated join returns the same place. */
  async #joinIds(key: string): Promise<{ join: string; visitor: string }> {
    const text = new TextEncoder().encode(`fairgate/join ${this.#visitor.room.id} ${key}`);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
    const characters = digest.toBase64({ alphabet: 'base64url', omitPadding: true });
    return { join: characters.slice(22, 33), visitor: characters.slice(0, 22) };
  }

  /** Takes no place. The response brings a cookie, so that a client that has none yet can repeat the request. */
  async #withoutCookies(): Promise<Response> {
    if (this.#format === 'page') return this.#page({ kind: 'cookiesNeeded' });
    return problemResponse('cookies-needed', { 'Set-Cookie': this.#gateway.cookies.check });
  }

  async #limited(retrySeconds: number): Promise<Response> {
    return this.#format === 'page' ? this.#page({ kind: 'tooManyJoins', retrySeconds }) : tooManyJoins(retrySeconds);
  }

  async #claim(): Promise<ClaimReply> {
    const { snapshot, queue, admission } = this.#visitor;
    const token = snapshot === null ? null : placeIn(queue, snapshot.view.board);
    if (snapshot === null || token === null) return { kind: 'refused', reason: 'wrongEpoch' };
    const { board } = snapshot.view;
    const position = positionOf(token.place, board);
    if (position === null) return { kind: 'waiting', ahead: 0 };
    // The view may be older than a session that the visitor has had.
    const hadSession = admission?.kind === 'valid' && admission.token.position === position;
    if (position > board.called && !hadSession) return { kind: 'waiting', ahead: position - board.called - 1 };
    return this.#visitor.claim(position);
  }

  async #leave(): Promise<Response> {
    await this.#visitor.leave();
    this.#visitor.forget();
    return this.#respond({ outcome: 'left' });
  }

  async #respond(result: Result): Promise<Response> {
    this.#gateway.metrics.count('fairgate_requests_total', { decision: 'action', reason: result.outcome });
    if (this.#format === 'page') return this.#respondToForm(result.outcome);
    const { room, presented } = this.#visitor;
    const status = this.#visitor.status as Status;
    // A script of a browser always sends `Origin` with a POST.
    const keepsTokens = presented.app || !isBrowser(this.#request);
    const tokens = keepsTokens ? tokensOf(result.outcome, this.#visitor) : {};
    const completed = result.outcome === 'ended' ? await this.#visitor.receiptOfVisit() : null;
    const receipt = completed && receiptAnswer(completed);
    const answer = { reason: null, standbyAhead: null, admitAt: null, ...result, receipt, status, ...tokens };
    const response = json(answer satisfies VisitorAnswer, statusCode(result.outcome));
    response.headers.set('Link', nextAddresses(room.id, stateAfter(result.outcome, status)));
    return this.#visitor.withTokens(response, keepsTokens);
  }

  /** Without JavaScript: back to the return address, where the gate decides again. */
  async #respondToForm(outcome: Outcome): Promise<Response> {
    if (outcome === 'left') return this.#page({ kind: 'ended' });
    const headers = { Location: this.#returnTo, 'Cache-Control': 'no-store' };
    return this.#visitor.withTokens(new Response(null, { status: 303, headers }));
  }

  #page(options: Omit<VisitorPage, 'returnTo'>): Promise<Response> {
    return visitorPage(this.#gateway, this.#visitor, this.#request, { ...options, returnTo: this.#returnTo });
  }
}

function claimResult(reply: ClaimReply): Result {
  switch (reply.kind) {
    case 'admitted':
      return { outcome: 'admitted', admitAt: rfc3339(reply.admitAt) };
    case 'standby':
      return { outcome: 'standby', standbyAhead: reply.ahead };
    case 'refused':
      return { outcome: 'refused', reason: reply.reason };
    case 'waiting':
    case 'lapsed':
    case 'ended':
      return { outcome: reply.kind };
  }
}

/** Whether a visitor without a usable place may take a new one: theirs is over, of another opening, or was never given. */
function allowsNewPlace(reply: ClaimReply): boolean {
  if (reply.kind === 'lapsed' || reply.kind === 'ended') return true;
  return reply.kind === 'refused' && ['wrongEpoch', 'unknownPosition', 'foreignPosition'].includes(reply.reason);
}

function tokensOf(outcome: Outcome, { queueToken, admissionToken }: Visitor) {
  if (outcome === 'left') return {};
  return {
    ...(queueToken === null ? {} : { queueToken }),
    ...(outcome !== 'admitted' || admissionToken === null ? {} : { admissionToken }),
  };
}

/** What is known of the visitor now: the status is from a view that may be older than the outcome. */
function stateAfter(outcome: Outcome, { state }: Status): Status['state'] {
  switch (outcome) {
    case 'joined':
    case 'waiting':
    case 'refused':
      return state;
    case 'standby':
      return 'called';
    case 'admitted':
      return 'admitted';
    case 'lapsed':
      return 'lapsed';
    case 'ended':
      return 'completed';
    case 'left':
      return 'none';
  }
}

function statusCode(outcome: Outcome): number {
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
