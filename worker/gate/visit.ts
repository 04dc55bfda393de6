// A visit: a request for anything but the gateway's own addresses. Collects the facts, has the gate decide, and performs the
// decision: an admitted request is forwarded, any other gets a place, a page, the app's JSON or a refusal.

import type { ClaimReply } from '../../queue-core/command.ts';
import { exempts } from '../../queue-core/paths.ts';
import type { Gateway } from '../gateway.ts';
import { problemResponse } from '../http/problems.ts';
import { clientAddress, isPrefetch, networkOf, type ResponseFormat } from '../http/request-client.ts';
import type { Background } from '../http/request-env.ts';
import { type Routed, returnAddress, routeTo, type Target } from '../http/request-target.ts';
import { refusal } from '../http/responses.ts';
import { pageKind } from '../pages/kind.ts';
import { forwardToOrigin, type OriginSignals, OriginUnreachable } from '../proxy/forward.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { type Decision, decide, type ForwardDecision, type ShowReason } from './decision.ts';
import { Visitor, type VisitorParts } from './visitor.ts';
import { tooManyJoins, type VisitorPage, visitorPage, waitingJson } from './visitor-page.ts';

/**
 * A slot this near is waited for within the request, so that the visitor sees no page in between. This gateway's copy of
 * the store's time may be late by one round trip, so even a slot that is open already can seem to lie ahead.
 */
const SLOT_WAIT_MS_MAX = 1_000;

type VisitParts = VisitorParts & Pick<Gateway, 'fetchOrigin' | 'observations' | 'wait'>;

interface RequestContext {
  background: Background;
  format: ResponseFormat;
}

export async function visit(
  gateway: VisitParts & Pick<Gateway, 'directory'>,
  request: Request,
  target: Target,
  context: RequestContext,
): Promise<Response> {
  const { background, format } = context;
  const routed = routeTo(await gateway.directory.rooms(background), target);
  if (routed.kind === 'nowhere') {
    gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason: 'nowhere' });
    return refusal('not-found', request, format === 'page');
  }
  const { room } = routed;
  const exempt = isExempt(routed, request.method, target.path);
  const prefetch = isPrefetch(request);
  const loadAndDecide = async () => {
    const visitor = await Visitor.load(gateway, room, request.headers, background);
    const { admission, renewal, queue, snapshot } = visitor;
    const facts = { routed, format, exempt, prefetch, admission, renewal, queue, snapshot, ownTime: gateway.ownTime() };
    return { visitor, decision: decide(facts) };
  };
  let { visitor, decision } = await loadAndDecide();
  const aheadMs = decision.reason === 'slotAhead' ? msUntilSlot(visitor) : 0;
  if (aheadMs > 0 && aheadMs <= SLOT_WAIT_MS_MAX) {
    await gateway.wait(Math.ceil(aheadMs));
    ({ visitor, decision } = await loadAndDecide());
  }
  gateway.metrics.count('fairgate_requests_total', { decision: decision.kind, reason: decision.reason });
  if (decision.kind === 'refuse' && decision.reason !== 'nowhere') {
    gateway.observations.refused(room.id, decision.reason);
  }
  const visit = new Visit(gateway, request, target, visitor, context);
  try {
    return await visit.perform(decision);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    console.error(...error.logArguments);
    return visit.show({ kind: 'storeUnreachable' });
  }
}

/** How long until the slot of the admission token opens, by the store's time. */
function msUntilSlot({ admission, now }: Visitor): number {
  return admission?.kind === 'valid' ? admission.token.admitAt - now : 0;
}

function isExempt(routed: Routed, method: string, path: string): boolean {
  return routed.kind === 'room' && (method === 'GET' || method === 'HEAD') && exempts(routed.room.exempt, path);
}

class Visit {
  readonly #gateway: VisitParts;
  readonly #request: Request;
  readonly #target: Target;
  readonly #visitor: Visitor;
  readonly #format: ResponseFormat;
  readonly #background: Background;

  constructor(
    gateway: VisitParts,
    request: Request,
    target: Target,
    visitor: Visitor,
    { background, format }: RequestContext,
  ) {
    this.#gateway = gateway;
    this.#request = request;
    this.#target = target;
    this.#visitor = visitor;
    this.#format = format;
    this.#background = background;
  }

  /** @throws StoreUnavailable */
  async perform(decision: Decision): Promise<Response> {
    switch (decision.kind) {
      case 'refuse':
        return refusal(decision.problem, this.#request, this.#format === 'page');
      case 'forward':
        return this.#renewAndForward(decision);
      case 'claim':
        return this.#afterClaim(await this.#visitor.claim(decision.position));
      case 'join':
        return this.#join();
      case 'show':
        return this.#showStatus(decision.reason);
    }
  }

  async #join(): Promise<Response> {
    const reply = await this.#visitor.join(networkOf(clientAddress(this.#request)));
    if (reply.kind === 'limited') return this.show({ kind: 'tooManyJoins', retrySeconds: reply.retrySeconds });
    if (reply.kind === 'refused' || reply.claim === null) return this.#showStatus('waiting');
    return this.#afterClaim(reply.claim);
  }

