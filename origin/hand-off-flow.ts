// The hand-off, for a site that no gateway stands before: visitors without an admission go to the room, come back with a code, and
// keep the admission token in a cookie of this site. The code alone is worth nothing: the verifier in the same browser's cookie
// goes with it (PKCE, RFC 7636), so that nobody else's code counts here, and this browser's code nowhere else. Knows no framework.

import { boundedFetch } from './bounded-fetch.ts';
import { encodeBase64url, webCrypto } from './encoding.ts';
import { type HandOffOptions, type ResolvedHandOff, resolveHandOff } from './hand-off-options.ts';
import { SessionChecks } from './hand-off-sessions.ts';
import { problemOf } from './refusal.ts';
import type { AdmissionClaims, Refusal } from './verdict.ts';
import { createVerifier, type Verifier } from './verify.ts';

/** What the flow reads of a request. */
export interface HandOffRequest {
  method: string;
  /** Path and query, as in the request line. */
  target: string;
  /** @returns null where the field is missing */
  header(name: string): string | null;
}

export type HandOffOutcome =
  /** The handler may run; its response takes the cookies along. */
  | { kind: 'admitted'; claims: AdmissionClaims; cookies: string[] }
  /** Answer with this instead. */
  | { kind: 'answer'; status: number; headers: Record<string, string>; cookies: string[]; body: string };

/** Parameters that the room and this flow add to an address, and that no handler sees. */
const CODE = 'fairgate_code';
const AGAIN = 'fairgate_again';

/** A visitor who waits longer comes back without it, and once more with another one: the room hands over at once. */
const VERIFIER_SECONDS = 3_600;

/** 32 random bytes. */
const VERIFIER = /^[A-Za-z0-9_-]{43}$/;

/** Longer than the gateway's own limit on its store, and shorter than visitors wait for a page. */
const EXCHANGE = { timeoutMs: 10_000, bytesMax: 16_384 };

/** Longer addresses do not fit into what proxies take for the header of a response; the visitor comes back to the front page. */
const ADDRESS_CHARS_MAX = 1_500;

interface Page {
  path: string;
  /** Without what the room and this flow add; with the question mark. */
  query: string;
  code: string | null;
  /** The visitor was sent to the room a second time. */
  again: boolean;
}

/**
 * Creates the flow. Create one per site and reuse it: it caches the gateway's keys and answers. Never rejects.
 * @throws VerifierOptionsError
 */
export function createHandOff(options: HandOffOptions): (request: HandOffRequest) => Promise<HandOffOutcome> {
  const flow = new HandOffFlow(resolveHandOff(options));
  return (request) => flow.answer(request);
}

class HandOffFlow {
  readonly #options: ResolvedHandOff;
  readonly #verify: Verifier;
  readonly #checks: SessionChecks;
  readonly #attributes: string;
  readonly #prefix: string;

