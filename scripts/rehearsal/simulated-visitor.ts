// One visitor. The page's own script decides when to poll, claim and enter, and what to do when the network fails. This file
// simulates the person and the browser around it: opens pages, stores cookies, loses the network, opens a second tab, gives
// up, leaves. It records what the visitor observes and judges nothing.

import { decodeJwt } from 'jose';
import type { Board, Status } from '../../queue-core/board.ts';
import type { PageModel, VisitorAnswer } from '../../worker/pages/model.ts';
import { visit } from '../../worker/pages/page-script.ts';
import { aheadIn } from '../../worker/pages/page-text.ts';
import { attemptRequest, goesToOrigin, judgeAttempt } from './attempts.ts';
import type {
  Attempt,
  AttemptKind,
  ObservedPlace,
  ObservedSession,
  RequestKind,
  VisitorEnd,
  VisitorRecord,
} from './event-log.ts';
import { jsonIn, type Network, type Outcome, type OutgoingRequest, type ReceivedResponse } from './network.ts';
import type { VisitorPlan } from './plan.ts';

/** What all visitors of a rehearsal share. */
export interface VisitorContext {
  network: Network;
  /** The origin's own address, where it was given. */
  origin: Network | null;
  room: string;
  deepLink: string;
  /** The id of a key that the gateway publishes, for forged tokens. */
  kid: string;
  /** A genuine token of another room. */
  otherRoomToken: string | null;
  /** The gateway's time. */
  now(): number;
  onBoard(board: Board): void;
  onAttempt(attempt: Attempt): void;
}

/** A person reloads a page that does not load after this; doubled each time up to the maximum. */
const RELOAD_MS = 1_000;
const RELOAD_MS_MAX = 10_000;
/** The network fails within this after a request was sent: before, while and after the gateway handles it. */
const LOST_WITHIN_MS = 60;
/** A visitor who leaves retries this often before closing the tab. */
const LEAVES_MAX = 3;
/** After this a session that was left must be refused everywhere. */
const ENDED_REFUSED_MS = 3_500;
/** Attempts before the opening stop this long before it, so that no response comes after it. */
const BEFORE_OPENING_MS = 2_000;

/** What a browser sends when a person opens a page, and when the page's script makes a request. */
const NAVIGATION = {
  Accept: 'text/html',
  'Accept-Language': 'ko',
  'Accept-Encoding': 'gzip',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'none',
};
const SCRIPT_REQUEST = { 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'same-origin' };

export class SimulatedVisitor {
  readonly record: VisitorRecord;
  readonly done: Promise<void>;
  readonly #plan: VisitorPlan;
  readonly #context: VisitorContext;
  readonly #cookies: Map<string, string>;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #attempts: AttemptKind[];
  #cookiePrefix = '';
  #joinsToLose: number;
  #claimsToLose: number;
  #position: number | null = null;
  #tabsToOpen: number;
  #lastAlone: Promise<unknown> = Promise.resolve();
  #inLine = false;
  #gone = false;
  #resolveDone: () => void = () => {};

