// One visitor of one room during one request: the tokens they presented, the room's snapshot, and what the store can do for
// them (join, claim, renew, end). New tokens are collected here until the response takes them along.

import {
  type Board,
  gatewaysIn,
  missedTheDraw,
  passesAtOnce,
  positionOf,
  type Status,
} from '../../queue-core/board.ts';
import {
  type ClaimReply,
  IN_A_RESPONSE,
  type JoinReply,
  type ReadmitReply,
  type StockReport,
  type Visit,
} from '../../queue-core/command.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { epochMs } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { ADMISSION_TOKEN_FIELD, isListedApp, QUEUE_TOKEN_FIELD, RECEIPT_FIELD } from '../http/cors.ts';
import type { Background } from '../http/request-env.ts';
import type { OriginCommand } from '../proxy/origin-signals.ts';
import type { RoomConfig } from '../settings.ts';
import { StoreUnavailable } from '../store/room-store.ts';
import type { PresentedTokens } from '../tokens/cookies.ts';
import {
  type AdmissionToken,
  OPERATOR_PASS_POSITION,
  type QueueToken,
  type Receipt,
  type Verified,
} from '../tokens/tokens.ts';
import { currentBoard, type RoomSnapshot } from '../views/room-views.ts';
import {
  type AdmissionFacts,
  decideByAdmission,
  type ForwardDecision,
  isUnknown,
  placeIn,
  statusFor,
} from './decision.ts';
import type { JoinLimited } from './join-limit.ts';
import type { ProvenPlace } from './place-restore.ts';
import type { GivenPlace, RecentJoin } from './recent-joins.ts';
import { applyToSession } from './session-commands.ts';

/** The queue cookie lives as long after the opening as its token. */
const QUEUE_COOKIE_SECONDS = 7 * 24 * 3_600;

type SnapshotParts = Pick<Gateway, 'leases' | 'originProbe' | 'views'>;
export type VisitorParts = SnapshotParts &
  Pick<Gateway, 'cookies' | 'metrics' | 'ownTime' | 'placeRestore' | 'randomId' | 'store' | 'templates' | 'tokens'> &
  Pick<Gateway, 'joins' | 'observations' | 'recentJoins' | 'sessions'>;

/**
 * Reads a room, returns what this gateway leased in vain, and probes the origin while that counts as failing.
 * @returns null where the store has never answered
 */
export async function loadSnapshot(
  { leases, originProbe, views }: SnapshotParts,
  room: RoomConfig,
  background: Background,
): Promise<RoomSnapshot | null> {
  const snapshot = await views.read(room, background);
  leases.returnUnused(room.id, background);
  const probe = snapshot === null ? null : originProbe.probeIfDue(room, snapshot);
  if (probe !== null) background(probe);
  return snapshot;
}

/** Part of a session's length. */
const NEARLY_WHOLE = 0.9;

/** A receipt with its token. */
export type PresentedReceipt = Receipt & { token: string };

export class Visitor {
  readonly room: RoomConfig;
  readonly presented: PresentedTokens;
  readonly snapshot: RoomSnapshot | null;
  queue: Verified<QueueToken> | null = null;
  admission: Verified<AdmissionToken> | null = null;
  /** Tokens as presented or as newly issued: for the origin, or for an app's response. */
  queueToken: string | null;
  admissionToken: string | null;
  readonly #gateway: VisitorParts;
  readonly #background: Background;
  readonly #setCookies: string[] = [];
  readonly #tokenFields = new Map<string, string>();
  /** null: not read yet. */
  #receipt: Promise<PresentedReceipt | null> | null = null;
  /** With what it follows from: the tokens, and how many sessions have ended early. */
  #status: (Pick<Visitor, 'queue' | 'admission'> & { endings: number; value: Status }) | null = null;

