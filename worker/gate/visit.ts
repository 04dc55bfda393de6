// A visit: a request for anything but the gateway's own addresses. Collects the facts, has the gate decide, and performs the
// decision: an admitted request is forwarded, any other gets a place, a page, the app's JSON or a refusal.

import type { ClaimReply } from '../../queue-core/command.ts';
import { NEAR_SLOT_MS } from '../../queue-core/limits.ts';
import type { Gateway } from '../gateway.ts';
import { exposeTokens, isPreflight, listedOrigin, preflightAnswer, withCors, withCorsOfHost } from '../http/cors.ts';
import { languageOf } from '../http/language.ts';
import { problemText } from '../http/problem-texts.ts';
import { problemResponse } from '../http/problems.ts';
import { publicTarget } from '../http/public-address.ts';
import { isCrossSite, isPassedOn, isPrefetch, isSafe, networkOf, type ResponseFormat } from '../http/request-client.ts';
import type { Background } from '../http/request-env.ts';
import {
  pageBefore,
  type Routed,
  readTarget,
  returnAddress,
  routeTo,
  sameSiteAddress,
  type Target,
} from '../http/request-target.ts';
import { refusal, relayPage } from '../http/responses.ts';
import { canJoin, pageKind } from '../pages/kind.ts';
import { forwardToOrigin, OriginTimeout, OriginUnreachable } from '../proxy/forward.ts';
import { stockReport } from '../proxy/origin-reports.ts';
import type { OriginCommand, OriginSignals } from '../proxy/origin-signals.ts';
import { endWithSession } from '../proxy/session-stream.ts';
import type { RoomConfig } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import type { Sample } from '../views/health-samples.ts';
import { type VisitChoice, visitChoice } from './choice.ts';
import { allAdmit, decidedVisit } from './decided-visit.ts';
import { type Decision, type ForwardDecision, type ShowReason, statusFor } from './decision.ts';
import { isExempt } from './exempt.ts';
import { mayBeRelayed, relayed, unrelayed } from './form-relay.ts';
import { type HandOff, handOver } from './hand-off.ts';
import { FORM_NOT_SENT, FORM_PARAMETER, nextAddresses, waitingAddress } from './next-addresses.ts';
import { latestReceipt, receiptPage } from './receipt-response.ts';
import { loadSnapshot, type PresentedReceipt, type Visitor, type VisitorParts } from './visitor.ts';
import { tooManyJoins, type VisitorPage, visitorPage, waitingJson } from './visitor-page.ts';

type VisitParts = VisitorParts &
  Pick<
    Gateway,
    | 'fetchOrigin'
    | 'observations'
    | 'originReports'
    | 'polls'
    | 'proxies'
    | 'publicPages'
    | 'publicUrl'
    | 'sessions'
    | 'stopwatch'
    | 'wait'
  >;

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
  const rooms = await gateway.directory.rooms(background);
  const routed = routeTo(rooms, target);
  if (routed.kind === 'nowhere') {
    gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason: 'nowhere' });
    return withCorsOfHost(refusal('not-found', request, format === 'page'), request, rooms);
  }
  const formNotSent = !isSafe(request.method);
  return visitRoom(gateway, request, { routed, target, onward: null, formNotSent }, context);
}

/** Where the waiting page's own address leads once its visitor is admitted. */
export type Onward =
  /** To an address on this site: a page outside the protected paths, whose requests need an admission. */
  { kind: 'back'; address: string } | HandOff;

/** A visit to the waiting page itself. */
export async function waitAtAddress(
  gateway: VisitParts,
  request: Request,
  { room, onward }: { room: RoomConfig; onward: Onward },
  context: RequestContext,
): Promise<Response> {
  const read = readTarget(request.url, request.headers.get('Host'));
  if (read.kind === 'doubtful') return refusal('doubtful-address', request, context.format === 'page');
  const target = publicTarget(read.target, gateway.publicUrl);
  const { searchParams } = new URL(request.url);
  const formNotSent = searchParams.get(FORM_PARAMETER) === FORM_NOT_SENT;
  const routed: Routed = { kind: 'room', room, others: [] };
  return visitRoom(gateway, request, { routed, target, onward, formNotSent }, context);
}

