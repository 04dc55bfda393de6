// Numbers that this gateway gives out by itself. It leases a block from the room in one operation, gives the numbers to visitors in
// the order in which they ask, and signs each; how many it asks for follows from how many came in the last second. Unused
// entries go back to the room; positions that nobody came for stay unused, as those of visitors who never come.
//
// Requests of one isolate share no promise: one of them leases, and the others look again after a moment of their own.

import type { JoinReply, LeaseReply } from '../../queue-core/command.ts';
import { ENTRY_LEASE_MS, LEASE_NUMBERS_MAX, POSITION_LEASE_MS } from '../../queue-core/limits.ts';
import type { Background } from '../http/request-env.ts';
import type { Metrics } from '../metrics.ts';
import { STORE_MS_MAX } from '../store/deadline.ts';
import { Demand } from '../store/demand.ts';
import { blockOf, isAlive, leftIn, type NumberBlock, returnOf } from '../store/number-block.ts';
import { type RoomStore, StoreUnavailable } from '../store/room-store.ts';
import { type Clock, SteadyClock } from '../store/steady-clock.ts';
import type { GivenPlace } from './recent-joins.ts';

/** A request looks again after this, then after twice as long, up to the longest. */
const LOOK_AGAIN_MS_MIN = 2;
export const LOOK_AGAIN_MS_MAX = 50;

/**
 * Joins with a session that are under way at once, of all gateways and of one. With more, a view that says that nobody waits is no
 * longer true: in a rush a thousand gateways would send the room each visitor by themselves.
 */
const ALONE = 512;
const ALONE_OF_GATEWAY = { min: 4, max: 64 };

/** Then the view is another one. */
const VIEW_MS = 1_000;

type Refused = Extract<LeaseReply, { kind: 'refused' }>;

/** A request without a number yet. One that was given up by its client never says so, and counts for no longer than one waits. */
interface Ticket {
  since: number;
  result: GivenPlace | Refused | null;
}

interface Line {
  blocks: NumberBlock[];
  /** In order of arrival. */
  waiting: Set<Ticket>;
  /** Since when a request leases; null: none does. */
  leasingSince: number | null;
  /** Blocks of entries that ended with some left. */
  unused: NumberBlock[];
  demand: Demand;
  /** The last position given out here. */
  lastPosition: { epoch: number; number: number };
  /** Until when newcomers stand behind others, whatever an older view says. */
  queuesUntil: number;
  /** When each join began that is under way by itself. A request that was given up never ends here. */
  alone: number[];
}

export class Leases {
  readonly #store: Pick<RoomStore, 'apply'>;
  readonly #metrics: Pick<Metrics, 'operation' | 'count'>;
  readonly #clock: SteadyClock;
  readonly #lines = new Map<string, Line>();

  constructor(store: Pick<RoomStore, 'apply'>, metrics: Pick<Metrics, 'operation' | 'count'>, clock: Clock) {
    this.#store = store;
    this.#metrics = metrics;
    this.#clock = SteadyClock.over(clock);
  }

  /**
   * A place for one newcomer: by `alone` where they may enter at once, an operation that brings a session with it, else a number of a lease.
   * @param passes whether the view says that they may
   * @param gateways that read the room
   * @throws StoreUnavailable
   */
  async join(
    room: string,
    { passes, gateways, ...at }: { passes: boolean; gateways: number; epoch: number; opensInMs: number },
    alone: () => Promise<JoinReply>,
    background: Background,
  ): Promise<JoinReply> {
    const line = this.#lineOf(room);
    if (!passes || this.#isQueueing(line, gateways)) {
      const leased = await this.take(room, at, background);
      return 'kind' in leased ? leased : { kind: 'joined', ...leased, claim: null };
    }
    const begunAt = this.#clock.now();
    line.alone.push(begunAt);
    try {
      const reply = await alone();
      // A place without a session: those who come within a second stand behind.
      if (reply.kind === 'joined' && reply.claim === null) line.queuesUntil = this.#clock.now() + VIEW_MS;
      return reply;
    } finally {
      const index = line.alone.indexOf(begunAt);
      if (index !== -1) line.alone.splice(index, 1);
    }
  }

