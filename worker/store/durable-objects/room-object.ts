// The Durable Objects of a deployment: one for each room, and one for the directory of rooms and operators.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import {
  type DirectoryCommand,
  type DirectoryDocument,
  type DirectoryReply,
  type DirectoryView,
  directoryView,
} from '../../../queue-core/directory/directory-document.ts';
import { directoryMachine } from '../../../queue-core/directory/directory-machine.ts';
import type { RoomDocument } from '../../../queue-core/document/room-document.ts';
import type { Page } from '../../../queue-core/machine.ts';
import { roomMachine } from '../../../queue-core/step.ts';
import { readView } from '../room-view.ts';
import { type Applied, invalidState, type StoreRefusal, type Viewed } from '../store-result.ts';
import { LedgerObject } from './ledger-object.ts';

export class RoomObject extends LedgerObject<RoomDocument, Command, Reply> {
  protected readonly machine = roomMachine;

  /** As many calls of `apply`, in one request. */
  applyAll(batches: readonly (readonly Command[])[]): Promise<(Applied<Reply> | StoreRefusal)[]> {
    return Promise.all(batches.map((commands) => this.apply(commands)));
  }

  async view({ endingsAfter, report }: ViewRequest): Promise<Viewed<RoomView> | StoreRefusal> {
    const result = await this.apply([report ?? { kind: 'tick' }]);
    if (result.kind !== 'applied') return result;
    try {
      const document = this.document();
      if (document === null) return { kind: 'unknown' };
      const view = await readView(document, endingsAfter, (page) => this.#endings(page));
      return { kind: 'viewed', view };
    } catch (error) {
      return invalidState(error);
    }
  }

  #endings(page: Page): string[] {
    const result = this.rows('ending', page);
    return result.kind === 'rows' ? result.rows : [];
  }
}

export class DirectoryObject extends LedgerObject<DirectoryDocument, DirectoryCommand, DirectoryReply> {
  protected readonly machine = directoryMachine;

  /** @param known the version that the caller has; null is returned where it is still current */
  view(known: number | null): Viewed<DirectoryView | null> | StoreRefusal {
    try {
      const document = this.document();
      if (document === null) return { kind: 'unknown' };
      return { kind: 'viewed', view: document.version === known ? null : directoryView(document) };
    } catch (error) {
      return invalidState(error);
    }
  }

  /** As stored; null: there is none of this number. */
  template(number: number): string | null {
    return this.row('template', number);
  }
}
