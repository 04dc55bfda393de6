// Forward auth: the gateway beside the site instead of before it. A proxy in front of the site asks for each request, and gets the
// gate's decision: yes with the admission token, 401 with the waiting page's address for a person, 403 for everything else.
// Nothing is taken here, neither a place nor the turn of one: not every proxy hands a new cookie on.

import type { Gateway } from '../gateway.ts';
import { withCors } from '../http/cors.ts';
import type { Problem } from '../http/problem-texts.ts';
import { problemResponse } from '../http/problems.ts';
import { isPrefetch, isSafe, networkOf, type ResponseFormat, responseFormat } from '../http/request-client.ts';
import type { Background } from '../http/request-env.ts';
import {
  isReserved,
  pageBefore,
  returnAddress,
  roomAddress,
  routeTo,
  sameSiteAddress,
} from '../http/request-target.ts';
import { refusal } from '../http/responses.ts';
import { readTold, type ToldRequest } from '../http/told-request.ts';
import { gatewaysField, overridesRequest, pathOverride } from '../proxy/request-fields.ts';
import type { RoomConfig } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import { foreignCookies } from '../tokens/cookies.ts';
import { allAdmit, decidedVisit } from './decided-visit.ts';
import type { Decision } from './decision.ts';
import { isExempt } from './exempt.ts';
import { nextAddresses, waitingAddress, waitingPageFor } from './next-addresses.ts';
import type { Visitor, VisitorParts } from './visitor.ts';

type Parts = VisitorParts & Pick<Gateway, 'directory' | 'observations' | 'proxies' | 'publicUrl' | 'wait'>;

/** Names the problem for a proxy that shows a refusal of its own. */
const PROBLEM_FIELD = 'Fairgate-Problem';

/** Any other status means a fault to some proxies, and some let a request through where the one that they ask has a fault. */
const REFUSED = 403;

/** @param isOversized a header field of the request is longer than the gateway reads */
export async function verifyForProxy(
  gateway: Parts,
  request: Request,
  isOversized: boolean,
  background: Background,
): Promise<Response> {
  const count = (reason: string) => {
    gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason });
  };
  // What the visitor did, in the visitor's format; the method is not known where the question is not.
  const refuse = (problem: Problem, reason: string) => {
    count(reason);
    const isPage = responseFormat({ method: 'GET', headers: request.headers }) === 'page';
    return named(refusal(problem, request, isPage, REFUSED), problem);
  };
  // What the proxy's configuration does, for its operator to read.
  const unusable = (detail: string) => {
    count('unusable');
    return named(problemResponse('verify-unusable', {}, { detail, status: REFUSED }), 'verify-unusable');
  };
  if (isOversized) return refuse('headers-too-large', 'tooLong');
  const told = readTold(gateway.proxies, gateway.publicUrl, request);
  if (told.kind === 'unusable') return unusable(told.detail);
  if (told.kind === 'doubtful') return refuse('doubtful-address', 'doubtful');
  if (gatewaysField(request.headers) !== null) return refuse('gateway-field', 'gatewaysField');
  const override = pathOverride(request.headers);
  if (override !== null) return unusable(`Remove ${override}: some servers run another path because of it.`);
  const verification = new Verification(gateway, request, told, background);
  try {
    return await verification.answer();
  } catch (error) {
    console.error(`Verifying ${told.method} ${told.target.path} failed unexpectedly:`, error);
    return refuse('unexpected', 'unexpected');
  }
}

function named(response: Response, problem: Problem): Response {
  response.headers.set(PROBLEM_FIELD, problem);
  return response;
}

class Verification {
  readonly #gateway: Parts;
  readonly #request: Request;
  readonly #told: ToldRequest;
  readonly #format: ResponseFormat;
  readonly #background: Background;

  constructor(gateway: Parts, request: Request, told: ToldRequest, background: Background) {
    this.#gateway = gateway;
    this.#request = request;
    this.#told = told;
    this.#format = responseFormat({ method: told.method, headers: request.headers });
    this.#background = background;
  }

