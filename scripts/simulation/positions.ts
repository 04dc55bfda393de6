// Who holds which number: entries before the draw, positions after it. Columns, because there are millions.

import { unshuffleList } from '@chainsafe/swap-or-not-shuffle';

/** SHUFFLE_ROUND_COUNT of the Ethereum consensus specification. */
const SHUFFLE_ROUNDS = 90;

export class Positions {
  #byEntry: Int32Array = new Int32Array(1_024);
  #byPosition: Int32Array = new Int32Array(1_024);
  /** Position minus one of each entry minus one; null: not drawn. */
  #drawn: Uint32Array | null = null;

  holdEntry(entry: number, visitor: number): void {
    this.#byEntry = set(this.#byEntry, entry, visitor);
  }

  holdPosition(position: number, visitor: number): void {
    this.#byPosition = set(this.#byPosition, position, visitor);
  }

  /** @returns the visitor; null: nobody who knows of it */
  holderOf(position: number): number | null {
    const visitor = (this.#byPosition[position] ?? 0) - 1;
    return visitor === -1 ? null : visitor;
  }

  /** Draws all entries at once: one by one, as gateways do it for one visitor, would take minutes for millions. */
  draw(entries: number, seed: string): void {
    const indices = Uint32Array.from({ length: entries }, (_, index) => index);
    this.#drawn =
      entries === 0 ? indices : unshuffleList(indices, Uint8Array.from(Buffer.from(seed, 'hex')), SHUFFLE_ROUNDS);
    for (let entry = 1; entry <= entries; entry++) {
      const visitor = (this.#byEntry[entry] ?? 0) - 1;
      if (visitor >= 0) this.holdPosition((this.#drawn[entry - 1] as number) + 1, visitor);
    }
  }

  /** @returns null before the draw; NaN where the entry took no part in it */
  drawnOf(entry: number): number | null {
    return this.#drawn === null ? null : (this.#drawn[entry - 1] ?? Number.NaN) + 1;
  }
}

function set(list: Int32Array, index: number, visitor: number): Int32Array {
  let longer = list;
  if (index >= list.length) {
    longer = new Int32Array(Math.max(index + 1, 2 * list.length));
    longer.set(list);
  }
  longer[index] = visitor + 1;
  return longer;
}
