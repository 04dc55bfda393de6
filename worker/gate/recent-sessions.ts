// Sessions that this gateway has lately served, in its memory: whether it knows one while the store does not respond, its last
// renewal, and how much one admission is used at once. A forgotten renewal costs one store operation and gives the same
// session, because the store extends a session once a half.

import type { EpochMs } from '../../queue-core/time.ts';

/** About 6 MB. With more, the session that was served longest ago is forgotten. */
const SESSIONS_MAX = 16_384;

/** Requests of one session at a time, open streams included. Browsers open 6 connections, or 100 streams of one. */
const REQUESTS_MAX = 128;

/** Networks from which one session may be used within `NETWORK_MS`: a phone between Wi-Fi and mobile masts has a few. */
const NETWORKS_MAX = 16;
const NETWORK_MS = 10 * 60_000;

/** What the newest token of a session says that this gateway issued on a renewal; times are cut to seconds, as in tokens. */
export interface RecentRenewal {
  /** Zeros until the first renewal has succeeded. */
  issuedAt: EpochMs;
  expiresAt: EpochMs;
  /** When this gateway last tried to renew it: requests that come meanwhile do not try too. */
  triedAt: EpochMs;
}

interface RecentSession {
  renewal: RecentRenewal | null;
  /** The store was reachable when this gateway let the session through. */
  isKnown: boolean;
  requests: number;
  /** When each network was last seen. */
  networks: Map<string, EpochMs>;
}

export class RecentSessions {
  readonly #sessions = new Map<string, RecentSession>();

  renewal(sid: string): RecentRenewal | null {
    return this.#sessions.get(sid)?.renewal ?? null;
  }

  /** Whether this gateway has let the session through while the store could say that it had ended. */
  isKnown(sid: string): boolean {
    return this.#sessions.get(sid)?.isKnown ?? false;
  }

  /**
   * Counts a request of a session. @returns what ends it; null: the session has as many requests, or comes from as many
   * networks, as one visitor can need
   */
  begin(sid: string, network: string, isReachable: boolean, now: EpochMs): (() => void) | null {
    const session = this.#touch(sid);
    for (const [other, seenAt] of session.networks) {
      if (Math.abs(now - seenAt) > NETWORK_MS) session.networks.delete(other);
    }
    const isNew = !session.networks.has(network);
    if (session.requests >= REQUESTS_MAX || (isNew && session.networks.size >= NETWORKS_MAX)) return null;
    session.networks.set(network, now);
    session.requests++;
    session.isKnown ||= isReachable;
    let ended = false;
    return () => {
      if (!ended) session.requests--;
      ended = true;
    };
  }

  /** Before the store is asked, so that many requests at once with one token are one renewal. */
  beginRenewal(sid: string, now: EpochMs): void {
    const session = this.#touch(sid);
    const { issuedAt, expiresAt } = session.renewal ?? { issuedAt: 0, expiresAt: 0 };
    session.renewal = { issuedAt, expiresAt, triedAt: now };
  }

  renewed(sid: string, { issuedAt, expiresAt }: Pick<RecentRenewal, 'issuedAt' | 'expiresAt'>): void {
    const session = this.#touch(sid);
    const triedAt = session.renewal?.triedAt ?? issuedAt;
    session.renewal = { issuedAt: wholeSecond(issuedAt), expiresAt: wholeSecond(expiresAt), triedAt };
  }

  #touch(sid: string): RecentSession {
    const session = this.#sessions.get(sid) ?? { renewal: null, isKnown: false, requests: 0, networks: new Map() };
    this.#sessions.delete(sid);
    this.#sessions.set(sid, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
    return session;
  }
}

function wholeSecond(at: EpochMs): EpochMs {
  return Math.floor(at / 1_000) * 1_000;
}
