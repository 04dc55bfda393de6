// One room as a Durable Object: the document and the sessions in SQLite, one transaction for each list of commands.
// Lists that arrive while a commit is under way are combined into the next one (a combining queue: no timer, one commit
// in flight), so the load of many visitors becomes few commits. All rules are in queue-core; this loads and saves.

import { DurableObject } from 'cloudflare:workers';
import { type Ending, type RoomView, viewOf } from '../../queue-core/board.ts';
import type { Command, Effect, Reply } from '../../queue-core/command.ts';
import { ENDINGS_PER_VIEW_MAX } from '../../queue-core/limits.ts';
import type { RoomDocument, SessionRecord } from '../../queue-core/room.ts';
import { stepAll } from '../../queue-core/step.ts';

/** What crosses the RPC boundary; errors thrown there lose their class, so outcomes are values. */
export type Applied = { kind: 'applied'; replies: Reply[] } | { kind: 'unknownRoom' } | { kind: 'busy' };
export type Viewed = { kind: 'viewed'; view: RoomView } | { kind: 'unknownRoom' };

/** Lists waiting for a commit; beyond it callers are told to come back, and the gate stays closed for them. */
const LISTS_WAITING_MAX = 4_096;

/** Expired endings are cleared away each time this many have been added. */
const ENDINGS_SWEEP_EVERY = 1_024;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS room (id INTEGER PRIMARY KEY CHECK (id = 1), document TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS session (position INTEGER PRIMARY KEY, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS ending (seq INTEGER PRIMARY KEY, sid TEXT NOT NULL, until INTEGER NOT NULL);
`;

interface WaitingList {
  commands: readonly Command[];
  resolve: (applied: Applied) => void;
  reject: (reason: unknown) => void;
}

export class RoomObject extends DurableObject {
  readonly #sql = this.ctx.storage.sql;
  #room: RoomDocument | null = null;
  #waiting: WaitingList[] = [];
  #committing = false;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as never);
    this.#sql.exec(SCHEMA);
    const [row] = this.#sql.exec<{ document: string }>('SELECT document FROM room').toArray();
    if (row !== undefined) this.#room = JSON.parse(row.document) as RoomDocument;
  }

  apply(commands: readonly Command[]): Promise<Applied> {
    if (this.#waiting.length >= LISTS_WAITING_MAX) return Promise.resolve({ kind: 'busy' });
    const { promise, resolve, reject } = Promise.withResolvers<Applied>();
    this.#waiting.push({ commands, resolve, reject });
    if (!this.#committing) void this.#commitWaiting();
    return promise;
  }

  async view(endingsAfter: number): Promise<Viewed> {
    const { kind } = await this.apply([{ kind: 'tick' }]);
    if (kind === 'unknownRoom' || this.#room === null) return { kind: 'unknownRoom' };
    const { at } = this.#room;
    const endings = this.#sql
      .exec<Ending & Record<string, SqlStorageValue>>(
        'SELECT seq, sid, until FROM ending WHERE seq > ? AND until > ? ORDER BY seq LIMIT ?',
        endingsAfter,
        at,
        ENDINGS_PER_VIEW_MAX,
      )
      .toArray();
    return { kind: 'viewed', view: viewOf(this.#room, endings, at) };
  }

  /** The store's clock, in ms. */
  protected now(): number {
    return Date.now();
  }

  async #commitWaiting(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const lists = this.#waiting;
      this.#waiting = [];
      try {
        const answers = this.ctx.storage.transactionSync(() => this.#applyLists(lists));
        await this.ctx.storage.sync();
        for (const [index, list] of lists.entries()) list.resolve(answers[index] ?? { kind: 'unknownRoom' });
      } catch (error) {
        for (const list of lists) list.reject(error);
        // Memory may be ahead of the disk now: start again from the disk.
        this.ctx.abort('A commit failed.');
      }
    }
    this.#committing = false;
  }

  #applyLists(lists: readonly WaitingList[]): Applied[] {
    const now = this.now();
    const before = this.#room;
    const answers = lists.map(({ commands }): Applied => {
      if (this.#room === null && commands[0]?.kind !== 'configure') return { kind: 'unknownRoom' };
      const { room, replies, effects } = stepAll({ room: this.#room, sessions: this.#sessions }, commands, now);
      this.#room = room;
      for (const effect of effects) this.#carryOut(effect, now);
      return { kind: 'applied', replies };
    });
    if (this.#room !== before) {
      this.#sql.exec('INSERT OR REPLACE INTO room (id, document) VALUES (1, ?)', JSON.stringify(this.#room));
    }
    return answers;
  }

  readonly #sessions = {
    get: (position: number): SessionRecord | undefined => {
      const [row] = this.#sql
        .exec<{ record: string }>('SELECT record FROM session WHERE position = ?', position)
        .toArray();
      return row === undefined ? undefined : (JSON.parse(row.record) as SessionRecord);
    },
  };

  #carryOut(effect: Effect, now: number): void {
    switch (effect.kind) {
      case 'putSession': {
        const record = JSON.stringify(effect.record);
        this.#sql.exec('INSERT OR REPLACE INTO session (position, record) VALUES (?, ?)', effect.position, record);
        return;
      }
      case 'appendEnding': {
        const { seq, sid, until } = effect;
        this.#sql.exec('INSERT OR REPLACE INTO ending (seq, sid, until) VALUES (?, ?, ?)', seq, sid, Math.ceil(until));
        if (seq % ENDINGS_SWEEP_EVERY === 0) this.#sql.exec('DELETE FROM ending WHERE until <= ?', now);
        return;
      }
      case 'dropEndings':
        this.#sql.exec('DELETE FROM ending WHERE seq <= ?', effect.upTo);
        return;
      case 'dropSessions':
        this.#sql.exec('DELETE FROM session');
        this.#sql.exec('DELETE FROM ending');
        return;
    }
  }
}
