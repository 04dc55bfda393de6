// The check that every origin makes: is this admission token real, meant for this site, and in time? Guarantees a
// decision with a kind and a reason, never a boolean and never an exception, and no decision but `admitted` lets anybody
// in. Follows RFC 8725: algorithm, type, issuer, audience and all claims are required, keys come only from the key set
// that the site configured. Leaves to others: what an answer looks like (refusal.ts) and how a request is read (hono.ts,
// node.ts).

import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { ALGORITHM, createKeySource, type KeySource } from './key-source.ts';

/** Request header in which the gateway passes the token on; it removes any such header that came from outside. */
export const ADMISSION_HEADER = 'Fairgate-Admission';

/** Explicit type, so that a queue token signed with the same key is never taken for an admission (RFC 8725, 3.11). */
const TOKEN_TYPE = 'admission+jwt';

/** All that a token must say before it is believed; `room`, `epoch`, `position` and `sid` are looked at one by one. */
const REQUIRED_CLAIMS = ['iss', 'aud', 'sub', 'room', 'epoch', 'position', 'iat', 'nbf', 'exp', 'sid'];

/** A real token has about 600 characters. Anything much longer is refused before it costs a signature check. */
const TOKEN_LENGTH_MAX = 4_096;

/** Visitor, session and room ids are short; the bound keeps them usable as keys of a site's own tables. */
const ID_LENGTH_MAX = 200;

/** Forgives an origin's clock this much. Nobody enters early by it: the gateway holds every slot back by its own clock. */
const CLOCK_TOLERANCE_SECONDS_DEFAULT = 30;

/** More than two minutes would keep ended sessions alive for longer than a wrong clock is worth. */
const CLOCK_TOLERANCE_SECONDS_MAX = 120;

/** What the gateway says about an admitted visitor. Times are seconds since 1970, fractions allowed. */
export interface AdmissionClaims {
  iss: string;
  aud: string;
  /** The visitor's id: the same from joining the line to the last request. Use it as the key of their records. */
  sub: string;
  room: string;
  /** Which opening of the room. */
  epoch: number;
  /** Place in the line; 0 for an operator's own way in. */
  position: number;
  iat: number;
  nbf: number;
  exp: number;
  /** The visitor's session at this site. */
  sid: string;
}

/** Why somebody is refused, in one word. */
export type RefusalReason =
  /** No token at all: did not come through the line. */
  | 'missing'
  /** Not a token, or a claim is missing or has the wrong form. */
  | 'malformed'
  /** Signed by an algorithm other than ES256, or not at all. */
  | 'algorithm'
  /** Another kind of token, for instance a queue token. */
  | 'type'
  /** Signed by a key that the gateway does not publish. */
  | 'key'
  | 'signature'
  | 'issuer'
  /** Made out for another site. */
  | 'audience'
  | 'room'
  /** The visitor's slot has not opened yet. */
  | 'early'
  | 'expired';

export type Verdict =
  | { kind: 'admitted'; claims: AdmissionClaims }
  | { kind: 'refused'; reason: RefusalReason }
  /** The keys could not be fetched: nobody can be checked, so nobody enters. `cause` is for the site's log. */
  | { kind: 'unavailable'; cause: unknown };

/** Takes the value of the request header `Fairgate-Admission`; null or undefined where there is none. Never rejects. */
export type Verifier = (header: string | null | undefined) => Promise<Verdict>;

export interface VerifierOptions {
  /** Where the gateway publishes its keys: `https://<gateway>/.well-known/jwks.json`. */
  jwksUrl: string;
  /** `iss` of the gateway's tokens. */
  issuer: string;
  /** `aud` of the gateway's tokens for this site. */
  audience: string;
  /** Admit from this room only. Without it, from every room whose tokens are made out for `audience`. */
  room?: string;
  /** How far the clocks of gateway and origin may differ; 30 unless told. */
  clockToleranceSeconds?: number;
  /**
   * Accept a key set over plain HTTP from another machine.
   * Pro: works inside a closed network that has no certificates. Con: whoever can answer in the gateway's place on that
   * network can make tokens. Loopback needs no permission.
   */
  allowPlainHttp?: boolean;
  /** Fetches the key set: a service binding, a proxy, a test. The global `fetch` unless told. */
  fetch?: typeof fetch;
  /** Hears of everybody who was not admitted, for the site's log. */
  onRefusal?: (verdict: Exclude<Verdict, { kind: 'admitted' }>) => void;
  /** Milliseconds since 1970; the system's clock unless told. */
  now?: () => number;
}

