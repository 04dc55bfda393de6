// A room's object as a relay calls it: batches that come while a request is under way, or too soon after the last one, go into the
// next one together. Promises are shared, so it is only for code whose requests share one context.

import type { RoomView, ViewRequest } from '../../../queue-core/board.ts';
import type { Command, Reply } from '../../../queue-core/command.ts';
import type { Page } from '../../../queue-core/machine.ts';
import { retried } from '../deadline.ts';
import { GroupCommit, type Pace } from '../group-commit.ts';
import type { RoomPort } from '../room-port.ts';
import { type PagedTable, StoreUnavailable } from '../room-store.ts';
import type { Applied, StoredRows, StoreRefusal, Viewed } from '../store-result.ts';
import type { RoomCalls } from './ledger-calls.ts';

/** Batches in one request: far below any bound on its size. */
export const BATCHES_PER_REQUEST_MAX = 1_024;

/** Requests with batches that all relays of a room send it in a second, of the 1,000 that its object bears. */
const REQUESTS_PER_SECOND = 400;

/** How far apart one of so many relays sends its requests. */
export function requestIntervalMs(relays: number): number {
  return (1_000 * Math.max(1, relays)) / REQUESTS_PER_SECOND;
}

export class BatchedRoom implements RoomPort {
  readonly #object: () => RoomCalls;
  readonly #batches: GroupCommit<readonly Command[], Applied<Reply> | StoreRefusal>;

  /** @param object a stub for one request: after a failure the next one needs a new one */
  constructor(object: () => RoomCalls, pace: Pace) {
    this.#object = object;
    this.#batches = new GroupCommit(
      (batches) => retried(() => object().applyAll(batches)).catch((error) => batches.map(() => unavailable(error))),
      BATCHES_PER_REQUEST_MAX,
      pace,
    );
  }

  apply(commands: readonly Command[]): Promise<Applied<Reply> | StoreRefusal> {
    return this.#batches.add(commands);
  }

  view(request: ViewRequest): Promise<Viewed<RoomView> | StoreRefusal> {
    return retried(() => this.#object().view(request)).catch(unavailable);
  }

  rows(table: PagedTable, page: Page): Promise<StoredRows | StoreRefusal> {
    return retried(() => this.#object().rows(table, page)).catch(unavailable);
  }
}

function unavailable(error: unknown): StoreRefusal {
  if (!(error instanceof StoreUnavailable)) throw error;
  return { kind: 'unavailable', message: error.message };
}
