// Attends the rooms of a deployment that nobody visits just then: reads each, so that time acts, alarms are seen and what is due is
// told. Health checks and the platform's schedule call for it.

import type { Background } from '../http/request-env.ts';
import type { RoomDirectory } from '../views/room-directory.ts';
import type { RoomViews } from '../views/room-views.ts';

interface Parts {
  directory: Pick<RoomDirectory, 'rooms'>;
  views: Pick<RoomViews, 'read'>;
  stopwatch(): number;
  wait(ms: number): Promise<void>;
}

/** Of one gateway, however often it is asked for. */
const ATTEND_INTERVAL_MS = 1_000;

/** Rooms read at once. */
const AT_ONCE = 10;

export class Attendance {
  readonly #parts: Parts;
  #attendedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @returns the work under way; null: it was done within the last second */
  attendIfDue(background: Background): Promise<void> | null {
    const now = this.#parts.stopwatch();
    if (now - this.#attendedAt < ATTEND_INTERVAL_MS) return null;
    this.#attendedAt = now;
    return this.#attend(background);
  }

  /**
   * Attends for so many seconds, for callers that come once a minute: a gateway says what it sees of a room with the read after the one
   * that it sees it by.
   */
  async attendFor(seconds: number, background: Background): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      if (second > 0) await this.#parts.wait(ATTEND_INTERVAL_MS);
      await this.#attend(background);
    }
  }

  /** Never rejects: a view that cannot be read is logged where it is read. */
  async #attend(background: Background): Promise<void> {
    const { directory, views } = this.#parts;
    const rooms = await directory.rooms(background);
    for (let first = 0; first < rooms.length; first += AT_ONCE) {
      await Promise.all(rooms.slice(first, first + AT_ONCE).map((room) => views.read(room, background)));
    }
  }
}
