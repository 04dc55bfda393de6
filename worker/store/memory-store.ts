// The reference store: one process's memory, for tests and simulation. Its clock is given, so that time can be played.

import { type RoomView, type ViewRequest, viewOf } from '../../queue-core/board.ts';
import type { Command, Reply } from '../../queue-core/command.ts';
import {
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  directoryMachine,
  directoryView,
} from '../../queue-core/directory.ts';
import { ENDINGS_PER_VIEW_MAX, ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import type { Effect, Machine, Page, Rows, Table } from '../../queue-core/machine.ts';
import type { EpochMs, RoomDocument } from '../../queue-core/room.ts';
import { roomMachine } from '../../queue-core/step.ts';
import { RecentJoins } from './recent-joins.ts';
import {
  type DirectoryReplies,
  type DirectoryStore,
  type Replies,
  type RoomStore,
  requireRecovered,
  UnknownDirectory,
  UnknownRoom,
} from './room-store.ts';

type Tables = { [T in Table]: Map<number, Rows[T]> };

/** One document and its tables. */
export class MemoryLedger<Document, Command, Reply> {
  document: Document | null = null;
  readonly tables: Tables = {
    session: new Map(),
    ending: new Map(),
    history: new Map(),
    audit: new Map(),
    template: new Map(),
  };
  readonly #machine: Machine<Document, Command, Reply>;

  constructor(machine: Machine<Document, Command, Reply>) {
    this.#machine = machine;
  }

  /** @returns null where there is no document and no command that begins one */
  apply(commands: readonly Command[], now: EpochMs): { document: Document; replies: Reply[] } | null {
    const [first] = commands;
    if (this.document === null && (first === undefined || !this.#machine.begins(first))) return null;
    const { document, replies, effects } = this.#machine.run(this.document, this.tables.session, commands, now);
    this.document = document;
    for (const effect of effects) this.#write(effect);
    return { document, replies };
  }

  rows<T extends Table>(table: T, { after, limit }: Page): Rows[T][] {
    const later = [...this.tables[table]].filter(([key]) => key > after).toSorted(([a], [b]) => a - b);
    return later.slice(0, Math.min(limit, ROWS_PER_PAGE_MAX)).map(([, row]) => row);
  }

  #write(effect: Effect): void {
    const table: Map<number, unknown> = this.tables[effect.table];
    switch (effect.kind) {
      case 'put':
        table.set(effect.key, effect.row);
        return;
      case 'drop':
        for (const key of table.keys()) if (key >= effect.from && key <= effect.upTo) table.delete(key);
        return;
      case 'clear':
        table.clear();
        return;
    }
  }
}

export class MemoryStore implements RoomStore {
  readonly rooms = new Map<string, MemoryLedger<RoomDocument, Command, Reply>>();
  readonly directory: DirectoryStore;
  readonly #joins = new Map<string, RecentJoins>();
  readonly #now: () => EpochMs;

  constructor(now: () => EpochMs) {
    this.#now = now;
    this.directory = new MemoryDirectory(now);
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    const joins = this.#joins.get(room) ?? new RecentJoins();
    this.#joins.set(room, joins);
    const { replies } = this.#run(room, joins.withPreviousPlaces(commands));
    joins.remember(commands, replies);
    return requireRecovered(replies) as Replies<C>;
  }

  async view(room: string, { endingsAfter, report }: ViewRequest): Promise<RoomView> {
    const { ledger, document } = this.#run(room, [report ?? { kind: 'tick' }]);
    const unseen = [...ledger.tables.ending.values()]
      .filter(({ seq, until }) => seq > endingsAfter && until > document.at)
      .toSorted((a, b) => a.seq - b.seq);
    return viewOf(document, unseen.slice(0, ENDINGS_PER_VIEW_MAX), document.at);
  }

  async rows<T extends 'history' | 'audit'>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const ledger = this.rooms.get(room);
    if (ledger === undefined) throw new UnknownRoom(room);
    return ledger.rows(table, page);
  }

  #run(room: string, commands: readonly Command[]) {
    const ledger = this.rooms.get(room) ?? new MemoryLedger(roomMachine);
    const applied = ledger.apply(commands, this.#now());
    if (applied === null) throw new UnknownRoom(room);
    this.rooms.set(room, ledger);
    return { ledger, ...applied };
  }
}

class MemoryDirectory implements DirectoryStore {
  readonly #ledger = new MemoryLedger<DirectoryDocument, DirectoryCommand, DirectoryReply>(directoryMachine);
  readonly #now: () => EpochMs;

  constructor(now: () => EpochMs) {
    this.#now = now;
  }

  async apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>> {
    const applied = this.#ledger.apply(commands, this.#now());
    if (applied === null) throw new UnknownDirectory();
    return applied.replies as DirectoryReplies<C>;
  }

  async view(known: number | null) {
    const { document } = this.#ledger;
    if (document === null) throw new UnknownDirectory();
    return document.version === known ? null : directoryView(document);
  }

  async rows(table: 'audit', page: Page): Promise<Rows['audit'][]> {
    return this.#ledger.rows(table, page);
  }

  async template(number: number): Promise<string | null> {
    return this.#ledger.tables.template.get(number)?.html ?? null;
  }
}
