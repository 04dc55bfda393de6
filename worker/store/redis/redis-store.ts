// Rooms and their directory in Redis. Batches that arrive while a commit is in flight are committed together, so that visitors
// do not compete with each other. Promises are shared for that, so a room is only for code whose requests share one context:
// a relay (../relay/relay.ts), a script, a test. The directory shares nothing and may be used anywhere.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import {
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  directoryView,
} from '../../../queue-core/directory/directory-document.ts';
import { directoryMachine } from '../../../queue-core/directory/directory-machine.ts';
import type { RoomDocument } from '../../../queue-core/document/room-document.ts';
import type { Page, Rows } from '../../../queue-core/machine.ts';
import { roomMachine } from '../../../queue-core/step.ts';
import { decodeRow } from '../../../queue-core/stored-format.ts';
import { GroupCommit } from '../group-commit.ts';
import type { RoomPort } from '../room-port.ts';
import {
  type DirectoryReplies,
  type DirectoryStore,
  type PagedTable,
  type Replies,
  type RoomStore,
  requireRecovered,
} from '../room-store.ts';
import { readView } from '../room-view.ts';
import {
  type Applied,
  decodeRows,
  invalidState,
  requireDone,
  type StoredRows,
  type StoreRefusal,
  type Viewed,
} from '../store-result.ts';
import { RedisFailure } from './redis-client.ts';
import { type Batch, type BatchResult, RedisLedger, type RedisLedgerOptions } from './redis-ledger.ts';

/** What all ledgers of a store have in common. */
export type RedisOptions = Omit<RedisLedgerOptions<unknown, unknown, unknown>, 'machine' | 'name'>;

/** Batches in one commit: far below any bound on a request. */
const BATCHES_PER_COMMIT_MAX = 256;

export class RedisRoom implements RoomPort {
  readonly #ledger: RedisLedger<RoomDocument, Command, Reply>;
  readonly #commits = new GroupCommit<Batch<Command>, BatchResult<RoomDocument, Reply>>(
    (batches) => this.#ledger.commit(batches),
    BATCHES_PER_COMMIT_MAX,
  );

  constructor(room: string, options: RedisOptions) {
    this.#ledger = new RedisLedger({ ...options, machine: roomMachine, name: `room:${room}` });
  }

  async apply(commands: readonly Command[]): Promise<Applied<Reply> | StoreRefusal> {
    const result = await settled(this.#commits.add({ commands }));
    return result.kind === 'applied' ? { kind: 'applied', replies: result.replies } : result;
  }

  view({ endingsAfter, report }: ViewRequest): Promise<Viewed<RoomView> | StoreRefusal> {
    const view = async () => {
      const result = await this.#commits.add(
        report === null ? { commands: [{ kind: 'tick' }], isReadOnly: true } : { commands: [report] },
      );
      if (result.kind !== 'applied') return result;
      const view = await readView(result.document, endingsAfter, async (page) => {
        const endings = await this.#ledger.rows('ending', page);
        return endings.kind === 'rows' ? endings.rows : [];
      });
      return { kind: 'viewed', view } as const;
    };
    return settled(view());
  }

  rows(table: PagedTable, page: Page): Promise<StoredRows | StoreRefusal> {
    return settled(this.#ledger.rows(table, page));
  }
}

export class RedisStore implements RoomStore {
  readonly directory: DirectoryStore;
  readonly #options: RedisOptions;
  /** As many as the directory has rooms. */
  readonly #rooms = new Map<string, RedisRoom>();

  constructor(options: RedisOptions) {
    this.#options = options;
    this.directory = new RedisDirectory(options);
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const { replies } = requireDone(await this.#room(room).apply(commands), room);
    return requireRecovered(replies) as Replies<C>;
  }

  async view(room: string, request: ViewRequest): Promise<RoomView> {
    return requireDone(await this.#room(room).view(request), room).view;
  }

  async rows<T extends PagedTable>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    return decodeRows(table, requireDone(await this.#room(room).rows(table, page), room), room);
  }

  #room(name: string): RedisRoom {
    const found = this.#rooms.get(name);
    if (found !== undefined) return found;
    const room = new RedisRoom(name, this.#options);
    this.#rooms.set(name, room);
    return room;
  }
}

/** The one directory of a database; used too rarely to need a relay. */
export class RedisDirectory implements DirectoryStore {
  readonly #ledger: RedisLedger<DirectoryDocument, DirectoryCommand, DirectoryReply>;

  constructor(options: RedisOptions) {
    this.#ledger = new RedisLedger({ ...options, machine: directoryMachine, name: 'directory' });
  }

  async apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>> {
    return (await this.#commit(commands)).replies as DirectoryReplies<C>;
  }

  async view(known: number | null) {
    const { document } = await this.#commit([]);
    return document.version === known ? null : directoryView(document);
  }

  async rows(table: 'audit', page: Page): Promise<Rows['audit'][]> {
    return decodeRows(table, requireDone(await settled(this.#ledger.rows(table, page)), null), null);
  }

  async template(number: number): Promise<string | null> {
    const template = async () => {
      const row = await this.#ledger.row('template', number);
      return { kind: 'template', html: row === null ? null : decodeRow('template', row).html } as const;
    };
    return requireDone(await settled(template()), null).html;
  }

  async #commit(commands: readonly DirectoryCommand[]) {
    const commit = async () => (await this.#ledger.commit([{ commands }]))[0] ?? ({ kind: 'unknown' } as const);
    return requireDone(await settled(commit()), null);
  }
}

/** The result, or the refusal that a failure of Redis or invalid stored state comes down to. Any other error is thrown on. */
function settled<Result>(work: Promise<Result>): Promise<Result | StoreRefusal> {
  return work.catch((error: unknown) =>
    error instanceof RedisFailure ? { kind: 'unavailable', message: error.message } : invalidState(error),
  );
}
