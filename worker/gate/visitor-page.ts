// What a visitor is shown: the gateway's own page, the operators' waiting page in its stead, or the JSON that waiting apps
// read. The status code is the room's while visitors wait, and says what failed otherwise.

import type { Board, Status } from '../../queue-core/board.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Gateway } from '../gateway.ts';
import { cloudflareWaitingRoom } from '../http/cloudflare-waiting-room.ts';
import { renderTemplate, TEMPLATE_POLICY } from '../http/custom-page.ts';
import { NO_PREFIX } from '../http/gzip.ts';
import { languageOf } from '../http/language.ts';
import { problemText } from '../http/problem-texts.ts';
import { problemResponse } from '../http/problems.ts';
import { HtmlDocument, json, page, withFormTargets } from '../http/responses.ts';
import { EMPTY_PAGE, type Language, type PageKind, type PageModel } from '../pages/model.ts';
import { handOffSites } from './hand-off-address.ts';
import type { Visitor } from './visitor.ts';

/** What a template has no text for, no script or no button: it is for the visitors in line, and for a room that is shut. */
const OWN_PAGES: PageKind[] = [
  'newcomer',
  'scheduled',
  'lapsed',
  'ended',
  'storeUnreachable',
  'originUnreachable',
  'originError',
  'tooManyJoins',
  'cookiesNeeded',
];

/** Kinds of a visitor without a place. Their page says nothing of the visitor, and is made once for everybody. */
const PUBLIC_PAGES: PageKind[] = ['newcomer', 'scheduled', 'soldOut', 'closed', 'storeUnreachable'];

export interface VisitorPage {
  kind: PageKind;
  /** null: the address of the page. */
  returnTo: string | null;
  standbyAhead?: number;
  /** When the visitor's slot opens, ms. */
  admitAt?: number;
  /** When the visitor's network can join again (kind `tooManyJoins`). */
  retrySeconds?: number;
  /** The origin was too late, rather than out of reach. */
  timedOut?: boolean;
  /** What the origin answered with (kind `originError`). */
  originStatus?: number;
  /** The request was a form for the site, which did not reach it. */
  formNotSent?: boolean;
}

type Parts = Pick<Gateway, 'cookies' | 'publicPages'>;

export async function visitorPage(
  { cookies, publicPages }: Parts,
  visitor: Visitor,
  request: Request,
  options: VisitorPage,
): Promise<Response> {
  const { headers } = request;
  const { room } = visitor;
  const language = languageOf(headers, room.languages);
  const make = async () => {
    const model = modelOf(visitor, language, options);
    return (await customPage(visitor, model)) ?? page(model, handOffSites(room));
  };
  const isOwn = options.returnTo !== null || options.formNotSent === true;
  const isPublic = PUBLIC_PAGES.includes(options.kind) && !isOwn && visitor.isStranger;
  const document = isPublic ? await publicPages.read(room, `${options.kind} ${language}`, make) : await make();
  const response = document.respond(headers, statusCode(visitor, request, options));
  if (response.status >= 400) {
    const { retryAfterSeconds } = problemText('store-unreachable');
    const seconds = options.retrySeconds ?? visitor.status?.nextPollSeconds ?? retryAfterSeconds;
    response.headers.set('Retry-After', String(seconds));
  }
  if (visitor.isStranger) response.headers.append('Set-Cookie', cookies.check);
  return visitor.withTokens(response);
}

function modelOf(
  visitor: Visitor,
  language: Language,
  { kind, returnTo, standbyAhead, admitAt, retrySeconds, formNotSent = false }: VisitorPage,
): PageModel {
  const { id, title, timeZone, languages, template } = visitor.room;
  return {
    ...EMPTY_PAGE,
    kind,
    language,
    languages,
    room: { id, title, timeZone },
    board: visitor.board,
    status: visitor.status,
    standbyAhead: standbyAhead ?? null,
    admitAt: admitAt === undefined ? null : rfc3339(admitAt),
    retryAt: retrySeconds === undefined ? null : rfc3339(visitor.now + retrySeconds * 1_000),
    returnTo,
    formNotSent,
    ownPage: template !== null,
  };
}

/** For apps whose network has taken its places of this minute. */
export function tooManyJoins(retrySeconds = 1): Response {
  return problemResponse('too-many-joins', { 'Retry-After': String(retrySeconds) });
}

/** The operators' own waiting page, where the room has one and there is a line to show; its Refresh header reloads it. */
async function customPage(
  visitor: Visitor,
  { kind, board, status, formNotSent }: PageModel,
): Promise<HtmlDocument | null> {
  if (OWN_PAGES.includes(kind) || board === null || status === null || formNotSent) return null;
  const template = await visitor.template();
  if (template === null) return null;
  const waitingRoom = cloudflareWaitingRoom(board, status);
  const { refreshIntervalSeconds } = waitingRoom;
  return new HtmlDocument(NO_PREFIX, renderTemplate(template, waitingRoom), {
    'Content-Security-Policy': withFormTargets(TEMPLATE_POLICY, handOffSites(visitor.room)),
    ...(refreshIntervalSeconds === 0 ? {} : { Refresh: String(refreshIntervalSeconds) }),
    Vary: 'Accept, Accept-Encoding, Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode',
  });
}

/**
 * The room's own status while visitors wait. A form is never answered as if it had been received, and a client that does not
 * show that it is a browser, a crawler for example, learns that the site itself is for later.
 */
function statusCode(
  visitor: Visitor,
  request: Request,
  { kind, formNotSent, timedOut, originStatus }: VisitorPage,
): number {
  switch (kind) {
    case 'storeUnreachable':
      return problemText('store-unreachable').status;
    case 'originUnreachable':
      return problemText(timedOut ? 'origin-timeout' : 'origin-unreachable').status;
    case 'originError':
      return originStatus ?? problemText('origin-unreachable').status;
    case 'tooManyJoins':
      return problemText('too-many-joins').status;
    case 'cookiesNeeded':
      return problemText('cookies-needed').status;
    default: {
      const isCrawler = visitor.isStranger && !request.headers.has('Sec-Fetch-Dest');
      if (formNotSent || isCrawler) return LATER;
      return visitor.snapshot?.view.policy.queueingStatusCode ?? 200;
    }
  }
}

/** 503 Service Unavailable (RFC 9110, 15.6.4). */
const LATER = 503;

/** For waiting clients that ask for JSON: the interface that existing clients know. */
export function waitingJson(
  { cookies }: Pick<Gateway, 'cookies'>,
  visitor: Visitor,
  board: Board,
  status: Status,
): Response {
  const { queueingStatusCode } = visitor.snapshot?.view.policy ?? { queueingStatusCode: 200 };
  const response = json({ cfWaitingRoom: cloudflareWaitingRoom(board, status) }, queueingStatusCode);
  if (queueingStatusCode >= 400) response.headers.set('Retry-After', String(status.nextPollSeconds));
  if (visitor.isStranger) response.headers.append('Set-Cookie', cookies.check);
  return visitor.withTokens(response);
}
