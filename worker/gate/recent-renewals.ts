// Sessions that this gateway has lately renewed, in its memory, so that a token from before a renewal costs the store
// nothing: the gateway signs the newer token again, from here. A forgotten renewal costs one store operation and gives the
// same session, because the store extends a session once a half.

import type { EpochMs } from '../../queue-core/time.ts';

/** About 2 MB. With more, the session that was renewed longest ago is forgotten. */
const SESSIONS_MAX = 16_384;

/** What the newest token of a session says that this gateway issued on a renewal; times are cut to seconds, as in tokens. */
export interface RecentRenewal {
  /** Zeros until the first renewal has succeeded. */
  issuedAt: EpochMs;
  expiresAt: EpochMs;
  /** When this gateway last tried to renew it: requests that come meanwhile do not try too. */
  triedAt: EpochMs;
}

export class RecentRenewals {
  readonly #sessions = new Map<string, RecentRenewal>();

  get(sid: string): RecentRenewal | null {
    return this.#sessions.get(sid) ?? null;
  }

  /** Before the store is asked, so that many requests at once with one token are one renewal. */
  begin(sid: string, now: EpochMs): void {
    const { issuedAt = 0, expiresAt = 0 } = this.#sessions.get(sid) ?? {};
    this.#set(sid, { issuedAt, expiresAt, triedAt: now });
  }

  succeed(sid: string, { issuedAt, expiresAt }: Pick<RecentRenewal, 'issuedAt' | 'expiresAt'>): void {
    const triedAt = this.#sessions.get(sid)?.triedAt ?? issuedAt;
    this.#set(sid, { issuedAt: wholeSecond(issuedAt), expiresAt: wholeSecond(expiresAt), triedAt });
  }

  #set(sid: string, renewal: RecentRenewal): void {
    this.#sessions.delete(sid);
    this.#sessions.set(sid, renewal);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
  }
}

function wholeSecond(at: EpochMs): EpochMs {
  return Math.floor(at / 1_000) * 1_000;
}