  constructor(plan: VisitorPlan, context: VisitorContext) {
    this.#plan = plan;
    this.#context = context;
    this.#cookies = new Map(Object.entries(plan.cookies));
    this.#attempts = [...plan.attempts];
    this.#joinsToLose = plan.losesJoins;
    this.#claimsToLose = plan.losesClaims;
    this.#tabsToOpen = plan.tabs;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.record = {
      number: plan.number,
      arrivedAt: null,
      intent: plan.intent,
      lostJoins: 0,
      lostClaims: 0,
      withheldPlaces: [],
      slowestMs: 0,
      tabs: plan.tabs,
      places: [],
      shown: [],
      estimate: null,
      sessions: [],
      insideAt: null,
      leaveSentAt: null,
      endedAt: null,
      end: 'notArrived',
    };
  }

  arrive(): void {
    if (this.#gone) return;
    this.record.arrivedAt = this.#context.now();
    this.record.end = 'noResponse';
    for (const [name, value] of this.#cookies) this.#readCookie(name, value);
    if (this.#plan.intent === 'noShow') this.#after(this.#plan.patienceMs, () => this.#giveUp());
    void this.#openPage(this.#plan.path, 1);
  }

  /** Ends this visitor with the rehearsal. */
  stop(): void {
    this.#finish(this.record.end);
  }

  #giveUp(): void {
    if (this.#inLine && this.record.insideAt === null) this.#finish('neverCameBack');
    else if (this.record.insideAt === null) this.#after(1_000, () => this.#giveUp());
  }

  #finish(end: VisitorEnd): void {
    if (this.#gone) return;
    this.#gone = true;
    this.record.end = end;
    this.record.endedAt = this.#context.now();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#resolveDone();
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#gone) action();
    }, ms);
    this.#timers.add(timer);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  /** Opens an address as a browser does, and reloads until a page of the gateway or the origin comes. */
  async #openPage(path: string, tab: number): Promise<void> {
    for (let waitMs = RELOAD_MS; !this.#gone; waitMs = Math.min(RELOAD_MS_MAX, 2 * waitMs)) {
      const admitted = this.#cookies.has(this.#cookieName('admission'));
      const outcome = await this.#send({
        kind: admitted ? 'enter' : 'page',
        path,
        headers: NAVIGATION,
      });
      if (this.#gone) return;
      if (outcome.kind === 'response') {
        const model = pageModelIn(outcome);
        if (model === null && isFromOrigin(outcome)) return this.#arriveInside(path);
        if (model !== null && model.kind !== 'badRequest') return this.#waitOn({ ...model, returnTo: path }, tab);
      }
      await this.#pause(waitMs);
    }
  }

  #waitOn(model: PageModel, tab: number): void {
    if (this.record.places.length > 0) this.#noteInLine();
    if (model.board !== null) this.#readBoard(model.board);
    if (model.status !== null) this.#readStatus(model.status);
    this.#noteShown(model, tab);
    if (this.#gone) return;
    const first = this.#openTab(model, tab);
    for (; this.#tabsToOpen > 1; this.#tabsToOpen--) this.#openTab(model, this.#tabsToOpen);
    if (this.#plan.intent === 'leaveLine') this.#after(this.#plan.patienceMs, () => first.press('leave'));
  }

  #noteInLine(): void {
    this.#inLine = true;
    if (this.record.end === 'noResponse') this.record.end = 'waiting';
  }

  #openTab(model: PageModel, tab: number): ReturnType<typeof visit> {
    const { random } = this.#plan;
    let open = true;
    let close = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    return visit(
      model,
      {
        fetch: async (path, init) => {
          const outcome = open && !this.#gone ? await this.#fetchFor(path, init) : null;
          // The script of a closed tab never continues.
          if (outcome === null || !open || this.#gone) return new Promise<never>(() => {});
          if (outcome.kind === 'lost') throw new TypeError(outcome.reason);
          const hasNoBody = outcome.status === 204 || outcome.status === 304;
          return new Response(hasNoBody ? null : outcome.text, { status: outcome.status, headers: outcome.headers });
        },
        monotonicMs: () => performance.now(),
        random: random.next,
        alone: (work) => this.#alone(work, closed),
        key: () => `${Math.floor(random.next() * 2 ** 32)}-${crypto.randomUUID()}`,
        go: (path) => {
          open = false;
          close();
          void this.#openPage(path, tab);
        },
      },
      ({ model: shown }) => {
        if (!open) return;
        const { kind } = shown;
        this.#noteShown(shown, tab);
        if (kind === 'lapsed' && this.#inLine) this.#finish('lapsed');
        else if (kind === 'soldOut' || kind === 'closed') this.#finish('turnedAway');
      },
      false,
    );
  }

  /** As a browser's lock, which its tabs share, and which a closed tab gives up. */
  #alone<T>(work: () => Promise<T>, closed: Promise<void>): Promise<T> {
    const result = this.#lastAlone.then(work);
    this.#lastAlone = Promise.race([result.catch(() => {}), closed]);
    return result;
  }

  /** A request of the page's script: lost where the plan says so, and its response recorded. */
  async #fetchFor(path: string, init: RequestInit): Promise<Outcome | null> {
    const kind = requestKind(path);
    if (kind === 'claim' && this.#plan.intent === 'noShow') {
      this.#giveUp();
      return null;
    }
    const lose = this.#losesNow(kind);
    // The other half is cut off at some moment: before the gateway has it, while it works, or after.
    const withhold = lose && kind === 'join' && this.#plan.random.next() < 0.5;
    const outcome = await this.#send({
      kind,
      path,
      method: init.method === 'POST' || init.method === 'HEAD' ? init.method : 'GET',
      headers: { ...SCRIPT_REQUEST, ...Object.fromEntries(new Headers(init.headers)) },
      ...(lose && !withhold ? { loseAfterMs: this.#plan.random.between(0, LOST_WITHIN_MS) } : {}),
      withhold,
    });
    if (withhold && outcome.kind === 'response') return { kind: 'lost', reason: 'the answer did not arrive' };
    if (this.#gone || outcome.kind === 'lost') return outcome;
    if (outcome.headers['content-type']?.startsWith('application/json')) this.#readDocument(kind, outcome.text);
    return outcome;
  }

  #losesNow(kind: RequestKind): boolean {
    if (kind === 'join' && this.#joinsToLose > 0) {
      this.#joinsToLose--;
      this.record.lostJoins++;
      return true;
    }
    if (kind === 'claim' && this.#claimsToLose > 0) {
      this.#claimsToLose--;
      this.record.lostClaims++;
      return true;
    }
    return false;
  }

  /** @param request `withhold`: the answer is recorded and does not reach the visitor */
  async #send({ withhold = false, ...request }: OutgoingRequest & { withhold?: boolean }): Promise<Outcome> {
    const withCookies = request.kind !== 'board' && this.#cookies.size > 0;
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (request.kind === 'leave') this.record.leaveSentAt ??= this.#context.now();
    const sentAt = performance.now();
    const outcome = await this.#context.network.send({
      ...request,
      headers: { ...(withCookies ? { Cookie: cookies } : {}), ...request.headers },
    });
    this.record.slowestMs = Math.max(this.record.slowestMs, performance.now() - sentAt);
    if (outcome.kind !== 'response') return outcome;
    for (const line of outcome.setCookies) {
      if (withhold) this.#recordWithheld(line);
      else this.#storeCookie(line);
    }
    return outcome;
  }

  #readDocument(kind: RequestKind, text: string): void {
    const document = jsonIn(text);
    if (document === null) return;
    switch (kind) {
      case 'board':
        this.#readBoard(document as Board);
        return;
      case 'status':
        this.#readStatus(document as Status);
        return;
      case 'join':
      case 'claim':
      case 'leave': {
        const { outcome, status } = document as VisitorAnswer;
        if (status !== undefined && outcome !== 'left') this.#readStatus(status);
        if (outcome === 'left') this.#finish('leftLine');
        if (outcome === 'joined' || outcome === 'waiting' || outcome === 'standby') this.#noteInLine();
        return;
      }
      default:
        return;
    }
  }

  #readBoard(board: Board): void {
    this.#context.onBoard(board);
    const called = this.#position !== null && this.#position <= board.called;
    if (called && this.#plan.intent === 'noShow') this.#giveUp();
    else if (this.#attempts.length > 0 && this.#inLine) this.#makeAttempts(board);
  }

  #readStatus({ state, entry, position, waitSeconds }: Status): void {
    if (state === 'none') return;
    const last = this.record.places.at(-1);
    if (last !== undefined && (last.position !== position || (entry !== null && last.entry !== entry))) {
      this.#recordPlace({ epoch: last.epoch, visitorId: null, commitment: null, entry, position });
    }
    this.#position = position;
    if (waitSeconds !== null) this.record.estimate ??= { at: this.#context.now(), ...waitSeconds };
  }

  #noteShown(model: PageModel, tab: number): void {
    const [position, ahead] = [model.status?.position ?? null, aheadIn(model)];
    if (model.kind !== 'waiting' || model.board === null || position === null || ahead === null) return;
    const last = this.record.shown.findLast((each) => each.tab === tab);
    const { epoch } = model.board;
    if (last?.ahead === ahead && last.position === position && last.epoch === epoch) return;
    this.record.shown.push({ at: this.#context.now(), tab, epoch, position, ahead });
  }

  #recordPlace(place: Omit<ObservedPlace, 'at'>): void {
    this.record.places.push({ at: this.#context.now(), ...place });
  }

  #storeCookie(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/max-age=0/i.test(line)) {
      this.#cookies.delete(name);
      return;
    }
    this.#cookies.set(name, value);
    this.#readCookie(name, value);
  }

  #readCookie(name: string, value: string): void {
    const [, prefix = '', kind, room] = /^(__Host-)?fairgate-(queue|admission)-(.+)$/.exec(name) ?? [];
    if (room !== this.#context.room) return;
    this.#cookiePrefix = prefix;
    if (kind === 'queue') this.#recordQueueToken(value);
    else this.#recordAdmissionToken(value);
  }

  #recordQueueToken(token: string): void {
    const place = placeInToken(token);
    if (place === null) return;
    this.#position = place.position;
    this.#recordPlace(place);
  }

  #recordWithheld(line: string): void {
    const [, token = ''] = /^(?:__Host-)?fairgate-queue-[^=]+=([^;]*)/.exec(line) ?? [];
    const place = placeInToken(token);
    if (place !== null) this.record.withheldPlaces.push({ at: this.#context.now(), ...place });
  }

  #recordAdmissionToken(token: string): void {
    const claims = claimsIn<{ epoch: number; position: number; sid: string }>(token);
    if (claims === null) return;
    const { sub = '', epoch, position, sid, nbf = 0, exp = 0 } = claims;
    const session: ObservedSession = {
      receivedAt: this.#context.now(),
      visitorId: sub,
      epoch,
      position,
      sid,
      admitAt: nbf * 1000,
      expiresAt: exp * 1000,
    };
    const known = this.record.sessions.find((other) => other.sid === sid);
    // A renewal extends a session; a repeated claim returns the same one.
    if (known === undefined) this.record.sessions.push(session);
    else known.expiresAt = Math.max(known.expiresAt, session.expiresAt);
  }

  #arriveInside(path: string): void {
    if (this.record.insideAt !== null) return;
    this.record.insideAt = this.#context.now();
    this.record.end = 'inside';
    const { stayMs, runsOut } = this.#plan;
    // A second page half way: the session must still be valid.
    this.#after(stayMs / 2, () => void this.#send({ kind: 'enter', path, headers: { Accept: 'text/html' } }));
    this.#after(stayMs, () => (runsOut ? this.#finish('expired') : void this.#leave()));
  }

  async #leave(): Promise<void> {
    const endedToken = this.#cookies.get(this.#cookieName('admission')) ?? null;
    const path = `/_fairgate/rooms/${this.#context.room}/leave`;
    let left = false;
    for (let tries = 0; tries < LEAVES_MAX && !left && !this.#gone; tries++) {
      if (tries > 0) await this.#pause(RELOAD_MS);
      const outcome = await this.#send({
        kind: 'leave',
        path,
        method: 'POST',
        headers: { Accept: 'application/json' },
      });
      left = outcome.kind === 'response' && outcome.status === 200;
    }
    const reusesSession = this.#attempts.includes('endedSession') && left && endedToken !== null && !this.#gone;
    if (reusesSession) {
      this.record.end = 'visited';
      await this.#pause(ENDED_REFUSED_MS);
      await this.#attempt('endedSession', endedToken);
    }
    this.#finish('visited');
  }

  #makeAttempts(board: Board): void {
    const due = this.#attempts.filter((kind) => this.#isDue(kind, board));
    for (const kind of due) {
      this.#attempts.splice(this.#attempts.indexOf(kind), 1);
      void this.#attempt(kind, null);
    }
  }

  #isDue(kind: AttemptKind, board: Board): boolean {
    const before = board.state === 'scheduled' || board.state === 'prequeue';
    const waiting = board.state === 'open' && this.#position !== null && this.#position > board.called;
    switch (kind) {
      case 'deepLinkBefore':
      case 'postBefore':
        return before && Date.parse(board.opensAt) - this.#context.now() > BEFORE_OPENING_MS;
      case 'deepLinkWaiting':
      case 'postWaiting':
      case 'claimEarly':
        return waiting;
      case 'endedSession':
        return false;
      default:
        return before || waiting;
    }
  }

  async #attempt(kind: AttemptKind, endedToken: string | null): Promise<void> {
    const { network, origin, room, deepLink, kid, otherRoomToken, now, onAttempt } = this.#context;
    const target = goesToOrigin(kind) ? origin : network;
    const place = this.record.places.at(-1);
    if (target === null || place === undefined) return;
    const [queueCookie, admissionCookie] = [this.#cookieName('queue'), this.#cookieName('admission')];
    const queueToken = this.#cookies.get(queueCookie) ?? '';
    const { epoch } = place;
    const cookieNames = { queueCookie, admissionCookie };
    const material = { room, epoch, deepLink, ...cookieNames, queueToken, endedToken, otherRoomToken, kid };
    const at = now();
    const outcome = await target.send(attemptRequest(kind, material));
    const cookies = outcome.kind === 'response' ? outcome.setCookies : [];
    const admission = cookies.find((line) => line.startsWith(`${admissionCookie}=`));
    if (admission !== undefined) this.#storeCookie(admission);
    onAttempt({ at, visitor: this.#plan.number, kind, ...judgeAttempt(kind, outcome, admission !== undefined) });
  }

  #cookieName(kind: 'queue' | 'admission'): string {
    return `${this.#cookiePrefix}fairgate-${kind}-${this.#context.room}`;
  }
}

