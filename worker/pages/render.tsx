// Renders a visitor's page as one self-contained HTML document: style and script are inline, nothing else is loaded, and
// the Content-Security-Policy allows exactly these texts by hash. The gateway adds status code and headers.

import { raw } from 'hono/html';
import clientEn, { sha256 as clientEnSha256 } from './client-en.ts?bundle';
import clientKo, { sha256 as clientKoSha256 } from './client-ko.ts?bundle';
import { documentHead } from './document-opening.ts';
import { keptPriceText } from './kept-prices.ts';
import { keptTimeFormat } from './kept-time-formats.ts';
import type { PageModel } from './model.ts';
import { refreshSeconds } from './no-script-refresh.ts';
import { Page } from './page.tsx';
import { titleText } from './page-text.ts';
import type { ServedFacts, ServedStrings } from './served-strings.ts';
import { servedEn } from './served-strings-en.ts';
import { servedKo } from './served-strings-ko.ts';
import type { Strings } from './strings.ts';
import { en } from './strings-en.ts';
import { ko } from './strings-ko.ts';
import style, { sha256 as styleSha256 } from './style.css?bundle';
import type { TimeFormat } from './time-format.ts';

const LANGUAGES = {
  ko: { strings: ko, own: servedKo, opening: openingOf(ko, clientKo) },
  en: { strings: en, own: servedEn, opening: openingOf(en, clientEn) },
};

/** For the pages that `renderPage` returns, and for nothing else. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${clientKoSha256}' 'sha256-${clientEnSha256}'`,
  `style-src 'sha256-${styleSha256}'`,
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * A page in two parts. The first is the same for every page of a language, so it has to be compressed only once; its pieces are of
 * different kinds of text.
 */
interface PageParts {
  opening: readonly string[];
  rest: string;
}

export function renderPage(model: PageModel): string {
  const { opening, rest } = pageParts(model);
  return opening.join('') + rest;
}

export function pageParts(given: PageModel): PageParts {
  const { strings, own, opening } = LANGUAGES[given.language];
  const other = own.otherLanguage;
  const now = Date.parse(given.board?.serverTime ?? given.status?.serverTime ?? '') || 0;
  const time = keptTimeFormat(strings.language, given.room?.timeZone ?? 'UTC');
  const model = {
    ...given,
    returnTo: given.returnTo === null ? null : localPath(given.returnTo),
    served: servedOf(given, own, { admittedUntil: admittedUntil(given, time, now) }),
  };
  const seconds = refreshSeconds(model, now);
  const head = (
    <>
      <title>{titleText(model, strings)}</title>
      {seconds !== null && (
        <noscript>
          <meta http-equiv="refresh" content={`${seconds}${model.returnTo === null ? '' : `;url=${model.returnTo}`}`} />
        </noscript>
      )}
    </>
  );
  const body = (
    <body>
      <header>
        <p>{model.room?.title[strings.language]}</p>
        {model.languages.includes(other.language) && (
          <a
            href={`/_fairgate/language?to=${other.language}${model.returnTo === null ? '' : `&return=${encodeURIComponent(model.returnTo)}`}`}
            lang={other.language}
            hreflang={other.language}
          >
            {other.name}
          </a>
        )}
      </header>
      <main id="page">
        <Page
          model={model}
          strings={strings}
          now={now}
          scripted={null}
          reloadNote={seconds === null ? null : own.noScript(seconds)}
          time={time}
          priceText={keptPriceText}
        />
      </main>
      <p id="announcements" class="visually-hidden" role="status" />
      <script type="application/json" id="fairgate">
        {raw(embeddedJson(model))}
      </script>
    </body>
  );
  return { opening, rest: `${head}</head>${body}</html>` };
}

function servedOf(
  { kind, served }: PageModel,
  { served: texts }: ServedStrings,
  facts: ServedFacts,
): PageModel['served'] {
  if (served !== null) return served;
  switch (kind) {
    case 'newcomer':
    case 'storeUnreachable':
    case 'originUnreachable':
    case 'originError':
      return { kind, ...texts[kind](facts) };
    default:
      return null;
  }
}

function admittedUntil({ status }: PageModel, time: TimeFormat, now: number): string | null {
  if (status?.admittedUntil == null) return null;
  const until = Date.parse(status.admittedUntil);
  return time.moment(until - (until % 60_000), now);
}

/** Everything that does not depend on the visitor. The script is a module, so it runs after the document is parsed. */
function openingOf(strings: Strings, client: string): readonly string[] {
  // A bundle has its texts last, as its entry point imports them after the code.
  const stringsAt = Math.max(0, client.lastIndexOf('{language:'));
  const script = [`<script type="module">${client.slice(0, stringsAt)}`, `${client.slice(stringsAt)}</script>`];
  return [documentHead(strings.language, style), ...script];
}

/** A path on this origin, else `/`. Browsers resolve `//host`, `/\host` and both with a tab inside to another host. */
function localPath(path: string): string {
  return /^\/(?![/\\])\P{Cc}*$/u.test(path) ? path : '/';
}

/** The text of the page's language; a board that the script reads later has both. */
function only<T extends { ko: string; en: string }>(text: T, language: PageModel['language']): T {
  return { ...text, [language === 'ko' ? 'en' : 'ko']: '' };
}

/**
 * JSON that can neither close the script element around it nor open a comment in it, without what the page does not show: the draw's
 * proof is a hundred bytes that nothing compresses, and the board has it.
 */
function embeddedJson(model: PageModel): string {
  const { board, room, status, language } = model;
  const carried = board && {
    ...board,
    draw: { ...board.draw, proof: null },
    message: board.message && { ...board.message, text: only(board.message.text, language) },
    stock: board.stock && {
      ...board.stock,
      lots: board.stock.lots.map(({ id: _, ...lot }) => ({ ...lot, name: only(lot.name, language) })),
    },
  };
  return JSON.stringify({
    ...model,
    room: room && { ...room, title: only(room.title, language) },
    board: carried,
    status: status && { ...status, waitSeconds: null },
  }).replaceAll('<', '\\u003c');
}
