// Rooms in Redis as a gateway asks for them: by way of a relay. A deployment has one relay a room, or several where one is
// not enough; each gateway keeps to one of them, and the relays share the room in Redis.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command } from '../../../queue-core/command.ts';
import type { Page, Rows } from '../../../queue-core/machine.ts';
import { withDeadline } from '../deadline.ts';
import {
  type DirectoryStore,
  type Replies,
  type RoomStore,
  requireRecovered,
  StoreUnavailable,
  UnknownRoom,
} from '../room-store.ts';
import type { StoreCounts } from '../store-stats.ts';
import type { Relay, RelayReply } from './relay.ts';

/** A visitor's request does not wait longer than this for the store; a page that retries by itself serves better. */
const STORE_MS_MAX = 3_000;

export interface RelayStoreOptions {
  relays: DurableObjectNamespace<Relay>;
  /** Which of a room's relays this gateway keeps to. */
  relay: number;
  directory: DirectoryStore;
  /** Takes the sums of what a room's store was asked. */
  onCounts: (room: string, tallied: StoreCounts) => void;
}

export class RelayStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #options: RelayStoreOptions;

  constructor(options: RelayStoreOptions) {
    this.#options = options;
    this.directory = options.directory;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const { replies } = await this.#ask(room, (relay) => relay.apply(room, commands) as Promise<RelayReply<Applied>>);
    return requireRecovered(replies) as Replies<C>;
  }

  async view(room: string, look: ViewRequest): Promise<RoomView> {
    return (await this.#ask(room, (relay) => relay.view(room, look) as Promise<RelayReply<Viewed>>)).view;
  }

  async rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const { rows } = await this.#ask(room, (relay) => relay.rows(room, table, page) as Promise<RelayReply<Found>>);
    return rows.map((row) => JSON.parse(row) as Rows[T]);
  }

  async #ask<Done extends { kind: string }>(
    room: string,
    question: (relay: DurableObjectStub<Relay>) => Promise<RelayReply<Done>>,
  ): Promise<Done> {
    const { relays, relay, onCounts } = this.#options;
    const answer = await withDeadline(STORE_MS_MAX, question(relays.get(relays.idFromName(`${room} ${relay}`))));
    onCounts(room, answer.tallied);
    switch (answer.kind) {
      case 'unknown':
        throw new UnknownRoom(room);
      case 'busy':
        throw new StoreUnavailable('more lists are waiting than it takes');
      case 'unavailable':
        throw new StoreUnavailable('why' in answer ? String(answer.why) : 'no answer');
      default:
        return answer as Done;
    }
  }
}

type Applied = Extract<Awaited<ReturnType<Relay['apply']>>, { kind: 'applied' }>;
type Viewed = Extract<Awaited<ReturnType<Relay['view']>>, { kind: 'viewed' }>;
type Found = Extract<Awaited<ReturnType<Relay['rows']>>, { kind: 'rows' }>;
