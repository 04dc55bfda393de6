// Rooms and their directory in Redis. What is asked of one room meanwhile is combined, so that visitors do not compete with
// each other; promises are shared for that, so a room may be used only where all requests share one context: in a relay
// (relay.ts), a script, a test. The directory shares nothing and may be used anywhere.

import { type Ending, type RoomView, type ViewRequest, viewOf } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import {
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  directoryMachine,
  directoryView,
} from '../../../queue-core/directory.ts';
import { ENDINGS_PER_VIEW_MAX, ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { Page, Rows } from '../../../queue-core/machine.ts';
import type { RoomDocument } from '../../../queue-core/room.ts';
import { roomMachine } from '../../../queue-core/step.ts';
import { GroupCommit } from '../group-commit.ts';
import { RecentJoins } from '../recent-joins.ts';
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
import { RedisFailure } from './redis-client.ts';
import { type Batch, type BatchResult, RedisLedger, type RedisLedgerOptions } from './redis-ledger.ts';

/** What all ledgers of a store have in common. */
export type RedisOptions = Omit<RedisLedgerOptions<unknown, unknown, unknown>, 'machine' | 'name'>;

/** Lists in one commit: no more than joins that a room can tell from repeated ones, and far below any request's bound. */
const LISTS_TOGETHER_MAX = 256;

export class RedisRoom extends RedisLedger<RoomDocument, Command, Reply> {
  readonly #lists = new GroupCommit<Batch<Command>, BatchResult<RoomDocument, Reply>>(
    (lists) => this.commit(lists),
    LISTS_TOGETHER_MAX,
  );

  readonly #joins = new RecentJoins();

  constructor(room: string, options: RedisOptions) {
    super({ ...options, machine: roomMachine, name: `room:${room}` });
  }

  /** @returns null where too many lists wait already */
  apply(commands: readonly Command[]): Promise<BatchResult<RoomDocument, Reply>> | null {
    return (
      this.#lists.add({ commands: this.#joins.withPreviousPlaces(commands) })?.then((answered) => {
        if (answered.kind === 'applied') this.#joins.remember(commands, answered.replies);
        return answered;
      }) ?? null
    );
  }

  /** Does what a look asks to be done before the room is shown. @returns as `apply` */
  look({ report }: ViewRequest): Promise<BatchResult<RoomDocument, Reply>> | null {
    return this.#lists.add(
      report === null ? { commands: [{ kind: 'tick' }], isReadOnly: true } : { commands: [report] },
    );
  }

  /** The endings of a view, page by page; most seconds have none and ask nothing. */
  async viewOf(document: RoomDocument, endingsAfter: number): Promise<RoomView> {
    const found: Ending[] = [];
    for (let after = endingsAfter; after < document.endings.seq && found.length < ENDINGS_PER_VIEW_MAX; ) {
      const texts = (await this.rows('ending', { after, limit: ROWS_PER_PAGE_MAX })) ?? [];
      const rows = texts.map((text): Ending => JSON.parse(text));
      found.push(...rows.filter(({ seq, until }) => seq <= document.endings.seq && until > document.at));
      if (rows.length < ROWS_PER_PAGE_MAX) break;
      after = rows.at(-1)?.seq ?? document.endings.seq;
    }
    return viewOf(document, found.slice(0, ENDINGS_PER_VIEW_MAX), document.at);
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
    const answered = await inOurWords(this.room(room).apply(commands) ?? busy());
    return requireRecovered(appliedIn(answered, () => new UnknownRoom(room)).replies) as Replies<C>;
  }

  async view(room: string, look: ViewRequest): Promise<RoomView> {
    const answered = await inOurWords(this.room(room).look(look) ?? busy());
    const { document } = appliedIn(answered, () => new UnknownRoom(room));
    return inOurWords(this.room(room).viewOf(document, look.endingsAfter));
  }

  async rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const texts = await inOurWords(this.room(room).rows(table, page));
    if (texts === null) throw new UnknownRoom(room);
    return texts.map((text) => JSON.parse(text) as Rows[T]);
  }

  room(name: string): RedisRoom {
    const found = this.#rooms.get(name);
    if (found !== undefined) return found;
    const room = new RedisRoom(name, this.#options);
    this.#rooms.set(name, room);
    return room;
  }
}

/** The one directory of a database; asked too seldom to need a relay. */
export class RedisDirectory implements DirectoryStore {
  readonly #ledger: RedisLedger<DirectoryDocument, DirectoryCommand, DirectoryReply>;

  constructor(options: RedisOptions) {
    this.#ledger = new RedisLedger({ ...options, machine: directoryMachine, name: 'directory' });
  }

  async apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>> {
    const [answered] = await inOurWords(this.#ledger.commit([{ commands }]));
    return appliedIn(answered, () => new UnknownDirectory()).replies as DirectoryReplies<C>;
  }

  async view(known: number | null) {
    const [answered] = await inOurWords(this.#ledger.commit([{ commands: [] }]));
    const { document } = appliedIn(answered, () => new UnknownDirectory());
    return document.version === known ? null : directoryView(document);
  }

  async rows(table: 'audit', page: Page): Promise<Rows['audit'][]> {
    const texts = (await inOurWords(this.#ledger.rows(table, page))) ?? [];
    return texts.map((text) => JSON.parse(text) as Rows['audit']);
  }

  async template(number: number): Promise<string | null> {
    return (await inOurWords(this.#ledger.row('template', number)))?.html ?? null;
  }
}

function busy(): never {
  throw new StoreUnavailable('more lists are waiting than it takes');
}

function appliedIn<Document, Reply>(
  answered: BatchResult<Document, Reply> | undefined,
  unknown: () => StoreUnavailable,
): Extract<BatchResult<Document, Reply>, { kind: 'applied' }> {
  if (answered?.kind !== 'applied') throw unknown();
  return answered;
}

/** @throws StoreUnavailable in place of what went wrong on the way, which is already in words that may be logged */
async function inOurWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RedisFailure) throw new StoreUnavailable(error.message);
    throw error;
  }
}