  private constructor(
    gateway: VisitorParts,
    room: RoomConfig,
    presented: PresentedTokens,
    snapshot: RoomSnapshot | null,
    background: Background,
  ) {
    this.#gateway = gateway;
    this.#background = background;
    this.room = room;
    this.presented = presented;
    this.snapshot = snapshot;
    this.queueToken = presented.queue[0] ?? null;
    this.admissionToken = presented.admission[0] ?? null;
  }

  static async load(
    gateway: VisitorParts,
    room: RoomConfig,
    headers: Headers,
    background: Background,
  ): Promise<Visitor> {
    const presented = gateway.cookies.read(headers, room.id, isListedApp({ headers }, room));
    const snapshot = await loadSnapshot(gateway, room, background);
    const visitor = new Visitor(gateway, room, presented, snapshot, background);
    await visitor.#verifyTokens();
    visitor.#checkPlace(background);
    return visitor;
  }

  /** The same visitor now, with the tokens that they have been issued meanwhile. */
  async again(background: Background): Promise<Visitor> {
    const listOf = (token: string | null) => (token === null ? [] : [token]);
    const tokens = { admission: listOf(this.admissionToken), queue: listOf(this.queueToken) };
    const presented = { ...this.presented, ...tokens };
    const snapshot = await loadSnapshot(this.#gateway, this.room, background);
    const visitor = new Visitor(this.#gateway, this.room, presented, snapshot, background);
    await visitor.#verifyTokens();
    return visitor;
  }

  /** Of several tokens of a kind the one is taken that counts, wherever it stands: a stale one may come first. */
  async #verifyTokens(): Promise<void> {
    const { presented, room, now, snapshot } = this;
    const { tokens } = this.#gateway;
    const admission = await bestOf(
      presented.admission,
      (token) => tokens.readAdmission(token, room.audience, now),
      (read) => decideByAdmission(this.#factsOf(read), room.id)?.kind === 'forward',
    );
    if (admission !== null) [this.admissionToken, this.admission] = [admission.token, admission.read];
    const queue = await bestOf(
      presented.queue,
      (token) => tokens.readQueue(token, room.id, now),
      (read) => snapshot !== null && placeIn(read, snapshot.view.board) !== null,
    );
    if (queue !== null) [this.queueToken, this.queue] = [queue.token, queue.read];
  }

  /** Restores a place that the store has lost. An entry that the store lost before the draw is no place any more. */
  #checkPlace(background: Background): void {
    const { snapshot, room, queue, admission } = this;
    if (snapshot === null) return;
    const { metrics, placeRestore } = this.#gateway;
    placeRestore.observe(room, snapshot);
    for (const proven of [placeOf(queue), claimedPlaceOf(admission, room)]) {
      const restoration = proven === null ? null : placeRestore.check(room, snapshot, proven);
      // A failed restoration is repeated: later requests prove the loss too.
      if (restoration !== null) background(metrics.operation('restore', restoration).catch(() => {}));
    }
    if (queue?.kind !== 'valid') return;
    const { board } = snapshot.view;
    if (queue.token.epoch === board.epoch && missedTheDraw(queue.token.place, board)) this.queue = { kind: 'invalid' };
  }

  /** Neither a place nor a session, not even one that is over. */
  get isStranger(): boolean {
    return isUnknown(this.queue) && isUnknown(this.admission);
  }

  /** The store's time; this gateway's own where the store has never answered. */
  get now(): EpochMs {
    return this.snapshot?.now ?? this.#gateway.ownTime();
  }

  get board(): Board | null {
    return this.snapshot === null ? null : currentBoard(this.snapshot);
  }

  get status(): Status | null {
    const { snapshot, queue, admission } = this;
    if (snapshot === null) return null;
    const endings = snapshot.endings.size;
    const known = this.#status;
    if (known?.queue === queue && known.admission === admission && known.endings === endings) return known.value;
    const value = statusFor(snapshot, queue, admission);
    this.#status = { queue, admission, endings, value };
    return value;
  }

  /** The room's own waiting page; null where it has none or it cannot be loaded. */
  async template(): Promise<string | null> {
    return this.room.template === null ? null : this.#gateway.templates.read(this.room.template);
  }

  /**
   * Adds newly issued tokens to the response, which no cache may store then: cookies for a browser, readable fields for a client
   * that keeps its tokens itself.
   * @param isReadable fields beside the cookies: the client shows no sign of a browser, and may want either
   */
  withTokens(response: Response, isReadable = false): Response {
    const { app } = this.presented;
    const { headers } = response;
    if (this.#setCookies.length > 0) headers.set('Cache-Control', 'no-store');
    for (const cookie of app ? [] : this.#setCookies) headers.append('Set-Cookie', cookie);
    for (const [name, token] of app || isReadable ? this.#tokenFields : []) headers.set(name, token);
    return response;
  }

  /** Whether the response will have tokens in readable fields. */
  get hasTokenFields(): boolean {
    return this.presented.app && this.#tokenFields.size > 0;
  }

  /**
   * Takes a place, if the visitor's network may take another; while nobody waits, a session with it.
   * @param options `ids`: the same for a repeated join, which then returns the same place, and the session if it was given
   *   with it, where this gateway knows it still. `provisional`: nothing shows yet that the client keeps the session's token
   * @throws StoreUnavailable
   */
  async join(
    network: string,
    { ids, provisional = false }: { ids?: { join: string; visitor: string } | undefined; provisional?: boolean } = {},
  ): Promise<JoinReply | JoinLimited> {
    const { recentJoins } = this.#gateway;
    const visitor = ids?.visitor ?? this.#visitorId();
    if (ids === undefined) return this.#joinOnce(network, visitor, provisional);
    const known = await recentJoins.find(ids.join, this.snapshot?.view.board.epoch ?? 0);
    if (known !== null) return this.#joinAgain(known, visitor);
    let isJoined = false;
    try {
      const reply = await this.#joinOnce(network, visitor, provisional);
      if (reply.kind !== 'joined') return reply;
      const { epoch, place, commitment, claim } = reply;
      recentJoins.remember(ids.join, { epoch, place, commitment, admitted: claim?.kind === 'admitted' });
      isJoined = true;
      return reply;
    } finally {
      if (!isJoined) recentJoins.forget(ids.join);
    }
  }

  async #joinOnce(network: string, visitor: string, provisional: boolean): Promise<JoinReply | JoinLimited> {
    const { joins, metrics, observations } = this.#gateway;
    const permit = joins.take(this.room.id, network);
    if (permit.kind === 'limited') {
      metrics.count('fairgate_joins_refused_total', { room: this.room.id });
      this.#countJoin('limited');
      observations.refused(this.room.id, 'tooOften');
      return permit;
    }
    let isJoined = false;
    try {
      const reply = await this.#newPlace(visitor, provisional);
      if (reply.kind === 'refused') {
        this.#countJoin(reply.reason);
        return reply;
      }
      isJoined = true;
      this.#countJoin(reply.claim?.kind === 'admitted' ? 'admitted' : reply.place.kind);
      await this.#setPlace(reply, visitor);
      if (reply.claim?.kind === 'admitted') await this.#admit(reply.claim, visitor, reply.epoch);
      return reply;
    } finally {
      if (!isJoined) permit.undo();
    }
  }

  #countJoin(outcome: string): void {
    this.#gateway.metrics.count('fairgate_joins_total', { room: this.room.id, outcome });
  }

  async #newPlace(visitor: string, provisional: boolean): Promise<JoinReply> {
    const { leases, metrics, randomId, store } = this.#gateway;
    const { id } = this.room;
    const alone = async () => {
      const command = { kind: 'join', visitor, sid: randomId(12), provisional } as const;
      const [reply] = await metrics.operation('join', store.apply(id, [command]));
      return reply;
    };
    const view = this.snapshot?.view;
    if (view === undefined) return alone();
    const { epoch, opensAt } = view.board;
    const at = {
      passes: passesAtOnce(view),
      gateways: gatewaysIn(view),
      epoch,
      opensInMs: epochMs(opensAt) - this.now,
    };
    return leases.join(id, at, alone, this.#background);
  }

  async #joinAgain({ epoch, place, commitment, admitted }: RecentJoin, visitor: string): Promise<JoinReply> {
    await this.#setPlace({ epoch, place, commitment }, visitor);
    const claim = admitted && place.kind === 'position' ? await this.claim(place.number) : null;
    return { kind: 'joined', epoch, place, commitment, claim };
  }

  async #setPlace({ epoch, place, commitment }: GivenPlace, visitor: string): Promise<void> {
    const { cookies, tokens } = this.#gateway;
    const given = { room: this.room.id, visitor, epoch, place, commitment, issuedAt: this.now };
    const told = this.#toldWith(given);
    const token = { ...given, ...(told === null ? {} : { told }) };
    const opensAt = this.snapshot === null ? this.now : epochMs(this.snapshot.view.board.opensAt);
    this.queueToken = await tokens.issueQueue(token, opensAt);
    this.queue = { kind: 'valid', token };
    // The session of the place before is over, and would be taken for that of this one.
    if (this.admissionToken !== null) this.#setCookies.push(cookies.forgetAdmission(this.room.id));
    this.admission = null;
    this.admissionToken = null;
    const seconds = (Math.max(opensAt, this.now) - this.now) / 1000 + QUEUE_COOKIE_SECONDS;
    this.#setCookies.push(cookies.setQueue(this.room.id, this.queueToken, seconds));
    this.#tokenFields.set(QUEUE_TOKEN_FIELD, this.queueToken);
  }

