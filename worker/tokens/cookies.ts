// How tokens travel: in HttpOnly cookies for browsers, as `Authorization: Bearer` for apps. A visitor's cookies carry the
// room's id in their names, so that rooms on one host do not overwrite each other's. None of them is forwarded to an origin.

import { decodeProtectedHeader } from 'jose';
import { Kept } from '../../queue-core/kept.ts';
import type { EpochMs } from '../../queue-core/time.ts';
import { ADMISSION_TYPE, QUEUE_TYPE, RECEIPT_TYPE, TOKEN_CHARS_MAX } from './tokens.ts';

/** Longer Cookie headers are refused; this leaves ample room for the origin's own cookies. */
export const COOKIE_CHARS_MAX = 16_384;

/** The gateway's cookies, with and without prefix; browsers send `= name=value`, a cookie without a name, as `name=value`. */
const OWN_COOKIE = /^(?:=[ \t]*)?(?:__Host-)?fairgate-/i;

/** Between cookies; several Cookie fields arrive joined by commas, and one of the gateway's cookies may follow any of them. */
const COOKIE_SEPARATOR = /; *|, *(?=(?:=[ \t]*)?(?:__Host-)?fairgate-)/i;

/** Cookies of one name that are read: those of a few paths and domains. Each costs a signature check at most. */
const SAME_NAME_MAX = 16;

/** Browsers keep no cookie for longer than 400 days (RFC 6265bis). */
const RECEIPT_COOKIE_SECONDS = 400 * 24 * 3_600;

export interface PresentedTokens {
  /** Several where a browser has cookies of one name for several paths or domains: it sends all of them (RFC 6265, 5.4). */
  admission: readonly string[];
  queue: readonly string[];
  receipt: readonly string[];
  /** A Bearer token of the gateway was sent: the header is not for the origin. */
  bearer: boolean;
  /**
   * The client keeps its tokens itself, and gets new ones in readable fields. Its cookies are not read: a script must not learn
   * the tokens that its browser keeps from it.
   */
  app: boolean;
}

/** Names and attributes of cookies for one deployment: `__Host-` and Secure where visitors come by https. */
export class VisitorCookies {
  readonly #prefix: string;
  readonly #attributes: string;

  constructor(publicUrl: string) {
    const secure = publicUrl.startsWith('https:');
    this.#prefix = secure ? '__Host-' : '';
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }

  /** @param isListedApp the client says that it keeps its tokens itself, also where it has none yet */
  read(headers: Headers, room: string, isListedApp: boolean): PresentedTokens {
    const bearer = ownBearer(headers);
    const app = bearer !== null || isListedApp;
    const pairs = app ? [] : cookiePairs(headers.get('Cookie') ?? '');
    const presented = (typ: string, name: string) => {
      if (app) return bearer?.typ === typ ? [bearer.token] : [];
      return valuesIn(pairs, name);
    };
    return {
      admission: presented(ADMISSION_TYPE, this.#admission(room)),
      queue: presented(QUEUE_TYPE, this.#queue(room)),
      receipt: presented(RECEIPT_TYPE, this.#receipt(room)),
      bearer: bearer !== null,
      app,
    };
  }

  setQueue(room: string, token: string, seconds: number): string {
    return `${this.#queue(room)}=${token}; Max-Age=${Math.floor(seconds)}; ${this.#attributes}`;
  }

  setAdmission(room: string, token: string, now: EpochMs, expiresAt: EpochMs): string {
    const seconds = Math.max(0, Math.ceil((expiresAt - now) / 1000));
    return `${this.#admission(room)}=${token}; Max-Age=${seconds}; ${this.#attributes}`;
  }

  /** A receipt outlives the place and the session, and leaving. */
  setReceipt(room: string, token: string): string {
    return `${this.#receipt(room)}=${token}; Max-Age=${RECEIPT_COOKIE_SECONDS}; ${this.#attributes}`;
  }

  /** The same for everybody; a browser that returns it accepts cookies. It lasts as long as the browser is open. */
  get check(): string {
    return `${this.#prefix}fairgate-cookies=1; ${this.#attributes}`;
  }

  /** Whether a request has any cookie of the gateway. */
  anyReturned(headers: Headers): boolean {
    return cookiePairs(headers.get('Cookie') ?? '').some((pair) => OWN_COOKIE.test(pair.trim()));
  }

  forget(room: string): string[] {
    return [this.forgetAdmission(room), `${this.#queue(room)}=; Max-Age=0; ${this.#attributes}`];
  }

  forgetAdmission(room: string): string {
    return `${this.#admission(room)}=; Max-Age=0; ${this.#attributes}`;
  }

  /** An operator's session; browsers do not send it from another site, not even by a link. */
  setOperator(token: string, seconds: number): string {
    const strict = this.#attributes.replace('SameSite=Lax', 'SameSite=Strict');
    return `${this.operatorCookie}=${token}; Max-Age=${Math.floor(seconds)}; ${strict}`;
  }

  /** Name of the operator's session cookie. */
  get operatorCookie(): string {
    return `${this.#prefix}fairgate-operator`;
  }

  /** What a browser keeps of a sign-in with the identity provider; it has to come along when the provider sends the browser back. */
  setProviderSignIn(text: string, seconds: number): string {
    return `${this.#providerSignIn}=${text}; Max-Age=${Math.floor(seconds)}; ${this.#attributes}`;
  }

  /** As `PresentedTokens` has them. */
  providerSignIns(headers: Headers): string[] {
    return valuesIn(cookiePairs(headers.get('Cookie') ?? ''), this.#providerSignIn);
  }

  /** As `PresentedTokens` has them. */
  operatorTokens(headers: Headers): string[] {
    return valuesIn(cookiePairs(headers.get('Cookie') ?? ''), this.operatorCookie);
  }

  get #providerSignIn(): string {
    return `${this.#prefix}fairgate-provider`;
  }

  #admission(room: string): string {
    return `${this.#prefix}fairgate-admission-${room}`;
  }

  #receipt(room: string): string {
    return `${this.#prefix}fairgate-receipt-${room}`;
  }

  #queue(room: string): string {
    return `${this.#prefix}fairgate-queue-${room}`;
  }
}