  /**
   * A number of a lease.
   * @param epoch of the room now: numbers of another one are given to nobody
   * @param opensInMs as far as the gateway knows; the room decides what is leased
   * @throws StoreUnavailable
   */
  async take(
    room: string,
    { epoch, opensInMs }: { epoch: number; opensInMs: number },
    background: Background,
  ): Promise<GivenPlace | Refused> {
    const line = this.#lineOf(room);
    const leaseMs = opensInMs > 0 ? Math.min(ENTRY_LEASE_MS, opensInMs) : POSITION_LEASE_MS;
    line.demand.add(1, this.#clock.now());
    if (opensInMs <= 0) this.#dropEntries(room, line);
    // While others wait there is no number left.
    const given = this.#next(room, line, epoch);
    if (given !== null) {
      this.#leaseAhead(room, line, leaseMs, background);
      return given;
    }
    const ticket: Ticket = { since: this.#clock.now(), result: null };
    line.waiting.add(ticket);
    try {
      for (let pauseMs = LOOK_AGAIN_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, LOOK_AGAIN_MS_MAX)) {
        if (!this.#isLeasing(line)) await this.#lease(room, line, leaseMs, background);
        else await this.#clock.wait(pauseMs);
        if (ticket.result !== null) return ticket.result;
        if (this.#isGivenUp(ticket)) {
          throw new StoreUnavailable(`No lease of room "${room}" came within ${STORE_MS_MAX} ms`);
        }
      }
    } finally {
      line.waiting.delete(ticket);
    }
  }

  /** Numbers of the room that are leased and not given out yet. */
  held(room: string): number {
    return countIn(this.#lines.get(room)?.blocks ?? []);
  }

  /**
   * Returns entries that were leased and not given out. Called with every read of the room, so that none is out for long where
   * anybody waits.
   */
  returnUnused(room: string, background: Background): void {
    const line = this.#lines.get(room);
    if (line === undefined) return;
    const over = line.blocks.filter((block) => !isAlive(block, this.#clock));
    for (const block of over) this.#leaveUnused(room, line, block);
    if (over.length > 0) line.blocks = line.blocks.filter((block) => !over.includes(block));
    const unused = line.unused.splice(0);
    if (unused.length === 0) return;
    const returning = this.#metrics.operation('return', this.#store.apply(room, unused.map(returnOf))).then(
      () => this.#count(room, 'returned', countIn(unused)),
      // Nobody has them, then, and nobody gets them.
      () => this.#count(room, 'void', countIn(unused)),
    );
    background(returning);
  }

  /** Whether newcomers stand behind others although a view says that nobody waits. */
  #isQueueing(line: Line, gateways: number): boolean {
    const now = this.#clock.now();
    line.alone = line.alone.filter((begunAt) => now - begunAt < STORE_MS_MAX);
    const { min, max } = ALONE_OF_GATEWAY;
    const aloneMax = Math.min(max, Math.max(min, Math.floor(ALONE / Math.max(1, gateways))));
    return now < line.queuesUntil || line.alone.length >= aloneMax;
  }

  #lineOf(room: string): Line {
    const found = this.#lines.get(room);
    if (found !== undefined) return found;
    const line: Line = {
      blocks: [],
      waiting: new Set(),
      leasingSince: null,
      unused: [],
      demand: new Demand(),
      lastPosition: { epoch: 0, number: 0 },
      queuesUntil: 0,
      alone: [],
    };
    this.#lines.set(room, line);
    return line;
  }

  /** The next number that may still be given out. */
  #next(room: string, line: Line, epoch: number): GivenPlace | null {
    for (;;) {
      const [block] = line.blocks;
      if (block === undefined) return null;
      if (leftIn(block) > 0 && block.epoch === epoch && isAlive(block, this.#clock)) {
        const number = block.next++;
        if (block.places === 'position') line.lastPosition = { epoch, number };
        if (leftIn(block) === 0) line.blocks.shift();
        this.#count(room, 'given', 1);
        return { epoch: block.epoch, place: { kind: block.places, number }, commitment: block.commitment };
      }
      line.blocks.shift();
      this.#leaveUnused(room, line, block);
    }
  }

  #leaveUnused(room: string, line: Line, block: NumberBlock): void {
    const left = leftIn(block);
    if (left === 0) return;
    if (block.places === 'entry') line.unused.push(block);
    else this.#count(room, 'void', left);
  }

  #isLeasing({ leasingSince }: Line): boolean {
    return leasingSince !== null && this.#clock.now() - leasingSince < STORE_MS_MAX;
  }

