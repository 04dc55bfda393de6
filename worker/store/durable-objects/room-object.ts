// The Durable Objects of a deployment: one for each room, and one for the directory of rooms and operators.

import { type Ending, type RoomView, type ViewRequest, viewOf } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import {
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  type DirectoryView,
  directoryMachine,
  directoryView,
} from '../../../queue-core/directory.ts';
import { ENDINGS_PER_VIEW_MAX, ROWS_PER_PAGE_MAX } from '../../../queue-core/limits.ts';
import type { EpochMs, RoomDocument } from '../../../queue-core/room.ts';
import { roomMachine } from '../../../queue-core/step.ts';
import { RecentJoins } from '../recent-joins.ts';
import { type Applied, LedgerObject } from './ledger-object.ts';

export type Viewed = { kind: 'viewed'; view: RoomView } | { kind: 'unknown' } | { kind: 'busy' };
export type DirectoryViewed = { kind: 'viewed'; view: DirectoryView } | { kind: 'same' } | { kind: 'unknown' };

export class RoomObject extends LedgerObject<RoomDocument, Command, Reply> {
  protected readonly machine = roomMachine;
  readonly #joins = new RecentJoins();

  override async apply(commands: readonly Command[]): Promise<Applied<Reply>> {
    const applied = await super.apply(this.#joins.withPreviousPlaces(commands));
    if (applied.kind === 'applied') this.#joins.remember(commands, applied.replies);
    return applied;
  }

  async view({ endingsAfter, report }: ViewRequest): Promise<Viewed> {
    const { kind } = await this.apply([report ?? { kind: 'tick' }]);
    if (kind === 'busy') return { kind };
    if (kind === 'unknown' || this.document === null) return { kind: 'unknown' };
    const { at } = this.document;
    return { kind: 'viewed', view: viewOf(this.document, this.#endingsAfter(endingsAfter, at), at) };
  }

  #endingsAfter(seq: number, at: EpochMs): Ending[] {
    const found: Ending[] = [];
    for (let after = seq; found.length < ENDINGS_PER_VIEW_MAX; ) {
      const texts = this.rows('ending', { after, limit: ROWS_PER_PAGE_MAX }) ?? [];
      const rows = texts.map((text): Ending => JSON.parse(text));
      found.push(...rows.filter(({ until }) => until > at));
      if (rows.length < ROWS_PER_PAGE_MAX) break;
      after = rows.at(-1)?.seq ?? after;
    }
    return found.slice(0, ENDINGS_PER_VIEW_MAX);
  }
}

export class DirectoryObject extends LedgerObject<DirectoryDocument, DirectoryCommand, DirectoryReply> {
  protected readonly machine = directoryMachine;

  view(known: number | null): DirectoryViewed {
    if (this.document === null) return { kind: 'unknown' };
    return this.document.version === known ? { kind: 'same' } : { kind: 'viewed', view: directoryView(this.document) };
  }

  template(number: number): string | null {
    return this.row('template', number)?.html ?? null;
  }
}
