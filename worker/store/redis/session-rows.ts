// Sessions as a machine looks them up while a store decides: what was loaded, what turned out to be needed, what was written
// meanwhile.

import type { Effect, Rows, Sessions } from '../../../queue-core/machine.ts';

/** Sessions that were loaded, those that are known not to be there, and those that somebody asked for in vain. */
export class LoadedSessions implements Sessions {
  readonly #rows: Map<number, Rows['session']>;
  readonly #asked: Set<number>;
  readonly #missing = new Set<number>();

  constructor(rows: ReadonlyMap<number, Rows['session']>, asked: readonly number[]) {
    this.#rows = new Map(rows);
    this.#asked = new Set(asked);
  }

  get(position: number): Rows['session'] | undefined {
    if (!this.#asked.has(position)) this.#missing.add(position);
    return this.#rows.get(position);
  }

  add(rows: ReadonlyMap<number, Rows['session']>, asked: readonly number[]): void {
    for (const [position, row] of rows) this.#rows.set(position, row);
    for (const position of asked) this.#asked.add(position);
  }

  takeMissing(): number[] {
    const missing = [...this.#missing];
    this.#missing.clear();
    return missing;
  }
}

/** Sessions as an act has left them so far, over those that were loaded. */
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
