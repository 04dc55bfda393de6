// The embedded store: one Durable Object a room and one for the directory, called by RPC. A call that fails is retried once,
// because every command is safe to repeat, but not where the object is overloaded; then the store counts as unavailable.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command } from '../../../queue-core/command.ts';
import type { DirectoryCommand, DirectoryView } from '../../../queue-core/directory/directory-document.ts';
import type { Page, Rows } from '../../../queue-core/machine.ts';
import { decodeRow } from '../../../queue-core/stored-format.ts';
import { retried } from '../deadline.ts';
import {
  type DirectoryReplies,
  type DirectoryStore,
  type PagedTable,
  type Replies,
  type RoomStore,
  requireRecovered,
} from '../room-store.ts';
import { decodeRows, readStored, requireDone, type StoreRefusal } from '../store-result.ts';
import type { DirectoryCalls, LedgerObjects, RoomCalls } from './ledger-calls.ts';

export class DurableStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #objects: LedgerObjects;

  constructor(objects: LedgerObjects) {
    this.#objects = objects;
    this.directory = new DurableDirectory(objects);
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const result = await this.#call(room, (object) => object.apply(commands));
    return requireRecovered(result.replies) as Replies<C>;
  }

  async view(room: string, request: ViewRequest): Promise<RoomView> {
    return (await this.#call(room, (object) => object.view(request))).view;
  }

  async rows<T extends PagedTable>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    return decodeRows(table, await this.#call(room, (object) => object.rows(table, page)), room);
  }

  async #call<Result extends { kind: string }>(
    room: string,
    call: (object: RoomCalls) => Promise<Result>,
  ): Promise<Exclude<Result, StoreRefusal>> {
    return requireDone(await retried(() => call(this.#objects.room(room))), room);
  }
}

export class DurableDirectory implements DirectoryStore {
  readonly #objects: LedgerObjects;

  constructor(objects: LedgerObjects) {
    this.#objects = objects;
  }

  async apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>> {
    const result = await this.#call((object) => object.apply(commands));
    return requireDone(result, null).replies as DirectoryReplies<C>;
  }

  async view(known: number | null): Promise<DirectoryView | null> {
    const result = await this.#call((object) => object.view(known));
    return requireDone(result, null).view;
  }

  async rows(table: 'audit', page: Page): Promise<Rows['audit'][]> {
    const result = await this.#call((object) => object.rows(table, page));
    return decodeRows(table, requireDone(result, null), null);
  }

  async template(number: number): Promise<string | null> {
    const row = await this.#call((object) => object.template(number));
    return row === null ? null : readStored(null, () => decodeRow('template', row).html);
  }

  #call<T>(call: (object: DirectoryCalls) => Promise<T>): Promise<T> {
    return retried(() => call(this.#objects.directory()));
  }
}
