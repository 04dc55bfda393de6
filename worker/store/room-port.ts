// What a room in its store offers to a relay, and a relay to gateways: `RoomStore` for one room, with refusals as values.

import type { RoomView, ViewRequest } from '../../queue-core/board.ts';
import type { Command, Reply } from '../../queue-core/command.ts';
import type { Page } from '../../queue-core/machine.ts';
import type { PagedTable } from './room-store.ts';
import type { Applied, StoredRows, StoreRefusal, Viewed } from './store-result.ts';

export interface RoomPort {
  apply(commands: readonly Command[]): Promise<Applied<Reply> | StoreRefusal>;
  view(request: ViewRequest): Promise<Viewed<RoomView> | StoreRefusal>;
  rows(table: PagedTable, page: Page): Promise<StoredRows | StoreRefusal>;
}