/** A set-up that would let in the wrong people, or nobody, does not start. The message says which option, why, what to put. */
export class VerifierOptionsError extends Error {
  readonly option: string;

  constructor(option: string, message: string) {
    super(`Fairgate verifier: option "${option}" ${message}`);
    this.name = 'VerifierOptionsError';
    this.option = option;
  }
}

/** Checks the options now, and tokens afterwards. Make one for a site and keep it: it holds the cached keys. */
export function createVerifier(options: VerifierOptions): Verifier {
  const resolved = resolveOptions(options);
  const keyFor = createKeySource(resolved);
  return async (header) => {
    const verdict = await decide(header, resolved, keyFor).catch((cause: unknown): Verdict => {
      // Nothing is known to end here; whatever does is our fault, and a fault admits nobody.
      return { kind: 'unavailable', cause };
    });
    if (verdict.kind !== 'admitted') tell(resolved.onRefusal, verdict);
    return verdict;
  };
}

async function decide(
  header: string | null | undefined,
  options: ResolvedOptions,
  keyFor: KeySource,
): Promise<Verdict> {
  if (header === null || header === undefined || header === '') return refused('missing');
  // Read before any key is asked for: nonsense from outside must not cause a fetch.
  const kid = readKeyId(header);
  if (kid.kind === 'refused') return kid;
  const found = await keyFor(kid.value);
  switch (found.kind) {
    case 'key':
      return verify(header, found.key, options);
    case 'unknown':
      return refused('key');
    case 'unavailable':
      return found;
  }
}

function readKeyId(token: string): { kind: 'kid'; value: string } | { kind: 'refused'; reason: RefusalReason } {
  if (token.length > TOKEN_LENGTH_MAX) return refused('malformed');
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    // Not base64url, not JSON, not an object, or two headers joined by a comma.
    return refused('malformed');
  }
  if (header.alg !== ALGORITHM) return refused('algorithm');
  if (header.typ !== TOKEN_TYPE) return refused('type');
  if (!isId(header.kid)) return refused('key');
  return { kind: 'kid', value: header.kid };
}

async function verify(token: string, key: CryptoKey, options: ResolvedOptions): Promise<Verdict> {
  const nowMs = options.now();
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      typ: TOKEN_TYPE,
      issuer: options.issuer,
      audience: options.audience,
      requiredClaims: REQUIRED_CLAIMS,
      currentDate: new Date(nowMs),
      // jose counts whole seconds; one more here, and the fraction is compared below.
      clockTolerance: options.clockToleranceSeconds + 1,
    });
    const claims = readClaims(payload);
    if (claims === null) return refused('malformed');
    if (options.room !== null && claims.room !== options.room) return refused('room');
    const nowSeconds = nowMs / 1000;
    if (claims.nbf > nowSeconds + options.clockToleranceSeconds) return refused('early');
    if (claims.exp <= nowSeconds - options.clockToleranceSeconds) return refused('expired');
    return { kind: 'admitted', claims };
  } catch (error) {
    return refused(reasonOf(error));
  }
}

