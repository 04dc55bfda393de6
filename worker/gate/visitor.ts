// One visitor in front of one room during one request: what they presented, what is known of the room, and the three
// wishes that the store can grant (join, claim, leave). New tokens are kept here until an answer carries them out.

import { type Board, missedTheDraw, type Status } from '../../queue-core/board.ts';
import type { ClaimReply, Command, JoinReply } from '../../queue-core/command.ts';
import type { EndReason, EpochMs } from '../../queue-core/room.ts';
import type { Background, Gateway } from '../gateway.ts';
import type { RoomConfig } from '../settings.ts';
import type { PresentedTokens } from '../tokens/cookies.ts';
import { type AdmissionToken, OPERATOR_PASS_POSITION, type QueueToken, type Verified } from '../tokens/tokens.ts';
import type { RoomSnapshot } from '../views/room-views.ts';
import { placeIn, statusFor } from './decision.ts';

export class Visitor {
  readonly room: RoomConfig;
  readonly presented: PresentedTokens;
  readonly snapshot: RoomSnapshot | null;
  queue: Verified<QueueToken> | null;
  admission: Verified<AdmissionToken> | null;
  /** Tokens as sent or as newly issued; what goes on to the origin, or into an app's answer. */
  queueToken: string | null;
  admissionToken: string | null;
  readonly #gateway: Gateway;
  readonly #setCookies: string[] = [];

  private constructor(gateway: Gateway, room: RoomConfig, presented: PresentedTokens, seen: RoomSnapshot | null) {
    this.#gateway = gateway;
    this.room = room;
    this.presented = presented;
    this.snapshot = seen;
    this.queue = null;
    this.admission = null;
    this.queueToken = presented.queue;
    this.admissionToken = presented.admission;
  }

  static async load(gateway: Gateway, room: RoomConfig, headers: Headers, background: Background): Promise<Visitor> {
    const presented = gateway.cookies.read(headers, room.id);
    const seen = await gateway.views.read(room, background);
    const visitor = new Visitor(gateway, room, presented, seen);
    const { admission, queue } = presented;
    if (admission !== null)
      visitor.admission = await gateway.tokens.readAdmission(admission, room.audience, visitor.now);
    if (queue !== null) visitor.queue = await gateway.tokens.readQueue(queue, room.id, visitor.now);
    if (seen?.view.originFailing) background(gateway.originHealth.probe(room, seen));
    if (seen !== null && visitor.queue?.kind === 'valid') {
      const { token } = visitor.queue;
      const { board } = seen.view;
      const told = gateway.placeRestore.check(room, seen, token);
      if (told !== null) background(gateway.metrics.operation('attest', told).catch(() => {})); // Noted anew with the next view.
      if (token.epoch === board.epoch && missedTheDraw(token.place, board)) visitor.queue = { kind: 'invalid' };
    }
    return visitor;
  }

  /** The store's time; this gateway's own where the store has never answered. */
  get now(): EpochMs {
    return this.snapshot?.now ?? this.#gateway.ownTime();
  }

  get board(): Board | null {
    return this.snapshot === null
      ? null
      : { ...this.snapshot.view.board, serverTime: new Date(this.snapshot.now).toISOString() };
  }

  get status(): Status | null {
    return this.snapshot === null ? null : statusFor(this.snapshot, this.queue, this.admission);
  }

  /** The room's own waiting page; null where it has none, or it cannot be had. */
  async template(): Promise<string | null> {
    return this.room.template === null ? null : this.#gateway.templates.read(this.room.template);
  }

  get setCookies(): readonly string[] {
    return this.#setCookies;
  }

  /**
   * Asks for a place; where nobody waits, for a session in the same step.
   * @param id the same for a repeated wish: then it brings the same place
   * @throws StoreUnavailable
   */
  async join(id = this.#gateway.randomId(8), visitor = this.#visitorId()): Promise<JoinReply> {
    const sid = this.#gateway.randomId(12);
    const { store, metrics } = this.#gateway;
    const [reply] = await metrics.operation('join', store.apply(this.room.id, [{ kind: 'join', id, visitor, sid }]));
    if (reply.kind === 'refused') return reply;
    const { epoch, place, commitment } = reply;
    const token = { room: this.room.id, visitor, epoch, place, commitment };
    const opensAt = this.snapshot === null ? this.now : Date.parse(this.snapshot.view.board.opensAt);
    this.queueToken = await this.#gateway.tokens.issueQueue(token, opensAt, this.now);
    this.queue = { kind: 'valid', token };
    this.admission = null;
    this.admissionToken = null;
    const seconds = (Math.max(opensAt, this.now) - this.now) / 1000 + QUEUE_COOKIE_SECONDS;
    this.#setCookies.push(this.#gateway.cookies.setQueue(this.room.id, this.queueToken, seconds));
    if (reply.claim?.kind === 'admitted') await this.#admit(reply.claim, visitor, epoch);
    return reply;
  }

