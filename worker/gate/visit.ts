// A request for anything but the gateway's own addresses: facts, the gate's decision, and the answer. Whoever is
// admitted passes in the same request; whoever is not gets a place, a page, the app's JSON, or a clear refusal.

import { positionOf } from '../../queue-core/board.ts';
import type { ClaimReply } from '../../queue-core/command.ts';
import { exempts } from '../../queue-core/paths.ts';
import type { Background, Gateway } from '../gateway.ts';
import { problemResponse } from '../http/problems.ts';
import { clientAddress, isPrefetch, responseFormat } from '../http/request-client.ts';
import { type Routed, returnAddress, routeTo, type Target } from '../http/request-target.ts';
import { refusal, type Shown, visitorPage, waitingJson } from '../http/responses.ts';
import { pageKind } from '../pages/kind.ts';
import { type ForwardOptions, forwardToOrigin, type OriginSignals, OriginUnreachable } from '../proxy/forward.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { type Decision, decide, placeIn, type ResponseFormat } from './decision.ts';
import { Visitor } from './visitor.ts';

/**
 * A slot this near is waited for within the request, so that the visitor sees no page in between. A gateway's copy of the
 * store's time may be behind by the way of an answer, so even a slot that is now can lie ahead.
 */
const SLOT_WAIT_MS_MAX = 1_000;

export async function visit(
  gateway: Gateway,
  request: Request,
  target: Target,
  background: Background,
): Promise<Response> {
  const format = responseFormat(request);
  const routed = routeTo(await gateway.directory.rooms(background), target);
  if (routed.kind === 'nowhere') {
    gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason: 'nowhere' });
    return refusal('not-found', request, format === 'page');
  }
  const { room } = routed;
  const decideFor = (visitor: Visitor) =>
    decide({
      routed,
      format,
      exempt: isExempt(routed, request.method, target.path),
      prefetch: isPrefetch(request),
      admission: visitor.admission,
      queue: visitor.queue,
      snapshot: visitor.snapshot,
      ownTime: gateway.ownTime(),
    });
  let visitor = await Visitor.load(gateway, room, request.headers, background);
  let decision = decideFor(visitor);
  const aheadMs = decision.reason === 'slotAhead' ? slotAheadMs(visitor) : 0;
  if (aheadMs > 0 && aheadMs <= SLOT_WAIT_MS_MAX) {
    await gateway.wait(Math.ceil(aheadMs));
    visitor = await Visitor.load(gateway, room, request.headers, background);
    decision = decideFor(visitor);
  }
  gateway.metrics.count('fairgate_requests_total', { decision: decision.kind, reason: decision.reason });
  if (decision.kind === 'refuse' && decision.reason !== 'nowhere') {
    gateway.observations.refused(room.id, decision.reason);
  }
  try {
    return await new Visit(gateway, request, target, visitor, format, background).carryOut(decision);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    console.error(...error.logArguments);
    return new Visit(gateway, request, target, visitor, format, background).show({ kind: 'storeUnreachable' });
  }
}

/** How long until the slot of the admission token opens, by the store's time as this gateway carries it forward. */
function slotAheadMs({ admission, now }: Visitor): number {
  return admission?.kind === 'valid' ? admission.token.admitAt - now : 0;
}

function isExempt(routed: Routed, method: string, path: string): boolean {
  return routed.kind === 'room' && (method === 'GET' || method === 'HEAD') && exempts(routed.room.exempt, path);
}

class Visit {
  readonly #gateway: Gateway;
  readonly #request: Request;
  readonly #target: Target;
  readonly #visitor: Visitor;
  readonly #format: ResponseFormat;
  readonly #background: Background;

  constructor(
    gateway: Gateway,
    request: Request,
    target: Target,
    visitor: Visitor,
    format: ResponseFormat,
    background: Background,
  ) {
    this.#gateway = gateway;
    this.#request = request;
    this.#target = target;
    this.#visitor = visitor;
    this.#format = format;
    this.#background = background;
  }

  async carryOut(decision: Decision): Promise<Response> {
    switch (decision.kind) {
      case 'refuse':
        return refusal(decision.problem, this.#request, this.#format === 'page');
      case 'pass':
        return this.#pass(decision);
      case 'claim':
        return this.#afterClaim(await this.#visitor.claim(this.#position()));
      case 'join':
        return this.#join();
      case 'show':
        return this.#showWhere(decision.reason);
    }
  }

  async #join(): Promise<Response> {
    const joined = await this.#visitor.join();
    if (joined.kind === 'refused') return this.#showWhere('waiting');
    return joined.claim === null ? this.#showWhere('waiting') : this.#afterClaim(joined.claim);
  }

