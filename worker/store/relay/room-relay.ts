// What a relay does between many gateways and one room: it reads the room twice a second for all of them with their reports added
// up, and leases large blocks of numbers and hands out parts of them. Everything else goes on to the room. It holds nothing that
// may not be lost: without it a gateway reads the room again, and numbers that were leased and not given out are given to nobody.
//
// Promises are shared between callers, so this is only for code whose requests share one context (a Durable Object).

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { Ending } from '../../../queue-core/document/session-record.ts';
import { numbersIn } from '../../../queue-core/lease.ts';
import {
  ENDINGS_MAX,
  ENDINGS_PER_VIEW_MAX,
  ENTRY_LEASE_MS,
  LEASE_NUMBERS_MAX,
  POSITION_LEASE_MS,
  VIEW_STALE_MS_MAX,
} from '../../../queue-core/limits.ts';
import type { Page } from '../../../queue-core/machine.ts';
import { epochMs } from '../../../queue-core/time.ts';
import { AHEAD_FOR_MS, Demand } from '../demand.ts';
import { blockOf, isAlive, type Leased, leftIn, type NumberBlock, returnOf } from '../number-block.ts';
import type { RoomPort } from '../room-port.ts';
import type { PagedTable } from '../room-store.ts';
import { Stopwatch } from '../steady-clock.ts';
import type { Applied, StoredRows, StoreRefusal, Viewed } from '../store-result.ts';
import { RelayedReports } from './relayed-reports.ts';

/** A view this young is shared. With a gateway's second and the way between them a gateway's view stays below its bound. */
export const SHARED_VIEW_MS = 500;

/** While the room does not answer, it is asked this often. */
const RETRY_MS = 500;

/** Commands after which views from before them are not shared any more. */
const CHANGES: readonly Command['kind'][] = ['configure', 'change', 'draw', 'restorePlace'];

export interface RelayOptions {
  room: RoomPort;
  /** Names this relay's memory in its reports. */
  id: string;
  /** A stopwatch in ms. */
  stopwatch: () => number;
  sharedViewMs?: number;
}

type LeaseCommand = Extract<Command, { kind: 'lease' }>;
type Result = Applied<Reply> | StoreRefusal;

/** A gateway that waits for numbers. */
interface Waiting {
  wanted: LeaseCommand;
  resolve: (result: Result) => void;
}

interface SharedView {
  view: RoomView;
  fetchedAt: number;
  receivedAt: number;
  generation: number;
  /** Of the clock when the room was asked: after another one the view is of unknown age. */
  setBacks: number;
}

export class RoomRelay implements RoomPort {
  readonly #room: RoomPort;
  readonly #clock: Stopwatch;
  readonly #sharedViewMs: number;
  readonly #reports: RelayedReports;
  #shared: SharedView | null = null;
  #reading: { generation: number; done: Promise<StoreRefusal | null> } | null = null;
  #failed: { at: number; refusal: StoreRefusal } | null = null;
  #generation = 0;
  /** Sessions that ended early, oldest first. */
  #endings: Ending[] = [];
  #endingSeq = 0;
  #blocks: NumberBlock[] = [];
  #waiting: Waiting[] = [];
  #isLeasing = false;
  /** Of the last block, where no view says more. */
  #lastLifeMs = POSITION_LEASE_MS;
  readonly #demand = new Demand();

  constructor({ room, id, stopwatch, sharedViewMs = SHARED_VIEW_MS }: RelayOptions) {
    this.#room = room;
    this.#clock = new Stopwatch(stopwatch);
    this.#sharedViewMs = sharedViewMs;
    this.#reports = new RelayedReports(id, this.#clock.now);
  }

  async apply(commands: readonly Command[]): Promise<Result> {
    const [first] = commands;
    if (first?.kind === 'lease' && commands.length === 1) return this.#lease(first);
    try {
      return await this.#room.apply(commands);
    } finally {
      if (commands.some(({ kind }) => CHANGES.includes(kind))) {
        this.#outdate();
        this.#dropBlocks();
      }
    }
  }

