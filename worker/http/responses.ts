// Responses that the gateway writes itself: pages, JSON, and refusals in the form that the client can use, each with the
// headers that keep it out of caches, frames and search engines.

import { EMPTY_PAGE, type PageModel } from '../pages/model.ts';
import { type RelayModel, relayPolicy, renderRelayPage } from '../pages/relay-page.tsx';
import { contentSecurityPolicy, pageParts } from '../pages/render.tsx';
import { gzip, NO_PREFIX, type Prefix } from './gzip.ts';
import { ALL_LANGUAGES, languageOf } from './language.ts';
import { type Problem, problemText } from './problem-texts.ts';
import { problemResponse } from './problems.ts';
import { acceptsGzip, type ResponseFormat } from './request-client.ts';

const NEVER_STORED = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
};

export function json(document: unknown, status = 200): Response {
  return new Response(JSON.stringify(document), {
    status,
    headers: { 'Content-Type': 'application/json', ...NEVER_STORED },
  });
}

/** A page before it is sent: its text, its headers, and the text compressed as soon as a browser accepts that. */
export class HtmlDocument {
  readonly #prefix: Prefix;
  readonly #rest: string;
  readonly #headers: Headers;
  #compressed: { body: Uint8Array; headers: Headers } | null = null;

  /** @param prefix the beginning that many pages share: it is compressed once */
  constructor(prefix: Prefix, rest: string, headers: Record<string, string>) {
    this.#prefix = prefix;
    this.#rest = rest;
    this.#headers = new Headers({
      'Content-Type': 'text/html; charset=utf-8',
      'X-Robots-Tag': 'noindex',
      ...NEVER_STORED,
      ...headers,
    });
  }

  /** A response of its own, whose header may be changed. */
  respond(requestHeaders: Headers, status: number): Response {
    if (!acceptsGzip(requestHeaders)) {
      return new Response(this.#prefix.join('') + this.#rest, { status, headers: this.#headers });
    }
    const { body, headers } = this.#compress();
    return new Response(body, { status, headers, encodeBody: 'manual' });
  }

  #compress(): { body: Uint8Array; headers: Headers } {
    if (this.#compressed !== null) return this.#compressed;
    const headers = new Headers(this.#headers);
    headers.set('Content-Encoding', 'gzip');
    this.#compressed = { body: gzip(this.#prefix, this.#rest), headers };
    return this.#compressed;
  }
}

/**
 * A page's policy where its forms may lead to these origins, by a redirect of the gateway: browsers hold that against `form-action`
 * (CSP 3, 6.4.2).
 */
export function withFormTargets(policy: string, origins: readonly string[]): string {
  return origins.length === 0
    ? policy
    : policy.replace("form-action 'self'", `form-action 'self' ${origins.join(' ')}`);
}

/** The gateway's own page. @param formTargets origins to which its forms may lead */
export function page(model: PageModel, formTargets: readonly string[] = []): HtmlDocument {
  const { opening, rest } = pageParts(model);
  return new HtmlDocument(opening, rest, {
    'Content-Language': model.language,
    'Content-Security-Policy': withFormTargets(contentSecurityPolicy, formTargets),
    Vary: 'Accept, Accept-Language, Accept-Encoding, Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode',
  });
}

/** The page that sends another site's form again. */
export function relayPage(model: RelayModel): HtmlDocument {
  return new HtmlDocument(NO_PREFIX, renderRelayPage(model), {
    'Content-Language': model.language,
    'Content-Security-Policy': relayPolicy,
  });
}

/**
 * A refusal as a page, where the client accepts one and the problem has a text for people; else as problem+json.
 * @param status instead of the problem's own
 */
export function refusal(
  problem: Problem,
  request: { headers: Headers },
  acceptsPage: boolean,
  status = problemText(problem).status,
): Response {
  const { page: texts } = problemText(problem);
  if (!acceptsPage || texts === undefined) return problemResponse(problem, {}, { status });
  const language = languageOf(request.headers);
  const model = {
    ...EMPTY_PAGE,
    kind: 'badRequest',
    language,
    languages: ALL_LANGUAGES,
    served: { kind: 'badRequest', ...texts[language] },
  } as const;
  return page(model).respond(request.headers, status);
}

/** The refusal of a request in its own format. */
export function refuse(c: { req: { raw: Request }; var: { format: ResponseFormat } }, problem: Problem): Response {
  return refusal(problem, c.req.raw, c.var.format === 'page');
}
