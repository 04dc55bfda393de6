// The reference store: the memory of one process, for tests and simulation. Its clock is a parameter.

import type { RoomView, ViewRequest } from '../../queue-core/board.ts';
import type { Command, Reply } from '../../queue-core/command.ts';
import {
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  directoryView,
} from '../../queue-core/directory/directory-document.ts';
import { directoryMachine } from '../../queue-core/directory/directory-machine.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import { ROWS_PER_PAGE_MAX } from '../../queue-core/limits.ts';
import type { Effect, Machine, Page, Rows, Table } from '../../queue-core/machine.ts';
import { roomMachine } from '../../queue-core/step.ts';
import { decodeRow, encodeRow } from '../../queue-core/stored-format.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import {
  type DirectoryReplies,
  type DirectoryStore,
  type PagedTable,
  type Replies,
  type RoomStore,
  requireRecovered,
  UnknownDirectory,
  UnknownRoom,
} from './room-store.ts';
import { readView } from './room-view.ts';
import {
  type Applied,
  decodeRows,
  invalidState,
  readStored,
  requireDone,
  type StoredRows,
  type StoreRefusal,
} from './store-result.ts';

/** One document and its tables, all as text: so that what other stores write is what this one writes. */
export class MemoryLedger<Document, Command, Reply> {
  /** null: there is no document. */
  stored: string | null = null;
  readonly tables: Record<Table, Map<number, string>> = {
    session: new Map(),
    ending: new Map(),
    history: new Map(),
    minute: new Map(),
    audit: new Map(),
    draw: new Map(),
    origin: new Map(),
    template: new Map(),
  };
  readonly #machine: Machine<Document, Command, Reply>;
  /** `stored`, decoded once. */
  #decoded: { text: string; document: Document } | null = null;

  constructor(machine: Machine<Document, Command, Reply>) {
    this.#machine = machine;
  }

  /** @throws CoreError where the stored document cannot be read */
  get document(): Document | null {
    const { stored } = this;
    if (stored === null) return null;
    if (this.#decoded?.text !== stored) this.#decoded = { text: stored, document: this.#machine.decode(stored) };
    return this.#decoded.document;
  }

  set document(document: Document | null) {
    this.stored = document === null ? null : this.#machine.encode(document);
    this.#decoded = this.stored === null || document === null ? null : { text: this.stored, document };
  }

  /** The document is decoded again when it is next used. */
  reload(): void {
    this.#decoded = null;
  }

  apply(commands: readonly Command[], now: EpochMs): Applied<Reply> | StoreRefusal {
    try {
      const { document: before } = this;
      const [first] = commands;
      if (before === null && (first === undefined || !this.#machine.begins(first))) return { kind: 'unknown' };
      const { document, replies, effects } = this.#machine.run(before, this.#sessions, commands, now);
      const writes = effects.map((effect) => this.#writeOf(effect));
      this.document = document;
      for (const write of writes) write();
      return { kind: 'applied', replies };
    } catch (error) {
      return invalidState(error);
    }
  }

  rows(table: Table, { after, limit }: Page): StoredRows {
    const later = [...this.tables[table]].filter(([key]) => key > after).toSorted(([a], [b]) => a - b);
    return { kind: 'rows', rows: later.slice(0, Math.min(limit, ROWS_PER_PAGE_MAX)).map(([, row]) => row) };
  }

  readonly #sessions = {
    get: (position: number): Rows['session'] | undefined => {
      const row = this.tables.session.get(position);
      return row === undefined ? undefined : decodeRow('session', row);
    },
  };

  /** Encodes at once and writes later: what cannot be encoded must leave the ledger as it was. */
  #writeOf(effect: Effect): () => void {
    const table = this.tables[effect.table];
    switch (effect.kind) {
      case 'put': {
        const row = encodeRow(effect.table, effect.row);
        return () => table.set(effect.key, row);
      }
      case 'drop':
        return () => {
          for (const key of table.keys()) if (key >= effect.from && key <= effect.upTo) table.delete(key);
        };
      case 'clear':
        return () => table.clear();
    }
  }
}

export class MemoryStore implements RoomStore {
  readonly rooms = new Map<string, MemoryLedger<RoomDocument, Command, Reply>>();
  readonly directory: MemoryDirectory;
  readonly #now: () => EpochMs;

  constructor(now: () => EpochMs) {
    this.#now = now;
    this.directory = new MemoryDirectory(now);
  }

  /** Forgets what is not stored, as a restart does. */
  restart(): void {
    for (const ledger of [...this.rooms.values(), this.directory.ledger]) ledger.reload();
  }

  async apply<const C extends readonly Command[]>(room: string, commands: C): Promise<Replies<C>> {
    return requireRecovered(this.#apply(room, commands)) as Replies<C>;
  }

  async view(room: string, { endingsAfter, report }: ViewRequest): Promise<RoomView> {
    this.#apply(room, [report ?? { kind: 'tick' }]);
    const ledger = this.#ledger(room);
    return readStored(room, () => {
      if (ledger.document === null) throw new UnknownRoom(room);
      return readView(ledger.document, endingsAfter, (page) => ledger.rows('ending', page).rows);
    });
  }

  async rows<T extends PagedTable>(room: string, table: T, page: Page): Promise<Rows[T][]> {
    const ledger = this.#ledger(room);
    if (ledger.stored === null) throw new UnknownRoom(room);
    return decodeRows(table, ledger.rows(table, page), room);
  }

  #apply(room: string, commands: readonly Command[]): Reply[] {
    return requireDone(this.#ledger(room).apply(commands, this.#now()), room).replies;
  }

  #ledger(room: string): MemoryLedger<RoomDocument, Command, Reply> {
    const found = this.rooms.get(room);
    if (found !== undefined) return found;
    const ledger = new MemoryLedger(roomMachine);
    this.rooms.set(room, ledger);
    return ledger;
  }
}

class MemoryDirectory implements DirectoryStore {
  readonly ledger = new MemoryLedger<DirectoryDocument, DirectoryCommand, DirectoryReply>(directoryMachine);
  readonly #now: () => EpochMs;

  constructor(now: () => EpochMs) {
    this.#now = now;
  }

  async apply<const C extends readonly DirectoryCommand[]>(commands: C): Promise<DirectoryReplies<C>> {
    return requireDone(this.ledger.apply(commands, this.#now()), null).replies as DirectoryReplies<C>;
  }

  async view(known: number | null) {
    const document = await readStored(null, () => this.ledger.document);
    if (document === null) throw new UnknownDirectory();
    return document.version === known ? null : directoryView(document);
  }

  async rows(table: 'audit', page: Page): Promise<Rows['audit'][]> {
    if (this.ledger.stored === null) throw new UnknownDirectory();
    return decodeRows(table, this.ledger.rows(table, page), null);
  }

  async template(number: number): Promise<string | null> {
    const row = this.ledger.tables.template.get(number);
    return row === undefined ? null : readStored(null, () => decodeRow('template', row).html);
  }
}
