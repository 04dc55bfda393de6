// The visitors of a simulated night: they arrive, join, poll as the waiting page does, claim when they are called, stay and
// leave; some never come back, some lose an answer and try again. Their state is in columns. One who waits costs no event
// until the call: then follows the poll that they would have made next. A sample is watched: all of their polls are played.

import { type Board, positionOf, statusOf } from '../../queue-core/board.ts';
import type { ClaimReply, Place } from '../../queue-core/command.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { aheadOf, POLL_JITTER, pollSeconds } from '../../queue-core/wait.ts';
import type { RoomSnapshot } from '../../worker/views/room-views.ts';
import type { SeededRandom } from '../rehearsal/seeded-random.ts';
import { exponential, logNormal } from './chance.ts';
import { NO_GATEWAY, NOBODY, type ObservedEvents, REFUSED, type Refused } from './observed-events.ts';
import type { OriginModel } from './origin-model.ts';
import { Positions } from './positions.ts';
import type { Arrivals, Scenario } from './scenario.ts';
import { sessionName, visitorName } from './session-table.ts';
import { type JoinOutcome, ROOM, type SimulatedGateway } from './simulated-gateway.ts';
import { T0 } from './simulated-room.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A visitor's own way to the gateway and back, median. */
const CLIENT_MS = 60;
const CLIENT_SPREAD = 0.5;

/** The page waits for an answer for so long (worker/pages/page-script.ts), and retries a visitor on standby so often. */
const REQUEST_MS_MAX = 10_000;
const STANDBY_SECONDS = 3;
/** Pages read the status within this time after the opening, each at its own moment. */
const OPENING_SPREAD_MS = 3_000;
const BACKOFF_SECONDS_MAX = 30;
const BACKOFF_SECONDS_CALLED_MAX = 5;

/** Tries of one visitor to join or to claim; then they give up. */
const TRIES_MAX = 60;

/** Sessions that one visitor asks for have different names. */
const SESSIONS_PER_VISITOR = 64;

const COMES = 1;
const LEAVES = 2;
const WATCHED = 4;
const HAS_PLACE = 8;
const IS_POSITION = 16;
const IS_EXPECTED = 32;
const ADMITTED = 64;
const OVER = 128;

interface CrowdParts {
  time: VirtualTime;
  random: SeededRandom;
  scenario: Scenario;
  arrivals: Arrivals;
  gateways: readonly SimulatedGateway[];
  events: ObservedEvents;
  origin: OriginModel;
}

export class Crowd {
  arrived = 0;
  answered = 0;
  admitted = 0;
  gaveUp = 0;
  /** Slots that begin in each second of the run. */
  readonly slots: number[] = [];
  /** Visitors who will come and are not through yet. */
  left = 0;
  /** ms from arrival to the answer: how many answers in each ms, the last one for all beyond. */
  readonly answerMs = new Uint32Array(ANSWER_MS_MAX + 1);
  readonly #parts: CrowdParts;
  readonly #flags: Uint8Array;
  readonly #gatewayOf: Uint16Array;
  readonly #number: Int32Array;
  readonly #tries: Uint8Array;
  readonly #sessionsAsked: Uint8Array;
  readonly #session: Int32Array;
  readonly #firstClaimAt: Float64Array;
  readonly #expiresAt: Float64Array;
  readonly #positions = new Positions();
  #epoch = 1;
  #called = 0;
  #openedAt = Number.POSITIVE_INFINITY;
  #limits = { rate: 0, capacity: 0 };
  /** What the last reader of the room saw: how pages far from their turn poll. */
  #board: Pick<Board, 'pace' | 'newUsersPerMinute' | 'stock' | 'issued' | 'called'>;
  readonly #arrive: number;
  readonly #join: number;
  readonly #poll: number;
  readonly #claim: number;
  readonly #enter: number;
  readonly #nextPage: number;
  readonly #leave: number;

