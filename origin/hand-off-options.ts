// Options of the hand-off: validated once at start, and resolved to what the flow and the check of its tokens need.

import type { VerifierOptions } from './verifier-options.ts';
import { refuseUnknown, requireText, resolveSiteUrl, VerifierOptionsError } from './verifier-options.ts';

export interface HandOffOptions
  extends Pick<VerifierOptions, 'allowPlainHttp' | 'clockToleranceSeconds' | 'fetch' | 'now' | 'onRefusal'> {
  /** The gateway's public address, its `PUBLIC_URL`: `https://gate.example`. Visitors and this site have to reach it. */
  gateway: string;
  /** The room's id. */
  room: string;
  /** This site's own origin, as visitors have it and as the room's setting `handOff` names it: `https://shop.example`. */
  site: string;
  /**
   * Ask the gateway whether a session still lives where its last answer is so many seconds old, 1 to 3600.
   * Pro: a session that ended early is noticed within this time. Con: a request to the gateway for each active visitor and
   * period. Default: asked in the second half of a token's life only, when it has to be renewed.
   */
  checkEvery?: number;
  /** `aud` of the room's tokens. Default: `urn:fairgate:origin:` and the room's id. */
  audience?: string;
  /** `iss` of the gateway's tokens. Default: `gateway`. */
  issuer?: string;
  /** Address of the gateway's key set. Default: `/.well-known/jwks.json` of `gateway`. */
  jwksUrl?: string;
}

const OPTION_NAMES = new Set<string>([
  ...['gateway', 'room', 'site', 'checkEvery', 'audience', 'issuer', 'jwksUrl', 'allowPlainHttp'],
  ...['clockToleranceSeconds', 'fetch', 'now', 'onRefusal'],
]);

/** As the gateway has them. */
const ROOM = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** A longer period is no check: a session lasts half an hour at most unless it is renewed. */
const CHECK_SECONDS_MAX = 3_600;

export interface ResolvedHandOff {
  /** Of the room, without a slash at the end. */
  roomUrl: string;
  room: string;
  site: string;
  /** null: only where a token has to be renewed. */
  checkEveryMs: number | null;
  /** Of the check of the tokens; refusals are reported by the flow. */
  verifier: VerifierOptions;
  ask: typeof fetch;
  onRefusal: VerifierOptions['onRefusal'];
  now: () => number;
}

/** @throws VerifierOptionsError */
export function resolveHandOff(options: HandOffOptions): ResolvedHandOff {
  refuseUnknown(options, OPTION_NAMES);
  const { room, checkEvery, allowPlainHttp = false, audience, issuer, jwksUrl, clockToleranceSeconds } = options;
  const gateway = resolveOrigin('gateway', options.gateway, allowPlainHttp);
  const site = resolveOrigin('site', options.site, false);
  if (typeof room !== 'string' || !ROOM.test(room)) {
    throw new VerifierOptionsError('room', `is ${JSON.stringify(room)}. Set it to the room's id.`);
  }
  if (checkEvery !== undefined && !(checkEvery >= 1 && checkEvery <= CHECK_SECONDS_MAX)) {
    throw new VerifierOptionsError(
      'checkEvery',
      `is ${checkEvery}. Use 1 to ${CHECK_SECONDS_MAX} seconds, or omit it.`,
    );
  }
  const text = (name: string, value: string | undefined, otherwise: string) =>
    value === undefined ? otherwise : requireText(name, value, 'what the gateway writes, or omit it');
  const now = options.now ?? (() => Date.now());
  const verifier: VerifierOptions = {
    jwksUrl: text('jwksUrl', jwksUrl, `${gateway}/.well-known/jwks.json`),
    issuer: text('issuer', issuer, gateway),
    audience: text('audience', audience, `urn:fairgate:origin:${room}`),
    room,
    allowPlainHttp,
    now,
    ...(clockToleranceSeconds === undefined ? {} : { clockToleranceSeconds }),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  };
  return {
    roomUrl: `${gateway}/_fairgate/rooms/${room}`,
    room,
    site,
    checkEveryMs: checkEvery === undefined ? null : checkEvery * 1000,
    verifier,
    ask: options.fetch ?? ((input, init) => fetch(input, init)),
    onRefusal: options.onRefusal,
    now,
  };
}

/** An address without a path, as browsers write its origin: the gateway compares it character by character. */
function resolveOrigin(option: string, value: unknown, allowPlainHttp: boolean): string {
  const url = resolveSiteUrl(option, value, 'an origin such as https://shop.example', allowPlainHttp);
  if (url.origin === value) return url.origin;
  throw new VerifierOptionsError(option, `is ${JSON.stringify(value)}. Set it to ${url.origin}, without a path.`);
}