  /** The range of the wait that the response shows with a new place. */
  #toldWith(token: QueueToken): { low: number; high: number } | null {
    return this.snapshot === null ? null : statusFor(this.snapshot, { kind: 'valid', token }, null).waitSeconds;
  }

  /** Exchanges the called place for a session. @throws StoreUnavailable */
  async claim(position: number): Promise<ClaimReply> {
    const place = this.snapshot === null ? null : placeIn(this.queue, this.snapshot.view.board);
    if (place === null) return { kind: 'refused', reason: 'wrongEpoch' };
    const { visitor, epoch, issuedAt, told = null } = place;
    const { metrics, randomId, store } = this.#gateway;
    const wait = { since: issuedAt, told };
    const command = { kind: 'claim', epoch, position, visitor, sid: randomId(12), wait } as const;
    const [reply] = await metrics.operation('claim', store.apply(this.room.id, [command]));
    if (reply.kind === 'admitted') await this.#admit(reply, visitor, epoch);
    else await this.#receive(reply, { epoch, position });
    return reply;
  }

  /** Counts a request of the session that it is admitted by. @returns what ends it; null: the session has too many */
  beginRequest(network: string): (() => void) | null {
    const { admission, snapshot, now } = this;
    if (admission?.kind !== 'valid') return () => {};
    const isReachable = snapshot !== null && !snapshot.unreachable;
    return this.#gateway.sessions.begin(admission.token.sid, network, isReachable, now);
  }

  /** What the gate needs to know of the admission token. */
  get admissionFacts(): AdmissionFacts {
    return this.#factsOf(this.admission);
  }

  #factsOf(admission: Verified<AdmissionToken> | null): AdmissionFacts {
    const { snapshot } = this;
    const { ownTime, sessions } = this.#gateway;
    const sid = admission?.kind === 'valid' ? admission.token.sid : null;
    return {
      admission,
      snapshot,
      ownTime: ownTime(),
      renewal: sid === null ? null : sessions.renewal(sid),
      isKnown: sid !== null && sessions.isKnown(sid),
    };
  }

  /**
   * Notes that the session is about to be renewed: in the same turn as the decision, so that many requests at once with one
   * token are one renewal.
   */
  beginRenewal(renew: ForwardDecision['renew']): void {
    if (this.admission?.kind !== 'valid' || (renew !== 'may' && renew !== 'must')) return;
    this.#gateway.sessions.beginRenewal(this.admission.token.sid, this.now);
  }

  /**
   * Does with the session what the gate decided. @throws StoreUnavailable where it must be renewed
   * @returns the store's reply; null where it was not asked, or is unreachable and the token valid until its own end
   */
  async renewAsDecided(renew: ForwardDecision['renew']): Promise<ClaimReply | null> {
    if (renew === 'repeat') await this.#repeatRenewal();
    if (renew !== 'may' && renew !== 'must') return null;
    try {
      return await this.#renew();
    } catch (error) {
      if (renew === 'may' && error instanceof StoreUnavailable) return null;
      throw error;
    }
  }

  /** Checks the session's record in the store, and extends the session where that is due. @throws StoreUnavailable */
  async #renew(): Promise<ClaimReply> {
    if (this.admission?.kind !== 'valid') return { kind: 'refused', reason: 'unknownPosition' };
    const { token } = this.admission;
    const { epoch, position, sid, visitor } = token;
    const { sessions, views } = this.#gateway;
    const [reply] = await applyToSession(this.#gateway, this.room.id, [{ kind: 'renew', epoch, position, sid }], {
      proof: token,
    });
    if (reply.kind === 'admitted') {
      sessions.renewed(sid, { issuedAt: this.now, expiresAt: reply.expiresAt });
      await this.#admit(reply, visitor, epoch);
    }
    // Its next requests are refused from memory.
    if (reply.kind === 'ended') views.addEnding(this.room, sid, token.expiresAt);
    await this.#receive(reply, token);
    return reply;
  }

  /** Whether the session admits by now; extends it on the way where that is due. @throws StoreUnavailable */
  async stillAdmits(): Promise<boolean> {
    const decision = decideByAdmission(this.admissionFacts, this.room.id);
    if (decision?.kind !== 'forward') return false;
    this.beginRenewal(decision.renew);
    const reply = await this.renewAsDecided(decision.renew);
    return reply === null || reply.kind === 'admitted';
  }

  /**
   * A provisional session counts for its whole length once its visitor comes again. A token as Bearer stands for a request of
   * its visitor: to an app, or to a site that admitted them by the hand-off. The session is looked up, and extended, where that
   * is due.
   */
  async presentSession(): Promise<void> {
    if (this.admission?.kind !== 'valid') return;
    if (this.admission.token.presentBy === null && !this.presented.bearer) return;
    try {
      await this.stillAdmits();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error; // The visitor's next request presents it too.
    }
  }

  /** Issues the token of a remembered renewal again, for a visitor to whom it did not get through. */
  async #repeatRenewal(): Promise<void> {
    const { admission, renewal } = this.admissionFacts;
    if (admission?.kind !== 'valid' || renewal === null) return;
    const { issuedAt, expiresAt } = renewal;
    await this.#setAdmission({ ...admission.token, issuedAt, expiresAt, presentBy: null });
  }

  /** Leaves the session, if there is one; its place is free at once. @throws StoreUnavailable */
  async #leaveSession(): Promise<void> {
    const token = this.#session;
    if (token === null) return;
    const { epoch, position, sid, expiresAt } = token;
    const command = { kind: 'end', epoch, position, sid, reason: 'left' } as const;
    await applyToSession(this.#gateway, this.room.id, [command], { proof: token });
    this.#gateway.views.addEnding(this.room, sid, expiresAt);
  }

  /**
   * Does what the origin's response says about the visit. What is completed brings a receipt. @throws StoreUnavailable
   * @param before what the response says besides, in one act with it
   */
  async obey(command: OriginCommand, before: readonly StockReport[]): Promise<void> {
    const token = this.#session;
    if (token === null) return;
    const { epoch, position, visitor, sid, expiresAt } = token;
    const visit = { epoch, position, visitor, call: IN_A_RESPONSE };
    if (command.kind === 'readmit') {
      // A page that says so each time it is opened costs the store nothing while the session is nearly whole.
      const sessionMs = this.snapshot?.view.policy.sessionMs ?? 0;
      if (expiresAt - this.now >= sessionMs * NEARLY_WHOLE && before.length === 0) return;
      const [reply] = await applyToSession(this.#gateway, this.room.id, [{ kind: 'readmit', ...visit }], {
        proof: token,
        before,
      });
      if (reply.kind === 'admitted') await this.#admit(reply, visitor, epoch);
      return;
    }
    const end =
      command.kind === 'complete'
        ? { reason: 'completed' as const, reference: command.reference }
        : { reason: 'revoked' as const };
    const [reply] = await applyToSession(this.#gateway, this.room.id, [{ kind: 'end', ...visit, ...end }], {
      proof: token,
      before,
    });
    this.#gateway.views.addEnding(this.room, sid, expiresAt);
    await this.#receive(reply, token);
  }

  /** The admission token of a visitor's own session; null: there is none, or it is an operator's pass. */
  get #session(): AdmissionToken | null {
    if (this.admission?.kind !== 'valid') return null;
    return this.admission.token.position === OPERATOR_PASS_POSITION ? null : this.admission.token;
  }

  /** Issues the receipt of a visit that was completed. */
  async #receive(
    reply: ClaimReply | ReadmitReply,
    { epoch, position }: { epoch: number; position: number },
  ): Promise<void> {
    if (reply.kind !== 'ended' || reply.reason !== 'completed') return;
    const { tokens, cookies } = this.#gateway;
    const receipt = { room: this.room.id, epoch, position, completedAt: reply.at, reference: reply.reference };
    const token = await tokens.issueReceipt(receipt, this.now);
    this.#receipt = Promise.resolve({ ...receipt, token });
    this.#setCookies.push(cookies.setReceipt(this.room.id, token));
    this.#tokenFields.set(RECEIPT_FIELD, token);
  }

  /** The receipt that the visitor has, the latest of several; null: none. */
  receipt(): Promise<PresentedReceipt | null> {
    this.#receipt ??= this.#readReceipt();
    return this.#receipt;
  }

  async #readReceipt(): Promise<PresentedReceipt | null> {
    const { tokens } = this.#gateway;
    const read = async (token: string) => {
      const receipt = await tokens.readReceipt(token, this.room.id, this.now);
      return receipt === null ? [] : [{ ...receipt, token }];
    };
    const all = (await Promise.all(this.presented.receipt.map(read))).flat();
    return all.toSorted((a, b) => b.completedAt - a.completedAt)[0] ?? null;
  }

  /**
   * Asks the store how a visit ended of which no receipt is known: the origin may have completed it by a call.
   * @throws StoreUnavailable
   */
  async fetchReceipt(): Promise<PresentedReceipt | null> {
    const visit = this.#visit;
    if (visit === null || (await this.receiptOfVisit()) !== null) return this.receipt();
    const { metrics, store } = this.#gateway;
    const [reply] = await metrics.operation('lookUp', store.apply(this.room.id, [{ kind: 'lookUp', ...visit }]));
    await this.#receive(reply, visit);
    return this.receipt();
  }

  /** The receipt of what the visitor holds or held in this opening, as far as it is known; null: none, or one of an earlier visit. */
  async receiptOfVisit(): Promise<PresentedReceipt | null> {
    const [known, visit] = [await this.receipt(), this.#visit];
    return known !== null && known.epoch === visit?.epoch && known.position === visit.position ? known : null;
  }

  /** The position that the visitor holds or held in this opening; null: none. */
  get #visit(): Visit | null {
    const { admission, queue, snapshot, room } = this;
    if (snapshot === null) return null;
    const { board } = snapshot.view;
    const place = placeIn(queue, board);
    const position = place === null ? null : positionOf(place.place, board);
    if (place !== null && position !== null) return { epoch: place.epoch, position, visitor: place.visitor };
    if (admission === null || admission.kind === 'invalid' || admission.token.room !== room.id) return null;
    const { token } = admission;
    if (token.epoch !== board.epoch || token.position === OPERATOR_PASS_POSITION) return null;
    return { epoch: token.epoch, position: token.position, visitor: token.visitor };
  }

  /** Ends the visit: the session, whose vacancy is free at once, or what a called place holds. @throws StoreUnavailable */
  async leave(): Promise<void> {
    await this.#leaveSession();
    const { admission, room, snapshot } = this;
    const token = snapshot === null ? null : placeIn(this.queue, snapshot.view.board);
    const position = snapshot === null || token === null ? null : positionOf(token.place, snapshot.view.board);
    if (token === null || position === null) return;
    if (admission?.kind === 'valid' && admission.token.position === position) return;
    const { metrics, store, views } = this.#gateway;
    const command = { kind: 'end', epoch: token.epoch, position, visitor: token.visitor, reason: 'left' } as const;
    const [reply] = await metrics.operation('end', store.apply(room.id, [command]));
    // The list of endings in the next view has the session, whose id only the store knows.
    if (reply.kind === 'ended') views.invalidate(room);
  }

  /** Removes the tokens from the browser. */
  forget(): void {
    this.queue = null;
    this.admission = null;
    this.#tokenFields.clear();
    this.#setCookies.push(...this.#gateway.cookies.forget(this.room.id));
  }

  async #admit(reply: Extract<ClaimReply, { kind: 'admitted' }>, visitor: string, epoch: number): Promise<void> {
    const { kind: _, ...session } = reply;
    await this.#setAdmission({ room: this.room.id, visitor, epoch, issuedAt: this.now, ...session });
  }

  async #setAdmission(token: AdmissionToken): Promise<void> {
    const { room, now } = this;
    this.admissionToken = await this.#gateway.tokens.issueAdmission(token, room.audience);
    this.admission = { kind: 'valid', token };
    this.#setCookies.push(this.#gateway.cookies.setAdmission(room.id, this.admissionToken, now, token.expiresAt));
    this.#tokenFields.set(ADMISSION_TOKEN_FIELD, this.admissionToken);
  }

  /** The visitor's id in either token; null: a stranger. */
  get knownId(): string | null {
    if (this.queue !== null && this.queue.kind !== 'invalid') return this.queue.token.visitor;
    if (this.admission !== null && this.admission.kind !== 'invalid') return this.admission.token.visitor;
    return null;
  }

  /** A visitor keeps their id from one place to the next; a new visitor gets 128 random bits. */
  #visitorId(): string {
    return this.knownId ?? this.#gateway.randomId(16);
  }
}