  /** Leases the next block before the present one ends, where so many come that it will be used. */
  #leaseAhead(room: string, line: Line, leaseMs: number, background: Background): void {
    if (this.#isLeasing(line) || line.blocks.length > 1) return;
    if (!line.demand.isRunningOut(leftIn(line.blocks[0]), leaseMs, this.#clock.now())) return;
    // A failure shows in the request that finds no number.
    this.#lease(room, line, leaseMs, background).catch(() => {});
  }

  /** One operation, which goes on when its request ends. @throws StoreUnavailable */
  async #lease(room: string, line: Line, leaseMs: number, background: Background): Promise<void> {
    const { setBacks } = this.#clock;
    const startedAt = this.#clock.now();
    line.leasingSince = startedAt;
    this.#forgetGivenUp(line);
    const count = Math.min(LEASE_NUMBERS_MAX, Math.max(1, line.waiting.size));
    const ahead = Math.min(LEASE_NUMBERS_MAX - count, line.demand.ahead(leaseMs, startedAt));
    const leasing = this.#metrics.operation('lease', this.#store.apply(room, [{ kind: 'lease', count, ahead }])).then(
      ([reply]) => {
        if (line.leasingSince === startedAt) line.leasingSince = null;
        this.#receive(room, line, reply, { at: startedAt, setBacks });
      },
      (error: unknown) => {
        if (line.leasingSince === startedAt) line.leasingSince = null;
        throw error;
      },
    );
    background(leasing.catch(() => {}));
    await leasing;
  }

  /** Gives the numbers to those who wait, in order of arrival; the rest is for those who come. */
  #receive(room: string, line: Line, reply: LeaseReply, asked: { at: number; setBacks: number }): void {
    this.#forgetGivenUp(line);
    if (reply.kind === 'refused') {
      for (const ticket of line.waiting) ticket.result = reply;
      line.waiting.clear();
      return;
    }
    this.#count(room, 'leased', reply.count);
    this.#add(room, line, blockOf(reply, asked, this.#clock.now()));
    for (const ticket of line.waiting) {
      ticket.result = this.#next(room, line, reply.epoch);
      if (ticket.result === null) return;
      line.waiting.delete(ticket);
    }
  }

  /**
   * A block of positions says that the room has opened, and entries are given to nobody any more. Another relay than before may hand out
   * positions that it leased earlier; those below one that was given here would stand ahead of visitors who came first.
   */
  #add(room: string, line: Line, block: NumberBlock): void {
    if (block.places === 'position') {
      this.#dropEntries(room, line);
      const { epoch, number } = line.lastPosition;
      const passed = block.epoch === epoch ? Math.min(leftIn(block), Math.max(0, number + 1 - block.next)) : 0;
      block.next += passed;
      this.#count(room, 'void', passed);
    }
    if (leftIn(block) > 0) line.blocks = [...line.blocks, block].sort((a, b) => a.epoch - b.epoch || a.next - b.next);
  }

  #dropEntries(room: string, line: Line): void {
    const entries = line.blocks.filter(({ places }) => places === 'entry');
    if (entries.length === 0) return;
    for (const block of entries) this.#leaveUnused(room, line, block);
    line.blocks = line.blocks.filter((block) => !entries.includes(block));
  }

  #isGivenUp({ since }: Ticket): boolean {
    return this.#clock.now() - since > STORE_MS_MAX;
  }

  #forgetGivenUp({ waiting }: Line): void {
    for (const ticket of waiting) {
      if (!this.#isGivenUp(ticket)) return;
      waiting.delete(ticket);
    }
  }

  #count(room: string, fate: 'leased' | 'given' | 'returned' | 'void', by: number): void {
    if (by > 0) this.#metrics.count('fairgate_leased_numbers_total', { room, fate }, by);
  }
}

function countIn(blocks: readonly NumberBlock[]): number {
  return blocks.reduce((sum, block) => sum + leftIn(block), 0);
}
