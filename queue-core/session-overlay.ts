// Sessions as the commands of one batch have left them so far, over those that are stored.

import type { SessionRecord } from './document/session-record.ts';
import type { Effect, Sessions } from './machine.ts';

export class SessionOverlay implements Sessions {
  #stored: Sessions;
  readonly #written = new Map<number, SessionRecord>();

  constructor(stored: Sessions) {
    this.#stored = stored;
  }

  get(position: number): SessionRecord | undefined {
    return this.#written.get(position) ?? this.#stored.get(position);
  }

  /** Takes over what an effect does to sessions; other tables are of no interest here. */
  apply(effect: Effect): void {
    if (effect.table !== 'session') return;
    if (effect.kind === 'put') this.#written.set(effect.key, effect.row);
    else {
      this.#written.clear();
      this.#stored = NO_SESSIONS;
    }
  }
}

export const NO_SESSIONS: Sessions = { get: () => undefined };