  constructor(options: ResolvedHandOff) {
    this.#options = options;
    this.#verify = createVerifier(options.verifier);
    this.#checks = new SessionChecks(options);
    const isSecure = options.site.startsWith('https:');
    // The prefix keeps other hosts and plain http from setting them (RFC 6265bis, 4.1.3.2).
    this.#prefix = isSecure ? '__Host-' : '';
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  async answer(request: HandOffRequest): Promise<HandOffOutcome> {
    try {
      return await this.#decide(request);
    } catch (cause) {
      // No known error ends here; an unknown one is a defect of this code, and a defect admits no request.
      return this.#refuse({ kind: 'unavailable', cause });
    }
  }

  async #decide(request: HandOffRequest): Promise<HandOffOutcome> {
    const page = pageOf(request.target);
    const token = this.#cookie(request, 'admission');
    const verdict = await this.#verify(token);
    if (verdict.kind === 'unavailable') return this.#refuse(verdict);
    if (verdict.kind === 'admitted' && token !== null) {
      const checked = await this.#checks.check(token, verdict.claims, this.#verify);
      if (checked.kind === 'over') return this.#enter(request, page, { kind: 'refused', reason: 'ended' });
      // Another tab has brought the visitor in meanwhile: the code in this one is not needed.
      if (page.code !== null && isNavigation(request)) return this.#redirect(this.#addressOf(page), []);
      const cookies = checked.renewed === null ? [] : [this.#admissionCookie(checked.renewed)];
      return { kind: 'admitted', claims: checked.renewed?.claims ?? verdict.claims, cookies };
    }
    const refusal: Refusal = verdict.kind === 'refused' ? verdict : { kind: 'refused', reason: 'missing' };
    return page.code === null ? this.#enter(request, page, refusal) : this.#comeBack(request, page, page.code);
  }

  /** A visitor comes from the room. A code that this browser's verifier does not fit is not this visitor's. */
  async #comeBack(request: HandOffRequest, page: Page, code: string): Promise<HandOffOutcome> {
    const failed: Refusal = { kind: 'refused', reason: 'handOff' };
    if (!isNavigation(request)) return this.#refuse({ kind: 'refused', reason: 'missing' });
    const verifier = this.#verifierOf(request);
    if (verifier === null) return this.#enterAgain(request, page, failed);
    const exchanged = await this.#exchange(code, verifier);
    if (exchanged.kind === 'unavailable') return this.#refuse(exchanged, page);
    if (exchanged.kind === 'refused') return this.#enterAgain(request, page, failed);
    const verdict = await this.#verify(exchanged.token);
    if (verdict.kind !== 'admitted') return this.#refuse(verdict, page);
    this.#checks.begin(verdict.claims);
    const cookies = [
      this.#admissionCookie({ token: exchanged.token, claims: verdict.claims }),
      this.#forget('verifier'),
    ];
    return this.#redirect(this.#addressOf(page), cookies);
  }

  async #exchange(
    code: string,
    verifier: string,
  ): Promise<{ kind: 'token'; token: string } | { kind: 'refused' } | Extract<Refusal, { kind: 'unavailable' }>> {
    const { ask, roomUrl, site } = this.#options;
    try {
      const init = {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ code, verifier, site }),
      };
      const { status, text } = await boundedFetch(ask, `${roomUrl}/exchange`, init, EXCHANGE);
      if (status === 200) {
        const { admissionToken } = JSON.parse(text) as { admissionToken?: unknown };
        if (typeof admissionToken === 'string') return { kind: 'token', token: admissionToken };
      }
      if ([400, 403, 409, 410].includes(status)) return { kind: 'refused' };
      return { kind: 'unavailable', cause: new Error(`${roomUrl}/exchange returned status ${status}.`) };
    } catch (cause) {
      // Unreachable, too slow, too large, or not JSON.
      return { kind: 'unavailable', cause };
    }
  }

  /** A second time at most: a browser that keeps no cookie would go back and forth for ever. */
  #enterAgain(request: HandOffRequest, page: Page, refusal: Refusal): Promise<HandOffOutcome> | HandOffOutcome {
    return page.again ? this.#refuse(refusal) : this.#enter(request, { ...page, again: true }, refusal);
  }

  /** Sends a person to the room; everything else is refused. */
  async #enter(request: HandOffRequest, page: Page, refusal: Refusal): Promise<HandOffOutcome> {
    const isForm = request.method === 'POST';
    if (!isNavigation(request, isForm)) return this.#refuse(refusal);
    const { roomUrl } = this.#options;
    // Two tabs at once have one verifier, so that each can be exchanged.
    const verifier = (page.again ? null : this.#verifierOf(request)) ?? (await newVerifier());
    const query = new URLSearchParams({
      return: this.#returnAddress(isForm ? this.#pageBefore(request) : page),
      challenge: await challengeOf(verifier),
      ...(isForm ? { form: 'not-sent' } : {}),
    });
    const cookies = [this.#cookieLine('verifier', verifier, VERIFIER_SECONDS)];
    if (refusal.kind === 'refused' && refusal.reason !== 'missing') cookies.push(this.#forget('admission'));
    return this.#redirect(`${roomUrl}/enter?${query}`, cookies);
  }

  #returnAddress(page: Page): string {
    const address = this.#addressOf(page, page.again ? `${AGAIN}=1` : '');
    return address.length <= ADDRESS_CHARS_MAX ? address : `${this.#options.site}/`;
  }

  /** The page of this site that a form was on. */
  #pageBefore(request: HandOffRequest): Page {
    const { site } = this.#options;
    const referer = request.header('Referer') ?? '';
    return pageOf(referer.startsWith(`${site}/`) ? referer.slice(site.length) : '/');
  }

  /** Absolute: a path with two slashes at the start would name another host. */
  #addressOf({ path, query }: Page, more = ''): string {
    const pairs = [query.slice(1), more].filter((part) => part !== '').join('&');
    return `${this.#options.site}${path}${pairs === '' ? '' : `?${pairs}`}`;
  }

  #redirect(address: string, cookies: string[]): HandOffOutcome {
    const headers = { Location: address, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' };
    return { kind: 'answer', status: 303, headers, cookies, body: '' };
  }

  /** @param page what a browser loads again by itself after a while; undefined: nothing */
  #refuse(refusal: Refusal, page?: Page): HandOffOutcome {
    try {
      this.#options.onRefusal?.(refusal);
    } catch {
      // The site's log failed. The refusal stands, and the visitor still gets the response.
    }
    const { status, headers, body } = problemOf(refusal);
    const reload = page === undefined || status !== 503 ? {} : { Refresh: `5; url=${this.#addressOf(page)}` };
    return { kind: 'answer', status, headers: { ...headers, ...reload }, cookies: [], body };
  }

  #verifierOf(request: HandOffRequest): string | null {
    const verifier = this.#cookie(request, 'verifier');
    return verifier !== null && VERIFIER.test(verifier) ? verifier : null;
  }

  #cookie(request: HandOffRequest, kind: 'admission' | 'verifier'): string | null {
    const start = `${this.#nameOf(kind)}=`;
    const pair = (request.header('Cookie') ?? '').split(/; */).find((one) => one.startsWith(start));
    return pair === undefined ? null : pair.slice(start.length);
  }

  /** Not beginning with `fairgate`: a gateway that stands before the same host takes those for its own. */
  #nameOf(kind: 'admission' | 'verifier'): string {
    return `${this.#prefix}site-${kind}-${this.#options.room}`;
  }

  #cookieLine(kind: 'admission' | 'verifier', value: string, seconds: number): string {
    return `${this.#nameOf(kind)}=${value}; Max-Age=${seconds}; ${this.#attributes}`;
  }

  #admissionCookie({ token, claims }: { token: string; claims: AdmissionClaims }): string {
    // By the gateway's clock, on which this machine's and the visitor's may differ.
    return this.#cookieLine('admission', token, Math.max(1, Math.ceil(claims.exp - claims.iat)));
  }

  #forget(kind: 'admission' | 'verifier'): string {
    return this.#cookieLine(kind, '', 0);
  }
}

