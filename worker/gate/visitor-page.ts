// What a visitor is shown: the gateway's own page, the operators' waiting page in its stead, or the JSON that waiting apps
// read. The status code is the room's while visitors wait, and says what failed otherwise.

import type { Board, Status } from '../../queue-core/board.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import { cloudflareWaitingRoom } from '../http/cloudflare-waiting-room.ts';
import { renderTemplate, TEMPLATE_POLICY } from '../http/custom-page.ts';
import { languageOf } from '../http/language.ts';
import { problemText } from '../http/problem-texts.ts';
import { problemResponse } from '../http/problems.ts';
import { html, json, page } from '../http/responses.ts';
import type { PageKind, PageModel } from '../pages/model.ts';
import type { Visitor } from './visitor.ts';

/** What a template has no text for. */
const OWN_PAGES: PageKind[] = ['storeUnreachable', 'originUnreachable', 'tooManyJoins'];

export interface VisitorPage {
  kind: PageKind;
  returnTo: string;
  standbyAhead?: number;
  /** When the visitor's slot opens, ms. */
  admitAt?: number;
  /** When the visitor's network can join again (kind `tooManyJoins`). */
  retrySeconds?: number;
}

export async function visitorPage(visitor: Visitor, requestHeaders: Headers, options: VisitorPage): Promise<Response> {
  const { id, title, timeZone, languages } = visitor.room;
  const model: PageModel = {
    kind: options.kind,
    language: languageOf(requestHeaders, languages),
    languages,
    room: { id, title, timeZone },
    board: visitor.board,
    status: visitor.status,
    standbyAhead: options.standbyAhead ?? null,
    admitAt: options.admitAt === undefined ? null : rfc3339(options.admitAt),
    retryAt: options.retrySeconds === undefined ? null : rfc3339(visitor.now + options.retrySeconds * 1_000),
    returnTo: options.returnTo,
    problem: null,
  };
  const status = statusCode(visitor, options.kind);
  const response = (await customPage(visitor, model, requestHeaders, status)) ?? page(model, requestHeaders, status);
  if (options.retrySeconds !== undefined) response.headers.set('Retry-After', String(options.retrySeconds));
  return visitor.withCookies(response);
}

/** For apps whose network has taken its places of this minute. */
export function tooManyJoins(retrySeconds = 1): Response {
  return problemResponse('too-many-joins', { 'Retry-After': String(retrySeconds) });
}

/** The operators' own waiting page, where the room has one and there is a line to show; its Refresh header reloads it. */
async function customPage(
  visitor: Visitor,
  { kind, board, status }: PageModel,
  requestHeaders: Headers,
  statusCode: number,
): Promise<Response | null> {
  if (OWN_PAGES.includes(kind) || board === null || status === null) return null;
  const template = await visitor.template();
  if (template === null) return null;
  const waitingRoom = cloudflareWaitingRoom(board, status);
  const { refreshIntervalSeconds } = waitingRoom;
  return html('', renderTemplate(template, waitingRoom), requestHeaders, statusCode, {
    'Content-Security-Policy': TEMPLATE_POLICY,
    ...(refreshIntervalSeconds === 0 ? {} : { Refresh: String(refreshIntervalSeconds) }),
    Vary: 'Accept, Accept-Encoding, Cookie',
  });
}

function statusCode(visitor: Visitor, kind: PageKind): number {
  switch (kind) {
    case 'storeUnreachable':
      return problemText('store-unreachable').status;
    case 'originUnreachable':
      return problemText('origin-unreachable').status;
    case 'tooManyJoins':
      return problemText('too-many-joins').status;
    default:
      return visitor.snapshot?.view.policy.queueingStatusCode ?? 200;
  }
}

/** For waiting clients that ask for JSON: the interface that existing clients know. */
export function waitingJson(visitor: Visitor, board: Board, status: Status): Response {
  const { queueingStatusCode } = visitor.snapshot?.view.policy ?? { queueingStatusCode: 200 };
  return visitor.withCookies(json({ cfWaitingRoom: cloudflareWaitingRoom(board, status) }, queueingStatusCode));
}