  constructor(parts: CrowdParts) {
    this.#parts = parts;
    const { time, random, scenario, arrivals, gateways } = parts;
    const { visitors, noShow, newUsersPerMinute, watched } = scenario;
    this.#flags = new Uint8Array(visitors);
    this.#gatewayOf = new Uint16Array(visitors);
    this.#number = new Int32Array(visitors);
    this.#tries = new Uint8Array(visitors);
    this.#sessionsAsked = new Uint8Array(visitors);
    this.#session = new Int32Array(visitors);
    this.#firstClaimAt = new Float64Array(visitors);
    this.#expiresAt = new Float64Array(visitors);
    this.#board = { pace: null, newUsersPerMinute, stock: null, issued: 0, called: 0 };
    const every = Math.max(1, Math.floor(visitors / Math.max(1, watched)));
    for (let visitor = 0; visitor < visitors; visitor++) {
      const isGhost = arrivals.isGhost(visitor);
      const comes = !isGhost && random.next() >= noShow;
      const isWatched = comes && watched > 0 && visitor % every === 0;
      this.#flags[visitor] = (comes ? COMES : 0) | (random.next() < 0.5 ? LEAVES : 0) | (isWatched ? WATCHED : 0);
      this.#gatewayOf[visitor] = Math.floor(
        random.next() * (isGhost ? Math.min(GHOST_GATEWAYS, gateways.length) : gateways.length),
      );
      if (comes) this.left++;
    }
    this.#arrive = time.action((visitor) => this.#onArrive(visitor));
    this.#join = time.action((visitor) => this.#onJoin(visitor));
    this.#poll = time.action((visitor) => this.#onPoll(visitor));
    this.#claim = time.action((visitor) => this.#onClaim(visitor));
    this.#enter = time.action((visitor) => this.#onEnter(visitor));
    this.#nextPage = time.action((visitor) => this.#onPage(visitor));
    this.#leave = time.action((visitor) => this.#onLeave(visitor));
    if (visitors > 0) time.schedule(arrivals.at[0] ?? 0, this.#arrive, 0);
  }

  /** A gateway has read the room. */
  noteBoard(board: Board): void {
    this.#board = board;
  }

