// Renders a visitor's page as one self-contained HTML document: style and script are inline, nothing else is loaded, and
// the Content-Security-Policy allows exactly these texts by hash. The gateway adds status code and headers.

import { raw } from 'hono/html';
import clientEn, { sha256 as clientEnSha256 } from './client-en.ts?bundle';
import clientKo, { sha256 as clientKoSha256 } from './client-ko.ts?bundle';
import { keptTimeFormat } from './kept-time-formats.ts';
import type { PageModel } from './model.ts';
import { refreshSeconds } from './no-script-refresh.ts';
import { Page } from './page.tsx';
import { titleText } from './page-text.ts';
import type { Strings } from './strings.ts';
import { en } from './strings-en.ts';
import { ko } from './strings-ko.ts';
import style, { sha256 as styleSha256 } from './style.css?bundle';

const LANGUAGES = {
  ko: { strings: ko, opening: openingOf(ko, clientKo) },
  en: { strings: en, opening: openingOf(en, clientEn) },
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

/** A page in two parts. The first is the same for every page of a language, so it has to be compressed only once. */
interface PageParts {
  opening: string;
  rest: string;
}

export function renderPage(model: PageModel): string {
  const { opening, rest } = pageParts(model);
  return opening + rest;
}

export function pageParts(given: PageModel): PageParts {
  const model = { ...given, returnTo: given.returnTo === null ? null : localPath(given.returnTo) };
  const { strings, opening } = LANGUAGES[model.language];
  const other = strings.otherLanguage;
  const now = Date.parse(model.board?.serverTime ?? model.status?.serverTime ?? '') || 0;
  const seconds = refreshSeconds(model, now);
  const time = keptTimeFormat(strings.language, model.room?.timeZone ?? 'UTC');
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
        <Page model={model} strings={strings} now={now} scripted={null} reloadSeconds={seconds} time={time} />
      </main>
      <p id="announcements" class="visually-hidden" role="status" />
      <script type="application/json" id="fairgate">
        {raw(embeddedJson(model))}
      </script>
    </body>
  );
  return { opening, rest: `${head}</head>${body}</html>` };
}

/** Everything that does not depend on the visitor. The script is a module, so it runs after the document is parsed. */
function openingOf(strings: Strings, client: string): string {
  return [
    `<!doctype html><html lang="${strings.language}"><head>`,
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">',
    '<meta name="format-detection" content="telephone=no">',
    `<style>${style}</style><script type="module">${client}</script>`,
  ].join('');
}

/** A path on this origin, else `/`. Browsers resolve `//host`, `/\host` and both with a tab inside to another host. */
function localPath(path: string): string {
  return /^\/(?![/\\])\P{Cc}*$/u.test(path) ? path : '/';
}

/**
 * JSON that can neither close the script element around it nor open a comment in it. The page does not show the draw's proof:
 * it is a hundred bytes that nothing compresses, and the board has it.
 */
function embeddedJson(model: PageModel): string {
  const board = model.board && { ...model.board, draw: { ...model.board.draw, proof: null } };
  return JSON.stringify({ ...model, board }).replaceAll('<', '\\u003c');
}