  /** Exchanges the called place for a session. @throws StoreUnavailable */
  async claim(position: number): Promise<ClaimReply> {
    const place = this.snapshot === null ? null : placeIn(this.queue, this.snapshot.view.board);
    if (place === null) return { kind: 'refused', reason: 'wrongEpoch' };
    const { visitor, epoch } = place;
    const sid = this.#gateway.randomId(12);
    const { store, metrics } = this.#gateway;
    const [reply] = await metrics.operation(
      'claim',
      store.apply(this.room.id, [{ kind: 'claim', epoch, position, visitor, sid }]),
    );
    if (reply.kind === 'admitted') await this.#admit(reply, visitor, epoch);
    return reply;
  }

  /** Asks the store for the session as it stands, and for a longer one where that is due. @throws StoreUnavailable */
  async renew(): Promise<ClaimReply> {
    if (this.admission?.kind !== 'valid') return { kind: 'refused', reason: 'unknownPosition' };
    const { token } = this.admission;
    const { epoch, position, sid, visitor } = token;
    const reply = await this.#ofSession(token, { kind: 'renew', epoch, position, sid });
    if (reply.kind === 'admitted') await this.#admit(reply, visitor, epoch);
    return reply;
  }

  /** Asks something of a session. One that the store has lost is proven by its token, and asked for again. */
  async #ofSession(
    { epoch, position, visitor, sid, admitAt, expiresAt }: AdmissionToken,
    wish: Extract<Command, { kind: 'renew' | 'end' }>,
  ): Promise<ClaimReply> {
    const { store, metrics } = this.#gateway;
    const [reply] = await metrics.operation(wish.kind, store.apply(this.room.id, [wish]));
    if (reply.kind !== 'refused' || reply.reason !== 'unknownPosition') return reply;
    const proof = { kind: 'restoreSession', epoch, position, visitor, sid, admitAt, expiresAt } as const;
    const [, proven] = await metrics.operation('attest', store.apply(this.room.id, [proof, wish]));
    return proven;
  }

  /** Ends the session, if there is one; its place is free at once. @throws StoreUnavailable */
  async end(reason: EndReason): Promise<void> {
    if (this.admission?.kind !== 'valid' || this.admission.token.position === OPERATOR_PASS_POSITION) return;
    const { token } = this.admission;
    const { epoch, position, sid, expiresAt } = token;
    await this.#ofSession(token, { kind: 'end', epoch, position, sid, reason });
    this.#gateway.views.noteEnding(this.room, sid, expiresAt);
  }

  /** Takes the tokens back from the browser. */
  forget(): void {
    this.queue = null;
    this.admission = null;
    this.#setCookies.push(...this.#gateway.cookies.forget(this.room.id));
  }

  async #admit(reply: Extract<ClaimReply, { kind: 'admitted' }>, visitor: string, epoch: number): Promise<void> {
    const { position, sid, admitAt, expiresAt } = reply;
    const { room, now } = this;
    const token = { room: room.id, visitor, epoch, position, sid, issuedAt: now, admitAt, expiresAt };
    this.admissionToken = await this.#gateway.tokens.issueAdmission(token, room.audience);
    this.admission = { kind: 'valid', token };
    this.#setCookies.push(this.#gateway.cookies.setAdmission(room.id, this.admissionToken, now, expiresAt));
  }

  /** The same visitor keeps their id from one place to the next; a stranger gets 128 random bits. */
  #visitorId(): string {
    if (this.queue !== null && this.queue.kind !== 'invalid') return this.queue.token.visitor;
    if (this.admission !== null && this.admission.kind !== 'invalid') return this.admission.token.visitor;
    return this.#gateway.randomId(16);
  }
}

/** The queue cookie outlives the opening as long as its token. */
const QUEUE_COOKIE_SECONDS = 7 * 24 * 3_600;