  async answer(): Promise<Response> {
    const { headers } = this.#request;
    const { method, target } = this.#told;
    if (isReserved(target.read)) return this.#refuse('not-found', 'nowhere', null);
    const routed = routeTo(await this.#gateway.directory.rooms(this.#background), target);
    if (routed.kind === 'nowhere') return this.#refuse('not-found', 'nowhere', null);
    // Forwarded requests lose such fields; here they would reach the site with a request that needs no admission.
    const isPlain = !overridesRequest(headers);
    const isOpen = (room: RoomConfig) => isPlain && isExempt(room, method, target);
    if (routed.kind === 'room' && !(await allAdmit(this.#gateway, routed, headers, isOpen, this.#background))) {
      return this.#refuse('doubtful-address', 'severalRooms', routed.room);
    }
    const facts = {
      routed,
      format: this.#format,
      choice: null,
      isOtherSitesForm: false,
      exempt: routed.kind === 'room' && isOpen(routed.room),
      prefetch: isPrefetch(this.#request),
      preflight: false,
    };
    const { visitor, decision } = await decidedVisit(this.#gateway, headers, facts, this.#background);
    try {
      return await this.#perform(decision, visitor);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      console.error(...error.logArguments);
      return this.#notAdmitted(visitor, 'store-unreachable');
    }
  }

  /** @throws StoreUnavailable */
  async #perform(decision: Decision, visitor: Visitor): Promise<Response> {
    switch (decision.kind) {
      case 'forward':
        return this.#renewAndAdmit(decision, visitor);
      case 'refuse':
        return this.#problem(decision.problem, visitor);
      case 'show':
        return this.#notAdmitted(
          visitor,
          decision.reason === 'storeUnreachable' ? 'store-unreachable' : 'no-admission',
        );
      // Nothing of these is done for a proxy; without a choice the gate does not decide so.
      case 'claim':
      case 'join':
      case 'preflight':
      case 'relay':
        return this.#notAdmitted(visitor, 'no-admission');
    }
  }

  async #renewAndAdmit({ reason, renew }: Extract<Decision, { kind: 'forward' }>, visitor: Visitor): Promise<Response> {
    const { metrics, observations } = this.#gateway;
    if (reason === 'exempt' || reason === 'outside') {
      if (reason === 'exempt') {
        observations.exempted(visitor.room.id);
        metrics.count('fairgate_exempt_requests_total', { room: visitor.room.id });
      }
      return this.#yes(null);
    }
    const reply = await visitor.renewAsDecided(renew);
    if (reply !== null && reply.kind !== 'admitted') return this.#notAdmitted(visitor, 'no-admission');
    // When the request ends is not known here: it counts for its network alone.
    const ended = visitor.beginRequest(networkOf(this.#told.clientAddress));
    if (ended === null) return withCors(this.#refusal('session-overused'), this.#request, visitor.room);
    ended();
    return visitor.withTokens(this.#yes(visitor.admissionToken));
  }

  /**
   * What the proxy copies into the request to the site: the token, and the visitor's cookies without the gateway's. Where there is
   * none, the field is empty: some proxies keep the visitor's own where the answer has no such field.
   */
  #yes(admission: string | null): Response {
    const headers = {
      'Cache-Control': 'no-store',
      'Fairgate-Admission': admission ?? '',
      Cookie: foreignCookies(this.#request.headers.get('Cookie') ?? '') ?? '',
    };
    return new Response(null, { status: this.#told.yes, headers });
  }

  /** A person is led to the waiting page, which says what is the matter; everything else is refused. */
  #notAdmitted(visitor: Visitor, problem: 'no-admission' | 'store-unreachable'): Response {
    const { room } = visitor;
    if (this.#format !== 'page') return this.#problem(problem, visitor);
    const { method, target } = this.#told;
    const isForm = !isSafe(method);
    const address = sameSiteAddress(target);
    const returnTo = isForm ? [pageBefore(this.#request.headers, target.publicOrigin)] : [address, target.path];
    const returns = [...returnTo, roomAddress(room)].map((one) => returnAddress(one));
    const response = named(refusal('admission-needed', this.#request, true), problem);
    const location = waitingPageFor(room.id, returns, isForm);
    response.headers.set('Location', location);
    // For proxies that hand on this answer as it is.
    response.headers.set('Refresh', `0; url=${location}`);
    response.headers.set('WWW-Authenticate', 'Bearer');
    return response;
  }

  /** For clients that show no page: where they take a place, and where a person waits instead. */
  #problem(problem: Problem, { room, status }: Visitor): Response {
    const join = problem === 'no-admission' ? { join: `/_fairgate/rooms/${room.id}/join` } : {};
    const response = named(problemResponse(problem, {}, { ...join, status: REFUSED }), problem);
    response.headers.set('Link', nextAddresses(room.id, status?.state ?? null));
    response.headers.append('Link', waitingAddress(room.id));
    return withCors(response, this.#request, room);
  }

  #refusal(problem: Problem): Response {
    return named(refusal(problem, this.#request, this.#format === 'page', REFUSED), problem);
  }

  #refuse(problem: Problem, reason: string, room: RoomConfig | null): Response {
    this.#gateway.metrics.count('fairgate_requests_total', { decision: 'refuse', reason });
    const response = this.#refusal(problem);
    return room === null ? response : withCors(response, this.#request, room);
  }
}