interface Destination {
  routed: Exclude<Routed, { kind: 'nowhere' }>;
  target: Target;
  /** null: the request is for the site. */
  onward: Onward | null;
  /** The visitor sent a form to the site, which does not reach it unless the request is admitted. */
  formNotSent: boolean;
}

async function visitRoom(
  gateway: VisitParts,
  request: Request,
  { routed, target, onward, formNotSent }: Destination,
  context: RequestContext,
): Promise<Response> {
  const { background, format } = context;
  const { room } = routed;
  const isOpen = (each: RoomConfig) => isExempt(each, request.method, target);
  if (routed.kind === 'room' && !(await allAdmit(gateway, routed, request.headers, isOpen, background))) {
    gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason: 'severalRooms' });
    return withCors(refusal('doubtful-address', request, format === 'page'), request, room);
  }
  const exempt = onward === null && routed.kind === 'room' && isExempt(room, request.method, target);
  const prefetch = isPrefetch(request);
  const preflight = isPreflight(request) && listedOrigin(request, room) !== null;
  const choice = visitChoice(request, format, room, gateway.cookies, onward !== null);
  const isOtherSitesForm = format === 'page' && !isSafe(request.method) && isCrossSite(request);
  const facts = { routed, format, choice, isOtherSitesForm, exempt, prefetch, preflight };
  const { visitor, decision } = await decidedVisit(gateway, request.headers, facts, background);
  const visit = new Visit(gateway, request, { target, onward, formNotSent, visitor, choice }, context);
  try {
    return visit.described(await visit.perform(decision));
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    console.error(...error.logArguments);
    return visit.described(await visit.show({ kind: 'storeUnreachable' }));
  }
}

/** A download that ends the visit takes less; a stream that goes on for longer is none. */
const LAST_RESPONSE_MS_MAX = 60_000;

const STRANGER = { state: 'none' } as const;

interface VisitFacts extends Omit<Destination, 'routed'> {
  visitor: Visitor;
  choice: VisitChoice | null;
}

class Visit {
  readonly #gateway: VisitParts;
  readonly #request: Request;
  readonly #target: Target;
  readonly #onward: Onward | null;
  readonly #formNotSent: boolean;
  readonly #choice: VisitChoice | null;
  #visitor: Visitor;
  readonly #format: ResponseFormat;
  readonly #background: Background;
  /** The response is the site's, which describes it itself. */
  #isSites = false;

  constructor(
    gateway: VisitParts,
    request: Request,
    { target, onward, formNotSent, visitor, choice }: VisitFacts,
    { background, format }: RequestContext,
  ) {
    this.#gateway = gateway;
    this.#request = request;
    this.#target = target;
    this.#onward = onward;
    this.#formNotSent = formNotSent;
    this.#choice = choice;
    this.#visitor = visitor;
    this.#format = format;
    this.#background = background;
  }

