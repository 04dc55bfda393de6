// Whether sessions of the hand-off still live, as the gateway says: asked where a token has to be renewed, and every so often where
// the site wants to know of early endings. Bounded, and for this process alone.

import { boundedFetch } from './bounded-fetch.ts';
import type { ResolvedHandOff } from './hand-off-options.ts';
import type { AdmissionClaims } from './verdict.ts';
import type { Verifier } from './verify.ts';

/** Sessions that this process remembers, about 2 MB; beyond it the longest unseen is forgotten, and asked for again. */
const SESSIONS_MAX = 10_000;

/** Between two questions about one session, however many requests it has: one renewal brings a token to all of them. */
const ASK_INTERVAL_MS = 10_000;

/** A visitor waits for the answer. */
const STATUS = { timeoutMs: 3_000, bytesMax: 65_536 };

const TOKEN_FIELD = 'Fairgate-Admission-Token';

type Renewed = { token: string; claims: AdmissionClaims };
export type Checked = { kind: 'over' } | { kind: 'lives'; renewed: Renewed | null };

const LIVES: Checked = { kind: 'lives', renewed: null };

type Options = Pick<ResolvedHandOff, 'ask' | 'checkEveryMs' | 'now' | 'roomUrl'>;

export class SessionChecks {
  readonly #options: Options;
  readonly #sessions = new Map<string, { askedAt: number; isOver: boolean }>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** The gateway has just said that the session lives. */
  begin({ sid }: AdmissionClaims): void {
    this.#remember(sid, { askedAt: this.#options.now(), isOver: false });
  }

  /**
   * Asks the gateway, where that is due. While it does not answer, a token is good until its own end, as it is for a gateway that
   * has no answer from its store.
   */
  async check(token: string, claims: AdmissionClaims, verify: Verifier): Promise<Checked> {
    const known = this.#sessions.get(claims.sid);
    if (known?.isOver) return { kind: 'over' };
    if (!this.#isDue(claims, known?.askedAt ?? null)) return LIVES;
    // Noted before the answer, so that many requests at once are one question.
    this.#remember(claims.sid, { askedAt: this.#options.now(), isOver: false });
    const answer = await this.#ask(token);
    if (answer === null) return LIVES;
    if (answer.isOver) {
      this.#remember(claims.sid, { askedAt: this.#options.now(), isOver: true });
      return { kind: 'over' };
    }
    const verdict = answer.token === null ? null : await verify(answer.token);
    const isRenewed = answer.token !== null && verdict?.kind === 'admitted' && verdict.claims.sid === claims.sid;
    return isRenewed ? { kind: 'lives', renewed: { token: answer.token as string, claims: verdict.claims } } : LIVES;
  }

  #isDue({ iat, exp }: AdmissionClaims, askedAt: number | null): boolean {
    const { checkEveryMs, now } = this.#options;
    const at = now();
    const isSecondHalf = exp - at / 1000 <= (exp - iat) / 2;
    if (!isSecondHalf && checkEveryMs === null) return false;
    const intervalMs = isSecondHalf ? Math.min(ASK_INTERVAL_MS, checkEveryMs ?? ASK_INTERVAL_MS) : checkEveryMs;
    // A clock that was set back must not keep a session from being asked for.
    return askedAt === null || at < askedAt || at - askedAt >= (intervalMs ?? 0);
  }

  /** @returns null where the gateway gives no answer */
  async #ask(token: string): Promise<{ isOver: boolean; token: string | null } | null> {
    const { ask, roomUrl } = this.#options;
    try {
      const init = { headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' } };
      const { status, headers, text } = await boundedFetch(ask, `${roomUrl}/status`, init, STATUS);
      if (status === 401) return { isOver: true, token: null };
      if (status !== 200) return null;
      const { state } = JSON.parse(text) as { state?: unknown };
      return { isOver: state !== 'admitted', token: headers.get(TOKEN_FIELD) };
    } catch {
      return null; // Unreachable, too slow, too large, or not JSON.
    }
  }

  #remember(sid: string, session: { askedAt: number; isOver: boolean }): void {
    this.#sessions.delete(sid);
    this.#sessions.set(sid, session);
    const [longest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX && longest !== undefined) this.#sessions.delete(longest);
  }
}
