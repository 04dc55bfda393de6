// Options of the admission check: documented, validated once at start, and resolved to their defaults. An unsafe or useless
// configuration throws instead of starting.

import type { Refusal } from './verdict.ts';

export interface VerifierOptions {
  /** Address of the gateway's key set: `https://<gateway>/.well-known/jwks.json`. HTTPS, or HTTP on loopback. */
  jwksUrl: string;
  /** `iss` of the gateway's tokens. */
  issuer: string;
  /** `aud` of the gateway's tokens for this site. */
  audience: string;
  /** Admit from this room only. Default: every room whose tokens are issued for `audience`. */
  room?: string;
  /** How far the clocks of gateway and origin may differ, in seconds, 0 to 120. Default: 30. */
  clockToleranceSeconds?: number;
  /**
   * Accept a key set over plain HTTP from another machine. Default: false.
   * Pro: works inside a closed network without certificates. Con: a machine on that network that can answer in place of the
   * gateway can issue tokens. Loopback needs no permission.
   */
  allowPlainHttp?: boolean;
  /** Fetches the key set, for instance through a service binding or a proxy. Default: the global `fetch`. */
  fetch?: typeof fetch;
  /** Called for every request that was not admitted, for the site's log. Errors it throws are ignored. */
  onRefusal?: (refusal: Refusal) => void;
  /** Current time in milliseconds since 1970. Default: the system clock. */
  now?: () => number;
}

/** An option is missing, unknown or unsafe. The message names the option, the problem and a valid value. */
export class VerifierOptionsError extends Error {
  readonly option: string;

  constructor(option: string, message: string) {
    super(`Fairgate verifier: option "${option}" ${message}`);
    this.name = 'VerifierOptionsError';
    this.option = option;
  }
}

/** Forgiving an origin's clock this much admits no visitor early: the gateway enforces every slot by its own clock. */
const CLOCK_TOLERANCE_SECONDS_DEFAULT = 30;

/** A larger tolerance would accept ended sessions for too long. */
const CLOCK_TOLERANCE_SECONDS_MAX = 120;

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

export interface ResolvedOptions {
  jwksUrl: URL;
  issuer: string;
  audience: string;
  /** null: every room. */
  room: string | null;
  clockToleranceSeconds: number;
  fetchKeys: typeof fetch;
  onRefusal: VerifierOptions['onRefusal'];
  now: () => number;
}

/** @throws VerifierOptionsError */
export function resolveOptions(options: VerifierOptions): ResolvedOptions {
  // A misspelt "room" would admit from every room.
  refuseUnknown(options, OPTION_NAMES);
  const clockToleranceSeconds = options.clockToleranceSeconds ?? CLOCK_TOLERANCE_SECONDS_DEFAULT;
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= CLOCK_TOLERANCE_SECONDS_MAX)) {
    throw new VerifierOptionsError(
      'clockToleranceSeconds',
      `is ${clockToleranceSeconds}. Use 0 to ${CLOCK_TOLERANCE_SECONDS_MAX}, or omit it for ${CLOCK_TOLERANCE_SECONDS_DEFAULT}.`,
    );
  }
  return {
    jwksUrl: resolveKeysUrl(options),
    issuer: requireText('issuer', options.issuer, 'the "iss" claim of the gateway\'s tokens'),
    audience: requireText('audience', options.audience, 'the "aud" claim of the gateway\'s tokens for this site'),
    // Present but empty is not the same as omitted: an unset environment variable must not admit from every room.
    room: 'room' in options ? requireText('room', options.room, "the room's id, or omit the option") : null,
    clockToleranceSeconds,
    fetchKeys: options.fetch ?? ((input, init) => fetch(input, init)),
    onRefusal: options.onRefusal,
    now: options.now ?? (() => Date.now()),
  };
}

/** @throws VerifierOptionsError */
export function refuseUnknown(options: object, known: ReadonlySet<string>): void {
  for (const name of Object.keys(options)) {
    if (known.has(name)) continue;
    throw new VerifierOptionsError(name, `is unknown. Valid options: ${[...known].join(', ')}.`);
  }
}

export function requireText(option: string, value: unknown, expected: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new VerifierOptionsError(option, `is empty. Set it to ${expected}.`);
}

function resolveKeysUrl({ jwksUrl, allowPlainHttp = false }: VerifierOptions): URL {
  const expected = 'the address of the key set, https://<gateway>/.well-known/jwks.json';
  return resolveSiteUrl('jwksUrl', jwksUrl, expected, allowPlainHttp);
}

/** An absolute address by https; by http on this machine, or where `allowPlainHttp` says so. @throws VerifierOptionsError */
export function resolveSiteUrl(option: string, value: unknown, expected: string, allowPlainHttp: boolean): URL {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    throw new VerifierOptionsError(
      option,
      `is ${JSON.stringify(value)}, which is not an absolute URL. Set it to ${expected}.`,
    );
  }
  const url = new URL(value);
  if (url.protocol === 'https:') return url;
  if (url.protocol === 'http:' && (allowPlainHttp || isLoopback(url.hostname))) return url;
  throw new VerifierOptionsError(
    option,
    `uses ${url.protocol}//, so an attacker on the network could replace what it brings. Set it to ${expected}, or set "allowPlainHttp" for plain HTTP inside a private network.`,
  );
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