/** jose checks that claims are there; this checks that they are what their names say. */
function readClaims(payload: Record<string, unknown>): AdmissionClaims | null {
  const { iss, aud, sub, room, epoch, position, iat, nbf, exp, sid } = payload;
  // One audience, as the gateway writes it: a token for several sites could be carried from one to the other.
  if (typeof iss !== 'string' || typeof aud !== 'string') return null;
  if (!isId(sub) || !isId(room) || !isId(sid)) return null;
  if (!isCount(epoch) || !isCount(position)) return null;
  if (!isTime(iat) || !isTime(nbf) || !isTime(exp)) return null;
  return { iss, aud, sub, room, epoch, position, iat, nbf, exp, sid };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= ID_LENGTH_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON can spell a number that reads as infinity (1e999): a token with it would never end. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed') {
    if (error.claim === 'iss') return 'issuer';
    if (error.claim === 'aud') return 'audience';
    if (error.claim === 'nbf') return 'early';
  }
  // A missing claim, a claim of the wrong type, an extension that must be understood and is not ("crit").
  return 'malformed';
}

function refused<Reason extends RefusalReason>(reason: Reason): { kind: 'refused'; reason: Reason } {
  return { kind: 'refused', reason };
}

function tell(listener: VerifierOptions['onRefusal'], verdict: Exclude<Verdict, { kind: 'admitted' }>): void {
  try {
    listener?.(verdict);
  } catch {
    // The site's log failed. The refusal stands and the visitor still gets their answer.
  }
}

interface ResolvedOptions {
  jwksUrl: URL;
  issuer: string;
  audience: string;
  room: string | null;
  clockToleranceSeconds: number;
  fetchKeys: typeof fetch;
  onRefusal: VerifierOptions['onRefusal'];
  now: () => number;
}

const OPTION_NAMES = new Set<string>([
  'jwksUrl',
  'issuer',
  'audience',
  'room',
  'clockToleranceSeconds',
  'allowPlainHttp',
  'fetch',
  'onRefusal',
  'now',
] satisfies (keyof VerifierOptions)[]);

function resolveOptions(options: VerifierOptions): ResolvedOptions {
  for (const name of Object.keys(options)) {
    // A misspelt "room" would admit from every room.
    if (!OPTION_NAMES.has(name)) {
      throw new VerifierOptionsError(name, `is not known. Use one of: ${[...OPTION_NAMES].join(', ')}.`);
    }
  }
  const clockToleranceSeconds = options.clockToleranceSeconds ?? CLOCK_TOLERANCE_SECONDS_DEFAULT;
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= CLOCK_TOLERANCE_SECONDS_MAX)) {
    throw new VerifierOptionsError(
      'clockToleranceSeconds',
      `is ${clockToleranceSeconds}: it must be 0 to ${CLOCK_TOLERANCE_SECONDS_MAX}. Leave it out for ${CLOCK_TOLERANCE_SECONDS_DEFAULT}.`,
    );
  }
  return {
    jwksUrl: resolveKeysUrl(options),
    issuer: requireText('issuer', options.issuer, 'the "iss" that the gateway writes into its tokens'),
    audience: requireText('audience', options.audience, 'the "aud" that the gateway is configured with for this site'),
    // Given and empty is not the same as left out: an unset variable must not open the site to every room.
    room: 'room' in options ? requireText('room', options.room, "the room's id, or leave the option out") : null,
    clockToleranceSeconds,
    fetchKeys: options.fetch ?? ((input, init) => fetch(input, init)),
    onRefusal: options.onRefusal,
    now: options.now ?? (() => Date.now()),
  };
}

function requireText(option: string, value: unknown, whatToPut: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new VerifierOptionsError(option, `is empty. Put ${whatToPut}.`);
}

function resolveKeysUrl({ jwksUrl, allowPlainHttp = false }: VerifierOptions): URL {
  const whatToPut = 'Put the full address of the key set: https://<gateway>/.well-known/jwks.json';
  if (typeof jwksUrl !== 'string' || !URL.canParse(jwksUrl)) {
    throw new VerifierOptionsError('jwksUrl', `is not an address. ${whatToPut}.`);
  }
  const url = new URL(jwksUrl);
  if (url.protocol === 'https:') return url;
  if (url.protocol === 'http:' && (allowPlainHttp || isLoopback(url.hostname))) return url;
  throw new VerifierOptionsError(
    'jwksUrl',
    `begins with ${url.protocol}//, so anybody on the way could put their own keys there. ${whatToPut}, or set "allowPlainHttp" if the network is yours alone.`,
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