  async #afterClaim(reply: ClaimReply): Promise<Response> {
    switch (reply.kind) {
      case 'admitted': {
        const aheadMs = reply.admitAt - this.#visitor.now;
        if (aheadMs > SLOT_WAIT_MS_MAX) return this.show({ kind: 'called', admitAt: reply.admitAt });
        if (aheadMs > 0) await this.#gateway.wait(Math.ceil(aheadMs));
        return this.#toOrigin('admitted');
      }
      case 'standby':
        return this.show({ kind: 'standby', standbyAhead: reply.ahead });
      case 'lapsed':
      case 'ended':
        return this.show({ kind: reply.kind });
      case 'waiting':
      case 'refused':
        return this.#showWhere('waiting');
    }
  }

  async #pass(decision: Extract<Decision, { kind: 'pass' }>): Promise<Response> {
    if (decision.renew !== 'no') {
      const renewed = await this.#renewed(decision.renew);
      if (renewed !== null) return renewed;
    }
    return this.#toOrigin(decision.reason);
  }

  /** @returns an answer where the session turns out to be over, else null */
  async #renewed(renew: 'may' | 'must'): Promise<Response | null> {
    try {
      const reply = await this.#visitor.renew();
      if (reply.kind === 'admitted') return null;
      return this.#format === 'other' ? problemResponse('no-admission') : this.show({ kind: 'ended' });
    } catch (error) {
      if (renew === 'may' && error instanceof StoreUnavailable) return null; // The token holds by itself until its end.
      throw error;
    }
  }

  async #toOrigin(reason: Extract<Decision, { kind: 'pass' }>['reason']): Promise<Response> {
    const { room, presented, snapshot } = this.#visitor;
    const passage: ForwardOptions = {
      origin: room.origin,
      target: this.#target,
      admission: reason === 'admitted' || reason === 'operator' ? this.#visitor.admissionToken : null,
      ownBearer: presented.bearer,
      clientAddress: clientAddress(this.#request),
    };
    const askedAt = this.#gateway.ownTime();
    try {
      const { response, word } = await forwardToOrigin(this.#request, passage, this.#gateway.fetchOrigin);
      this.#gateway.metrics.count('fairgate_origin_responses_total', {
        class: `${Math.floor(response.status / 100)}xx`,
      });
      this.#gateway.observations.originAnswered(room.id, response.status, this.#gateway.ownTime() - askedAt);
      if (snapshot !== null) this.#background(this.#gateway.originHealth.note(room, true, snapshot));
      await this.#obey(word, response);
      for (const cookie of this.#visitor.setCookies) response.headers.append('Set-Cookie', cookie);
      return response;
    } catch (error) {
      if (!(error instanceof OriginUnreachable)) throw error;
      console.error(`The origin of room "${room.id}" did not answer:`, error.cause);
      this.#gateway.metrics.count('fairgate_origin_responses_total', { class: 'unreachable' });
      this.#gateway.observations.originUnreachable(room.id);
      // A body comes from the visitor, who can make it slow or break it off: its failure says nothing about the origin.
      if (this.#request.body === null) this.#background(this.#gateway.originHealth.note(room, false, snapshot));
      return this.show({ kind: 'originUnreachable' });
    }
  }

  /** Acts on what the origin says in its answer. An ending is durable before the answer goes out. */
  async #obey({ command, stock }: OriginSignals, response: Response): Promise<void> {
    if (command !== null) {
      try {
        await this.#visitor.end(command === 'complete' ? 'completed' : 'revoked');
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        // Said again in the background; if that fails too, the session ends at its own time.
        this.#background(this.#visitor.end(command === 'complete' ? 'completed' : 'revoked'));
      }
    }
    if (stock !== null && response.ok) this.#reportStock(stock);
  }

  #reportStock({ remaining, asOfSeconds }: NonNullable<OriginSignals['stock']>): void {
    const { snapshot, room } = this.#visitor;
    if (snapshot === null || snapshot.view.board.stock?.remaining === remaining) return;
    const asOf = Math.min(this.#visitor.now, asOfSeconds === null ? this.#visitor.now : asOfSeconds * 1000 + 999);
    const { metrics, store } = this.#gateway;
    this.#background(
      metrics
        .operation('reportStock', store.apply(room.id, [{ kind: 'reportStock', remaining, asOf }]))
        .catch((error) => {
          console.error(`The stock of room "${room.id}" could not be reported:`, error);
        }),
    );
  }

  /** Shows where the visitor stands; a lost store has its own page. */
  async #showWhere(reason: Extract<Decision, { kind: 'show' }>['reason']): Promise<Response> {
    const { board, status, admission } = this.#visitor;
    if (reason === 'storeUnreachable' || board === null || status === null)
      return this.show({ kind: 'storeUnreachable' });
    if (reason === 'slotAhead' && admission?.kind === 'valid') {
      return this.show({ kind: 'called', admitAt: admission.token.admitAt });
    }
    return this.show({ kind: pageKind(board, status) ?? 'waiting' });
  }

  async show(shown: Omit<Shown, 'returnTo'>): Promise<Response> {
    const { board, status } = this.#visitor;
    if (this.#format === 'page') {
      const returnTo = returnAddress(`${this.#target.path}${this.#target.query}`);
      return visitorPage(this.#visitor, this.#request.headers, { ...shown, returnTo });
    }
    if (shown.kind === 'originUnreachable') return problemResponse('origin-unreachable');
    if (board === null || status === null || shown.kind === 'storeUnreachable') {
      return problemResponse('store-unreachable');
    }
    return this.#format === 'json' ? waitingJson(this.#visitor, status, board) : problemResponse('no-admission');
  }

  #position(): number {
    const { snapshot, queue } = this.#visitor;
    if (snapshot === null) return 0;
    const place = placeIn(queue, snapshot.view.board);
    return place === null ? 0 : (positionOf(place.place, snapshot.view.board) ?? 0);
  }
}
