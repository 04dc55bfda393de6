// The embedded store: one Durable Object a room and one for the directory, called by RPC. A call that fails is retried once,
// because every command is safe to repeat, but not where the object is overloaded; then the store counts as unavailable.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type {
  DirectoryCommand,
  DirectoryReply,
  DirectoryView,
} from '../../../queue-core/directory/directory-document.ts';
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
import {
  type Applied,
  decodeRows,
  readStored,
  requireDone,
  type StoredRows,
  type StoreRefusal,
  type Viewed,
} from '../store-result.ts';
import type { DirectoryObject, RoomObject } from './room-object.ts';

/** Where Cloudflare creates an object: near the visitors, not near the gateway that asks first. */
export type Placement = Pick<DurableObjectNamespaceGetDurableObjectOptions, 'locationHint'>;

export class DurableStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #rooms: DurableObjectNamespace<RoomObject>;
  readonly #placement: Placement;

  constructor(
    rooms: DurableObjectNamespace<RoomObject>,
    directory: DurableObjectNamespace<DirectoryObject>,
    placement: Placement = {},
  ) {
    this.#rooms = rooms;
    this.#placement = placement;
    this.directory = new DurableDirectory(directory, placement);
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const result = await this.#call(room, (object) => object.apply(commands) as Promise<Applied<Reply> | StoreRefusal>);
    return requireRecovered(result.replies) as Replies<C>;
  }

  async view(room: string, request: ViewRequest): Promise<RoomView> {
    return (await this.#call(room, (object) => object.view(request) as Promise<Viewed<RoomView> | StoreRefusal>)).view;
  }

  async rows<T extends PagedTable>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const result = await this.#call(room, (object) => object.rows(table, page) as Promise<StoredRows | StoreRefusal>);
    return decodeRows(table, result, room);
  }

  async #call<Result extends { kind: string }>(
    room: string,
    call: (object: DurableObjectStub<RoomObject>) => Promise<Result>,
  ): Promise<Exclude<Result, StoreRefusal>> {
    return requireDone(await retried(() => call(this.#rooms.get(this.#rooms.idFromName(room), this.#placement))), room);
  }
}

export class DurableDirectory implements DirectoryStore {
  readonly #directories: DurableObjectNamespace<DirectoryObject>;
  readonly #placement: Placement;

  constructor(directories: DurableObjectNamespace<DirectoryObject>, placement: Placement) {
    this.#directories = directories;
    this.#placement = placement;
  }

  async apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>> {
    const result = await this.#call(
      (object) => object.apply(commands) as Promise<Applied<DirectoryReply> | StoreRefusal>,
    );
    return requireDone(result, null).replies as DirectoryReplies<C>;
  }

  async view(known: number | null): Promise<DirectoryView | null> {
    const result = await this.#call(
      (object) => object.view(known) as Promise<Viewed<DirectoryView | null> | StoreRefusal>,
    );
    return requireDone(result, null).view;
  }

  async rows(table: 'audit', page: Page): Promise<Rows['audit'][]> {
    const result = await this.#call((object) => object.rows(table, page) as Promise<StoredRows | StoreRefusal>);
    return decodeRows(table, requireDone(result, null), null);
  }

  async template(number: number): Promise<string | null> {
    const row = await this.#call((object) => object.template(number) as Promise<string | null>);
    return row === null ? null : readStored(null, () => decodeRow('template', row).html);
  }

  #call<T>(call: (object: DurableObjectStub<DirectoryObject>) => Promise<T>): Promise<T> {
    return retried(() => call(this.#directories.get(this.#directories.idFromName('directory'), this.#placement)));
  }
}
