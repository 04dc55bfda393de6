// Sessions as a machine looks them up while it runs: the rows that were loaded, and those written since.

import type { Effect, Rows, Sessions } from '../../../queue-core/machine.ts';
import { decodeRow } from '../../../queue-core/stored-format.ts';

/** Loaded rows by position, and the positions that were looked up without having been loaded. */
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

/** The rows written so far in a commit, over those that were loaded. */
export class WrittenSessions implements Sessions {
  #below: Sessions;
  readonly #written = new Map<number, Rows['session']>();

  constructor(below: Sessions) {
    this.#below = below;
  }

  get(position: number): Rows['session'] | undefined {
    return this.#written.get(position) ?? this.#below.get(position);
  }

  write(effect: Effect): void {
    if (effect.table !== 'session') return;
    if (effect.kind === 'put') this.#written.set(effect.key, effect.row);
    else {
      this.#written.clear();
      this.#below = new Map();
    }
  }
}