/** What does not stand in a request line as browsers write it becomes the front page. */
function pageOf(target: string): Page {
  const [, path = '/', search = ''] = /^(\/[!-~]*?)(\?[!-~]*)?$/.exec(target.replace(/#.*$/s, '')) ?? [];
  const pairs = search.slice(1).split('&');
  const valueIn = (name: string) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  const kept = pairs.filter((pair) => ![CODE, AGAIN].includes(pair.split('=')[0] ?? '')).join('&');
  return { path, query: kept === '' ? '' : `?${kept}`, code: valueIn(CODE), again: valueIn(AGAIN) !== null };
}

/** Whether the response shows as a page of its own: no frame, script, picture, or fetch in advance. */
function isNavigation(request: HandOffRequest, isForm = false): boolean {
  if (request.method !== (isForm ? 'POST' : 'GET')) return false;
  if (/\bprefetch\b/i.test(request.header('Sec-Purpose') ?? request.header('Purpose') ?? '')) return false;
  const destination = request.header('Sec-Fetch-Dest');
  if (destination === null) return (request.header('Accept') ?? '').includes('text/html');
  // A service worker of the site passes a page load on as a fetch that no script can make itself.
  return destination === 'document' || (destination === 'empty' && request.header('Sec-Fetch-Mode') === 'navigate');
}

async function newVerifier(): Promise<string> {
  return encodeBase64url((await webCrypto()).getRandomValues(new Uint8Array(32)));
}

/** RFC 7636, 4.2. */
async function challengeOf(verifier: string): Promise<string> {
  const { subtle } = await webCrypto();
  return encodeBase64url(new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}
