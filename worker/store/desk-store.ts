// Rooms in Redis as a gateway asks for them: by way of a desk. A deployment has one desk a room, or several where one is
// not enough; each gateway keeps to one of them, and the desks share the room in Redis.

import type { Look, RoomView } from '../../queue-core/board.ts';
import type { Command } from '../../queue-core/command.ts';
import type { Page, Rows } from '../../queue-core/ledger.ts';
import { within } from './deadline.ts';
import type { AtDesk, Desk } from './desk.ts';
import {
  type DirectoryStore,
  granted,
  type Replies,
  type RoomStore,
  StoreUnavailable,
  UnknownRoom,
} from './room-store.ts';
import type { Tallied } from './store-tally.ts';

/** A visitor's request does not wait longer than this for the store; a page that retries by itself serves better. */
const STORE_MS_MAX = 3_000;

export interface DeskStoreOptions {
  desks: DurableObjectNamespace<Desk>;
  /** Which of a room's desks this gateway keeps to. */
  desk: number;
  directory: DirectoryStore;
  /** Takes the sums of what a room's store was asked. */
  onTally: (room: string, tallied: Tallied) => void;
}

export class DeskStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #options: DeskStoreOptions;

  constructor(options: DeskStoreOptions) {
    this.#options = options;
    this.directory = options.directory;
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const { replies } = await this.#ask(room, (desk) => desk.apply(room, commands) as Promise<AtDesk<Applied>>);
    return granted(replies) as Replies<C>;
  }

  async view(room: string, look: Look): Promise<RoomView> {
    return (await this.#ask(room, (desk) => desk.view(room, look) as Promise<AtDesk<Viewed>>)).view;
  }

  async rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const { rows } = await this.#ask(room, (desk) => desk.rows(room, table, page) as Promise<AtDesk<Found>>);
    return rows.map((row) => JSON.parse(row) as Rows[T]);
  }

  async #ask<Done extends { kind: string }>(
    room: string,
    question: (desk: DurableObjectStub<Desk>) => Promise<AtDesk<Done>>,
  ): Promise<Done> {
    const { desks, desk, onTally } = this.#options;
    const answer = await within(STORE_MS_MAX, question(desks.get(desks.idFromName(`${room} ${desk}`))));
    onTally(room, answer.tallied);
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

type Applied = Extract<Awaited<ReturnType<Desk['apply']>>, { kind: 'applied' }>;
type Viewed = Extract<Awaited<ReturnType<Desk['view']>>, { kind: 'viewed' }>;
type Found = Extract<Awaited<ReturnType<Desk['rows']>>, { kind: 'rows' }>;