  /** @throws StoreUnavailable */
  async perform(decision: Decision): Promise<Response> {
    switch (decision.kind) {
      case 'refuse':
        if (decision.problem === 'no-admission') return this.#noAdmission();
        return refusal(decision.problem, this.#request, this.#format === 'page');
      case 'preflight':
        return preflightAnswer(this.#request, this.#visitor.room) ?? this.#noAdmission();
      case 'relay':
        return this.#relay();
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

  /** Adds to an answer of the gateway where a client without pages goes next, and what pages of listed origins may read. */
  described(response: Response): Response {
    if (this.#isSites) return response;
    const { room, status } = this.#visitor;
    if (this.#format !== 'page' && response.status !== 204) {
      const isInside = status?.state === 'admitted';
      response.headers.set('Link', nextAddresses(room.id, status?.state ?? null));
      if (!isInside) response.headers.append('Link', waitingAddress(room.id));
    }
    return withCors(response, this.#request, room);
  }

  /** Sends another site's form through a page of this one; a form that is too long is said to be lost. */
  async #relay(): Promise<Response> {
    const value = await relayed(this.#request);
    if (value === null) return this.#showStatus('noPlace');
    const { room } = this.#visitor;
    const language = languageOf(this.#request.headers, room.languages);
    const page = relayPage({
      language,
      title: room.title[language],
      action: sameSiteAddress(this.#target),
      relayed: value,
    });
    return page.respond(this.#request.headers, problemText('no-admission').status);
  }

  /** For clients that show no page: where they take a place. */
  #noAdmission(): Response {
    return problemResponse('no-admission', {}, { join: `/_fairgate/rooms/${this.#visitor.room.id}/join` });
  }

  async #join(): Promise<Response> {
    const reply = await this.#visitor.join(networkOf(this.#clientAddress), { provisional: true });
    if (reply.kind === 'limited') return this.show({ kind: 'tooManyJoins', retrySeconds: reply.retrySeconds });
    if (reply.kind === 'refused' || reply.claim === null) return this.#showStatus('waiting');
    return this.#afterClaim(reply.claim);
  }

  async #afterClaim(reply: ClaimReply): Promise<Response> {
    switch (reply.kind) {
      case 'admitted': {
        const aheadMs = reply.admitAt - this.#visitor.now;
        if (aheadMs > NEAR_SLOT_MS) return this.show({ kind: 'called', admitAt: reply.admitAt });
        if (aheadMs > 0) await this.#gateway.wait(Math.ceil(aheadMs));
        const response = await this.#forward('admitted');
        if (reply.presentBy !== null) this.#askToComeAgain(response);
        return response;
      }
      case 'standby':
        return this.show({ kind: 'standby', standbyAhead: reply.ahead });
      case 'lapsed':
      case 'ended':
        return this.#afterEnd(reply.kind);
      case 'waiting':
      case 'refused':
        return this.#showStatus('waiting');
    }
  }

  /**
   * A person decides whether to line up again. An app that waits by repeating its request has no button: it joins anew, where
   * the room gives places; the new place is never over at once.
   */
  async #afterEnd(kind: 'lapsed' | 'ended'): Promise<Response> {
    const { board } = this.#visitor;
    const joinsAgain = this.#choice === 'protocol' && board !== null && canJoin(board);
    return joinsAgain ? this.#join() : this.show({ kind });
  }

  /** Has the browser present its provisional session at once, even where the page asks for nothing else of this site. */
  #askToComeAgain({ headers }: Response): void {
    if (!headers.get('Content-Type')?.startsWith('text/html')) return;
    headers.append('Link', `</_fairgate/rooms/${this.#visitor.room.id}/status>; rel=preload; as=fetch; crossorigin`);
  }

  async #renewAndForward({ reason, renew }: ForwardDecision): Promise<Response> {
    const reply = await this.#visitor.renewAsDecided(renew);
    if (reply === null || reply.kind === 'admitted') return this.#forward(reason);
    if (this.#format === 'other') return this.#noAdmission();
    return reply.kind === 'ended' ? this.#afterEnd('ended') : this.#afterClaim(reply);
  }

  get #clientAddress(): string | null {
    return this.#gateway.proxies.clientAddress(this.#request);
  }

  /** Whether the session is over by now. An open stream is activity: it extends the session where the policy says so. */
  async #isOver(): Promise<boolean> {
    try {
      this.#visitor = await this.#visitor.again(this.#background);
      return !(await this.#visitor.stillAdmits());
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return false;
    }
  }

  async #forward(reason: ForwardDecision['reason']): Promise<Response> {
    if (this.#onward !== null) return this.#goOn(this.#onward);
    const { room, presented, admissionToken } = this.#visitor;
    const { fetchOrigin, metrics, observations, stopwatch } = this.#gateway;
    // Anyone can request an exempt or outside path, and an operator's look at the site must not change the line.
    const isVisitors = reason === 'admitted';
    if (reason === 'exempt') {
      observations.exempted(room.id);
      metrics.count('fairgate_exempt_requests_total', { room: room.id });
    }
    const options = {
      site: room,
      target: this.#target,
      admission: reason === 'admitted' || reason === 'operator' ? admissionToken : null,
      byMethod: reason === 'exempt',
      ownBearer: presented.bearer,
      clientAddress: this.#clientAddress,
    };
    const ended = options.admission === null ? () => {} : this.#visitor.beginRequest(networkOf(options.clientAddress));
    if (ended === null) return refusal('session-overused', this.#request, this.#format === 'page');
    const startedAt = stopwatch();
    const sample = isVisitors ? this.#healthSample() : null;
    try {
      const request = options.admission === null ? this.#request : await unrelayed(this.#request);
      const { response, signals } = await forwardToOrigin(request, options, fetchOrigin);
      metrics.count('fairgate_origin_responses_total', { class: `${Math.floor(response.status / 100)}xx` });
      const latencyMs = stopwatch() - startedAt;
      metrics.originAnswered(room.id, latencyMs);
      observations.originAnswered(room.id, response.status, latencyMs);
      sample?.answered(response.status, stopwatch());
      for (const field of isVisitors ? signals.unread : [])
        metrics.count('fairgate_origin_fields_unread_total', { field });
      if (isVisitors) await this.#applySignals(signals, response);
      if (isVisitors && this.#isErrorForPerson(response, signals)) {
        ended();
        return this.#originError(response);
      }
      // A shared cache may store what needs no admission.
      this.#isSites = true;
      if (options.admission === null) return response;
      if (this.#visitor.hasTokenFields) exposeTokens(response, this.#request, room);
      if (signals.command === null || signals.command.kind === 'readmit') {
        const isOver = () => this.#isOver();
        return this.#visitor.withTokens(endWithSession(response, { isOver, ended, background: this.#background }));
      }
      // The response that ends the session is sent whole, as far as it ends by itself.
      const isOver = async () => stopwatch() - startedAt > LAST_RESPONSE_MS_MAX;
      return this.#visitor.withTokens(endWithSession(response, { isOver, ended, background: this.#background }));
    } catch (error) {
      ended();
      if (!(error instanceof OriginUnreachable)) throw error;
      console.error(`Origin ${room.origin} of room "${room.id}" did not respond:`, error.cause);
      metrics.count('fairgate_origin_responses_total', { class: 'unreachable' });
      observations.originUnreachable(room.id);
      sample?.failed();
      return this.show({ kind: 'originUnreachable', timedOut: error instanceof OriginTimeout });
    }
  }

  async #goOn(onward: Onward): Promise<Response> {
    if (onward.kind === 'back') {
      const headers = { Location: onward.address, 'Cache-Control': 'no-store' };
      return this.#visitor.withTokens(new Response(null, { status: 303, headers }));
    }
    // Only a browser that shows the page follows with what the site kept in it.
    if (this.#format !== 'page' || isPrefetch(this.#request)) return this.#noAdmission();
    const response = await handOver(this.#gateway, this.#visitor, onward);
    if (response === null) return this.show({ kind: 'storeUnreachable' });
    if (response.kind === 'refused') return refusal(response.problem, this.#request, true);
    this.#gateway.metrics.count('fairgate_requests_total', { decision: 'handOff', reason: 'code' });
    return this.#visitor.withTokens(response.response);
  }

  /**
   * A person who has waited meets an error page of the site, which says nothing of their turn. What the outcome of a form is, and what a
   * script or a frame gets, is for the site to say; and where the visit is over, no turn is kept.
   */
  #isErrorForPerson({ status }: Response, { command, keepsErrorPage }: OriginSignals): boolean {
    const { method, headers } = this.#request;
    const destination = headers.get('Sec-Fetch-Dest');
    return (
      status >= 500 &&
      !keepsErrorPage &&
      (command === null || command.kind === 'readmit') &&
      method === 'GET' &&
      this.#format === 'page' &&
      (destination === null || destination === 'document' || isPassedOn(headers)) &&
      !headers.has('Upgrade') &&
      // A script without Fetch metadata.
      !headers.has('X-Requested-With')
    );
  }

  /** Shows the visitor that their turn is kept. Cookies of the site count although its page is not shown. */
  async #originError(response: Response): Promise<Response> {
    const page = await this.show({ kind: 'originError', originStatus: response.status });
    for (const line of response.headers.getSetCookie()) page.headers.append('Set-Cookie', line);
    this.#background(Promise.resolve(response.body?.cancel()).catch(() => {})); // It may have ended, or failed, by itself.
    return page;
  }

  /** null: the request says nothing about the origin's health. An origin may refuse a WebSocket by closing the connection. */
  #healthSample(): Sample | null {
    const { room, admission } = this.#visitor;
    const { observations, stopwatch } = this.#gateway;
    const { headers, body, signal } = this.#request;
    if (admission?.kind !== 'valid' || headers.has('Upgrade')) return null;
    const sample = observations.sample(room.id, admission.token.sid, body !== null, stopwatch());
    if (sample !== null) signal.addEventListener('abort', () => sample.abandoned(), { once: true });
    return sample;
  }

  /** Applies what the origin's response tells the gateway. An ending is durable before the visitor gets the response. */
  async #applySignals({ command, stock, overloadSeconds }: OriginSignals, response: Response): Promise<void> {
    const { originReports } = this.#gateway;
    const { room } = this.#visitor;
    // An error says nothing of what is left; a redirect, as after a form, does.
    const left = response.status < 500 ? stock : null;
    // The store's time now: another request may have brought a number since this one began.
    const hasNews = left !== null || overloadSeconds !== null;
    const snapshot = hasNews ? await loadSnapshot(this.#gateway, room, this.#background) : null;
    if (command !== null) {
      await this.#obey(command, left === null || snapshot === null ? [] : [stockReport(left, snapshot.now)]);
    }
    if (snapshot === null) return;
    const reports = [
      left === null || command !== null ? null : originReports.stock(room, left, snapshot),
      overloadSeconds === null ? null : originReports.overload(room, overloadSeconds, snapshot),
    ];
    for (const report of reports) if (report !== null) this.#background(report);
  }

  /** @param before what the response says is left: one act with the ending, so that the vacancy is filled by what is left now */
  async #obey(command: OriginCommand, before: ReturnType<typeof stockReport>[]): Promise<void> {
    const obey = () => this.#visitor.obey(command, before);
    try {
      await obey();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      // One retry in the background; if it fails too, the session ends at its own time.
      this.#background(obey());
    }
  }

  /** Shows the visitor their status; without a view of the room, that the store is unreachable. */
  async #showStatus(reason: ShowReason): Promise<Response> {
    const { admission, snapshot } = this.#visitor;
    if (reason === 'storeUnreachable' || snapshot === null) return this.show({ kind: 'storeUnreachable' });
    // The page of a stranger is the same for everybody: nothing is computed for this one.
    const { isStranger } = this.#visitor;
    const status = isStranger ? STRANGER : statusFor(snapshot, this.#visitor.queue, admission);
    if (status.state === 'completed') await latestReceipt(this.#gateway, this.#visitor);
    if (!isStranger && (await this.#visitor.receiptOfVisit()) !== null) return this.show({ kind: 'ended' });
    if (reason === 'slotAhead' && admission?.kind === 'valid') {
      return this.show({ kind: 'called', admitAt: admission.token.admitAt });
    }
    return this.show({
      kind: pageKind(snapshot.view.board, status) ?? (reason === 'noPlace' ? 'newcomer' : 'waiting'),
    });
  }

  async show(options: Omit<VisitorPage, 'returnTo'>): Promise<Response> {
    if (this.#format === 'page') {
      const [formNotSent, returnTo] = [this.#formNotSent, this.#returnTo()];
      // The receipt's page does not say that a form was lost.
      if (options.kind === 'ended' && !formNotSent) {
        const receipt = await this.#visitor.receiptOfVisit();
        if (receipt !== null) return this.#receiptPage(receipt, returnTo);
      }
      return visitorPage(this.#gateway, this.#visitor, this.#request, { formNotSent, returnTo, ...options });
    }
    if (options.kind === 'originUnreachable') {
      return problemResponse(options.timedOut ? 'origin-timeout' : 'origin-unreachable');
    }
    if (options.kind === 'tooManyJoins') return tooManyJoins(options.retrySeconds);
    const { board, status } = this.#visitor;
    if (board === null || status === null || options.kind === 'storeUnreachable') {
      return problemResponse('store-unreachable');
    }
    return this.#format === 'json' ? waitingJson(this.#gateway, this.#visitor, board, status) : this.#noAdmission();
  }

  #receiptPage(receipt: PresentedReceipt, returnTo: string | null): Response {
    const { path, query } = this.#target;
    const back = this.#onward?.kind === 'back' ? this.#onward.address : null;
    const address = returnTo ?? back ?? returnAddress(path + query);
    return receiptPage(this.#gateway, this.#request, this.#visitor, receipt, { address, returnTo: address });
  }

  /** A page goes back to its own address; after a form, to the page of this site that the form was on. */
  #returnTo(): string | null {
    const { method, headers } = this.#request;
    if (isSafe(method)) return null;
    // Another site's form, sent again by the gateway's page at the same address: that page shows nothing by GET.
    return mayBeRelayed(this.#request) ? '/' : returnAddress(pageBefore(headers, this.#target.publicOrigin));
  }
}
