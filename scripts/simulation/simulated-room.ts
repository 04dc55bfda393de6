// The room's object as the platform runs it: one request at a time, each taking some of its time; requests that come during a
// commit wait for it and are committed together; beyond a bound they are refused. The rules and the state are the room's
// own (queue-core), and so is the bound.

import { type RoomView, type ViewRequest, viewOf } from '../../queue-core/board.ts';
import type { Command, Reply } from '../../queue-core/command.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { roomMachine } from '../../queue-core/step.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { BATCHES_PENDING_MAX } from '../../worker/store/group-commit.ts';
import type { RoomPort } from '../../worker/store/room-port.ts';
import { StoreUnavailable } from '../../worker/store/room-store.ts';
import type { Applied, StoreRefusal, Viewed } from '../../worker/store/store-result.ts';
import { SessionTable } from './session-table.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What gateways, relays and the room speak among each other; nobody reads rows at night. */
export type NightPort = Pick<RoomPort, 'apply' | 'view'>;

export type Outcome = Applied<Reply> | StoreRefusal;

export type Batch = readonly Command[];

/** Virtual time zero by the store's clock. */
export const T0: EpochMs = Date.UTC(2026, 6, 12, 10, 0, 0);

/** Of the object's time, for each batch of a request after the first: a step and its rows. */
const BATCH_MS = 0.05;

interface Pending {
  batches: readonly Batch[];
  resolve: (outcomes: Outcome[]) => void;
  reject: (error: StoreUnavailable) => void;
}

interface RoomParts {
  time: VirtualTime;
  serviceMs: number;
  commitMs: number;
  /** Called with every request that reaches the object. */
  onRequest: (batches: readonly Batch[]) => void;
  /** Called after every commit, at its time. */
  onCommit: (document: RoomDocument) => void;
}

export class SimulatedRoom implements NightPort {
  document: RoomDocument | null = null;
  /** Batches refused because too many were pending. */
  busy = 0;
  readonly sessions = new SessionTable();
  readonly #parts: RoomParts;
  #pending: Pending[] = [];
  #inFlight: Pending[] = [];
  #isCommitting = false;
  #stalledUntil = 0;
  /** Counts restarts: a commit of an earlier life answers nobody. */
  #life = 0;
  #view: { of: RoomDocument; view: RoomView } | null = null;

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  /** Before anybody reads. */
  configure(command: Extract<Command, { kind: 'configure' }>): void {
    this.#run([command]);
  }

  async apply(commands: Batch): Promise<Outcome> {
    const [outcome] = await this.applyAll([commands]);
    return outcome as Outcome;
  }

  /** As many calls of `apply`, in one request. */
  applyAll(batches: readonly Batch[]): Promise<Outcome[]> {
    this.#parts.onRequest(batches);
    if (this.#pending.length >= BATCHES_PENDING_MAX) {
      this.busy += batches.length;
      return Promise.resolve(batches.map(() => ({ kind: 'busy' })));
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ batches, resolve, reject });
      this.#begin();
    });
  }

  async view({ report }: ViewRequest): Promise<Viewed<RoomView> | StoreRefusal> {
    const outcome = await this.apply([report ?? { kind: 'tick' }]);
    if (outcome.kind !== 'applied') return outcome;
    const { document } = this;
    if (document === null) return { kind: 'unknown' };
    // The same for all who read after one commit. Early endings are read by token checks, which are not simulated.
    if (this.#view?.of !== document) this.#view = { of: document, view: viewOf(document, [], document.at) };
    return { kind: 'viewed', view: this.#view.view };
  }

  /** The object does nothing for so long. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#parts.time.now + ms);
  }

  /** The process ends: what was pending is not applied, what was being committed may be, and nobody gets an answer. */
  restart(): void {
    const lost = [...this.#inFlight, ...this.#pending];
    [this.#inFlight, this.#pending] = [[], []];
    this.#life++;
    this.#isCommitting = false;
    // It reads what it had stored.
    if (this.document !== null) this.document = roomMachine.decode(roomMachine.encode(this.document));
    for (const { reject } of lost) reject(new StoreUnavailable('The simulated room restarted'));
  }

  #begin(): void {
    if (this.#isCommitting || this.#pending.length === 0) return;
    this.#isCommitting = true;
    const { time, serviceMs, commitMs } = this.#parts;
    const group = this.#pending;
    this.#pending = [];
    this.#inFlight = group;
    const life = this.#life;
    const workMs = group.reduce((sum, { batches }) => sum + serviceMs + BATCH_MS * (batches.length - 1), 0);
    time.call(Math.max(time.now, this.#stalledUntil) + workMs, () => {
      if (life !== this.#life) return;
      const outcomes = group.map(({ batches }) => batches.map((batch) => this.#run(batch)));
      if (this.document !== null) this.#parts.onCommit(this.document);
      time.call(time.now + commitMs, () => {
        if (life !== this.#life) return;
        this.#inFlight = [];
        this.#isCommitting = false;
        for (const [index, { resolve }] of group.entries()) resolve(outcomes[index] ?? []);
        this.#begin();
      });
    });
  }

  #run(commands: Batch): Outcome {
    const now = T0 + Math.floor(this.#parts.time.now);
    const { document, replies, effects } = roomMachine.run(this.document, this.sessions, commands, now);
    this.document = document;
    for (const effect of effects) this.sessions.apply(effect);
    return { kind: 'applied', replies };
  }
}
