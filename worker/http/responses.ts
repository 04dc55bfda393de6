// How an answer leaves the gateway: the visitor's page, the JSON of an app, or a problem, each with the headers that
// keep it out of caches, frames and search engines.

import type { Board, Status } from '../../queue-core/board.ts';
import type { Visitor } from '../gate/visitor.ts';
import type { Language, PageKind, PageModel } from '../pages/model.ts';
import { contentSecurityPolicy, pageParts } from '../pages/render.tsx';
import { cloudflareWaitingRoom } from './cloudflare-waiting-room.ts';
import { renderTemplate, TEMPLATE_POLICY } from './custom-page.ts';
import { gzip } from './gzip.ts';
import { type Problem, problemResponse, problemStatus } from './problems.ts';

const LANGUAGE_COOKIE = 'fairgate-language';

const NEVER_STORED = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
};

const ALL_LANGUAGES: readonly Language[] = ['ko', 'en'];

/** Of the languages offered the one chosen with the switch, else the browser's, else the first. */
export function languageOf(headers: Headers, offered = ALL_LANGUAGES): Language {
  const isOffered = (language: string | undefined): language is Language => offered.some((one) => one === language);
  const chosen = /(?:^|; *)fairgate-language=(ko|en)(?:;|$)/.exec(headers.get('Cookie') ?? '')?.[1];
  if (isOffered(chosen)) return chosen;
  const weighted = (headers.get('Accept-Language') ?? '')
    .split(',')
    .slice(0, 20)
    .map((item) => {
      const [tag = '', weight] = item.trim().toLowerCase().split(/; *q=/);
      return { language: tag.split('-')[0], weight: weight === undefined ? 1 : Number(weight) || 0 };
    })
    .filter(({ language, weight }) => isOffered(language) && weight > 0)
    .sort((a, b) => b.weight - a.weight);
  const wanted = weighted[0]?.language;
  return isOffered(wanted) ? wanted : (offered[0] ?? 'ko');
}

/** A year: the choice holds nothing about the visitor. */
export function languageCookie(language: Language): string {
  return `${LANGUAGE_COOKIE}=${language}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax`;
}

export interface Shown {
  kind: PageKind;
  returnTo: string;
  standbyAhead?: number;
  /** When the visitor's slot opens, ms. */
  admitAt?: number;
}

/** The page of one visitor. The status code is the room's while somebody waits, and says what failed otherwise. */
export async function visitorPage(visitor: Visitor, headers: Headers, shown: Shown): Promise<Response> {
  const { id, title, timeZone, languages } = visitor.room;
  const model: PageModel = {
    kind: shown.kind,
    language: languageOf(headers, languages),
    languages,
    room: { id, title, timeZone },
    board: visitor.board,
    status: visitor.status,
    standbyAhead: shown.standbyAhead ?? null,
    admitAt: shown.admitAt === undefined ? null : new Date(shown.admitAt).toISOString(),
    returnTo: shown.returnTo,
    problem: null,
  };
  const status = statusCode(visitor, shown.kind);
  const response = (await ownPage(visitor, model, headers, status)) ?? page(model, headers, status);
  for (const cookie of visitor.setCookies) response.headers.append('Set-Cookie', cookie);
  return response;
}

/** The operator's own waiting page, where there is one and a line to speak of; its refresh brings visitors on. */
async function ownPage(
  visitor: Visitor,
  { kind, board, status }: PageModel,
  headers: Headers,
  code: number,
): Promise<Response | null> {
  if (kind === 'storeUnreachable' || kind === 'originUnreachable' || board === null || status === null) return null;
  const html = await visitor.template();
  if (html === null) return null;
  const waiting = cloudflareWaitingRoom(board, status);
  return compressed('', renderTemplate(html, waiting), headers, code, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': TEMPLATE_POLICY,
    'X-Robots-Tag': 'noindex',
    ...(waiting.refreshIntervalSeconds === 0 ? {} : { Refresh: String(waiting.refreshIntervalSeconds) }),
    Vary: 'Accept, Accept-Encoding, Cookie',
    ...NEVER_STORED,
  });
}

function statusCode(visitor: Visitor, kind: PageKind): number {
  switch (kind) {
    case 'storeUnreachable':
      return problemStatus('store-unreachable');
    case 'originUnreachable':
      return problemStatus('origin-unreachable');
    default:
      return visitor.snapshot?.view.policy.queueingStatusCode ?? 200;
  }
}

function page(model: PageModel, headers: Headers, status: number): Response {
  const { opening, rest } = pageParts(model);
  return compressed(opening, rest, headers, status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': model.language,
    'Content-Security-Policy': contentSecurityPolicy,
    'X-Robots-Tag': 'noindex',
    Vary: 'Accept, Accept-Language, Accept-Encoding, Cookie',
    ...NEVER_STORED,
  });
}

/** @param opening what is the same on many pages */
function compressed(
  opening: string,
  rest: string,
  headers: Headers,
  status: number,
  out: Record<string, string>,
): Response {
  const gzips = /\bgzip\b/.test(headers.get('Accept-Encoding') ?? '');
  if (!gzips) return new Response(opening + rest, { status, headers: out });
  const encoded = { status, headers: { ...out, 'Content-Encoding': 'gzip' }, encodeBody: 'manual' } as const;
  return new Response(gzip(opening, rest), encoded);
}

