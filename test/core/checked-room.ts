// A room in memory for tests: every step runs on deeply frozen input and is checked against every invariant.

import type { AuditRecord } from '../../queue-core/audit.ts';
import type { Command, Reply } from '../../queue-core/command.ts';
import type { HistoryBucket } from '../../queue-core/document/history-state.ts';
import type { RoomDocument } from '../../queue-core/document/room-document.ts';
import type { SessionRecord } from '../../queue-core/document/session-record.ts';
import { brokenBetween, brokenIn } from '../../queue-core/invariants.ts';
import type { Effect } from '../../queue-core/machine.ts';
import { roomMachine } from '../../queue-core/step.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { deepFreeze } from './deep-freeze.ts';
import { EMPTY_TABLES, type Tables, writtenTo } from './tables.ts';

/** What a batch did, and the numbers of the invariants that it broke. */
interface CheckedRun {
  replies: Reply[];
  effects: Effect[];
  broken: number[];
}

export class CheckedRoom {
  tables: Tables = EMPTY_TABLES;
  #document: RoomDocument | null = null;

  /** @throws Error before the room is configured */
  get document(): RoomDocument {
    if (this.#document === null) throw new Error('The room is not configured yet.');
    return this.#document;
  }

  /** Replaces the stored document, for states that take too many steps to reach. */
  set document(document: RoomDocument) {
    this.#document = document;
  }

  get sessions(): ReadonlyMap<number, SessionRecord> {
    return this.tables.session;
  }

  get log(): AuditRecord[] {
    return [...this.tables.audit.values()];
  }

  get history(): HistoryBucket[] {
    return [...this.tables.history.values()];
  }

  /** Applies one command. @throws Error where it breaks an invariant */
  send(now: EpochMs, command: Command): Reply {
    const { replies, broken } = this.run(now, [command]);
    if (broken.length > 0) throw new Error(`${command.kind} broke invariants ${broken.join(', ')}.`);
    const [reply] = replies;
    if (reply === undefined) throw new Error(`${command.kind} got no reply.`);
    return reply;
  }

  /** Applies commands as one batch. */
  run(now: EpochMs, commands: readonly Command[]): CheckedRun {
    const [before, sessionsBefore] = [this.#document, this.sessions];
    deepFreeze([before, commands]);
    const { document, replies, effects } = roomMachine.run(before, sessionsBefore, commands, now);
    this.#write(document, effects);
    const after = { room: document, sessions: this.sessions };
    const broken = brokenIn(document, this.sessions);
    if (before !== null) broken.push(...brokenBetween({ room: before, sessions: sessionsBefore }, after));
    return { replies, effects, broken };
  }

  /** Lets the room recover from a loss of which its only client knows nothing but that it happened. */
  recover(now: EpochMs): void {
    const recovered = roomMachine.recover(deepFreeze(this.document), null, this.sessions, now);
    if (recovered === null) throw new Error('There was nothing to recover.');
    this.#write(recovered.document, recovered.effects);
  }

  /** The same state, which goes on by itself. */
  copy(): CheckedRoom {
    const copy = new CheckedRoom();
    copy.#document = this.#document;
    copy.tables = this.tables;
    return copy;
  }

  /** Goes on with what was made of the document outside of its machine. */
  goOnWith(document: RoomDocument, effects: readonly Effect[]): this {
    this.#write(document, effects);
    return this;
  }

  #write(document: RoomDocument, effects: readonly Effect[]): void {
    this.#document = document;
    this.tables = writtenTo(this.tables, effects);
  }
}