  async view({ endingsAfter, report }: ViewRequest): Promise<Viewed<RoomView> | StoreRefusal> {
    if (report !== null) this.#reports.take(report);
    // A gateway that has read the room through another relay must not go back to an older version.
    if (report !== null && report.version > (this.#shared?.view.live.version ?? 0)) this.#outdate();
    if (!this.#isShareable()) {
      const refusal = await this.#readSince(this.#generation);
      if (refusal !== null) return refusal;
    }
    return this.#viewFor(endingsAfter);
  }

  rows(table: PagedTable, page: Page): Promise<StoredRows | StoreRefusal> {
    return this.#room.rows(table, page);
  }

  /** Views whose read has begun are not shared any more. */
  #outdate(): void {
    if ((this.#reading ?? this.#shared)?.generation === this.#generation) this.#generation++;
  }

  /** Whether the last view may answer: young enough, from after the last change, and not from before an opening that has come. */
  #isShareable(): boolean {
    if (this.#shared === null || this.#shared.generation < this.#generation) return false;
    const { view, fetchedAt, receivedAt, setBacks } = this.#shared;
    const now = this.#clock.now();
    if (setBacks !== this.#clock.setBacks) return false;
    if (now - fetchedAt >= this.#sharedViewMs) return false;
    const opensInMs = epochMs(view.board.opensAt) - view.at;
    return opensInMs <= 0 || now - receivedAt < opensInMs;
  }

  /** How long a lease from the room would live. */
  #lifeMs(): number {
    if (this.#shared === null) return this.#lastLifeMs;
    const { view, receivedAt } = this.#shared;
    const opensInMs = epochMs(view.board.opensAt) - view.at - (this.#clock.now() - receivedAt);
    return opensInMs > 0 ? Math.min(ENTRY_LEASE_MS, opensInMs) : POSITION_LEASE_MS;
  }

  /** A read of the room that starts after the last change: the one under way, or a new one, for all who wait for it. */
  async #readSince(generation: number): Promise<StoreRefusal | null> {
    if (this.#reading !== null && this.#reading.generation < generation) await this.#reading.done;
    if (this.#reading === null) {
      if (this.#failed !== null && this.#clock.now() - this.#failed.at < RETRY_MS) return this.#failed.refusal;
      const done = this.#read(this.#generation).finally(() => {
        this.#reading = null;
      });
      this.#reading = { generation: this.#generation, done };
    }
    return this.#reading.done;
  }

  async #read(generation: number): Promise<StoreRefusal | null> {
    const { setBacks } = this.#clock;
    const fetchedAt = this.#clock.now();
    let report = this.#reports.next();
    try {
      for (;;) {
        const result = await this.#room.view({ endingsAfter: this.#endingSeq, report });
        if (result.kind !== 'viewed') return this.#fail(result);
        if (report !== null) this.#reports.arrived(fetchedAt);
        report = null;
        if (this.#blocks.some(({ epoch }) => epoch !== result.view.board.epoch)) this.#dropBlocks();
        const hasMore = this.#takeEndings(result.view);
        if (hasMore) continue;
        this.#failed = null;
        const view = { ...result.view, endings: [] };
        this.#shared = { view, fetchedAt, receivedAt: this.#clock.now(), generation, setBacks };
        return null;
      }
    } catch (error) {
      return this.#fail(unavailable(error));
    }
  }

  #fail(refusal: StoreRefusal): StoreRefusal {
    this.#failed = { at: this.#clock.now(), refusal };
    return refusal;
  }

  /** @returns whether the room has more of them */
  #takeEndings({ endings, endingSeq, at, board }: RoomView): boolean {
    const hasMore = endings.length === ENDINGS_PER_VIEW_MAX;
    // A new opening begins without any.
    const known = this.#shared?.view.board.epoch === board.epoch ? this.#endings : [];
    const live = [...known, ...endings].filter(({ until }) => until > at);
    this.#endings = live.slice(-ENDINGS_MAX);
    this.#endingSeq = hasMore ? (endings.at(-1)?.seq ?? endingSeq) : endingSeq;
    return hasMore;
  }

  #viewFor(endingsAfter: number): Viewed<RoomView> | StoreRefusal {
    if (this.#shared === null) return { kind: 'unavailable', message: 'The relay has not read the room yet' };
    const { view, fetchedAt, receivedAt, setBacks } = this.#shared;
    const endings = this.#endings.filter(({ seq }) => seq > endingsAfter).slice(0, ENDINGS_PER_VIEW_MAX);
    const now = this.#clock.now();
    const unknownMs = setBacks === this.#clock.setBacks ? 0 : VIEW_STALE_MS_MAX;
    const relayed = { ageMs: now - fetchedAt + unknownMs, heldMs: now - receivedAt };
    return { kind: 'viewed', view: { ...view, endings, relayed } };
  }

  /** A part of a block that is there; else of the next one, in the order in which gateways asked. */
  #lease({ kind, count, ahead }: LeaseCommand): Promise<Result> {
    const wanted = { kind, count: numbersIn(count, 1), ahead: numbersIn(ahead, 0) };
    const part = this.#waiting.length === 0 ? this.#partOf(wanted) : null;
    if (part !== null) {
      this.#leaseAhead();
      return Promise.resolve(applied(part));
    }
    const { promise, resolve } = Promise.withResolvers<Result>();
    this.#waiting.push({ wanted, resolve });
    if (!this.#isLeasing) void this.#leaseBlock();
    return promise;
  }

  /** For the visitors who are there, and of those ahead as many as can come while the block lives. */
  #partOf({ count, ahead }: LeaseCommand): Leased | null {
    const now = this.#clock.now();
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      const left = leftIn(block);
      if (left === 0 || !isAlive(block, this.#clock)) {
        this.#blocks.shift();
        this.#returnRest(block);
        continue;
      }
      const forMs = block.until - now;
      const given = Math.min(left, count + Math.floor(ahead * Math.min(1, forMs / AHEAD_FOR_MS)));
      const { kind, epoch, lease, places, commitment } = block;
      const part = { kind, epoch, lease, places, commitment, first: block.next, count: given, forMs };
      block.next += given;
      this.#demand.add(given, now);
      return part;
    }
    return null;
  }

  #leaseAhead(): void {
    if (this.#isLeasing || this.#blocks.length > 1) return;
    if (!this.#demand.isRunningOut(leftIn(this.#blocks[0]), this.#lifeMs(), this.#clock.now())) return;
    void this.#leaseBlock();
  }

  /** Never throws: what fails is the answer of those who wait. */
  async #leaseBlock(): Promise<void> {
    this.#isLeasing = true;
    try {
      do {
        const { setBacks } = this.#clock;
        const startedAt = this.#clock.now();
        const sum = (of: (command: LeaseCommand) => number) =>
          this.#waiting.reduce((total, { wanted }) => total + of(wanted), 0);
        const count = Math.min(
          LEASE_NUMBERS_MAX,
          Math.max(
            1,
            sum((wanted) => wanted.count),
          ),
        );
        const expected = Math.max(
          sum((wanted) => wanted.ahead),
          this.#demand.ahead(this.#lifeMs(), startedAt),
        );
        const ahead = Math.min(LEASE_NUMBERS_MAX - count, expected);
        const result = await this.#room.apply([{ kind: 'lease', count, ahead }]).catch(unavailable);
        const reply = result.kind === 'applied' ? result.replies[0] : undefined;
        if (reply?.kind !== 'leased') {
          for (const { resolve } of this.#waiting.splice(0)) resolve(result);
          return;
        }
        this.#lastLifeMs = reply.forMs;
        this.#blocks.push(blockOf(reply, { at: startedAt, setBacks }, this.#clock.now()));
        this.#serveWaiting();
      } while (this.#waiting.length > 0);
    } finally {
      this.#isLeasing = false;
    }
  }

  #serveWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const part = this.#partOf(next.wanted);
      if (part === null) return;
      this.#waiting.shift();
      next.resolve(applied(part));
    }
  }

  /** The opening that they are of may be over. */
  #dropBlocks(): void {
    for (const block of this.#blocks.splice(0)) this.#returnRest(block);
  }

  /** Entries that were handed out to no gateway; where the return is lost, they are given to nobody. */
  #returnRest(block: NumberBlock): void {
    if (block.places !== 'entry' || leftIn(block) === 0) return;
    this.#room.apply([returnOf(block)]).catch(() => {});
  }
}

function applied(reply: Reply): Applied<Reply> {
  return { kind: 'applied', replies: [reply] };
}

function unavailable(error: unknown): StoreRefusal {
  return { kind: 'unavailable', message: error instanceof Error ? error.message : String(error) };
}