/** What a waiting client that asks for JSON is told: the interface existing clients know, and our status. */
export function waitingJson(visitor: Visitor, status: Status, board: Board): Response {
  const { queueingStatusCode } = visitor.snapshot?.view.policy ?? { queueingStatusCode: 200 };
  const response = json({ cfWaitingRoom: cloudflareWaitingRoom(board, status) }, queueingStatusCode);
  for (const cookie of visitor.setCookies) response.headers.append('Set-Cookie', cookie);
  return response;
}

export function json(document: unknown, status = 200): Response {
  return new Response(JSON.stringify(document), {
    status,
    headers: { 'Content-Type': 'application/json', ...NEVER_STORED },
  });
}

const PROBLEM_WORDS: Record<Language, Partial<Record<Problem, { title: string; detail: string }>>> = {
  ko: {
    'doubtful-address': {
      title: '주소를 확인해 주세요',
      detail: '주소에 처리할 수 없는 글자가 있습니다. 안내받은 주소를 다시 입력해 주세요.',
    },
    'doubtful-host': {
      title: '주소를 확인해 주세요',
      detail: '사이트 이름을 읽을 수 없습니다. 안내받은 주소를 다시 입력해 주세요.',
    },
    'address-too-long': { title: '주소가 너무 깁니다', detail: '안내받은 주소를 다시 입력해 주세요.' },
    'headers-too-large': { title: '쿠키가 너무 큽니다', detail: '이 사이트의 쿠키를 지운 뒤 다시 접속해 주세요.' },
    'not-found': { title: '페이지를 찾을 수 없습니다', detail: '주소를 확인해 주세요. 이곳에는 대기실이 없습니다.' },
    'too-many-requests': {
      title: '요청이 너무 잦습니다',
      detail: '잠시 후 자동으로 다시 확인합니다. 자주 눌러도 순서는 빨라지지 않습니다.',
    },
    'cross-site-request': { title: '다른 사이트에서 온 요청입니다', detail: '이 사이트의 화면에서 다시 눌러 주세요.' },
    'bad-body': { title: '요청을 읽을 수 없습니다', detail: '뒤로 가서 다시 눌러 주세요. 순서는 그대로입니다.' },
    'body-too-large': { title: '요청이 너무 큽니다', detail: '뒤로 가서 다시 눌러 주세요. 순서는 그대로입니다.' },
    'pass-spent': {
      title: '이 주소는 더 이상 쓸 수 없습니다',
      detail: '입장권 주소는 몇 초 안에 한 번만 쓸 수 있습니다. 운영자 화면에서 다시 받아 주세요.',
    },
    unexpected: { title: '일시적인 오류입니다', detail: '순서는 그대로입니다. 잠시 후 새로 고침해 주세요.' },
    'not-configured': { title: '아직 준비 중입니다', detail: '운영자가 설정을 마치면 이용하실 수 있습니다.' },
  },
  en: {
    'doubtful-address': {
      title: 'Please check the address',
      detail: 'It contains characters that cannot be read in one way. Type the address as it was given to you.',
    },
    'doubtful-host': {
      title: 'Please check the address',
      detail: 'The name of the site cannot be read. Type the address as it was given to you.',
    },
    'address-too-long': { title: 'The address is too long', detail: 'Type the address as it was given to you.' },
    'headers-too-large': { title: 'The cookies are too large', detail: 'Clear this site’s cookies and come back.' },
    'not-found': { title: 'There is no such page', detail: 'Please check the address. There is no waiting room here.' },
    'too-many-requests': {
      title: 'That was too often',
      detail: 'The page asks again by itself. Asking sooner moves nobody forward.',
    },
    'cross-site-request': {
      title: 'This came from another site',
      detail: 'Please press the button on this site’s own page.',
    },
    'bad-body': {
      title: 'The request cannot be read',
      detail: 'Go back and press the button again. Your place is kept.',
    },
    'body-too-large': {
      title: 'The request is too large',
      detail: 'Go back and press the button again. Your place is kept.',
    },
    'pass-spent': {
      title: 'This way in is no longer valid',
      detail: 'A pass is taken up once, within seconds. Ask for another in the operators’ console.',
    },
    unexpected: {
      title: 'Something went wrong for a moment',
      detail: 'Your place is kept. Please reload in a few seconds.',
    },
    'not-configured': {
      title: 'Not ready yet',
      detail: 'This page works once its operators have finished setting it up.',
    },
  },
};

/** A refusal in the form the client can use: a page for a person, problem+json for everything else. */
export function refusal(problem: Problem, request: { headers: Headers }, asksPage: boolean): Response {
  const language = languageOf(request.headers);
  const words = PROBLEM_WORDS[language][problem];
  if (!asksPage || words === undefined) return problemResponse(problem);
  const model: PageModel = {
    kind: 'badRequest',
    language,
    languages: ALL_LANGUAGES,
    room: null,
    board: null,
    status: null,
    standbyAhead: null,
    admitAt: null,
    returnTo: '/',
    problem: words,
  };
  return page(model, request.headers, problemStatus(problem));
}