/** The Bearer token if its type is one of the gateway's; an origin's own Bearer tokens are not touched. */
function ownBearer(headers: Headers): { typ: string; token: string } | null {
  const authorization = headers.get('Authorization');
  const token = authorization === null ? undefined : /^Bearer +([A-Za-z0-9_.-]+)$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > TOKEN_CHARS_MAX) return null;
  const typ = typeOf(token);
  return typ === null ? null : { typ, token };
}

/** Tokens of the gateway have one of a few headers, so what was decoded is kept. About 0.1 MB at most. */
const HEADERS_MAX = 64;
const ownTypes = new Kept<string | null>(HEADERS_MAX);

/** Which of the gateway's types a JWT says it is; null: none of them, or no JWT. Nothing is verified. */
function typeOf(token: string): string | null {
  const parts = token.split('.');
  return ownTypes.of(`${parts.length} ${parts[0]}`, () => decodedType(token));
}

function decodedType(token: string): string | null {
  try {
    const { typ } = decodeProtectedHeader(token);
    return typ === ADMISSION_TYPE || typ === QUEUE_TYPE || typ === RECEIPT_TYPE ? typ : null;
  } catch {
    return null; // TypeError: not a JWT
  }
}

/** The values of all cookies of one name, in the order in which they were sent. */
function valuesIn(pairs: readonly string[], name: string): string[] {
  return pairs
    .filter((pair) => pair.trim().startsWith(`${name}=`))
    .slice(0, SAME_NAME_MAX)
    .map((pair) =>
      pair
        .slice(pair.indexOf('=') + 1)
        .trim()
        .replace(/^"|"$/g, ''),
    );
}

/** The cookies of a Cookie header, each with its name, as sent. */
export function cookiePairs(header: string): string[] {
  return header
    .split(COOKIE_SEPARATOR)
    .flatMap((pair) => (OWN_COOKIE.test(pair.trim()) ? splitAtComma(pair) : [pair]))
    .filter((pair) => pair !== '');
}

/** None of the gateway's cookies has a comma in it: what follows is of another Cookie field. */
function splitAtComma(pair: string): string[] {
  const comma = pair.indexOf(',');
  return comma === -1 ? [pair] : [pair.slice(0, comma), pair.slice(comma + 1).trimStart()];
}

/** The Cookie header without the gateway's own cookies; null if no other is left. */
export function foreignCookies(header: string): string | null {
  const pairs = cookiePairs(header).filter((pair) => !OWN_COOKIE.test(pair.trim()));
  return pairs.length === 0 ? null : pairs.join('; ');
}

/** Whether a Set-Cookie line of the origin would overwrite one of the gateway's cookies. */
export function setsOwnCookie(line: string): boolean {
  return OWN_COOKIE.test(line.trim());
}
