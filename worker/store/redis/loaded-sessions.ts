// Sessions as a machine looks them up while it runs: the rows that were loaded, and what turned out to be missing.

import type { Rows, Sessions } from '../../../queue-core/machine.ts';
import { decodeRow } from '../../../queue-core/stored-format.ts';

export class LoadedSessions implements Sessions {
  /** null: loaded, and there is no row. */
  readonly #rows: Map<number, string | null>;
  readonly #missing = new Set<number>();

  constructor(rows: ReadonlyMap<number, string | null>) {
    this.#rows = new Map(rows);
  }

  /** @throws CoreError where the row cannot be read: it concerns only the batch that needs it */
  get(position: number): Rows['session'] | undefined {
    const row = this.#rows.get(position);
    if (row === undefined) this.#missing.add(position);
    return row == null ? undefined : decodeRow('session', row);
  }

  add(rows: ReadonlyMap<number, string | null>): void {
    for (const [position, row] of rows) this.#rows.set(position, row);
  }

  takeMissing(): number[] {
    const missing = [...this.#missing];
    this.#missing.clear();
    return missing;
  }
}