function placeOf(queue: Verified<QueueToken> | null): ProvenPlace | null {
  return queue?.kind === 'valid' ? queue.token : null;
}

/** The position that a session was given for. */
function claimedPlaceOf(admission: Verified<AdmissionToken> | null, room: RoomConfig): ProvenPlace | null {
  if (admission?.kind !== 'valid' || admission.token.room !== room.id) return null;
  const { epoch, position, issuedAt } = admission.token;
  if (position === OPERATOR_PASS_POSITION) return null;
  return { epoch, place: { kind: 'position', number: position }, issuedAt };
}

/**
 * The first token that counts; else the first valid one, the first expired one, or the first. null: there is none.
 */
async function bestOf<T>(
  presented: readonly string[],
  readToken: (token: string) => Promise<Verified<T>>,
  counts: (read: Verified<T>) => boolean,
): Promise<{ token: string; read: Verified<T> } | null> {
  const [only] = presented;
  if (only === undefined) return null;
  if (presented.length === 1) return { token: only, read: await readToken(only) };
  const all = await Promise.all(presented.map(async (token) => ({ token, read: await readToken(token) })));
  const ofKind = (kind: Verified<T>['kind']) => all.find(({ read }) => read.kind === kind);
  return all.find(({ read }) => counts(read)) ?? ofKind('valid') ?? ofKind('expired') ?? all[0] ?? null;
}
