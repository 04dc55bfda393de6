// Rooms as a gateway uses them through relays. A room has one relay, or several where one is not enough; a gateway keeps to one
// of them as long as it answers.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { Page, Rows } from '../../../queue-core/machine.ts';
import { STORE_MS_MAX, withDeadline } from '../deadline.ts';
import type { Placement } from '../durable-objects/ledger-calls.ts';
import {
  type DirectoryStore,
  type PagedTable,
  type Replies,
  type RoomStore,
  requireRecovered,
  StoreUnavailable,
} from '../room-store.ts';
import {
  type Applied,
  decodeRows,
  requireDone,
  type StoredRows,
  type StoreRefusal,
  type Viewed,
} from '../store-result.ts';
import type { StoreCounts } from '../store-stats.ts';
import type { Relay, RelayReply } from './relay.ts';

/** A relay that fails sooner than this leaves time to ask another one. */
const FAILED_EARLY_MS = STORE_MS_MAX / 2;

interface RelayStoreOptions {
  relays: DurableObjectNamespace<Relay>;
  /** Relays of each room. */
  count: number;
  /** A random number from 0 to below 1: which of them this gateway begins with. */
  random: number;
  placement?: Placement;
  directory: DirectoryStore;
  /** A stopwatch in ms. */
  stopwatch: () => number;
  /** Receives what the relay counted since its last reply. */
  onCounts: (room: string, counts: StoreCounts) => void;
}

export class RelayStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #options: RelayStoreOptions;
  #relay: number;

  constructor(options: RelayStoreOptions) {
    this.#options = options;
    this.#relay = Math.floor(options.random * options.count);
    this.directory = options.directory;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const { replies } = await this.#call(
      room,
      (relay) => relay.apply(room, commands) as Promise<RelayReply<Applied<Reply>>>,
    );
    return requireRecovered(replies) as Replies<C>;
  }

  async view(room: string, request: ViewRequest): Promise<RoomView> {
    return (await this.#call(room, (relay) => relay.view(room, request) as Promise<RelayReply<Viewed<RoomView>>>)).view;
  }

  async rows<T extends PagedTable>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const rows = await this.#call(room, (relay) => relay.rows(room, table, page) as Promise<RelayReply<StoredRows>>);
    return decodeRows(table, rows, room);
  }

  async #call<Result extends { kind: string }>(
    room: string,
    call: (relay: DurableObjectStub<Relay>) => Promise<RelayReply<Result>>,
  ): Promise<Exclude<Result, StoreRefusal>> {
    const { stopwatch, onCounts } = this.#options;
    const startedAt = stopwatch();
    let reply: RelayReply<Result>;
    try {
      reply = await withDeadline(STORE_MS_MAX, call(this.#stub(room)));
    } catch (error) {
      const left = STORE_MS_MAX - (stopwatch() - startedAt);
      if (!(error instanceof StoreUnavailable)) throw error;
      // It ended, or has more to do than it can: another one knows as much.
      this.#relay = (this.#relay + 1) % this.#options.count;
      if (left < STORE_MS_MAX - FAILED_EARLY_MS) throw error;
      reply = await withDeadline(left, call(this.#stub(room)));
    }
    onCounts(room, reply.counts);
    return requireDone(reply.result, room);
  }

  #stub(room: string): DurableObjectStub<Relay> {
    const { relays, placement } = this.#options;
    return relays.get(relays.idFromName(`${room} ${this.#relay}`), placement);
  }
}
