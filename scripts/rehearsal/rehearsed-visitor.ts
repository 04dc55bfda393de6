// One visitor, played with the very script that a visitor's page runs: it decides when to poll, claim and enter, and what
// to do when the network goes away. This file is the person and the browser around it: opens pages, keeps cookies, loses
// the network, opens a second tab, gives up, leaves. What is seen is written down; nothing is judged here.

import { decodeJwt } from 'jose';
import type { Board, Status } from '../../queue-core/board.ts';
import type { PageModel, VisitorAnswer } from '../../worker/pages/model.ts';
import { visit } from '../../worker/pages/page-script.ts';
import { attemptRequest, judgeAttempt, knocksAtOrigin } from './attempts.ts';
import type {
  Attempt,
  AttemptKind,
  PlaceSeen,
  RequestKind,
  SessionSeen,
  VisitorEnd,
  VisitorHistory,
} from './event-log.ts';
import type { Answered, Network, Outcome, Wanted } from './network.ts';
import type { VisitorPlan } from './plan.ts';

/** What all visitors of a rehearsal share. */
export interface Stage {
  network: Network;
  /** The origin's own address, where it was given. */
  origin: Network | null;
  room: string;
  deepLink: string;
  /** A key that the gateway publishes, for forgeries. */
  kid: string;
  /** A genuine token of another room. */
  otherRoomToken: string | null;
  /** The gateway's time. */
  now(): number;
  sawBoard(board: Board): void;
  attempted(attempt: Attempt): void;
}

/** A page that does not come is asked for again after so long, as people do; doubled each time up to the bound. */
const RELOAD_MS = 1_000;
const RELOAD_MS_MAX = 10_000;
/** A network is lost within so long after a request was sent: before, while and after the gateway worked on it. */
const LOST_WITHIN_MS = 60;
/** Says goodbye this often before the tab is closed anyway. */
const GOODBYES_MAX = 3;
/** After this a session that was left must be refused everywhere. */
const ENDED_REFUSED_MS = 3_500;
/** Attempts before the opening are made only while it is this far off, so that no answer is from after it. */
const BEFORE_OPENING_MS = 2_000;

export class PlayedVisitor {
  readonly history: VisitorHistory;
  readonly done: Promise<void>;
  readonly #plan: VisitorPlan;
  readonly #stage: Stage;
  readonly #cookies: Map<string, string>;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #attempts: AttemptKind[];
  #cookiePrefix = '';
  #joinsToLose: number;
  #claimsToLose: number;
  #position: number | null = null;
  #tabsToOpen: number;
  #inLine = false;
  #gone = false;
  #resolveDone: () => void = () => {};

