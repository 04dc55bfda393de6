// The embedded store: one Durable Object a room and one for the directory, reached by RPC. A call that fails is repeated
// once, because every command is safe to repeat; then the store counts as unreachable.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { DirectoryCommand, DirectoryReply } from '../../../queue-core/directory.ts';
import type { Page, Rows } from '../../../queue-core/machine.ts';
import { withDeadline } from '../deadline.ts';
import {
  type DirectoryReplies,
  type DirectoryStore,
  type Replies,
  type RoomStore,
  requireRecovered,
  StoreUnavailable,
  UnknownDirectory,
  UnknownRoom,
} from '../room-store.ts';
import type { Applied } from './ledger-object.ts';
import type { DirectoryObject, DirectoryViewed, RoomObject, Viewed } from './room-object.ts';

/** A visitor's request does not wait longer than this for the store; a page that retries by itself serves better. */
const STORE_MS_MAX = 3_000;

const ATTEMPTS_MAX = 2;

export class DurableStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #rooms: DurableObjectNamespace<RoomObject>;

  constructor(rooms: DurableObjectNamespace<RoomObject>, directory: DurableObjectNamespace<DirectoryObject>) {
    this.#rooms = rooms;
    this.directory = new DurableDirectory(directory);
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const applied = await this.#ask(room, (object) => object.apply(commands) as Promise<Applied<Reply>>);
    return requireRecovered(repliesIn(applied, () => new UnknownRoom(room))) as Replies<C>;
  }

  async view(room: string, look: ViewRequest): Promise<RoomView> {
    const viewed = await this.#ask(room, (object) => object.view(look) as Promise<Viewed>);
    if (viewed.kind === 'busy') throw busy();
    if (viewed.kind === 'unknown') throw new UnknownRoom(room);
    return viewed.view;
  }

  async rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const rows = await this.#ask(room, (object) => object.rows(table, page) as Promise<string[] | null>);
    if (rows === null) throw new UnknownRoom(room);
    return rows.map((row) => JSON.parse(row) as Rows[T]);
  }

  #ask<T>(room: string, question: (object: DurableObjectStub<RoomObject>) => Promise<T>): Promise<T> {
    return askTwice(() => question(this.#rooms.get(this.#rooms.idFromName(room))));
  }
}

class DurableDirectory implements DirectoryStore {
  readonly #directories: DurableObjectNamespace<DirectoryObject>;

  constructor(directories: DurableObjectNamespace<DirectoryObject>) {
    this.#directories = directories;
  }

  async apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>> {
    const applied = await this.#ask((object) => object.apply(commands) as Promise<Applied<DirectoryReply>>);
    return repliesIn(applied, () => new UnknownDirectory()) as DirectoryReplies<C>;
  }

  async view(known: number | null) {
    const viewed = await this.#ask((object) => object.view(known) as Promise<DirectoryViewed>);
    if (viewed.kind === 'unknown') throw new UnknownDirectory();
    return viewed.kind === 'same' ? null : viewed.view;
  }

  async rows(table: 'audit', page: Page): Promise<Rows['audit'][]> {
    const rows = await this.#ask((object) => object.rows(table, page) as Promise<string[] | null>);
    return (rows ?? []).map((row) => JSON.parse(row) as Rows['audit']);
  }

  template(number: number): Promise<string | null> {
    return this.#ask((object) => object.template(number) as Promise<string | null>);
  }

  #ask<T>(question: (object: DurableObjectStub<DirectoryObject>) => Promise<T>): Promise<T> {
    return askTwice(() => question(this.#directories.get(this.#directories.idFromName('directory'))));
  }
}

function repliesIn<Reply>(applied: Applied<Reply>, unknown: () => StoreUnavailable): Reply[] {
  if (applied.kind === 'busy') throw busy();
  if (applied.kind === 'unknown') throw unknown();
  return applied.replies;
}

function busy(): StoreUnavailable {
  return new StoreUnavailable('more lists are waiting than it takes');
}

async function askTwice<T>(question: () => Promise<T>): Promise<T> {
  let failure = new StoreUnavailable('it was not asked');
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      return await withDeadline(STORE_MS_MAX / ATTEMPTS_MAX, question());
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      failure = error;
    }
  }
  throw failure;
}