function requestKind(path: string): RequestKind {
  switch (/^\/_fairgate\/rooms\/[^/]+\/([a-z]+)$/.exec(path)?.[1]) {
    case 'board':
      return 'board';
    case 'status':
      return 'status';
    case 'join':
      return 'join';
    case 'claim':
      return 'claim';
    case 'leave':
      return 'leave';
    default:
      return 'enter';
  }
}

/** The model inside a waiting page; null where the response is not a page of the gateway. */
function pageModelIn({ headers, text }: ReceivedResponse): PageModel | null {
  if (!headers['content-type']?.startsWith('text/html')) return null;
  const json = /<script type="application\/json" id="fairgate">(.*?)<\/script>/s.exec(text)?.[1];
  return json === undefined ? null : (jsonIn(json) as PageModel | null);
}

/** A response that is neither a failure nor a refusal of the gateway came from the origin. */
function isFromOrigin({ status, headers }: ReceivedResponse): boolean {
  return status < 500 && status !== 429 && !headers['content-type']?.startsWith('application/problem+json');
}

function placeInToken(token: string): Omit<ObservedPlace, 'at'> | null {
  const claims = claimsIn<{ epoch: number; entry?: number; position?: number; draw: string }>(token);
  if (claims === null) return null;
  const { sub = '', epoch, draw, entry = null, position = null } = claims;
  return { epoch, visitorId: sub, commitment: draw, entry, position };
}

/** null where the value is not a token; then the auditor finds a place without one. */
function claimsIn<T>(token: string) {
  try {
    return decodeJwt<T>(token);
  } catch {
    return null; // JWTInvalid
  }
}