  constructor(plan: VisitorPlan, stage: Stage) {
    this.#plan = plan;
    this.#stage = stage;
    this.#cookies = new Map(Object.entries(plan.cookies));
    this.#attempts = [...plan.attempts];
    this.#joinsToLose = plan.losesJoins;
    this.#claimsToLose = plan.losesClaims;
    this.#tabsToOpen = plan.tabs;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.history = {
      number: plan.number,
      arrivedAt: null,
      intent: plan.intent,
      lostJoins: 0,
      lostClaims: 0,
      slowestMs: 0,
      tabs: plan.tabs,
      places: [],
      told: null,
      sessions: [],
      insideAt: null,
      leaveAskedAt: null,
      endedAt: null,
      end: 'notArrived',
    };
  }

  arrive(): void {
    if (this.#gone) return;
    this.history.arrivedAt = this.#stage.now();
    this.history.end = 'unanswered';
    for (const [name, value] of this.#cookies) this.#readCookie(name, value);
    if (this.#plan.intent === 'noShow') this.#after(this.#plan.patienceMs, () => this.#giveUp());
    if (this.#plan.losesJoins > 0) this.#joinAsApp();
    else void this.#openPage(this.#plan.path);
  }

  /** The rehearsal is over, wherever this visitor stands. */
  stop(): void {
    this.#finish(this.history.end);
  }

  #giveUp(): void {
    if (this.#inLine && this.history.insideAt === null) this.#finish('neverCameBack');
    else if (this.history.insideAt === null) this.#after(1_000, () => this.#giveUp());
  }

  #finish(end: VisitorEnd): void {
    if (this.#gone) return;
    this.#gone = true;
    this.history.end = end;
    this.history.endedAt = this.#stage.now();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#resolveDone();
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#gone) act();
    }, ms);
    this.#timers.add(timer);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  /** Opens an address as a browser does, again and again until something comes that can be gone on with. */
  async #openPage(path: string): Promise<void> {
    for (let waitMs = RELOAD_MS; !this.#gone; waitMs = Math.min(RELOAD_MS_MAX, 2 * waitMs)) {
      const admitted = this.#cookies.has(this.#cookieName('admission'));
      const outcome = await this.#ask({
        kind: admitted ? 'enter' : 'page',
        path,
        headers: { Accept: 'text/html', 'Accept-Language': 'ko', 'Accept-Encoding': 'gzip' },
      });
      if (this.#gone) return;
      if (outcome.kind === 'answered') {
        const model = pageModelIn(outcome);
        if (model === null && isOrigins(outcome)) return this.#arriveInside(path);
        if (model !== null && model.kind !== 'badRequest') return this.#waitOn(model);
      }
      await this.#pause(waitMs);
    }
  }

  /** As the page's script asks for a place by itself: named, so that the same wish can be repeated. */
  #joinAsApp(): void {
    const title = { ko: '', en: '' };
    const room = { id: this.#stage.room, title, timeZone: 'UTC' };
    const model: PageModel = {
      kind: 'ended',
      language: 'ko',
      languages: ['ko'],
      room,
      board: null,
      status: null,
      standbyAhead: null,
      admitAt: null,
      returnTo: this.#plan.path,
      problem: null,
    };
    this.#openTab(model).press('join');
  }

  #waitOn(model: PageModel): void {
    if (this.history.places.length > 0) this.#standInLine();
    if (model.board !== null) this.#readBoard(model.board);
    if (model.status !== null) this.#readStatus(model.status);
    if (this.#gone) return;
    const first = this.#openTab(model);
    for (; this.#tabsToOpen > 1; this.#tabsToOpen--) this.#openTab(model);
    if (this.#plan.intent === 'leaveLine') this.#after(this.#plan.patienceMs, () => first.press('leave'));
  }

  #standInLine(): void {
    this.#inLine = true;
    if (this.history.end === 'unanswered') this.history.end = 'waiting';
  }

  #openTab(model: PageModel): ReturnType<typeof visit> {
    const { chance } = this.#plan;
    let open = true;
    return visit(
      model,
      {
        fetch: async (path, init) => {
          const outcome = open && !this.#gone ? await this.#fetchFor(path, init) : null;
          // A closed tab gets no answer any more: its script simply ends here.
          if (outcome === null || !open || this.#gone) return new Promise<never>(() => {});
          if (outcome.kind === 'lost') throw new TypeError(outcome.why);
          const bodiless = outcome.status === 204 || outcome.status === 304;
          return new Response(bodiless ? null : outcome.text, { status: outcome.status, headers: outcome.headers });
        },
        monotonicMs: () => performance.now(),
        random: chance.next,
        key: () => `${Math.floor(chance.next() * 2 ** 32)}-${crypto.randomUUID()}`,
        go: (path) => {
          open = false;
          void this.#openPage(path);
        },
      },
      ({ model: { kind } }) => {
        if (!open) return;
        if (kind === 'lapsed' && this.#inLine) this.#finish('lapsed');
        else if (kind === 'soldOut' || kind === 'closed') this.#finish('turnedAway');
      },
      false,
    );
  }

  /** A request of a page's script: lost where the plan says so, and read along. */
  async #fetchFor(path: string, init: RequestInit): Promise<Outcome | null> {
    const kind = requestKind(path);
    if (kind === 'claim' && this.#plan.intent === 'noShow') {
      this.#giveUp();
      return null;
    }
    const lose = this.#losesNow(kind);
    const outcome = await this.#ask({
      kind,
      path,
      method: init.method === 'POST' || init.method === 'HEAD' ? init.method : 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(lose ? { loseAfterMs: this.#plan.chance.between(0, LOST_WITHIN_MS) } : {}),
    });
    if (this.#gone || outcome.kind === 'lost') return outcome;
    if (outcome.headers['content-type']?.startsWith('application/json')) this.#readDocument(kind, outcome.text);
    return outcome;
  }

  #losesNow(kind: RequestKind): boolean {
    if (kind === 'join' && this.#joinsToLose > 0) {
      this.#joinsToLose--;
      this.history.lostJoins++;
      return true;
    }
    if (kind === 'claim' && this.#claimsToLose > 0) {
      this.#claimsToLose--;
      this.history.lostClaims++;
      return true;
    }
    return false;
  }

  async #ask(wanted: Wanted): Promise<Outcome> {
    const withCookies = wanted.kind !== 'board' && this.#cookies.size > 0;
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (wanted.kind === 'leave') this.history.leaveAskedAt ??= this.#stage.now();
    const askedAt = performance.now();
    const outcome = await this.#stage.network.ask({
      ...wanted,
      headers: { ...(withCookies ? { Cookie: cookies } : {}), ...wanted.headers },
    });
    this.history.slowestMs = Math.max(this.history.slowestMs, performance.now() - askedAt);
    if (outcome.kind === 'answered') for (const line of outcome.setCookies) this.#keepCookie(line);
    return outcome;
  }

  #readDocument(kind: RequestKind, text: string): void {
    const document = parsed(text);
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
        if (outcome === 'joined' || outcome === 'waiting' || outcome === 'standby') this.#standInLine();
        return;
      }
      default:
        return;
    }
  }

  #readBoard(board: Board): void {
    this.#stage.sawBoard(board);
    const called = this.#position !== null && this.#position <= board.called;
    if (called && this.#plan.intent === 'noShow') this.#giveUp();
    else if (this.#attempts.length > 0 && this.#inLine) this.#attemptWhatFits(board);
  }

  #readStatus({ state, entry, position, waitSeconds }: Status): void {
    if (state === 'none') return;
    const last = this.history.places.at(-1);
    if (last !== undefined && (last.position !== position || (entry !== null && last.entry !== entry))) {
      this.#notePlace({ epoch: last.epoch, visitorId: null, commitment: null, entry, position });
    }
    this.#position = position;
    if (waitSeconds !== null) this.history.told ??= { at: this.#stage.now(), ...waitSeconds };
  }

  #notePlace(place: Omit<PlaceSeen, 'at'>): void {
    this.history.places.push({ at: this.#stage.now(), ...place });
  }

  #keepCookie(line: string): void {
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
    if (room !== this.#stage.room) return;
    this.#cookiePrefix = prefix;
    if (kind === 'queue') this.#noteQueueToken(value);
    else this.#noteAdmissionToken(value);
  }

  #noteQueueToken(token: string): void {
    const claims = claimsIn<{ epoch: number; entry?: number; position?: number; draw: string }>(token);
    if (claims === null) return;
    const { sub = '', epoch, draw, entry = null, position = null } = claims;
    this.#position = position;
    this.#notePlace({ epoch, visitorId: sub, commitment: draw, entry, position });
  }

  #noteAdmissionToken(token: string): void {
    const claims = claimsIn<{ epoch: number; position: number; sid: string }>(token);
    if (claims === null) return;
    const { sub = '', epoch, position, sid, nbf = 0, exp = 0 } = claims;
    const session: SessionSeen = {
      receivedAt: this.#stage.now(),
      visitorId: sub,
      epoch,
      position,
      sid,
      admitAt: nbf * 1000,
      expiresAt: exp * 1000,
    };
    const known = this.history.sessions.find((other) => other.sid === sid);
    // A renewed session goes on; a repeated claim brings the same one again.
    if (known === undefined) this.history.sessions.push(session);
    else known.expiresAt = Math.max(known.expiresAt, session.expiresAt);
  }

  #arriveInside(path: string): void {
    if (this.history.insideAt !== null) return;
    this.history.insideAt = this.#stage.now();
    this.history.end = 'inside';
    const { stayMs, runsOut } = this.#plan;
    // A page more on the way: whoever is inside stays inside.
    this.#after(stayMs / 2, () => void this.#ask({ kind: 'enter', path, headers: { Accept: 'text/html' } }));
    this.#after(stayMs, () => (runsOut ? this.#finish('ranOut') : void this.#leave()));
  }

  async #leave(): Promise<void> {
    const endedToken = this.#cookies.get(this.#cookieName('admission')) ?? null;
    const path = `/_fairgate/rooms/${this.#stage.room}/leave`;
    let left = false;
    for (let goodbye = 0; goodbye < GOODBYES_MAX && !left && !this.#gone; goodbye++) {
      if (goodbye > 0) await this.#pause(RELOAD_MS);
      const said = await this.#ask({ kind: 'leave', path, method: 'POST', headers: { Accept: 'application/json' } });
      left = said.kind === 'answered' && said.status === 200;
    }
    const triesAgain = this.#attempts.includes('endedSession') && left && endedToken !== null && !this.#gone;
    if (triesAgain) {
      this.history.end = 'visited';
      await this.#pause(ENDED_REFUSED_MS);
      await this.#attempt('endedSession', endedToken);
    }
    this.#finish('visited');
  }

  #attemptWhatFits(board: Board): void {
    const fits = this.#attempts.filter((kind) => this.#fitsNow(kind, board));
    for (const kind of fits) {
      this.#attempts.splice(this.#attempts.indexOf(kind), 1);
      void this.#attempt(kind, null);
    }
  }

  #fitsNow(kind: AttemptKind, board: Board): boolean {
    const before = board.state === 'scheduled' || board.state === 'prequeue';
    const waiting = board.state === 'open' && this.#position !== null && this.#position > board.called;
    switch (kind) {
      case 'deepLinkBefore':
      case 'postBefore':
        return before && Date.parse(board.opensAt) - this.#stage.now() > BEFORE_OPENING_MS;
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
    const { network, origin, room, deepLink, kid, otherRoomToken, now, attempted } = this.#stage;
    const way = knocksAtOrigin(kind) ? origin : network;
    const place = this.history.places.at(-1);
    if (way === null || place === undefined) return;
    const [queueCookie, admissionCookie] = [this.#cookieName('queue'), this.#cookieName('admission')];
    const queueToken = this.#cookies.get(queueCookie) ?? '';
    const { epoch } = place;
    const cookieNames = { queueCookie, admissionCookie };
    const forging = { room, epoch, deepLink, ...cookieNames, queueToken, endedToken, otherRoomToken, kid };
    const at = now();
    const outcome = await way.ask(attemptRequest(kind, forging));
    const cookies = outcome.kind === 'answered' ? outcome.setCookies : [];
    const admission = cookies.find((line) => line.startsWith(`${admissionCookie}=`));
    if (admission !== undefined) this.#keepCookie(admission);
    attempted({ at, visitor: this.#plan.number, kind, ...judgeAttempt(kind, outcome, admission !== undefined) });
  }

  #cookieName(kind: 'queue' | 'admission'): string {
    return `${this.#cookiePrefix}fairgate-${kind}-${this.#stage.room}`;
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

/** The model that a waiting page carries; null where the answer is no page of the gateway. */
function pageModelIn({ headers, text }: Answered): PageModel | null {
  if (!headers['content-type']?.startsWith('text/html')) return null;
  const json = /<script type="application\/json" id="fairgate">(.*?)<\/script>/s.exec(text)?.[1];
  return json === undefined ? null : (parsed(json) as PageModel | null);
}

/** Any answer that is neither a failure nor one of the gateway's own refusals came from behind it. */
function isOrigins({ status, headers }: Answered): boolean {
  return status < 500 && status !== 429 && !headers['content-type']?.startsWith('application/problem+json');
}

/** null where the value is no token: it says nothing, and the auditor misses it. */
function claimsIn<T>(token: string) {
  try {
    return decodeJwt<T>(token);
  } catch {
    return null; // JWTInvalid
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // SyntaxError: cut off on its way
  }
}
