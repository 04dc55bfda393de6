// What a visitor would see in each state of a room, with made-up numbers: for the console's preview, in a frame without
// scripts.

import type { Board, Status } from '../../queue-core/board.ts';
import { rfc3339 } from '../../queue-core/time.ts';
import type { Language, PageKind, PageModel } from '../pages/model.ts';
import { contentSecurityPolicy, renderPage } from '../pages/render.tsx';
import type { RoomConfig } from '../settings.ts';
import type { RoomSnapshot } from '../views/room-views.ts';

interface Wanted {
  kind: PageKind;
  language: Language;
  ko?: string | undefined;
  en?: string | undefined;
}

export function previewPage(
  room: RoomConfig,
  { view, now }: RoomSnapshot,
  { kind, language, ko, en }: Wanted,
): Response {
  const message =
    ko === undefined && en === undefined
      ? view.board.message
      : { text: { ko: ko ?? '', en: en ?? '' }, at: rfc3339(now) };
  const model: PageModel = {
    kind,
    language,
    languages: room.languages,
    room: { id: room.id, title: room.title, timeZone: room.timeZone },
    board: madeUpBoard(view.board, kind, message, now),
    status: madeUpStatus(room.id, kind, now),
    standbyAhead: kind === 'standby' ? 2 : null,
    admitAt: null,
    returnTo: '/',
    problem: null,
  };
  return new Response(withoutLife(renderPage(model)), {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `${contentSecurityPolicy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")}; sandbox`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** The page as it stands: neither its script, which would ask for a line that is made up, nor what stands in for it. */
function withoutLife(page: string): string {
  return page.replaceAll(/<(script|noscript)\b[^>]*>.*?<\/\1>/gs, '');
}

/** A line in full swing: numbers that fill their space. */
function madeUpBoard(board: Board, kind: PageKind, message: Board['message'], now: number): Board {
  const before = kind === 'scheduled' || kind === 'entered';
  const numbers = { entries: 482_113, issued: 612_408, called: 46_901, active: 1_812 };
  return {
    ...board,
    ...numbers,
    state: stateFor(kind),
    serverTime: rfc3339(now),
    asOf: rfc3339(now),
    opensAt: rfc3339(before ? now + 23 * 60_000 : now - 12 * 60_000),
    pace: { low: 1_500, high: 2_400 },
    message,
  };
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

function madeUpStatus(room: string, kind: PageKind, now: number): Status {
  const none = { entry: null, position: null, ahead: null, waitSeconds: null, claimBy: null, admittedUntil: null };
  const status = { room, ...none, nextPollSeconds: 10, serverTime: rfc3339(now) };
  const placed = { entry: 204_518, position: 51_204 };
  switch (kind) {
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
    default:
      return { ...status, ...placed, state: 'waiting', ahead: 4_302, waitSeconds: { low: 110, high: 175 } };
  }
}