  /** The room has committed: draws, and tells those whose turn it is. */
  noteCommit(document: RoomDocument): void {
    const { time, events } = this.#parts;
    const { draw, pacing, config } = document;
    const { newUsersPerMinute: rate, totalActiveUsers: capacity } = config.policy;
    this.#epoch = document.epoch;
    if (rate !== this.#limits.rate || capacity !== this.#limits.capacity) {
      this.#limits = { rate, capacity };
      events.add('limits', time.now, NOBODY, NO_GATEWAY, rate, capacity);
    }
    if (draw.seed !== null && draw.entries !== null && this.#openedAt === Number.POSITIVE_INFINITY) {
      this.#openedAt = time.now;
      this.#positions.draw(draw.entries, draw.seed);
      events.add('drawn', time.now, NOBODY, NO_GATEWAY, draw.entries);
    }
    if (pacing.called <= this.#called) return;
    const before = this.#called;
    this.#called = pacing.called;
    events.add('called', time.now, NOBODY, NO_GATEWAY, pacing.called);
    for (let position = before + 1; position <= pacing.called; position++) {
      const visitor = this.#positions.holderOf(position);
      if (visitor !== null) this.#expectPoll(visitor, aheadOf(position, before));
    }
  }

  /** The poll after the call of a visitor who had so many ahead before it. */
  #expectPoll(visitor: number, ahead: number): void {
    const { time, random } = this.#parts;
    const flags = this.#flags[visitor] ?? 0;
    if ((flags & (COMES | WATCHED | IS_EXPECTED)) !== COMES) return;
    this.#flags[visitor] = flags | IS_EXPECTED;
    const nextMs = random.next() * this.#jitter(pollSeconds(ahead, this.#board));
    const opening = this.#openedAt + random.next() * (OPENING_SPREAD_MS + 1_000);
    time.schedule(Math.max(time.now + nextMs, opening), this.#poll, visitor);
  }

  #onArrive(visitor: number): void {
    const { time, arrivals } = this.#parts;
    this.arrived++;
    const next = arrivals.at[visitor + 1];
    if (next !== undefined) time.schedule(next, this.#arrive, visitor + 1);
    this.#onJoin(visitor);
  }

  #onJoin(visitor: number): void {
    const { time, events } = this.#parts;
    const gateway = this.#gateway(visitor);
    const arrivedAt = time.now;
    events.add('arrived', arrivedAt, visitor, gateway.number);
    const request = { key: `k${visitor}`, visitor: visitorName(visitor), sid: this.#nextSession(visitor), rank: 0 };
    gateway.join(request).then(
      (outcome) => this.#onJoined(visitor, gateway, outcome, arrivedAt, request.rank),
      () => this.#retry(visitor, this.#join),
    );
  }

  #onJoined(visitor: number, gateway: SimulatedGateway, outcome: JoinOutcome, arrivedAt: number, rank: number): void {
    const { time, random, scenario, events, gateways } = this.#parts;
    if (outcome.kind !== 'joined') {
      const isOver = outcome.kind === 'refused' && (outcome.reason === 'closed' || outcome.reason === 'soldOut');
      if (isOver) this.#end(visitor);
      else this.#retry(visitor, this.#join);
      return;
    }
    const { place, epoch, claim } = outcome;
    const isPosition = place.kind === 'position';
    events.add('given', time.now, visitor, gateway.number, place.number, isPosition ? 1 : 0, arrivedAt, rank);
    if (random.next() < scenario.losses) {
      if (claim?.kind === 'admitted') this.#noteAdmitted(visitor, gateway, claim, arrivedAt);
      // The network changes, or the page's time is over: the same key again, here or at another gateway.
      if (random.next() < 0.5) this.#gatewayOf[visitor] = Math.floor(random.next() * gateways.length);
      time.schedule(time.now + random.next() * REQUEST_MS_MAX, this.#join, visitor);
      return;
    }
    this.answered++;
    const tookMs = Math.min(ANSWER_MS_MAX, Math.round(time.now - arrivedAt));
    this.answerMs[tookMs] = (this.answerMs[tookMs] ?? 0) + 1;
    events.add('answered', time.now, visitor, gateway.number, place.number, isPosition ? 1 : 0);
    this.#tries[visitor] = 0;
    this.#number[visitor] = place.number;
    this.#epoch = epoch;
    this.#flags[visitor] = (this.#flags[visitor] ?? 0) | HAS_PLACE | (isPosition ? IS_POSITION : 0);
    this.#hold(visitor, place);
    if (claim !== null) {
      this.#firstClaimAt[visitor] = arrivedAt;
      this.#onClaimReply(visitor, gateway, place.number, claim);
    } else if ((this.#flags[visitor] ?? 0) & WATCHED) this.#pollAgain(visitor, 1);
    else {
      const position = isPosition ? place.number : this.#positions.drawnOf(place.number);
      if (position !== null && position <= this.#called) this.#expectPoll(visitor, 0);
    }
  }

  #hold(visitor: number, place: Place): void {
    if (place.kind === 'position') {
      this.#positions.holdPosition(place.number, visitor);
      return;
    }
    this.#positions.holdEntry(place.number, visitor);
    const position = this.#positions.drawnOf(place.number);
    if (position === null) return;
    if (Number.isNaN(position)) this.#refuse(visitor, place.number, 'missedTheDraw');
    else this.#positions.holdPosition(position, visitor);
  }

  #onPoll(visitor: number): void {
    this.#gateway(visitor)
      .read()
      .then((snapshot) => this.#onBoard(visitor, snapshot));
  }

  #onBoard(visitor: number, snapshot: RoomSnapshot | null): void {
    if (this.#isOver(visitor)) return;
    if (snapshot === null) {
      this.#retry(visitor, this.#poll);
      return;
    }
    const { board } = snapshot.view;
    const place = this.#placeOf(visitor);
    const isWatched = ((this.#flags[visitor] ?? 0) & WATCHED) !== 0;
    if (isWatched) this.#noteTold(visitor, place, snapshot);
    const position = isWatched ? positionOf(place, board) : this.#positionOf(visitor);
    if (position !== null && position <= board.called) {
      // The status and the claim follow at once, each with the way there and back.
      this.#parts.time.schedule(this.#parts.time.now + this.#clientMs(), this.#claim, visitor);
      return;
    }
    const seconds =
      position === null || board.state !== 'open'
        ? board.nextPollSeconds
        : pollSeconds(aheadOf(position, board.called), board);
    this.#pollAgain(visitor, seconds);
  }

  /** What a watched visitor's status says. After the draw the position is computed once, as the gateway does at each status. */
  #noteTold(visitor: number, place: Place, { view, now }: RoomSnapshot): void {
    const { events, time } = this.#parts;
    const status = statusOf(view, place, null, now);
    if (status.position === null) return;
    if (place.kind === 'entry') {
      this.#number[visitor] = status.position;
      this.#flags[visitor] = (this.#flags[visitor] ?? 0) | IS_POSITION;
    }
    const { low = Number.NaN, high = Number.NaN } = status.waitSeconds ?? {};
    events.add('told', time.now, visitor, this.#gatewayOf[visitor] ?? 0, status.position, status.ahead ?? 0, low, high);
  }

  #pollAgain(visitor: number, seconds: number): void {
    this.#parts.time.schedule(this.#parts.time.now + this.#jitter(seconds), this.#poll, visitor);
  }

  #onClaim(visitor: number): void {
    if (this.#isOver(visitor)) return;
    const { time } = this.#parts;
    const position = this.#positionOf(visitor);
    if (position === null) return;
    if (this.#firstClaimAt[visitor] === 0) this.#firstClaimAt[visitor] = time.now;
    const gateway = this.#gateway(visitor);
    gateway.claim(this.#epoch, position, visitorName(visitor), this.#nextSession(visitor)).then(
      (reply) => this.#onClaimReply(visitor, gateway, position, reply),
      () => this.#retry(visitor, this.#claim),
    );
  }

  #onClaimReply(visitor: number, gateway: SimulatedGateway, position: number, reply: ClaimReply): void {
    const { time, random, scenario } = this.#parts;
    switch (reply.kind) {
      case 'admitted':
        this.#noteAdmitted(visitor, gateway, reply, this.#firstClaimAt[visitor] || time.now);
        if (random.next() < scenario.losses) {
          time.schedule(time.now + random.next() * REQUEST_MS_MAX, this.#claim, visitor);
          return;
        }
        if ((this.#flags[visitor] ?? 0) & ADMITTED) return;
        this.#flags[visitor] = (this.#flags[visitor] ?? 0) | ADMITTED;
        this.admitted++;
        this.#countSlot(reply.admitAt - T0);
        this.#session[visitor] = Number(reply.sid.slice(1));
        this.#expiresAt[visitor] = reply.expiresAt - T0;
        time.schedule(Math.max(reply.admitAt - T0, time.now) + this.#clientMs() / 2, this.#enter, visitor);
        return;
      case 'standby':
        this.#tries[visitor] = 0;
        time.schedule(time.now + this.#jitter(STANDBY_SECONDS), this.#claim, visitor);
        return;
      case 'waiting':
        this.#noteRefused(visitor, position, 'notCalled');
        this.#pollAgain(visitor, 1);
        return;
      case 'lapsed':
      case 'ended':
        this.#refuse(visitor, position, reply.kind);
        return;
      case 'refused':
        if (reply.reason === 'held' || reply.reason === 'originFailing' || reply.reason === 'notOpen') {
          this.#retry(visitor, this.#claim);
        } else this.#refuse(visitor, position, isNamed(reply.reason) ? reply.reason : 'other');
    }
  }

  #countSlot(at: number): void {
    const second = Math.floor(at / 1_000);
    this.slots[second] = (this.slots[second] ?? 0) + 1;
  }

  #noteAdmitted(
    visitor: number,
    gateway: SimulatedGateway,
    { position, admitAt, expiresAt }: Extract<ClaimReply, { kind: 'admitted' }>,
    since: number,
  ): void {
    const { events, time } = this.#parts;
    events.add('admitted', time.now, visitor, gateway.number, position, admitAt - T0, expiresAt - T0, since);
  }

  #refuse(visitor: number, position: number, reason: Refused): void {
    this.#noteRefused(visitor, position, reason);
    this.#end(visitor);
  }

  #noteRefused(visitor: number, position: number, reason: Refused): void {
    const { events, time } = this.#parts;
    events.add('refused', time.now, visitor, this.#gatewayOf[visitor] ?? 0, position, REFUSED.indexOf(reason));
  }

  #onEnter(visitor: number): void {
    const { time, random, scenario, events, origin } = this.#parts;
    const expiresAt = this.#expiresAt[visitor] ?? 0;
    if (time.now >= expiresAt) {
      this.#end(visitor);
      return;
    }
    const gateway = this.#gateway(visitor);
    events.add('entered', time.now, visitor, gateway.number);
    origin.enter();
    this.#onPage(visitor);
    const stay = exponential(random, scenario.stayMs);
    time.schedule(Math.min(expiresAt, time.now + stay), this.#leave, visitor);
  }

  /** A visitor inside loads a page, and another one after a while. */
  #onPage(visitor: number): void {
    if ((this.#flags[visitor] ?? 0) & OVER) return;
    const { time, scenario } = this.#parts;
    this.#page(visitor);
    if (scenario.pageMs > 0) time.schedule(time.now + this.#jitter(scenario.pageMs / 1_000), this.#nextPage, visitor);
  }

  /** What the gateway sees of it. */
  #page(visitor: number): void {
    const { time, origin } = this.#parts;
    const { observations, stopwatch } = this.#gateway(visitor);
    const [answer, { latencyMs }] = [origin.request(time.now), origin];
    const sample = observations.sample(ROOM, String(visitor), false, stopwatch());
    if (answer === null) return;
    const status = answer === 'good' ? 200 : 503;
    time.call(time.now + latencyMs, () => {
      observations.originAnswered(ROOM, status, latencyMs);
      sample?.answered(status, stopwatch());
    });
  }

  #onLeave(visitor: number): void {
    const { time, events, origin } = this.#parts;
    const gateway = this.#gateway(visitor);
    const position = this.#positionOf(visitor);
    origin.leave();
    events.add('left', time.now, visitor, gateway.number);
    const leavesEarly = time.now < (this.#expiresAt[visitor] ?? 0);
    if (leavesEarly && position !== null && ((this.#flags[visitor] ?? 0) & LEAVES) !== 0) {
      const sid = sessionName(this.#session[visitor] ?? 0);
      // An end that is lost: the session runs out by itself.
      gateway.apply({ kind: 'end', epoch: this.#epoch, position, sid, reason: 'completed' }).catch(() => {});
    }
    this.#end(visitor);
  }

  #end(visitor: number): void {
    const flags = this.#flags[visitor] ?? 0;
    if (flags & OVER) return;
    this.#flags[visitor] = flags | OVER;
    if (flags & COMES) this.left--;
  }

  /** After a failure: after 1 s, 2 s, 4 s, up to a ceiling that is lower while a claim window runs out. */
  #retry(visitor: number, action: number): void {
    const { time } = this.#parts;
    const tries = (this.#tries[visitor] ?? 0) + 1;
    if (tries > TRIES_MAX) {
      this.gaveUp++;
      this.#end(visitor);
      return;
    }
    this.#tries[visitor] = tries;
    const ceiling = action === this.#claim ? BACKOFF_SECONDS_CALLED_MAX : BACKOFF_SECONDS_MAX;
    time.schedule(time.now + this.#jitter(Math.min(ceiling, 2 ** (tries - 1))), action, visitor);
  }

  #gateway(visitor: number): SimulatedGateway {
    return this.#parts.gateways[this.#gatewayOf[visitor] ?? 0] as SimulatedGateway;
  }

  #isOver(visitor: number): boolean {
    return ((this.#flags[visitor] ?? 0) & OVER) !== 0;
  }

  #placeOf(visitor: number): Place {
    const kind = (this.#flags[visitor] ?? 0) & IS_POSITION ? 'position' : 'entry';
    return { kind, number: this.#number[visitor] ?? 0 };
  }

  #positionOf(visitor: number): number | null {
    const { kind, number } = this.#placeOf(visitor);
    return kind === 'position' ? number : this.#positions.drawnOf(number);
  }

  #nextSession(visitor: number): string {
    const asked = this.#sessionsAsked[visitor] ?? 0;
    this.#sessionsAsked[visitor] = asked + 1;
    return sessionName(visitor * SESSIONS_PER_VISITOR + (asked % SESSIONS_PER_VISITOR));
  }

  #jitter(seconds: number): number {
    return seconds * 1_000 * (1 + POLL_JITTER * (2 * this.#parts.random.next() - 1));
  }

  #clientMs(): number {
    return logNormal(this.#parts.random, CLIENT_MS, CLIENT_SPREAD);
  }
}

/** Answers that take longer count as this long. */
const ANSWER_MS_MAX = 30_000;

/** Ghosts come from few machines, and so through few gateways. */
const GHOST_GATEWAYS = 4;

function isNamed(reason: string): reason is Refused {
  return (REFUSED as readonly string[]).includes(reason);
}