  async #afterClaim(reply: ClaimReply): Promise<Response> {
    switch (reply.kind) {
      case 'admitted': {
        const aheadMs = reply.admitAt - this.#visitor.now;
        if (aheadMs > SLOT_WAIT_MS_MAX) return this.show({ kind: 'called', admitAt: reply.admitAt });
        if (aheadMs > 0) await this.#gateway.wait(Math.ceil(aheadMs));
        return this.#forward('admitted');
      }
      case 'standby':
        return this.show({ kind: 'standby', standbyAhead: reply.ahead });
      case 'lapsed':
      case 'ended':
        return this.show({ kind: reply.kind });
      case 'waiting':
      case 'refused':
        return this.#showStatus('waiting');
    }
  }

  async #renewAndForward({ reason, renew }: ForwardDecision): Promise<Response> {
    if (renew === 'repeat') await this.#visitor.repeatRenewal();
    else if (renew !== 'no' && (await this.#hasEnded(renew))) {
      return this.#format === 'other' ? problemResponse('no-admission') : this.show({ kind: 'ended' });
    }
    return this.#forward(reason);
  }

  /** Renews the session. @returns whether it turned out to have ended */
  async #hasEnded(renew: 'may' | 'must'): Promise<boolean> {
    try {
      return (await this.#visitor.renew()).kind !== 'admitted';
    } catch (error) {
      if (renew === 'may' && error instanceof StoreUnavailable) return false; // The token is valid until its own end.
      throw error;
    }
  }

  async #forward(reason: ForwardDecision['reason']): Promise<Response> {
    const { room, presented, admissionToken } = this.#visitor;
    const { fetchOrigin, metrics, observations, ownTime } = this.#gateway;
    // Anyone can request an exempt or outside path, and an operator's look at the site must not change the line.
    const isVisitors = reason === 'admitted';
    const options = {
      origin: room.origin,
      target: this.#target,
      admission: reason === 'admitted' || reason === 'operator' ? admissionToken : null,
      ownBearer: presented.bearer,
      clientAddress: clientAddress(this.#request),
    };
    const startedAt = ownTime();
    try {
      const { response, signals } = await forwardToOrigin(this.#request, options, fetchOrigin);
      metrics.count('fairgate_origin_responses_total', { class: `${Math.floor(response.status / 100)}xx` });
      observations.originAnswered(room.id, response.status, ownTime() - startedAt);
      if (isVisitors) {
        this.#recordHealth(true);
        await this.#applySignals(signals, response);
      }
      // A shared cache may store what needs no admission.
      return options.admission === null ? response : this.#visitor.withCookies(response);
    } catch (error) {
      if (!(error instanceof OriginUnreachable)) throw error;
      console.error(`Origin ${room.origin} of room "${room.id}" did not respond:`, error.cause);
      metrics.count('fairgate_origin_responses_total', { class: 'unreachable' });
      observations.originUnreachable(room.id);
      // A visitor can send a body slowly or abort it, so the failure of a request with one says nothing about the origin.
      if (isVisitors && this.#request.body === null) this.#recordHealth(false);
      return this.show({ kind: 'originUnreachable' });
    }
  }

  /** An origin may refuse a WebSocket by closing the connection, which looks like a failure. */
  #recordHealth(responded: boolean): void {
    if (this.#request.headers.has('Upgrade')) return;
    const { room, snapshot } = this.#visitor;
    this.#background(this.#gateway.originHealth.record(room, responded, snapshot));
  }

  /** Applies what the origin's response tells the gateway. An ending is durable before the visitor gets the response. */
  async #applySignals({ command, stock }: OriginSignals, response: Response): Promise<void> {
    if (command !== null) {
      const end = () => this.#visitor.end(command === 'complete' ? 'completed' : 'revoked');
      try {
        await end();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        // One retry in the background; if it fails too, the session ends at its own time.
        this.#background(end());
      }
    }
    if (stock !== null && response.ok) this.#reportStock(stock);
  }

  #reportStock({ remaining, asOfSeconds }: NonNullable<OriginSignals['stock']>): void {
    const { snapshot, room, now } = this.#visitor;
    if (snapshot === null || snapshot.view.board.stock?.remaining === remaining) return;
    const asOf = asOfSeconds === null ? now : Math.min(now, asOfSeconds * 1000 + 999);
    const { metrics, store } = this.#gateway;
    const report = store.apply(room.id, [{ kind: 'reportStock', remaining, asOf }]);
    this.#background(
      metrics.operation('reportStock', report).catch((error) => {
        console.error(`Reporting stock ${remaining} of room "${room.id}" to the store failed:`, error);
      }),
    );
  }

  /** Shows the visitor their status; without a view of the room, that the store is unreachable. */
  async #showStatus(reason: ShowReason): Promise<Response> {
    const { board, status, admission } = this.#visitor;
    if (reason === 'storeUnreachable' || board === null || status === null) {
      return this.show({ kind: 'storeUnreachable' });
    }
    if (reason === 'slotAhead' && admission?.kind === 'valid') {
      return this.show({ kind: 'called', admitAt: admission.token.admitAt });
    }
    return this.show({ kind: pageKind(board, status) ?? 'waiting' });
  }

  async show(options: Omit<VisitorPage, 'returnTo'>): Promise<Response> {
    const { board, status } = this.#visitor;
    if (this.#format === 'page') {
      const returnTo = returnAddress(`${this.#target.path}${this.#target.query}`);
      return visitorPage(this.#visitor, this.#request.headers, { ...options, returnTo });
    }
    if (options.kind === 'originUnreachable') return problemResponse('origin-unreachable');
    if (options.kind === 'tooManyJoins') return tooManyJoins(options.retrySeconds);
    if (board === null || status === null || options.kind === 'storeUnreachable') {
      return problemResponse('store-unreachable');
    }
    return this.#format === 'json' ? waitingJson(this.#visitor, board, status) : problemResponse('no-admission');
  }
}
