// Queue, admission and operator tokens: issued by the gateway alone, verified by anyone with the JWKS (RFC 7519, 8725). A
// queue token proves a place and never admits; an admission token is the right to enter one origin during one session.

import {
  createLocalJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import * as z from 'zod';
import type { Place } from '../../queue-core/command.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { EVIDENCE_TYPE } from '../contract/evidence-schema.ts';
import { signCompact, signJwt } from './sign-jwt.ts';
import { type LoadedKey, loadKeys, type SigningKeys } from './signing-keys.ts';

export const QUEUE_TYPE = 'queue+jwt';
export const ADMISSION_TYPE = 'admission+jwt';
export const RECEIPT_TYPE = 'receipt+jwt';
const OPERATOR_TYPE = 'operator+jwt';
/** No client sends it in a header: it is of use at one address, once. */
const HAND_OFF_TYPE = 'handoff+jwt';

/** The gateway's tokens have about 500 characters; longer ones are not read. */
export const TOKEN_CHARS_MAX = 2_048;

/** How long a place outlives the opening: longer than any wait, and long enough for a complaint to cite it. */
const QUEUE_TOKEN_MS = 7 * 24 * 3_600_000;

/** Verified tokens cached, so that a visitor's next request needs no signature check. About 5 MB. */
const VERIFIED_MAX = 10_000;

/** Clock difference tolerated on `nbf` and `exp`, because the store's time may not be known. */
const CLOCK_TOLERANCE_SECONDS = 30;

const placeClaim = z.union([
  z.object({ entry: z.int().positive() }).transform(({ entry }): Place => ({ kind: 'entry', number: entry })),
  z
    .object({ position: z.int().positive() })
    .transform(({ position }): Place => ({ kind: 'position', number: position })),
]);

const visitorId = z.string().regex(/^[A-Za-z0-9_-]{22}$/);

const queueClaims = z
  .object({
    aud: z.string(),
    sub: visitorId,
    epoch: z.int().positive(),
    draw: z.string(),
    wait: z.tuple([z.int().nonnegative(), z.int().nonnegative()]).optional(),
    iat: z.number(),
    exp: z.number(),
  })
  .and(placeClaim.transform((place) => ({ place })));

/** The position in an operator's pass: nobody's place in line. */
export const OPERATOR_PASS_POSITION = 0;

const admissionClaims = z.object({
  sub: visitorId,
  room: z.string(),
  epoch: z.int().positive(),
  position: z.int().nonnegative(),
  sid: z.string().min(1).max(64),
  iat: z.number(),
  nbf: z.number(),
  exp: z.number(),
  present_by: z.number().optional(),
});

/**
 * An operator's id is a key's, or what an identity provider calls somebody, with a prefix: a mail address of at most 254 characters (RFC
 * 5321), or a name with a subject of at most 255 (OpenID Connect Core 1.0), and the value of a claim.
 */
const OPERATOR_ID_CHARS_MAX = 512;

const operatorClaims = z.object({
  sub: z.string().min(1).max(OPERATOR_ID_CHARS_MAX),
  sid: z.string().min(1).max(64),
  iat: z.number(),
  exp: z.number(),
});

/** An operator's session, or the code in a pass link. */
export interface OperatorToken {
  /** The operator's id. */
  key: string;
  sid: string;
  issuedAt: EpochMs;
  expiresAt: EpochMs;
}

export interface QueueToken {
  room: string;
  visitor: string;
  epoch: number;
  place: Place;
  /** The draw's commitment under which the place was given. */
  commitment: string;
  issuedAt: EpochMs;
  /** The range of the wait that was shown with the place, in seconds; absent: none was. */
  told?: { low: number; high: number };
}

export interface AdmissionToken {
  room: string;
  visitor: string;
  epoch: number;
  /** `OPERATOR_PASS_POSITION`: an operator's pass. */
  position: number;
  sid: string;
  issuedAt: EpochMs;
  admitAt: EpochMs;
  expiresAt: EpochMs;
  /** The session is provisional: presented for the first time, its token is exchanged for one that is not. Else null. */
  presentBy: EpochMs | null;
}

/** That a visit was completed, for its visitor to show: it gives no right, and does not expire. */
export interface Receipt {
  room: string;
  epoch: number;
  position: number;
  /** In whole seconds. */
  completedAt: EpochMs;
  /** What the origin calls that which was completed; null: it did not say. */
  reference: string | null;
}

/**
 * A code of the hand-off: a site's server exchanges it, once, for the session's admission token. Bound to the site that its
 * visitor goes back to, and to the challenge (RFC 7636) that this site made.
 */
export interface HandOffCode extends Omit<AdmissionToken, 'presentBy'> {
  /** Origin of the site. */
  site: string;
  challenge: string;
}

/** From a redirect to the request of a server: on a bad network, with one retry. */
export const HAND_OFF_CODE_MS = 60_000;

const handOffClaims = z.object({
  sub: visitorId,
  room: z.string(),
  epoch: z.int().positive(),
  position: z.int().positive(),
  sid: z.string().min(1).max(64),
  site: z.string(),
  challenge: z.string(),
  admit_at: z.number(),
  admit_until: z.number(),
  iat: z.number(),
  exp: z.number(),
});

const receiptClaims = z.object({
  aud: z.string(),
  epoch: z.int().positive(),
  position: z.int().positive(),
  iat: z.number(),
  reference: z.string().optional(),
});

type AnyToken = QueueToken | AdmissionToken | OperatorToken;

/** `expired` tokens are genuine; anything else that is not `valid` is `invalid`, without a reason. */
export type Verified<T> = { kind: 'valid'; token: T } | { kind: 'expired'; token: T } | { kind: 'invalid' };

export class Tokens {
  readonly #issuer: string;
  readonly #keys: LoadedKey[];
  /** By the time from which they sign. */
  readonly #inOrder: LoadedKey[];
  readonly #keySet: JWTVerifyGetKey;
  readonly #cache = new Map<string, { token: AnyToken; expiresAt: EpochMs }>();

  private constructor(issuer: string, keys: LoadedKey[]) {
    this.#issuer = issuer;
    this.#keys = keys;
    this.#inOrder = keys.toSorted((a, b) => a.signFrom - b.signFrom);
    this.#keySet = createLocalJWKSet({ keys: keys.map(({ publicJwk }) => publicJwk) });
  }

  static async load(issuer: string, keys: SigningKeys): Promise<Tokens> {
    return new Tokens(issuer, await loadKeys(keys));
  }

  /** The public keys that `/.well-known/jwks.json` publishes. */
  get jwks() {
    return { keys: this.#keys.map(({ publicJwk }) => publicJwk) };
  }

  /** Signs a place. The token ends a week after the opening, or a week after its issue once the room has opened. */
  issueQueue(
    { room, visitor, epoch, place, commitment, issuedAt: now, told }: QueueToken,
    opensAt: EpochMs,
  ): Promise<string> {
    const number = place.kind === 'entry' ? { entry: place.number } : { position: place.number };
    const exp = Math.floor((Math.max(opensAt, now) + QUEUE_TOKEN_MS) / 1000);
    const wait = told === undefined ? {} : { wait: [told.low, told.high] };
    return this.#sign(QUEUE_TYPE, { epoch, ...number, draw: commitment, ...wait, aud: room, sub: visitor, exp }, now);
  }

  /** Signs a session for one origin. `nbf` is the slot with milliseconds; `exp` is never after the session's end. */
  issueAdmission(token: AdmissionToken, audience: string): Promise<string> {
    const { room, visitor, epoch, position, sid, issuedAt, admitAt, expiresAt, presentBy } = token;
    const provisional = presentBy === null ? {} : { present_by: presentBy / 1000 };
    const claims = { room, epoch, position, sid, ...provisional, aud: audience, sub: visitor };
    const times = { nbf: admitAt / 1000, exp: Math.floor(expiresAt / 1000) };
    return this.#sign(ADMISSION_TYPE, { ...claims, ...times }, issuedAt);
  }

  issueOperator({ key, sid, issuedAt, expiresAt }: OperatorToken, audience: string): Promise<string> {
    const exp = Math.floor(expiresAt / 1000);
    return this.#sign(OPERATOR_TYPE, { sid, aud: audience, sub: key, exp }, issuedAt);
  }

  /**
   * Signs the manifest of an evidence pack, which the gateway alone has put together. It has none of the claims that a token needs.
   * @param now the store's time
   */
  signEvidence(manifest: Uint8Array, now: EpochMs): Promise<string> {
    return signCompact(this.#signingKey(now), EVIDENCE_TYPE, manifest);
  }

  /** Signs a receipt: `iat` is when the visit was completed. Its key stays in the key set as long as receipts are to be checked. */
  issueReceipt({ room, epoch, position, completedAt, reference }: Receipt, now: EpochMs): Promise<string> {
    const named = reference === null ? {} : { reference };
    const claims = { iss: this.#issuer, aud: room, epoch, position, ...named, iat: Math.floor(completedAt / 1000) };
    return signJwt(this.#signingKey(now), RECEIPT_TYPE, claims);
  }

  /** @param now the store's time @returns null: it is no receipt of this room */
  async readReceipt(token: string, room: string, now: EpochMs): Promise<Receipt | null> {
    if (token.length > TOKEN_CHARS_MAX) return null;
    try {
      const payload = await this.#verify(token, now, { typ: RECEIPT_TYPE, audience: room, requiredClaims: ['iat'] });
      const { aud, iat, reference = null, ...place } = receiptClaims.parse(payload);
      return { room: aud, ...place, completedAt: iat * 1000, reference };
    } catch {
      return null; // JOSEError, or ZodError: no receipt that this gateway issues
    }
  }

  /** Signs a code. `iat` has milliseconds: of two codes of a session the later one is told apart. */
  issueHandOff(code: HandOffCode, audience: string): Promise<string> {
    const { room, visitor, epoch, position, sid, site, challenge, issuedAt, admitAt, expiresAt } = code;
    const session = { room, epoch, position, sid, admit_at: admitAt / 1000, admit_until: expiresAt / 1000 };
    const times = { iat: issuedAt / 1000, exp: (issuedAt + HAND_OFF_CODE_MS) / 1000 };
    const claims = { iss: this.#issuer, aud: audience, sub: visitor, ...session, site, challenge, ...times };
    return signJwt(this.#signingKey(issuedAt), HAND_OFF_TYPE, claims);
  }

  /** Reads a code, by the store's time alone: issued and exchanged by gateways, no other clock counts. */
  async readHandOff(token: string, audience: string, now: EpochMs): Promise<Verified<HandOffCode>> {
    const parse = (payload: unknown): HandOffCode => {
      const { sub, iat, exp: _, admit_at, admit_until, ...rest } = handOffClaims.parse(payload);
      const times = { admitAt: admit_at * 1000, expiresAt: admit_until * 1000 };
      return { ...rest, visitor: sub, issuedAt: Math.round(iat * 1000), ...times };
    };
    if (token.length > TOKEN_CHARS_MAX) return { kind: 'invalid' };
    try {
      const payload = await this.#verify(token, now, { typ: HAND_OFF_TYPE, audience, clockTolerance: 0 });
      // Compared again, because jose rounds its clock to whole seconds.
      const isOver = (payload.exp ?? 0) * 1000 <= now;
      return { kind: isOver ? 'expired' : 'valid', token: parse(payload) };
    } catch (error) {
      return outsideItsTime(error, parse);
    }
  }

  readOperator(token: string, audience: string, now: EpochMs): Promise<Verified<OperatorToken>> {
    return this.#read(token, now, OPERATOR_TYPE, audience, (payload): OperatorToken => {
      const { sub, sid, iat, exp } = operatorClaims.parse(payload);
      return { key: sub, sid, issuedAt: iat * 1000, expiresAt: exp * 1000 };
    });
  }

  /** Reads a token of any epoch: the gate compares the epoch. @param now the store's time */
  async readQueue(token: string, room: string, now: EpochMs): Promise<Verified<QueueToken>> {
    return this.#read(token, now, QUEUE_TYPE, room, (payload) => {
      const { aud, sub, epoch, draw, place, iat, wait } = queueClaims.parse(payload);
      const told = wait === undefined ? {} : { told: { low: wait[0], high: wait[1] } };
      return { room: aud, visitor: sub, epoch, place, commitment: draw, issuedAt: iat * 1000, ...told };
    });
  }

  /** Reads a token at any time of its life: the gate compares `nbf` and `exp` with the store's time. */
  async readAdmission(token: string, audience: string, now: EpochMs): Promise<Verified<AdmissionToken>> {
    const verified = await this.#read(token, now, ADMISSION_TYPE, audience, (payload): AdmissionToken => {
      const { sub, iat, nbf, exp, present_by, ...rest } = admissionClaims.parse(payload);
      const presentBy = present_by === undefined ? null : present_by * 1000;
      return { ...rest, visitor: sub, issuedAt: iat * 1000, admitAt: nbf * 1000, expiresAt: exp * 1000, presentBy };
    });
    if (verified.kind !== 'valid') return verified;
    return verified.token.expiresAt <= now ? { kind: 'expired', token: verified.token } : verified;
  }

  async #read<T extends AnyToken>(
    token: string,
    now: EpochMs,
    typ: string,
    audience: string,
    parse: (payload: unknown) => T,
  ): Promise<Verified<T>> {
    if (token.length > TOKEN_CHARS_MAX) return { kind: 'invalid' };
    const key = `${typ} ${audience} ${token}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.expiresAt > now) return { kind: 'valid', token: cached.token as T };
    try {
      const payload = await this.#verify(token, now, { typ, audience });
      const parsed = parse(payload);
      this.#addToCache(key, { token: parsed, expiresAt: (payload.exp ?? 0) * 1000 });
      return { kind: 'valid', token: parsed };
    } catch (error) {
      return outsideItsTime(error, parse);
    }
  }

  /**
   * What a token of this gateway says, beside who issued it for whom, which every token has to say.
   * @throws JOSEError
   */
  async #verify(
    token: string,
    now: EpochMs,
    options: Partial<Pick<JWTVerifyOptions, 'typ' | 'audience' | 'clockTolerance' | 'requiredClaims'>>,
  ): Promise<JWTPayload> {
    const { requiredClaims = ['sub', 'iat', 'exp'], clockTolerance = CLOCK_TOLERANCE_SECONDS, ...rest } = options;
    const { payload } = await jwtVerify(token, this.#keySet, {
      ...rest,
      algorithms: ['ES256'],
      issuer: this.#issuer,
      currentDate: new Date(now),
      clockTolerance,
      requiredClaims: ['iss', 'aud', ...requiredClaims],
    });
    return payload;
  }

  #addToCache(key: string, verified: { token: AnyToken; expiresAt: EpochMs }): void {
    this.#cache.set(key, verified);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > VERIFIED_MAX && oldest !== undefined) this.#cache.delete(oldest);
  }

  #sign(typ: string, claims: Record<string, string | number | readonly number[]>, now: EpochMs): Promise<string> {
    return signJwt(this.#signingKey(now), typ, { ...claims, iss: this.#issuer, iat: Math.floor(now / 1000) });
  }

  /** The key that started to sign most recently; before the first one's time, the first. */
  #signingKey(now: EpochMs): LoadedKey {
    const key = this.#inOrder.findLast(({ signFrom }) => signFrom * 1000 <= now) ?? this.#inOrder[0];
    if (key === undefined) throw new TypeError('No signing key; the settings schema requires at least one.');
    return key;
  }
}

/** Reads a token that failed verification by its time alone: expired, or not valid yet. Any other is invalid. */
function outsideItsTime<T>(error: unknown, parse: (payload: unknown) => T): Verified<T> {
  try {
    if (error instanceof errors.JWTExpired) return { kind: 'expired', token: parse(error.payload) };
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed') {
      return { kind: 'valid', token: parse(error.payload) };
    }
  } catch {
    // ZodError: signed by the gateway, but without the claims that it issues.
  }
  return { kind: 'invalid' };
}
