// The page that a visitor sees in each state of a room, with sample numbers. The console shows it in a frame without scripts.

import type * as z from 'zod';
import type { Board, Status } from '../../queue-core/board.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { previewQuery } from '../contract/operator-api.ts';
import { EMPTY_PAGE, type PageKind, type PageModel } from '../pages/model.ts';
import { contentSecurityPolicy, renderPage } from '../pages/render.tsx';
import type { CurrentRoom, Handlers } from './operation-context.ts';

export const previewHandlers: Handlers<'preview'> = {
  preview: (c) => previewPage(c.var.room, c.var.query),
};

function previewPage(
  { config, snapshot: { view, now } }: CurrentRoom,
  { kind, language, ko, en }: z.output<typeof previewQuery>,
): Response {
  const message =
    ko === undefined && en === undefined
      ? view.board.message
      : { text: { ko: ko ?? '', en: en ?? '' }, at: rfc3339(now) };
  const model: PageModel = {
    ...EMPTY_PAGE,
    kind,
    language,
    languages: config.languages,
    room: { id: config.id, title: config.title, timeZone: config.timeZone },
    board: sampleBoard(view.board, kind, message, now),
    status: sampleStatus(config.id, kind, now),
    standbyAhead: kind === 'standby' ? 2 : null,
    retryAt: kind === 'tooManyJoins' ? rfc3339(now + 42_000) : null,
  };
  return new Response(withoutScripts(renderPage(model)), {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `${contentSecurityPolicy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")}; sandbox`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** The script would poll a line that does not exist; `noscript` would show what replaces it. */
function withoutScripts(page: string): string {
  return page.replaceAll(/<(script|noscript)\b[^>]*>.*?<\/\1>/gs, '');
}

/** A busy line: numbers that need all the space the page has for them. */
function sampleBoard(board: Board, kind: PageKind, message: Board['message'], now: number): Board {
  const before = kind === 'scheduled' || kind === 'entered';
  const numbers = { entries: 482_113, issued: 612_408, called: 46_901, active: 1_812 };
  return {
    ...board,
    ...numbers,
    state: stateFor(kind),
    stock: kind === 'soldOut' ? nothingLeft(board.stock, now) : board.stock,
    serverTime: rfc3339(now),
    asOf: rfc3339(now),
    opensAt: rfc3339(before ? now + 23 * 60_000 : now - 12 * 60_000),
    pace: [
      [0, 0, 4],
      [100_000, 2_500, 4_000],
    ],
    message,
  };
}

function nothingLeft(stock: Board['stock'], now: number): Board['stock'] {
  if (stock === null) return null;
  const none = { remaining: 0, asOf: rfc3339(now) };
  return { ...stock, ...none, lots: stock.lots.map((lot) => ({ ...lot, ...none })) };
}

function stateFor(kind: PageKind): Board['state'] {
  switch (kind) {
    case 'scheduled':
    case 'drawing':
    case 'paused':
    case 'soldOut':
    case 'closed':
      return kind;
    case 'entered':
      return 'prequeue';
    default:
      return 'open';
  }
}

function sampleStatus(room: string, kind: PageKind, now: number): Status {
  const none = { entry: null, position: null, ahead: null, waitSeconds: null, claimBy: null, admittedUntil: null };
  const status = { room, ...none, nextPollSeconds: 10, serverTime: rfc3339(now) };
  const placed = { entry: 204_518, position: 51_204 };
  switch (kind) {
    case 'newcomer':
    case 'tooManyJoins':
    case 'cookiesNeeded':
    case 'scheduled':
      return { ...status, state: 'none' };
    case 'entered':
    case 'drawing':
      return { ...status, state: 'entered', entry: placed.entry };
    case 'called':
    case 'standby':
      return { ...status, ...placed, state: 'called', ahead: 0, claimBy: rfc3339(now + 4 * 60_000) };
    case 'lapsed':
      return { ...status, ...placed, state: 'lapsed', ahead: 0 };
    case 'ended':
      return { ...status, ...placed, state: 'completed', ahead: 0 };
    case 'originUnreachable':
    case 'originError':
      return { ...status, ...placed, state: 'admitted', admittedUntil: rfc3339(now + 4 * 60_000) };
    default:
      return { ...status, ...placed, state: 'waiting', ahead: 4_302, waitSeconds: { low: 110, high: 175 } };
  }
}
